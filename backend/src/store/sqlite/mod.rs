//! The SQLite driver: one file, one connection that writes, a few that read.
//!
//! WAL with `synchronous=FULL`: an answered write is on the disk. Readers never wait for the writer. Other processes
//! may have the same file open; SQLite's own locks keep them apart.

mod accounts;
mod credentials;
mod migrations;
mod moving;
mod passwords;
mod sessions;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use shared::accounts::Login;
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::passwords::{Changes, StoredEntry, Written};
use shared::sessions::CredentialName;

use super::{
    Credential, Hash, Invite, Lifetime, LiveSession, Millis, NewAccount, NewSecret, NewSession, Put, Store, StoreError,
    StoredSession, USE_GRAIN, WholeAccount, WholeInvite,
};

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in one SQLite file.
pub struct SqliteStore {
    writer: Mutex<Connection>,
    readers: r2d2::Pool<SqliteConnectionManager>,
    /// What `quick_check` found wrong at start. Reads go on, writes are refused: they could do more damage.
    corruption: Option<String>,
}

impl SqliteStore {
    /// Opens the file, makes or migrates its tables, and checks its integrity. At most `readers` connections read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened, is no database, or is a newer Passmint's.
    pub fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        create_private(path)?;
        let mut writer = Connection::open(path).map_err(cause)?;
        prepare(&writer).map_err(cause)?;
        let corruption = quick_check(&writer)?;
        if corruption.is_none() {
            writer.pragma_update(None, "journal_mode", "wal").map_err(cause)?;
            migrations::run(&mut writer)?;
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
        Ok(Self { writer: Mutex::new(writer), readers, corruption })
    }

    /// Runs `work` in one write transaction: all of it or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(found) = &self.corruption {
            return Err(StoreError::Unavailable(format!("read-only because the database is damaged: {found}")));
        }
        // A poisoned lock means that a writer panicked; its transaction was rolled back when it was dropped.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Immediate: a transaction that reads first and writes later could not get the lock half-way.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(cause)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(cause)?;
        Ok(done)
    }

    /// Runs `work` on one snapshot of the database.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = self.readers.get().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let transaction = reader.transaction().map_err(cause)?;
        work(&transaction)
    }
}

impl Store for SqliteStore {
    fn check(&self) -> Result<(), StoreError> {
        self.write(|transaction| accounts::any(transaction).map(drop))
    }

    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError> {
        self.write(|transaction| accounts::bind_server_key(transaction, fingerprint))
    }

    fn has_accounts(&self) -> Result<bool, StoreError> {
        self.read(accounts::any)
    }

    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        self.write(|transaction| accounts::add_invite(transaction, invite))
    }

    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.read(|transaction| accounts::check_invite(transaction, code_hash, now))
    }

    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|transaction| accounts::create(transaction, account, invite_hash, now))
    }

    fn login(&self, account: AccountId) -> Result<Login, StoreError> {
        self.read(|transaction| accounts::login(transaction, account))
    }

    fn delete_account(&self, account: AccountId) -> Result<(), StoreError> {
        self.write(|transaction| accounts::delete(transaction, account))
    }

    fn credential(&self, login: &Login, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        self.read(|transaction| credentials::credential(transaction, login, name))
    }

    fn set_credential(&self, secret: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        self.write(|transaction| credentials::set(transaction, secret, passkeys_max, now))
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.read(|transaction| credentials::passkeys(transaction, account))
    }

    fn remove_passkey(&self, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
        self.write(|transaction| credentials::remove_passkey(transaction, account, id))
    }

    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Base64Url, StoreError> {
        self.write(|transaction| sessions::open(transaction, session, lifetime, now))
    }

    fn use_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError> {
        let (session, used_at) = self.read(|transaction| sessions::live(transaction, token_hash, lifetime, now))?;
        if now.saturating_sub(used_at) >= USE_GRAIN {
            self.write(|transaction| sessions::touch(transaction, token_hash, now))?;
        }
        Ok(session)
    }

    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError> {
        self.read(|transaction| sessions::list(transaction, account, lifetime, now))
    }

    fn end_session(&self, token_hash: &Hash) -> Result<(), StoreError> {
        self.write(|transaction| sessions::end(transaction, token_hash))
    }

    fn end_listed_session(&self, account: AccountId, id: SessionId) -> Result<(), StoreError> {
        self.write(|transaction| sessions::end_listed(transaction, account, id))
    }

    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash) -> Result<(), StoreError> {
        self.write(|transaction| sessions::end_others(transaction, account, token_hash))
    }

    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        self.read(|transaction| passwords::changes(transaction, account, since, limit))
    }

    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<Written, StoreError> {
        self.write(|transaction| passwords::put(transaction, put, entries_max, now))
    }

    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<Written, StoreError> {
        self.write(|transaction| passwords::delete(transaction, account, id, replaces, now))
    }

    fn server_key(&self) -> Result<Option<Hash>, StoreError> {
        self.read(moving::server_key)
    }

    fn account_after(&self, after: Option<AccountId>) -> Result<Option<WholeAccount>, StoreError> {
        self.read(|transaction| moving::account_after(transaction, after))
    }

    fn invites(&self) -> Result<Vec<WholeInvite>, StoreError> {
        self.read(moving::invites)
    }

    fn take_account(&self, account: &WholeAccount) -> Result<(), StoreError> {
        self.write(|transaction| moving::take_account(transaction, account))
    }

    fn take_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError> {
        self.write(|transaction| moving::take_entries(transaction, account, entries))
    }

    fn take_invite(&self, invite: &WholeInvite) -> Result<(), StoreError> {
        self.write(|transaction| moving::take_invite(transaction, invite))
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
fn quick_check(connection: &Connection) -> Result<Option<String>, StoreError> {
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
