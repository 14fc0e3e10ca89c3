//! Paths, copies of the sources, and running other programs: always echoed, always from the top of the
//! repository.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The variable that names another copy of the repository to work on.
pub(crate) const TOP: &str = "PASSMINT_TOP";

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    if let Some(top) = std::env::var_os(TOP) {
        return top.into();
    }
    // Cargo sets it for programs that it runs. The path of the build is another clone's, if the two share their output.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(&here).to_path_buf()
}

/// The per-user cache for tools and build output, shared by every clone.
pub(crate) fn cache() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("PASSMINT_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("passmint")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/passmint")))
        .or_else(|| from("LOCALAPPDATA").map(|local| local.join("passmint")))
        .context("no home directory: set PASSMINT_CACHE to a folder for tools and build output")
}

/// Cargo's target folder: shared by all clones, so that a fresh one does not start from zero.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => Ok(root().join(target)),
        None => Ok(cache()?.join("target")),
    }
}

/// Cargo's home, with the sources that it has downloaded.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from("CARGO_HOME").or_else(|| from("HOME").map(|home| home.join(".cargo"))).context("no home directory")
}

/// A program to run from the top of the repository.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // Variables that `cargo run` sets for this program must not reach the programs that it starts: build scripts would
    // run again.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    command
}

/// The cargo that runs this, building into [`target`].
pub(crate) fn cargo() -> Result<Command> {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env("CARGO_TARGET_DIR", target()?);
    Ok(cargo)
}

/// Runs a program and waits for it.
///
/// # Errors
/// If it cannot be started or ends with a failure.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start: {line}"))?;
    if !status.success() {
        bail!("failed ({status}): {line}");
    }
    Ok(())
}

/// The command as one line of text, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The program of that name on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// The value of a flag among these arguments: `--flag value` or `--flag=value`.
pub(crate) fn value_of(flag: &str, arguments: &[String]) -> Option<String> {
    let is_value = |argument: &String| argument.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned);
    let after = arguments.iter().position(|argument| argument == flag).and_then(|place| arguments.get(place + 1));
    after.cloned().or_else(|| arguments.iter().find_map(is_value))
}

/// Checks that nothing listens on an address, before minutes of building. `instead` is a command with another address.
///
/// # Errors
/// If something listens there. The server reports other faults of the address.
pub(crate) fn ensure_free(address: &str, instead: &str) -> Result<()> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("{address} is in use, perhaps by another Passmint: stop that, or choose another port: {instead}")
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A temporary folder, deleted when dropped.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("passmint-{purpose}-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            println!("cannot delete {}: {error}", self.0.display());
        }
    }
}

/// Copies the sources: everything but git's own folder and the names in `.gitignore`. It does without git, which
/// refuses to read the folder of another user, and which archives of the sources lack.
pub(crate) fn copy_sources(to: &Path) -> Result<()> {
    let ignored = fs::read_to_string(root().join(".gitignore")).context(".gitignore")?;
    let left_out: Vec<PathBuf> =
        ignored.lines().chain(["/.git"]).map(|line| root().join(line.trim_matches('/'))).collect();
    copy(&root(), to, &left_out)
}

fn copy(from: &Path, to: &Path, left_out: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if left_out.contains(&path) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&path, &to, left_out)?;
        } else {
            fs::copy(&path, &to).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_both_forms() {
        let arguments: Vec<String> = ["serve", "--port=1", "--listen", "a:2", "--last"].map(String::from).to_vec();
        assert_eq!(value_of("--port", &arguments).as_deref(), Some("1"));
        assert_eq!(value_of("--listen", &arguments).as_deref(), Some("a:2"));
        assert_eq!(value_of("--last", &arguments), None);
        assert_eq!(value_of("--li", &arguments), None);
    }

    #[test]
    fn address_in_use_is_told_with_another_command() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = ensure_free(&address, "cargo xtask run -- --listen 127.0.0.1:9000").unwrap_err().to_string();
        assert!(error.contains(&address) && error.contains("--listen 127.0.0.1:9000"), "{error}");
        drop(taken);
        assert!(ensure_free(&address, "").is_ok());
    }
}
