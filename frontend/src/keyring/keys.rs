//! The key hierarchy: export key -> key-encryption key -> vault key -> entry key. One type for each role.
//!
//! | key | from | used for |
//! |---|---|---|
//! | export key | OPAQUE, 64 bytes (RFC 9807, section 6.4) | deriving only |
//! | key-encryption key | HKDF-SHA-512 of the export key, label of its kind | wraps the vault key |
//! | vault key | random, 32 bytes, once for each vault | deriving only |
//! | entry key | HKDF-SHA-512 of the vault key | seals entries |
//! | draft key | HKDF-SHA-512 of the vault key, as an X25519 key (RFC 7748) | opens drafts |

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use crypto_box::SecretKey;
use hkdf::Hkdf;
use rand_core_06::{CryptoRng, RngCore};
use sha2::Sha512;
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::limits::WRAPPED_KEY_LEN;
use shared::sessions::CredentialName;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::protocol::KeyringError;

/// Length of the symmetric keys, in bytes.
pub(super) const KEY_LEN: usize = 32;
/// Length of an XChaCha20 nonce, in bytes: long enough to be random each time.
pub(super) const NONCE_LEN: usize = 24;

/// The first byte of a wrapped key.
const WRAP_FORMAT: u8 = 1;

/// The root of a vault's keys.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct VaultKey([u8; KEY_LEN]);

/// Wraps and unwraps the vault key for one of the account's secrets.
pub(super) struct KeyEncryptionKey {
    key: Zeroizing<[u8; KEY_LEN]>,
    /// [`CredentialName::label`].
    label: &'static str,
}

#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct EntryKey(pub(super) [u8; KEY_LEN]);

/// Opens drafts. `SecretKey` is wiped when dropped.
pub(super) struct DraftKey(pub(super) SecretKey);

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

    /// Seals the vault key: format, nonce, ciphertext and tag, bound to the account and the kind of credential.
    pub(super) fn wrap(
        &self,
        account: AccountId,
        vault_key: &VaultKey,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, KeyringError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill_bytes(&mut nonce);
        let payload = Payload { msg: &vault_key.0, aad: &self.associated_data(account) };
        let ciphertext =
            self.cipher().encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| KeyringError::Broken)?;
        Ok([&[WRAP_FORMAT], &nonce[..], &ciphertext].concat())
    }

    /// Opens what [`KeyEncryptionKey::wrap`] made.
    pub(super) fn unwrap(&self, account: AccountId, wrapped: &[u8]) -> Result<VaultKey, KeyringError> {
        if wrapped.len() != WRAPPED_KEY_LEN {
            return Err(KeyringError::Broken);
        }
        let (format, rest) = wrapped.split_first().ok_or(KeyringError::Broken)?;
        if *format != WRAP_FORMAT {
            return Err(KeyringError::UnknownFormat);
        }
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        let payload = Payload { msg: ciphertext, aad: &self.associated_data(account) };
        let opened = self.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| KeyringError::Broken)?;
        let opened = Zeroizing::new(opened);
        opened.as_slice().try_into().map(VaultKey).map_err(|_| KeyringError::Broken)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&*self.key))
    }

    fn associated_data(&self, account: AccountId) -> Vec<u8> {
        [&[WRAP_FORMAT], &account.as_bytes()[..], self.label.as_bytes()].concat()
    }
}

#[expect(clippy::expect_used, reason = "HKDF-SHA-512 fails only above 16,320 bytes")]
fn derive(secret: &[u8], label: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Hkdf::<Sha512>::new(None, secret).expand(label, &mut *key).expect("32 bytes are within HKDF's limit");
    key
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use crate::browser_test::test;

    use super::*;
    use crate::keyring::tests::Counter;

    fn wrapped() -> (KeyEncryptionKey, AccountId, Vec<u8>) {
        let key = KeyEncryptionKey::derive(&[5; 64], &CredentialName::Passphrase);
        let account = AccountId::from_random([6; 16]);
        let wrapped = key.wrap(account, &VaultKey::from_bytes([7; KEY_LEN]), &mut Counter(0)).unwrap();
        (key, account, wrapped)
    }

    #[test]
    fn wrapped_key_opens_for_its_own_secret_and_account_only() {
        let (key, account, wrapped) = wrapped();
        assert_eq!(wrapped.len(), WRAPPED_KEY_LEN);
        assert_eq!(key.unwrap(account, &wrapped).unwrap().0, [7; KEY_LEN]);
        let refused = |key: &KeyEncryptionKey, account| key.unwrap(account, &wrapped).err();
        let broken = Some(KeyringError::Broken);
        assert_eq!(refused(&key, AccountId::from_random([9; 16])), broken);
        assert_eq!(refused(&KeyEncryptionKey::derive(&[5; 64], &CredentialName::Recovery), account), broken);
        assert_eq!(refused(&KeyEncryptionKey::derive(&[4; 64], &CredentialName::Passphrase), account), broken);
    }

    #[test]
    fn changed_wrapped_key_is_refused() {
        let (key, account, wrapped) = wrapped();
        for place in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[place] ^= 1;
            let expected = if place == 0 { KeyringError::UnknownFormat } else { KeyringError::Broken };
            assert_eq!(key.unwrap(account, &changed).err(), Some(expected), "byte {place}");
        }
        assert_eq!(key.unwrap(account, &wrapped[..72]).err(), Some(KeyringError::Broken));
        assert_eq!(key.unwrap(account, &[&wrapped[..], &[0]].concat()).err(), Some(KeyringError::Broken));
        assert_eq!(key.unwrap(account, &[]).err(), Some(KeyringError::Broken));
    }
}
