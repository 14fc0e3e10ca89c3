//! Creates an archive of a database that is in use, and verifies it before it gets its name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::archive::{self, DATABASE, archive_name};
use super::{Passphrase, verify};
use crate::server_key::ServerKey;
use crate::store::Store;
use crate::store::sqlite::{self, DatabaseSummary, SqliteStore};
use crate::store::transfer::{self, TransferError};

/// Attempts at copying an Oracle database that changes during the copy.
const TRIES: usize = 3;

/// The database to back up.
pub enum Source<'a> {
    /// A SQLite file.
    File(&'a Path),
    /// Another database.
    Store(&'a dyn Store),
}

/// A new backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewArchive {
    /// The archive.
    pub file: PathBuf,
    /// The archive's size.
    pub bytes: u64,
    /// Its content.
    pub summary: DatabaseSummary,
}

/// Creates an archive, reads it back, and only then gives it its name. An existing file is never overwritten.
///
/// # Errors
/// If the database cannot be read, is damaged, or belongs to another server key; if the archive cannot be written, or
/// does not read back. No file is left then.
pub fn create(
    source: &Source<'_>,
    key: Option<&ServerKey>,
    target: &Path,
    passphrase: Option<Passphrase>,
) -> Result<NewArchive> {
    let target =
        if target.is_dir() { target.join(archive_name(crate::now(), passphrase.is_some())) } else { target.into() };
    ensure!(!target.exists(), "{} exists already: name a new file", target.display());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let work = tempfile::Builder::new()
        .prefix(".passmint-backup-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    let copy = copy(source, work.path())?;
    let summary = sqlite::examine(&copy).context("the copy of the database")?;
    if let Some(fault) = summary.faults.first() {
        bail!("the database is damaged ({fault}): there is no backup of it; keep the older backups");
    }
    if let Some(key) = key {
        ensure!(
            summary.server_key.is_none_or(|bound| bound == *key.fingerprint()),
            "the server key does not belong to this database"
        );
    }
    let mut archive = tempfile::NamedTempFile::new_in(work.path()).context("cannot write the archive")?;
    archive::write(archive.as_file_mut(), &copy, &summary, key, passphrase.as_ref())
        .context("cannot write the archive")?;
    archive.as_file().sync_all().context("cannot write the archive")?;
    let bytes = archive.as_file().metadata().context("cannot write the archive")?.len();
    let ask = || passphrase.context("an archive without a passphrase came out sealed");
    let verified = verify::archive(archive.path(), work.path(), ask).context("the archive does not read back")?;
    ensure!(verified.summary == summary, "the archive does not read back as it was written");
    let place = || format!("cannot make {}", target.display());
    archive.persist_noclobber(&target).map_err(|error| error.error).with_context(place)?;
    // Makes the new name durable.
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(place)?;
    Ok(NewArchive { file: target, bytes, summary })
}

fn copy(source: &Source<'_>, work: &Path) -> Result<PathBuf> {
    let copy = work.join(DATABASE);
    match source {
        Source::File(file) => {
            ensure!(file.is_file(), "there is no database {}: name its folder with --data", file.display());
            sqlite::copy(file, &copy).context("cannot copy the database")?;
        }
        Source::Store(store) => {
            let mut tries = 0;
            loop {
                tries += 1;
                let into = SqliteStore::open(&copy, 1).context("cannot write the copy")?;
                match transfer::transfer(*store, &into, &mut |_| {}) {
                    Ok(_) => break,
                    // Something was saved during the copy.
                    Err(TransferError::Different | TransferError::OtherData) if tries < TRIES => {}
                    Err(error) => return Err(error).context("cannot copy the database"),
                }
                drop(into);
                for end in ["", "-wal", "-shm"] {
                    let file = work.join(format!("{DATABASE}{end}"));
                    if file.exists() {
                        fs::remove_file(&file)?;
                    }
                }
            }
            // Copied once more, so that it is one file without a write-ahead log.
            let whole = work.join("whole.db");
            sqlite::copy(&copy, &whole).context("cannot copy the database")?;
            return Ok(whole);
        }
    }
    Ok(copy)
}
