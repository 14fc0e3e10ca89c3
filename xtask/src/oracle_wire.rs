//! The step `wire` of `cargo xtask test`: Oracle's client library against an independent server of its protocol. The
//! README of `testing/oracle-wire` says what this proves.
//!
//! The parts are installed into the per-user cache. Where one cannot be had, a line says so and the step passes; parts
//! that are there and do not work fail it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::shell::{cache, cargo, command, find, root, run as sh, target};
use crate::{dist, python, test, tools};

/// PyPI's package with Oracle Instant Client Basic 19.3 for Linux on x86-64, under Oracle's Free Use Terms.
const CLIENT: &str = "pyoracleclient==0.0.5";

/// The Python packages of the server.
const REQUIREMENTS: &str = "testing/oracle-wire/python/requirements.txt";

/// A part that the system must have: Debian's package as a pattern for apt-cache, and the file or program that shows it.
struct SystemPart {
    what: &'static str,
    package: &'static str,
    is_there: fn() -> bool,
    /// Runs before the package is installed.
    prepare: fn(),
}

const SYSTEM_PARTS: [SystemPart; 3] = [
    SystemPart {
        what: "PostgreSQL with orafce",
        package: "^postgresql-[0-9]+-orafce$",
        is_there: has_postgres,
        prepare: keep_postgres_idle,
    },
    SystemPart { what: "libaio", package: "^libaio1(t64)?$", is_there: || libaio().is_some(), prepare: || () },
    SystemPart { what: "Python's venv", package: "^python3-venv$", is_there: python::has_venv, prepare: || () },
];

/// Runs the tests of the stand, the store contract and the browser's main job; or only the tests of the stand whose names
/// contain one of these texts.
pub(crate) fn run(tests: &[&str]) -> Result<()> {
    let start = Instant::now();
    let home = match install()? {
        Ok(home) => home,
        Err(reason) => {
            println!("wire: skipped: {reason}");
            return Ok(());
        }
    };
    println!("have {} ({:.1} s)", home.display(), start.elapsed().as_secs_f64());
    let binary = binary();
    ensure!(binary.is_file(), "{} is missing: run `cargo xtask test dist` first", binary.display());
    sh(cargo()?
        .args(["test", "--package", "oracle-wire", "--test", "wire", "--locked", "--", "--test-threads=2"])
        .args(tests)
        .env("PASSMINT_WIRE", &home)
        .env("PASSMINT_BIN", &binary)
        .env("RUST_BACKTRACE", "0"))?;
    if !tests.is_empty() {
        return Ok(());
    }
    sh(cargo()?.args(["build", "--package", "oracle-wire", "--bin", "oracle-wire", "--locked"]))?;
    let stand = target()?.join("debug/oracle-wire");
    sh(&mut beside_stand(&test::store_contract()?, &stand, &home))?;
    for limit in CONTRACT_LIMITS {
        println!("wire: the contract here does not prove: {limit}");
    }
    // Each has a database of its own, because each makes the first vault.
    for tests in ["on_oracle", "one_oracle_database"] {
        test::e2e_with(&[tests], |tests| {
            tests.env("PASSMINT_BIN", &binary);
            *tests = beside_stand(tests, &stand, &home);
        })?;
    }
    Ok(())
}

/// All cases of the contract run. Some cannot fail here as they could on Oracle.
const CONTRACT_LIMITS: [&str; 2] = [
    "concurrent_writers_… and one_of_two_writers_…: the row locks are PostgreSQL's",
    "times_keep_their_milliseconds, letter_case_…: types and comparison are PostgreSQL's, in Oracle's type codes",
];

/// The binary to test: of `dist`, or another one in `PASSMINT_BIN`.
fn binary() -> PathBuf {
    std::env::var_os("PASSMINT_BIN").map_or_else(dist::binary, PathBuf::from)
}

/// The same command, run beside a stand of its own with the variables that name it.
fn beside_stand(inner: &Command, stand: &Path, home: &Path) -> Command {
    let mut outer = command(stand);
    outer.arg(inner.get_program()).args(inner.get_args()).env("PASSMINT_WIRE", home).env("RUST_BACKTRACE", "0");
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// Installs what is missing. Returns the folder of the parts, or the reason why one of them cannot be had.
fn install() -> Result<Result<PathBuf, String>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Ok(Err("Oracle's client library can be had from a registry for Linux on x86-64 (glibc) only".into()));
    }
    for part in SYSTEM_PARTS.iter().filter(|part| !(part.is_there)()) {
        if let Err(reason) = install_system_part(part) {
            return Ok(Err(reason));
        }
    }
    let home = cache()?.join("tools/oracle-wire");
    let server = "the server of Oracle's protocol (80 MB, about 10 s, once)";
    let installed = python::environment(&home, REQUIREMENTS, server).and_then(|_| install_client(&home));
    Ok(installed.map(|()| home).map_err(|error| format!("{error:#}")))
}

/// Installs a package of the system by apt-get, or returns why not.
fn install_system_part(part: &SystemPart) -> Result<(), String> {
    let SystemPart { what, package, is_there, prepare } = part;
    let Some(newest) = tools::newest_of_apt(package) else {
        return Err(format!("{what} is missing, and apt knows no package {package}: install it by hand"));
    };
    prepare();
    tools::apt_install(what, &[&newest]);
    match is_there() {
        true => Ok(()),
        false => Err(format!("{what} is missing and could not be installed (Debian: apt install {newest})")),
    }
}

/// Tells Debian's package not to make and start a cluster of the system, which nothing here uses.
fn keep_postgres_idle() {
    let write = "mkdir -p /etc/postgresql-common && \
                 echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf";
    if find("pg_lsclusters").is_none() && !Path::new("/etc/postgresql-common/createcluster.conf").exists() {
        // Without the right to write there, apt-get fails too, and says so.
        let _ = sh(tools::as_root("sh").args(["-c", write]));
    }
}

/// Oracle's client library.
fn install_client(home: &Path) -> Result<()> {
    // Another clone may install at the same time.
    let lock = File::create(home.join("lock"))?;
    lock.lock()?;
    let client = home.join("client");
    if client.join("installed").is_file() {
        return Ok(());
    }
    println!(
        "installing Oracle's client library 19.3 into {} (75 MB to load, 250 MB, about 15 s, once). It is Oracle's, under \
         the Free Use Terms in its BASIC_LICENSE",
        client.display()
    );
    if client.exists() {
        fs::remove_dir_all(&client)?;
    }
    let target = client.display().to_string();
    python::pip(&home.join("venv"), &["--no-deps", "--only-binary=:all:", "--target", &target, CLIENT])?;
    let folder = client.join("pyoracleclient/instantclient");
    // A wheel holds links as files with their target.
    let link = folder.join("libclntsh.so");
    fs::remove_file(&link)?;
    link_file("libclntsh.so.19.1".as_ref(), &link)?;
    let libaio = libaio().context("libaio is missing")?;
    if !libaio.ends_with("libaio.so.1") {
        // Debian 13 and Ubuntu 24.04 have renamed it.
        link_file(&libaio, &folder.join("libaio.so.1"))?;
    }
    let settings = folder.join("network/admin");
    fs::create_dir_all(&settings)?;
    fs::copy(root().join("testing/oracle-wire/oraaccess.xml"), settings.join("oraaccess.xml"))?;
    fs::write(client.join("installed"), "")?;
    Ok(())
}

#[cfg(unix)]
fn link_file(original: &Path, link: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(original, link)?)
}

#[cfg(not(unix))]
fn link_file(_: &Path, _: &Path) -> Result<()> {
    anyhow::bail!("there are no symbolic links here")
}

fn has_postgres() -> bool {
    let Ok(versions) = fs::read_dir("/usr/share/postgresql") else { return false };
    versions.filter_map(Result::ok).any(|version| {
        let server = Path::new("/usr/lib/postgresql").join(version.file_name()).join("bin/initdb");
        version.path().join("extension/orafce.control").is_file() && server.is_file()
    })
}

/// The file of libaio, by either of its names.
fn libaio() -> Option<PathBuf> {
    let ldconfig = find("ldconfig").unwrap_or_else(|| "/sbin/ldconfig".into());
    let output = Command::new(ldconfig).arg("-p").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.trim_start().starts_with("libaio.so.1") && line.contains("x86-64"))?;
    Some(line.split(" => ").nth(1)?.trim().into())
}
