//! The page in a real browser, against the binary that `cargo xtask dist` makes and a real SQLite file.
//!
//! `cargo xtask test` runs this and names binary, browser and axe-core in the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

mod account;
mod api_document;
mod backup;
#[allow(dead_code, reason = "shared with the benchmark, which needs more of it")]
mod client;
mod confined;
mod drafts;
mod durability;
mod entries;
mod faults;
mod harness;
mod health;
mod input;
mod judge;
mod kinds;
mod layout;
mod list;
mod logs;
mod main_job;
mod moving;
mod newcomer;
mod nginx;
mod offline;
mod page;
mod presets;
mod protection;
mod proxy;
mod server_key;
mod settings;
mod tools;
mod trunk_serve;
mod two_servers;
mod wire;
