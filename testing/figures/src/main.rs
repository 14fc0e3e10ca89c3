//! Every figure that DESIGN section 8 names, and more: of the page in headless Chromium, of a vault with many entries, of
//! the server. They are printed and written as JSON; none of them makes this fail. docs/BENCHMARKS.md explains each.
//!
//! `cargo xtask bench` runs this and names everything it needs in the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure must stop")]
#![expect(clippy::print_stdout, reason = "a command-line tool prints on its terminal")]

mod keyring;
mod list;
mod loading;
mod machine;
mod minting;
mod recorder;
mod report;
mod server;

use std::path::Path;

use e2e::browser::{BrowserOptions, in_browser_with_profile};
use e2e::page::Page;
use e2e::server::Server;
use loading::SLOW;
use machine::Machine;
use report::Report;
use serde_json::Value;

/// Works in a new browser with an empty profile.
fn with_browser<T>(work: impl AsyncFnOnce(Page) -> T) -> T {
    with_profile(tempfile::tempdir().unwrap().path(), work)
}

/// Works in a new browser with this profile.
fn with_profile<T>(profile: &Path, work: impl AsyncFnOnce(Page) -> T) -> T {
    let mut result = None;
    in_browser_with_profile(profile, BrowserOptions::default(), async |page| result = Some(work(page).await));
    result.expect("the work was done")
}

fn main() {
    let named = std::env::var("PASSMINT_BENCH").unwrap_or_default();
    let is_wanted = |part: &str| named.is_empty() || named == part;
    let machine = Machine::here();
    let mut parts = serde_json::Map::new();
    let mut text = machine.to_string();
    let mut add = |name: &str, part: serde_json::Result<Value>, words: String| {
        parts.insert(name.to_owned(), part.unwrap());
        text += &words;
    };
    // The server first: a browser leaves a machine busy.
    if is_wanted("server") {
        let report = server::report();
        add("server", serde_json::to_value(&report), report.to_string());
    }
    if is_wanted("page") {
        let report = page_report();
        add("page", serde_json::to_value(&report), report.to_string());
    }
    if is_wanted("keyring") {
        println!("measuring the keyring …");
        let report = keyring::report();
        add("keyring", serde_json::to_value(&report), report.to_string());
    }
    if is_wanted("list") {
        let report = list::report();
        add("list", serde_json::to_value(&report), report.to_string());
    }
    parts.insert("machine".into(), serde_json::to_value(&machine).unwrap());
    println!("\n{text}");
    let file = e2e::path_from_env("PASSMINT_BENCH_JSON");
    std::fs::write(&file, serde_json::to_string_pretty(&parts).unwrap() + "\n").unwrap();
    println!("written to {}", file.display());
}

fn page_report() -> Report {
    println!("\nmeasuring the page (some two minutes): bytes …");
    let server = Server::start();
    let bytes = loading::bytes(&server);
    println!("measuring: time to a usable generator …");
    let [loopback, one_word] = loading::times([&server.url(), &loading::serve_one_word()], 9, None);
    let [slow] = loading::times([&server.url()], 5, Some(SLOW));
    println!("measuring: minting …");
    let minting = minting::rates();
    Report { bytes, loopback, one_word, throttle: SLOW, slow, minting }
}
