//! Moving house, out of and into Oracle: whole rows, as they are.

use std::collections::BTreeMap;

use oracle::Connection;
use oracle::sql_type::{OracleType, ToSql};
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::passwords::{SealedEntry, StoredEntry};

use super::accounts::{account_id, bytes, parse_username, write_account};
use super::credentials::{add_passkey, stored_passkeys};
use super::sql::RAW_MAX;
use super::{OpError, first, sql, taken};
use crate::store::{StoreError, StoredAccount, StoredInvite};

pub(super) fn account_after(
    connection: &Connection,
    after: Option<AccountId>,
) -> Result<Option<StoredAccount>, OpError> {
    let row: Option<oracle::Row> = match after {
        None => first(connection, sql::FIRST_ACCOUNT, &[])?,
        Some(after) => first(connection, sql::NEXT_ACCOUNT, &[("id", &after.as_bytes())])?,
    };
    let Some(row) = row else { return Ok(None) };
    let credential = |record, key| -> Result<_, OpError> {
        Ok(NewCredential { record: Base64Url(row.get(record)?), wrapped_key: Base64Url(row.get(key)?) })
    };
    let id = account_id(row.get(0)?)?;
    Ok(Some(StoredAccount {
        id,
        username: parse_username(&row.get::<_, String>(1)?)?,
        passphrase: credential(2, 3)?,
        recovery: credential(4, 5)?,
        passkeys: stored_passkeys(connection, id)?,
        epoch: row.get(6)?,
        change_no: row.get(7)?,
        entries: row.get(8)?,
        created_at: row.get(9)?,
    }))
}

pub(super) fn invites(connection: &Connection) -> Result<Vec<StoredInvite>, OpError> {
    type Row = (Vec<u8>, u64, Option<u64>, i32);
    let rows = connection.query_as::<Row>(sql::ALL_INVITES, &[])?;
    rows.map(|row| {
        let (code_hash, expires_at, used_at, setup) = row?;
        Ok(StoredInvite { code_hash: bytes(code_hash, "invites.code_hash")?, expires_at, used_at, setup: setup != 0 })
    })
    .collect()
}

pub(super) fn upsert_account(connection: &Connection, account: &StoredAccount) -> Result<(), OpError> {
    if write_account(connection, sql::UPDATE_ACCOUNT, account)? == 0 {
        write_account(connection, sql::ADD_ACCOUNT, account).map_err(taken)?;
    }
    connection.execute_named(sql::REMOVE_PASSKEYS, &[("account", &account.id.as_bytes())])?;
    for passkey in &account.passkeys {
        add_passkey(connection, account.id, passkey)?;
    }
    Ok(connection.commit()?)
}

pub(super) fn insert_entries(
    connection: &Connection,
    account: AccountId,
    entries: &[StoredEntry],
) -> Result<(), OpError> {
    let (Some(low), Some(high)) = (entries.first(), entries.last()) else { return Ok(()) };
    let held: [(&str, &dyn ToSql); 3] =
        [("account", &account.as_bytes()), ("low", &low.change_no), ("high", &high.change_no)];
    let held = connection.query_as_named::<(Vec<u8>, u32, u64)>(sql::HELD, &held)?;
    let held = held.map(|row| row.map(|(id, version, change_no)| (change_no, (id, version))));
    let mut held = held.collect::<Result<BTreeMap<_, _>, _>>()?;
    // One more than will come: a full batch would be sent at once.
    let mut batch = connection.batch(sql::TAKE_ENTRY, entries.len() + 1).build()?;
    // Said beforehand, for the first row may have NULLs there.
    batch.set_type(6, &OracleType::Int64)?;
    batch.set_type(7, &OracleType::Raw(RAW_MAX as u32))?;
    let mut batched = 0;
    for StoredEntry { id, version, change_no, changed_at, sealed } in entries {
        match held.remove(change_no) {
            None => {}
            Some((held, of)) if held == id.as_bytes() && of == *version => continue,
            Some(_) => return Err(StoreError::Taken.into()),
        }
        let bytes = sealed.as_ref().map(SealedEntry::as_bytes);
        match bytes.filter(|bytes| bytes.len() > RAW_MAX) {
            Some(large) => {
                let large = (&large, &OracleType::LongRaw);
                let binds: [&dyn ToSql; 6] =
                    [&account.as_bytes(), &id.as_bytes(), version, change_no, changed_at, &large];
                connection.execute(sql::TAKE_LARGE, &binds).map_err(taken)?;
            }
            None => {
                let deleted_at = sealed.is_none().then_some(*changed_at);
                batch.append_row(&[
                    &account.as_bytes(),
                    &id.as_bytes(),
                    version,
                    change_no,
                    changed_at,
                    &deleted_at,
                    &bytes,
                ])?;
                batched += 1;
            }
        }
    }
    // What is left over is no change of the source.
    if !held.is_empty() {
        return Err(StoreError::Taken.into());
    }
    if batched > 0 {
        batch.execute().map_err(taken)?;
    }
    Ok(connection.commit()?)
}

pub(super) fn upsert_invite(connection: &Connection, invite: &StoredInvite) -> Result<(), OpError> {
    let StoredInvite { code_hash, expires_at, used_at, setup } = invite;
    let setup = i32::from(*setup);
    connection.execute_named(sql::DROP_INVITE, &[("code_hash", &code_hash)])?;
    let binds: [(&str, &dyn ToSql); 4] =
        [("code_hash", &code_hash), ("expires_at", expires_at), ("used_at", used_at), ("setup", &setup)];
    connection.execute_named(sql::TAKE_INVITE, &binds)?;
    Ok(connection.commit()?)
}
