//! The double under the real `oracle` crate: the same driver and the same ODPI-C that the server uses.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocks;
mod connections;
mod faults;
mod refusals;
mod statements;
mod support;
mod transactions;
