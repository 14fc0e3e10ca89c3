//! Copies of a SQLite file, and a close look at one: what a backup is made of, and how it is known to be whole.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::migrations::STEPS;
use super::{cause, prepare};
use crate::store::{Hash, StoreError};

/// Faults that are told of one file at most.
const FAULTS_MAX: usize = 10;

/// What is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseSummary {
    /// The version of its schema.
    pub schema: u32,
    pub accounts: u64,
    /// Entries that are not deleted.
    pub entries: u64,
    /// Entries of which only the number is left.
    pub deleted: u64,
    pub passkeys: u64,
    pub invites: u64,
    /// The fingerprint of the server key that it belongs to, if it was ever used.
    pub server_key: Option<Hash>,
    /// What is wrong with it. Each is a sentence that holds no data of anyone's.
    pub faults: Vec<String>,
}

/// Copies what a file holds at one moment into an empty one, while others read and write it. Sessions stay behind: nobody
/// should be logged in again by a backup.
///
/// # Errors
/// [`StoreError::Unavailable`] if either cannot be used.
pub fn copy(source: &Path, target: &Path) -> Result<(), StoreError> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(cause)?;
    prepare(&source).map_err(cause)?;
    copy_all(&source, target)?;
    let target = Connection::open(target).map_err(cause)?;
    prepare(&target).map_err(cause)?;
    target.execute_batch("DELETE FROM sessions").map_err(cause)
}

/// Copies everything into an empty file. In one go and from one snapshot, whoever writes meanwhile: SQLite's other way, its
/// backup interface, begins anew whenever another connection has written.
pub(super) fn copy_all(source: &Connection, target: &Path) -> Result<(), StoreError> {
    let target = target.to_str().ok_or_else(|| StoreError::Unavailable("the copy's path is not text".into()))?;
    source.execute("VACUUM INTO ?1", [target]).map(drop).map_err(cause)
}

/// Reads every page and every index of a file, and counts what accounts say of themselves against what is there.
///
/// # Errors
/// [`StoreError::Unavailable`] if it cannot be opened, or is no database of Passmint's. Damage is no error, but a fault of
/// the answer.
pub fn examine(file: &Path) -> Result<DatabaseSummary, StoreError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(cause)?;
    prepare(&connection).map_err(cause)?;
    // One snapshot for all that follows.
    connection.execute_batch("BEGIN").map_err(cause)?;
    let schema: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(cause)?;
    if schema == 0 {
        return Err(StoreError::Unavailable("it is no database of Passmint's".into()));
    }
    let mut summary = DatabaseSummary { schema, faults: integrity(&connection)?, ..DatabaseSummary::default() };
    if schema as usize > STEPS.len() {
        summary.faults.push(format!(
            "its schema has version {schema}, this Passmint knows up to {}: use the newer Passmint",
            STEPS.len()
        ));
    }
    // What a damaged file says of itself is worth nothing.
    if summary.faults.is_empty()
        && let Err(error) = count(&connection, &mut summary)
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
    summary.entries = number("SELECT count(*) FROM passwords WHERE sealed IS NOT NULL").map_err(cause)?;
    summary.deleted = number("SELECT count(*) FROM passwords WHERE sealed IS NULL").map_err(cause)?;
    summary.invites = number("SELECT count(*) FROM invites").map_err(cause)?;
    if summary.schema >= 2 {
        summary.passkeys = number("SELECT count(*) FROM passkeys").map_err(cause)?;
    }
    summary.server_key = super::transfer::server_key(connection)?;
    // Each change raises its account's number by one, and one entry's version.
    let of_account = "FROM accounts a LEFT JOIN (
        SELECT account_id, count(sealed) AS live, sum(version) AS versions, max(change_no) AS last FROM passwords
        GROUP BY account_id) p ON p.account_id = a.id WHERE";
    for (what, differs) in [
        ("have another number of entries than they say", "a.entries <> coalesce(p.live, 0)"),
        ("miss changes, or have too many", "a.change_no <> coalesce(p.versions, 0)"),
        ("have a last change that is another than they say", "a.change_no <> coalesce(p.last, 0)"),
    ] {
        let accounts = number(&format!("SELECT count(*) {of_account} {differs}")).map_err(cause)?;
        if accounts > 0 {
            summary.faults.push(format!("{accounts} accounts {what}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
