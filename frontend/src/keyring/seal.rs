//! Format 1 of a sealed entry.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | format, 1 |
//! | 1..25 | nonce, random |
//! | 25.. | XChaCha20-Poly1305 of the padded document: as many bytes as a bucket, then the tag of 16 |
//!
//! The padded document is its length (4 bytes, big-endian), the document, and zeros up to the smallest bucket that
//! holds both. The associated data is the format (1), the account (16), the entry (16) and the version (4, big-endian):
//! an entry that the server moves to another account or id, or serves as another version, does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand_core_06::{CryptoRng, RngCore};
use shared::ids::{AccountId, EntryId};
use shared::limits::{BUCKETS, SEALED_OVERHEAD};
use shared::passwords::{FORMAT, SealedEntry};
use zeroize::Zeroizing;

use super::keys::{EntryKey, NONCE_LEN};
use super::protocol::KeyringError;

const LENGTH_LEN: usize = 4;

/// The associated data of a sealed entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub(super) account: AccountId,
    pub(super) entry: EntryId,
    pub(super) version: u32,
}

impl Binding {
    fn associated_data(&self) -> Vec<u8> {
        [&[FORMAT], &self.account.as_bytes()[..], self.entry.as_bytes(), &self.version.to_be_bytes()].concat()
    }
}

impl EntryKey {
    pub(super) fn seal(
        &self,
        binding: &Binding,
        document: &[u8],
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<SealedEntry, KeyringError> {
        let padded = pad(document)?;
        let mut nonce = [0; NONCE_LEN];
        random.fill_bytes(&mut nonce);
        let payload = Payload { msg: &padded, aad: &binding.associated_data() };
        let ciphertext =
            self.cipher().encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| KeyringError::Broken)?;
        let mut sealed = Vec::with_capacity(padded.len() + SEALED_OVERHEAD);
        sealed.push(FORMAT);
        sealed.extend(nonce);
        sealed.extend(ciphertext);
        sealed.try_into().map_err(|_| KeyringError::Broken)
    }

    /// Opens what [`EntryKey::seal`] made under the same binding.
    pub(super) fn open(&self, binding: &Binding, sealed: &SealedEntry) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        // `SealedEntry` has checked format and length.
        let (nonce, ciphertext) = sealed.as_bytes()[1..].split_at(NONCE_LEN);
        let payload = Payload { msg: ciphertext, aad: &binding.associated_data() };
        let padded = self.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| KeyringError::Broken)?;
        let padded = Zeroizing::new(padded);
        unpad(&padded).map(|document| Zeroizing::new(document.to_vec())).ok_or(KeyringError::Broken)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&self.0))
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

/// Takes the padding off; `None` if it is not padding that [`pad`] makes.
pub(super) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_LEN>()?;
    let (document, padding) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    padding.iter().all(|byte| *byte == 0).then_some(document)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use crate::browser_test::test;

    use super::*;
    use crate::keyring::tests::Counter;

    /// Only a client with the key could make these.
    #[test]
    fn padding_with_other_bytes_or_a_wrong_length_is_refused() {
        let key = EntryKey([7; 32]);
        let binding =
            Binding { account: AccountId::from_random([1; 16]), entry: EntryId::from_time(1, [2; 10]), version: 1 };
        let sealed = |change: fn(&mut Vec<u8>)| {
            let mut padded = vec![0; BUCKETS[0]];
            padded[..6].copy_from_slice(b"\0\0\0\x02ab");
            change(&mut padded);
            let payload = Payload { msg: &padded, aad: &binding.associated_data() };
            let ciphertext = key.cipher().encrypt(XNonce::from_slice(&[3; NONCE_LEN]), payload).unwrap();
            [&[FORMAT], &[3; NONCE_LEN][..], &ciphertext].concat().try_into().unwrap()
        };
        assert_eq!(key.open(&binding, &sealed(|_| {})).unwrap().as_slice(), b"ab");
        let broken: [fn(&mut Vec<u8>); 3] = [|p| p[6] = 1, |p| p[1023] = 1, |p| p[0] = 1];
        for change in broken {
            assert_eq!(key.open(&binding, &sealed(change)).err(), Some(KeyringError::Broken));
        }
        // The keyring's own opens.
        let own = key.seal(&binding, b"ab", &mut Counter(0)).unwrap();
        assert_eq!(key.open(&binding, &own).unwrap().as_slice(), b"ab");
    }
}
