//! Scheduled jobs of the server: backups and integrity checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::archive::is_archive_name;
use super::{NewArchive, Passphrase, Source, create};
use crate::server::gate::{Gate, GateError};
use crate::server_key::ServerKey;
use crate::store::{ReadOnly, StoreError};

const HOUR: Duration = Duration::from_hours(1);
/// Pause after a failed backup before the next attempt.
const RETRY: Duration = Duration::from_mins(15);

/// Settings of scheduled backups and integrity checks.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Scheduled backups and integrity checks")]
pub struct BackupSchedule {
    /// Existing folder for scheduled backups, best on another disk. If it is not set, there are none.
    #[arg(long, env = "PASSMINT_BACKUP_FOLDER", value_name = "FOLDER")]
    pub backup_folder: Option<PathBuf>,
    /// Hours between scheduled backups; 0 for none.
    #[arg(long, env = "PASSMINT_BACKUP_HOURS", default_value_t = 24, value_name = "HOURS",
          value_parser = clap::value_parser!(u64).range(0..=8784))]
    pub backup_hours: u64,
    /// Number of scheduled backups to keep; older ones are deleted once a new one is verified.
    #[arg(long, env = "PASSMINT_BACKUP_KEEP", default_value_t = 14, value_name = "NUMBER",
          value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub backup_keep: u64,
    /// File whose first line is the passphrase that seals the backups [default: PASSMINT_BACKUP_PASSPHRASE, if set].
    #[arg(long, env = "PASSMINT_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
    /// Hours between checks of the database for damage; 0 for a check at the start only.
    #[arg(long, env = "PASSMINT_DAMAGE_HOURS", default_value_t = 24, value_name = "HOURS",
          value_parser = clap::value_parser!(u64).range(0..=8784))]
    pub damage_hours: u64,
}

impl BackupSchedule {
    /// Starts the backups and the integrity checks. `sqlite` is the database's file, if SQLite is the database.
    ///
    /// # Errors
    /// If a setting is wrong: the operator should learn of it now, not when a backup is needed.
    pub fn start(&self, gate: &Gate, key: &Arc<ServerKey>, sqlite: Option<PathBuf>) -> Result<()> {
        if self.damage_hours > 0 {
            let (gate, every) = (gate.clone(), HOUR * u32::try_from(self.damage_hours).unwrap_or(u32::MAX));
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(every).await;
                    look_for_damage(&gate).await;
                }
            });
        }
        let Some(folder) = &self.backup_folder else { return Ok(()) };
        if self.backup_hours == 0 {
            return Ok(());
        }
        ensure!(folder.is_dir(), "--backup-folder names {}, which is not a folder: create it first", folder.display());
        let sealed = Passphrase::find(self.backup_passphrase_file.as_deref())?.is_some();
        if !sealed {
            tracing::warn!(
                "backups are not sealed: whoever gets one has the server key too; see --backup-passphrase-file"
            );
        }
        let every = HOUR * u32::try_from(self.backup_hours).unwrap_or(u32::MAX);
        gate.metrics().backups_scheduled();
        let backups = BackupJob { schedule: self.clone(), folder: folder.clone(), key: Arc::clone(key), sqlite };
        tokio::spawn(backups.run(gate.clone(), every));
        Ok(())
    }
}

/// Creates the scheduled backups.
struct BackupJob {
    schedule: BackupSchedule,
    folder: PathBuf,
    key: Arc<ServerKey>,
    sqlite: Option<PathBuf>,
}

impl BackupJob {
    async fn run(self, gate: Gate, every: Duration) {
        let backups = Arc::new(self);
        // A backup from before this start counts, so that restarts cause no additional ones.
        let mut wait = match age_of_newest(&backups.folder) {
            Some(age) => every.saturating_sub(age),
            None => Duration::ZERO,
        };
        loop {
            tokio::time::sleep(wait).await;
            let these = Arc::clone(&backups);
            let made = gate.run_unbounded(move |store| Ok(these.create(store))).await;
            wait = match made.map_err(anyhow::Error::from).flatten() {
                Ok(NewArchive { bytes, summary, .. }) => {
                    tracing::info!(bytes, accounts = summary.accounts, entries = summary.entries, "a backup was made");
                    let unreadable = summary.unreadable.count;
                    if unreadable > 0 {
                        tracing::warn!(unreadable, "some entries cannot be opened: `passmint verify` names them");
                    }
                    gate.metrics().backup_made(crate::now());
                    every
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "no backup was made");
                    gate.metrics().backup_failed();
                    RETRY.min(every)
                }
            };
        }
    }

    fn create(&self, store: &dyn crate::store::Store) -> Result<NewArchive> {
        let passphrase = Passphrase::find(self.schedule.backup_passphrase_file.as_deref())?;
        let source = self.sqlite.as_deref().map_or(Source::Store(store), Source::File);
        let made = create(&source, Some(&self.key), &self.folder, passphrase)?;
        if let Err(error) = prune(&self.folder, usize::try_from(self.schedule.backup_keep).unwrap_or(usize::MAX)) {
            tracing::warn!(error = format!("{error:#}"), "old backups could not be deleted");
        }
        Ok(made)
    }
}

/// The archives in a folder by their names, the oldest first.
fn archives(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for file in listed {
        let path = file?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_archive_name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Time since the newest archive was made.
fn age_of_newest(folder: &Path) -> Option<Duration> {
    let newest = archives(folder).ok()?.pop()?;
    SystemTime::now().duration_since(newest.metadata().ok()?.modified().ok()?).ok()
}

/// Deletes the oldest ones beyond `keep`.
fn prune(folder: &Path, keep: usize) -> Result<()> {
    let files = archives(folder)?;
    for old in &files[..files.len().saturating_sub(keep)] {
        fs::remove_file(old).with_context(|| format!("cannot delete {}", old.display()))?;
    }
    Ok(())
}

/// Makes the store look for damage and logs the result. A store that finds any refuses writes from then on.
pub async fn look_for_damage(gate: &Gate) {
    match gate.run_unbounded(|store| store.look_for_damage()).await {
        Ok(()) => tracing::debug!("the database was checked and is intact"),
        Err(GateError::Store(StoreError::ReadOnly(ReadOnly::Damaged(found)))) => {
            tracing::error!(found, "the database is damaged: serving reads only; restore a backup");
        }
        Err(error) => tracing::warn!(%error, "the database could not be looked through"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prune_deletes_only_the_oldest_archives() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "passmint-20260101T000000Z.tar",
            "passmint-20260102T000000Z.tar.sealed",
            "passmint-20260103T000000Z.tar",
            "passmint-before-the-move.tar",
            "diary.txt",
        ];
        for name in names {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        prune(folder.path(), 3).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
        prune(folder.path(), 2).unwrap();
        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!(names.map(left), [false, true, true, true, true]);
    }
}
