//! Sealed entries in Oracle. Every statement here names the account.

use std::collections::BTreeMap;

use oracle::Batch;
use oracle::sql_type::{OracleType, ToSql};
use shared::bytes::Base64Url;
use shared::changes::{Change, Changes, SaveChanges, Saved, StoredVersion};
use shared::ids::{AccountId, EntryId};

use super::connect::TimedConnection;
use super::remedy::Code;
use super::sql::RAW_MAX;
use super::{OpError, OracleStore, bytes, first, sql};
use crate::store::decide::{self, AccountState, Current, NewRow, SavePlan, Writes};
use crate::store::{Entries, Millis, StoreError};

/// A row as read: id, version, change number, time, time of deletion, sealed bytes if they are not large, and sealed
/// deletion.
type Row = (Vec<u8>, u32, u64, u64, Option<u64>, Option<Vec<u8>>, Option<Vec<u8>>);

/// A list is read at most this often. Reading repeats if a large entry in it changed meanwhile.
const READS_MAX: usize = 3;

/// Number of ids in [`sql::VERSIONS`].
const VERSIONS: usize = 20;

impl Entries for OracleStore {
    fn list_changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        self.run(|connection, _| {
            for _ in 0..READS_MAX {
                if let Some(changes) = read_changes(connection, account, since, limit)? {
                    return Ok(changes);
                }
            }
            Err(StoreError::Unavailable("large entries change faster than they can be listed".into()).into())
        })
    }

    fn save_changes(
        &self,
        account: AccountId,
        save: &SaveChanges,
        entries_max: u64,
        now: Millis,
    ) -> Result<Saved, StoreError> {
        self.run(|connection, _| {
            if let [change] = save.changes.as_slice()
                && let Some(saved) = save_one(connection, account, save, change, entries_max, now)?
            {
                return Ok(saved);
            }
            save_any(connection, account, save, entries_max, now)
        })
    }
}

/// `None` if a large entry changed after the list was read and before its bytes were.
fn read_changes(
    connection: &TimedConnection<'_>,
    account: AccountId,
    since: u64,
    limit: u32,
) -> Result<Option<Changes>, OpError> {
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    // One row more than asked for shows whether more follow; all of them come in one round trip.
    let wanted = limit.saturating_add(1);
    let mut query =
        connection.now()?.statement(sql::LIST_CHANGES).fetch_array_size(wanted).prefetch_rows(wanted + 1).build()?;
    let binds: [(&str, &dyn ToSql); 3] = [("since", &since), ("account", &account.as_bytes()), ("wanted", &wanted)];
    let mut changes = Changes { entries: Vec::new(), head: None, more: false };
    for row in query.query_named(&binds)? {
        let row = row?;
        if changes.head.is_none() {
            changes.head = row.get::<_, Option<Vec<u8>>>(0)?.map(Base64Url);
        }
        // An account without changes is one row without an entry.
        let Some(id) = row.get::<_, Option<Vec<u8>>>(1)? else { continue };
        if changes.entries.len() == limit as usize {
            changes.more = true;
            break;
        }
        let row: Row = (id, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?);
        let Some(entry) = entry(connection, account, row)? else { return Ok(None) };
        changes.entries.push(entry);
    }
    Ok(Some(changes))
}

/// The entry of a row; large bytes are fetched separately. `None` if it has another version by then.
fn entry(connection: &TimedConnection<'_>, account: AccountId, row: Row) -> Result<Option<StoredVersion>, OpError> {
    let (id, version, change_no, changed_at, deleted_at, sealed, deletion) = row;
    let id: [u8; 16] = bytes(id, "passwords.id")?;
    let deleted = deleted_at.is_some();
    let mut sealed = if deleted { deletion } else { sealed };
    if sealed.is_none() && !deleted {
        let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("entry", &&id)];
        let large: Option<(u32, Option<Vec<u8>>)> = first(connection, sql::LARGE, &binds)?;
        match large {
            Some((now, bytes)) if now == version => sealed = bytes,
            _ => return Ok(None),
        }
    }
    let id = entry_id(id)?;
    Ok(Some(StoredVersion { id, version, change_no, changed_at, deleted, sealed: sealed.map(Base64Url) }))
}

fn entry_id(id: [u8; 16]) -> Result<EntryId, OpError> {
    Ok(id.try_into().map_err(|error| StoreError::Fault(format!("passwords.id: {error}")))?)
}

/// Saves a new entry in one round trip. `None` if that is impossible; [`save_any`] finds out why.
fn save_one(
    connection: &TimedConnection<'_>,
    account: AccountId,
    save: &SaveChanges,
    change: &Change,
    entries_max: u64,
    now: Millis,
) -> Result<Option<Saved>, OpError> {
    let (sealed, key_no) = (change.sealed.as_bytes(), save.head.key_no());
    let is_new = change.replaces == 0 && change.version > 0 && !change.sealed.is_deletion();
    if !is_new || sealed.len() > RAW_MAX || change.sealed.key_no() != key_no {
        return Ok(None);
    }
    let most = i64::try_from(entries_max).unwrap_or(i64::MAX);
    let mut block = connection.now()?.statement(sql::SAVE_ONE).build()?;
    let binds: [(&str, &dyn ToSql); 10] = [
        ("account", &account.as_bytes()),
        ("most", &most),
        ("key_no", &key_no),
        ("replaces", &save.replaces.as_bytes()),
        ("head", &save.head.as_bytes()),
        ("change_no", &OracleType::Int64),
        ("entry", &change.id.as_bytes()),
        ("version", &change.version),
        ("now", &now),
        ("sealed", &sealed),
    ];
    match block.execute_named(&binds) {
        Ok(()) => {}
        // The entry exists: the change is stale. The error has rolled the block back.
        Err(error) if Code::of(&error) == Some(Code::Ora(1)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let change_no: Option<u64> = block.bind_value("change_no")?;
    Ok(change_no.map(|change_no| Saved { change_no, changed_at: now }))
}

/// Saves changes under the account's lock, in several round trips.
fn save_any(
    connection: &TimedConnection<'_>,
    account: AccountId,
    save: &SaveChanges,
    entries_max: u64,
    now: Millis,
) -> Result<Saved, OpError> {
    let by_account: (&str, &dyn ToSql) = ("account", &account.as_bytes());
    let row: Option<(u64, u64, u32, Option<Vec<u8>>)> = first(connection, sql::LOCK_STATE, &[by_account])?;
    let (change_no, entries, key_no, head) = row.ok_or(OpError::Store(StoreError::NotFound))?;
    let state = AccountState { change_no, entries, key_no, head };
    // Read with the first entry that is asked for: most refusals need none.
    let mut versions = None;
    let current = |id| {
        if versions.is_none() {
            versions = Some(read_versions(connection, account, &save.changes)?);
        }
        Ok::<_, OpError>(versions.as_ref().and_then(|versions| versions.get(&id)).copied())
    };
    let writes = match decide::save(&state, save, entries_max, current)? {
        SavePlan::Write(writes) => writes,
        SavePlan::Done => {
            let binds: [(&str, &dyn ToSql); 2] = [by_account, ("change_no", &change_no)];
            let changed_at: Option<u64> = first(connection, sql::TIME_OF_CHANGE, &binds)?;
            let changed_at = changed_at.ok_or_else(|| StoreError::Fault("the last change has no row".into()))?;
            connection.rollback()?;
            return Ok(Saved { change_no, changed_at });
        }
        SavePlan::Stale(id) => return Err(stale(connection, account, id)?.into()),
    };
    write(connection, account, &writes, now)?;
    let binds: [(&str, &dyn ToSql); 4] =
        [("change_no", &writes.change_no), ("entries", &writes.entries), ("head", &save.head.as_bytes()), by_account];
    connection.execute_named(sql::SET_STATE, &binds)?;
    connection.commit()?;
    Ok(Saved { change_no: writes.change_no, changed_at: now })
}

/// The versions of the entries that are to be changed, as far as they exist.
fn read_versions(
    connection: &TimedConnection<'_>,
    account: AccountId,
    changes: &[Change],
) -> Result<BTreeMap<EntryId, Current>, OpError> {
    const NAMES: [&str; VERSIONS] = [
        "e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "e10", "e11", "e12", "e13", "e14", "e15", "e16",
        "e17", "e18", "e19",
    ];
    let mut versions = BTreeMap::new();
    for chunk in changes.chunks(VERSIONS) {
        let ids: Vec<&[u8; 16]> = chunk.iter().map(|change| change.id.as_bytes()).collect();
        let account = account.as_bytes();
        let mut binds: Vec<(&str, &dyn ToSql)> = vec![("account", &account)];
        let last = ids.len() - 1;
        binds.extend(NAMES.iter().enumerate().map(|(place, name)| (*name, &ids[place.min(last)] as &dyn ToSql)));
        // One more than there can be: the last round trip is saved.
        let rows = VERSIONS as u32;
        let now = connection.now()?;
        let mut query = now.statement(sql::VERSIONS).fetch_array_size(rows).prefetch_rows(rows + 1).build()?;
        for row in query.query_as_named::<(Vec<u8>, u32, Option<u64>)>(&binds)? {
            let (id, version, deleted_at) = row?;
            let id = entry_id(bytes(id, "passwords.id")?)?;
            versions.insert(id, Current { version, deleted: deleted_at.is_some() });
        }
    }
    Ok(versions)
}

/// The error for a change that replaces another version than the entry's.
fn stale(connection: &TimedConnection<'_>, account: AccountId, id: EntryId) -> Result<StoreError, OpError> {
    let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("entry", &id.as_bytes())];
    let row: Option<Row> = first(connection, sql::ONE_ENTRY, &binds)?;
    let Some(row) = row else { return Ok(StoreError::NotFound) };
    // Nobody changes it under the lock.
    let entry = entry(connection, account, row)?;
    let entry = entry.ok_or_else(|| StoreError::Fault("an entry changed under its lock".into()))?;
    Ok(StoreError::Stale(Box::new(entry)))
}

/// Writes rows: those that are not large in one round trip for new entries, and one for others.
fn write(
    connection: &TimedConnection<'_>,
    account: AccountId,
    writes: &Writes<'_>,
    now: Millis,
) -> Result<(), OpError> {
    let account = account.as_bytes();
    for exists in [false, true] {
        let (statement, large_statement) =
            if exists { (sql::NEXT_ROW, sql::NEXT_LARGE_ROW) } else { (sql::NEW_ROW, sql::NEW_LARGE_ROW) };
        let mut batch = None;
        for NewRow { change, change_no, .. } in writes.rows.iter().filter(|row| row.exists == exists) {
            let (id, sealed) = (change.id.as_bytes(), change.sealed.as_bytes());
            let key: [(&str, &dyn ToSql); 5] = [
                ("account", &account),
                ("entry", &id),
                ("version", &change.version),
                ("change_no", change_no),
                ("now", &now),
            ];
            if sealed.len() > RAW_MAX {
                // As LONG RAW, bytes of any length go into a BLOB with the statement itself.
                let large = (&sealed, &OracleType::LongRaw);
                let binds = [&key[..], &[("sealed", &large as &dyn ToSql)]].concat();
                connection.execute_named(large_statement, &binds)?;
                continue;
            }
            let (entry, deletion) =
                if change.sealed.is_deletion() { (None, Some(sealed)) } else { (Some(sealed), None) };
            let deleted_at = deletion.map(|_| now);
            let values: [(&str, &dyn ToSql); 3] =
                [("deleted_at", &deleted_at), ("sealed", &entry), ("deletion", &deletion)];
            let batch = match &mut batch {
                Some(batch) => batch,
                // One more than will come: a full batch would be sent at once.
                empty => empty.insert(new_batch(connection, statement, writes.rows.len() + 1)?),
            };
            batch.append_row_named(&[&key[..], &values[..]].concat())?;
        }
        if let Some(mut batch) = batch {
            batch.execute()?;
        }
    }
    Ok(())
}

fn new_batch<'c>(connection: &TimedConnection<'c>, statement: &str, size: usize) -> Result<Batch<'c>, OpError> {
    let mut batch = connection.now()?.batch(statement, size).build()?;
    // The types are set before the first row, which may have NULLs there.
    batch.set_type("deleted_at", &OracleType::Int64)?;
    batch.set_type("sealed", &OracleType::Raw(RAW_MAX as u32))?;
    batch.set_type("deletion", &OracleType::Raw(RAW_MAX as u32))?;
    Ok(batch)
}
