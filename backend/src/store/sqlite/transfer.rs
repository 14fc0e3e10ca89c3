//! Transfer out of and into SQLite: rows exactly as they are stored.

use rusqlite::{OptionalExtension, Row, params};
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::changes::StoredVersion;
use shared::ids::AccountId;

use super::accounts::{account_id, parse_username};
use super::credentials::{add_change, add_passkey, secret, stored_changes, stored_passkeys};
use super::{SqliteStore, cause, integer, taken};
use crate::store::{Hash, StoreError, StoredAccount, StoredInvite, Transfer};

/// An account's row as it was read, not yet validated.
struct RawAccount {
    id: [u8; 16],
    username: String,
    passphrase: NewCredential,
    recovery: NewCredential,
    epoch: u32,
    change_no: u64,
    entries: u64,
    created_at: u64,
    key_no: u32,
    earlier_keys: Option<Vec<u8>>,
    head: Option<Vec<u8>>,
    invite_hash: Option<Hash>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<RawAccount> {
    let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(RawAccount {
        id: row.get(0)?,
        username: row.get(1)?,
        passphrase: secret(row, 2)?,
        recovery: secret(row, 5)?,
        epoch: row.get(8)?,
        change_no: number(9)?,
        entries: number(10)?,
        created_at: number(11)?,
        key_no: row.get(12)?,
        earlier_keys: row.get(13)?,
        head: row.get(14)?,
        invite_hash: row.get(15)?,
    })
}

impl Transfer for SqliteStore {
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError> {
        // Every id is above the empty one.
        let after = after.map_or(Vec::new(), |after| after.as_bytes().to_vec());
        self.read(|connection| {
            let row = connection
                .query_row(
                    "SELECT id, login, passphrase_record, passphrase_key, passphrase_suite, recovery_record,
                            recovery_key, recovery_suite, epoch, change_no, entries, created_at, key_no, earlier_keys,
                            head, invite_hash
                     FROM accounts WHERE id > ?1 ORDER BY id LIMIT 1",
                    params![after],
                    raw,
                )
                .optional()
                .map_err(cause)?;
            let Some(row) = row else { return Ok(None) };
            let id = account_id(row.id)?;
            Ok(Some(StoredAccount {
                id,
                username: parse_username(&row.username)?,
                passphrase: row.passphrase,
                recovery: row.recovery,
                passkeys: stored_passkeys(connection, id)?,
                credential_changes: stored_changes(connection, id)?,
                epoch: row.epoch,
                key_no: row.key_no,
                earlier_keys: row.earlier_keys.map(Base64Url),
                head: row.head.map(Base64Url),
                invite_hash: row.invite_hash,
                change_no: row.change_no,
                entries: row.entries,
                created_at: row.created_at,
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
        let StoredAccount { id, passphrase, recovery, .. } = account;
        let by_id = params![id.as_bytes()];
        self.write(|connection| {
            let rows = connection
                .execute(
                    "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, passphrase_suite,
                        recovery_record, recovery_key, recovery_suite, epoch, change_no, entries, created_at, key_no,
                        earlier_keys, head, invite_hash)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
                     ON CONFLICT (id) DO UPDATE SET passphrase_record = excluded.passphrase_record,
                        passphrase_key = excluded.passphrase_key, passphrase_suite = excluded.passphrase_suite,
                        recovery_record = excluded.recovery_record, recovery_key = excluded.recovery_key,
                        recovery_suite = excluded.recovery_suite, epoch = excluded.epoch,
                        change_no = excluded.change_no, entries = excluded.entries, created_at = excluded.created_at,
                        key_no = excluded.key_no, earlier_keys = excluded.earlier_keys, head = excluded.head,
                        invite_hash = excluded.invite_hash
                        WHERE login = excluded.login",
                    params![
                        id.as_bytes(),
                        account.username.as_str(),
                        passphrase.record.0,
                        passphrase.wrapped_key.0,
                        passphrase.suite,
                        recovery.record.0,
                        recovery.wrapped_key.0,
                        recovery.suite,
                        account.epoch,
                        integer(account.change_no),
                        integer(account.entries),
                        integer(account.created_at),
                        account.key_no,
                        account.earlier_keys.as_ref().map(|keys| &keys.0),
                        account.head.as_ref().map(|head| &head.0),
                        account.invite_hash,
                    ],
                )
                .map_err(taken)?;
            // The id exists, with another username.
            if rows != 1 {
                return Err(StoreError::Taken);
            }
            connection.execute("DELETE FROM passkeys WHERE account_id = ?1", by_id).map_err(cause)?;
            connection.execute("DELETE FROM credential_changes WHERE account_id = ?1", by_id).map_err(cause)?;
            account.passkeys.iter().try_for_each(|passkey| add_passkey(connection, *id, passkey))?;
            account.credential_changes.iter().try_for_each(|change| add_change(connection, *id, change))
        })
    }

    fn insert_entries(&self, account: AccountId, entries: &[StoredVersion]) -> Result<(), StoreError> {
        let (Some(low), Some(high)) = (entries.first(), entries.last()) else { return Ok(()) };
        self.write(|connection| {
            let mut insert = connection
                .prepare_cached(
                    "INSERT INTO passwords (account_id, id, version, change_no, changed_at, deleted_at, sealed, sealed_deletion)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (account_id, id) DO UPDATE SET version = version
                        WHERE version = excluded.version AND change_no = excluded.change_no",
                )
                .map_err(cause)?;
            for StoredVersion { id, version, change_no, changed_at, deleted, sealed } in entries {
                let deleted_at = deleted.then_some(integer(*changed_at));
                let bytes = sealed.as_ref().map(|sealed| &sealed.0);
                let (sealed, deletion) = if *deleted { (None, bytes) } else { (bytes, None) };
                let rows = insert
                    .execute(params![
                        account.as_bytes(),
                        id.as_bytes(),
                        version,
                        integer(*change_no),
                        integer(*changed_at),
                        deleted_at,
                        sealed,
                        deletion,
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
