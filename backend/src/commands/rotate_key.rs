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
    after_help = "Use this if somebody else may know the server key. With the key they can forge log-ins to every \
account; with the new half they cannot. If they have the database as well, they can still guess at passphrases: see \
docs/OPERATING.md. Restart the server afterwards, and make a new backup."
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
        .with_context(|| format!("there is no {}: name the folder of the server key with --data", file.display()))?;
    key.with_new_token_key()?.replace(&file)?;
    let mut out = io::stdout();
    writeln!(out, "{} is changed. Restart every server that uses it: log-ins that have begun fail.", file.display())?;
    writeln!(out, "Make a new backup. Earlier ones hold the old key: after restoring one, change the key again.")?;
    Ok(ExitCode::SUCCESS)
}
