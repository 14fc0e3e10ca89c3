//! Transfer out of and into Oracle: rows exactly as they are stored.

use std::collections::BTreeMap;

use oracle::sql_type::{OracleType, ToSql};
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::changes::StoredVersion;
use shared::ids::AccountId;

use super::accounts::{account_id, parse_username, write_account};
use super::credentials::{add_passkey, stored_passkeys};
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
            let credential = |record, key| -> Result<_, OpError> {
                Ok(NewCredential {
                    suite: 1,
                    record: Base64Url(row.get(record)?),
                    wrapped_key: Base64Url(row.get(key)?),
                })
            };
            let id = account_id(row.get(0)?)?;
            Ok(Some(StoredAccount {
                id,
                username: parse_username(&row.get::<_, String>(1)?)?,
                passphrase: credential(2, 3)?,
                recovery: credential(4, 5)?,
                passkeys: stored_passkeys(connection, id)?,
                credential_changes: Vec::new(),
                key_no: 0,
                earlier_keys: None,
                head: None,
                invite_hash: None,
                epoch: row.get(6)?,
                change_no: row.get(7)?,
                entries: row.get(8)?,
                created_at: row.get(9)?,
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
            for passkey in &account.passkeys {
                add_passkey(connection, account.id, passkey)?;
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
                        let (account, id) = (account.as_bytes(), id.as_bytes());
                        batch.append_row(&[&account, &id, version, change_no, changed_at, &deleted_at, &bytes])?;
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
