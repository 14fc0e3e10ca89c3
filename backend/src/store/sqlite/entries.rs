//! Sealed entries in SQLite. Every statement here names the account.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::bytes::Base64Url;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};
use shared::ids::{AccountId, EntryId};

use super::{SqliteStore, cause, integer};
use crate::store::decide::{self, AccountState, Current, NewRow, SavePlan};
use crate::store::{Entries, Millis, StoreError};

impl Entries for SqliteStore {
    fn list_changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        let (head, rows) = self.read(|connection| {
            let head: Option<Option<Vec<u8>>> = connection
                .prepare_cached("SELECT head FROM accounts WHERE id = ?1")
                .and_then(|mut query| query.query_row(params![account.as_bytes()], |row| row.get(0)).optional())
                .map_err(cause)?;
            let rows: Vec<RawVersion> = connection
                .prepare_cached(
                    "SELECT id, version, change_no, changed_at, deleted_at IS NOT NULL,
                            coalesce(sealed, sealed_deletion) FROM passwords
                     WHERE account_id = ?1 AND change_no > ?2 ORDER BY change_no LIMIT ?3",
                )
                .and_then(|mut query| {
                    // One row more than asked for shows whether more follow.
                    let binds = params![account.as_bytes(), integer(since), i64::from(limit) + 1];
                    query.query_map(binds, raw)?.collect()
                })
                .map_err(cause)?;
            Ok((head, rows))
        })?;
        let mut entries = rows.into_iter().map(RawVersion::check).collect::<Result<Vec<_>, _>>()?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(Changes { entries, head: head.flatten().map(Base64Url), more })
    }

    fn save_changes(
        &self,
        account: AccountId,
        save: &SaveChanges,
        entries_max: u64,
        now: Millis,
    ) -> Result<Saved, StoreError> {
        self.write(|connection| {
            let state = state(connection, account)?;
            let writes = match decide::save(&state, save, entries_max, |id| current(connection, account, id))? {
                SavePlan::Write(writes) => writes,
                SavePlan::Done => return done(connection, account, state.change_no),
                SavePlan::Stale(id) => return Err(stale(connection, account, id)?),
            };
            for row in &writes.rows {
                write(connection, account, row, now)?;
            }
            connection
                .prepare_cached("UPDATE accounts SET change_no = ?2, entries = ?3, head = ?4 WHERE id = ?1")
                .and_then(|mut update| {
                    let (change_no, entries) = (integer(writes.change_no), integer(writes.entries));
                    update.execute(params![account.as_bytes(), change_no, entries, save.head.as_bytes()])
                })
                .map_err(cause)?;
            Ok(Saved { change_no: writes.change_no, changed_at: now })
        })
    }
}

fn state(connection: &Connection, account: AccountId) -> Result<AccountState, StoreError> {
    let read = |row: &Row<'_>| {
        let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(AccountState { change_no: number(0)?, entries: number(1)?, key_no: row.get(2)?, head: row.get(3)? })
    };
    connection
        .prepare_cached("SELECT change_no, entries, key_no, head FROM accounts WHERE id = ?1")
        .and_then(|mut query| query.query_row(params![account.as_bytes()], read).optional())
        .map_err(cause)?
        .ok_or(StoreError::NotFound)
}

fn current(connection: &Connection, account: AccountId, id: EntryId) -> Result<Option<Current>, StoreError> {
    let read = |row: &Row<'_>| Ok(Current { version: row.get(0)?, deleted: row.get(1)? });
    connection
        .prepare_cached("SELECT version, deleted_at IS NOT NULL FROM passwords WHERE account_id = ?1 AND id = ?2")
        .and_then(|mut query| query.query_row(params![account.as_bytes(), id.as_bytes()], read).optional())
        .map_err(cause)
}

/// The answer to the account's last save.
fn done(connection: &Connection, account: AccountId, change_no: u64) -> Result<Saved, StoreError> {
    let changed_at: i64 = connection
        .prepare_cached("SELECT changed_at FROM passwords WHERE account_id = ?1 AND change_no = ?2")
        .and_then(|mut query| query.query_row(params![account.as_bytes(), integer(change_no)], |row| row.get(0)))
        .map_err(cause)?;
    Ok(Saved { change_no, changed_at: changed_at.unsigned_abs() })
}

/// The error for a change that replaces another version than the entry's.
fn stale(connection: &Connection, account: AccountId, id: EntryId) -> Result<StoreError, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT id, version, change_no, changed_at, deleted_at IS NOT NULL,
                            coalesce(sealed, sealed_deletion) FROM passwords
             WHERE account_id = ?1 AND id = ?2",
        )
        .and_then(|mut query| query.query_row(params![account.as_bytes(), id.as_bytes()], raw).optional())
        .map_err(cause)?;
    let entry = row.map(RawVersion::check).transpose()?;
    Ok(entry.map_or(StoreError::NotFound, |entry| StoreError::Stale(Box::new(entry))))
}

fn write(connection: &Connection, account: AccountId, row: &NewRow<'_>, now: Millis) -> Result<(), StoreError> {
    let NewRow { change, change_no, .. } = row;
    let bytes = change.sealed.as_bytes();
    let (sealed, deletion) = if change.sealed.is_deletion() { (None, Some(bytes)) } else { (Some(bytes), None) };
    connection
        .prepare_cached(
            "INSERT INTO passwords (account_id, id, version, change_no, sealed, sealed_deletion, deleted_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (account_id, id) DO UPDATE SET version = excluded.version, change_no = excluded.change_no,
                sealed = excluded.sealed, sealed_deletion = excluded.sealed_deletion,
                deleted_at = excluded.deleted_at, changed_at = excluded.changed_at",
        )
        .and_then(|mut upsert| {
            upsert.execute(params![
                account.as_bytes(),
                change.id.as_bytes(),
                change.version,
                integer(*change_no),
                sealed,
                deletion,
                deletion.map(|_| integer(now)),
                integer(now),
            ])
        })
        .map(drop)
        .map_err(cause)
}

/// A row as it was read, not yet validated.
struct RawVersion {
    id: [u8; 16],
    version: u32,
    change_no: i64,
    changed_at: i64,
    deleted: bool,
    sealed: Option<Vec<u8>>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawVersion> {
    Ok(RawVersion {
        id: row.get(0)?,
        version: row.get(1)?,
        change_no: row.get(2)?,
        changed_at: row.get(3)?,
        deleted: row.get(4)?,
        sealed: row.get(5)?,
    })
}

impl RawVersion {
    fn check(self) -> Result<StoredVersion, StoreError> {
        Ok(StoredVersion {
            id: self.id.try_into().map_err(|error| StoreError::Fault(format!("passwords.id: {error}")))?,
            version: self.version,
            change_no: self.change_no.unsigned_abs(),
            changed_at: self.changed_at.unsigned_abs(),
            deleted: self.deleted,
            sealed: self.sealed.map(Base64Url),
        })
    }
}
