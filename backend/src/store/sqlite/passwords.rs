//! Sealed entries in SQLite. Every statement here names the account.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::ids::{AccountId, EntryId};
use shared::passwords::{Changes, NewVersion, SealedEntry, StoredEntry};

use super::{SqliteStore, cause, integer};
use crate::store::decide::{self, Decision};
use crate::store::{Millis, Passwords, Put, StoreError};

impl Passwords for SqliteStore {
    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        let (latest, rows) = self.read(|connection| {
            let latest: Option<i64> = connection
                .prepare_cached("SELECT change_no FROM accounts WHERE id = ?1")
                .and_then(|mut query| query.query_row(params![account.as_bytes()], |row| row.get(0)).optional())
                .map_err(cause)?;
            let rows: Vec<RawEntry> = connection
                .prepare_cached(
                    "SELECT id, version, change_no, changed_at, sealed FROM passwords
                     WHERE account_id = ?1 AND change_no > ?2 ORDER BY change_no LIMIT ?3",
                )
                .and_then(|mut query| {
                    // One row more than asked for shows whether more follow.
                    let binds = params![account.as_bytes(), integer(since), i64::from(limit) + 1];
                    query.query_map(binds, raw)?.collect()
                })
                .map_err(cause)?;
            Ok((latest, rows))
        })?;
        let mut entries = rows.into_iter().map(RawEntry::check).collect::<Result<Vec<_>, _>>()?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(Changes { entries, latest: latest.unwrap_or_default().unsigned_abs(), more })
    }

    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, StoreError> {
        self.write(|connection| {
            let added = match decide::put(current(connection, put.account, put.id)?, put)? {
                Decision::Done(written) => return Ok(written),
                Decision::Write { added } => added,
            };
            let (change_no, entries) = next_change(connection, put.account, added)?;
            if added > 0 && entries > entries_max {
                return Err(StoreError::Full);
            }
            let version = decide::next(put.replaces);
            connection
                .prepare_cached(
                    "INSERT INTO passwords (account_id, id, version, change_no, sealed, deleted_at, changed_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6)
                     ON CONFLICT (account_id, id) DO UPDATE SET version = excluded.version,
                        change_no = excluded.change_no, sealed = excluded.sealed, sealed_deletion = NULL, deleted_at = NULL,
                        changed_at = excluded.changed_at",
                )
                .and_then(|mut upsert| {
                    upsert.execute(params![
                        put.account.as_bytes(),
                        put.id.as_bytes(),
                        version,
                        integer(change_no),
                        put.sealed.as_bytes(),
                        integer(now),
                    ])
                })
                .map_err(cause)?;
            Ok(NewVersion { version, change_no, changed_at: now })
        })
    }

    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<NewVersion, StoreError> {
        self.write(|connection| {
            let added = match decide::delete(current(connection, account, id)?, replaces)? {
                Decision::Done(written) => return Ok(written),
                Decision::Write { added } => added,
            };
            let (change_no, _) = next_change(connection, account, added)?;
            let version = decide::next(replaces);
            connection
                .prepare_cached(
                    "UPDATE passwords SET version = ?3, change_no = ?4, sealed = NULL, sealed_deletion = NULL, deleted_at = ?5,
                        changed_at = ?5
                     WHERE account_id = ?1 AND id = ?2",
                )
                .and_then(|mut update| {
                    let (account, id) = (account.as_bytes(), id.as_bytes());
                    update.execute(params![account, id, version, integer(change_no), integer(now)])
                })
                .map_err(cause)?;
            Ok(NewVersion { version, change_no, changed_at: now })
        })
    }
}

/// Raises the account's change number by one and its number of entries by `added`, and returns both.
fn next_change(connection: &Connection, account: AccountId, added: i64) -> Result<(u64, u64), StoreError> {
    let row: Option<(i64, i64)> = connection
        .prepare_cached(
            "UPDATE accounts SET change_no = change_no + 1, entries = entries + ?2 WHERE id = ?1
             RETURNING change_no, entries",
        )
        .and_then(|mut update| {
            update.query_row(params![account.as_bytes(), added], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(cause)?;
    let (change_no, entries) = row.ok_or(StoreError::NotFound)?;
    Ok((change_no.unsigned_abs(), entries.unsigned_abs()))
}

fn current(connection: &Connection, account: AccountId, id: EntryId) -> Result<Option<StoredEntry>, StoreError> {
    connection
        .prepare_cached(
            "SELECT id, version, change_no, changed_at, sealed FROM passwords WHERE account_id = ?1 AND id = ?2",
        )
        .and_then(|mut query| query.query_row(params![account.as_bytes(), id.as_bytes()], raw).optional())
        .map_err(cause)?
        .map(RawEntry::check)
        .transpose()
}

/// A row as it was read, not yet validated.
struct RawEntry {
    id: [u8; 16],
    version: u32,
    change_no: i64,
    changed_at: i64,
    sealed: Option<Vec<u8>>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawEntry> {
    Ok(RawEntry {
        id: row.get(0)?,
        version: row.get(1)?,
        change_no: row.get(2)?,
        changed_at: row.get(3)?,
        sealed: row.get(4)?,
    })
}

impl RawEntry {
    fn check(self) -> Result<StoredEntry, StoreError> {
        Ok(StoredEntry {
            id: self.id.try_into().map_err(|error| StoreError::Fault(format!("passwords.id: {error}")))?,
            version: self.version,
            change_no: self.change_no.unsigned_abs(),
            changed_at: self.changed_at.unsigned_abs(),
            sealed: self
                .sealed
                .map(SealedEntry::try_from)
                .transpose()
                .map_err(|error| StoreError::Fault(format!("passwords.sealed: {error}")))?,
        })
    }
}
