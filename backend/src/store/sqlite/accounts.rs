//! Server key, invites and accounts in SQLite.

use rusqlite::{Connection, OptionalExtension, params};
use shared::accounts::Username;
use shared::ids::AccountId;

use super::{cause, integer, taken};
use crate::store::{Hash, Invite, InviteFault, Millis, NewAccount, StoreError};

pub(super) fn any(connection: &Connection) -> Result<bool, StoreError> {
    let found = connection.prepare_cached("SELECT 1 FROM accounts LIMIT 1").and_then(|mut q| q.exists([]));
    found.map_err(cause)
}

/// Writes something, and changes nothing by it: whether the file takes writes is known only then.
pub(super) fn probe(connection: &Connection) -> Result<(), StoreError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(cause)?;
    connection.pragma_update(None, "user_version", version).map_err(cause)
}

pub(super) fn bind_server_key(connection: &Connection, fingerprint: &Hash) -> Result<(), StoreError> {
    let bound: Option<Vec<u8>> =
        connection.query_row("SELECT key_fingerprint FROM server", [], |row| row.get(0)).optional().map_err(cause)?;
    match bound {
        None => connection
            .execute("INSERT INTO server (only_row, key_fingerprint) VALUES (1, ?1)", params![fingerprint])
            .map(drop)
            .map_err(cause),
        Some(bound) if bound == fingerprint => Ok(()),
        Some(_) => Err(StoreError::Taken),
    }
}

pub(super) fn add_invite(connection: &Connection, invite: &Invite) -> Result<(), StoreError> {
    connection
        .execute(
            "INSERT INTO invites (code_hash, expires_at, setup) VALUES (?1, ?2, ?3)",
            params![invite.code_hash, integer(invite.expires_at), invite.setup],
        )
        .map(drop)
        .map_err(taken)
}

pub(super) fn check_invite(connection: &Connection, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
    let invite: Option<(i64, bool, bool)> = connection
        .prepare_cached("SELECT expires_at, used_at IS NOT NULL, setup FROM invites WHERE code_hash = ?1")
        .and_then(|mut query| {
            query.query_row(params![code_hash], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .map_err(cause)?;
    let fault = match invite {
        None => InviteFault::Unknown,
        Some((_, true, _)) => InviteFault::Used,
        Some((_, _, true)) if any(connection)? => InviteFault::Unknown,
        Some((expires_at, _, _)) if expires_at <= integer(now) => InviteFault::Expired,
        Some(_) => return Ok(()),
    };
    Err(StoreError::Invite(fault))
}

pub(super) fn create(
    connection: &Connection,
    account: &NewAccount,
    invite_hash: &Hash,
    now: Millis,
) -> Result<(), StoreError> {
    let made = connection
        .prepare_cached("SELECT 1 FROM accounts WHERE id = ?1 AND login = ?2 AND passphrase_record = ?3")
        .and_then(|mut query| {
            query.exists(params![account.id.as_bytes(), account.username.as_str(), account.passphrase.record.0])
        })
        .map_err(cause)?;
    if made {
        return Ok(());
    }
    check_invite(connection, invite_hash, now)?;
    connection
        .execute(
            "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key,
                                   epoch, change_no, entries, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7)",
            params![
                account.id.as_bytes(),
                account.username.as_str(),
                account.passphrase.record.0,
                account.passphrase.wrapped_key.0,
                account.recovery.record.0,
                account.recovery.wrapped_key.0,
                integer(now),
            ],
        )
        .map_err(taken)?;
    connection
        .execute("UPDATE invites SET used_at = ?1 WHERE code_hash = ?2", params![integer(now), invite_hash])
        .map(drop)
        .map_err(cause)
}

pub(super) fn username(connection: &Connection, account: AccountId) -> Result<Username, StoreError> {
    let username: String = connection
        .prepare_cached("SELECT login FROM accounts WHERE id = ?1")
        .and_then(|mut query| query.query_row(params![account.as_bytes()], |row| row.get(0)).optional())
        .map_err(cause)?
        .ok_or(StoreError::NotFound)?;
    parse_username(&username)
}

/// Whatever refers to the account goes with it: the tables say `ON DELETE CASCADE`.
pub(super) fn delete(connection: &Connection, account: AccountId) -> Result<(), StoreError> {
    connection.execute("DELETE FROM accounts WHERE id = ?1", params![account.as_bytes()]).map(drop).map_err(cause)
}

pub(super) fn parse_username(text: &str) -> Result<Username, StoreError> {
    Username::new(text).map_err(|_| StoreError::Fault("accounts.login is no username".into()))
}

pub(super) fn account_id(bytes: [u8; 16]) -> Result<AccountId, StoreError> {
    bytes.try_into().map_err(|error| StoreError::Fault(format!("accounts.id: {error}")))
}
