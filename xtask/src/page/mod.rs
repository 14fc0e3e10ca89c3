//! The page's build: Trunk compiles and assembles the page, and its hook calls [`finish`] for what Trunk cannot do. The
//! page is described by `index.html` and `Trunk.toml`, at the top of the repository.

#[cfg(test)]
mod colours;
mod compress;
mod fallback;
mod files;
mod finish;
mod opener;
mod split;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

pub(crate) use self::files::{all_files, transfer_size};
pub(crate) use self::finish::run as finish;
use crate::shell::{cargo, cargo_home, command, ensure_free, root, run, target, value_of};
use crate::tools::{delete_build_output, trunk as trunk_program, wasm_bindgen, wasm_split, wasm_target};

/// The variable that tells the hook that `cargo xtask` has called Trunk, and not a person.
pub(crate) const CALLED: &str = "PASSMINT_XTASK";

/// The port of `trunk serve` in `Trunk.toml`.
const SERVE_PORT: &str = "8081";

/// Builds the page for development into dist/page: fast to build, in one piece, with names for the browser's tools.
pub(crate) fn build_for_development() -> Result<()> {
    run(trunk()?.env(CALLED, "1").arg("build"))
}

/// Builds the page for a release into dist/page: small, in parts that load on demand, compressed.
pub(crate) fn build() -> Result<()> {
    wasm_split()?;
    // Paths of this machine in the page would make it a different one on each machine.
    let places = registry_sources()?.into_iter().map(|place| format!("--remap-path-prefix={}=crates", place.display()));
    run(trunk()?
        .env(CALLED, "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", places.collect::<Vec<_>>().join(" "))
        .args(["build", "--release", "--features", "split"]))
}

/// Runs Trunk with these arguments, with the tools it needs on its `PATH` and the build output where `cargo xtask` has
/// it.
pub(crate) fn run_trunk(arguments: &[String]) -> Result<()> {
    let mut trunk = trunk()?;
    trunk.args(arguments);
    if arguments.first().is_some_and(|command| command == "serve") {
        let port = value_of("--port", arguments).unwrap_or_else(|| SERVE_PORT.into());
        ensure_free(&format!("127.0.0.1:{port}"), "cargo xtask trunk serve --port 9001")?;
        // A release may be built in the usual folder meanwhile.
        trunk.args(["--dist", "dist/serve"]);
    }
    run(&mut trunk)
}

/// Finds or installs what a development build needs: the compiler's target, Trunk and wasm-bindgen.
pub(crate) fn tools() -> Result<[PathBuf; 2]> {
    wasm_target()?;
    let tools = [trunk_program()?, wasm_bindgen("wasm-bindgen")?];
    delete_build_output()?;
    Ok(tools)
}

/// A hash over all files of the page in dist/page.
pub(crate) fn hash() -> Result<String> {
    files::hash_of(&root().join("dist/page"))
}

/// A command that runs Trunk.
pub(crate) fn trunk() -> Result<Command> {
    let tools = tools()?;
    // Trunk looks for wasm-bindgen on the PATH; where it finds none, it would download one from elsewhere.
    let mut path: Vec<PathBuf> = tools.iter().filter_map(|tool| tool.parent()).map(PathBuf::from).collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    run(cargo()?.args(["fetch", "--locked", "--quiet"]))
        .context("the page's dependencies have to be fetched once: connect to the network, then try again")?;
    let mut trunk = command(&tools[0]);
    trunk.env("PATH", std::env::join_paths(path)?).env("CARGO_TARGET_DIR", target()?);
    // Trunk reads the first as a flag of its own that has to be true or false; the second buries its errors in stack
    // frames.
    trunk.env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    Ok(trunk)
}

/// The folders with the sources that cargo has downloaded from registries.
fn registry_sources() -> Result<Vec<PathBuf>> {
    let folders = std::fs::read_dir(cargo_home()?.join("registry/src")).context("cargo has downloaded no sources")?;
    let mut sources = folders.map(|folder| Ok(folder?.path())).collect::<Result<Vec<_>>>()?;
    sources.sort();
    Ok(sources)
}
