//! The server: the page and the HTTP interface, from the socket to the store.
//!
//! A request passes `listener` (connections, time limits, TLS), `app` (layers), `routes` (one file for each subject)
//! and `gate` (the only way to the blocking store).

pub mod any_vault;
pub mod app;
pub mod client_address;
pub mod error;
pub mod extract;
pub mod gate;
pub mod headers;
pub mod invites;
pub mod listener;
pub mod login;
pub mod metrics_endpoint;
pub mod page;
pub mod page_url;
pub mod passkeys;
pub mod rate_limits;
pub mod readiness;
pub mod routes;
pub mod state;
