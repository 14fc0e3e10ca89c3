//! `passmint rotate-key`: changes the half of the server key that can be changed.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::server_key::{self, ServerKey};

/// Settings of `passmint rotate-key`.
#[derive(Args, Debug)]
#[command(
    after_help = "For when the server key may be known to somebody: who has it can make up log-ins to every account, \
which this ends. It cannot end that who has the database as well can guess at passphrases: see docs/OPERATING.md. \
Restart the server afterwards, and make a new backup."
)]
pub struct RotateKeyArgs {
    /// Folder with the server key.
    #[arg(long = "data", env = "PASSMINT_DATA", default_value = "./data", value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// # Errors
/// If the key is in the environment, or its file is missing or cannot be written.
pub fn run(args: &RotateKeyArgs) -> Result<ExitCode> {
    ensure!(
        std::env::var_os(server_key::VARIABLE).is_none(),
        "the server key is in PASSMINT_SERVER_KEY, where it cannot be changed: put it into a file named server-key in a \
         folder of its own, run this with --data and that folder, and take the new text from the file"
    );
    let file = args.folder.join(server_key::FILE);
    let key = ServerKey::load(&file)?
        .with_context(|| format!("{} is not there: --data names the folder of the server key", file.display()))?;
    key.with_new_token_key()?.replace(&file)?;
    let mut out = io::stdout();
    writeln!(out, "{} is changed. Restart every server that uses it: log-ins that have begun fail.", file.display())?;
    writeln!(out, "Make a new backup. Earlier ones hold the key as it was: after restoring one, change it again.")?;
    Ok(ExitCode::SUCCESS)
}
