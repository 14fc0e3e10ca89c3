//! Accounts, invites and sessions in SQLite.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use shared::accounts::{Login, NewCredential};
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::sessions::CredentialKind;

use super::{cause, integer, taken};
use crate::store::{Credential, Hash, Invite, InviteFault, Lifetime, Millis, NewAccount, NewSession, StoreError};

pub(super) fn any(transaction: &Transaction<'_>) -> Result<bool, StoreError> {
    let found = transaction.prepare_cached("SELECT 1 FROM accounts LIMIT 1").and_then(|mut q| q.exists([]));
    found.map_err(cause)
}

pub(super) fn bind_server_key(transaction: &Transaction<'_>, fingerprint: &Hash) -> Result<(), StoreError> {
    let bound: Option<Vec<u8>> =
        transaction.query_row("SELECT key_fingerprint FROM server", [], |row| row.get(0)).optional().map_err(cause)?;
    match bound {
        None => transaction
            .execute("INSERT INTO server (only_row, key_fingerprint) VALUES (1, ?1)", params![fingerprint])
            .map(drop)
            .map_err(cause),
        Some(bound) if bound == fingerprint => Ok(()),
        Some(_) => Err(StoreError::Taken),
    }
}

pub(super) fn add_invite(transaction: &Transaction<'_>, invite: &Invite) -> Result<(), StoreError> {
    transaction
        .execute(
            "INSERT INTO invites (code_hash, expires_at, setup) VALUES (?1, ?2, ?3)",
            params![invite.code_hash, integer(invite.expires_at), invite.setup],
        )
        .map(drop)
        .map_err(taken)
}

pub(super) fn check_invite(transaction: &Transaction<'_>, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
    let invite: Option<(i64, bool, bool)> = transaction
        .prepare_cached("SELECT expires_at, used_at IS NOT NULL, setup FROM invites WHERE code_hash = ?1")
        .and_then(|mut query| {
            query.query_row(params![code_hash], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .map_err(cause)?;
    let fault = match invite {
        None => InviteFault::Unknown,
        Some((_, true, _)) => InviteFault::Used,
        Some((_, _, true)) if any(transaction)? => InviteFault::Unknown,
        Some((expires_at, _, _)) if expires_at <= integer(now) => InviteFault::Expired,
        Some(_) => return Ok(()),
    };
    Err(StoreError::Invite(fault))
}

pub(super) fn create(
    transaction: &Transaction<'_>,
    account: &NewAccount,
    invite_hash: &Hash,
    now: Millis,
) -> Result<(), StoreError> {
    let made = transaction
        .prepare_cached("SELECT 1 FROM accounts WHERE id = ?1 AND login = ?2 AND passphrase_record = ?3")
        .and_then(|mut query| {
            query.exists(params![account.id.as_bytes(), account.login.as_str(), account.passphrase.record.0])
        })
        .map_err(cause)?;
    if made {
        return Ok(());
    }
    check_invite(transaction, invite_hash, now)?;
    transaction
        .execute(
            "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key,
                                   epoch, change_no, entries, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7)",
            params![
                account.id.as_bytes(),
                account.login.as_str(),
                account.passphrase.record.0,
                account.passphrase.wrapped_key.0,
                account.recovery.record.0,
                account.recovery.wrapped_key.0,
                integer(now),
            ],
        )
        .map_err(taken)?;
    transaction
        .execute("UPDATE invites SET used_at = ?1 WHERE code_hash = ?2", params![integer(now), invite_hash])
        .map(drop)
        .map_err(cause)
}

pub(super) fn credential(
    transaction: &Transaction<'_>,
    login: &Login,
    kind: CredentialKind,
) -> Result<Option<Credential>, StoreError> {
    let query = match kind {
        CredentialKind::Passphrase => {
            "SELECT id, epoch, passphrase_record, passphrase_key FROM accounts WHERE login = ?1"
        }
        CredentialKind::Recovery => "SELECT id, epoch, recovery_record, recovery_key FROM accounts WHERE login = ?1",
    };
    let row = transaction
        .prepare_cached(query)
        .and_then(|mut query| {
            query
                .query_row(params![login.as_str()], |row| {
                    let secret = NewCredential { record: Base64Url(row.get(2)?), wrapped_key: Base64Url(row.get(3)?) };
                    Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, secret))
                })
                .optional()
        })
        .map_err(cause)?;
    row.map(|(id, epoch, secret)| Ok(Credential { account: account_id(id)?, epoch, secret })).transpose()
}

pub(super) fn open_session(
    transaction: &Transaction<'_>,
    session: &NewSession,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<Base64Url, StoreError> {
    transaction
        .prepare_cached("DELETE FROM sessions WHERE used_at <= ?1 OR created_at <= ?2")
        .and_then(|mut delete| delete.execute(params![oldest(now, lifetime.idle), oldest(now, lifetime.max)]))
        .map_err(cause)?;
    let query = match session.credential {
        CredentialKind::Passphrase => "SELECT passphrase_key FROM accounts WHERE id = ?1 AND epoch = ?2",
        CredentialKind::Recovery => "SELECT recovery_key FROM accounts WHERE id = ?1 AND epoch = ?2",
    };
    let wrapped_key = transaction
        .prepare_cached(query)
        .and_then(|mut query| {
            query.query_row(params![session.account.as_bytes(), session.epoch], |row| row.get(0)).optional()
        })
        .map_err(cause)?
        .ok_or(StoreError::NotFound)?;
    transaction
        .prepare_cached("INSERT INTO sessions (token_hash, account_id, created_at, used_at) VALUES (?1, ?2, ?3, ?3)")
        .and_then(|mut insert| insert.execute(params![session.token_hash, session.account.as_bytes(), integer(now)]))
        .map_err(taken)?;
    Ok(Base64Url(wrapped_key))
}

/// Whose session it is and when it was last used, if it has not ended.
pub(super) fn session(
    transaction: &Transaction<'_>,
    token_hash: &Hash,
    lifetime: &Lifetime,
    now: Millis,
) -> Result<(AccountId, Millis), StoreError> {
    let read = |row: &Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?));
    let (id, used_at) = transaction
        .prepare_cached(
            "SELECT account_id, used_at FROM sessions WHERE token_hash = ?1 AND used_at > ?2 AND created_at > ?3",
        )
        .and_then(|mut query| {
            query.query_row(params![token_hash, oldest(now, lifetime.idle), oldest(now, lifetime.max)], read).optional()
        })
        .map_err(cause)?
        .ok_or(StoreError::NotFound)?;
    Ok((account_id(id)?, used_at.unsigned_abs()))
}

pub(super) fn touch_session(transaction: &Transaction<'_>, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
    // Never backwards: of two processes whose clocks differ, the later use counts.
    transaction
        .prepare_cached("UPDATE sessions SET used_at = max(used_at, ?1) WHERE token_hash = ?2")
        .and_then(|mut update| update.execute(params![integer(now), token_hash]))
        .map(drop)
        .map_err(cause)
}

pub(super) fn end_session(transaction: &Transaction<'_>, token_hash: &Hash) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM sessions WHERE token_hash = ?1", params![token_hash]).map(drop).map_err(cause)
}

/// The time before which what lasts `lifetime` has ended; in the first moments after 1970, nothing has.
fn oldest(now: Millis, lifetime: Millis) -> i64 {
    integer(now) - integer(lifetime)
}

pub(super) fn account_id(octets: [u8; 16]) -> Result<AccountId, StoreError> {
    octets.try_into().map_err(|error| StoreError::Fault(format!("accounts.id: {error}")))
}
