//! Invites and accounts in SQLite.

use rusqlite::{Connection, OptionalExtension, params};
use shared::accounts::Username;
use shared::changes::SealedHead;
use shared::ids::AccountId;

use super::credentials::check_epoch;
use super::{SqliteStore, cause, integer, taken};
use crate::store::{Accounts, Hash, Invite, InviteFault, Millis, NewAccount, StoreError};

impl Accounts for SqliteStore {
    fn has_accounts(&self) -> Result<bool, StoreError> {
        self.read(any_account)
    }

    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        self.write(|connection| {
            connection
                .execute(
                    "INSERT INTO invites (code_hash, expires_at, setup) VALUES (?1, ?2, ?3)",
                    params![invite.code_hash, integer(invite.expires_at), invite.setup],
                )
                .map(drop)
                .map_err(taken)
        })
    }

    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.read(|connection| check_invite(connection, code_hash, now))
    }

    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<bool, StoreError> {
        let NewAccount { id, username, passphrase, recovery, head } = account;
        self.write(|connection| {
            let exists = connection
                .prepare_cached(
                    "SELECT 1 FROM accounts
                     WHERE id = ?1 AND login = ?2 AND passphrase_record = ?3 AND invite_hash = ?4",
                )
                .and_then(|mut query| {
                    query.exists(params![id.as_bytes(), username.as_str(), passphrase.record.0, invite_hash])
                })
                .map_err(cause)?;
            // The same request again: its answer was lost.
            if exists {
                return Ok(false);
            }
            check_invite(connection, invite_hash, now)?;
            connection
                .execute(
                    "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key,
                                           epoch, change_no, entries, created_at, passphrase_suite,
                                           recovery_suite, key_no, head, invite_hash)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, ?7, ?8, ?9, ?10, ?11, ?12)",
                    params![
                        id.as_bytes(),
                        username.as_str(),
                        passphrase.record.0,
                        passphrase.wrapped_key.0,
                        recovery.record.0,
                        recovery.wrapped_key.0,
                        integer(now),
                        passphrase.suite,
                        recovery.suite,
                        i32::from(head.is_some()),
                        head.as_ref().map(SealedHead::as_bytes),
                        invite_hash,
                    ],
                )
                .map_err(taken)?;
            connection
                .execute("UPDATE invites SET used_at = ?1 WHERE code_hash = ?2", params![integer(now), invite_hash])
                .map(|_| true)
                .map_err(cause)
        })
    }

    fn username(&self, account: AccountId) -> Result<Username, StoreError> {
        self.read(|connection| {
            let username: String = connection
                .prepare_cached("SELECT login FROM accounts WHERE id = ?1")
                .and_then(|mut query| query.query_row(params![account.as_bytes()], |row| row.get(0)).optional())
                .map_err(cause)?
                .ok_or(StoreError::NotFound)?;
            parse_username(&username)
        })
    }

    /// The tables say `ON DELETE CASCADE`: every row that refers to the account goes with it.
    fn delete_account(&self, account: AccountId, epoch: Option<u32>) -> Result<(), StoreError> {
        self.write(|connection| {
            match check_epoch(connection, account, epoch) {
                Err(StoreError::NotFound) => return Ok(()),
                checked => checked?,
            }
            connection
                .execute("DELETE FROM accounts WHERE id = ?1", params![account.as_bytes()])
                .map(drop)
                .map_err(cause)
        })
    }
}

fn any_account(connection: &Connection) -> Result<bool, StoreError> {
    let found = connection.prepare_cached("SELECT 1 FROM accounts LIMIT 1").and_then(|mut query| query.exists([]));
    found.map_err(cause)
}

fn check_invite(connection: &Connection, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
    let invite: Option<(i64, bool, bool)> = connection
        .prepare_cached("SELECT expires_at, used_at IS NOT NULL, setup FROM invites WHERE code_hash = ?1")
        .and_then(|mut query| {
            query.query_row(params![code_hash], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .map_err(cause)?;
    let fault = match invite {
        None => InviteFault::Unknown,
        Some((_, true, _)) => InviteFault::Used,
        Some((_, _, true)) if any_account(connection)? => InviteFault::Unknown,
        Some((expires_at, _, _)) if expires_at <= integer(now) => InviteFault::Expired,
        Some(_) => return Ok(()),
    };
    Err(StoreError::Invite(fault))
}

pub(super) fn parse_username(text: &str) -> Result<Username, StoreError> {
    Username::new(text).map_err(|_| StoreError::Fault("accounts.login is no username".into()))
}

pub(super) fn account_id(bytes: [u8; 16]) -> Result<AccountId, StoreError> {
    bytes.try_into().map_err(|error| StoreError::Fault(format!("accounts.id: {error}")))
}
