//! Python environments for tests, each in a folder of its own in the per-user cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::shell::{cache, command, find, line, root, run};
use crate::tools::apt_install;

/// The packages of the decryptor: every one that is needed, with its version.
const DECRYPTOR: &str = "testing/decryptor/requirements.txt";

/// True if this system's Python can make environments.
pub(crate) fn has_venv() -> bool {
    let output = command("python3").args(["-c", "import ensurepip"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// The Python that runs `testing/decryptor`. `None` if it cannot be had, after a line that says why.
pub(crate) fn for_decryptor() -> Option<PathBuf> {
    let installed = || {
        if !has_venv() {
            apt_install("Python's venv", &["python3-venv"]);
        }
        let home = cache()?.join("tools/decryptor");
        environment(&home, DECRYPTOR, "libsodium for Python (5 MB, about 5 s, once)")
    };
    installed().map_err(|error| println!("decryptor: skipped: {error:#}")).ok()
}

/// Makes an environment in `home/venv` with the packages that a file of the repository lists, unless it is there.
/// Returns its Python.
///
/// # Errors
/// One line: the system has no venv, or the packages cannot be had.
pub(crate) fn environment(home: &Path, requirements: &str, what: &str) -> Result<PathBuf> {
    fs::create_dir_all(home)?;
    // Another clone may install at the same time.
    let lock = File::create(home.join("lock"))?;
    lock.lock()?;
    let listed = fs::read_to_string(root().join(requirements)).context(requirements.to_owned())?;
    let (venv, stamp) = (home.join("venv"), home.join("venv/requirements.txt"));
    let python = venv.join("bin/python");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == listed) {
        return Ok(python);
    }
    println!("installing {what} into {}", venv.display());
    let start = Instant::now();
    make(&venv)?;
    // Without what they depend on: all are listed.
    pip(&venv, &["--no-deps", "--requirement", requirements])?;
    fs::write(stamp, listed)?;
    println!("installed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(python)
}

/// Makes an empty environment in place of one that is there.
pub(crate) fn make(venv: &Path) -> Result<()> {
    let python = find("python3").context("Python 3 is missing (Debian: apt install python3-venv)")?;
    run(command(python).args(["-m", "venv", "--clear"]).arg(venv))
        .context("Python's venv is missing (Debian: apt install python3-venv)")
}

/// Installs packages of PyPI into an environment. The error is one line, the last of pip's.
pub(crate) fn pip(venv: &Path, arguments: &[&str]) -> Result<()> {
    let mut pip = command(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--retries", "1", "--disable-pip-version-check"]);
    pip.args(arguments);
    println!("$ {}", line(&pip));
    let output = pip.output().context("cannot start pip")?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = errors.lines().rev().find(|line| line.starts_with("ERROR")).unwrap_or("pip says nothing");
        bail!("PyPI's packages could not be installed: connect to the network and try again ({last})");
    }
    Ok(())
}
