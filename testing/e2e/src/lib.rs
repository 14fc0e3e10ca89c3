//! Drives Passmint for the browser tests and for the figures: the server as a process, a browser and the page in it, a
//! vault that is filled without a browser, proxies, and raw HTTP.
//!
//! Functions panic instead of returning errors: a failure ends the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failure ends the test"
)]

pub mod audit;
pub mod browser;
pub mod hostile;
pub mod http_connection;
pub mod page;
pub mod proxy;
pub mod server;
pub mod vault_client;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Time limit of every wait; a test that exceeds it fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// The top of the repository, for packages in `testing`.
pub fn repository() -> &'static Path {
    // Cargo sets it for programs that it runs. The path of the build is another clone's, if the two share their output.
    static TOP: LazyLock<PathBuf> = LazyLock::new(|| {
        let package = std::env::var_os("CARGO_MANIFEST_DIR");
        let package = package.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        package.ancestors().nth(2).unwrap().to_owned()
    });
    &TOP
}

/// The path in an environment variable, which `cargo xtask` sets.
pub fn path_from_env(variable: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| {
        panic!("{variable} is not set: run `cargo xtask test`, `cargo xtask test e2e` or `cargo xtask bench`")
    })
}

/// True if this process runs as root, which file permissions do not stop.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a condition holds, for [`TIMEOUT`] at most; `what` completes the sentence "timed out waiting until …".
pub fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < TIMEOUT, "timed out waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for a download of the browser, and returns its text. The file is deleted.
pub fn downloaded(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    // Chromium holds the name with an empty file until the download is complete, and moves that into its place.
    wait_until(name, || file.metadata().is_ok_and(|file| file.len() > 0));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    text
}
