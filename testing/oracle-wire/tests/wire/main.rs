//! Tests of the finished binary with Oracle's client library against an independent server of Oracle's protocol.
//!
//! `cargo xtask test wire` runs them. One file for each topic; each test starts a `Stand` of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

mod check;
mod client_library;
mod connect_strings;
mod credentials;
mod frozen;
mod identity;
mod outage;
mod refusals;
mod tls_faults;
mod transfer;
mod worksheet;
