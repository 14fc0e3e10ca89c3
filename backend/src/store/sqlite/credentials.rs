//! What opens a vault, in SQLite: passphrase, recovery code, passkeys.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, PasskeyId};
use shared::sessions::CredentialName;

use super::accounts::account_id;
use super::sessions::end_others;
use super::{cause, integer};
use crate::store::{Credential, Millis, NewSecret, StoreError, StoredPasskey};

pub(super) fn credential(
    connection: &Connection,
    username: &Username,
    name: &CredentialName,
) -> Result<Option<Credential>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, secret(row, 2)?));
    let row = match name {
        CredentialName::Passphrase => connection
            .prepare_cached("SELECT id, epoch, passphrase_record, passphrase_key FROM accounts WHERE login = ?1")
            .and_then(|mut query| query.query_row(params![username.as_str()], read).optional()),
        CredentialName::Recovery => connection
            .prepare_cached("SELECT id, epoch, recovery_record, recovery_key FROM accounts WHERE login = ?1")
            .and_then(|mut query| query.query_row(params![username.as_str()], read).optional()),
        CredentialName::Passkey(id) => connection
            .prepare_cached(
                "SELECT a.id, a.epoch, p.opaque_record, p.wrapped_key
                 FROM accounts a JOIN passkeys p ON p.account_id = a.id WHERE a.login = ?1 AND p.id = ?2",
            )
            .and_then(|mut query| query.query_row(params![username.as_str(), id.as_bytes()], read).optional()),
    };
    let row = row.map_err(cause)?;
    row.map(|(id, epoch, secret)| Ok(Credential { account: account_id(id)?, epoch, secret })).transpose()
}

/// The vault key wrapped for a secret, if the account's epoch is this one.
pub(super) fn wrapped_key(
    connection: &Connection,
    account: AccountId,
    name: &CredentialName,
    epoch: u32,
) -> Result<Option<Base64Url>, StoreError> {
    let account = account.as_bytes();
    let key = match name {
        CredentialName::Passphrase => connection
            .prepare_cached("SELECT passphrase_key FROM accounts WHERE id = ?1 AND epoch = ?2")
            .and_then(|mut query| query.query_row(params![account, epoch], |row| row.get(0)).optional()),
        CredentialName::Recovery => connection
            .prepare_cached("SELECT recovery_key FROM accounts WHERE id = ?1 AND epoch = ?2")
            .and_then(|mut query| query.query_row(params![account, epoch], |row| row.get(0)).optional()),
        CredentialName::Passkey(id) => connection
            .prepare_cached(
                "SELECT p.wrapped_key FROM accounts a JOIN passkeys p ON p.account_id = a.id
                 WHERE a.id = ?1 AND a.epoch = ?2 AND p.id = ?3",
            )
            .and_then(|mut query| query.query_row(params![account, epoch, id.as_bytes()], |row| row.get(0)).optional()),
    };
    Ok(key.map_err(cause)?.map(Base64Url))
}

pub(super) fn set(
    connection: &Connection,
    new: &NewSecret,
    passkeys_max: usize,
    now: Millis,
) -> Result<(), StoreError> {
    let account = new.account.as_bytes();
    let goes_on = connection
        .prepare_cached("SELECT 1 FROM sessions WHERE token_hash = ?1 AND account_id = ?2")
        .and_then(|mut query| query.exists(params![new.token_hash, account]))
        .map_err(cause)?;
    if !goes_on {
        return Err(StoreError::NotFound);
    }
    let (query, update) = match &new.name {
        CredentialName::Passphrase => (
            "SELECT passphrase_record, passphrase_key FROM accounts WHERE id = ?1",
            "UPDATE accounts SET passphrase_record = ?2, passphrase_key = ?3, epoch = epoch + 1 WHERE id = ?1",
        ),
        CredentialName::Recovery => (
            "SELECT recovery_record, recovery_key FROM accounts WHERE id = ?1",
            "UPDATE accounts SET recovery_record = ?2, recovery_key = ?3, epoch = epoch + 1 WHERE id = ?1",
        ),
        CredentialName::Passkey(id) => return set_passkey(connection, new, id, passkeys_max, now),
    };
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
        Some(_) => {
            remove_passkey(connection, new.account, id)?;
        }
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

/// The passkeys of an account as they are stored, by their ids.
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
    let whole =
        |(id, secret, created_at, used_at)| Ok(StoredPasskey { id: passkey_id(id)?, secret, created_at, used_at });
    rows.into_iter().map(whole).collect()
}

pub(super) fn passkeys(connection: &Connection, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
    let mut passkeys: Vec<_> = stored_passkeys(connection, account)?
        .into_iter()
        .map(|StoredPasskey { id, created_at, used_at, .. }| PasskeySummary { id, created_at, used_at })
        .collect();
    passkeys.sort_by_key(|passkey| passkey.created_at);
    Ok(passkeys)
}

pub(super) fn remove_passkey(connection: &Connection, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
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

pub(super) fn touch_passkey(
    connection: &Connection,
    account: AccountId,
    id: &PasskeyId,
    now: Millis,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE passkeys SET used_at = ?3 WHERE account_id = ?1 AND id = ?2")
        .and_then(|mut update| update.execute(params![account.as_bytes(), id.as_bytes(), integer(now)]))
        .map(drop)
        .map_err(cause)
}

/// A record and the key after it.
fn secret(row: &Row<'_>, column: usize) -> rusqlite::Result<NewCredential> {
    Ok(NewCredential { record: Base64Url(row.get(column)?), wrapped_key: Base64Url(row.get(column + 1)?) })
}

fn passkey_id(bytes: Vec<u8>) -> Result<PasskeyId, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Fault("passkeys.id is no id".into()))
}
