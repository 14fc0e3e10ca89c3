//! `cargo xtask test`: everything that must pass, in the order in which it fails fastest.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, run as sh, target};
use crate::{dist, reproduce, tidy, tools};

/// A step: its name, what it does.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("tools", tools::for_tests),
    ("format", || sh(cargo()?.args(["fmt", "--check"]))),
    ("tidy", tidy::run),
    ("deny", || sh(command(tools::cargo_deny()?).args(["--locked", "check", "bans", "licenses", "sources"]))),
    ("clippy", clippy),
    ("native", native),
    ("browser", browser),
    ("dist", dist::run),
    ("e2e", e2e),
    // Last: it takes minutes, and is broken seldom.
    ("reproduce", reproduce::run),
];

/// What `cargo xtask test --oracle` needs to know.
const SERVER: [&str; 3] =
    ["PASSMINT_TEST_ORACLE_CONNECT", "PASSMINT_TEST_ORACLE_USER", "PASSMINT_TEST_ORACLE_PASSWORD"];

/// Runs the store contract and the browser's main job against the Oracle server that the environment names, in a schema
/// that must be empty and is left empty.
pub(crate) fn against_oracle() -> Result<()> {
    if let Some(missing) = SERVER.iter().find(|name| std::env::var_os(name).is_none()) {
        bail!("{missing} is not set: name a server, and a user of its own for these tests (see docs/ORACLE.md)");
    }
    tools::for_tests()?;
    dist::run()?;
    let contract = ["test", "--package", "backend", "--test", "real_oracle", "--locked", "--", "--test-threads=1"];
    sh(cargo()?.args(contract))?;
    let result = e2e_of(&["on_oracle"]);
    sh(cargo()?.args(contract).arg("nothing_is_left_behind").env("PASSMINT_TEST_ORACLE_DROP", "1"))?;
    result
}

/// Runs the steps named, or all of them, stops at the first that fails, and closes with the time of each.
pub(crate) fn run(named: &[String]) -> Result<()> {
    if let Some(unknown) = named.iter().find(|name| !STEPS.iter().any(|(step, _)| step == name)) {
        let known: Vec<_> = STEPS.iter().map(|(step, _)| *step).collect();
        bail!("no step is called {unknown}; there are: {}", known.join(", "));
    }
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == name)) {
        println!("\n=== {name}");
        let start = Instant::now();
        step().with_context(|| format!("step {name}"))?;
        times.push((name, start.elapsed()));
    }
    println!("\n=== passed");
    for (name, time) in times {
        println!("{name:>10} {:6.1} s", time.as_secs_f64());
    }
    println!("{:>10} {:6.1} s", "all", start.elapsed().as_secs_f64());
    Ok(())
}

fn clippy() -> Result<()> {
    let strict = ["--all-targets", "--locked", "--", "-D", "warnings"];
    sh(cargo()?.args(["clippy", "--workspace", "--all-features"]).args(strict))?;
    sh(cargo()?.args(["clippy", "--package", "xtask", "--test", "e2e", "--locked", "--", "-D", "warnings"]))?;
    let frontend = ["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown"];
    sh(cargo()?.args(frontend).args(strict))?;
    // As the workers are built: without the page.
    let workers = ["--no-default-features", "--features", "judge", "--bin", "keyring", "--bin", "judge"];
    sh(cargo()?.args(frontend).args(workers).args(["--locked", "--", "-D", "warnings"]))
}

/// Tests of the frontend crate inside headless Chromium: of the keyring and its randomness. They are built without the
/// page, whose parts would first have to be taken apart; its models are tested natively, the rest end to end.
fn browser() -> Result<()> {
    let browser = tools::browser()?;
    sh(cargo()?
        .args(["test", "--package", "frontend", "--lib", "--no-default-features"])
        .args(["--target", "wasm32-unknown-unknown", "--locked"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools::wasm_bindgen("wasm-bindgen-test-runner")?)
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser.capabilities()?)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120"))
}

/// Tests of the page against the binary that `dist` has made; after them those that load the machine, by themselves: a
/// browser beside them would wait.
fn e2e() -> Result<()> {
    e2e_of(&["--skip", LOADING])?;
    e2e_of(&[LOADING])
}

/// Tests that take all of the machine.
const LOADING: &str = "durability::";

/// Those that these arguments of the test program choose.
fn e2e_of(filter: &[&str]) -> Result<()> {
    e2e_with(filter, |_| {})
}

/// The same, with more in their environment.
pub(crate) fn e2e_with(filter: &[&str], more: impl FnOnce(&mut Command)) -> Result<()> {
    sh(cargo()?.args(["build", "--package", "oracle-double", "--locked"]))?;
    let browser = tools::browser()?;
    let mut driver = browser.start_driver()?;
    let mut tests = cargo()?;
    if let Some(nginx) = tools::nginx() {
        tests.env("PASSMINT_NGINX", nginx);
    }
    tests
        .args(["test", "--package", "xtask", "--test", "e2e", "--locked", "--", "--test-threads=2"])
        .args(filter)
        .env("PASSMINT_ORACLE_DOUBLE", target()?.join("debug").join(format!("{DLL_PREFIX}orafake{DLL_SUFFIX}")))
        .env("PASSMINT_BIN", dist::binary())
        .env("PASSMINT_AXE", tools::axe()?)
        .env("PASSMINT_BROWSER", browser.capabilities()?)
        .env("PASSMINT_DRIVER", &driver.url)
        .env("RUST_BACKTRACE", "0");
    more(&mut tests);
    let result = sh(&mut tests);
    driver.stop()?;
    result
}

fn native() -> Result<()> {
    sh(cargo()?.args(["test", "--workspace", "--all-features", "--locked"]))
}
