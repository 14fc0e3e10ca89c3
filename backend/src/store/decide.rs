//! The rules of a save, once for all drivers: whether changes may be written, given the account and its entries. Drivers
//! read, ask here, and write.

use shared::changes::{Change, SaveChanges};
use shared::ids::EntryId;

use super::StoreError;

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
