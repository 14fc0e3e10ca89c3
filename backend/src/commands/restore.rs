//! `passmint restore`: puts an archive back into an empty data folder.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::backup::print_summary;
use crate::backup::{Passphrase, restore};

/// Settings of `passmint restore`.
#[derive(Args, Debug)]
#[command(
    after_help = "The folder must hold neither a database nor a server key. Everybody must log in again. To continue \
with Oracle: passmint move --from sqlite:FOLDER/passmint.db --to oracle"
)]
pub struct RestoreArgs {
    /// The archive to restore.
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// Folder for the database and the server key; created if it is missing.
    #[arg(long = "data", env = "PASSMINT_DATA", default_value = "./data", value_name = "FOLDER")]
    pub folder: PathBuf,
    /// File whose first line is the archive's passphrase.
    #[arg(long, env = "PASSMINT_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// # Errors
/// Those of [`restore`].
pub fn run(args: &RestoreArgs) -> Result<ExitCode> {
    let ask = || Passphrase::find_or_ask(args.passphrase_file.as_deref());
    let restored = restore(&args.archive, &args.folder, ask)
        .with_context(|| format!("cannot restore {}", args.archive.display()))?;
    let (mut out, mut advice) = (io::stdout(), io::stderr());
    writeln!(out, "Restored into {}.", args.folder.display())?;
    print_summary(&mut out, &restored.summary)?;
    if restored.has_server_key {
        writeln!(advice, "Start the server with --data {}. Everybody must log in again.", args.folder.display())?;
    } else {
        writeln!(
            advice,
            "The archive holds no server key: put yours into {} before the server starts.",
            args.folder.join("server-key").display()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
