//! Sessions in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, SessionId};
use shared::sessions::{CredentialName, Device};

use super::accounts::account_id;
use super::credentials::{touch_passkey, wrapped_key};
use super::{cause, integer, taken};
use crate::store::{Hash, Lifetime, LiveSession, Millis, NewSession, StoreError, StoredSession};

pub(super) fn open(
    connection: &Connection,
    session: &NewSession,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<Base64Url, StoreError> {
    let NewSession { token_hash, account, epoch, credential, device } = session;
    connection
        .prepare_cached("DELETE FROM sessions WHERE used_at <= ?1 OR created_at <= ?2")
        .and_then(|mut delete| delete.execute(params![oldest(now, lifetime.idle), oldest(now, lifetime.max)]))
        .map_err(cause)?;
    let wrapped_key = wrapped_key(connection, *account, credential, *epoch)?.ok_or(StoreError::NotFound)?;
    connection
        .prepare_cached(
            "INSERT INTO sessions (token_hash, account_id, created_at, used_at, device) VALUES (?1, ?2, ?3, ?3, ?4)",
        )
        .and_then(|mut insert| {
            let device = device.as_ref().map(Device::as_str);
            insert.execute(params![token_hash, account.as_bytes(), integer(now), device])
        })
        .map_err(taken)?;
    if let CredentialName::Passkey(id) = credential {
        touch_passkey(connection, *account, id, now)?;
    }
    Ok(wrapped_key)
}

/// Whose session it is, if it has not ended.
pub(super) fn live(
    connection: &Connection,
    token_hash: &Hash,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<LiveSession, StoreError> {
    let read =
        |row: &Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?.unsigned_abs()));
    let (id, created_at, used_at) = connection
        .prepare_cached(
            "SELECT account_id, created_at, used_at FROM sessions
             WHERE token_hash = ?1 AND used_at > ?2 AND created_at > ?3",
        )
        .and_then(|mut query| {
            query.query_row(params![token_hash, oldest(now, lifetime.idle), oldest(now, lifetime.max)], read).optional()
        })
        .map_err(cause)?
        .ok_or(StoreError::NotFound)?;
    Ok(LiveSession { account: account_id(id)?, opened_at: created_at.unsigned_abs(), used_at })
}

pub(super) fn touch(connection: &Connection, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
    // Never backwards: of two processes whose clocks differ, the later use counts.
    connection
        .prepare_cached("UPDATE sessions SET used_at = max(used_at, ?1) WHERE token_hash = ?2")
        .and_then(|mut update| update.execute(params![integer(now), token_hash]))
        .map(drop)
        .map_err(cause)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<Vec<StoredSession>, StoreError> {
    let read = |row: &Row<'_>| {
        // A name that is none any more is left out rather than the list refused.
        let device = row.get::<_, Option<String>>(1)?.and_then(|name| Device::new(&name).ok());
        let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(StoredSession { token_hash: row.get(0)?, device, created_at: number(2)?, used_at: number(3)? })
    };
    connection
        .prepare_cached(
            "SELECT token_hash, device, created_at, used_at FROM sessions
             WHERE account_id = ?1 AND used_at > ?2 AND created_at > ?3 ORDER BY used_at DESC, created_at DESC",
        )
        .and_then(|mut query| {
            let binds = params![account.as_bytes(), oldest(now, lifetime.idle), oldest(now, lifetime.max)];
            query.query_map(binds, read)?.collect()
        })
        .map_err(cause)
}

pub(super) fn end(connection: &Connection, token_hash: &Hash) -> Result<(), StoreError> {
    connection.execute("DELETE FROM sessions WHERE token_hash = ?1", params![token_hash]).map(drop).map_err(cause)
}

pub(super) fn end_listed(connection: &Connection, account: AccountId, id: SessionId) -> Result<(), StoreError> {
    connection
        .execute(
            "DELETE FROM sessions WHERE account_id = ?1 AND substr(token_hash, 1, 16) = ?2",
            params![account.as_bytes(), id.as_bytes()],
        )
        .map(drop)
        .map_err(cause)
}

/// Ends all sessions of an account but this one.
pub(super) fn end_others(connection: &Connection, account: AccountId, token_hash: &Hash) -> Result<(), StoreError> {
    connection
        .execute(
            "DELETE FROM sessions WHERE account_id = ?1 AND token_hash <> ?2",
            params![account.as_bytes(), token_hash],
        )
        .map(drop)
        .map_err(cause)
}

/// The time before which what lasts `lifetime` has ended; in the first moments after 1970, nothing has.
fn oldest(now: Millis, lifetime: Millis) -> i64 {
    integer(now) - integer(lifetime)
}
