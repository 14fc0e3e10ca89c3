//! Rows whose sealed bytes no browser can open, as far as format, length and number of the key show it. A flipped bit of
//! the ciphertext does not show here: only the vault's key tells.

use std::fmt;
use std::ops::RangeInclusive;

use shared::changes::{FORMAT, HEADER_LEN, OVERHEAD, key_no};
use shared::ids::{AccountId, EntryId};
use shared::limits::BUCKETS;

/// Rows that are named. All are counted.
const NAMED_MAX: usize = 20;
/// The format of entries from before vault keys had numbers.
const FORMAT_1: u8 = 1;
/// The formats that this Passmint knows.
pub(super) const FORMATS: RangeInclusive<u8> = FORMAT_1..=FORMAT;
/// Overhead of format 1, in bytes: format (1), nonce (24) and tag (16).
const OVERHEAD_1: usize = 1 + 24 + 16;

/// Entries that no browser can open. The server hands them out as they are, and the others open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnreadableRows {
    pub count: u64,
    /// The first of them.
    pub named: Vec<UnreadableRow>,
}

/// An entry, named by ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    pub account: AccountId,
    pub entry: EntryId,
    pub defect: Defect,
}

/// Why sealed bytes cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// No first byte, or one that this Passmint does not know.
    Format(Option<u8>),
    /// A length, in bytes, that no entry has.
    Length(u64),
    /// A number above that of the account's vault key.
    Key(u32),
}

impl UnreadableRows {
    /// Adds a row if its sealed bytes cannot be opened. `start` is their first [`HEADER_LEN`] bytes or more, `len` the
    /// number of all, and `newest_key` the number of the account's vault key.
    pub(super) fn add(&mut self, account: AccountId, entry: EntryId, start: &[u8], len: u64, newest_key: u32) {
        if let Some(defect) = Defect::of(start, len, newest_key) {
            self.count += 1;
            if self.named.len() < NAMED_MAX {
                self.named.push(UnreadableRow { account, entry, defect });
            }
        }
    }
}

impl Defect {
    fn of(start: &[u8], len: u64, newest_key: u32) -> Option<Self> {
        let has_length_of = |overhead: usize| BUCKETS.iter().any(|bucket| (bucket + overhead) as u64 == len);
        match start.first() {
            Some(&FORMAT_1) if has_length_of(OVERHEAD_1) => None,
            Some(&FORMAT) if has_length_of(OVERHEAD) || len == OVERHEAD as u64 => {
                let key = key_no(start.get(..HEADER_LEN)?)?;
                (key > newest_key).then_some(Self::Key(key))
            }
            Some(&(FORMAT_1 | FORMAT)) => Some(Self::Length(len)),
            other => Some(Self::Format(other.copied())),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(Some(format)) => write!(f, "unknown format {format}"),
            Self::Format(None) => f.write_str("no bytes"),
            Self::Length(len) => write!(f, "{len} bytes, which no entry has"),
            Self::Key(key) => write!(f, "sealed under vault key {key}, which the account does not have yet"),
        }
    }
}

impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, entry, defect } = self;
        write!(f, "entry {entry} of account {account}: {defect}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_known_format_length_and_key_have_no_defect() {
        let of = |start: &[u8], len: usize| Defect::of(start, len as u64, 2);
        for bucket in BUCKETS {
            assert_eq!(of(&[1, 9, 9, 9, 9], bucket + 41), None);
            assert_eq!(of(&[2, 0, 0, 0, 2], bucket + 45), None);
            assert_eq!(of(&[1, 0, 0, 0, 0], bucket + 45), Some(Defect::Length(bucket as u64 + 45)));
            assert_eq!(of(&[2, 0, 0, 0, 0], bucket + 41), Some(Defect::Length(bucket as u64 + 41)));
        }
        assert_eq!(of(&[2, 0, 0, 0, 0], 45), None, "a deletion");
        assert_eq!(of(&[1, 0, 0, 0, 0], 41), Some(Defect::Length(41)));
        assert_eq!(of(&[3, 0, 0, 0, 1], 1069), Some(Defect::Format(Some(3))));
        assert_eq!(of(&[], 0), Some(Defect::Format(None)));
        assert_eq!(of(&[2, 0, 0, 1, 0], 1069), Some(Defect::Key(256)));
    }
}
