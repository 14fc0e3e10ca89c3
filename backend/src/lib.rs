//! Passmint's server: accounts, sessions and sealed entries, and the page that goes with them.
//!
//! A request passes `server` (connections, layers, handlers) and `store` (a trait with a driver for each database).
//! `commands` are the subcommands of `passmint`. The server has no code that could open an entry.

pub mod backup;
pub mod commands;
pub mod database;
pub mod logging;
pub mod metrics;
pub mod server;
pub mod server_key;
pub mod store;

use std::time::{SystemTime, UNIX_EPOCH};

/// The time now. A clock before 1970 counts as 1970: sessions then last longer, nothing is lost.
#[must_use]
pub fn now() -> store::Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
