//! Measures the page in headless Chromium, a vault with many entries, and the server. Prints every figure beside its
//! goal, and writes them as JSON. A missed goal is printed, not an error. docs/BENCHMARKS.md explains each figure.
//!
//! `cargo xtask bench` runs this program, with all that it needs in the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure must stop")]
#![expect(clippy::print_stdout, reason = "a command-line tool prints on its terminal")]

mod keyring;
mod list;
mod loading;
mod machine;
mod minting;
mod recorder;
mod report;
mod runs;
mod server;

use std::path::Path;

use e2e::browser::{BrowserOptions, in_browser_with_profile};
use e2e::page::Page;
use e2e::server::Server;
use loading::SLOW;
use machine::Machine;
use report::PageFigures;
use serde_json::Value;

/// Runs something in a new browser with an empty profile.
fn with_browser<T>(work: impl AsyncFnOnce(Page) -> T) -> T {
    with_profile(tempfile::tempdir().unwrap().path(), work)
}

/// Runs something in a new browser with this profile.
fn with_profile<T>(profile: &Path, work: impl AsyncFnOnce(Page) -> T) -> T {
    let mut result = None;
    in_browser_with_profile(profile, BrowserOptions::default(), async |page| result = Some(work(page).await));
    result.expect("the work was done")
}

fn main() {
    let wanted = std::env::var("PASSMINT_BENCH").unwrap_or_default();
    let is_wanted = |part: &str| wanted.is_empty() || wanted == part;
    let machine = Machine::here();
    let mut parts = serde_json::Map::new();
    let mut text = machine.to_string();
    let mut add = |name: &str, part: serde_json::Result<Value>, table: String| {
        parts.insert(name.to_owned(), part.unwrap());
        text += &table;
    };
    // The server first: after a browser, the machine stays busy for a while.
    if is_wanted("server") {
        let figures = server::measure();
        add("server", serde_json::to_value(&figures), figures.to_string());
    }
    if is_wanted("page") {
        let figures = measure_page();
        add("page", serde_json::to_value(&figures), figures.to_string());
    }
    if is_wanted("keyring") {
        println!("measuring the keyring …");
        let figures = keyring::measure();
        add("keyring", serde_json::to_value(&figures), figures.to_string());
    }
    if is_wanted("list") {
        let figures = list::measure();
        add("list", serde_json::to_value(&figures), figures.to_string());
    }
    parts.insert("machine".into(), serde_json::to_value(&machine).unwrap());
    println!("\n{text}");
    let file = e2e::path_from_env("PASSMINT_BENCH_JSON");
    std::fs::write(&file, serde_json::to_string_pretty(&parts).unwrap() + "\n").unwrap();
    println!("written to {}", file.display());
}

fn measure_page() -> PageFigures {
    println!("\nmeasuring the page (some two minutes): bytes …");
    let server = Server::start();
    let bytes = loading::bytes(&server);
    println!("measuring: time to a usable generator …");
    let [loopback, one_word] = loading::times([&server.url(), &loading::serve_one_word()], 9, None);
    let [slow] = loading::times([&server.url()], 5, Some(SLOW));
    println!("measuring: minting …");
    let minting = minting::rates();
    PageFigures { bytes, loopback, one_word, throttle: SLOW, slow, minting }
}
