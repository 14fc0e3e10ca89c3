//! Copies everything from one store into another, and then compares both.
//!
//! An interrupted transfer can be repeated: it skips entries that are there already. Sessions are not copied; people
//! log in again.

use sha2::{Digest, Sha512};
use shared::ids::AccountId;
use shared::passwords::{SealedEntry, StoredEntry};

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
        let mut copy = |page: &[StoredEntry]| {
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
    each: &mut dyn FnMut(&[StoredEntry]) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut since = 0;
    loop {
        let changes = store.changes(account, since, PAGE).map_err(fault)?;
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
    // Each value is preceded by its length, so that different stores never hash the same bytes.
    fn add(hash: &mut Sha512, bytes: &[u8]) {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    for account in accounts(store).map_err(fault)? {
        let StoredAccount { id, username, passphrase, recovery, passkeys, epoch, change_no, entries, created_at } =
            &account;
        for secret in [passphrase, recovery] {
            add(&mut hash, &secret.record.0);
            add(&mut hash, &secret.wrapped_key.0);
        }
        add(&mut hash, id.as_bytes());
        add(&mut hash, username.as_str().as_bytes());
        for number in [u64::from(*epoch), *change_no, *entries, *created_at, passkeys.len() as u64] {
            hash.update(number.to_be_bytes());
        }
        for StoredPasskey { id, secret, created_at, used_at } in passkeys {
            add(&mut hash, id.as_bytes());
            add(&mut hash, &secret.record.0);
            add(&mut hash, &secret.wrapped_key.0);
            hash.update(created_at.to_be_bytes());
            hash.update(used_at.unwrap_or(u64::MAX).to_be_bytes());
        }
        counts.accounts += 1;
        each_page(store, account.id, fault, &mut |page| {
            for StoredEntry { id, version, change_no, changed_at, sealed } in page {
                add(&mut hash, id.as_bytes());
                for number in [u64::from(*version), *change_no, *changed_at] {
                    hash.update(number.to_be_bytes());
                }
                add(&mut hash, sealed.as_ref().map_or(&[], SealedEntry::as_bytes));
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
