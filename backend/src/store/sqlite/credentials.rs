//! The secrets that open a vault, in SQLite: passphrase, recovery code, passkeys; and the list of their changes.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::SealedHead;
use shared::credentials::{CredentialChange, CredentialChangeKind, PasskeySummary};
use shared::ids::{AccountId, PasskeyId};
use shared::limits::CREDENTIAL_CHANGES_MAX;
use shared::sessions::{CredentialName, Device};

use super::accounts::account_id;
use super::sessions::end_others;
use super::{SqliteStore, cause, integer};
use crate::store::{
    Credential, Credentials, Hash, Millis, NewSecret, NewVaultKey, OldPasskey, PasskeyVerifier, StoreError,
    StoredPasskey, summaries,
};

impl Credentials for SqliteStore {
    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        let username = username.as_str();
        let read = |row: &Row<'_>| {
            let verifier = verifier(row.get(5)?, row.get(6)?);
            Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, secret(row, 2)?, verifier))
        };
        let row = self.read(|connection| {
            let row = match name {
                CredentialName::Passphrase => connection
                    .prepare_cached(
                        "SELECT id, epoch, passphrase_record, passphrase_key, passphrase_suite, NULL, NULL
                         FROM accounts WHERE login = ?1",
                    )
                    .and_then(|mut query| query.query_row(params![username], read).optional()),
                CredentialName::Recovery => connection
                    .prepare_cached(
                        "SELECT id, epoch, recovery_record, recovery_key, recovery_suite, NULL, NULL
                         FROM accounts WHERE login = ?1",
                    )
                    .and_then(|mut query| query.query_row(params![username], read).optional()),
                CredentialName::Passkey(id) => connection
                    .prepare_cached(
                        "SELECT a.id, a.epoch, p.opaque_record, p.wrapped_key, p.suite, p.verifier, p.origin
                         FROM accounts a JOIN passkeys p ON p.account_id = a.id WHERE a.login = ?1 AND p.id = ?2",
                    )
                    .and_then(|mut query| query.query_row(params![username, id.as_bytes()], read).optional()),
            };
            row.map_err(cause)
        })?;
        row.map(|(id, epoch, secret, verifier)| Ok(Credential { account: account_id(id)?, epoch, secret, verifier }))
            .transpose()
    }

    fn set_credential(&self, new: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        let maker = Maker { account: new.account, token_hash: &new.token_hash, address: &new.address, now };
        self.write(|connection| {
            maker.require_session(connection)?;
            match &new.name {
                CredentialName::Passphrase => replace(
                    connection,
                    new,
                    &maker,
                    "SELECT passphrase_record, passphrase_key, passphrase_suite FROM accounts WHERE id = ?1",
                    "UPDATE accounts SET passphrase_record = ?2, passphrase_key = ?3, passphrase_suite = ?4,
                        epoch = epoch + 1 WHERE id = ?1",
                    CredentialChangeKind::Passphrase,
                ),
                CredentialName::Recovery => replace(
                    connection,
                    new,
                    &maker,
                    "SELECT recovery_record, recovery_key, recovery_suite FROM accounts WHERE id = ?1",
                    "UPDATE accounts SET recovery_record = ?2, recovery_key = ?3, recovery_suite = ?4,
                        epoch = epoch + 1 WHERE id = ?1",
                    CredentialChangeKind::Recovery,
                ),
                CredentialName::Passkey(id) => set_passkey(connection, new, &maker, id, passkeys_max),
            }
        })
    }

    fn replace_vault_key(&self, new: &NewVaultKey, now: Millis) -> Result<(), StoreError> {
        let maker = Maker { account: new.account, token_hash: &new.token_hash, address: &new.address, now };
        let account = new.account.as_bytes();
        self.write(|connection| {
            maker.require_session(connection)?;
            let read = |row: &Row<'_>| {
                let head: Option<Vec<u8>> = row.get(1)?;
                Ok((row.get::<_, u32>(0)?, head, secret(row, 2)?, secret(row, 5)?))
            };
            let (key_no, head, passphrase, recovery) = connection
                .query_row(
                    "SELECT key_no, head, passphrase_record, passphrase_key, passphrase_suite, recovery_record,
                            recovery_key, recovery_suite FROM accounts WHERE id = ?1",
                    params![account],
                    read,
                )
                .map_err(cause)?;
            // The same request again: its answer was lost.
            if (key_no, &passphrase, &recovery) == (new.key_no, &new.passphrase, &new.recovery) {
                return Ok(());
            }
            if key_no.checked_add(1) != Some(new.key_no) {
                return Err(StoreError::StaleKey);
            }
            check_epoch(connection, new.account, Some(new.epoch))?;
            if head.as_deref() != new.replaces.as_ref().map(SealedHead::as_bytes) {
                return Err(StoreError::StaleHead);
            }
            let (passphrase, recovery) = (&new.passphrase, &new.recovery);
            connection
                .execute(
                    "UPDATE accounts SET passphrase_record = ?2, passphrase_key = ?3, passphrase_suite = ?4,
                        recovery_record = ?5, recovery_key = ?6, recovery_suite = ?7, key_no = ?8, earlier_keys = ?9,
                        head = ?10, epoch = epoch + 1 WHERE id = ?1",
                    params![
                        account,
                        passphrase.record.0,
                        passphrase.wrapped_key.0,
                        passphrase.suite,
                        recovery.record.0,
                        recovery.wrapped_key.0,
                        recovery.suite,
                        new.key_no,
                        new.earlier_keys.0,
                        new.head.as_bytes(),
                    ],
                )
                .map_err(cause)?;
            connection.execute("DELETE FROM passkeys WHERE account_id = ?1", params![account]).map_err(cause)?;
            end_others(connection, new.account, &new.token_hash, now)?;
            maker.note(connection, CredentialChangeKind::VaultKey)
        })
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.read(|connection| stored_passkeys(connection, account)).map(summaries)
    }

    fn passkey_verifier(&self, account: AccountId, id: &PasskeyId) -> Result<Option<PasskeyVerifier>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT verifier, origin FROM passkeys WHERE account_id = ?1 AND id = ?2")
                .and_then(|mut query| {
                    let read = |row: &Row<'_>| Ok(verifier(row.get(0)?, row.get(1)?));
                    query.query_row(params![account.as_bytes(), id.as_bytes()], read).optional()
                })
                .map(Option::flatten)
                .map_err(cause)
        })
    }

    fn remove_passkey(&self, passkey: &OldPasskey, now: Millis) -> Result<(), StoreError> {
        let OldPasskey { account, token_hash, epoch, id, address } = passkey;
        let maker = Maker { account: *account, token_hash, address, now };
        self.write(|connection| {
            if delete_passkey(connection, *account, id)? {
                // An error takes the removal back.
                check_epoch(connection, *account, Some(*epoch))?;
                raise_epoch(connection, *account)?;
                maker.note(connection, CredentialChangeKind::PasskeyRemoved)?;
            }
            Ok(())
        })
    }

    fn credential_changes(&self, account: AccountId) -> Result<Vec<CredentialChange>, StoreError> {
        let mut changes = self.read(|connection| stored_changes(connection, account))?;
        changes.reverse();
        Ok(changes)
    }
}

/// The session that changes a credential, for the list of changes.
struct Maker<'a> {
    account: AccountId,
    token_hash: &'a Hash,
    address: &'a str,
    now: Millis,
}

impl Maker<'_> {
    /// Fails with [`StoreError::NotFound`] if there is no such session of the account.
    fn require_session(&self, connection: &Connection) -> Result<(), StoreError> {
        let exists = connection
            .prepare_cached("SELECT 1 FROM sessions WHERE token_hash = ?1 AND account_id = ?2 AND ended_at IS NULL")
            .and_then(|mut query| query.exists(params![self.token_hash, self.account.as_bytes()]))
            .map_err(cause)?;
        if exists { Ok(()) } else { Err(StoreError::NotFound) }
    }

    /// Notes a change of a credential, and forgets the oldest beyond [`CREDENTIAL_CHANGES_MAX`].
    fn note(&self, connection: &Connection, kind: CredentialChangeKind) -> Result<(), StoreError> {
        let account = self.account.as_bytes();
        connection
            .prepare_cached(
                "INSERT INTO credential_changes (account_id, change_no, changed_at, kind, device, address)
                 VALUES (?1, (SELECT coalesce(max(change_no), 0) + 1 FROM credential_changes WHERE account_id = ?1), ?2,
                         ?3, (SELECT device FROM sessions WHERE token_hash = ?4), nullif(?5, ''))",
            )
            .and_then(|mut insert| {
                insert.execute(params![account, integer(self.now), kind.name(), self.token_hash, self.address])
            })
            .map_err(cause)?;
        connection
            .prepare_cached(
                "DELETE FROM credential_changes WHERE account_id = ?1 AND change_no <=
                    (SELECT max(change_no) FROM credential_changes WHERE account_id = ?1) - ?2",
            )
            .and_then(|mut delete| delete.execute(params![account, integer(CREDENTIAL_CHANGES_MAX as u64)]))
            .map(drop)
            .map_err(cause)
    }
}

/// Fails with [`StoreError::StaleProof`] if the account has another epoch, and with [`StoreError::NotFound`] if there is
/// no account.
pub(super) fn check_epoch(connection: &Connection, account: AccountId, epoch: Option<u32>) -> Result<(), StoreError> {
    let current: Option<u32> = connection
        .prepare_cached("SELECT epoch FROM accounts WHERE id = ?1")
        .and_then(|mut query| query.query_row(params![account.as_bytes()], |row| row.get(0)).optional())
        .map_err(cause)?;
    match (current, epoch) {
        (None, _) => Err(StoreError::NotFound),
        (Some(current), Some(epoch)) if current != epoch => Err(StoreError::StaleProof),
        _ => Ok(()),
    }
}

/// Replaces the passphrase or recovery code, removes passkeys, and ends all other sessions, unless it is this one
/// already. `query` reads the current secret, `update` writes the new one.
fn replace(
    connection: &Connection,
    new: &NewSecret,
    maker: &Maker<'_>,
    query: &str,
    update: &str,
    kind: CredentialChangeKind,
) -> Result<(), StoreError> {
    let account = new.account.as_bytes();
    let current = connection.query_row(query, params![account], |row| secret(row, 0)).map_err(cause)?;
    if current == new.secret {
        return Ok(());
    }
    check_epoch(connection, new.account, Some(new.epoch))?;
    let NewCredential { suite, record, wrapped_key } = &new.secret;
    connection.execute(update, params![account, record.0, wrapped_key.0, suite]).map_err(cause)?;
    maker.note(connection, kind)?;
    for StoredPasskey { id, .. } in stored_passkeys(connection, new.account)? {
        if !new.keep_passkeys.contains(&id) && delete_passkey(connection, new.account, &id)? {
            maker.note(connection, CredentialChangeKind::PasskeyRemoved)?;
        }
    }
    end_others(connection, new.account, &new.token_hash, maker.now)
}

fn set_passkey(
    connection: &Connection,
    new: &NewSecret,
    maker: &Maker<'_>,
    id: &PasskeyId,
    passkeys_max: usize,
) -> Result<(), StoreError> {
    let account = new.account.as_bytes();
    let current = connection
        .query_row(
            "SELECT opaque_record, wrapped_key, suite FROM passkeys WHERE account_id = ?1 AND id = ?2",
            params![account, id.as_bytes()],
            |row| secret(row, 0),
        )
        .optional()
        .map_err(cause)?;
    if current.as_ref() == Some(&new.secret) {
        return Ok(());
    }
    check_epoch(connection, new.account, Some(new.epoch))?;
    if current.is_some() {
        delete_passkey(connection, new.account, id)?;
    } else {
        let count: i64 = connection
            .query_row("SELECT count(*) FROM passkeys WHERE account_id = ?1", params![account], |row| row.get(0))
            .map_err(cause)?;
        if usize::try_from(count).unwrap_or(usize::MAX) >= passkeys_max {
            return Err(StoreError::Full);
        }
    }
    let (secret, verifier) = (new.secret.clone(), new.verifier.clone());
    let passkey = StoredPasskey { id: id.clone(), secret, verifier, created_at: maker.now, used_at: None };
    add_passkey(connection, new.account, &passkey)?;
    raise_epoch(connection, new.account)?;
    maker.note(connection, CredentialChangeKind::PasskeyAdded)
}

pub(super) fn add_passkey(
    connection: &Connection,
    account: AccountId,
    passkey: &StoredPasskey,
) -> Result<(), StoreError> {
    let StoredPasskey { id, secret, verifier, created_at, used_at } = passkey;
    connection
        .execute(
            "INSERT INTO passkeys (account_id, id, opaque_record, wrapped_key, created_at, used_at, suite, verifier,
                                   origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                account.as_bytes(),
                id.as_bytes(),
                secret.record.0,
                secret.wrapped_key.0,
                integer(*created_at),
                used_at.map(integer),
                secret.suite,
                verifier.as_ref().map(|verifier| &verifier.state),
                verifier.as_ref().map(|verifier| &verifier.origin),
            ],
        )
        .map(drop)
        .map_err(cause)
}

/// The passkeys of an account, ordered by their ids.
pub(super) fn stored_passkeys(connection: &Connection, account: AccountId) -> Result<Vec<StoredPasskey>, StoreError> {
    let read = |row: &Row<'_>| {
        let used_at = row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs);
        let verifier = verifier(row.get(6)?, row.get(7)?);
        Ok((row.get::<_, Vec<u8>>(0)?, secret(row, 1)?, row.get::<_, i64>(4)?.unsigned_abs(), used_at, verifier))
    };
    let rows: Vec<_> = connection
        .prepare_cached(
            "SELECT id, opaque_record, wrapped_key, suite, created_at, used_at, verifier, origin
             FROM passkeys WHERE account_id = ?1 ORDER BY id",
        )
        .and_then(|mut query| query.query_map(params![account.as_bytes()], read)?.collect())
        .map_err(cause)?;
    rows.into_iter()
        .map(|(id, secret, created_at, used_at, verifier)| {
            Ok(StoredPasskey { id: passkey_id(id)?, secret, verifier, created_at, used_at })
        })
        .collect()
}

/// The changes of an account's credentials, by rising number.
pub(super) fn stored_changes(connection: &Connection, account: AccountId) -> Result<Vec<CredentialChange>, StoreError> {
    let read = |row: &Row<'_>| {
        // A device name that is no longer valid is left out; the change is still listed.
        let device = row.get::<_, Option<String>>(2)?.and_then(|name| Device::new(&name).ok());
        let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        let address = row.get::<_, Option<String>>(4)?.unwrap_or_default();
        Ok((number(0)?, number(1)?, row.get::<_, String>(3)?, device, address))
    };
    let rows: Vec<_> = connection
        .prepare_cached(
            "SELECT change_no, changed_at, device, kind, address FROM credential_changes WHERE account_id = ?1
             ORDER BY change_no",
        )
        .and_then(|mut query| query.query_map(params![account.as_bytes()], read)?.collect())
        .map_err(cause)?;
    rows.into_iter()
        .map(|(number, at, kind, device, address)| {
            let kind = CredentialChangeKind::of_name(&kind)
                .ok_or_else(|| StoreError::Fault("credential_changes.kind is unknown".into()))?;
            Ok(CredentialChange { number, at, kind, device, address })
        })
        .collect()
}

pub(super) fn add_change(
    connection: &Connection,
    account: AccountId,
    change: &CredentialChange,
) -> Result<(), StoreError> {
    let CredentialChange { number, at, kind, device, address } = change;
    connection
        .execute(
            "INSERT INTO credential_changes (account_id, change_no, changed_at, kind, device, address)
             VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, ''))",
            params![
                account.as_bytes(),
                integer(*number),
                integer(*at),
                kind.name(),
                device.as_ref().map(Device::as_str),
                address,
            ],
        )
        .map(drop)
        .map_err(cause)
}

/// Deletes a passkey. Returns false if it does not exist.
fn delete_passkey(connection: &Connection, account: AccountId, id: &PasskeyId) -> Result<bool, StoreError> {
    connection
        .execute("DELETE FROM passkeys WHERE account_id = ?1 AND id = ?2", params![account.as_bytes(), id.as_bytes()])
        .map(|rows| rows > 0)
        .map_err(cause)
}

/// A log-in or a proof that was begun before does not succeed any more.
fn raise_epoch(connection: &Connection, account: AccountId) -> Result<(), StoreError> {
    connection
        .execute("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?1", params![account.as_bytes()])
        .map(drop)
        .map_err(cause)
}

/// An OPAQUE record, and the wrapped key and the suite in the columns after it.
pub(super) fn secret(row: &Row<'_>, column: usize) -> rusqlite::Result<NewCredential> {
    let (record, wrapped_key) = (Base64Url(row.get(column)?), Base64Url(row.get(column + 1)?));
    Ok(NewCredential { suite: row.get(column + 2)?, record, wrapped_key })
}

fn verifier(state: Option<Vec<u8>>, origin: Option<String>) -> Option<PasskeyVerifier> {
    state.zip(origin).map(|(state, origin)| PasskeyVerifier { state, origin })
}

fn passkey_id(bytes: Vec<u8>) -> Result<PasskeyId, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Fault("passkeys.id is no id".into()))
}
