//! SealedEntry entries in Oracle. Every statement here names the account.

use oracle::sql_type::{OracleType, ToSql};
use shared::ids::{AccountId, EntryId};
use shared::passwords::{Changes, NewVersion, SealedEntry, StoredEntry};

use super::connect::TimedConnection;
use super::remedy::Code;
use super::sql::RAW_MAX;
use super::{OpError, OracleStore, bytes, first, sql};
use crate::store::decide::{self, Decision};
use crate::store::{Millis, Passwords, Put, StoreError};

/// A row as read: id, version, change number, time, time of deletion, sealed bytes if they are not large.
type Row = (Vec<u8>, u32, u64, u64, Option<u64>, Option<Vec<u8>>);

/// A list is read at most this often. Reading repeats if a large entry in it changed meanwhile.
const READS_MAX: usize = 3;

impl Passwords for OracleStore {
    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        self.run(|connection, _| {
            for _ in 0..READS_MAX {
                if let Some(changes) = read_changes(connection, account, since, limit)? {
                    return Ok(changes);
                }
            }
            Err(StoreError::Unavailable("large entries change faster than they can be listed".into()).into())
        })
    }

    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, StoreError> {
        self.run(|connection, _| {
            if put.replaces == 0
                && put.sealed.as_bytes().len() <= RAW_MAX
                && let Some(written) = save_new(connection, put, entries_max, now)?
            {
                return Ok(written);
            }
            save_any(connection, put, entries_max, now)
        })
    }

    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<NewVersion, StoreError> {
        self.run(|connection, _| {
            let Some(counters) = lock(connection, account)? else { return Err(StoreError::NotFound.into()) };
            let added = match decide::delete(current(connection, account, id)?, replaces)? {
                Decision::Done(written) => {
                    connection.rollback()?;
                    return Ok(written);
                }
                Decision::Write { added } => added,
            };
            let (version, change_no) = (decide::next(replaces), counters.change_no + 1);
            let written = NewVersion { version, change_no, changed_at: now };
            write_counters(connection, account, change_no, counters.entries.saturating_add_signed(added))?;
            let binds: [(&str, &dyn ToSql); 5] = [
                ("version", &version),
                ("change_no", &change_no),
                ("now", &now),
                ("account", &account.as_bytes()),
                ("entry", &id.as_bytes()),
            ];
            connection.execute_named(sql::DELETE_ENTRY, &binds)?;
            connection.commit()?;
            Ok(written)
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
        connection.now()?.statement(sql::CHANGES).fetch_array_size(wanted).prefetch_rows(wanted + 1).build()?;
    let binds: [(&str, &dyn ToSql); 3] = [("since", &since), ("account", &account.as_bytes()), ("wanted", &wanted)];
    let mut changes = Changes { entries: Vec::new(), latest: 0, more: false };
    for row in query.query_named(&binds)? {
        let row = row?;
        changes.latest = row.get(0)?;
        // An account without changes is one row without an entry.
        let Some(id) = row.get::<_, Option<Vec<u8>>>(1)? else { continue };
        if changes.entries.len() == limit as usize {
            changes.more = true;
            break;
        }
        let row: Row = (id, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
        let Some(entry) = entry(connection, account, row)? else { return Ok(None) };
        changes.entries.push(entry);
    }
    Ok(Some(changes))
}

/// The entry of a row; large bytes are fetched separately. `None` if it has another version by then.
fn entry(connection: &TimedConnection<'_>, account: AccountId, row: Row) -> Result<Option<StoredEntry>, OpError> {
    let (id, version, change_no, changed_at, deleted_at, mut sealed) = row;
    let fault = |text: String| OpError::Store(StoreError::Fault(text));
    let id: [u8; 16] = bytes(id, "passwords.id")?;
    if sealed.is_none() && deleted_at.is_none() {
        let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("entry", &&id)];
        let large: Option<(u32, Option<Vec<u8>>)> = first(connection, sql::LARGE, &binds)?;
        match large {
            Some((now, bytes)) if now == version => sealed = bytes,
            _ => return Ok(None),
        }
        if sealed.is_none() {
            return Err(fault("an entry has no bytes".into()));
        }
    }
    let sealed =
        sealed.map(SealedEntry::try_from).transpose().map_err(|error| fault(format!("passwords.sealed: {error}")))?;
    let id = id.try_into().map_err(|error| fault(format!("passwords.id: {error}")))?;
    Ok(Some(StoredEntry { id, version, change_no, changed_at, sealed }))
}

/// Saves an entry under the account's lock, in several round trips.
fn save_any(connection: &TimedConnection<'_>, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, OpError> {
    let Some(counters) = lock(connection, put.account)? else { return Err(StoreError::NotFound.into()) };
    let current = current(connection, put.account, put.id)?;
    let exists = current.is_some();
    let added = match decide::put(current, put)? {
        Decision::Done(written) => {
            connection.rollback()?;
            return Ok(written);
        }
        Decision::Write { added } => added,
    };
    let written =
        NewVersion { version: decide::next(put.replaces), change_no: counters.change_no + 1, changed_at: now };
    let entries = counters.entries.saturating_add_signed(added);
    if added > 0 && entries > entries_max {
        return Err(StoreError::Full.into());
    }
    write_counters(connection, put.account, written.change_no, entries)?;
    let bytes = put.sealed.as_bytes();
    let is_large = bytes.len() > RAW_MAX;
    let statement = match (exists, is_large) {
        (false, false) => sql::ADD_ENTRY,
        (false, true) => sql::ADD_LARGE,
        (true, false) => sql::REPLACE_ENTRY,
        (true, true) => sql::REPLACE_LARGE,
    };
    // As LONG RAW, bytes of any length go into a BLOB with the statement itself.
    let large = (&bytes, &OracleType::LongRaw);
    let sealed: &dyn ToSql = if is_large { &large } else { &bytes };
    let binds: [(&str, &dyn ToSql); 6] = [
        ("version", &written.version),
        ("change_no", &written.change_no),
        ("now", &now),
        ("sealed", sealed),
        ("account", &put.account.as_bytes()),
        ("entry", &put.id.as_bytes()),
    ];
    connection.execute_named(statement, &binds)?;
    connection.commit()?;
    Ok(written)
}

/// Saves a new entry in one round trip. `None` if that is impossible; [`save_any`] finds out why.
fn save_new(
    connection: &TimedConnection<'_>,
    put: &Put,
    entries_max: u64,
    now: Millis,
) -> Result<Option<NewVersion>, OpError> {
    let most = i64::try_from(entries_max).unwrap_or(i64::MAX);
    let bytes = put.sealed.as_bytes();
    let mut block = connection.now()?.statement(sql::SAVE_NEW).build()?;
    let binds: [(&str, &dyn ToSql); 6] = [
        ("account", &put.account.as_bytes()),
        ("most", &most),
        ("change_no", &OracleType::Int64),
        ("entry", &put.id.as_bytes()),
        ("now", &now),
        ("sealed", &bytes),
    ];
    match block.execute_named(&binds) {
        Ok(()) => {}
        // The entry exists: this put was done before, or is stale. The error has rolled the block back.
        Err(error) if Code::of(&error) == Some(Code::Ora(1)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let change_no: Option<u64> = block.bind_value("change_no")?;
    Ok(change_no.map(|change_no| NewVersion { version: 1, change_no, changed_at: now }))
}

/// An account's counters. Every change of an entry locks them first.
struct Counters {
    change_no: u64,
    entries: u64,
}

fn lock(connection: &TimedConnection<'_>, account: AccountId) -> Result<Option<Counters>, OpError> {
    let row: Option<(u64, u64)> = first(connection, sql::LOCK_ACCOUNT, &[("account", &account.as_bytes())])?;
    Ok(row.map(|(change_no, entries)| Counters { change_no, entries }))
}

fn write_counters(
    connection: &TimedConnection<'_>,
    account: AccountId,
    change_no: u64,
    entries: u64,
) -> Result<(), OpError> {
    let binds: [(&str, &dyn ToSql); 3] =
        [("change_no", &change_no), ("entries", &entries), ("account", &account.as_bytes())];
    connection.execute_named(sql::COUNT_CHANGE, &binds)?;
    Ok(())
}

/// The entry, read under the account's lock.
fn current(connection: &TimedConnection<'_>, account: AccountId, id: EntryId) -> Result<Option<StoredEntry>, OpError> {
    let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("entry", &id.as_bytes())];
    let row: Option<Row> = first(connection, sql::CURRENT, &binds)?;
    match row {
        None => Ok(None),
        // Nobody changes it under the lock.
        Some(row) => match entry(connection, account, row)? {
            Some(entry) => Ok(Some(entry)),
            None => Err(StoreError::Fault("an entry changed under its lock".into()).into()),
        },
    }
}
