//! The first start, by the real binary: links, addresses, and ports that are taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A command over a data folder, with no setting from the environment of these tests.
fn passmint(command: &str, data: &Path, arguments: &[&str]) -> Command {
    let mut passmint = Command::new(env!("CARGO_BIN_EXE_passmint"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PASSMINT_")) {
        passmint.env_remove(name);
    }
    passmint.args([command, "--data"]).arg(data).args(arguments).stdin(Stdio::null());
    passmint
}

/// Runs a command. Returns its output, its error output, and true if it succeeded.
fn said(command: &mut Command) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!([Some(0), Some(1)].contains(&status.code()), "{status}");
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running server. Ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts a server and waits until it serves. Returns it with its log so far.
    fn start(data: &Path, arguments: &[&str]) -> (Self, String) {
        let mut serve = passmint("serve", data, arguments);
        let mut server = Self(serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        let mut log = String::new();
        let mut lines = BufReader::new(server.0.stderr.take().unwrap());
        while !log.contains(" serving ") {
            assert_ne!(lines.read_line(&mut log).unwrap(), 0, "it has ended: {log}");
        }
        (server, log)
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The address in the link that `passmint invite` prints, and its advice on standard error.
fn invited_to(data: &Path, arguments: &[&str]) -> (String, String) {
    let (succeeded, link, advice) = said(&mut passmint("invite", data, arguments));
    assert!(succeeded, "{advice}");
    let (address, code) = link.trim_end().split_once("/#invite=").unwrap();
    assert_eq!((code.len(), link.lines().count()), (22, 1), "{link}");
    assert!(!advice.contains(code) && advice.contains("Valid for 7 days"), "{advice}");
    (address.to_owned(), advice)
}

#[test]
fn invite_links_to_the_recorded_address() {
    let data = tempfile::tempdir().unwrap();
    let (address, advice) = invited_to(data.path(), &[]);
    assert_eq!(address, "http://127.0.0.1:8080");
    let guess = advice.lines().next().unwrap();
    for part in ["never served", "http://127.0.0.1:8080", "is a guess", "--public-url"] {
        assert!(guess.contains(part), "{advice}");
    }

    let listen = format!("127.0.0.1:{}", free_port());
    let (server, log) = Server::start(data.path(), &["--listen", &listen]);
    assert!(!log.contains("cannot record"), "{log}");
    let (address, advice) = invited_to(data.path(), &[]);
    assert_eq!(address, format!("http://{listen}"));
    assert_eq!(advice.lines().count(), 2, "{advice}");
    assert!(advice.lines().nth(1).unwrap().contains("passmint invites revoke "), "{advice}");
    // The flag takes precedence over the file.
    let (address, _) = invited_to(data.path(), &["--public-url", "https://given.example.org/"]);
    assert_eq!(address, "https://given.example.org");
    drop(server);
    assert_eq!(invited_to(data.path(), &[]).0, format!("http://{listen}"), "while it does not run, too");

    // The server is started again with another address, behind a proxy.
    let socket = format!("unix:{}", data.path().join("passmint.sock").display());
    let arguments = ["--listen", &socket, "--public-url", "https://passwords.example.org/"];
    let _server = Server::start(data.path(), &arguments);
    assert_eq!(invited_to(data.path(), &[]).0, "https://passwords.example.org");
}

#[test]
fn damaged_recorded_address_is_not_printed() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("page-url"), "ftp://evil.example.org\n").unwrap();
    let (address, advice) = invited_to(data.path(), &[]);
    assert_eq!(address, "http://127.0.0.1:8080");
    for part in ["page-url holds no http:// or https:// address", "is a guess", "--public-url"] {
        assert!(advice.contains(part), "{advice}");
    }
    assert!(!advice.contains("evil") && !advice.contains("never served"), "{advice}");
    let _server = Server::start(data.path(), &["--listen", "127.0.0.1:0", "--public-url", "https://right.example.org"]);
    assert_eq!(invited_to(data.path(), &[]).0, "https://right.example.org");
}

#[test]
fn server_that_cannot_record_its_address_warns_and_serves() {
    let data = tempfile::tempdir().unwrap();
    // A folder in the file's place, because permissions do not stop root.
    fs::create_dir(data.path().join("page-url")).unwrap();
    let (_server, log) = Server::start(data.path(), &["--listen", "127.0.0.1:0"]);
    let warning = log.lines().find(|line| line.contains("WARN") && line.contains("cannot record")).unwrap();
    assert!(warning.contains("passmint invite") && warning.contains("--public-url"), "{log}");
    assert_eq!(fs::read_dir(data.path()).unwrap().filter(|file| is_temporary(file.as_ref().unwrap())).count(), 0);
}

fn is_temporary(file: &fs::DirEntry) -> bool {
    file.file_name().to_string_lossy().starts_with("page-url.")
}

/// The one line that a server prints if it cannot start.
fn refusal(data: &Path, arguments: &[&str]) -> String {
    let (succeeded, out, log) = said(&mut passmint("serve", data, arguments));
    assert!(!succeeded && out.is_empty() && log.lines().count() == 1, "{out}\n{log}");
    assert!(!data.exists(), "no server key is made in vain");
    log
}

#[test]
fn port_in_use_is_reported_in_one_line_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&data, &["--listen", &address]);
    assert!(
        said.starts_with(&format!("passmint: cannot listen on {address}: another program uses this port")),
        "{said}"
    );
    assert!(said.contains("another Passmint") && said.contains(" --listen 127.0.0.1:"), "{said}");
    let said = refusal(&data, &["--listen", "127.0.0.1:0", "--metrics-listen", &address]);
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains(" --metrics-listen 127."), "{said}");
}

#[test]
fn foreign_address_is_reported_in_one_line_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    // An address for documentation (RFC 5737), which no machine has.
    let said = refusal(&folder.path().join("data"), &["--listen", "192.0.2.1:8080", "--allow-plain-http"]);
    assert!(said.contains("does not have the address 192.0.2.1") && said.contains("--listen 127.0.0.1:8080"), "{said}");
}

#[test]
fn privileged_port_is_reported_in_one_line_with_a_remedy() {
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
