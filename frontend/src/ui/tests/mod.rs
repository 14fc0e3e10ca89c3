//! Components in the browser: each is mounted as the page does it, used as a person uses it, and read as a person reads
//! it. Where the page asks its keyring, a real one answers, on the page's own thread; where it asks the server, the test
//! says what comes. No test may leave a warning of Leptos' on the console.

mod account;
mod accounts;
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
