//! A server that keeps the store's contract (`backend/src/store`), in memory.

use std::collections::BTreeMap;

use shared::bytes::Base64Url;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};
use shared::ids::EntryId;

/// The reason why a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    StaleHead,
    StaleVersion,
    NotFound,
    StaleKey,
    /// The account is full, or the like: trying again is pointless.
    Refused,
}

#[derive(Clone, Debug)]
struct Row {
    version: u32,
    change_no: u64,
    sealed: Vec<u8>,
}

/// The state of one account.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) key_no: u32,
    head: Vec<u8>,
    rows: BTreeMap<EntryId, Row>,
    latest: u64,
    /// Changes of these entries are refused.
    pub(super) refuses: Option<EntryId>,
}

impl Server {
    pub(super) fn new(key_no: u32, head: Vec<u8>) -> Self {
        Self { key_no, head, rows: BTreeMap::new(), latest: 0, refuses: None }
    }

    /// The answer of `GET changes`.
    pub(super) fn list(&self, since: u64, limit: usize) -> String {
        let mut rows: Vec<_> = self.rows.iter().filter(|(_, row)| row.change_no > since).collect();
        rows.sort_by_key(|(_, row)| row.change_no);
        let more = rows.len() > limit;
        let entries = rows.into_iter().take(limit).map(|(id, row)| StoredVersion {
            id: *id,
            version: row.version,
            change_no: row.change_no,
            changed_at: 0,
            deleted: row.sealed.len() == shared::changes::OVERHEAD,
            sealed: Some(Base64Url(row.sealed.clone())),
        });
        let changes = Changes { entries: entries.collect(), head: Some(Base64Url(self.head.clone())), more };
        serde_json::to_string(&changes).unwrap()
    }

    /// `POST changes`: saves all changes, or none.
    pub(super) fn save(&mut self, body: &str) -> Result<String, Problem> {
        let SaveChanges { replaces, changes, head } = serde_json::from_str(body).unwrap();
        assert!((1..=100).contains(&changes.len()), "{} changes", changes.len());
        if head.as_bytes() != self.head {
            if replaces.as_bytes() != self.head {
                return Err(Problem::StaleHead);
            }
            if head.key_no() != self.key_no || changes.iter().any(|change| change.sealed.key_no() != self.key_no) {
                return Err(Problem::StaleKey);
            }
            if changes.iter().any(|change| Some(change.id) == self.refuses) {
                return Err(Problem::Refused);
            }
            let mut next = self.clone();
            for change in changes {
                let version = next.rows.get(&change.id).map_or(0, |row| row.version);
                if version != change.replaces {
                    return Err(if version == 0 { Problem::NotFound } else { Problem::StaleVersion });
                }
                assert!(change.version > change.replaces, "a version that does not rise");
                next.latest += 1;
                let row =
                    Row { version: change.version, change_no: next.latest, sealed: change.sealed.as_bytes().to_vec() };
                next.rows.insert(change.id, row);
            }
            next.head = head.as_bytes().to_vec();
            *self = next;
        }
        // The head is the one of this request: it was carried out, now or before.
        Ok(serde_json::to_string(&Saved { change_no: self.latest, changed_at: 0 }).unwrap())
    }

    /// `POST vault-key/finish`, as far as it concerns the vault.
    pub(super) fn replace_key(&mut self, replaces: &[u8], head: &[u8]) -> Result<(), Problem> {
        if self.head != replaces {
            return Err(Problem::StaleHead);
        }
        self.key_no += 1;
        self.head = head.to_vec();
        Ok(())
    }
}
