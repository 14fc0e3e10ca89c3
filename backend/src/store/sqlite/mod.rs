//! The SQLite driver: one file, one connection that writes (`writer`), a few that read.
//!
//! WAL with `synchronous=FULL`: an answered write is on the disk. Readers never wait for the writer. Other processes
//! may have the same file open; SQLite's own locks keep them apart.

mod accounts;
mod backup;
mod credentials;
mod migrations;
mod passwords;
mod sessions;
mod transfer;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::passwords::{Changes, NewVersion, StoredEntry};
use shared::sessions::CredentialName;

pub use self::backup::{DatabaseSummary, copy, examine};
use self::writer::Writer;
use super::{
    Credential, Hash, Invite, Lifetime, LiveSession, Millis, NewAccount, NewSecret, NewSession, Put, ReadOnly, Store,
    StoreError, StoredAccount, StoredInvite, StoredSession, Usage,
};

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// What `quick_check` has found wrong. Reads go on, writes are refused: they could do more damage.
    damage: OnceLock<String>,
}

impl SqliteStore {
    /// Opens the file, makes or migrates its tables, and checks its integrity. At most `readers` connections read. A
    /// file that cannot be written is opened for reading; as soon as it can be, writes succeed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened, is no database, or is a newer Passmint's; and if it is an
    /// older one's and cannot be written.
    pub fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        create_private(path)?;
        let damage = quick_check(path)?.map_or_else(OnceLock::new, OnceLock::from);
        let writer = Writer::new(path);
        if let Some(found) = damage.get() {
            tracing::error!(%found, "the database is damaged: serving reads only; restore a backup");
        } else if let Err(error) = writer.with(|_| Ok(())) {
            // Whether it can be read as it is.
            migrations::refuse_others(path)?;
            tracing::warn!(%error, "the database takes no writes: serving reads until it does");
        }
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| prepare(connection));
        let readers = r2d2::Pool::builder()
            .max_size(readers)
            .min_idle(Some(1))
            .connection_timeout(BUSY_TIMEOUT)
            .build(manager)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { path: path.to_owned(), writer, readers, damage })
    }

    /// Runs `work` in a write transaction: all of it or nothing.
    fn write<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(found) = self.damage.get() {
            return Err(StoreError::ReadOnly(ReadOnly::Damaged(found.clone())));
        }
        self.writer.write(work)
    }

    /// Runs `work` on one snapshot of the database.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = self.readers.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let transaction = reader.transaction().map_err(cause)?;
        work(&transaction)
    }
}

impl Store for SqliteStore {
    fn check(&self) -> Result<(), StoreError> {
        self.write(accounts::probe)
    }

    fn look_for_damage(&self) -> Result<(), StoreError> {
        match quick_check(&self.path)? {
            Some(found) => Err(StoreError::ReadOnly(ReadOnly::Damaged(self.damage.get_or_init(|| found).clone()))),
            None => Ok(()),
        }
    }

    fn usage(&self) -> Usage {
        let readers = self.readers.state();
        let open = u64::from(readers.connections);
        Usage {
            connections: open + 1,
            in_use: open.saturating_sub(u64::from(readers.idle_connections)),
            damaged: self.damage.get().is_some(),
            ..self.writer.usage()
        }
    }

    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError> {
        self.write(|connection| accounts::bind_server_key(connection, fingerprint))
    }

    fn has_accounts(&self) -> Result<bool, StoreError> {
        self.read(accounts::any)
    }

    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        self.write(|connection| accounts::add_invite(connection, invite))
    }

    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.read(|connection| accounts::check_invite(connection, code_hash, now))
    }

    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| accounts::create(connection, account, invite_hash, now))
    }

    fn username(&self, account: AccountId) -> Result<Username, StoreError> {
        self.read(|connection| accounts::username(connection, account))
    }

    fn delete_account(&self, account: AccountId) -> Result<(), StoreError> {
        self.write(|connection| accounts::delete(connection, account))
    }

    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        self.read(|connection| credentials::credential(connection, username, name))
    }

    fn set_credential(&self, secret: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| credentials::set(connection, secret, passkeys_max, now))
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.read(|connection| credentials::passkeys(connection, account))
    }

    fn remove_passkey(&self, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
        self.write(|connection| credentials::remove_passkey(connection, account, id))
    }

    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Base64Url, StoreError> {
        self.write(|connection| sessions::open(connection, session, lifetime, now))
    }

    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError> {
        self.read(|connection| sessions::live(connection, token_hash, lifetime, now))
    }

    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| sessions::touch(connection, token_hash, now))
    }

    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError> {
        self.read(|connection| sessions::list(connection, account, lifetime, now))
    }

    fn end_session(&self, token_hash: &Hash) -> Result<(), StoreError> {
        self.write(|connection| sessions::end(connection, token_hash))
    }

    fn end_listed_session(&self, account: AccountId, id: SessionId) -> Result<(), StoreError> {
        self.write(|connection| sessions::end_listed(connection, account, id))
    }

    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash) -> Result<(), StoreError> {
        self.write(|connection| sessions::end_others(connection, account, token_hash))
    }

    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        self.read(|connection| passwords::changes(connection, account, since, limit))
    }

    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, StoreError> {
        self.write(|connection| passwords::put(connection, put, entries_max, now))
    }

    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<NewVersion, StoreError> {
        self.write(|connection| passwords::delete(connection, account, id, replaces, now))
    }

    fn server_key(&self) -> Result<Option<Hash>, StoreError> {
        self.read(transfer::server_key)
    }

    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError> {
        self.read(|connection| transfer::account_after(connection, after))
    }

    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError> {
        self.read(transfer::invites)
    }

    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError> {
        self.write(|connection| transfer::upsert_account(connection, account))
    }

    fn insert_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError> {
        self.write(|connection| transfer::insert_entries(connection, account, entries))
    }

    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError> {
        self.write(|connection| transfer::upsert_invite(connection, invite))
    }
}

/// Makes the file, if it is missing, readable by its owner only. SQLite gives its side files the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // It may be readable.
        Err(_) if path.is_file() => Ok(()),
        Err(error) => Err(StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))),
    }
}

/// Settings that hold for one connection.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// What SQLite finds wrong with the file, if anything.
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

/// The one place where SQLite's errors become the store's. Their texts name tables and files, never values.
fn cause(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) | None => StoreError::Fault(error.to_string()),
        Some(ErrorCode::DiskFull) => StoreError::ReadOnly(ReadOnly::DiskFull),
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(ReadOnly::File),
        Some(_) => StoreError::Unavailable(error.to_string()),
    }
}

/// Like [`cause`], for inserts of which another with the same key may exist.
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
