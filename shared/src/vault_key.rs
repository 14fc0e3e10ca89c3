//! A new vault key for an account.
//!
//! The new key comes with a new record of the passphrase, which may be the same passphrase, and with a new recovery code;
//! passkeys are removed, because nobody can wrap a key for them unasked. The vault keys before are sealed under the new
//! one, so that everything opens until the browser has sealed it again, entry by entry, with ordinary changes.

use serde::{Deserialize, Serialize};

use crate::accounts::NewCredential;
use crate::bytes::Base64Url;
use crate::changes::SealedHead;
use crate::proofs::Proof;

/// The body of `POST /api/v1/vault-key/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VaultKeyStart {
    /// OPAQUE RegistrationRequest of the passphrase (32 bytes).
    pub passphrase: Base64Url,
    /// OPAQUE RegistrationRequest of the new recovery code (32 bytes).
    pub recovery: Base64Url,
}

/// The answer of `POST /api/v1/vault-key/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VaultKeyChallenge {
    /// OPAQUE RegistrationResponse for the passphrase (64 bytes).
    pub passphrase: Base64Url,
    /// OPAQUE RegistrationResponse for the recovery code (64 bytes).
    pub recovery: Base64Url,
}

/// The body of `POST /api/v1/vault-key/finish`. In one step the key is replaced, passkeys are removed, and all other
/// sessions end. Repeating the request changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VaultKeyFinish {
    pub proof: Proof,
    /// The number of the new key: one above the account's current one; else `stale-key`.
    pub key_no: u32,
    pub passphrase: NewCredential,
    pub recovery: NewCredential,
    /// All earlier vault keys, sealed under the new one: nonce (24), ciphertext of number (4, big-endian) and key (32)
    /// of each, by rising number, and tag (16).
    pub earlier_keys: Base64Url,
    /// The head that the client knows; null for a vault from before there were heads. If the account's is another one:
    /// `stale-head`.
    pub replaces: Option<SealedHead>,
    /// The same state of the vault, sealed under the new key.
    pub head: SealedHead,
}
