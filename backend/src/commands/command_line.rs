//! The command line: every command with its settings. Each setting has a twin in the environment.

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::accounts::AccountsCommand;
use super::backup::BackupArgs;
use super::check::CheckArgs;
use super::generate::GenerateArgs;
use super::invite::InviteArgs;
use super::invites::InvitesCommand;
use super::restore::RestoreArgs;
use super::rotate_key::RotateKeyArgs;
use super::serve::ServeArgs;
use super::sessions::SessionsCommand;
use super::status::StatusArgs;
use super::transfer::TransferArgs;
use super::verify::VerifyArgs;

/// Mints strong passwords in the browser and keeps them, sealed end to end, in a database of your own.
#[derive(Parser, Debug)]
#[command(name = "passmint", version, propagate_version = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the page and its HTTP interface.
    Serve(Box<ServeArgs>),
    /// Print a link with which one more person can create a vault.
    Invite(InviteArgs),
    /// List invites, and revoke them.
    Invites {
        /// The command.
        #[command(subcommand)]
        command: InvitesCommand,
    },
    /// List accounts, and delete one.
    Accounts {
        /// The command.
        #[command(subcommand)]
        command: AccountsCommand,
    },
    /// List sessions, and end them.
    Sessions {
        /// The command.
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// Test the connection to an Oracle database step by step, with a remedy for the step that fails.
    Check(CheckArgs),
    /// Mint passwords, passphrases or PINs on the terminal, as the page does.
    Generate(GenerateArgs),
    /// Copy everything from one database into another, and compare both.
    Move(TransferArgs),
    /// Back up the database and the server key, while the server runs.
    Backup(BackupArgs),
    /// Restore a backup into an empty data folder.
    Restore(RestoreArgs),
    /// Check that an archive or a data folder is intact, or that a server serves the page of this Passmint.
    Verify(VerifyArgs),
    /// Print the state of a running server.
    Status(StatusArgs),
    /// Change the half of the server key that can be changed, if somebody else may know the key.
    RotateKey(RotateKeyArgs),
    /// Log in once with the settings on standard input, for `passmint check`.
    #[command(hide = true)]
    TryLogIn,
}

impl Cli {
    /// Reads the command line and the environment. Ends the process with an explanation if they are invalid.
    #[must_use]
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let data = match &mut cli.command {
            Command::Generate(_)
            | Command::Restore(_)
            | Command::Verify(_)
            | Command::Status(_)
            | Command::RotateKey(_)
            | Command::TryLogIn => return cli,
            Command::Backup(args) => &mut args.data,
            Command::Serve(args) => &mut args.data,
            Command::Invite(args) => &mut args.data,
            Command::Check(args) => &mut args.data,
            Command::Move(args) => &mut args.data,
            Command::Invites { command: InvitesCommand::List(args) } => &mut args.data,
            Command::Invites { command: InvitesCommand::Revoke(args) } => &mut args.data,
            Command::Accounts { command: AccountsCommand::List(args) } => &mut args.data,
            Command::Accounts { command: AccountsCommand::Delete(args) } => &mut args.data,
            Command::Sessions { command: SessionsCommand::List(args) } => &mut args.data,
            Command::Sessions { command: SessionsCommand::End(args) } => &mut args.data,
        };
        // Messages name a setting as it was given: by its flag or by its variable.
        let mut matches = &matches;
        while let Some((_, deeper)) = matches.subcommand() {
            matches = deeper;
        }
        let from_environment = |id: &&str| matches.value_source(id) == Some(ValueSource::EnvVariable);
        let ids = matches.ids().map(clap::Id::as_str);
        data.oracle.from_environment = ids.filter(from_environment).map(str::to_owned).collect();
        cli
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_valid() {
        Cli::command().debug_assert();
    }
}
