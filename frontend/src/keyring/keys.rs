//! The key hierarchy: export key -> key-encryption key -> vault key -> entry key, head key and so on. One type for each
//! role.
//!
//! | key | from | used for |
//! |---|---|---|
//! | export key | OPAQUE, 64 bytes (RFC 9807, section 6.4) | deriving only |
//! | key-encryption key | HKDF-SHA-512 of the export key, label of its kind | wraps the vault key |
//! | vault key | random, 32 bytes, with a number | deriving only |
//! | entry key | HKDF-SHA-512 of the vault key | seals entries and deletions |
//! | head key | HKDF-SHA-512 of the vault key | seals the head |
//! | memory key | HKDF-SHA-512 of the vault key | seals the browser's memory of the vault |
//! | earlier-keys key | HKDF-SHA-512 of the vault key | seals the vault keys before this one |
//! | content key | HKDF-SHA-512 of the oldest vault key | marks content in the outbox |
//! | draft key | HKDF-SHA-512 of the vault key, as an X25519 key (RFC 7748) | opens drafts |
//!
//! The first vault key of an account has number 1, and each new one the next number. An account from before keys had
//! numbers has key 0.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use crypto_box::SecretKey;
use hkdf::Hkdf;
use rand_core_06::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::limits::WRAPPED_KEY_LEN;
use shared::sessions::CredentialName;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::protocol::KeyringError;

/// Length of the symmetric keys, in bytes.
pub(super) const KEY_LEN: usize = 32;
/// Length of an XChaCha20 nonce, in bytes: long enough to be random each time.
pub(super) const NONCE_LEN: usize = 24;

/// The first byte of a wrapped key.
const WRAP_FORMAT: u8 = 2;
/// The first byte of a wrapped key from before keys had numbers. Its seal is bound to no username.
const WRAP_FORMAT_1: u8 = 1;

/// Length of a key number, in bytes.
const NUMBER_LEN: usize = 4;

/// The root of a vault's keys.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct VaultKey([u8; KEY_LEN]);

/// Wraps and unwraps the vault key for one of the account's secrets.
pub(super) struct KeyEncryptionKey {
    key: Zeroizing<[u8; KEY_LEN]>,
    /// [`CredentialName::label`].
    label: &'static str,
}

/// Seals entries and deletions.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct EntryKey(pub(super) [u8; KEY_LEN]);

/// Seals the head.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct HeadKey(pub(super) [u8; KEY_LEN]);

/// Seals the browser's memory of the vault.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct MemoryKey(pub(super) [u8; KEY_LEN]);

/// Opens drafts. `SecretKey` is wiped when dropped.
pub(super) struct DraftKey(pub(super) SecretKey);

/// The place that a wrapped key is bound to.
pub(super) struct Wrapping<'a> {
    pub(super) account: AccountId,
    pub(super) username: &'a Username,
    /// The number of the vault key.
    pub(super) number: u32,
}

/// A vault key with its number, and the keys that are derived from it.
pub(super) struct KeySet {
    pub(super) account: AccountId,
    pub(super) number: u32,
    pub(super) root: VaultKey,
    pub(super) entry: EntryKey,
    pub(super) head: HeadKey,
    pub(super) memory: MemoryKey,
    pub(super) draft: DraftKey,
}

/// The keys of a vault: the current one, which seals, and earlier ones, which only open.
pub(super) struct VaultKeys {
    current: KeySet,
    /// By rising number.
    earlier: Vec<KeySet>,
}

impl VaultKey {
    pub(super) fn generate(random: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut key = Self([0; KEY_LEN]);
        random.fill_bytes(&mut key.0);
        key
    }

    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    pub(super) fn entry_key(&self) -> EntryKey {
        EntryKey(*derive(&self.0, b"passmint/1/entry key"))
    }

    pub(super) fn draft_key(&self) -> DraftKey {
        DraftKey(SecretKey::from_bytes(*derive(&self.0, b"passmint/1/draft key")))
    }

    /// Compares the keys in constant time.
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl KeySet {
    pub(super) fn new(account: AccountId, number: u32, root: VaultKey) -> Self {
        Self {
            account,
            number,
            entry: root.entry_key(),
            head: HeadKey(*derive(&root.0, b"passmint/2/head key")),
            memory: MemoryKey(*derive(&root.0, b"passmint/2/memory key")),
            draft: root.draft_key(),
            root,
        }
    }
}

impl VaultKeys {
    /// The keys of an account that never had another vault key.
    pub(super) fn new(current: KeySet) -> Self {
        Self { current, earlier: Vec::new() }
    }

    /// Opens the earlier keys that are sealed under the current one.
    pub(super) fn with_earlier(current: KeySet, sealed: &[u8]) -> Result<Self, KeyringError> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(KeyringError::Broken)?;
        let opened = decrypt(&earlier_keys_key(&current.root), nonce, ciphertext, &earlier_keys_binding(&current))?;
        let (rows, rest) = opened.as_chunks::<{ NUMBER_LEN + KEY_LEN }>();
        let mut earlier: Vec<KeySet> = Vec::with_capacity(rows.len());
        for row in rows {
            let (number, key) = row.split_first_chunk().ok_or(KeyringError::Broken)?;
            let number = u32::from_be_bytes(*number);
            let key = key.try_into().map(VaultKey).map_err(|_| KeyringError::Broken)?;
            if number >= current.number || earlier.last().is_some_and(|last| last.number >= number) {
                return Err(KeyringError::Broken);
            }
            earlier.push(KeySet::new(current.account, number, key));
        }
        if rows.is_empty() || !rest.is_empty() {
            return Err(KeyringError::Broken);
        }
        Ok(Self { current, earlier })
    }

    /// Seals all keys so far for `next`, which is to come after them: nonce, ciphertext and tag.
    pub(super) fn seal_for(
        &self,
        next: &KeySet,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, KeyringError> {
        let all = || self.earlier.iter().chain([&self.current]);
        let mut rows = Zeroizing::new(Vec::with_capacity(all().count() * (NUMBER_LEN + KEY_LEN)));
        for set in all() {
            rows.extend(set.number.to_be_bytes());
            rows.extend(set.root.0);
        }
        encrypt(&earlier_keys_key(&next.root), &rows, &earlier_keys_binding(next), random)
    }

    /// Makes `next` the current key.
    pub(super) fn replace(&mut self, next: KeySet) {
        let before = std::mem::replace(&mut self.current, next);
        self.earlier.push(before);
    }

    pub(super) fn account(&self) -> AccountId {
        self.current.account
    }

    /// The key that seals.
    pub(super) fn current(&self) -> &KeySet {
        &self.current
    }

    /// The key of this number, if the vault has or had it.
    pub(super) fn get(&self, number: u32) -> Option<&KeySet> {
        self.all().find(|set| set.number == number)
    }

    /// All keys, the current one first.
    pub(super) fn all(&self) -> impl Iterator<Item = &KeySet> {
        std::iter::once(&self.current).chain(self.earlier.iter().rev())
    }

    /// A mark of an entry's content, to find a version with the same content under another seal. It is keyed, because
    /// the local store holds it in the clear; the oldest key of the vault makes it, so that it outlives a new key. It is
    /// never below 2^63.
    pub(super) fn content_mark(&self, document: &[u8]) -> u64 {
        let oldest = self.earlier.first().unwrap_or(&self.current);
        let key = derive(&oldest.root.0, b"passmint/2/content key");
        let mut mark = [0; 8];
        // The first bytes of a hash of key and text, cut off, cannot be extended.
        mark.copy_from_slice(&Sha512::new().chain_update(*key).chain_update(document).finalize()[..8]);
        u64::from_be_bytes(mark) | 1 << 63
    }

    /// True for an account from before keys had numbers: it has no head, and its vault opens for reading only.
    pub(super) fn is_legacy(&self) -> bool {
        self.current.number == 0
    }

    /// True if entries of format 1 and unsealed deletions may come from this vault's own past.
    pub(super) fn accepts_format_1(&self) -> bool {
        self.get(0).is_some()
    }
}

fn earlier_keys_key(root: &VaultKey) -> Zeroizing<[u8; KEY_LEN]> {
    derive(&root.0, b"passmint/2/earlier keys")
}

fn earlier_keys_binding(current: &KeySet) -> Vec<u8> {
    [&[WRAP_FORMAT], &current.number.to_be_bytes()[..], current.account.as_bytes(), b"earlier keys"].concat()
}

impl DraftKey {
    /// The public key, in base64url.
    pub(super) fn public(&self) -> String {
        Base64Url::encode(self.0.public_key().as_bytes())
    }
}

impl KeyEncryptionKey {
    /// Derives the key from OPAQUE's export key.
    pub(super) fn derive(export_key: &[u8], name: &CredentialName) -> Self {
        let label = name.label();
        let info = [b"passmint/1/key-encryption key/", label.as_bytes()].concat();
        Self { key: derive(export_key, &info), label }
    }

    /// Seals a vault key: format, nonce, ciphertext and tag, bound to its number, the account, the kind of credential
    /// and the username.
    pub(super) fn wrap(
        &self,
        wrapping: &Wrapping<'_>,
        vault_key: &VaultKey,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, KeyringError> {
        let sealed = encrypt(&self.key, &vault_key.0, &self.associated_data(wrapping), random)?;
        Ok([&[WRAP_FORMAT], &sealed[..]].concat())
    }

    /// Opens what [`KeyEncryptionKey::wrap`] made, and keys of format 1 for key number 0.
    pub(super) fn unwrap(&self, wrapping: &Wrapping<'_>, wrapped: &[u8]) -> Result<VaultKey, KeyringError> {
        if wrapped.len() != WRAPPED_KEY_LEN {
            return Err(KeyringError::Broken);
        }
        let (format, rest) = wrapped.split_first().ok_or(KeyringError::Broken)?;
        let associated_data = match *format {
            WRAP_FORMAT => self.associated_data(wrapping),
            WRAP_FORMAT_1 if wrapping.number == 0 => {
                [&[WRAP_FORMAT_1], &wrapping.account.as_bytes()[..], self.label.as_bytes()].concat()
            }
            WRAP_FORMAT_1 => return Err(KeyringError::Broken),
            _ => return Err(KeyringError::UnknownFormat),
        };
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        let opened = decrypt(&self.key, nonce, ciphertext, &associated_data)?;
        opened.as_slice().try_into().map(VaultKey).map_err(|_| KeyringError::Broken)
    }

    fn associated_data(&self, wrapping: &Wrapping<'_>) -> Vec<u8> {
        let Wrapping { account, username, number } = wrapping;
        let label = self.label.as_bytes();
        let username = username.as_str().as_bytes();
        [&[WRAP_FORMAT], &number.to_be_bytes()[..], account.as_bytes(), label, b"\0", username].concat()
    }
}

/// XChaCha20-Poly1305 with a random nonce: nonce, ciphertext and tag.
pub(super) fn encrypt(
    key: &[u8; KEY_LEN],
    plaintext: &[u8],
    associated_data: &[u8],
    random: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<u8>, KeyringError> {
    let mut nonce = [0; NONCE_LEN];
    random.fill_bytes(&mut nonce);
    let payload = Payload { msg: plaintext, aad: associated_data };
    let ciphertext = cipher(key).encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| KeyringError::Broken)?;
    Ok([&nonce[..], &ciphertext].concat())
}

/// Opens what [`encrypt`] made. `nonce` must have [`NONCE_LEN`] bytes.
pub(super) fn decrypt(
    key: &[u8; KEY_LEN],
    nonce: &[u8],
    ciphertext: &[u8],
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let payload = Payload { msg: ciphertext, aad: associated_data };
    let plaintext = cipher(key).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| KeyringError::Broken)?;
    Ok(Zeroizing::new(plaintext))
}

fn cipher(key: &[u8; KEY_LEN]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(key))
}

#[expect(clippy::expect_used, reason = "HKDF-SHA-512 fails only above 16,320 bytes")]
fn derive(secret: &[u8], label: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Hkdf::<Sha512>::new(None, secret).expand(label, &mut *key).expect("32 bytes are within HKDF's limit");
    key
}

#[cfg(test)]
mod tests;
