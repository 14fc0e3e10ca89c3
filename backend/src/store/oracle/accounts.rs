//! Server key, invites and accounts in Oracle.

use oracle::Connection;
use oracle::sql_type::ToSql;
use shared::accounts::Username;
use shared::ids::AccountId;

use super::{Attempt, OpError, first, sql, taken};
use crate::store::{Hash, Invite, InviteFault, Millis, NewAccount, StoreError, StoredAccount};

pub(super) fn any(connection: &Connection) -> Result<bool, OpError> {
    Ok(first::<Vec<u8>>(connection, sql::ANY_ACCOUNT, &[])?.is_some())
}

pub(super) fn bind_server_key(connection: &Connection, fingerprint: &Hash) -> Result<(), OpError> {
    if server_key(connection)?.is_none() {
        match connection.execute_named(sql::BIND_KEY, &[("fingerprint", &fingerprint)]).map_err(taken) {
            Ok(_) => connection.commit()?,
            // Another process was faster: what it stored counts.
            Err(OpError::Store(StoreError::Taken)) => {}
            Err(error) => return Err(error),
        }
    }
    if server_key(connection)?.as_ref() == Some(fingerprint) { Ok(()) } else { Err(StoreError::Taken.into()) }
}

/// The fingerprint of the server key that this database belongs to.
pub(super) fn server_key(connection: &Connection) -> Result<Option<Hash>, OpError> {
    let bound: Option<Vec<u8>> = first(connection, sql::BOUND_KEY, &[])?;
    bound.map(|bound| bytes(bound, "server.key_fingerprint")).transpose()
}

/// Bytes of a length that the schema vouches for.
pub(super) fn bytes<const N: usize>(bytes: Vec<u8>, column: &str) -> Result<[u8; N], OpError> {
    bytes.try_into().map_err(|_| StoreError::Fault(format!("{column} has not {N} bytes")).into())
}

pub(super) fn add_invite(connection: &Connection, invite: &Invite, attempt: Attempt) -> Result<(), OpError> {
    let binds: [(&str, &dyn ToSql); 3] =
        [("code_hash", &&invite.code_hash), ("expires_at", &invite.expires_at), ("setup", &i32::from(invite.setup))];
    match connection.execute_named(sql::ADD_INVITE, &binds).map_err(taken) {
        Ok(_) => Ok(connection.commit()?),
        // A random code that is there is the one that was sent a moment ago.
        Err(OpError::Store(StoreError::Taken)) if attempt == Attempt::Second => Ok(()),
        Err(error) => Err(error),
    }
}

/// `query` is one of the two that read an invite: with its lock or without.
pub(super) fn check_invite(connection: &Connection, query: &str, code_hash: &Hash, now: Millis) -> Result<(), OpError> {
    let invite: Option<(u64, Option<u64>, i32)> = first(connection, query, &[("code_hash", &code_hash)])?;
    let fault = match invite {
        None => InviteFault::Unknown,
        Some((_, Some(_), _)) => InviteFault::Used,
        Some((_, _, setup)) if setup != 0 && any(connection)? => InviteFault::Unknown,
        Some((expires_at, _, _)) if expires_at <= now => InviteFault::Expired,
        Some(_) => return Ok(()),
    };
    Err(StoreError::Invite(fault).into())
}

pub(super) fn create(
    connection: &Connection,
    account: &NewAccount,
    invite_hash: &Hash,
    now: Millis,
) -> Result<(), OpError> {
    let NewAccount { id, username, passphrase, recovery } = account;
    // One account at a time: two set-up links cannot both make the first.
    first::<i32>(connection, sql::LOCK_SERVER, &[])?;
    let same: [(&str, &dyn ToSql); 3] =
        [("id", &id.as_bytes()), ("login", &username.as_str()), ("record", &passphrase.record.0)];
    if first::<Vec<u8>>(connection, sql::SAME_ACCOUNT, &same)?.is_some() {
        return Ok(connection.rollback()?);
    }
    check_invite(connection, sql::LOCK_INVITE, invite_hash, now)?;
    let new = StoredAccount {
        id: *id,
        username: username.clone(),
        passphrase: passphrase.clone(),
        recovery: recovery.clone(),
        passkeys: Vec::new(),
        epoch: 0,
        change_no: 0,
        entries: 0,
        created_at: now,
    };
    write_account(connection, sql::ADD_ACCOUNT, &new).map_err(taken)?;
    connection.execute_named(sql::USE_INVITE, &[("now", &now), ("code_hash", &invite_hash)])?;
    Ok(connection.commit()?)
}

/// Runs a statement that writes a whole account, but for its passkeys. Gives how many rows it wrote.
pub(super) fn write_account(connection: &Connection, statement: &str, account: &StoredAccount) -> oracle::Result<u64> {
    let StoredAccount { id, username, passphrase, recovery, passkeys: _, epoch, change_no, entries, created_at } =
        account;
    let binds: [(&str, &dyn ToSql); 10] = [
        ("id", &id.as_bytes()),
        ("login", &username.as_str()),
        ("passphrase_record", &passphrase.record.0),
        ("passphrase_key", &passphrase.wrapped_key.0),
        ("recovery_record", &recovery.record.0),
        ("recovery_key", &recovery.wrapped_key.0),
        ("epoch", epoch),
        ("change_no", change_no),
        ("entries", entries),
        ("created_at", created_at),
    ];
    connection.execute_named(statement, &binds)?.row_count()
}

pub(super) fn username(connection: &Connection, account: AccountId) -> Result<Username, OpError> {
    let username: Option<String> = first(connection, sql::LOGIN, &[("account", &account.as_bytes())])?;
    parse_username(&username.ok_or(OpError::Store(StoreError::NotFound))?)
}

pub(super) fn delete(connection: &Connection, account: AccountId) -> Result<(), OpError> {
    connection.execute_named(sql::DELETE_ACCOUNT, &[("account", &account.as_bytes())])?;
    Ok(connection.commit()?)
}

pub(super) fn parse_username(text: &str) -> Result<Username, OpError> {
    Ok(Username::new(text).map_err(|_| StoreError::Fault("accounts.login is no username".into()))?)
}

pub(super) fn account_id(id: Vec<u8>) -> Result<AccountId, OpError> {
    let id: [u8; 16] = bytes(id, "accounts.id")?;
    Ok(id.try_into().map_err(|error| StoreError::Fault(format!("accounts.id: {error}")))?)
}
