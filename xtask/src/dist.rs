//! `cargo xtask dist`: one release binary with the page inside. `cargo xtask run`: a development build, started.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::page;
use crate::shell::{cargo, command, ensure_free, root, run as sh, target, value_of};

/// The finished binary.
pub(crate) fn binary() -> PathBuf {
    root().join("dist").join(name())
}

/// A development build of the server.
pub(crate) fn debug_binary() -> Result<PathBuf> {
    Ok(target()?.join("debug").join(name()))
}

fn name() -> String {
    format!("passmint{}", std::env::consts::EXE_SUFFIX)
}

pub(crate) fn run() -> Result<()> {
    page::build()?;
    sh(cargo()?
        .args(["build", "--release", "--locked", "--package", "backend", "--bin", "passmint"])
        // Cargo links the binary again when the page inside has changed.
        .env("PASSMINT_PAGE_HASH", page::hash()?))?;
    let binary = binary();
    // Renamed into place: a running binary cannot be overwritten.
    let fresh = root().join("dist/passmint.new");
    fs::copy(target()?.join("release").join(name()), &fresh)?;
    fs::rename(&fresh, &binary)?;
    println!(
        "built {} ({:.1} MB); the page: {:.1} kB (brotli) to a usable generator",
        binary.display(),
        fs::metadata(&binary)?.len() as f64 / 1e6,
        page::transfer_size()? as f64 / 1e3,
    );
    Ok(())
}

/// Builds for development, and serves with the data in ./data. A release (`dist`) takes minutes more to build.
pub(crate) fn run_server(flags: &[String]) -> Result<()> {
    let address = value_of("--listen", flags).or_else(|| std::env::var("PASSMINT_LISTEN").ok());
    ensure_free(address.as_deref().unwrap_or("127.0.0.1:8080"), "cargo xtask run -- --listen 127.0.0.1:9000")?;
    println!("1 of 3: the tools that build the page (about 4 minutes the first time)");
    page::tools()?;
    println!("2 of 3: the page, for development (about 3 minutes the first time, then seconds)");
    page::build_for_development()?;
    println!("3 of 3: the server (about 2 minutes the first time, then seconds)");
    sh(cargo()?.args(["build", "--quiet", "--locked", "--package", "backend", "--bin", "passmint"]))?;
    println!();
    let mut server = command(debug_binary()?);
    server.arg("serve").args(flags);
    // The terminal's Ctrl-C reaches the server too, which shuts down cleanly.
    sh(&mut server)
}
