//! What a put or a delete comes to, given the entry as it is. Drivers read the entry, ask here, and write: the rules of
//! versions stand in one place.

use shared::passwords::{NewVersion, StoredEntry};

use super::{Put, StoreError};

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Write the version after the one that is replaced; `by` more entries are there then.
    Write {
        /// 1 for an entry that was not there or deleted, -1 for a deletion, else 0.
        by: i64,
    },
    /// It was done before: answer as it did then.
    Done(NewVersion),
}

pub(super) fn put(current: Option<StoredEntry>, put: &Put) -> Result<Decision, StoreError> {
    match current {
        None if put.replaces == 0 => Ok(Decision::Write { by: 1 }),
        None => Err(StoreError::NotFound),
        Some(entry) if entry.version == put.replaces => Ok(Decision::Write { by: i64::from(entry.sealed.is_none()) }),
        // The same put again: its answer was lost on the way.
        Some(entry) if entry.version == next(put.replaces) && entry.sealed.as_ref() == Some(&put.sealed) => {
            Ok(Decision::Done(written(&entry)))
        }
        Some(entry) => Err(StoreError::Stale(Box::new(entry))),
    }
}

pub(super) fn delete(current: Option<StoredEntry>, replaces: u32) -> Result<Decision, StoreError> {
    let entry = current.ok_or(StoreError::NotFound)?;
    match entry.sealed {
        // Deleted already, by this very request or as it wished.
        None if entry.version == replaces || entry.version == next(replaces) => Ok(Decision::Done(written(&entry))),
        Some(_) if entry.version == replaces => Ok(Decision::Write { by: -1 }),
        _ => Err(StoreError::Stale(Box::new(entry))),
    }
}

pub(super) fn next(version: u32) -> u32 {
    version.saturating_add(1)
}

fn written(entry: &StoredEntry) -> NewVersion {
    NewVersion { version: entry.version, change_no: entry.change_no, changed_at: entry.changed_at }
}
