//! `cargo xtask sbom`: what the binary and the page are made of, as CycloneDX (JSON), into dist.
//!
//! cargo-cyclonedx writes beside each crate's manifest and names places on this machine: it runs on a copy of the sources,
//! and its places become those of the repository.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{Temporary, command, copy_sources, root, run as sh};
use crate::tools;

/// What is described: the crate, its name in dist, and the target it is built for. Nothing is the machine's own.
const PARTS: [(&str, &str, Option<&str>); 2] =
    [("backend", "passmint", None), ("frontend", "page", Some("wasm32-unknown-unknown"))];

/// Writes dist/passmint.cdx.json and dist/page.cdx.json.
pub(crate) fn run() -> Result<()> {
    let tool = tools::cargo_cyclonedx()?;
    let copy = Temporary::new("sbom")?;
    copy_sources(copy.path())?;
    fs::create_dir_all(root().join("dist"))?;
    for (part, name, target) in PARTS {
        let mut describe = command(&tool);
        describe.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
        describe.args(["--override-filename", name, "--manifest-path"]).arg(copy.path().join(part).join("Cargo.toml"));
        describe.args(target.iter().flat_map(|target| ["--target", target]));
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
