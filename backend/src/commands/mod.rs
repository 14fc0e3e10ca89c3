//! The commands of `passmint`: one file for each, the command line that they share, and the HTTP client of those that
//! query a running server.
//!
//! Each file of a command has its settings (`…Args`) and `run`, which prints the result and returns the exit code.

pub mod accounts;
pub mod backup;
pub mod check;
pub mod command_line;
pub mod generate;
pub mod http_client;
pub mod invite;
pub mod invites;
pub mod listing;
pub mod restore;
pub mod rotate_key;
pub mod serve;
pub mod sessions;
pub mod status;
pub mod transfer;
pub mod try_log_in;
pub mod verify;
pub mod verify_url;

use std::process::ExitCode;

use anyhow::Result;

use self::command_line::Command;

/// Runs a command.
///
/// # Errors
/// Those of the command, in one sentence for the terminal.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Invite(args) => invite::run(args),
        Command::Invites { command } => invites::run(command),
        Command::Accounts { command } => accounts::run(command),
        Command::Sessions { command } => sessions::run(command),
        Command::Check(args) => check::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Move(args) => transfer::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Status(args) => status::run(args),
        Command::RotateKey(args) => rotate_key::run(args),
        Command::TryLogIn => try_log_in::run(),
    }
}
