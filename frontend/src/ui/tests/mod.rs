//! Component tests in the browser. Components are mounted as the page mounts them, and found by their accessible names.
//! The keyring is a real one, on the page's own thread; the server's answers come from the test. No test may leave a
//! warning of Leptos on the console.

mod account;
mod accounts;
mod doubts;
mod entry;
mod generator;
mod header;
mod health;
mod import_export;
mod language;
mod list;
mod locked;
mod messages;
mod page;
mod presets;
mod rules;
mod saving;
mod tools;
mod vault;
pub(super) mod world;

pub(super) use page::Page;
use world::{en, en_with};
