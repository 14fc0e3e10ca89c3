//! Copies everything from one store into another, and then compares both.
//!
//! An interrupted transfer can be repeated: it skips entries that are there already. Sessions are not copied; people
//! log in again.

use sha2::{Digest, Sha512};
use shared::accounts::NewCredential;
use shared::changes::StoredVersion;
use shared::credentials::CredentialChange;
use shared::ids::AccountId;
use shared::sessions::Device;

use crate::store::{Hash, Store, StoreError, StoredAccount, StoredPasskey};

/// Entries that are copied in one transaction.
const PAGE: u32 = 500;

/// The numbers of rows that were copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferCounts {
    pub accounts: u64,
    /// Entries and tombstones.
    pub entries: u64,
    pub invites: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Copying {
        done: TransferCounts,
        /// The number of entries in the source, without tombstones: `done` may exceed it.
        entries: u64,
    },
    /// Reading both stores to compare them.
    Comparing,
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Nothing was ever saved in the source.
    #[error("the source has never been used: there is nothing to move")]
    Nothing,
    /// The target was used with another server key.
    #[error("the target belongs to another server key: move into another database")]
    OtherKey,
    /// The target has accounts or entries that the source lacks.
    #[error("the target contains other data: move into an empty database, or into the one of an interrupted move")]
    OtherData,
    /// The stores differ after everything was copied.
    #[error("source and target differ at the end: was the source used meanwhile? Stop its server and move again")]
    Different,
    /// The source could not be read.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target could not be read or written.
    #[error("the target: {0}")]
    Target(StoreError),
}

/// Copies everything from one store into another, and compares both.
///
/// # Errors
/// [`TransferError`]. Rows that were copied until then stay, so that the next transfer continues.
pub fn transfer(
    from: &dyn Store,
    to: &dyn Store,
    report: &mut dyn FnMut(Progress),
) -> Result<TransferCounts, TransferError> {
    let key = from.server_key().map_err(TransferError::Source)?.ok_or(TransferError::Nothing)?;
    let accounts = accounts(from).map_err(TransferError::Source)?;
    refuse_other_data(to, &accounts)?;
    to.bind_server_key(&key).map_err(|error| match error {
        StoreError::Taken => TransferError::OtherKey,
        error => TransferError::Target(error),
    })?;
    let target = |error| match error {
        StoreError::Taken => TransferError::OtherData,
        error => TransferError::Target(error),
    };
    let entries = accounts.iter().map(|account| account.entries).sum();
    let mut done = TransferCounts::default();
    for account in &accounts {
        to.upsert_account(account).map_err(target)?;
        let mut copy = |page: &[StoredVersion]| {
            to.insert_entries(account.id, page).map_err(target)?;
            done.entries += page.len() as u64;
            report(Progress::Copying { done, entries });
            Ok(())
        };
        each_page(from, account.id, TransferError::Source, &mut copy)?;
        done.accounts += 1;
    }
    for invite in from.invites().map_err(TransferError::Source)? {
        to.upsert_invite(&invite).map_err(target)?;
        done.invites += 1;
    }
    report(Progress::Copying { done, entries });
    report(Progress::Comparing);
    let source = digest(from, TransferError::Source)?;
    if source == digest(to, TransferError::Target)? { Ok(source.0) } else { Err(TransferError::Different) }
}

/// All accounts of a store, ordered by their ids.
fn accounts(store: &dyn Store) -> Result<Vec<StoredAccount>, StoreError> {
    let mut accounts = Vec::new();
    while let Some(account) = store.account_after(accounts.last().map(|account: &StoredAccount| account.id))? {
        accounts.push(account);
    }
    Ok(accounts)
}

/// Succeeds if the target is empty, or contains only rows that an interrupted transfer has left.
fn refuse_other_data(to: &dyn Store, source: &[StoredAccount]) -> Result<(), TransferError> {
    for target in accounts(to).map_err(TransferError::Target)? {
        let same = |source: &&StoredAccount| source.id == target.id && source.username == target.username;
        let source = source.iter().find(same).ok_or(TransferError::OtherData)?;
        // The target was used since the transfer began.
        if target.change_no > source.change_no || target.epoch > source.epoch || has_other_passkeys(&target, source) {
            return Err(TransferError::OtherData);
        }
    }
    Ok(())
}

/// True if an account in the target has passkeys that the source never had. A passkey that was removed in the source
/// does not count: its removal has raised the source's epoch.
fn has_other_passkeys(target: &StoredAccount, source: &StoredAccount) -> bool {
    let is_in_source = |passkey: &StoredPasskey| source.passkeys.iter().any(|other| other.secret == passkey.secret);
    target.epoch == source.epoch && !target.passkeys.iter().all(is_in_source)
}

/// Calls `each` with all entries of an account, page by page.
fn each_page(
    store: &dyn Store,
    account: AccountId,
    fault: fn(StoreError) -> TransferError,
    each: &mut dyn FnMut(&[StoredVersion]) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut since = 0;
    loop {
        let changes = store.list_changes(account, since, PAGE).map_err(fault)?;
        let Some(last) = changes.entries.last() else { return Ok(()) };
        since = last.change_no;
        each(&changes.entries)?;
        if !changes.more {
            return Ok(());
        }
    }
}

/// The number of rows of a store, the server key it is bound to, and a hash over all rows.
fn digest(
    store: &dyn Store,
    fault: fn(StoreError) -> TransferError,
) -> Result<(TransferCounts, Option<Hash>, Vec<u8>), TransferError> {
    let mut hash = Sha512::new();
    let mut counts = TransferCounts::default();
    for account in accounts(store).map_err(fault)? {
        add_account(&mut hash, &account);
        counts.accounts += 1;
        each_page(store, account.id, fault, &mut |page| {
            for StoredVersion { id, version, change_no, changed_at, deleted, sealed } in page {
                add(&mut hash, id.as_bytes());
                for number in [u64::from(*version), *change_no, *changed_at, u64::from(*deleted)] {
                    hash.update(number.to_be_bytes());
                }
                add_option(&mut hash, sealed.as_ref().map(|sealed| &*sealed.0));
            }
            counts.entries += page.len() as u64;
            Ok(())
        })?;
    }
    for invite in store.invites().map_err(fault)? {
        add(&mut hash, &invite.code_hash);
        let used_at = invite.used_at.map_or(u64::MAX, |time| time);
        for number in [invite.expires_at, used_at, u64::from(invite.setup)] {
            hash.update(number.to_be_bytes());
        }
        counts.invites += 1;
    }
    Ok((counts, store.server_key().map_err(fault)?, hash.finalize().to_vec()))
}

/// Each value is preceded by its length, so that different stores never hash the same bytes.
fn add(hash: &mut Sha512, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// A missing value differs from an empty one.
fn add_option(hash: &mut Sha512, bytes: Option<&[u8]>) {
    hash.update([u8::from(bytes.is_some())]);
    add(hash, bytes.unwrap_or_default());
}

fn add_secret(hash: &mut Sha512, NewCredential { suite, record, wrapped_key }: &NewCredential) {
    hash.update([*suite]);
    add(hash, &record.0);
    add(hash, &wrapped_key.0);
}

fn add_account(hash: &mut Sha512, account: &StoredAccount) {
    let StoredAccount {
        id,
        username,
        passphrase,
        recovery,
        passkeys,
        credential_changes,
        epoch,
        key_no,
        earlier_keys,
        head,
        invite_hash,
        change_no,
        entries,
        created_at,
    } = account;
    add_secret(hash, passphrase);
    add_secret(hash, recovery);
    add(hash, id.as_bytes());
    add(hash, username.as_str().as_bytes());
    let counts = [passkeys.len() as u64, credential_changes.len() as u64];
    for number in [u64::from(*epoch), u64::from(*key_no), *change_no, *entries, *created_at].into_iter().chain(counts) {
        hash.update(number.to_be_bytes());
    }
    for bytes in [earlier_keys.as_ref(), head.as_ref()] {
        add_option(hash, bytes.map(|bytes| &*bytes.0));
    }
    add_option(hash, invite_hash.as_ref().map(|bytes| &bytes[..]));
    for StoredPasskey { id, secret, verifier, created_at, used_at } in passkeys {
        add(hash, id.as_bytes());
        add_secret(hash, secret);
        add_option(hash, verifier.as_ref().map(|verifier| &*verifier.state));
        add_option(hash, verifier.as_ref().map(|verifier| verifier.origin.as_bytes()));
        hash.update(created_at.to_be_bytes());
        hash.update(used_at.unwrap_or(u64::MAX).to_be_bytes());
    }
    for CredentialChange { number, at, kind, device, address } in credential_changes {
        hash.update(number.to_be_bytes());
        hash.update(at.to_be_bytes());
        add(hash, kind.name().as_bytes());
        add_option(hash, device.as_ref().map(|device| Device::as_str(device).as_bytes()));
        add(hash, address.as_bytes());
    }
}
