//! Bitwarden's exports protected by their own password.
//!
//! The caller stretches the password to 32 bytes (PBKDF2 in the browser, Argon2id in the keyring's worker). HKDF-Expand
//! derives two keys from them, "enc" and "mac" (RFC 5869, without the extraction). Protected data is text like
//! `2.nonce|ciphertext|tag` in Base64: AES-256-CBC with PKCS #7, then HMAC-SHA256 over nonce and ciphertext.

use std::fmt;

use aes::Aes256;
use base64ct::{Base64, Encoding};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::bitwarden::read_unlocked;
use super::bitwarden_json::BitwardenExport;
use super::{ImportFault, Items};

/// Most iterations of PBKDF2 in Bitwarden's settings.
const PBKDF2_MAX: u32 = 2_000_000;
/// Most passes, MiB and lanes of Argon2id in Bitwarden's settings.
const ARGON2_MAX: (u32, u32, u32) = (10, 1024, 16);

/// The derivation of 32 bytes from the password, which is in UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kdf {
    /// PBKDF2 with HMAC-SHA256.
    Pbkdf2 {
        /// Iterations: 1 to 2,000,000.
        iterations: u32,
    },
    /// Argon2id, version 0x13.
    Argon2id {
        /// Passes: 1 to 10.
        iterations: u32,
        /// Memory, in MiB: 1 to 1024.
        memory_mib: u32,
        /// Lanes: 1 to 16.
        parallelism: u32,
    },
}

impl Kdf {
    /// Reads the function and its cost, up to the limits of Bitwarden's settings. Low costs are accepted, because
    /// reading the file makes it no weaker.
    fn new(vault: &BitwardenExport) -> Option<Self> {
        let within = |value: Option<u32>, max: u32| value.filter(|value| (1..=max).contains(value));
        match vault.kdf_type? {
            0 => Some(Self::Pbkdf2 { iterations: within(vault.kdf_iterations, PBKDF2_MAX)? }),
            1 => Some(Self::Argon2id {
                iterations: within(vault.kdf_iterations, ARGON2_MAX.0)?,
                memory_mib: within(vault.kdf_memory, ARGON2_MAX.1)?,
                parallelism: within(vault.kdf_parallelism, ARGON2_MAX.2)?,
            }),
            _ => None,
        }
    }
}

/// An export protected by a password, still encrypted.
pub struct LockedExport {
    kdf: Kdf,
    salt: String,
    validation: Protected,
    data: Protected,
}

/// Hides the protected data.
impl fmt::Debug for LockedExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locked({:?})", self.kdf)
    }
}

impl LockedExport {
    pub(super) fn new(vault: BitwardenExport) -> Result<Self, ImportFault> {
        let kdf = Kdf::new(&vault).ok_or(ImportFault::KdfOutOfRange)?;
        let protected = |text: &str| Protected::parse(text).ok_or(ImportFault::Damaged);
        match (vault.salt, vault.enc_key_validation, vault.data) {
            (Some(salt), Some(validation), Some(data)) => Ok(Self {
                kdf,
                salt: salt.0.expose().to_owned(),
                validation: protected(validation.0.expose())?,
                data: protected(data.0.expose())?,
            }),
            _ => Err(ImportFault::Damaged),
        }
    }

    pub fn kdf(&self) -> Kdf {
        self.kdf
    }

    /// The salt for the function. For PBKDF2 it is the bytes of the file's text, which is not decoded although it looks
    /// like Base64; for Argon2id it is their SHA-256.
    pub fn salt(&self) -> Vec<u8> {
        match self.kdf {
            Kdf::Pbkdf2 { .. } => self.salt.as_bytes().to_vec(),
            Kdf::Argon2id { .. } => Sha256::digest(self.salt.as_bytes()).to_vec(),
        }
    }

    /// Decrypts the export with the stretched password. Another password can be tried after a wrong one.
    ///
    /// # Errors
    /// [`ImportFault::WrongPassword`]; [`ImportFault::Damaged`] if the password is right and the data is not; and the
    /// faults of unencrypted items.
    pub fn open(&self, key: &[u8; 32]) -> Result<Items, ImportFault> {
        let keys = Keys::new(key).ok_or(ImportFault::Damaged)?;
        if !keys.is_right(&self.validation) {
            return Err(ImportFault::WrongPassword);
        }
        let json = keys.open(&self.data).ok_or(ImportFault::Damaged)?;
        read_unlocked(&json)
    }
}

/// Protected text of Bitwarden's type 2.
struct Protected {
    nonce: [u8; 16],
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl Protected {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("2.")?.split('|').map(|part| Base64::decode_vec(part).ok());
        let [nonce, ciphertext, tag] = [parts.next()??, parts.next()??, parts.next()??];
        (parts.next().is_none()).then_some(Self { nonce: nonce.try_into().ok()?, ciphertext, tag })
    }
}

/// The keys derived from the stretched password.
struct Keys {
    enc: Zeroizing<[u8; 32]>,
    mac: Zeroizing<[u8; 32]>,
}

impl Keys {
    fn new(stretched: &[u8; 32]) -> Option<Self> {
        let hkdf = Hkdf::<Sha256>::from_prk(stretched).ok()?;
        let mut keys = Self { enc: Zeroizing::default(), mac: Zeroizing::default() };
        hkdf.expand(b"enc", keys.enc.as_mut()).ok()?;
        hkdf.expand(b"mac", keys.mac.as_mut()).ok()?;
        Some(keys)
    }

    fn is_right(&self, protected: &Protected) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.mac.as_ref()) else { return false };
        mac.update(&protected.nonce);
        mac.update(&protected.ciphertext);
        mac.verify_slice(&protected.tag).is_ok()
    }

    /// The plaintext, if the tag is right.
    fn open(&self, protected: &Protected) -> Option<Zeroizing<Vec<u8>>> {
        if !self.is_right(protected) {
            return None;
        }
        let mut text = Zeroizing::new(protected.ciphertext.clone());
        let cipher = cbc::Decryptor::<Aes256>::new((&*self.enc).into(), (&protected.nonce).into());
        let length = cipher.decrypt_padded_mut::<Pkcs7>(&mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}
