//! This browser's memory of a vault: the newest version of every entry that it has seen, and the newest change number.
//! The server's list is compared with it.
//!
//! The record in the local store is sealed ([`super::seal`]). Its plaintext, padded with zeros to a multiple of 4 KiB
//! behind its length (4 bytes, big-endian), is (numbers are big-endian):
//!
//! | bytes | content |
//! |---|---|
//! | 4 | how often a person has accepted what the server lists |
//! | 8 | the newest change number |
//! | 8 | the newest change of credentials that a person was told |
//! | then for each entry, by rising id: | |
//! | 16 | id |
//! | 4 | the newest version that the server had; 0 if none counts any more |
//! | 4 | the highest version that was ever seen or made: no version is used twice |
//! | 8 | the first half of the tag of the newest version |
//! | 1 | 1 if that is a deletion, else 0 |
//! | 2, then that many | the entry's name: length in bytes, and UTF-8 |

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use shared::ids::EntryId;
use zeroize::Zeroizing;

use super::protocol::KeyringError;
use super::seal::{pad_to, unpad};

/// Longest name in the memory, in characters.
const NAME_MAX: usize = 255;
/// The record's length is a multiple of this, so that it says little about the vault.
const PAGE: usize = 4096;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// How often a person has accepted what the server lists.
    accepted: u32,
    change_no: u64,
    /// The newest change of credentials that a person was told.
    news: u64,
    entries: BTreeMap<EntryId, Seen>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The newest version that the server had; 0 if none counts any more.
    pub(super) version: u32,
    /// The highest version that was ever seen or made.
    highest: u32,
    /// [`super::head::Listed::mark`] of the newest version.
    pub(super) mark: u64,
    pub(super) is_deleted: bool,
    pub(super) name: String,
}

impl Seen {
    /// The order in which memories are merged.
    fn rank(&self) -> (u32, u64, bool, &str) {
        (self.version, self.mark, self.is_deleted, &self.name)
    }
}

impl Memory {
    pub(super) fn change_no(&self) -> u64 {
        self.change_no
    }

    pub(super) fn news(&self) -> u64 {
        self.news
    }

    pub(super) fn seen(&self, id: EntryId) -> Option<&Seen> {
        self.entries.get(&id).filter(|seen| seen.version > 0)
    }

    /// The entries that the server has had.
    pub(super) fn all_seen(&self) -> impl Iterator<Item = (EntryId, &Seen)> {
        self.entries.iter().filter(|(_, seen)| seen.version > 0).map(|(id, seen)| (*id, seen))
    }

    /// The highest version of an entry that was ever seen or made.
    pub(super) fn highest(&self, id: EntryId) -> u32 {
        self.entries.get(&id).map_or(0, |seen| seen.highest)
    }

    /// Notes a version that was made here.
    pub(super) fn note_made(&mut self, id: EntryId, version: u32) {
        let seen = self.entries.entry(id).or_default();
        seen.highest = seen.highest.max(version);
    }

    /// Notes a version that the server has, with the entry's name, or none for a deletion. Returns true if that is new.
    pub(super) fn note_seen(&mut self, id: EntryId, version: u32, mark: u64, name: Option<&str>) -> bool {
        let seen = self.entries.entry(id).or_default();
        if seen.version >= version {
            return false;
        }
        (seen.version, seen.highest, seen.mark) = (version, seen.highest.max(version), mark);
        seen.is_deleted = name.is_none();
        // A deleted entry keeps its name: it may have to be named if it is put back.
        if let Some(name) = name {
            seen.name = name.chars().take(NAME_MAX).collect();
        }
        true
    }

    /// Notes a change number that the server had. Returns true if that is new.
    pub(super) fn note_change_no(&mut self, number: u64) -> bool {
        let is_new = self.change_no < number;
        self.change_no = self.change_no.max(number);
        is_new
    }

    /// Notes that a person was told changes of credentials up to this number. Returns true if that is new.
    pub(super) fn note_news(&mut self, number: u64) -> bool {
        let is_new = self.news < number;
        self.news = self.news.max(number);
        is_new
    }

    /// Lowers the change number: a person has accepted an older vault.
    pub(super) fn accept_number(&mut self, number: u64) {
        self.accepted = self.accepted.saturating_add(1);
        self.change_no = number;
    }

    /// Forgets the newest version of an entry: a person has accepted the server's. Its highest version stays.
    pub(super) fn forget(&mut self, id: EntryId) {
        if let Some(seen) = self.entries.get_mut(&id) {
            *seen = Seen { highest: seen.highest, name: std::mem::take(&mut seen.name), ..Seen::default() };
        }
    }

    /// Merges another tab's memory. Nothing gets lower, unless a person has accepted that there.
    pub(super) fn merge(&mut self, other: Self) {
        self.news = self.news.max(other.news);
        let is_later = other.accepted > self.accepted;
        if is_later {
            (self.accepted, self.change_no) = (other.accepted, other.change_no);
        } else if other.accepted == self.accepted {
            self.change_no = self.change_no.max(other.change_no);
        }
        let is_same = !is_later && other.accepted == self.accepted;
        for (id, theirs) in other.entries {
            match self.entries.entry(id) {
                Entry::Vacant(vacant) => drop(vacant.insert(theirs)),
                Entry::Occupied(mut ours) => {
                    let ours = ours.get_mut();
                    let highest = ours.highest.max(theirs.highest);
                    // Both tabs must come to the same memory, or they would write it in turn for ever.
                    if is_later || (is_same && theirs.rank() > ours.rank()) {
                        *ours = theirs;
                    }
                    ours.highest = highest;
                }
            }
        }
    }

    pub(super) fn write(&self) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(20 + self.entries.len() * 64));
        bytes.extend(self.accepted.to_be_bytes());
        bytes.extend(self.change_no.to_be_bytes());
        bytes.extend(self.news.to_be_bytes());
        for (id, Seen { version, highest, mark, is_deleted, name }) in &self.entries {
            bytes.extend(id.as_bytes());
            bytes.extend(version.to_be_bytes());
            bytes.extend(highest.to_be_bytes());
            bytes.extend(mark.to_be_bytes());
            bytes.push(u8::from(*is_deleted));
            bytes.extend(u16::try_from(name.len()).map_err(|_| KeyringError::TooLarge)?.to_be_bytes());
            bytes.extend(name.as_bytes());
        }
        pad_to(&bytes, |needed| needed.checked_next_multiple_of(PAGE))
    }

    pub(super) fn read(padded: &[u8]) -> Result<Self, KeyringError> {
        unpad(padded).and_then(Self::read_fields).ok_or(KeyringError::NotADocument)
    }

    fn read_fields(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let mut memory = Self {
            accepted: u32::from_be_bytes(take(bytes)?),
            change_no: u64::from_be_bytes(take(bytes)?),
            news: u64::from_be_bytes(take(bytes)?),
            entries: BTreeMap::new(),
        };
        while !bytes.is_empty() {
            let id = EntryId::try_from(take::<16>(bytes)?).ok()?;
            let version = u32::from_be_bytes(take(bytes)?);
            let highest = u32::from_be_bytes(take(bytes)?);
            let mark = u64::from_be_bytes(take(bytes)?);
            let [is_deleted] = take(bytes)?;
            let length = u16::from_be_bytes(take(bytes)?);
            let (name, rest) = bytes.split_at_checked(length.into())?;
            *bytes = rest;
            let name = str::from_utf8(name).ok()?.to_owned();
            memory.entries.insert(id, Seen { version, highest, mark, is_deleted: is_deleted == 1, name });
        }
        Some(memory)
    }
}

/// Takes the first bytes off.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
