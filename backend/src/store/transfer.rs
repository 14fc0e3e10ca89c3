//! Moving house: takes everything that one store holds over into another, and then proves that both hold the same.
//!
//! It can be interrupted and done again: what is there already is passed over. Sessions stay behind; people log in anew.

use sha2::{Digest, Sha512};
use shared::ids::AccountId;
use shared::passwords::{SealedEntry, StoredEntry};

use crate::store::{Hash, Store, StoreError, StoredAccount, StoredPasskey};

/// Entries taken over at a time.
const PAGE: u32 = 500;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accounts: u64,
    /// Entries, those that were deleted included.
    pub entries: u64,
    pub invites: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Taking {
        /// What is there by now.
        done: Counts,
        /// How many entries there are at least: those that are deleted are not counted ahead.
        entries: u64,
    },
    /// Reading both stores to compare them.
    Verifying,
}

/// Why the move was not made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotMoved {
    /// Nothing was ever saved in the source.
    #[error("the source has never been used: there is nothing to move")]
    Nothing,
    /// The target was used with another server key.
    #[error("the target belongs to another server key: move into a database of its own")]
    OtherKey,
    /// The target has accounts or entries that the source has not.
    #[error("the target holds other data: move into an empty database, or one that this very move was begun with")]
    OtherData,
    /// The two differ after all was taken over.
    #[error("source and target differ at the end: was the source used meanwhile? Stop its server and move again")]
    Different,
    /// The source could not be read.
    #[error("the source: {0}")]
    Source(StoreError),
    /// The target could not be read or written.
    #[error("the target: {0}")]
    Target(StoreError),
}

/// Moves.
///
/// # Errors
/// [`NotMoved`]; what was taken over until then stays, and is passed over the next time.
pub fn transfer(from: &dyn Store, to: &dyn Store, tell: &mut dyn FnMut(Progress)) -> Result<Counts, NotMoved> {
    let key = from.server_key().map_err(NotMoved::Source)?.ok_or(NotMoved::Nothing)?;
    let accounts = accounts(from).map_err(NotMoved::Source)?;
    refuse_others(to, &accounts)?;
    to.bind_server_key(&key).map_err(|error| match error {
        StoreError::Taken => NotMoved::OtherKey,
        error => NotMoved::Target(error),
    })?;
    let target = |error| match error {
        StoreError::Taken => NotMoved::OtherData,
        error => NotMoved::Target(error),
    };
    let entries = accounts.iter().map(|account| account.entries).sum();
    let mut done = Counts::default();
    for account in &accounts {
        to.upsert_account(account).map_err(target)?;
        let mut take = |page: &[StoredEntry]| {
            to.insert_entries(account.id, page).map_err(target)?;
            done.entries += page.len() as u64;
            tell(Progress::Taking { done, entries });
            Ok(())
        };
        each_page(from, account.id, NotMoved::Source, &mut take)?;
        done.accounts += 1;
    }
    for invite in from.invites().map_err(NotMoved::Source)? {
        to.upsert_invite(&invite).map_err(target)?;
        done.invites += 1;
    }
    tell(Progress::Taking { done, entries });
    tell(Progress::Verifying);
    let source = digest(from, NotMoved::Source)?;
    if source == digest(to, NotMoved::Target)? { Ok(source.0) } else { Err(NotMoved::Different) }
}

/// All accounts of a store, by their ids.
fn accounts(store: &dyn Store) -> Result<Vec<StoredAccount>, StoreError> {
    let mut accounts = Vec::new();
    while let Some(account) = store.account_after(accounts.last().map(|account: &StoredAccount| account.id))? {
        accounts.push(account);
    }
    Ok(accounts)
}

/// Sees that the target holds nothing, or only what such a move has left there.
fn refuse_others(to: &dyn Store, ours: &[StoredAccount]) -> Result<(), NotMoved> {
    for theirs in accounts(to).map_err(NotMoved::Target)? {
        let same = |ours: &&StoredAccount| ours.id == theirs.id && ours.username == theirs.username;
        match ours.iter().find(same) {
            // Used since the move was begun.
            Some(ours)
                if theirs.change_no > ours.change_no || theirs.epoch > ours.epoch || has_others(&theirs, ours) =>
            {
                return Err(NotMoved::OtherData);
            }
            Some(_) => {}
            None => return Err(NotMoved::OtherData),
        }
    }
    Ok(())
}

/// Whether an account in the target has passkeys that its source never had: those that were removed there have left a higher
/// epoch.
fn has_others(theirs: &StoredAccount, ours: &StoredAccount) -> bool {
    let is_ours = |theirs: &StoredPasskey| ours.passkeys.iter().any(|ours| ours.secret == theirs.secret);
    theirs.epoch == ours.epoch && !theirs.passkeys.iter().all(is_ours)
}

fn each_page(
    store: &dyn Store,
    account: AccountId,
    fault: fn(StoreError) -> NotMoved,
    take: &mut dyn FnMut(&[StoredEntry]) -> Result<(), NotMoved>,
) -> Result<(), NotMoved> {
    let mut since = 0;
    loop {
        let changes = store.changes(account, since, PAGE).map_err(fault)?;
        let Some(last) = changes.entries.last() else { return Ok(()) };
        since = last.change_no;
        take(&changes.entries)?;
        if !changes.more {
            return Ok(());
        }
    }
}

/// Counts all that a store holds, and hashes it.
fn digest(store: &dyn Store, fault: fn(StoreError) -> NotMoved) -> Result<(Counts, Option<Hash>, Vec<u8>), NotMoved> {
    let mut hash = Sha512::new();
    let mut counts = Counts::default();
    // Each part is preceded by its length: no two different stores are the same bytes.
    fn part(hash: &mut Sha512, bytes: &[u8]) {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    for account in accounts(store).map_err(fault)? {
        let StoredAccount { id, username, passphrase, recovery, passkeys, epoch, change_no, entries, created_at } =
            &account;
        for secret in [passphrase, recovery] {
            part(&mut hash, &secret.record.0);
            part(&mut hash, &secret.wrapped_key.0);
        }
        part(&mut hash, id.as_bytes());
        part(&mut hash, username.as_str().as_bytes());
        for number in [u64::from(*epoch), *change_no, *entries, *created_at, passkeys.len() as u64] {
            hash.update(number.to_be_bytes());
        }
        for StoredPasskey { id, secret, created_at, used_at } in passkeys {
            part(&mut hash, id.as_bytes());
            part(&mut hash, &secret.record.0);
            part(&mut hash, &secret.wrapped_key.0);
            hash.update(created_at.to_be_bytes());
            hash.update(used_at.unwrap_or(u64::MAX).to_be_bytes());
        }
        counts.accounts += 1;
        each_page(store, account.id, fault, &mut |page| {
            for StoredEntry { id, version, change_no, changed_at, sealed } in page {
                part(&mut hash, id.as_bytes());
                for number in [u64::from(*version), *change_no, *changed_at] {
                    hash.update(number.to_be_bytes());
                }
                part(&mut hash, sealed.as_ref().map_or(&[], SealedEntry::as_bytes));
            }
            counts.entries += page.len() as u64;
            Ok(())
        })?;
    }
    for invite in store.invites().map_err(fault)? {
        part(&mut hash, &invite.code_hash);
        let used_at = invite.used_at.map_or(u64::MAX, |time| time);
        for number in [invite.expires_at, used_at, u64::from(invite.setup)] {
            hash.update(number.to_be_bytes());
        }
        counts.invites += 1;
    }
    Ok((counts, store.server_key().map_err(fault)?, hash.finalize().to_vec()))
}
