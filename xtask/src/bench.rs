//! `cargo xtask bench`: builds what is measured, fetches what it is measured against, and has `benches/page`
//! measure it in the browser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, command, root, run as sh, target};
use crate::{dist, tools};

/// The page's figures: a table, and dist/bench-page.json.
///
/// # Errors
/// If something cannot be built, fetched or measured; never because of a figure.
pub(crate) fn page() -> Result<()> {
    let (bitwarden, generate_password) = (tools::bitwarden()?, tools::generate_password()?);
    dist::run()?;
    let minting = minting()?;
    let browser = tools::browser()?;
    measure(
        &browser,
        cargo()?
            .env("PASSMINT_MINTING", minting)
            .env("PASSMINT_BITWARDEN", bitwarden)
            .env("PASSMINT_GENERATE_PASSWORD", generate_password)
            .env("PASSMINT_BENCH_JSON", root().join("dist/bench-page.json")),
    )
}

/// The figures of a vault with many entries: a table, and dist/bench-list.json.
///
/// # Errors
/// As [`page`].
pub(crate) fn list() -> Result<()> {
    dist::run()?;
    measure(
        &tools::browser()?,
        cargo()?.env("PASSMINT_BENCH", "list").env("PASSMINT_BENCH_JSON", root().join("dist/bench-list.json")),
    )
}

fn measure(browser: &tools::Browser, cargo: &mut Command) -> Result<()> {
    let mut driver = browser.start_driver()?;
    // What is measured are the release server and the browser. What drives them may be built fast, as for the tests.
    let result = sh(cargo
        .args(["bench", "--profile", "dev", "--package", "xtask", "--bench", "page", "--locked"])
        .env("PASSMINT_BIN", dist::binary())
        .env("PASSMINT_BROWSER", browser.capabilities()?)
        .env("PASSMINT_DRIVER", &driver.url)
        .env("RUST_BACKTRACE", "0"));
    driver.stop()?;
    result
}

/// Compiles the generator as the page does, with a script that calls it; gives their folder.
fn minting() -> Result<PathBuf> {
    let build =
        ["build", "--package", "minting", "--target", "wasm32-unknown-unknown", "--profile", "wasm", "--locked"];
    sh(cargo()?.args(build))?;
    let folder = target()?.join("minting");
    sh(command(tools::wasm_bindgen("wasm-bindgen")?)
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(&folder)
        .arg(target()?.join("wasm32-unknown-unknown/wasm/minting.wasm")))?;
    Ok(folder)
}
