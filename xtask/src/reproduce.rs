//! `cargo xtask reproduce`: the same sources give the same page everywhere, byte for byte.
//!
//! The page is built here, and once more from nothing: in another folder, and with another cargo home, target folder,
//! umask, language and time zone. `passmint verify URL` relies on this.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::page;
use crate::shell::{TOP, Temporary, cache, cargo_home, command, copy_sources, root, run as sh};

/// Settings that a build must not depend on.
const ELSEWHERE: [(&str, &str); 4] =
    [("TZ", "Pacific/Kiritimati"), ("LC_ALL", "C"), ("LANG", "tr_TR.UTF-8"), ("SOURCE_DATE_EPOCH", "1")];

/// Builds the page twice and compares.
pub(crate) fn run() -> Result<()> {
    page::build()?;
    // The path is longer than any usual one: the page must not depend on lengths either.
    let place = Temporary::new("reproduce-in-a-folder-with-a-long-name")?;
    let sources = place.path().join("some where/else");
    copy_sources(&sources)?;
    // The other build is done by this same program, so that xtask is not compiled again.
    let program = env::current_exe().context("cannot find this program")?;
    let mut build = command("sh");
    build.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(program).arg("page");
    build.env(TOP, &sources).env("CARGO_TARGET_DIR", place.path().join("output"));
    build
        .env("PASSMINT_CACHE", cache()?)
        .env("CARGO_HOME", other_cargo_home(place.path().join("cargo"))?)
        .envs(ELSEWHERE);
    sh(build.current_dir(&sources))?;

    let ours = files(&root().join("dist/page"))?;
    compare(&ours, &files(&sources.join("dist/page"))?)?;
    names_no_place(&ours, &[cargo_home()?, root(), sysroot()?])?;
    println!("both builds have the same {} files; the page's hash: {}", ours.len(), page::hash()?);
    Ok(())
}

type Files = BTreeMap<String, Vec<u8>>;

/// Fails if a file differs, or is in one folder only.
fn compare(ours: &Files, theirs: &Files) -> Result<()> {
    let mut differing: Vec<_> = ours.keys().chain(theirs.keys()).collect();
    differing.retain(|name| ours.get(*name) != theirs.get(*name));
    ensure!(differing.is_empty(), "these files differ between the builds: {differing:?}");
    Ok(())
}

/// Fails if a file names a folder of this machine: both builds could have named the same one.
fn names_no_place(files: &Files, places: &[PathBuf]) -> Result<()> {
    for place in places.iter().map(|place| format!("{}/", place.display())) {
        let naming = files.iter().find(|(_, bytes)| bytes.windows(place.len()).any(|part| part == place.as_bytes()));
        if let Some((name, _)) = naming {
            bail!("{name} names a path of this machine: {place}");
        }
    }
    Ok(())
}

/// The compiler's folder. With the component rust-src, it could name its own sources by their place there.
fn sysroot() -> Result<PathBuf> {
    let answer = command("rustc").args(["--print", "sysroot"]).output().context("cannot start rustc")?;
    ensure!(answer.status.success(), "rustc does not say where it is");
    Ok(String::from_utf8(answer.stdout)?.trim().into())
}

/// A cargo home at another path, with the downloads of the usual one.
fn other_cargo_home(home: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&home)?;
    for file in fs::read_dir(cargo_home()?).context("cargo has no home")? {
        let file = file?;
        std::os::unix::fs::symlink(file.path(), home.join(file.file_name()))?;
    }
    Ok(home)
}

/// The files of a folder and of those in it, by name.
fn files(folder: &Path) -> Result<Files> {
    let mut files = BTreeMap::new();
    for path in page::all_files(folder)? {
        files.insert(path.strip_prefix(folder)?.to_string_lossy().into_owned(), fs::read(&path)?);
    }
    ensure!(!files.is_empty(), "{} is empty", folder.display());
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn differing_files_are_named() {
        let files = of(&[("a", "1"), ("b", "2")]);
        assert!(compare(&files, &files).is_ok());
        for other in [&[("a", "1"), ("b", "3")][..], &[("a", "1")], &[("a", "1"), ("b", "2"), ("c", "")]] {
            assert!(compare(&files, &of(other)).is_err() && compare(&of(other), &files).is_err(), "{other:?}");
        }
    }

    #[test]
    fn paths_of_this_machine_are_found() {
        let files = of(&[("a", "…/home/ada/.cargo/registry/src"), ("b", "crates/wasm-bindgen")]);
        assert!(names_no_place(&files, &["/home/ada/.cargo".into()]).is_err());
        assert!(names_no_place(&files, &["/home/bob/.cargo".into(), "/home/ada/.car".into()]).is_ok());
    }
}
