//! Passmint's server: accounts, sessions and sealed entries, and the page that goes with them.
//!
//! A request passes `listener` (connections, time limits), `app` (layers), `routes` (one file for each subject),
//! `gate` (the only way to the blocking store) and `store` (a trait with a driver for each database). The server has
//! no code that could open an entry.

pub mod any_vault;
pub mod app;
pub mod client;
pub mod client_address;
pub mod database;
pub mod error;
pub mod extract;
pub mod gate;
pub mod generate;
pub mod headers;
pub mod invites;
pub mod keeping;
pub mod listener;
pub mod logging;
pub mod login;
pub mod metrics;
pub mod moving;
pub mod page;
pub mod page_url;
pub mod rotate;
pub mod routes;
pub mod served;
pub mod server_key;
pub mod settings;
pub mod status;
pub mod store;
pub mod throttle;
pub mod tls;

use std::time::{SystemTime, UNIX_EPOCH};

/// The time now. A clock before 1970 counts as 1970: sessions then last longer, nothing is lost.
#[must_use]
pub fn now() -> store::Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
