//! An archive's encryption: a stream in chunks, so that large archives need little memory and truncation is detected.
//!
//! Argon2id derives a key from the passphrase and a salt. ChaCha20-Poly1305 in the STREAM construction (Hoang,
//! Reyhanitabar, Rogaway and Vizár, 2015; `aead::stream`) seals chunks of 64 KiB. Each chunk is bound to its position
//! and to the header, and the last one is marked. docs/SECURITY.md has the byte layout.

use std::io::{self, ErrorKind, Read, Write};

use anyhow::{Context, Result, ensure};
use chacha20poly1305::aead::Payload;
use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit};
use rand_core_06::{OsRng, RngCore};
use shared::kdf::{Costs, KdfError, argon2id};
use zeroize::Zeroizing;

use super::Passphrase;

/// First bytes of a sealed archive; the last one is the format's version.
pub(super) const MAGIC: &[u8; 17] = b"passmint-archive\x01";
const SALT_LEN: usize = 16;
const HEADER_LEN: usize = MAGIC.len() + 12 + SALT_LEN;
/// Bytes of a chunk before it is sealed.
const CHUNK: usize = 64 * 1024;
const TAG_LEN: usize = 16;
/// The nonce's fixed part. It may be the same each time, because each archive has its own key.
const NONCE_PREFIX: [u8; 7] = [0; 7];

fn cipher(passphrase: &Passphrase, salt: &[u8], costs: Costs) -> Result<ChaCha20Poly1305, KdfError> {
    let mut key = Zeroizing::new([0; 32]);
    argon2id(passphrase.expose().as_bytes(), salt, costs, &mut *key)?;
    Ok(ChaCha20Poly1305::new(Key::from_slice(&*key)))
}

/// Converts an error of the cryptographic crates. Their texts hold no data.
fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// A writer that seals. The output cannot be opened before [`Sealer::finish`].
pub(super) struct Sealer<W> {
    to: W,
    stream: EncryptorBE32<ChaCha20Poly1305>,
    header: [u8; HEADER_LEN],
    /// Bytes that are not sealed yet. A full chunk waits here, because it may be the last one.
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    /// Begins a sealed archive with a new salt.
    pub(super) fn new(mut to: W, passphrase: &Passphrase) -> Result<Self> {
        let mut header = [0; HEADER_LEN];
        let mut salt = [0; SALT_LEN];
        OsRng.fill_bytes(&mut salt);
        header.copy_from_slice(&[MAGIC.as_slice(), &Costs::STANDARD.to_be_bytes(), &salt].concat());
        to.write_all(&header)?;
        let cipher = cipher(passphrase, &salt, Costs::STANDARD)?;
        let stream = EncryptorBE32::from_aead(cipher, GenericArray::from_slice(&NONCE_PREFIX));
        Ok(Self { to, stream, header, chunk: Zeroizing::new(Vec::with_capacity(CHUNK)) })
    }

    /// Seals the last chunk and returns the inner writer.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let last = Payload { msg: &self.chunk, aad: &self.header };
        let sealed = self.stream.encrypt_last(last).map_err(failed)?;
        self.to.write_all(&sealed)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            let next = Payload { msg: &self.chunk, aad: &self.header };
            let sealed = self.stream.encrypt_next(next).map_err(failed)?;
            self.to.write_all(&sealed)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens the output of a [`Sealer`]. A caller that reads to the end without an error has the complete, unchanged data.
pub(super) struct Opener<R> {
    from: R,
    /// `None` after the last chunk.
    stream: Option<DecryptorBE32<ChaCha20Poly1305>>,
    header: [u8; HEADER_LEN],
    /// The next sealed chunk, read ahead to know which one is the last.
    ahead: Vec<u8>,
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
}

impl<R: Read> Opener<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the archive has another format, or its Argon2id costs are outside the bounds.
    pub(super) fn new(mut from: R, passphrase: &Passphrase) -> Result<Self> {
        let mut header = [0; HEADER_LEN];
        from.read_exact(&mut header).context("it was cut off within its header")?;
        let (magic, rest) = header.split_at(MAGIC.len());
        ensure!(magic == MAGIC, "it is not a sealed archive of a format that this Passmint knows");
        let (costs, salt) = rest.split_first_chunk().context("its header is too short")?;
        let cipher = cipher(passphrase, salt, Costs::from_be_bytes(*costs))?;
        let stream = Some(DecryptorBE32::from_aead(cipher, GenericArray::from_slice(&NONCE_PREFIX)));
        let mut opener = Self { from, stream, header, ahead: Vec::new(), chunk: Zeroizing::default(), given: 0 };
        opener.ahead = opener.read_sealed()?;
        Ok(opener)
    }

    fn read_sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::with_capacity(CHUNK + TAG_LEN);
        self.from.by_ref().take((CHUNK + TAG_LEN) as u64).read_to_end(&mut sealed)?;
        Ok(sealed)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let after = self.read_sealed()?;
        let payload = Payload { msg: &self.ahead, aad: &self.header };
        let opened = if after.is_empty() {
            stream.decrypt_last(payload)
        } else {
            let opened = stream.decrypt_next(payload);
            self.stream = Some(stream);
            opened
        };
        let wrong = || io::Error::new(ErrorKind::InvalidData, "the passphrase is wrong, or the archive was changed");
        self.chunk = Zeroizing::new(opened.map_err(|_| wrong())?);
        self.ahead = after;
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && self.stream.is_some() {
            self.next_chunk()?;
        }
        let rest = &self.chunk[self.given..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned()).unwrap()
    }

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &passphrase("correct horse battery")).unwrap();
        sealer.write_all(bytes).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(sealed: &[u8], words: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Opener::new(sealed, &passphrase(words))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn every_length_comes_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = sealed(&bytes);
            assert_eq!(sealed.len(), HEADER_LEN + length + TAG_LEN * length.div_ceil(CHUNK).max(1), "{length}");
            assert!(opened(&sealed, "correct horse battery").unwrap() == bytes, "{length}");
        }
    }

    #[test]
    fn changed_cut_or_reordered_archive_does_not_open() {
        let bytes: Vec<u8> = (0..2 * CHUNK).map(|at| (at % 251) as u8).collect();
        let whole = sealed(&bytes);
        let open = |sealed: &[u8]| opened(sealed, "correct horse battery");
        assert!(opened(&whole, "correct horse batterx").is_err(), "another passphrase");
        let body = HEADER_LEN;
        let sealed_chunk = CHUNK + TAG_LEN;
        for (what, end) in [("the last chunk", body + sealed_chunk), ("an byte", whole.len() - 1), ("all", body)] {
            assert!(open(&whole[..end]).is_err(), "{what} is cut off");
        }
        assert!(open(&[whole.as_slice(), &[0]].concat()).is_err(), "something is added");
        let (head, chunks) = whole.split_at(body);
        let swapped = [head, &chunks[sealed_chunk..], &chunks[..sealed_chunk]].concat();
        assert!(open(&swapped).is_err(), "chunks change places");
        // A byte of the costs (still within the bounds), of the salt, of each chunk and of the last tag.
        for place in [MAGIC.len() + 12, body, body + sealed_chunk - 1, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert!(open(&changed).is_err(), "byte {place}");
        }
        let mut cheaper = whole.clone();
        cheaper[MAGIC.len() + 7] = 2;
        assert!(open(&cheaper).is_err(), "the costs belong to it");
    }

    #[test]
    fn costs_beyond_the_bounds_are_refused() {
        let mut greedy = sealed(b"text");
        greedy[MAGIC.len()] = 1;
        let error = opened(&greedy, "correct horse battery").unwrap_err().to_string();
        assert!(error.contains("more memory"), "{error}");
        let mut newer = sealed(b"text");
        newer[MAGIC.len() - 1] = 2;
        assert!(opened(&newer, "correct horse battery").unwrap_err().to_string().contains("format"));
    }
}
