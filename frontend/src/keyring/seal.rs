//! The formats of sealed bytes: entries, deletions, heads, and the browser's memory of the vault.
//!
//! Format 2:
//!
//! | bytes | content |
//! |---|---|
//! | 0 | format, 2 |
//! | 1..5 | number of the vault key, big-endian |
//! | 5..29 | nonce, random |
//! | 29.. | XChaCha20-Poly1305 of the plaintext, then the tag of 16 |
//!
//! The associated data is the header (5), the account (16), and then: for an entry or a deletion its id (16), the
//! version (4, big-endian) and its kind (0 entry, 1 deletion); for a head "head"; for a memory "memory". An entry that
//! the server moves to another account or id, or serves as another version, does not open, and only a key of the vault
//! can make a deletion.
//!
//! The plaintext of an entry is its padded document: length (4 bytes, big-endian), document, and zeros up to the
//! smallest bucket that holds both. That of a deletion is empty. That of a head is the change number (8, big-endian)
//! and the digest (32).
//!
//! Format 1 has neither key number nor kind, neither in the bytes nor in the associated data. It is only read, and only
//! under key 0.

use rand_core_06::{CryptoRng, RngCore};
use shared::changes::{FORMAT, FORMAT_1, HEADER_LEN, Sealed, SealedHead};
use shared::ids::EntryId;
use shared::limits::BUCKETS;
use zeroize::Zeroizing;

use super::keys::{KEY_LEN, KeySet, NONCE_LEN, VaultKeys, decrypt, encrypt};
use super::protocol::KeyringError;

const LENGTH_LEN: usize = 4;

/// A sealed version that was opened.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Opened {
    /// An entry's document.
    Entry(Zeroizing<Vec<u8>>),
    Deletion,
}

/// The state of a vault, as its head states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The account's newest change number.
    pub(super) change_no: u64,
    /// The digest over its entries and deletions.
    pub(super) digest: [u8; 32],
}

/// The last byte of the associated data of an entry or a deletion.
#[derive(Clone, Copy)]
enum Kind {
    Entry = 0,
    Deletion = 1,
}

/// The number of the vault key that sealed bytes claim to be sealed under: 0 for format 1.
///
/// # Errors
/// [`KeyringError::UnknownFormat`]. [`KeyringError::Broken`] if they are too short to tell.
pub(super) fn key_no(bytes: &[u8]) -> Result<u32, KeyringError> {
    match bytes.first() {
        Some(&FORMAT_1) => Ok(0),
        Some(&FORMAT) => shared::changes::key_no(bytes).ok_or(KeyringError::Broken),
        Some(_) => Err(KeyringError::UnknownFormat),
        None => Err(KeyringError::Broken),
    }
}

impl VaultKeys {
    /// Seals a version of an entry.
    pub(super) fn seal(
        &self,
        id: EntryId,
        version: u32,
        document: &[u8],
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Sealed, KeyringError> {
        let set = self.current();
        let bound = version_binding(id, version, Kind::Entry);
        let sealed = set.seal(&set.entry.0, &pad(document)?, &bound, random)?;
        sealed.try_into().map_err(|_| KeyringError::Broken)
    }

    /// Seals the deletion of an entry.
    pub(super) fn seal_deletion(
        &self,
        id: EntryId,
        version: u32,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Sealed, KeyringError> {
        let set = self.current();
        let bound = version_binding(id, version, Kind::Deletion);
        set.seal(&set.entry.0, &[], &bound, random)?.try_into().map_err(|_| KeyringError::Broken)
    }

    /// Opens a sealed version of either format, under the key that it names.
    ///
    /// # Errors
    /// [`KeyringError::UnknownFormat`]. [`KeyringError::Broken`] if it does not open.
    pub(super) fn open(&self, id: EntryId, version: u32, sealed: &[u8]) -> Result<Opened, KeyringError> {
        if sealed.first() == Some(&FORMAT_1) {
            return self.open_format_1(id, version, &sealed[1..]).map(Opened::Entry);
        }
        // The length alone says which kind it can be.
        let kind = if sealed.len() == shared::changes::OVERHEAD { Kind::Deletion } else { Kind::Entry };
        let (_, plaintext) = self.open_part(|set| &set.entry.0, sealed, &version_binding(id, version, kind))?;
        match kind {
            Kind::Deletion => Ok(Opened::Deletion),
            Kind::Entry => document_of(&plaintext).map(Opened::Entry),
        }
    }

    /// Opens an entry of format 1 without its first byte.
    fn open_format_1(&self, id: EntryId, version: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let set = self.get(0).ok_or(KeyringError::Broken)?;
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(KeyringError::Broken)?;
        let bound = [&[FORMAT_1], &set.account.as_bytes()[..], id.as_bytes(), &version.to_be_bytes()].concat();
        document_of(&decrypt(&set.entry.0, nonce, ciphertext, &bound)?)
    }

    /// Opens a head. Also gives the number of its key.
    ///
    /// # Errors
    /// [`KeyringError::UnknownFormat`]. [`KeyringError::Broken`] if it does not open.
    pub(super) fn open_head(&self, sealed: &[u8]) -> Result<(u32, Head), KeyringError> {
        let (number, plaintext) = self.open_part(|set| &set.head.0, sealed, HEAD)?;
        let (change_no, digest) = plaintext.split_first_chunk().ok_or(KeyringError::Broken)?;
        let digest = digest.try_into().map_err(|_| KeyringError::Broken)?;
        Ok((number, Head { change_no: u64::from_be_bytes(*change_no), digest }))
    }

    /// Opens what [`KeySet::seal_memory`] made under any of the keys.
    ///
    /// # Errors
    /// [`KeyringError::UnknownFormat`]. [`KeyringError::Broken`] if it does not open.
    pub(super) fn open_memory(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        self.open_part(|set| &set.memory.0, sealed, MEMORY).map(|(_, plaintext)| plaintext)
    }

    /// Opens bytes of format 2 under the key of their number.
    fn open_part(
        &self,
        key: fn(&KeySet) -> &[u8; KEY_LEN],
        sealed: &[u8],
        bound: &[u8],
    ) -> Result<(u32, Zeroizing<Vec<u8>>), KeyringError> {
        let number = key_no(sealed)?;
        let set = self.get(number).ok_or(KeyringError::Broken)?;
        let (header, rest) = sealed.split_at_checked(HEADER_LEN).ok_or(KeyringError::Broken)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(KeyringError::Broken)?;
        if header[0] != FORMAT {
            return Err(KeyringError::Broken);
        }
        Ok((number, decrypt(key(set), nonce, ciphertext, &set.associated_data(bound))?))
    }
}

/// The end of a head's associated data.
const HEAD: &[u8] = b"head";
/// The end of a memory's associated data.
const MEMORY: &[u8] = b"memory";

/// The end of the associated data of a sealed version.
fn version_binding(id: EntryId, version: u32, kind: Kind) -> [u8; 21] {
    let mut bound = [0; 21];
    bound[..16].copy_from_slice(id.as_bytes());
    bound[16..20].copy_from_slice(&version.to_be_bytes());
    bound[20] = kind as u8;
    bound
}

impl KeySet {
    /// Seals a head.
    pub(super) fn seal_head(
        &self,
        head: &Head,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<SealedHead, KeyringError> {
        let plaintext = [&head.change_no.to_be_bytes()[..], &head.digest].concat();
        self.seal(&self.head.0, &plaintext, HEAD, random)?.try_into().map_err(|_| KeyringError::Broken)
    }

    /// Seals the browser's memory of the vault.
    pub(super) fn seal_memory(
        &self,
        memory: &[u8],
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, KeyringError> {
        self.seal(&self.memory.0, memory, MEMORY, random)
    }

    fn seal(
        &self,
        key: &[u8; KEY_LEN],
        plaintext: &[u8],
        bound: &[u8],
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, KeyringError> {
        let sealed = encrypt(key, plaintext, &self.associated_data(bound), random)?;
        Ok([&self.header()[..], &sealed].concat())
    }

    fn header(&self) -> [u8; HEADER_LEN] {
        let mut header = [FORMAT; HEADER_LEN];
        header[1..].copy_from_slice(&self.number.to_be_bytes());
        header
    }

    fn associated_data(&self, bound: &[u8]) -> Vec<u8> {
        [&self.header()[..], self.account.as_bytes(), bound].concat()
    }
}

pub(super) fn pad(document: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let fits = |needed: usize| BUCKETS.into_iter().find(|bucket| *bucket >= needed);
    pad_to(document, fits)
}

/// Writes the length, the document, and zeros up to the size that `fits` gives.
pub(super) fn pad_to(document: &[u8], fits: fn(usize) -> Option<usize>) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let length = u32::try_from(document.len()).map_err(|_| KeyringError::TooLarge)?;
    let needed = document.len().saturating_add(LENGTH_LEN);
    let size = fits(needed).filter(|size| *size >= needed).ok_or(KeyringError::TooLarge)?;
    // One allocation of the final size: growing would leave copies of the document in memory.
    let mut padded = Zeroizing::new(vec![0; size]);
    padded[..LENGTH_LEN].copy_from_slice(&length.to_be_bytes());
    padded[LENGTH_LEN..needed].copy_from_slice(document);
    Ok(padded)
}

fn document_of(padded: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    unpad(padded).map(|document| Zeroizing::new(document.to_vec())).ok_or(KeyringError::Broken)
}

/// Takes the padding off; `None` if it is not padding that [`pad`] makes.
pub(super) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_LEN>()?;
    let (document, padding) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    padding.iter().all(|byte| *byte == 0).then_some(document)
}

#[cfg(test)]
mod tests;
