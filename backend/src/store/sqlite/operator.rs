//! The operator's commands in SQLite.

use rusqlite::{Row, params};
use shared::ids::AccountId;

use super::accounts::{account_id, parse_username};
use super::sessions::oldest;
use super::{SqliteStore, cause, integer};
use crate::store::{AccountSummary, Hash, Lifetime, Millis, Operator, StoreError};

impl Operator for SqliteStore {
    fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        let read = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            let changed_at = row.get::<_, Option<i64>>(4)?.map(i64::unsigned_abs);
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?, number(2)?, number(3)?, changed_at))
        };
        let rows: Vec<_> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT a.id, a.login, a.created_at, a.entries, p.changed_at FROM accounts a
                     LEFT JOIN passwords p ON p.account_id = a.id AND p.change_no = a.change_no ORDER BY a.login",
                )
                .and_then(|mut query| query.query_map([], read)?.collect())
                .map_err(cause)
        })?;
        rows.into_iter()
            .map(|(id, username, created_at, entries, changed_at)| {
                let (id, username) = (account_id(id)?, parse_username(&username)?);
                Ok(AccountSummary { id, username, created_at, entries, changed_at })
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

    fn end_sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<u64, StoreError> {
        self.write(|connection| {
            let (idle, max) = (oldest(now, lifetime.idle), oldest(now, lifetime.max));
            connection
                .execute(
                    "UPDATE sessions SET ended_at = ?4
                     WHERE account_id = ?1 AND used_at > ?2 AND created_at > ?3 AND ended_at IS NULL",
                    params![account.as_bytes(), idle, max, integer(now)],
                )
                .map(|rows| rows as u64)
                .map_err(cause)
        })
    }
}
