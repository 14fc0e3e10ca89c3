//! A stand for tests of the Oracle path on real parts: Oracle's own client library, and `seerdb-mirror`, an independent
//! server of Oracle's wire protocol over PostgreSQL. The README beside this crate lists the things that it proves.
//!
//! `cargo xtask test wire` installs the parts into the per-user cache and names their folder in `PASSMINT_WIRE`. A
//! [`Stand`] has a database, ports and wallets of its own, and ends its processes when it is dropped. They also end when
//! the process of the test is killed, because each reads its standard input until its end.
//!
//! Functions panic instead of returning errors: a failure ends the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failure ends the test"
)]

pub mod home;
pub mod listener;
mod mirror;
mod postgres;
mod process;
mod stand;

pub use listener::{Fault, TlsListener};
pub use stand::{ALIAS, Output, Stand, Wallet};
