//! Puts an archive back into an empty data folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::archive::{self, DATABASE, SERVER_KEY};
use super::{Passphrase, Verification};
use crate::database::make_folder;
use crate::store::sqlite;

/// Writes the database and server key of an archive into a folder, after both were verified.
///
/// # Errors
/// If the folder holds a database or a key, or anything about the archive is wrong; the folder is left as it was.
pub fn restore(archive: &Path, data: &Path, passphrase: impl FnOnce() -> Result<Passphrase>) -> Result<Verification> {
    let files = [DATABASE.to_owned(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm"), SERVER_KEY.to_owned()];
    for file in files.map(|name| data.join(name)) {
        ensure!(!file.exists(), "{} exists: restore into an empty folder, or move it away first", file.display());
    }
    make_folder(data)?;
    let opened = archive::read(archive, data, passphrase)?;
    let summary = sqlite::examine(opened.database.path()).context("the database in it")?;
    if let Some(fault) = summary.faults.first() {
        bail!("the database in it is damaged ({fault}): use another archive");
    }
    if let (Some(key), Some(bound)) = (&opened.server_key, summary.server_key) {
        ensure!(*key.fingerprint() == bound, "the server key in it does not belong to its database");
    }
    // The key first: a database without one would be served with a new key, which opens no vault.
    if let Some(key) = &opened.server_key {
        key.store(&data.join(SERVER_KEY))?;
    }
    let place = data.join(DATABASE);
    let kept = opened.database.persist_noclobber(&place).map_err(|error| error.error);
    kept.with_context(|| format!("cannot make {}", place.display()))?;
    fs::File::open(data).and_then(|folder| folder.sync_all()).context("cannot write the data folder")?;
    Ok(Verification {
        summary,
        manifest: Some(opened.manifest),
        has_server_key: opened.server_key.is_some(),
        is_sealed: opened.is_sealed,
    })
}
