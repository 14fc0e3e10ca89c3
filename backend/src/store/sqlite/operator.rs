//! The operator's commands in SQLite.

use rusqlite::{Row, params};
use shared::ids::AccountId;
use shared::sessions::Device;

use super::accounts::{account_id, parse_username};
use super::sessions::oldest;
use super::{SqliteStore, cause, integer};
use crate::store::{AccountSummary, Hash, Lifetime, Millis, Operator, StoreError, StoredSession};

impl Operator for SqliteStore {
    fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        let read = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            let changed_at = row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs);
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?, number(2)?, number(3)?, number(4)?, changed_at))
        };
        let rows: Vec<_> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT a.id, a.login, a.created_at, a.entries,
                        (SELECT count(*) FROM passkeys k WHERE k.account_id = a.id), p.changed_at FROM accounts a
                     LEFT JOIN passwords p ON p.account_id = a.id AND p.change_no = a.change_no ORDER BY a.login",
                )
                .and_then(|mut query| query.query_map([], read)?.collect())
                .map_err(cause)
        })?;
        rows.into_iter()
            .map(|(id, username, created_at, entries, passkeys, changed_at)| {
                let (id, username) = (account_id(id)?, parse_username(&username)?);
                Ok(AccountSummary { id, username, created_at, entries, passkeys, changed_at })
            })
            .collect()
    }

    fn revoke_invite(&self, code_hash: &Hash) -> Result<bool, StoreError> {
        self.write(|connection| {
            connection
                .execute("DELETE FROM invites WHERE code_hash = ?1 AND used_at IS NULL", params![code_hash])
                .map(|rows| rows > 0)
                .map_err(cause)
        })
    }

    fn all_sessions(&self, lifetime: &Lifetime, now: Millis) -> Result<Vec<(AccountId, StoredSession)>, StoreError> {
        let read = |row: &Row<'_>| {
            // A device name that is no longer valid is left out; the session is still listed.
            let device = row.get::<_, Option<String>>(2)?.and_then(|name| Device::new(&name).ok());
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            let session =
                StoredSession { token_hash: row.get(1)?, device, created_at: number(3)?, used_at: number(4)? };
            Ok((row.get::<_, [u8; 16]>(0)?, session))
        };
        let rows: Vec<_> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT account_id, token_hash, device, created_at, used_at FROM sessions
                     WHERE used_at > ?1 AND created_at > ?2 AND ended_at IS NULL
                     ORDER BY used_at DESC, created_at DESC",
                )
                .and_then(|mut query| {
                    query.query_map(params![oldest(now, lifetime.idle), oldest(now, lifetime.max)], read)?.collect()
                })
                .map_err(cause)
        })?;
        rows.into_iter().map(|(account, session)| Ok((account_id(account)?, session))).collect()
    }

    fn end_sessions(&self, account: AccountId, now: Millis) -> Result<u64, StoreError> {
        self.write(|connection| {
            connection
                .execute(
                    "UPDATE sessions SET ended_at = ?2 WHERE account_id = ?1 AND ended_at IS NULL",
                    params![account.as_bytes(), integer(now)],
                )
                .map(|rows| rows as u64)
                .map_err(cause)
        })
    }
}
