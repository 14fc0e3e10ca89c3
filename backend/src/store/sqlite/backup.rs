//! Copies of a SQLite file for backups, and the verification of one.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::accounts::account_id;
use super::migrations::MIGRATIONS;
use super::{cause, copy_into, prepare, server_key};
use crate::store::{Hash, StoreError, UnreadableRows};

/// At most this many damages are listed.
const FAULTS_MAX: usize = 10;

/// The contents of a database file, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseSummary {
    /// The version of its schema.
    pub schema: u32,
    pub accounts: u64,
    /// Entries that are not deleted.
    pub entries: u64,
    /// Tombstones of deleted entries.
    pub deleted: u64,
    pub passkeys: u64,
    pub invites: u64,
    /// The fingerprint of the server key that it is bound to, if it was ever used.
    pub server_key: Option<Hash>,
    /// Entries that no browser can open. They are no fault: everything else can be used, and a copy keeps them.
    pub unreadable: UnreadableRows,
    /// One sentence for each fault. They contain no user data.
    pub faults: Vec<String>,
}

/// Copies one snapshot of a file into an empty one, while others read and write it. Sessions are left out: a restored
/// backup must not log anybody in.
///
/// # Errors
/// [`StoreError::Unavailable`] if either cannot be used.
pub fn copy(source: &Path, target: &Path) -> Result<(), StoreError> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(cause)?;
    prepare(&source).map_err(cause)?;
    copy_into(&source, target)?;
    let target = Connection::open(target).map_err(cause)?;
    prepare(&target).map_err(cause)?;
    target.execute_batch("DELETE FROM sessions").map_err(cause)
}

/// Reads every page and every index of a file, and compares the counters of accounts with their rows.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be opened, or is no database of Passmint. Damage is not an error: it
/// is listed in [`DatabaseSummary::faults`].
pub fn examine(file: &Path) -> Result<DatabaseSummary, StoreError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(cause)?;
    prepare(&connection).map_err(cause)?;
    // One snapshot for all that follows.
    connection.execute_batch("BEGIN").map_err(cause)?;
    let schema: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(cause)?;
    if schema == 0 {
        return Err(StoreError::Unavailable("it is no database of Passmint".into()));
    }
    let mut summary = DatabaseSummary { schema, faults: integrity(&connection)?, ..DatabaseSummary::default() };
    if schema as usize > MIGRATIONS.len() {
        summary.faults.push(format!(
            "its schema has version {schema}, this Passmint knows up to {}: use the newer Passmint",
            MIGRATIONS.len()
        ));
    }
    // The numbers of a damaged file mean nothing.
    if summary.faults.is_empty()
        && let Err(error) = count(&connection, &mut summary).and_then(|()| find_unreadable(&connection, &mut summary))
    {
        summary.faults.push(error.to_string());
    }
    Ok(summary)
}

fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    let mut check = || {
        let mut query = connection.prepare(&format!("PRAGMA integrity_check({FAULTS_MAX})"))?;
        for line in query.query_map([], |row| row.get::<_, String>(0))? {
            let line = line?;
            if line != "ok" {
                faults.push(format!("damaged: {}", line.lines().next().unwrap_or_default()));
            }
        }
        let mut query = connection.prepare("SELECT count(*) FROM pragma_foreign_key_check")?;
        let orphans: i64 = query.query_row([], |row| row.get(0))?;
        if orphans > 0 {
            faults.push(format!("{orphans} rows belong to no account"));
        }
        Ok::<_, rusqlite::Error>(())
    };
    match check() {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            faults.push(format!("damaged: {error}"));
            Ok(faults)
        }
        Err(error) => Err(cause(error)),
        Ok(()) => Ok(faults),
    }
}

fn count(connection: &Connection, summary: &mut DatabaseSummary) -> Result<(), StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    summary.accounts = number("SELECT count(*) FROM accounts").map_err(cause)?;
    summary.entries = number("SELECT count(*) FROM passwords WHERE deleted_at IS NULL").map_err(cause)?;
    summary.deleted = number("SELECT count(*) FROM passwords WHERE deleted_at IS NOT NULL").map_err(cause)?;
    summary.invites = number("SELECT count(*) FROM invites").map_err(cause)?;
    if summary.schema >= 2 {
        summary.passkeys = number("SELECT count(*) FROM passkeys").map_err(cause)?;
    }
    summary.server_key = server_key(connection)?;
    let accounts_with_totals = "FROM accounts a LEFT JOIN (
        SELECT account_id, count(*) - count(deleted_at) AS live, count(*) AS listed, max(change_no) AS last
        FROM passwords GROUP BY account_id) p ON p.account_id = a.id WHERE";
    for (fault, differs) in [
        ("do not have the number of entries that they state", "a.entries <> coalesce(p.live, 0)"),
        ("have more entries than changes", "a.change_no < coalesce(p.listed, 0)"),
        ("do not end with the change that they state", "a.change_no <> coalesce(p.last, 0)"),
    ] {
        let accounts = number(&format!("SELECT count(*) {accounts_with_totals} {differs}")).map_err(cause)?;
        if accounts > 0 {
            summary.faults.push(format!("{accounts} accounts {fault}"));
        }
    }
    Ok(())
}

/// Reads the beginning of each sealed entry.
fn find_unreadable(connection: &Connection, summary: &mut DatabaseSummary) -> Result<(), StoreError> {
    // Before schema 3 vault keys had no numbers.
    let key_no = if summary.schema >= 3 { "a.key_no" } else { "0" };
    let mut query = connection
        .prepare(&format!(
            "SELECT p.account_id, p.id, substr(p.sealed, 1, 5), length(p.sealed), {key_no}
             FROM passwords p JOIN accounts a ON a.id = p.account_id WHERE p.sealed IS NOT NULL"
        ))
        .map_err(cause)?;
    let mut rows = query.query([]).map_err(cause)?;
    while let Some(row) = rows.next().map_err(cause)? {
        // SQLite's substr is NULL for an empty value.
        let row = || {
            let start: Option<Vec<u8>> = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, start.unwrap_or_default(), row.get::<_, i64>(3)?, row.get(4)?))
        };
        let (account, entry, start, len, key_no): ([u8; 16], [u8; 16], _, _, u32) = row().map_err(cause)?;
        let entry = entry.try_into().map_err(|error| StoreError::Fault(format!("passwords.id: {error}")))?;
        summary.unreadable.add(account_id(account)?, entry, &start, len.unsigned_abs(), key_no);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
