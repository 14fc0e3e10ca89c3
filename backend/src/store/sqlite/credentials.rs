//! The secrets that open a vault, in SQLite: passphrase, recovery code, passkeys.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, PasskeyId};
use shared::sessions::CredentialName;

use super::accounts::account_id;
use super::sessions::end_others;
use super::{SqliteStore, cause, integer};
use crate::store::{Credential, Credentials, Millis, NewSecret, StoreError, StoredPasskey, summaries};

impl Credentials for SqliteStore {
    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        let username = username.as_str();
        let read = |row: &Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, secret(row, 2)?));
        let row = self.read(|connection| {
            let row = match name {
                CredentialName::Passphrase => connection
                    .prepare_cached(
                        "SELECT id, epoch, passphrase_record, passphrase_key FROM accounts WHERE login = ?1",
                    )
                    .and_then(|mut query| query.query_row(params![username], read).optional()),
                CredentialName::Recovery => connection
                    .prepare_cached("SELECT id, epoch, recovery_record, recovery_key FROM accounts WHERE login = ?1")
                    .and_then(|mut query| query.query_row(params![username], read).optional()),
                CredentialName::Passkey(id) => connection
                    .prepare_cached(
                        "SELECT a.id, a.epoch, p.opaque_record, p.wrapped_key
                         FROM accounts a JOIN passkeys p ON p.account_id = a.id WHERE a.login = ?1 AND p.id = ?2",
                    )
                    .and_then(|mut query| query.query_row(params![username, id.as_bytes()], read).optional()),
            };
            row.map_err(cause)
        })?;
        row.map(|(id, epoch, secret)| Ok(Credential { account: account_id(id)?, epoch, secret })).transpose()
    }

    fn set_credential(&self, new: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| {
            let session_exists = connection
                .prepare_cached("SELECT 1 FROM sessions WHERE token_hash = ?1 AND account_id = ?2")
                .and_then(|mut query| query.exists(params![new.token_hash, new.account.as_bytes()]))
                .map_err(cause)?;
            if !session_exists {
                return Err(StoreError::NotFound);
            }
            match &new.name {
                CredentialName::Passphrase => replace(
                    connection,
                    new,
                    "SELECT passphrase_record, passphrase_key FROM accounts WHERE id = ?1",
                    "UPDATE accounts SET passphrase_record = ?2, passphrase_key = ?3, epoch = epoch + 1 WHERE id = ?1",
                ),
                CredentialName::Recovery => replace(
                    connection,
                    new,
                    "SELECT recovery_record, recovery_key FROM accounts WHERE id = ?1",
                    "UPDATE accounts SET recovery_record = ?2, recovery_key = ?3, epoch = epoch + 1 WHERE id = ?1",
                ),
                CredentialName::Passkey(id) => set_passkey(connection, new, id, passkeys_max, now),
            }
        })
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.read(|connection| stored_passkeys(connection, account)).map(summaries)
    }

    fn remove_passkey(&self, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
        self.write(|connection| remove_passkey(connection, account, id))
    }
}

/// Replaces the passphrase or recovery code and ends all other sessions, unless it is this one already. `query` reads
/// the current secret, `update` writes the new one.
fn replace(connection: &Connection, new: &NewSecret, query: &str, update: &str) -> Result<(), StoreError> {
    let account = new.account.as_bytes();
    let current = connection.query_row(query, params![account], |row| secret(row, 0)).map_err(cause)?;
    if current == new.secret {
        return Ok(());
    }
    connection.execute(update, params![account, new.secret.record.0, new.secret.wrapped_key.0]).map_err(cause)?;
    end_others(connection, new.account, &new.token_hash)
}

fn set_passkey(
    connection: &Connection,
    new: &NewSecret,
    id: &PasskeyId,
    passkeys_max: usize,
    now: Millis,
) -> Result<(), StoreError> {
    let account = new.account.as_bytes();
    let current = connection
        .query_row(
            "SELECT opaque_record, wrapped_key FROM passkeys WHERE account_id = ?1 AND id = ?2",
            params![account, id.as_bytes()],
            |row| secret(row, 0),
        )
        .optional()
        .map_err(cause)?;
    match current {
        Some(current) if current == new.secret => return Ok(()),
        Some(_) => remove_passkey(connection, new.account, id)?,
        None => {
            let count: i64 = connection
                .query_row("SELECT count(*) FROM passkeys WHERE account_id = ?1", params![account], |row| row.get(0))
                .map_err(cause)?;
            if usize::try_from(count).unwrap_or(usize::MAX) >= passkeys_max {
                return Err(StoreError::Full);
            }
        }
    }
    let passkey = StoredPasskey { id: id.clone(), secret: new.secret.clone(), created_at: now, used_at: None };
    add_passkey(connection, new.account, &passkey)
}

pub(super) fn add_passkey(
    connection: &Connection,
    account: AccountId,
    passkey: &StoredPasskey,
) -> Result<(), StoreError> {
    let StoredPasskey { id, secret, created_at, used_at } = passkey;
    connection
        .execute(
            "INSERT INTO passkeys (account_id, id, opaque_record, wrapped_key, created_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                account.as_bytes(),
                id.as_bytes(),
                secret.record.0,
                secret.wrapped_key.0,
                integer(*created_at),
                used_at.map(integer),
            ],
        )
        .map(drop)
        .map_err(cause)
}

/// The passkeys of an account, ordered by their ids.
pub(super) fn stored_passkeys(connection: &Connection, account: AccountId) -> Result<Vec<StoredPasskey>, StoreError> {
    let read = |row: &Row<'_>| {
        let used_at = row.get::<_, Option<i64>>(4)?.map(i64::unsigned_abs);
        Ok((row.get::<_, Vec<u8>>(0)?, secret(row, 1)?, row.get::<_, i64>(3)?.unsigned_abs(), used_at))
    };
    let rows: Vec<_> = connection
        .prepare_cached(
            "SELECT id, opaque_record, wrapped_key, created_at, used_at FROM passkeys WHERE account_id = ?1 ORDER BY id",
        )
        .and_then(|mut query| query.query_map(params![account.as_bytes()], read)?.collect())
        .map_err(cause)?;
    rows.into_iter()
        .map(|(id, secret, created_at, used_at)| Ok(StoredPasskey { id: passkey_id(id)?, secret, created_at, used_at }))
        .collect()
}

fn remove_passkey(connection: &Connection, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
    let removed = connection
        .execute("DELETE FROM passkeys WHERE account_id = ?1 AND id = ?2", params![account.as_bytes(), id.as_bytes()])
        .map_err(cause)?;
    if removed > 0 {
        connection
            .execute("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?1", params![account.as_bytes()])
            .map_err(cause)?;
    }
    Ok(())
}

/// An OPAQUE record, and the wrapped key in the column after it.
pub(super) fn secret(row: &Row<'_>, column: usize) -> rusqlite::Result<NewCredential> {
    Ok(NewCredential { record: Base64Url(row.get(column)?), wrapped_key: Base64Url(row.get(column + 1)?) })
}

fn passkey_id(bytes: Vec<u8>) -> Result<PasskeyId, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Fault("passkeys.id is no id".into()))
}
