//! The rules of versions, once for all drivers: whether a put or a delete may be written, given the current entry.
//! Drivers read the entry, ask here, and write.

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
        Some(entry) => Err(StoreError::Stale(Box::new(entry))),
    }
}

pub(super) fn delete(current: Option<StoredEntry>, replaces: u32) -> Result<Decision, StoreError> {
    let entry = current.ok_or(StoreError::NotFound)?;
    match entry.sealed {
        // Deleted already, by this request or by one before.
        None if entry.version == replaces || entry.version == next(replaces) => Ok(Decision::Done(written(&entry))),
        Some(_) if entry.version == replaces => Ok(Decision::Write { added: -1 }),
        _ => Err(StoreError::Stale(Box::new(entry))),
    }
}

pub(super) fn next(version: u32) -> u32 {
    version.saturating_add(1)
}

fn written(entry: &StoredEntry) -> NewVersion {
    NewVersion { version: entry.version, change_no: entry.change_no, changed_at: entry.changed_at }
}
