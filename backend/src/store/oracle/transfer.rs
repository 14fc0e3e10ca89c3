//! Transfer out of and into Oracle: rows exactly as they are stored.

use std::collections::BTreeMap;

use oracle::sql_type::{OracleType, ToSql};
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::changes::StoredVersion;
use shared::ids::AccountId;

use super::accounts::{account_id, parse_username, write_account};
use super::credentials::{add_change, add_passkey, stored_changes, stored_passkeys};
use super::sql::RAW_MAX;
use super::{OpError, OracleStore, bytes, first, sql, taken};
use crate::store::{StoreError, StoredAccount, StoredInvite, Transfer};

impl Transfer for OracleStore {
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError> {
        self.run(|connection, _| {
            let row: Option<oracle::Row> = match after {
                None => first(connection, sql::FIRST_ACCOUNT, &[])?,
                Some(after) => first(connection, sql::NEXT_ACCOUNT, &[("id", &after.as_bytes())])?,
            };
            let Some(row) = row else { return Ok(None) };
            let secret = |column: usize| -> Result<_, OpError> {
                let (record, wrapped_key) = (Base64Url(row.get(column)?), Base64Url(row.get(column + 1)?));
                Ok(NewCredential { suite: row.get(column + 2)?, record, wrapped_key })
            };
            let id = account_id(row.get(0)?)?;
            let invite_hash: Option<Vec<u8>> = row.get(15)?;
            Ok(Some(StoredAccount {
                id,
                username: parse_username(&row.get::<_, String>(1)?)?,
                passphrase: secret(2)?,
                recovery: secret(5)?,
                passkeys: stored_passkeys(connection, id)?,
                credential_changes: stored_changes(connection, id)?,
                epoch: row.get(8)?,
                change_no: row.get(9)?,
                entries: row.get(10)?,
                created_at: row.get(11)?,
                key_no: row.get(12)?,
                earlier_keys: row.get::<_, Option<Vec<u8>>>(13)?.map(Base64Url),
                head: row.get::<_, Option<Vec<u8>>>(14)?.map(Base64Url),
                invite_hash: invite_hash.map(|hash| bytes(hash, "accounts.invite_hash")).transpose()?,
            }))
        })
    }

    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError> {
        type Row = (Vec<u8>, u64, Option<u64>, i32);
        self.run(|connection, _| {
            let rows = connection.query_as::<Row>(sql::ALL_INVITES, &[])?;
            rows.map(|row| {
                let (code_hash, expires_at, used_at, setup) = row?;
                let code_hash = bytes(code_hash, "invites.code_hash")?;
                Ok(StoredInvite { code_hash, expires_at, used_at, setup: setup != 0 })
            })
            .collect()
        })
    }

    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError> {
        self.run(|connection, _| {
            if write_account(connection, sql::UPDATE_ACCOUNT, account)? == 0 {
                write_account(connection, sql::ADD_ACCOUNT, account).map_err(taken)?;
            }
            connection.execute_named(sql::REMOVE_PASSKEYS, &[("account", &account.id.as_bytes())])?;
            let all: [(&str, &dyn ToSql); 2] = [("account", &account.id.as_bytes()), ("upto", &i64::MAX)];
            connection.execute_named(sql::REMOVE_CREDENTIAL_CHANGES, &all)?;
            for passkey in &account.passkeys {
                add_passkey(connection, account.id, passkey)?;
            }
            for change in &account.credential_changes {
                add_change(connection, account.id, change)?;
            }
            Ok(connection.commit()?)
        })
    }

    fn insert_entries(&self, account: AccountId, entries: &[StoredVersion]) -> Result<(), StoreError> {
        let (Some(low), Some(high)) = (entries.first(), entries.last()) else { return Ok(()) };
        self.run(|connection, _| {
            let range: [(&str, &dyn ToSql); 3] =
                [("account", &account.as_bytes()), ("low", &low.change_no), ("high", &high.change_no)];
            let existing = connection.query_as_named::<(Vec<u8>, u32, u64)>(sql::ENTRIES_IN_RANGE, &range)?;
            let existing = existing.map(|row| row.map(|(id, version, change_no)| (change_no, (id, version))));
            let mut existing = existing.collect::<Result<BTreeMap<_, _>, _>>()?;
            // One more than will come: a full batch would be sent at once.
            let mut batch = connection.now()?.batch(sql::INSERT_ENTRY, entries.len() + 1).build()?;
            // The types are set before the first row, which may have NULLs there.
            batch.set_type(6, &OracleType::Int64)?;
            batch.set_type(7, &OracleType::Raw(RAW_MAX as u32))?;
            batch.set_type(8, &OracleType::Raw(RAW_MAX as u32))?;
            let mut batched = 0;
            for StoredVersion { id, version, change_no, changed_at, deleted, sealed } in entries {
                match existing.remove(change_no) {
                    None => {}
                    Some((other, of)) if other == id.as_bytes() && of == *version => continue,
                    Some(_) => return Err(StoreError::Taken.into()),
                }
                let bytes = sealed.as_ref().map(|sealed| &*sealed.0);
                match bytes.filter(|bytes| bytes.len() > RAW_MAX) {
                    Some(large) => {
                        let large = (&large, &OracleType::LongRaw);
                        let binds: [&dyn ToSql; 6] =
                            [&account.as_bytes(), &id.as_bytes(), version, change_no, changed_at, &large];
                        connection.execute(sql::INSERT_LARGE, &binds).map_err(taken)?;
                    }
                    None => {
                        let deleted_at = deleted.then_some(*changed_at);
                        let (entry, deletion) = if *deleted { (None, bytes) } else { (bytes, None) };
                        let (account, id) = (account.as_bytes(), id.as_bytes());
                        let row: [&dyn ToSql; 8] =
                            [&account, &id, version, change_no, changed_at, &deleted_at, &entry, &deletion];
                        batch.append_row(&row)?;
                        batched += 1;
                    }
                }
            }
            // The rows that are left did not come from the source.
            if !existing.is_empty() {
                return Err(StoreError::Taken.into());
            }
            if batched > 0 {
                batch.execute().map_err(taken)?;
            }
            Ok(connection.commit()?)
        })
    }

    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError> {
        let StoredInvite { code_hash, expires_at, used_at, setup } = invite;
        let setup = i32::from(*setup);
        let binds: [(&str, &dyn ToSql); 4] =
            [("code_hash", &code_hash), ("expires_at", expires_at), ("used_at", used_at), ("setup", &setup)];
        self.run(|connection, _| {
            connection.execute_named(sql::REMOVE_INVITE, &[("code_hash", &code_hash)])?;
            connection.execute_named(sql::INSERT_INVITE, &binds)?;
            Ok(connection.commit()?)
        })
    }
}
