//! Transfer out of and into SQLite: rows exactly as they are stored.

use rusqlite::{OptionalExtension, Row, params};
use shared::ids::AccountId;
use shared::passwords::{SealedEntry, StoredEntry};

use super::accounts::{account_id, parse_username};
use super::credentials::{add_passkey, secret, stored_passkeys};
use super::{SqliteStore, cause, integer, taken};
use crate::store::{StoreError, StoredAccount, StoredInvite, Transfer};

impl Transfer for SqliteStore {
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError> {
        let read = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            let (id, username) = (row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?);
            let (passphrase, recovery) = (secret(row, 2)?, secret(row, 4)?);
            Ok((id, username, passphrase, recovery, row.get::<_, u32>(6)?, number(7)?, number(8)?, number(9)?))
        };
        // Every id is above the empty one.
        let after = after.map_or(Vec::new(), |after| after.as_bytes().to_vec());
        self.read(|connection| {
            let row = connection
                .query_row(
                    "SELECT id, login, passphrase_record, passphrase_key, recovery_record, recovery_key, epoch,
                            change_no, entries, created_at
                     FROM accounts WHERE id > ?1 ORDER BY id LIMIT 1",
                    params![after],
                    read,
                )
                .optional()
                .map_err(cause)?;
            let Some((id, username, passphrase, recovery, epoch, change_no, entries, created_at)) = row else {
                return Ok(None);
            };
            let (id, username) = (account_id(id)?, parse_username(&username)?);
            let passkeys = stored_passkeys(connection, id)?;
            Ok(Some(StoredAccount {
                id,
                username,
                passphrase,
                recovery,
                passkeys,
                epoch,
                change_no,
                entries,
                created_at,
            }))
        })
    }

    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(StoredInvite {
                code_hash: row.get(0)?,
                expires_at: row.get::<_, i64>(1)?.unsigned_abs(),
                used_at: row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
                setup: row.get(3)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare("SELECT code_hash, expires_at, used_at, setup FROM invites ORDER BY code_hash")
                .and_then(|mut query| query.query_map([], read)?.collect())
                .map_err(cause)
        })
    }

    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError> {
        let StoredAccount { id, username, passphrase, recovery, passkeys, epoch, change_no, entries, created_at } =
            account;
        self.write(|connection| {
            let rows = connection
                .execute(
                    "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key,
                                           epoch, change_no, entries, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                     ON CONFLICT (id) DO UPDATE SET passphrase_record = excluded.passphrase_record,
                        passphrase_key = excluded.passphrase_key, recovery_record = excluded.recovery_record,
                        recovery_key = excluded.recovery_key, epoch = excluded.epoch, change_no = excluded.change_no,
                        entries = excluded.entries, created_at = excluded.created_at
                        WHERE login = excluded.login",
                    params![
                        id.as_bytes(),
                        username.as_str(),
                        passphrase.record.0,
                        passphrase.wrapped_key.0,
                        recovery.record.0,
                        recovery.wrapped_key.0,
                        epoch,
                        integer(*change_no),
                        integer(*entries),
                        integer(*created_at),
                    ],
                )
                .map_err(taken)?;
            // The id exists, with another username.
            if rows != 1 {
                return Err(StoreError::Taken);
            }
            connection.execute("DELETE FROM passkeys WHERE account_id = ?1", params![id.as_bytes()]).map_err(cause)?;
            passkeys.iter().try_for_each(|passkey| add_passkey(connection, *id, passkey))
        })
    }

    fn insert_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError> {
        let (Some(low), Some(high)) = (entries.first(), entries.last()) else { return Ok(()) };
        self.write(|connection| {
            let mut insert = connection
                .prepare_cached(
                    "INSERT INTO passwords (account_id, id, version, change_no, changed_at, deleted_at, sealed)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (account_id, id) DO UPDATE SET version = version
                        WHERE version = excluded.version AND change_no = excluded.change_no",
                )
                .map_err(cause)?;
            for StoredEntry { id, version, change_no, changed_at, sealed } in entries {
                let deleted_at = sealed.is_none().then_some(integer(*changed_at));
                let rows = insert
                    .execute(params![
                        account.as_bytes(),
                        id.as_bytes(),
                        version,
                        integer(*change_no),
                        integer(*changed_at),
                        deleted_at,
                        sealed.as_ref().map(SealedEntry::as_bytes),
                    ])
                    .map_err(taken)?;
                if rows != 1 {
                    return Err(StoreError::Taken);
                }
            }
            // More rows than `entries` in their range of change numbers did not come from the source.
            let count: i64 = connection
                .query_row(
                    "SELECT count(*) FROM passwords WHERE account_id = ?1 AND change_no BETWEEN ?2 AND ?3",
                    params![account.as_bytes(), integer(low.change_no), integer(high.change_no)],
                    |row| row.get(0),
                )
                .map_err(cause)?;
            if count.unsigned_abs() == entries.len() as u64 { Ok(()) } else { Err(StoreError::Taken) }
        })
    }

    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError> {
        let StoredInvite { code_hash, expires_at, used_at, setup } = invite;
        self.write(|connection| {
            connection
                .execute(
                    "INSERT OR REPLACE INTO invites (code_hash, expires_at, used_at, setup) VALUES (?1, ?2, ?3, ?4)",
                    params![code_hash, integer(*expires_at), used_at.map(integer), setup],
                )
                .map(drop)
                .map_err(cause)
        })
    }
}
