//! Checks that an archive or a data folder is intact: every page, every account's counters, and the server key.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Passphrase;
use super::archive::{self, Manifest};
use crate::database::sqlite_file;
use crate::server_key::ServerKey;
use crate::store::sqlite::{self, DatabaseSummary};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Content of the database, with the faults that were found.
    pub summary: DatabaseSummary,
    /// The archive's manifest; `None` for a data folder.
    pub manifest: Option<Manifest>,
    /// True if there is a server key.
    pub has_server_key: bool,
    /// True if an archive is sealed.
    pub is_sealed: bool,
}

/// Verifies an archive. Its database is unpacked into `folder` and deleted afterwards.
///
/// # Errors
/// If it cannot be read, or does not match its manifest.
pub fn archive(archive: &Path, folder: &Path, passphrase: impl FnOnce() -> Result<Passphrase>) -> Result<Verification> {
    let opened = archive::read(archive, folder, passphrase)?;
    let mut summary = sqlite::examine(opened.database.path()).context("the database in it")?;
    let manifest = opened.manifest;
    if (summary.accounts, summary.entries) != (manifest.accounts, manifest.entries) && summary.faults.is_empty() {
        summary.faults.push("it holds another number of accounts or entries than its manifest says".into());
    }
    let key = opened.server_key.map(|key| *key.fingerprint());
    if let (Some(key), Some(bound)) = (key, summary.server_key)
        && key != bound
    {
        summary.faults.push("the server key in it does not belong to its database".into());
    }
    Ok(Verification { summary, manifest: Some(manifest), has_server_key: key.is_some(), is_sealed: opened.is_sealed })
}

/// Verifies the SQLite file and the server key of a data folder. The server may run meanwhile.
///
/// # Errors
/// If there is no database, or it cannot be read.
pub fn folder(folder: &Path) -> Result<Verification> {
    let file = sqlite_file(folder);
    ensure!(file.is_file(), "there is no {} in {}", archive::DATABASE, folder.display());
    let mut summary = sqlite::examine(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let key = ServerKey::find(folder)?;
    match (&key, summary.server_key) {
        (Some(key), Some(bound)) if *key.fingerprint() != bound => {
            summary.faults.push("the server key does not belong to this database".into());
        }
        (None, Some(_)) => summary.faults.push("there is no server key: without it no vault opens".into()),
        _ => {}
    }
    Ok(Verification { summary, manifest: None, has_server_key: key.is_some(), is_sealed: false })
}
