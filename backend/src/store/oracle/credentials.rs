//! The secrets that open a vault, in Oracle: passphrase, recovery code, passkeys; and the list of their changes.

use oracle::Row;
use oracle::sql_type::ToSql;
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::SealedHead;
use shared::credentials::{CredentialChange, CredentialChangeKind, PasskeySummary};
use shared::ids::{AccountId, PasskeyId};
use shared::limits::CREDENTIAL_CHANGES_MAX;
use shared::sessions::{CredentialName, Device};

use super::accounts::account_id;
use super::connect::TimedConnection;
use super::{OpError, OracleStore, first, sql};
use crate::store::{
    Credential, Credentials, Hash, Millis, NewSecret, NewVaultKey, OldPasskey, PasskeyVerifier, StoreError,
    StoredPasskey, summaries,
};

/// As read: number of the vault key, earlier keys, head.
pub(super) type Keys = (u32, Option<Vec<u8>>, Option<Vec<u8>>);

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
                let (record, wrapped_key) = (Base64Url(row.get(2)?), Base64Url(row.get(3)?));
                let secret = NewCredential { suite: row.get(4)?, record, wrapped_key };
                let is_passkey = matches!(name, CredentialName::Passkey(_));
                let verifier = if is_passkey { verifier(row.get(5)?, row.get(6)?) } else { None };
                Ok(Credential { account: account_id(row.get(0)?)?, epoch: row.get(1)?, secret, verifier })
            });
            credential.transpose()
        })
    }

    fn set_credential(&self, new: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        let by_account: (&str, &dyn ToSql) = ("account", &new.account.as_bytes());
        self.run(|connection, _| {
            let (epoch, maker) = maker(connection, new.account, &new.token_hash, &new.address, now)?;
            let current = own_secret(connection, new.account, &new.name)?;
            if current.as_ref() == Some(&new.secret) {
                return Ok(connection.rollback()?);
            }
            require_epoch(epoch, new.epoch)?;
            let (update, kind) = match &new.name {
                CredentialName::Passphrase => (sql::SET_PASSPHRASE, CredentialChangeKind::Passphrase),
                CredentialName::Recovery => (sql::SET_RECOVERY, CredentialChangeKind::Recovery),
                CredentialName::Passkey(id) => {
                    if current.is_some() {
                        remove(connection, new.account, id)?;
                    } else if first(connection, sql::COUNT_PASSKEYS, &[by_account])?.unwrap_or(0) >= passkeys_max {
                        return Err(StoreError::Full.into());
                    }
                    let (secret, verifier) = (new.secret.clone(), new.verifier.clone());
                    let passkey = StoredPasskey { id: id.clone(), secret, verifier, created_at: now, used_at: None };
                    add_passkey(connection, new.account, &passkey)?;
                    connection.execute_named(sql::RAISE_EPOCH, &[by_account])?;
                    maker.note(connection, CredentialChangeKind::PasskeyAdded)?;
                    return Ok(connection.commit()?);
                }
            };
            let NewCredential { suite, record, wrapped_key } = &new.secret;
            let binds: [(&str, &dyn ToSql); 4] =
                [("record", &record.0), ("wrapped_key", &wrapped_key.0), ("suite", suite), by_account];
            connection.execute_named(update, &binds)?;
            maker.note(connection, kind)?;
            for StoredPasskey { id, .. } in stored_passkeys(connection, new.account)? {
                if !new.keep_passkeys.contains(&id) && remove(connection, new.account, &id)? {
                    maker.note(connection, CredentialChangeKind::PasskeyRemoved)?;
                }
            }
            maker.end_others(connection)?;
            Ok(connection.commit()?)
        })
    }

    fn replace_vault_key(&self, new: &NewVaultKey, now: Millis) -> Result<(), StoreError> {
        let by_account: (&str, &dyn ToSql) = ("account", &new.account.as_bytes());
        self.run(|connection, _| {
            let (epoch, maker) = maker(connection, new.account, &new.token_hash, &new.address, now)?;
            let keys: Option<Keys> = first(connection, sql::KEYS, &[by_account])?;
            let (key_no, _, head) = keys.ok_or(OpError::Store(StoreError::NotFound))?;
            if key_no == new.key_no {
                let passphrase = own_secret(connection, new.account, &CredentialName::Passphrase)?;
                let recovery = own_secret(connection, new.account, &CredentialName::Recovery)?;
                // The same request again: its answer was lost.
                if (passphrase.as_ref(), recovery.as_ref()) == (Some(&new.passphrase), Some(&new.recovery)) {
                    return Ok(connection.rollback()?);
                }
            }
            if key_no.checked_add(1) != Some(new.key_no) {
                return Err(StoreError::StaleKey.into());
            }
            require_epoch(epoch, new.epoch)?;
            if head.as_deref() != new.replaces.as_ref().map(SealedHead::as_bytes) {
                return Err(StoreError::StaleHead.into());
            }
            let (passphrase, recovery) = (&new.passphrase, &new.recovery);
            let binds: [(&str, &dyn ToSql); 10] = [
                ("passphrase_record", &passphrase.record.0),
                ("passphrase_key", &passphrase.wrapped_key.0),
                ("passphrase_suite", &passphrase.suite),
                ("recovery_record", &recovery.record.0),
                ("recovery_key", &recovery.wrapped_key.0),
                ("recovery_suite", &recovery.suite),
                ("key_no", &new.key_no),
                ("earlier_keys", &new.earlier_keys.0),
                ("head", &new.head.as_bytes()),
                by_account,
            ];
            connection.execute_named(sql::SET_VAULT_KEY, &binds)?;
            connection.execute_named(sql::REMOVE_PASSKEYS, &[by_account])?;
            maker.end_others(connection)?;
            maker.note(connection, CredentialChangeKind::VaultKey)?;
            Ok(connection.commit()?)
        })
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.run(|connection, _| stored_passkeys(connection, account)).map(summaries)
    }

    fn passkey_verifier(&self, account: AccountId, id: &PasskeyId) -> Result<Option<PasskeyVerifier>, StoreError> {
        let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("passkey", &id.as_bytes())];
        self.run(|connection, _| {
            let row: Option<(Option<Vec<u8>>, Option<String>)> = first(connection, sql::VERIFIER, &binds)?;
            Ok(row.and_then(|(state, origin)| verifier(state, origin)))
        })
    }

    fn remove_passkey(&self, passkey: &OldPasskey, now: Millis) -> Result<(), StoreError> {
        let OldPasskey { account, token_hash, epoch, id, address } = passkey;
        self.run(|connection, _| {
            let Some(current) = lock_epoch(connection, *account)? else { return Ok(connection.rollback()?) };
            if remove(connection, *account, id)? {
                // An error takes the removal back.
                require_epoch(current, *epoch)?;
                connection.execute_named(sql::RAISE_EPOCH, &[("account", &account.as_bytes())])?;
                let device = session_device(connection, *account, token_hash)?.flatten();
                let maker = Maker { account: *account, token_hash, device, address, now };
                maker.note(connection, CredentialChangeKind::PasskeyRemoved)?;
            }
            Ok(connection.commit()?)
        })
    }

    fn credential_changes(&self, account: AccountId) -> Result<Vec<CredentialChange>, StoreError> {
        let mut changes = self.run(|connection, _| stored_changes(connection, account))?;
        changes.reverse();
        Ok(changes)
    }
}

/// The session that changes a credential, for the list of changes.
struct Maker<'a> {
    account: AccountId,
    token_hash: &'a Hash,
    device: Option<String>,
    address: &'a str,
    now: Millis,
}

/// Locks the account, and returns its epoch and the session that changes it. Fails with [`StoreError::NotFound`] if there
/// is no such session of the account.
fn maker<'a>(
    connection: &TimedConnection<'_>,
    account: AccountId,
    token_hash: &'a Hash,
    address: &'a str,
    now: Millis,
) -> Result<(u32, Maker<'a>), OpError> {
    let epoch = lock_epoch(connection, account)?.ok_or(OpError::Store(StoreError::NotFound))?;
    let device = session_device(connection, account, token_hash)?.ok_or(OpError::Store(StoreError::NotFound))?;
    Ok((epoch, Maker { account, token_hash, device, address, now }))
}

/// The device's name of a session of an account, if it gave one; `None` if there is no such session.
fn session_device(
    connection: &TimedConnection<'_>,
    account: AccountId,
    token_hash: &Hash,
) -> Result<Option<Option<String>>, OpError> {
    let binds: [(&str, &dyn ToSql); 2] = [("token_hash", &token_hash), ("account", &account.as_bytes())];
    let row: Option<(Vec<u8>, Option<String>)> = first(connection, sql::SESSION_OF, &binds)?;
    Ok(row.map(|(_, device)| device))
}

impl Maker<'_> {
    /// Notes a change of a credential, and forgets the oldest beyond [`CREDENTIAL_CHANGES_MAX`].
    fn note(&self, connection: &TimedConnection<'_>, kind: CredentialChangeKind) -> Result<(), OpError> {
        let by_account: (&str, &dyn ToSql) = ("account", &self.account.as_bytes());
        let last: Option<Option<u64>> = first(connection, sql::LAST_CREDENTIAL_CHANGE, &[by_account])?;
        let number = last.flatten().unwrap_or_default() + 1;
        let device = self.device.as_deref().and_then(|name| Device::new(name).ok());
        let address = self.address.to_owned();
        add_change(connection, self.account, &CredentialChange { number, at: self.now, kind, device, address })?;
        let forgotten = number.saturating_sub(CREDENTIAL_CHANGES_MAX as u64);
        connection.execute_named(sql::REMOVE_CREDENTIAL_CHANGES, &[by_account, ("upto", &forgotten)])?;
        Ok(())
    }

    fn end_others(&self, connection: &TimedConnection<'_>) -> Result<(), OpError> {
        let binds: [(&str, &dyn ToSql); 3] =
            [("now", &self.now), ("account", &self.account.as_bytes()), ("token_hash", &self.token_hash)];
        connection.execute_named(sql::END_OTHERS, &binds)?;
        Ok(())
    }
}

fn require_epoch(current: u32, epoch: u32) -> Result<(), StoreError> {
    if epoch == current { Ok(()) } else { Err(StoreError::StaleProof) }
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
    let row: Option<(Vec<u8>, Vec<u8>, u8)> = match name {
        CredentialName::Passphrase => first(connection, sql::OWN_PASSPHRASE, &[by_account])?,
        CredentialName::Recovery => first(connection, sql::OWN_RECOVERY, &[by_account])?,
        CredentialName::Passkey(id) => first(connection, sql::OWN_PASSKEY, &[by_account, ("passkey", &id.as_bytes())])?,
    };
    Ok(row.map(|(record, key, suite)| NewCredential { suite, record: Base64Url(record), wrapped_key: Base64Url(key) }))
}

/// Stores a passkey. The caller commits.
pub(super) fn add_passkey(
    connection: &TimedConnection<'_>,
    account: AccountId,
    passkey: &StoredPasskey,
) -> Result<(), OpError> {
    let StoredPasskey { id, secret, verifier, created_at, used_at } = passkey;
    let binds: [(&str, &dyn ToSql); 9] = [
        ("account", &account.as_bytes()),
        ("passkey", &id.as_bytes()),
        ("record", &secret.record.0),
        ("wrapped_key", &secret.wrapped_key.0),
        ("suite", &secret.suite),
        ("created_at", created_at),
        ("used_at", used_at),
        ("verifier", &verifier.as_ref().map(|verifier| &verifier.state[..])),
        ("origin", &verifier.as_ref().map(|verifier| verifier.origin.as_str())),
    ];
    connection.execute_named(sql::ADD_PASSKEY, &binds)?;
    Ok(())
}

/// The passkeys of an account, ordered by their ids.
pub(super) fn stored_passkeys(
    connection: &TimedConnection<'_>,
    account: AccountId,
) -> Result<Vec<StoredPasskey>, OpError> {
    type Row = (Vec<u8>, Vec<u8>, Vec<u8>, u8, u64, Option<u64>, Option<Vec<u8>>, Option<String>);
    let rows = connection.query_as_named::<Row>(sql::ALL_PASSKEYS, &[("account", &account.as_bytes())])?;
    rows.map(|row| {
        let (id, record, wrapped_key, suite, created_at, used_at, state, origin) = row?;
        let id = id.try_into().map_err(|_| StoreError::Fault("passkeys.id is no id".into()))?;
        let secret = NewCredential { suite, record: Base64Url(record), wrapped_key: Base64Url(wrapped_key) };
        Ok(StoredPasskey { id, secret, verifier: verifier(state, origin), created_at, used_at })
    })
    .collect()
}

/// The changes of an account's credentials, by rising number.
pub(super) fn stored_changes(
    connection: &TimedConnection<'_>,
    account: AccountId,
) -> Result<Vec<CredentialChange>, OpError> {
    type Row = (u64, u64, String, Option<String>, Option<String>);
    let rows = connection.query_as_named::<Row>(sql::CREDENTIAL_CHANGES, &[("account", &account.as_bytes())])?;
    rows.map(|row| {
        let (number, at, kind, device, address) = row?;
        let kind = CredentialChangeKind::of_name(&kind)
            .ok_or_else(|| StoreError::Fault("credential_changes.kind is unknown".into()))?;
        // A device name that is no longer valid is left out; the change is still listed.
        let device = device.and_then(|name| Device::new(&name).ok());
        Ok(CredentialChange { number, at, kind, device, address: address.unwrap_or_default() })
    })
    .collect()
}

/// Stores a change of a credential. The caller commits.
pub(super) fn add_change(
    connection: &TimedConnection<'_>,
    account: AccountId,
    change: &CredentialChange,
) -> Result<(), OpError> {
    let CredentialChange { number, at, kind, device, address } = change;
    let binds: [(&str, &dyn ToSql); 6] = [
        ("account", &account.as_bytes()),
        ("change_no", number),
        ("changed_at", at),
        ("kind", &kind.name()),
        ("device", &device.as_ref().map(Device::as_str)),
        ("address", &Some(address.as_str()).filter(|address| !address.is_empty())),
    ];
    connection.execute_named(sql::ADD_CREDENTIAL_CHANGE, &binds)?;
    Ok(())
}

/// Removes a passkey. Returns false if it does not exist. The caller holds the account's lock and commits.
fn remove(connection: &TimedConnection<'_>, account: AccountId, id: &PasskeyId) -> Result<bool, OpError> {
    let binds: [(&str, &dyn ToSql); 2] = [("account", &account.as_bytes()), ("passkey", &id.as_bytes())];
    Ok(connection.execute_named(sql::REMOVE_PASSKEY, &binds)?.row_count()? > 0)
}

fn verifier(state: Option<Vec<u8>>, origin: Option<String>) -> Option<PasskeyVerifier> {
    state.zip(origin).map(|(state, origin)| PasskeyVerifier { state, origin })
}
