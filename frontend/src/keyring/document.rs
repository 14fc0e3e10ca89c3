//! The document that is sealed whole as one entry.

use generator::characters::Rules;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::protocol::KeyringError;
use crate::secret::Secret;

/// An entry's document, as JSON. Fields may be added; none changes its meaning.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    /// What the entry is for.
    pub(super) name: String,
    /// The password.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub(super) password: Secret,
    /// When it was first saved, in milliseconds since 1970 (UTC), by the browser's clock.
    pub(super) created_at: u64,
    /// When it was last saved.
    pub(super) changed_at: u64,
    /// The rules that the password was minted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rules: Option<Rules>,
}

impl Document {
    pub(super) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(|_| KeyringError::NotADocument)
    }

    pub(super) fn from_json(json: &[u8]) -> Result<Self, KeyringError> {
        serde_json::from_slice(json).map_err(|_| KeyringError::NotADocument)
    }
}
