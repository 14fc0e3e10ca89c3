//! The secrets that open a vault, in Oracle: passphrase, recovery code, passkeys.

use oracle::Row;
use oracle::sql_type::ToSql;
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::{CredentialChange, PasskeySummary};
use shared::ids::{AccountId, PasskeyId};
use shared::sessions::CredentialName;

use super::accounts::account_id;
use super::connect::TimedConnection;
use super::{OpError, OracleStore, first, sql};
use crate::store::{
    Credential, Credentials, Millis, NewSecret, NewVaultKey, OldPasskey, PasskeyVerifier, StoreError, StoredPasskey,
    summaries,
};

impl Credentials for OracleStore {
    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        let by_username: (&str, &dyn ToSql) = ("login", &username.as_str());
        self.run(|connection, _| {
            let row: Option<Row> = match name {
                CredentialName::Passphrase => first(connection, sql::PASSPHRASE, &[by_username])?,
                CredentialName::Recovery => first(connection, sql::RECOVERY, &[by_username])?,
                CredentialName::Passkey(id) => {
                    first(connection, sql::PASSKEY, &[by_username, ("passkey", &id.as_bytes())])?
                }
            };
            let credential = row.map(|row| {
                let secret =
                    NewCredential { suite: 1, record: Base64Url(row.get(2)?), wrapped_key: Base64Url(row.get(3)?) };
                Ok(Credential { account: account_id(row.get(0)?)?, epoch: row.get(1)?, secret, verifier: None })
            });
            credential.transpose()
        })
    }

    fn set_credential(&self, new: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        let by_account: (&str, &dyn ToSql) = ("account", &new.account.as_bytes());
        let by_token: (&str, &dyn ToSql) = ("token_hash", &&new.token_hash);
        self.run(|connection, _| {
            let account_exists = lock_epoch(connection, new.account)?.is_some();
            if !account_exists || first::<Vec<u8>>(connection, sql::SESSION_OF, &[by_token, by_account])?.is_none() {
                return Err(StoreError::NotFound.into());
            }
            let current = own_secret(connection, new.account, &new.name)?;
            if current.as_ref() == Some(&new.secret) {
                return Ok(connection.rollback()?);
            }
            let update = match &new.name {
                CredentialName::Passphrase => sql::SET_PASSPHRASE,
                CredentialName::Recovery => sql::SET_RECOVERY,
                CredentialName::Passkey(id) => {
                    if current.is_some() {
                        remove(connection, new.account, id)?;
                    } else if first(connection, sql::COUNT_PASSKEYS, &[by_account])?.unwrap_or(0) >= passkeys_max {
                        return Err(StoreError::Full.into());
                    }
                    let secret = new.secret.clone();
                    let passkey =
                        StoredPasskey { id: id.clone(), secret, verifier: None, created_at: now, used_at: None };
                    add_passkey(connection, new.account, &passkey)?;
                    return Ok(connection.commit()?);
                }
            };
            let NewCredential { record, wrapped_key, .. } = &new.secret;
            let binds: [(&str, &dyn ToSql); 3] = [("record", &record.0), ("wrapped_key", &wrapped_key.0), by_account];
            connection.execute_named(update, &binds)?;
            connection.execute_named(sql::END_OTHERS, &[by_account, by_token])?;
            Ok(connection.commit()?)
        })
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.run(|connection, _| stored_passkeys(connection, account)).map(summaries)
    }

    fn replace_vault_key(&self, _: &NewVaultKey, _: Millis) -> Result<(), StoreError> {
        Err(StoreError::Fault("not written yet".into()))
    }

    fn passkey_verifier(&self, _: AccountId, _: &PasskeyId) -> Result<Option<PasskeyVerifier>, StoreError> {
        Err(StoreError::Fault("not written yet".into()))
    }

    fn credential_changes(&self, _: AccountId) -> Result<Vec<CredentialChange>, StoreError> {
        Err(StoreError::Fault("not written yet".into()))
    }

    fn remove_passkey(&self, passkey: &OldPasskey, _: Millis) -> Result<(), StoreError> {
        let OldPasskey { account, id, .. } = passkey;
        let account = *account;
        self.run(|connection, _| {
            if lock_epoch(connection, account)?.is_some() {
                remove(connection, account, id)?;
            }
            Ok(connection.commit()?)
        })
    }
}

/// Locks the account and returns its epoch. Until the transaction ends, nobody else changes its secrets.
pub(super) fn lock_epoch(connection: &TimedConnection<'_>, account: AccountId) -> Result<Option<u32>, OpError> {
    first(connection, sql::LOCK_EPOCH, &[("account", &account.as_bytes())])
}

/// A secret of an account, looked up by the account's id.
pub(super) fn own_secret(
    connection: &TimedConnection<'_>,
    account: AccountId,
    name: &CredentialName,
) -> Result<Option<NewCredential>, OpError> {
    let by_account: (&str, &dyn ToSql) = ("account", &account.as_bytes());
    let row: Option<(Vec<u8>, Vec<u8>)> = match name {
        CredentialName::Passphrase => first(connection, sql::OWN_PASSPHRASE, &[by_account])?,
        CredentialName::Recovery => first(connection, sql::OWN_RECOVERY, &[by_account])?,
        CredentialName::Passkey(id) => first(connection, sql::OWN_PASSKEY, &[by_account, ("passkey", &id.as_bytes())])?,
    };
    Ok(row.map(|(record, key)| NewCredential { suite: 1, record: Base64Url(record), wrapped_key: Base64Url(key) }))
}

/// Stores a passkey. The caller commits.
pub(super) fn add_passkey(
    connection: &TimedConnection<'_>,
    account: AccountId,
    passkey: &StoredPasskey,
) -> Result<(), OpError> {
    let StoredPasskey { id, secret, created_at, used_at, .. } = passkey;
    let binds: [(&str, &dyn ToSql); 6] = [
        ("account", &account.as_bytes()),
        ("passkey", &id.as_bytes()),
        ("record", &secret.record.0),
        ("wrapped_key", &secret.wrapped_key.0),
        ("created_at", created_at),
        ("used_at", used_at),
    ];
    connection.execute_named(sql::ADD_PASSKEY, &binds)?;
    Ok(())
}

/// The passkeys of an account, ordered by their ids.
pub(super) fn stored_passkeys(
    connection: &TimedConnection<'_>,
    account: AccountId,
) -> Result<Vec<StoredPasskey>, OpError> {
    type Row = (Vec<u8>, Vec<u8>, Vec<u8>, u64, Option<u64>);
    let rows = connection.query_as_named::<Row>(sql::ALL_PASSKEYS, &[("account", &account.as_bytes())])?;
    rows.map(|row| {
        let (id, record, wrapped_key, created_at, used_at) = row?;
        let id = id.try_into().map_err(|_| StoreError::Fault("passkeys.id is no id".into()))?;
        let secret = NewCredential { suite: 1, record: Base64Url(record), wrapped_key: Base64Url(wrapped_key) };
        Ok(StoredPasskey { id, secret, verifier: None, created_at, used_at })
    })
    .collect()
}

/// Removes a passkey, and raises the epoch if it existed. The caller holds the account's lock and commits.
fn remove(connection: &TimedConnection<'_>, account: AccountId, id: &PasskeyId) -> Result<(), OpError> {
    let by_account: (&str, &dyn ToSql) = ("account", &account.as_bytes());
    let removed =
        connection.execute_named(sql::REMOVE_PASSKEY, &[by_account, ("passkey", &id.as_bytes())])?.row_count()?;
    if removed > 0 {
        connection.execute_named(sql::RAISE_EPOCH, &[by_account])?;
    }
    Ok(())
}
