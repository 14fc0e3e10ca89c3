//! From Rust to WebAssembly and its scripts: the page, split into the part that comes first and parts that load later,
//! the workers, and what opens a backup.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::files::Folder;
use super::trim;
use crate::shell::{cargo, cargo_home, command, root, run, target};
use crate::tools;

/// Waits for the page to hand over the compiled module, and starts it.
const WORKER_START: &str =
    "\naddEventListener('message', ({ data }) => __wbg_init({ module_or_path: data }), { once: true });\n";

/// Fetches a part. If the browser kept one that was changed on the way, it is fetched anew.
const CHECKED: &str = "const checked = (url, integrity) => \
    fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: 'reload' }));\n";

/// The file in which wasm-split says how parts are loaded; it becomes part of the page's script.
const LINKS: &str = "./__wasm_split.js";

/// A WebAssembly module and the script that loads it.
pub(super) struct Compiled {
    pub(super) script: String,
    pub(super) module: Vec<u8>,
}

/// Compiles the worker that holds keys.
pub(super) fn keyring() -> Result<Compiled> {
    worker("keyring", &["--no-default-features"])
}

/// Compiles the worker that judges foreign passwords.
pub(super) fn judge() -> Result<Compiled> {
    worker("judge", &["--no-default-features", "--features", "judge"])
}

fn worker(name: &str, features: &[&str]) -> Result<Compiled> {
    let module = build(name, features, &[])?;
    let mut compiled = bind(&module, name, &[])?;
    compiled.script.push_str(WORKER_START);
    Ok(compiled)
}

/// Compiles what opens a backup inside the backup's own file.
pub(super) fn opener() -> Result<Compiled> {
    let module = build("opener", &["--no-default-features"], &[])?;
    bind(&module, "opener", &[])
}

/// Compiles the page, and adds the parts that load later to the folder.
pub(super) fn page(folder: &mut Folder) -> Result<Compiled> {
    let module = build("frontend", &["--features", "split"], &["-Clink-arg=--emit-relocs"])?;
    let split = fresh("split")?;
    run(command(tools::wasm_split()?).env("RUST_LOG", "off").args(["--out-name", "page"]).arg(&module).arg(&split))?;
    let first = split.join("page.wasm");
    fs::write(&first, trim::without_uncalled(&fs::read(&first)?)?)?;
    let mut compiled = bind(&first, "page", &["--keep-lld-exports"])?;

    let mut links = fs::read_to_string(split.join(LINKS))?;
    for (part, file) in parts(&links)? {
        let octets = trim::module(&fs::read(split.join(&file))?).context(file.clone())?;
        let named = folder.add(&part, "wasm", &octets)?;
        // The script is vouched for by the page, and vouches for the parts.
        let loaded = format!("checked(\"{}\", \"{}\")", named.url, named.integrity);
        replace(&mut links, &format!("fetch(new URL(\"./{file}\", import.meta.url))"), &loaded)?;
    }
    // Both scripts become one: what they import from each other is in reach then.
    replace(&mut links, "import { initSync } from \"./page.js\";", "")?;
    let loaders: Vec<&str> =
        links.split("export const ").skip(1).filter_map(|export| export.split(" = ").next()).collect();
    let script = &mut compiled.script;
    let taken = format!("\"{LINKS}\": import");
    let imported = |line: &str| line.starts_with(&taken) || line.starts_with("import * as ") && line.contains(LINKS);
    ensure!(script.lines().any(imported), "wasm-bindgen has changed: nothing is imported from {LINKS}");
    *script = script.lines().filter(|line| !imported(line)).flat_map(|line| [line, "\n"]).collect();
    let others = "\"./page_bg.js\": import0,";
    replace(script, others, &format!("{others}\n\"{LINKS}\": {{ {} }},", loaders.join(", ")))?;
    script.push_str(CHECKED);
    script.push_str(&links.replace("export const ", "const "));
    Ok(compiled)
}

/// The names of the parts, and their files, as the script that loads them has them.
fn parts(links: &str) -> Result<Vec<(String, String)>> {
    let files = links.split("new URL(\"./").skip(1).filter_map(|rest| rest.split('"').next());
    let named = files.map(|file| {
        let part = file.strip_suffix(".wasm").context(file.to_owned())?;
        Ok((part.trim_start_matches("split_").replace('_', "-"), file.to_owned()))
    });
    named.collect()
}

fn replace(text: &mut String, old: &str, new: &str) -> Result<()> {
    ensure!(text.matches(old).count() == 1, "wasm-split or wasm-bindgen has changed: not once `{old}`");
    *text = text.replace(old, new);
    Ok(())
}

/// Compiles a program of the frontend crate, and gives the module's path.
fn build(program: &str, features: &[&str], linking: &[&str]) -> Result<PathBuf> {
    tools::wasm_target()?;
    // The sources' places on this machine are nobody's concern, and are long.
    run(cargo()?.args(["fetch", "--locked", "--quiet"]))?;
    let places = registry_sources()?.into_iter().map(|place| format!("--remap-path-prefix={}=crates", place.display()));
    run(cargo()?
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", places.collect::<Vec<_>>().join(" "))
        .args(["rustc", "--quiet", "--locked", "--package", "frontend", "--bin", program, "--profile", "wasm"])
        .args(["--target", "wasm32-unknown-unknown"])
        .args(features)
        .arg("--")
        .args(linking))?;
    Ok(target()?.join("wasm32-unknown-unknown/wasm").join(program).with_extension("wasm"))
}

/// The folders in which cargo keeps the sources of registries.
fn registry_sources() -> Result<Vec<PathBuf>> {
    let folders = fs::read_dir(cargo_home()?.join("registry/src")).context("cargo keeps no sources")?;
    let mut sources = folders.map(|folder| Ok(folder?.path())).collect::<Result<Vec<_>>>()?;
    sources.sort();
    Ok(sources)
}

/// Runs wasm-bindgen.
fn bind(module: &Path, name: &str, more: &[&str]) -> Result<Compiled> {
    let out = fresh(name)?;
    run(command(tools::wasm_bindgen("wasm-bindgen")?)
        .args(["--target", "web", "--no-typescript", "--omit-default-module-path"])
        .args(["--remove-name-section", "--remove-producers-section", "--out-name", name])
        .args(more)
        .arg("--out-dir")
        .arg(&out)
        .arg(module))?;
    let mut compiled = Compiled {
        script: fs::read_to_string(out.join(name).with_extension("js"))?,
        module: fs::read(out.join(format!("{name}_bg.wasm")))?,
    };
    trim::bound(&mut compiled, name)?;
    Ok(compiled)
}

/// An empty folder for what is made on the way.
fn fresh(name: &str) -> Result<PathBuf> {
    let folder = root().join("dist/made").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
