//! Drafts: content that is sealed for a vault that may be locked, and stored in this browser.
//!
//! A draft is JSON, padded like an entry, in libsodium's sealed box (X25519, XSalsa20-Poly1305) for a key pair that is
//! derived from the vault key. A sealed box does not authenticate its sender: whoever can write into this browser's
//! storage can add a draft. The page therefore only offers drafts, and never saves one unasked.

use crypto_box::PublicKey;
use rand_core_06::{CryptoRng, RngCore};
use shared::bytes::Base64Url;
use zeroize::Zeroizing;

use super::json;
use super::keys::DraftKey;
use super::protocol::KeyringError;
use super::protocol::entry::Draft;
use super::seal::{pad, unpad};

impl DraftKey {
    /// Opens what [`seal`] made for this key.
    pub(super) fn open(&self, sealed: &str) -> Result<Draft, KeyringError> {
        let bytes = Base64Url::decode(sealed).map_err(|_| KeyringError::Broken)?;
        let padded = self.0.unseal(&bytes.0).map(Zeroizing::new).map_err(|_| KeyringError::Broken)?;
        let draft = unpad(&padded).ok_or(KeyringError::Broken)?;
        str::from_utf8(draft).ok().and_then(json::read).ok_or(KeyringError::NotADocument)
    }
}

/// Seals a draft for the vault with this public key.
pub(super) fn seal(key: &str, draft: &Draft, random: &mut (impl RngCore + CryptoRng)) -> Result<String, KeyringError> {
    let key = Base64Url::decode(key).map_err(|_| KeyringError::Broken)?;
    let key = PublicKey::from_slice(&key.0).map_err(|_| KeyringError::Broken)?;
    let draft = json::write(draft).map(Zeroizing::new).ok_or(KeyringError::NotADocument)?;
    let sealed = key.seal(random, &pad(draft.as_bytes())?).map_err(|_| KeyringError::Broken)?;
    Ok(Base64Url::encode(&sealed))
}
