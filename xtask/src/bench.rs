//! `cargo xtask bench`: builds Passmint, fetches the other generators, and runs `testing/figures`.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{cargo, command, root, run as sh, target};
use crate::{dist, tools};

/// The parts that can be measured alone.
pub(crate) const PARTS: [&str; 4] = ["page", "keyring", "list", "server"];

/// Measures all figures, or those of one part, into a table and dist/bench.json (dist/bench-PART.json).
///
/// # Errors
/// If something cannot be built, fetched or measured. A bad figure is not an error.
pub(crate) fn run(part: Option<&str>) -> Result<()> {
    dist::run()?;
    let is_wanted = |other: &str| part.is_none_or(|part| part == other);
    // Only the release server and the browser are measured: the program that drives them is a debug build.
    let mut bench = cargo()?;
    bench.args(["run", "--package", "figures", "--locked"]);
    if is_wanted("page") {
        bench
            .env("PASSMINT_BITWARDEN", tools::bitwarden()?)
            .env("PASSMINT_GENERATE_PASSWORD", tools::generate_password()?)
            .env("PASSMINT_MINTING", minting()?);
    }
    if is_wanted("server") {
        sh(cargo()?.args(["build", "--package", "oracle-double", "--locked"]))?;
        let double = target()?.join("debug").join(format!("{DLL_PREFIX}orafake{DLL_SUFFIX}"));
        bench.env("PASSMINT_ORACLE_DOUBLE", double);
    }
    let json = part.map_or("bench.json".to_owned(), |part| format!("bench-{part}.json"));
    let browser = tools::browser()?;
    let mut driver = browser.start_driver()?;
    let result = sh(bench
        .env("PASSMINT_BENCH", part.unwrap_or_default())
        .env("PASSMINT_BENCH_JSON", root().join("dist").join(json))
        .env("PASSMINT_BIN", dist::binary())
        .env("PASSMINT_BROWSER", browser.capabilities()?)
        .env("PASSMINT_DRIVER", &driver.url)
        .env("RUST_BACKTRACE", "0"));
    driver.stop()?;
    result
}

/// Compiles the generator as the page does, with a script that calls it. Returns their folder.
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
