//! Tests of the binary that `cargo xtask dist` makes, with a real browser and a real SQLite file.
//!
//! `cargo xtask test` runs them, with the paths of the binary, the browser and axe-core in the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

mod account;
mod api_document;
mod backup;
mod confined;
mod decryptor;
mod drafts;
mod durability;
mod entries;
mod faults;
mod health;
mod hostile_server;
mod import_export;
mod input;
mod kinds;
mod layout;
mod list;
mod logs;
mod main_job;
mod nginx;
mod no_vault;
mod offline;
mod passkeys;
mod presets;
mod protection;
mod server_key;
mod settings;
mod tools;
mod trunk_serve;
mod two_servers;
