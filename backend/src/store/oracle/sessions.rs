//! Sessions in Oracle.

use oracle::Connection;
use oracle::sql_type::ToSql;
use shared::bytes::Base64Url;
use shared::ids::{AccountId, SessionId};
use shared::sessions::{CredentialName, Device};

use super::accounts::{account_id, bytes};
use super::credentials::{lock_epoch, own_secret};
use super::{Attempt, OpError, first, sql, taken};
use crate::store::{Hash, Lifetime, LiveSession, Millis, NewSession, StoreError, StoredSession};

pub(super) fn open(
    connection: &Connection,
    session: &NewSession,
    lifetime: &Lifetime,
    now: Millis,
    attempt: Attempt,
) -> Result<Base64Url, OpError> {
    let NewSession { token_hash, account, epoch, credential, device } = session;
    // The account's lock before those of sessions: as everyone takes them, nobody waits in a ring.
    let current = lock_epoch(connection, *account)?;
    let secret = own_secret(connection, *account, credential)?.filter(|_| current == Some(*epoch));
    let wrapped_key = secret.ok_or(OpError::Store(StoreError::NotFound))?.wrapped_key;
    let (idle, oldest) = ends(lifetime, now);
    connection.execute_named(sql::CLEAR_SESSIONS, &[("idle", &idle), ("oldest", &oldest)])?;
    let binds: [(&str, &dyn ToSql); 4] = [
        ("token_hash", &token_hash),
        ("account", &account.as_bytes()),
        ("now", &now),
        ("device", &device.as_ref().map(Device::as_str)),
    ];
    match connection.execute_named(sql::ADD_SESSION, &binds).map_err(taken) {
        Ok(_) => {}
        // A token that is there is the one that was stored a moment ago: nobody else can derive it.
        Err(OpError::Store(StoreError::Taken)) if attempt == Attempt::Second => {}
        Err(error) => return Err(error),
    }
    if let CredentialName::Passkey(id) = credential {
        let binds: [(&str, &dyn ToSql); 3] =
            [("now", &now), ("account", &account.as_bytes()), ("passkey", &id.as_bytes())];
        connection.execute_named(sql::TOUCH_PASSKEY, &binds)?;
    }
    connection.commit()?;
    Ok(wrapped_key)
}

pub(super) fn live(
    connection: &Connection,
    token_hash: &Hash,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<LiveSession, OpError> {
    let (idle, oldest) = ends(lifetime, now);
    let binds: [(&str, &dyn ToSql); 3] = [("token_hash", &token_hash), ("idle", &idle), ("oldest", &oldest)];
    let (id, opened_at, used_at): (Vec<u8>, u64, u64) =
        first(connection, sql::SESSION, &binds)?.ok_or(OpError::Store(StoreError::NotFound))?;
    Ok(LiveSession { account: account_id(id)?, opened_at, used_at })
}

pub(super) fn touch(connection: &Connection, token_hash: &Hash, now: Millis) -> Result<(), OpError> {
    connection.execute_named(sql::TOUCH_SESSION, &[("now", &now), ("token_hash", &token_hash)])?;
    Ok(connection.commit()?)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<Vec<StoredSession>, OpError> {
    let (idle, oldest) = ends(lifetime, now);
    let binds: [(&str, &dyn ToSql); 3] = [("account", &account.as_bytes()), ("idle", &idle), ("oldest", &oldest)];
    let rows = connection.query_as_named::<(Vec<u8>, Option<String>, u64, u64)>(sql::SESSIONS, &binds)?;
    rows.map(|row| {
        let (token_hash, device, created_at, used_at) = row?;
        // A name that is none any more is left out rather than the list refused.
        let device = device.and_then(|name| Device::new(&name).ok());
        Ok(StoredSession { token_hash: bytes(token_hash, "sessions.token_hash")?, device, created_at, used_at })
    })
    .collect()
}

pub(super) fn end(connection: &Connection, token_hash: &Hash) -> Result<(), OpError> {
    connection.execute_named(sql::END_SESSION, &[("token_hash", &token_hash)])?;
    Ok(connection.commit()?)
}

pub(super) fn end_listed(connection: &Connection, account: AccountId, id: SessionId) -> Result<(), OpError> {
    // All hashes that begin with the id.
    let (mut lowest, mut highest) = ([0; 32], [0xff; 32]);
    lowest[..16].copy_from_slice(id.as_bytes());
    highest[..16].copy_from_slice(id.as_bytes());
    let binds: [(&str, &dyn ToSql); 3] =
        [("account", &account.as_bytes()), ("lowest", &&lowest), ("highest", &&highest)];
    connection.execute_named(sql::END_LISTED, &binds)?;
    Ok(connection.commit()?)
}

pub(super) fn end_others(connection: &Connection, account: AccountId, token_hash: &Hash) -> Result<(), OpError> {
    connection.execute_named(sql::END_OTHERS, &[("account", &account.as_bytes()), ("token_hash", &token_hash)])?;
    Ok(connection.commit()?)
}

/// A session ends if it was not used after the first time, or was made before the second.
fn ends(lifetime: &Lifetime, now: Millis) -> (i64, i64) {
    let before = |time: Millis| i64::try_from(now).unwrap_or(i64::MAX) - i64::try_from(time).unwrap_or(i64::MAX);
    (before(lifetime.idle), before(lifetime.max))
}
