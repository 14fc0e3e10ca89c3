//! The digest of a vault's head.
//!
//! It is the first 32 bytes of SHA-512 over one row of 40 bytes for each entry and deletion that the server lists, by
//! rising id: id (16), version (4, big-endian), number of the vault key (4, big-endian) and tag (16). The tag is the last
//! 16 bytes of the sealed bytes. Number and tag of an unsealed deletion are zeros. A row of the server's that does not
//! open counts as it is listed: it must not cast doubt on the others.

use sha2::{Digest, Sha512};
use shared::changes::{FORMAT_1, key_no};
use shared::ids::EntryId;

const TAG_LEN: usize = 16;

/// The server's version of an entry, as far as the digest covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) version: u32,
    /// The number of the vault key in the header.
    pub(super) key_no: u32,
    tag: [u8; TAG_LEN],
    pub(super) kind: ListedKind,
}

/// The keyring's finding about a listed version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListedKind {
    Entry,
    Deletion,
    /// A deletion that no key of this vault has sealed.
    MadeUp,
    /// Its format is newer than this page.
    NewerFormat,
    /// It does not open.
    Unreadable,
}

impl Listed {
    /// The version with these sealed bytes; without any, an unsealed deletion.
    pub(super) fn new(version: u32, sealed: Option<&[u8]>, kind: ListedKind) -> Self {
        let bytes = sealed.unwrap_or_default();
        let key_no = if bytes.first() == Some(&FORMAT_1) { 0 } else { key_no(bytes).unwrap_or_default() };
        let tag = bytes.last_chunk().copied().unwrap_or_default();
        Self { version, key_no, tag, kind }
    }

    /// A short form of the tag, for the memory.
    pub(super) fn mark(&self) -> u64 {
        self.tag.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default()
    }

    /// True if a newer version may be just this.
    pub(super) fn is_valid(&self) -> bool {
        !matches!(self.kind, ListedKind::MadeUp | ListedKind::Unreadable)
    }

    /// True if the server lists the same bytes, as far as the digest tells.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.version, self.key_no, self.tag) == (other.version, other.key_no, other.tag)
    }
}

/// The digest over versions by rising id.
pub(super) fn digest(listed: impl Iterator<Item = (EntryId, Listed)>) -> [u8; 32] {
    let mut hasher = Sha512::new();
    for (id, Listed { version, key_no, tag, kind: _ }) in listed {
        let mut row = [0; 40];
        row[..16].copy_from_slice(id.as_bytes());
        row[16..20].copy_from_slice(&version.to_be_bytes());
        row[20..24].copy_from_slice(&key_no.to_be_bytes());
        row[24..].copy_from_slice(&tag);
        hasher.update(row);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(&hasher.finalize()[..32]);
    digest
}
