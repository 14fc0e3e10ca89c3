//! The page's figures in headless Chromium: bytes, time to a usable generator, minting rate; or those of a vault with many
//! entries. They are printed and written as JSON; none of them makes this fail. docs/BENCHMARKS.md explains each.
//!
//! `cargo xtask bench page` and `cargo xtask bench list` run this and name everything it needs in the environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot measure must stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

#[allow(dead_code, reason = "shared with the browser tests, which need more of it")]
#[path = "../../tests/e2e/client.rs"]
mod client;
#[allow(dead_code, reason = "shared with the browser tests, which need more of it")]
#[path = "../../tests/e2e/harness.rs"]
mod harness;
#[allow(dead_code, reason = "shared with the browser tests, which need more of it")]
#[path = "../../tests/e2e/judge.rs"]
mod judge;
mod list;
mod loading;
mod machine;
mod minting;
#[allow(dead_code, reason = "shared with the browser tests, which need more of it")]
#[path = "../../tests/e2e/page.rs"]
mod page;
mod recorder;
mod report;

use std::path::Path;

use harness::{Server, Wish, in_browser_of};
use loading::SLOW;
use machine::Machine;
use page::Page;
use report::Report;

/// Works in a new browser with an empty profile.
fn browse<T>(work: impl AsyncFnOnce(Page) -> T) -> T {
    browse_in(tempfile::tempdir().unwrap().path(), work)
}

/// Works in a new browser with this profile.
fn browse_in<T>(profile: &Path, work: impl AsyncFnOnce(Page) -> T) -> T {
    let mut result = None;
    in_browser_of(profile, Wish::default(), async |page| result = Some(work(page).await));
    result.expect("the work was done")
}

fn main() {
    match std::env::var("PASSMINT_BENCH").as_deref() {
        Ok("list") => finish(&list::report()),
        _ => finish(&page_report()),
    }
}

fn page_report() -> Report {
    let machine = Machine::here();
    println!("\nmeasuring (some two minutes): bytes …");
    let server = Server::start();
    let bytes = loading::bytes(&server);
    println!("measuring: time to a usable generator …");
    let [loopback, one_word] = loading::times([&server.url(), &loading::serve_one_word()], 9, None);
    let [slow] = loading::times([&server.url()], 5, Some(SLOW));
    println!("measuring: minting …");
    let minting = minting::rates();
    Report { machine, bytes, loopback, one_word, throttle: SLOW, slow, minting }
}

/// Prints what was measured, and writes it as JSON.
fn finish(report: &(impl std::fmt::Display + serde::Serialize)) {
    println!("\n{report}");
    let file = harness::named("PASSMINT_BENCH_JSON");
    std::fs::write(&file, serde_json::to_string_pretty(report).unwrap() + "\n").unwrap();
    println!("written to {}", file.display());
}
