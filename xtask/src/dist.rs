//! `cargo xtask dist`: one release binary with the page inside. `cargo xtask run` builds the same and starts it.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::page;
use crate::shell::{cargo, command, root, run as sh, target};

/// Where the finished binary is.
pub(crate) fn binary() -> PathBuf {
    root().join("dist").join(name())
}

fn name() -> String {
    format!("passmint{}", std::env::consts::EXE_SUFFIX)
}

/// Builds dist/passmint.
pub(crate) fn run() -> Result<()> {
    let page = page::build()?;
    sh(cargo()?
        .args(["build", "--release", "--locked", "--package", "backend", "--bin", "passmint"])
        .env("PASSMINT_PAGE_HASH", &page.hash))?;
    let binary = binary();
    // Not over a running one: replaced under its name.
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

/// Builds, and serves with the data in ./data.
pub(crate) fn run_server(flags: &[String]) -> Result<()> {
    run()?;
    println!();
    let mut server = command(binary());
    server.arg("serve").args(flags);
    // The terminal's Ctrl-C reaches the server too; it stops in good order.
    sh(&mut server)
}
