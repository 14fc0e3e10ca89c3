//! The HTTP interface, driven through the real router over a real SQLite file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod access;
mod accounts;
mod authenticator;
mod bounds;
mod changes;
mod connections;
mod credentials;
mod harness;
mod health;
mod metrics;
mod page;
mod passkeys;
mod proofs;
mod rate_limits;
mod routes;
mod sessions;
mod setup;
mod tls;
mod vault_key;
mod verify_url;
