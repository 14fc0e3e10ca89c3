//! Splits the page's module with wasm-split into a first part and parts that load on demand. Trunk cannot
//! (trunk-rs/trunk#1022).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use wasmparser::{Parser, Payload};

use super::files::integrity;
use crate::shell::{command, run};
use crate::tools;

/// The page's script, and its module.
pub(super) const SCRIPT: &str = "page.js";
pub(super) const MODULE: &str = "page_bg.wasm";

/// The module from which a page that is compiled to be split imports its parts.
pub(super) const TO_BE_SPLIT: &str = "__wasm_split_placeholder__";

/// wasm-split's script that loads the other parts. The page's script imports it by this name.
pub(super) const LOADER: &str = "__wasm_split.js";

/// The code by which wasm-split's script fetches a part. Builds that name files differently are meant to rewrite it.
const FETCH: (&str, &str) = ("fetch(new URL(\"./", "\", import.meta.url))");

/// Fetches a part with its hash. If the hash is wrong, the browser's cache may hold a changed part: it is fetched again
/// from the server.
const FETCH_CHECKED: &str = "const fetchChecked = (file, integrity) => {
    const url = new URL(file, import.meta.url);
    return fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: 'reload' }));
};
";

/// Splits the linker's output, and returns the page's files by the names by which they refer to one another.
pub(super) fn split(linked: &Path, work: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    if work.exists() {
        fs::remove_dir_all(work)?;
    }
    fs::create_dir_all(work)?;
    run(command(tools::wasm_split()?).env("RUST_LOG", "off").args(["--out-name", "page"]).arg(linked).arg(work))?;
    let bound = work.join("bound");
    run(command(tools::wasm_bindgen("wasm-bindgen")?)
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", "page", "--out-dir"])
        .arg(&bound)
        .arg(work.join("page.wasm")))?;

    let mut loader = fs::read_to_string(work.join(LOADER)).context(LOADER)?;
    let mut files = Vec::new();
    for part in parts(&loader) {
        let module = without_custom_sections(&fs::read(work.join(&part)).with_context(|| part.clone())?)?;
        let (begin, end) = FETCH;
        let checked = format!("fetchChecked(\"./{part}\", \"{}\")", integrity(&module));
        loader = loader.replace(&format!("{begin}{part}{end}"), &checked);
        files.push((part, module));
    }
    ensure!(!files.is_empty() && !loader.contains("fetch(new"), "wasm-split has changed how it fetches parts");
    files.push((LOADER.into(), (FETCH_CHECKED.to_owned() + &loader).into_bytes()));
    files.push((SCRIPT.into(), fs::read(bound.join(SCRIPT))?));
    files.push((MODULE.into(), without_custom_sections(&fs::read(bound.join(MODULE))?)?));
    Ok(files)
}

/// The files of the parts, as wasm-split's script names them.
fn parts(loader: &str) -> Vec<String> {
    let (begin, end) = FETCH;
    loader.split(begin).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned())).collect()
}

/// The module without custom sections, which only tools read: names, relocations, producers.
pub(super) fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = module.get(..8).context("no WebAssembly")?.to_vec();
    let mut begin = 8;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else { continue };
        let end = usize::try_from(range.end)?;
        // The range is of the content; the section's number and length stand between it and the section before.
        if !matches!(payload, Payload::CustomSection(_)) {
            stripped.extend(&module[begin..end]);
        }
        begin = end;
    }
    Ok(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_are_dropped_and_others_stay() {
        let head = b"\0asm\x01\0\0\0";
        let (types, name, memory) = ([1, 4, 1, 0x60, 0, 0], *b"\0\x05\x04name", [5, 3, 1, 0, 1]);
        let module = [&head[..], &name, &types, &name, &memory, &name].concat();
        assert_eq!(without_custom_sections(&module).unwrap(), [&head[..], &types, &memory].concat());
        assert!(without_custom_sections(&module[..20]).is_err());
        assert!(without_custom_sections(b"\0as").is_err());
    }

    #[test]
    fn parts_are_found_in_the_loader() {
        let loader = "a = fetch(new URL(\"./split_x.wasm\", import.meta.url));\nb = fetch(new URL(\"./chunk_1.wasm\", import.meta.url));";
        assert_eq!(parts(loader), ["split_x.wasm", "chunk_1.wasm"]);
    }
}
