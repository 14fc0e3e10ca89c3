//! The rules of versions, once for all drivers: whether a put or a delete may be written, given the current entry.
//! Drivers read the entry, ask here, and write.

use shared::bytes::Base64Url;
use shared::changes::{Change, SaveChanges, StoredVersion};
use shared::ids::EntryId;
use shared::passwords::{NewVersion, StoredEntry};

use super::{Put, StoreError};

/// The decision about a put or a delete.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Write the version after the replaced one.
    Write {
        /// The change in the account's number of entries: 1 for a new or undeleted entry, -1 for a deletion, else 0.
        added: i64,
    },
    /// The same request was done before: repeat its answer.
    Done(NewVersion),
}

pub(super) fn put(current: Option<StoredEntry>, put: &Put) -> Result<Decision, StoreError> {
    match current {
        None if put.replaces == 0 => Ok(Decision::Write { added: 1 }),
        None => Err(StoreError::NotFound),
        Some(entry) if entry.version == put.replaces => {
            Ok(Decision::Write { added: i64::from(entry.sealed.is_none()) })
        }
        // The same put again: its answer was lost.
        Some(entry) if entry.version == next(put.replaces) && entry.sealed.as_ref() == Some(&put.sealed) => {
            Ok(Decision::Done(written(&entry)))
        }
        Some(entry) => Err(stale(entry)),
    }
}

fn stale(entry: StoredEntry) -> StoreError {
    let StoredEntry { id, version, change_no, changed_at, sealed } = entry;
    let (deleted, sealed) = (sealed.is_none(), sealed.map(|sealed| Base64Url(sealed.as_bytes().to_vec())));
    StoreError::Stale(Box::new(StoredVersion { id, version, change_no, changed_at, deleted, sealed }))
}

pub(super) fn delete(current: Option<StoredEntry>, replaces: u32) -> Result<Decision, StoreError> {
    let entry = current.ok_or(StoreError::NotFound)?;
    match entry.sealed {
        // Deleted already, by this request or by one before.
        None if entry.version == replaces || entry.version == next(replaces) => Ok(Decision::Done(written(&entry))),
        Some(_) if entry.version == replaces => Ok(Decision::Write { added: -1 }),
        _ => Err(stale(entry)),
    }
}

pub(super) fn next(version: u32) -> u32 {
    version.saturating_add(1)
}

fn written(entry: &StoredEntry) -> NewVersion {
    NewVersion { version: entry.version, change_no: entry.change_no, changed_at: entry.changed_at }
}

/// An account's row, as a save reads it under the account's lock.
pub(super) struct AccountState {
    pub(super) change_no: u64,
    pub(super) entries: u64,
    pub(super) key_no: u32,
    pub(super) head: Option<Vec<u8>>,
}

/// The part of an entry's row that decides about a save.
#[derive(Clone, Copy)]
pub(super) struct Current {
    pub(super) version: u32,
    pub(super) deleted: bool,
}

/// The decision about a save.
pub(super) enum SavePlan<'a> {
    Write(Writes<'a>),
    /// The same request was done before, and was the account's last change.
    Done,
    /// The entry has another version than the one that is to be replaced, or does not exist.
    Stale(EntryId),
}

/// The rows that a save writes.
pub(super) struct Writes<'a> {
    /// The last version of each entry, by rising change number.
    pub(super) rows: Vec<NewRow<'a>>,
    /// The account's new counters.
    pub(super) change_no: u64,
    pub(super) entries: u64,
}

pub(super) struct NewRow<'a> {
    /// True if the entry has a row.
    pub(super) exists: bool,
    pub(super) change: &'a Change,
    pub(super) change_no: u64,
}

/// `current` reads the row of an entry, once for each entry.
pub(super) fn save<'a, E: From<StoreError>>(
    account: &AccountState,
    save: &'a SaveChanges,
    entries_max: u64,
    mut current: impl FnMut(EntryId) -> Result<Option<Current>, E>,
) -> Result<SavePlan<'a>, E> {
    let is_sealed_under_another = save
        .changes
        .iter()
        .map(|change| change.sealed.key_no())
        .chain([save.head.key_no()])
        .any(|key| key != account.key_no);
    if is_sealed_under_another {
        return Err(StoreError::StaleKey.into());
    }
    if account.head.as_deref() == Some(save.head.as_bytes()) {
        return Ok(SavePlan::Done);
    }
    if account.head.as_deref() != Some(save.replaces.as_bytes()) {
        return Err(StoreError::StaleHead.into());
    }
    let mut rows: Vec<NewRow<'a>> = Vec::new();
    let mut change_no = account.change_no;
    let mut added: i64 = 0;
    for change in &save.changes {
        change_no += 1;
        if change.version <= change.replaces {
            return Err(StoreError::Fault("the version of a change does not rise".into()).into());
        }
        let before = rows.iter().position(|row| row.change.id == change.id).map(|place| rows.remove(place));
        let (exists, current) = match before {
            Some(NewRow { exists, change, .. }) => {
                (exists, Some(Current { version: change.version, deleted: change.sealed.is_deletion() }))
            }
            None => current(change.id)?.map_or((false, None), |current| (true, Some(current))),
        };
        if current.map_or(0, |current| current.version) != change.replaces {
            return Ok(SavePlan::Stale(change.id));
        }
        let counts = |deleted: bool| i64::from(!deleted);
        added += counts(change.sealed.is_deletion()) - current.map_or(0, |current| counts(current.deleted));
        rows.push(NewRow { exists, change, change_no });
    }
    if rows.is_empty() {
        return Err(StoreError::Fault("a save has no changes".into()).into());
    }
    let entries = account.entries.saturating_add_signed(added);
    if added > 0 && entries > entries_max {
        return Err(StoreError::Full.into());
    }
    Ok(SavePlan::Write(Writes { rows, change_no, entries }))
}
