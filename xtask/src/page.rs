//! Builds the page into dist/page: Trunk's output, with the keyring's files named by their hashes, and everything
//! compressed ahead.
//!
//! Trunk gives the page's own files names with hashes and their integrity; a worker's files it leaves plain. Here the
//! keyring's two files get the same, and the page's `<meta name="keyring">` tells where they are and what they hash to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256, Sha384};

use crate::shell::{root, run, target};
use crate::tools;

/// Waits for the page to hand over the compiled module, and starts it.
const KEYRING_START: &str =
    "\naddEventListener('message', ({ data }) => __wbg_init({ module_or_path: data }), { once: true });\n";

/// The finished page.
pub(crate) struct Page {
    /// A hash over all files: changes when any of them does.
    pub(crate) hash: String,
}

/// Builds the page.
pub(crate) fn build() -> Result<Page> {
    tools::wasm_target()?;
    let bindgen = tools::wasm_bindgen("wasm-bindgen")?;
    let mut trunk = crate::shell::command(tools::trunk()?);
    let mut path = vec![bindgen.parent().context("no folder")?.to_path_buf()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    trunk.env("PATH", std::env::join_paths(path)?).env("CARGO_TARGET_DIR", target()?);
    // Trunk takes NO_COLOR for a flag and wants it spelt out.
    trunk.env("NO_COLOR", "true").args(["build", "--quiet"]);
    // Fetched by cargo first: Trunk then needs no network, and cannot try to download tools.
    run(crate::shell::cargo()?.args(["fetch", "--locked", "--quiet"]))?;
    run(trunk.arg("--offline"))?;

    let (from, to) = (root().join("dist/trunk"), root().join("dist/page"));
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::create_dir_all(&to)?;
    for file in files(&from)? {
        fs::copy(&file, to.join(file.file_name().context("no name")?))?;
    }
    name_keyring(&to)?;
    check(&to)?;
    let mut hash = Sha256::new();
    for file in files(&to)? {
        let octets = fs::read(&file)?;
        hash.update(file.file_name().context("no name")?.as_encoded_bytes());
        hash.update(&octets);
        compress(&file, &octets)?;
    }
    Ok(Page { hash: hex(&hash.finalize()) })
}

/// Gives the keyring's files names that are their hashes, and writes those into the page.
fn name_keyring(page: &Path) -> Result<()> {
    let wasm = fs::read(page.join("keyring_bg.wasm")).context("Trunk built no keyring")?;
    let mut script = fs::read_to_string(page.join("keyring.js"))?;
    script.push_str(KEYRING_START);
    for old in ["keyring_bg.wasm", "keyring.js"] {
        fs::remove_file(page.join(old))?;
    }
    let name = |octets: &[u8], rest: &str| format!("keyring-{}{rest}", &hex(&Sha256::digest(octets))[..16]);
    let (wasm_name, script_name) = (name(&wasm, "_bg.wasm"), name(script.as_bytes(), ".js"));
    fs::write(page.join(&wasm_name), &wasm)?;
    fs::write(page.join(&script_name), &script)?;
    let index = page.join("index.html");
    let mut html = fs::read_to_string(&index)?;
    for (attribute, value) in [
        ("data-js", format!("/{script_name}")),
        ("data-js-integrity", integrity(script.as_bytes())),
        ("data-wasm", format!("/{wasm_name}")),
        ("data-wasm-integrity", integrity(&wasm)),
    ] {
        let empty = format!("{attribute}=\"\"");
        ensure!(html.matches(&empty).count() == 1, "index.html has no place for the keyring's {attribute}");
        html = html.replace(&empty, &format!("{attribute}=\"{value}\""));
    }
    fs::write(index, html)?;
    Ok(())
}

/// What must hold for the policy that the page is served under.
fn check(page: &Path) -> Result<()> {
    let html = fs::read_to_string(page.join("index.html"))?;
    ensure!(!html.contains("data-trunk"), "index.html still has what Trunk should have replaced");
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        ensure!(tag.contains("src=") && tag.contains("integrity="), "a script is inline or has no integrity: {tag}");
    }
    ensure!(!html.contains("<style") && !html.contains(" style="), "index.html has inline styles");
    Ok(())
}

/// Writes NAME.br and NAME.gz beside a file.
fn compress(file: &Path, octets: &[u8]) -> Result<()> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut brotli = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &octets[..], &mut brotli, &parameters)?;
    fs::write(beside(".br"), brotli)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(octets)?;
    fs::write(beside(".gz"), gzip.finish()?)?;
    Ok(())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

fn integrity(octets: &[u8]) -> String {
    format!("sha384-{}", Base64::encode_string(&Sha384::digest(octets)))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Bytes that travel, compressed with brotli: to a usable generator, and with the keyring.
pub(crate) fn transfer_sizes() -> Result<(u64, u64)> {
    let (mut generator, mut keyring) = (0, 0);
    for file in files(&root().join("dist/page"))? {
        let name = file.file_name().context("no name")?.to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".br") {
            let size = fs::metadata(&file)?.len();
            if name.starts_with("keyring-") {
                keyring += size;
            } else if !name.starts_with("icon-") {
                generator += size;
            }
        }
    }
    Ok((generator, generator + keyring))
}
