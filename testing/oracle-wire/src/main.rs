//! `oracle-wire COMMAND …`: starts a stand, runs a command with the variables that name it, and ends the stand.
//! `cargo run -p oracle-wire -- sh` is a shell beside a database. `cargo xtask test wire` runs tests of other packages so.

#![expect(clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

use std::process::{Command, ExitCode};

use oracle_wire::Stand;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let Some((program, rest)) = arguments.split_first() else {
        eprintln!("usage: oracle-wire COMMAND …: runs it with PASSMINT_TEST_ORACLE_… set to a new stand");
        return ExitCode::FAILURE;
    };
    let stand = Stand::start();
    match Command::new(program).args(rest).envs(stand.test_variables()).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("oracle-wire: the command failed: {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("oracle-wire: cannot start {}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}
