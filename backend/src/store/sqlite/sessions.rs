//! Sessions in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, SessionId};
use shared::sessions::{CredentialName, Device};

use super::accounts::account_id;
use super::{SqliteStore, cause, integer, taken};
use crate::store::{
    Grant, Hash, Lifetime, LiveSession, Millis, NewSession, Sessions, StoreError, StoredSession, TOKEN_KEPT,
};

impl Sessions for SqliteStore {
    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Grant, StoreError> {
        let NewSession { token_hash, account, epoch, credential, device, passkey_state } = session;
        self.write(|connection| {
            connection
                .prepare_cached(
                    "DELETE FROM sessions
                     WHERE created_at <= ?3 AND (used_at <= ?1 OR created_at <= ?2 OR ended_at IS NOT NULL)",
                )
                .and_then(|mut delete| {
                    let (idle, max) = (oldest(now, lifetime.idle), oldest(now, lifetime.max));
                    delete.execute(params![idle, max, oldest(now, TOKEN_KEPT)])
                })
                .map_err(cause)?;
            let grant = grant(connection, *account, credential, *epoch)?.ok_or(StoreError::NotFound)?;
            connection
                .prepare_cached(
                    "INSERT INTO sessions (token_hash, account_id, created_at, used_at, device)
                     VALUES (?1, ?2, ?3, ?3, ?4)",
                )
                .and_then(|mut insert| {
                    let device = device.as_ref().map(Device::as_str);
                    insert.execute(params![token_hash, account.as_bytes(), integer(now), device])
                })
                .map_err(taken)?;
            if let CredentialName::Passkey(id) = credential {
                connection
                    .prepare_cached(
                        "UPDATE passkeys SET used_at = ?3, verifier = coalesce(?4, verifier)
                         WHERE account_id = ?1 AND id = ?2",
                    )
                    .and_then(|mut update| {
                        update.execute(params![account.as_bytes(), id.as_bytes(), integer(now), passkey_state])
                    })
                    .map_err(cause)?;
            }
            Ok(grant)
        })
    }

    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError> {
        let (idle, max) = (oldest(now, lifetime.idle), oldest(now, lifetime.max));
        let read = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok((row.get::<_, [u8; 16]>(0)?, number(1)?, number(2)?))
        };
        let (id, opened_at, used_at) = self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT account_id, created_at, used_at FROM sessions
                     WHERE token_hash = ?1 AND used_at > ?2 AND created_at > ?3 AND ended_at IS NULL",
                )
                .and_then(|mut query| query.query_row(params![token_hash, idle, max], read).optional())
                .map_err(cause)?
                .ok_or(StoreError::NotFound)
        })?;
        Ok(LiveSession { account: account_id(id)?, opened_at, used_at })
    }

    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| {
            // Never backwards: of two processes whose clocks differ, the later use counts.
            connection
                .prepare_cached("UPDATE sessions SET used_at = max(used_at, ?1) WHERE token_hash = ?2")
                .and_then(|mut update| update.execute(params![integer(now), token_hash]))
                .map(drop)
                .map_err(cause)
        })
    }

    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError> {
        let read = |row: &Row<'_>| {
            // A device name that is no longer valid is left out; the session is still listed.
            let device = row.get::<_, Option<String>>(1)?.and_then(|name| Device::new(&name).ok());
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(StoredSession { token_hash: row.get(0)?, device, created_at: number(2)?, used_at: number(3)? })
        };
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT token_hash, device, created_at, used_at FROM sessions
                     WHERE account_id = ?1 AND used_at > ?2 AND created_at > ?3 AND ended_at IS NULL
                     ORDER BY used_at DESC, created_at DESC",
                )
                .and_then(|mut query| {
                    let binds = params![account.as_bytes(), oldest(now, lifetime.idle), oldest(now, lifetime.max)];
                    query.query_map(binds, read)?.collect()
                })
                .map_err(cause)
        })
    }

    fn end_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| {
            connection
                .execute(
                    "UPDATE sessions SET ended_at = ?2 WHERE token_hash = ?1 AND ended_at IS NULL",
                    params![token_hash, integer(now)],
                )
                .map(drop)
                .map_err(cause)
        })
    }

    fn end_listed_session(&self, account: AccountId, id: SessionId, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| {
            connection
                .execute(
                    "UPDATE sessions SET ended_at = ?3
                     WHERE account_id = ?1 AND substr(token_hash, 1, 16) = ?2 AND ended_at IS NULL",
                    params![account.as_bytes(), id.as_bytes(), integer(now)],
                )
                .map(drop)
                .map_err(cause)
        })
    }

    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.write(|connection| end_others(connection, account, token_hash, now))
    }
}

/// The keys for a log-in with a secret, if the account's epoch is this one.
fn grant(
    connection: &Connection,
    account: AccountId,
    name: &CredentialName,
    epoch: u32,
) -> Result<Option<Grant>, StoreError> {
    let account = account.as_bytes();
    let read = |row: &Row<'_>| {
        let earlier_keys = row.get::<_, Option<Vec<u8>>>(2)?.map(Base64Url);
        Ok(Grant { wrapped_key: Base64Url(row.get(0)?), key_no: row.get(1)?, earlier_keys })
    };
    let grant = match name {
        CredentialName::Passphrase => connection
            .prepare_cached("SELECT passphrase_key, key_no, earlier_keys FROM accounts WHERE id = ?1 AND epoch = ?2")
            .and_then(|mut query| query.query_row(params![account, epoch], read).optional()),
        CredentialName::Recovery => connection
            .prepare_cached("SELECT recovery_key, key_no, earlier_keys FROM accounts WHERE id = ?1 AND epoch = ?2")
            .and_then(|mut query| query.query_row(params![account, epoch], read).optional()),
        CredentialName::Passkey(id) => connection
            .prepare_cached(
                "SELECT p.wrapped_key, a.key_no, a.earlier_keys
                 FROM accounts a JOIN passkeys p ON p.account_id = a.id
                 WHERE a.id = ?1 AND a.epoch = ?2 AND p.id = ?3",
            )
            .and_then(|mut query| query.query_row(params![account, epoch, id.as_bytes()], read).optional()),
    };
    grant.map_err(cause)
}

/// Ends all sessions of an account but this one.
pub(super) fn end_others(
    connection: &Connection,
    account: AccountId,
    token_hash: &Hash,
    now: Millis,
) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE sessions SET ended_at = ?3 WHERE account_id = ?1 AND token_hash <> ?2 AND ended_at IS NULL",
            params![account.as_bytes(), token_hash, integer(now)],
        )
        .map(drop)
        .map_err(cause)
}

/// The time before which anything that lasts `lifetime` has ended; negative in the first moments after 1970.
pub(super) fn oldest(now: Millis, lifetime: Millis) -> i64 {
    integer(now) - integer(lifetime)
}
