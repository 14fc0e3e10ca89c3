//! The schema, as numbered migrations. A migration that has been released is never changed.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{cause, copy_into};
use crate::store::StoreError;

/// Migration `n` (from 1) leads from schema version `n - 1` to `n`. SQLite stores the version as `user_version`.
pub(super) const MIGRATIONS: &[&str] = &[
    // 1: the first release.
    "CREATE TABLE server (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        key_fingerprint BLOB NOT NULL
    ) STRICT;
    CREATE TABLE accounts (
        id BLOB PRIMARY KEY CHECK (length(id) = 16),
        login TEXT NOT NULL UNIQUE CHECK (login <> ''),
        passphrase_record BLOB NOT NULL CHECK (length(passphrase_record) > 0),
        passphrase_key BLOB NOT NULL CHECK (length(passphrase_key) > 0),
        recovery_record BLOB NOT NULL CHECK (length(recovery_record) > 0),
        recovery_key BLOB NOT NULL CHECK (length(recovery_key) > 0),
        epoch INTEGER NOT NULL,
        change_no INTEGER NOT NULL,
        entries INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE passwords (
        account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        id BLOB NOT NULL,
        version INTEGER NOT NULL,
        change_no INTEGER NOT NULL,
        sealed BLOB,
        deleted_at INTEGER,
        changed_at INTEGER NOT NULL,
        PRIMARY KEY (account_id, id),
        UNIQUE (account_id, change_no),
        CHECK ((sealed IS NULL) = (deleted_at IS NOT NULL))
    ) STRICT;
    CREATE TABLE sessions (
        token_hash BLOB PRIMARY KEY,
        account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_account ON sessions (account_id);
    CREATE TABLE invites (
        code_hash BLOB PRIMARY KEY,
        expires_at INTEGER NOT NULL,
        used_at INTEGER,
        setup INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;",
    // 2: passkeys, and names of devices.
    "ALTER TABLE sessions ADD COLUMN device TEXT CHECK (device <> '');
    CREATE TABLE passkeys (
        account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        id BLOB NOT NULL CHECK (length(id) > 0),
        opaque_record BLOB NOT NULL CHECK (length(opaque_record) > 0),
        wrapped_key BLOB NOT NULL CHECK (length(wrapped_key) > 0),
        created_at INTEGER NOT NULL,
        used_at INTEGER,
        PRIMARY KEY (account_id, id)
    ) STRICT, WITHOUT ROWID;",
    // 3: sealed deletions, heads, numbers of vault keys and suites, verified passkeys, changes of credentials, and ended
    // sessions.
    "ALTER TABLE passwords ADD COLUMN sealed_deletion BLOB CHECK (sealed_deletion IS NULL OR sealed IS NULL);
    ALTER TABLE accounts ADD COLUMN passphrase_suite INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE accounts ADD COLUMN recovery_suite INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE accounts ADD COLUMN key_no INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN earlier_keys BLOB CHECK (length(earlier_keys) > 0);
    ALTER TABLE accounts ADD COLUMN head BLOB CHECK (length(head) > 0);
    ALTER TABLE accounts ADD COLUMN invite_hash BLOB;
    ALTER TABLE passkeys ADD COLUMN suite INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE passkeys ADD COLUMN verifier BLOB CHECK (length(verifier) > 0);
    ALTER TABLE passkeys ADD COLUMN origin TEXT CHECK (origin <> '');
    ALTER TABLE sessions ADD COLUMN ended_at INTEGER;
    CREATE TABLE credential_changes (
        account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        change_no INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        device TEXT CHECK (device <> ''),
        address TEXT CHECK (address <> ''),
        PRIMARY KEY (account_id, change_no)
    ) STRICT, WITHOUT ROWID;",
];

/// Before an older file is migrated, copies it beside itself, as `FILE.before-schema-N`. An existing copy stays.
pub(super) fn copy_before_migration(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let version = version(connection)?;
    if version == 0 || version as usize == MIGRATIONS.len() {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-schema-{}", MIGRATIONS.len()));
    let (copy, folder) = (Path::new(&name), path.parent().unwrap_or(Path::new(".")));
    if copy.exists() {
        return Ok(());
    }
    let failed = |error: std::io::Error| {
        StoreError::Unavailable(format!(
            "the database has an older schema, and cannot be copied before it is migrated: {error}"
        ))
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    copy_into(connection, file.path())?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(copy) {
        Ok(_) => {
            tracing::info!(copy = %copy.display(), "the database is migrated for this version; this is a copy of it as it was");
            Ok(())
        }
        // Another process that started at the same time has made it.
        Err(_) if copy.exists() => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

/// Runs the missing migrations, each in a transaction of its own.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    loop {
        // The version is read under the write lock: of two processes that start at once, the second finds it raised.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(cause)?;
        let version = version(&transaction)?;
        let Some(migration) = MIGRATIONS.get(version as usize) else { return Ok(()) };
        transaction.execute_batch(migration).map_err(cause)?;
        transaction.pragma_update(None, "user_version", version + 1).map_err(cause)?;
        transaction.commit().map_err(cause)?;
    }
}

/// Succeeds if the file has the newest schema, so that it can be read without being migrated.
pub(super) fn require_current(path: &Path) -> Result<(), StoreError> {
    let version =
        version(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(cause)?)? as usize;
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "the database has schema version {version}, needs {}, and cannot be written",
        MIGRATIONS.len()
    )))
}

/// The version of a database's schema.
///
/// # Errors
/// [`StoreError::Unavailable`] if it is a newer Passmint's.
fn version(connection: &Connection) -> Result<u32, StoreError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(cause)?;
    if version as usize <= MIGRATIONS.len() {
        return Ok(version);
    }
    Err(StoreError::Unavailable(format!(
        "the database has schema version {version}, this Passmint knows up to {}: run the newer Passmint",
        MIGRATIONS.len()
    )))
}
