//! The SQLite driver: one file, one connection that writes (`writer`), a few that read.
//!
//! WAL with `synchronous=FULL`: an answered write is on the disk. Readers never wait for the writer. Other processes
//! may have the same file open; SQLite's own locks keep them apart.

mod accounts;
mod backup;
mod credentials;
mod entries;
mod migrations;
mod operator;
mod sessions;
mod transfer;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

pub use self::backup::{DatabaseSummary, copy, examine};
use self::writer::Writer;
use super::pool::{Connect, ConnectFailure, Pool, PoolUsage};
use super::{Database, Hash, PasswordExpiry, ReadOnly, StoreError, Usage};

/// Time limit of a statement that waits for another process's lock, and of a read that waits for a connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: Pool<Reader>,
    /// The damage that `quick_check` has found. Reads go on, writes are refused: they could do more damage.
    damage: OnceLock<String>,
}

/// Opens connections that only read.
struct Reader {
    path: PathBuf,
}

impl Connect for Reader {
    type Connection = Connection;

    fn connect(&self, _: Instant) -> Result<Connection, ConnectFailure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
            .and_then(|connection| prepare(&connection).map(|()| connection))
            .map_err(|error| ConnectFailure::Unreachable(error.to_string()))
    }

    fn close(&self, connections: Vec<Connection>) {
        drop(connections);
    }

    /// A file has no network that could have cut the connection.
    fn is_usable(&self, _: &Connection, _: Duration) -> bool {
        true
    }
}

impl SqliteStore {
    /// Opens the file, makes or migrates its tables, and checks its integrity. At most `readers` connections read. A
    /// file that cannot be written is opened for reading; as soon as it can be, writes succeed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened, is no database, or has the schema of a newer Passmint;
    /// or if it has the schema of an older one and cannot be written.
    pub fn open(path: &Path, readers: usize) -> Result<Self, StoreError> {
        create_private(path)?;
        let damage = quick_check(path)?.map_or_else(OnceLock::new, OnceLock::from);
        let writer = Writer::new(path);
        if let Some(found) = damage.get() {
            tracing::error!(%found, "the database is damaged: serving reads only; restore a backup");
        } else if let Err(error) = writer.with(|_| Ok(())) {
            migrations::require_current(path)?;
            tracing::warn!(%error, "the database takes no writes: serving reads until it does");
        }
        let readers = Pool::new(Reader { path: path.to_owned() }, readers);
        // A file that cannot be read fails now, and not at the first request.
        readers.get(Instant::now())?.give_back();
        Ok(Self { path: path.to_owned(), writer, readers, damage })
    }

    /// Runs `work` in a write transaction: all of it or nothing. It may run twice: see [`Writer::write`].
    fn write<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(found) = self.damage.get() {
            return Err(StoreError::ReadOnly(ReadOnly::Damaged(found.clone())));
        }
        self.writer.write(work)
    }

    /// Runs `work` on one snapshot of the database.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = self.readers.get(Instant::now() + BUSY_TIMEOUT)?;
        let result = reader.connection.transaction().map_err(cause).and_then(|transaction| work(&transaction));
        reader.give_back();
        result
    }
}

impl Database for SqliteStore {
    /// Writes the schema's version over itself: only a write shows whether the file takes writes.
    fn check(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(cause)?;
            connection.pragma_update(None, "user_version", version).map_err(cause)
        })
    }

    fn look_for_damage(&self) -> Result<(), StoreError> {
        match quick_check(&self.path)? {
            Some(found) => Err(StoreError::ReadOnly(ReadOnly::Damaged(self.damage.get_or_init(|| found).clone()))),
            None => Ok(()),
        }
    }

    fn usage(&self) -> Usage {
        let PoolUsage { connections, in_use, .. } = self.readers.usage();
        Usage { connections: connections + 1, in_use, damaged: self.damage.get().is_some(), ..self.writer.usage() }
    }

    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError> {
        self.write(|connection| match server_key(connection)? {
            None => connection
                .execute("INSERT INTO server (only_row, key_fingerprint) VALUES (1, ?1)", params![fingerprint])
                .map(drop)
                .map_err(cause),
            Some(bound) if bound == *fingerprint => Ok(()),
            Some(_) => Err(StoreError::Taken),
        })
    }

    fn server_key(&self) -> Result<Option<Hash>, StoreError> {
        self.read(server_key)
    }

    /// A file has no password.
    fn password_expiry(&self) -> Result<PasswordExpiry, StoreError> {
        Ok(PasswordExpiry::Never)
    }
}

fn server_key(connection: &Connection) -> Result<Option<Hash>, StoreError> {
    connection.query_row("SELECT key_fingerprint FROM server", [], |row| row.get(0)).optional().map_err(cause)
}

/// Makes the file, if it is missing, readable by its owner only. SQLite gives its side files the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // A file that cannot be written may still be readable.
        Err(_) if path.is_file() => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))),
    }
}

/// Settings that hold for one connection.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Deleted content is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// The first damage that SQLite finds in the file, if any.
fn quick_check(path: &Path) -> Result<Option<String>, StoreError> {
    let connection = Connection::open(path).map_err(cause)?;
    prepare(&connection).map_err(cause)?;
    let answer: rusqlite::Result<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match answer {
        Ok(answer) if answer == "ok" => Ok(None),
        Ok(fault) => Ok(Some(fault)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(Some(error.to_string())),
        Err(error) => Err(cause(error)),
    }
}

/// Copies a database into an empty file, from one snapshot and while others write. (SQLite's backup interface would
/// begin anew after every write of another connection.)
fn copy_into(source: &Connection, target: &Path) -> Result<(), StoreError> {
    let target = target.to_str().ok_or_else(|| StoreError::Unavailable("the copy's path is not text".into()))?;
    source.execute("VACUUM INTO ?1", [target]).map(drop).map_err(cause)
}

/// The one place where SQLite's errors become the store's. Their texts name tables and files, never values.
fn cause(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) | None => StoreError::Fault(error.to_string()),
        Some(ErrorCode::DiskFull) => StoreError::ReadOnly(ReadOnly::DiskFull),
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(ReadOnly::File),
        Some(_) => StoreError::Unavailable(error.to_string()),
    }
}

/// As [`cause`], for an insert whose key may exist: a uniqueness conflict is [`StoreError::Taken`].
fn taken(error: rusqlite::Error) -> StoreError {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code {
        Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => StoreError::Taken,
        _ => cause(error),
    }
}

/// SQLite's integers are signed. No time, count or change number comes near the sign bit.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
