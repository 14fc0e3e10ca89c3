//! `cargo xtask test`: all checks, the fastest first.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{TOP, Temporary, cargo, command, copy_sources, line, run as sh, target};
use crate::{dist, oracle_wire, page, python, reproduce, tidy, tools};

/// A step: its name and its function. Browser tests get the names to filter by.
type Step = (&'static str, fn(&[&str]) -> Result<()>);

const STEPS: &[Step] = &[
    ("tools", |_| tools::for_tests()),
    ("format", |_| sh(cargo()?.args(["fmt", "--check"]))),
    ("tidy", |_| tidy::run()),
    ("deny", |_| sh(command(tools::cargo_deny()?).args(["--locked", "check", "bans", "licenses", "sources"]))),
    ("clippy", |_| clippy()),
    ("native", |_| native()),
    ("browser", browser),
    ("serve", |_| serve()),
    ("dist", |_| dist::run()),
    ("e2e", e2e),
    ("wire", oracle_wire::run),
    // The last, because it takes minutes and seldom fails.
    ("reproduce", |_| reproduce::run()),
];

/// The environment of `cargo xtask test --oracle`.
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
    sh(&mut store_contract()?)?;
    let result = e2e_of(&["on_oracle"]);
    sh(store_contract()?.arg("nothing_is_left_behind").env("PASSMINT_TEST_ORACLE_DROP", "1"))?;
    result
}

/// The store contract, against the server that the environment names.
pub(crate) fn store_contract() -> Result<Command> {
    let mut contract = cargo()?;
    contract.args(["test", "--package", "backend", "--test", "real_oracle", "--locked", "--", "--test-threads=1"]);
    Ok(contract)
}

/// Runs the named steps or all of them, stops at the first failure, and prints the time of each. Names after `--`
/// select the browser tests whose names contain one of them.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (named, tests) = match arguments.iter().position(|argument| argument == "--") {
        Some(place) => (&arguments[..place], &arguments[place + 1..]),
        None => (arguments, &[][..]),
    };
    let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
    let take_names = |step: &String| ["browser", "e2e", "wire"].contains(&step.as_str());
    if !tests.is_empty() && (named.is_empty() || !named.iter().all(take_names)) {
        bail!("names of tests need the step browser, e2e or wire: cargo xtask test e2e -- main_job::");
    }
    if let Some(unknown) = named.iter().find(|name| !STEPS.iter().any(|(step, _)| step == name)) {
        let known: Vec<_> = STEPS.iter().map(|(step, _)| *step).collect();
        bail!("there is no step {unknown}; the steps are: {}", known.join(", "));
    }
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == name)) {
        println!("\n=== {name}");
        let start = Instant::now();
        step(&tests).with_context(|| format!("step {name}"))?;
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
    // Tests that only their own steps run.
    for (package, tests) in [("e2e", "e2e"), ("oracle-wire", "wire"), ("backend", "real_oracle")] {
        sh(cargo()?.args(["clippy", "--package", package, "--test", tests, "--locked", "--", "-D", "warnings"]))?;
    }
    let frontend = ["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown"];
    sh(cargo()?.args(frontend).args(strict))?;
    // The workers are built without the page.
    let workers = ["--no-default-features", "--features", "judge", "--bin", "keyring", "--bin", "judge"];
    sh(cargo()?.args(frontend).args(workers).args(["--locked", "--", "-D", "warnings"]))
}

/// Tests of the frontend crate in headless Chromium: the keyring and its randomness, and the page's components.
fn browser(tests: &[&str]) -> Result<()> {
    let browser = tools::browser()?;
    sh(cargo()?
        .args(["test", "--package", "frontend", "--lib", "--target", "wasm32-unknown-unknown", "--locked", "--"])
        .args(tests)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools::wasm_bindgen("wasm-bindgen-test-runner")?)
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser.capabilities()?)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120"))
}

/// The dev loop: a debug page that `trunk serve` rebuilds at each change, beside a debug server.
fn serve() -> Result<()> {
    let free_port = || Ok::<_, anyhow::Error>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let (page_port, server_port) = (free_port()?, free_port()?);
    // Trunk watches a copy of the sources, which the test changes.
    let place = Temporary::new("trunk-serve")?;
    let sources = place.path().join("sources");
    copy_sources(&sources)?;
    let settings = fs::read_to_string(sources.join("Trunk.toml"))?;
    let settings = settings.replace("127.0.0.1:8080", &format!("127.0.0.1:{server_port}"));
    // The hook is this program, so that it is not compiled once more for the copy.
    let hook = settings.split("[[hooks]]").nth(1).and_then(|rest| rest.split("\n\n").next()).context("no hook")?;
    let program = std::env::current_exe().context("cannot find this program")?;
    let this = format!("\nstage = \"post_build\"\ncommand = {program:?}\ncommand_arguments = [\"finish-page\"]");
    fs::write(sources.join("Trunk.toml"), settings.replace(hook, &this))?;

    sh(cargo()?.args(["build", "--locked", "--package", "backend", "--bin", "passmint"]))?;
    let log = place.path().join("trunk.log");
    let output = fs::File::create(&log)?;
    let mut trunk = page::trunk()?;
    trunk.args(["serve", "--port", &page_port.to_string()]).current_dir(&sources).env(TOP, &sources);
    println!("$ {} (in a copy of the sources)", line(&trunk));
    let mut trunk = trunk.stdout(output.try_clone()?).stderr(output).spawn().context("cannot start Trunk")?;
    let mut result = listens(page_port, &mut trunk);
    if result.is_ok() {
        let server = dist::debug_binary()?;
        result = e2e_with(&[TRUNK_SERVE], |tests| {
            tests.env("PASSMINT_BIN", server).env("PASSMINT_SOURCES", &sources).env("PASSMINT_TRUNK_LOG", &log);
            tests.env("PASSMINT_PAGE_PORT", page_port.to_string()).env("PASSMINT_SERVER_PORT", server_port.to_string());
        });
    }
    trunk.kill()?;
    trunk.wait()?;
    result.with_context(|| format!("output of Trunk:\n{}", fs::read_to_string(&log).unwrap_or_default()))
}

/// Waits until Trunk has built the page for the first time, and listens.
fn listens(port: u16, trunk: &mut Child) -> Result<()> {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(trunk.try_wait()?.is_none(), "Trunk has exited");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Tests of the page against the binary of `dist`. Tests that load the machine run after the others, whose browsers
/// would otherwise have to wait.
fn e2e(tests: &[&str]) -> Result<()> {
    if !tests.is_empty() {
        return e2e_of(tests);
    }
    e2e_of(&["--skip", LOADING, "--skip", TRUNK_SERVE])?;
    e2e_of(&[LOADING])
}

/// Tests that load the whole machine.
const LOADING: &str = "durability::";

/// Tests of the dev loop, which need Trunk beside them.
const TRUNK_SERVE: &str = "trunk_serve::";

/// Runs the browser tests that these arguments of the test program select.
fn e2e_of(filter: &[&str]) -> Result<()> {
    e2e_with(filter, |_| {})
}

/// As [`e2e_of`], with additional environment variables.
pub(crate) fn e2e_with(filter: &[&str], more: impl FnOnce(&mut Command)) -> Result<()> {
    sh(cargo()?.args(["build", "--package", "oracle-double", "--locked"]))?;
    let browser = tools::browser()?;
    let mut driver = browser.start_driver()?;
    let mut tests = cargo()?;
    if let Some(nginx) = tools::nginx() {
        tests.env("PASSMINT_NGINX", nginx);
    }
    if let Some(python) = python::for_decryptor() {
        tests.env("PASSMINT_DECRYPTOR_PYTHON", python);
    }
    tests
        .args(["test", "--package", "e2e", "--test", "e2e", "--locked", "--", "--test-threads=2"])
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
