//! `cargo xtask sbom`: the dependencies of the binary and the page as CycloneDX (JSON), into dist.
//!
//! cargo-cyclonedx writes beside each crate's manifest and names paths of this machine. So it runs on a copy of the
//! sources, and the paths are replaced by those of the repository.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{Temporary, command, copy_sources, root, run as sh};
use crate::tools;

/// The crates that are described: the folder, the name in dist, and the flags of the build. The page's workers are in
/// one crate with it, each with a feature of its own.
const PARTS: [(&str, &str, &[&str]); 2] =
    [("backend", "passmint", &[]), ("frontend", "page", &["--target", "wasm32-unknown-unknown", "--all-features"])];

pub(crate) fn run() -> Result<()> {
    let tool = tools::cargo_cyclonedx()?;
    let copy = Temporary::new("sbom")?;
    copy_sources(copy.path())?;
    fs::create_dir_all(root().join("dist"))?;
    for (part, name, built_with) in PARTS {
        let mut describe = command(&tool);
        describe.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
        describe.args(["--override-filename", name, "--manifest-path"]).arg(copy.path().join(part).join("Cargo.toml"));
        // The time is that of the sources, and there is no serial number, so that the same sources give the same list.
        describe.args(built_with).env("SOURCE_DATE_EPOCH", commit_time()?);
        sh(describe.current_dir(copy.path()))?;
        let made = copy.path().join(part).join(name).with_extension("json");
        let text = fs::read_to_string(&made).with_context(|| made.display().to_string())?;
        let place = copy.path().to_str().context("the temporary folder's path is not text")?;
        let text = text.replace(place, "/passmint");
        let bom: Value = serde_json::from_str(&text)?;
        let components = bom["components"].as_array().map_or(0, Vec::len);
        ensure!(components > 0, "cargo-cyclonedx has found nothing in {part}");
        let file = root().join("dist").join(format!("{name}.cdx.json"));
        fs::write(&file, text)?;
        println!("{}: {components} components", file.display());
    }
    Ok(())
}

/// The time of the last commit, in seconds since 1970.
fn commit_time() -> Result<String> {
    let answer = command("git").args(["log", "-1", "--format=%ct"]).output().context("cannot start git")?;
    ensure!(answer.status.success(), "git knows no commit: {}", String::from_utf8_lossy(&answer.stderr));
    Ok(String::from_utf8(answer.stdout)?.trim().to_owned())
}
