//! What browser tests and figures drive Passmint with: the server as a process, a browser, the page in it, a vault that is
//! filled without a browser, proxies, and raw HTTP.
//!
//! Whatever goes wrong here ends the test: functions panic instead of returning errors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failure ends the test"
)]

pub mod client;
pub mod harness;
pub mod judge;
pub mod page;
pub mod proxy;
pub mod wire;
