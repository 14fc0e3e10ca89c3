//! What somebody sees who starts the program for the first time, and of whom something is in the way: the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A command over a data folder, with no setting from the environment of these tests.
fn passmint(command: &str, data: &Path, arguments: &[&str]) -> Command {
    let mut passmint = Command::new(env!("CARGO_BIN_EXE_passmint"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PASSMINT_")) {
        passmint.env_remove(name);
    }
    passmint.args([command, "--data"]).arg(data).args(arguments).stdin(Stdio::null());
    passmint
}

/// What a command said, on its output and on its error output; and whether it succeeded.
fn said(command: &mut Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!([Some(0), Some(1)].contains(&status.code()), "{status}");
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The one line that is said by a server that cannot start.
fn refusal(data: &Path, arguments: &[&str]) -> String {
    let (succeeded, out, log) = said(&mut passmint("serve", data, arguments));
    assert!(!succeeded && out.is_empty() && log.lines().count() == 1, "{out}\n{log}");
    assert!(!data.exists(), "no server key is made in vain");
    log
}

#[test]
fn a_port_that_is_taken_is_said_in_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&data, &["--listen", &address]);
    assert!(
        said.starts_with(&format!("passmint: cannot listen on {address}: another program has this port")),
        "{said}"
    );
    assert!(said.contains("another Passmint") && said.contains(" --listen 127.0.0.1:"), "{said}");
    let said = refusal(&data, &["--listen", "127.0.0.1:0", "--metrics-listen", &address]);
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains(" --metrics-listen 127."), "{said}");
}

#[test]
fn an_address_of_another_machine_is_said_in_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    // An address of documentation (RFC 5737).
    let said = refusal(&folder.path().join("data"), &["--listen", "192.0.2.1:8080", "--allow-plain-http"]);
    assert!(
        said.contains("192.0.2.1 is no address of this machine") && said.contains("--listen 127.0.0.1:8080"),
        "{said}"
    );
}

#[test]
fn a_port_that_the_system_keeps_is_said_in_one_line_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let forbidden = |port: &u16| {
        let refused = TcpListener::bind(("127.0.0.1", *port)).err();
        refused.is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    };
    let Some(port) = [80, 443, 1].iter().find(|port| forbidden(port)) else {
        return eprintln!("NOT RUN: this user may have every port");
    };
    let said = refusal(&folder.path().join("data"), &["--listen", &format!("127.0.0.1:{port}")]);
    assert!(said.contains("the system does not let this user have port"), "{said}");
}
