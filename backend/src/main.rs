//! `passmint`: runs the command that the command line names.

#![expect(clippy::print_stderr, reason = "a command-line tool reports errors on its terminal")]

use std::process::ExitCode;

use backend::commands::{self, command_line::Cli};

fn main() -> ExitCode {
    match commands::run(&Cli::read().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("passmint: {error:#}");
            ExitCode::FAILURE
        }
    }
}
