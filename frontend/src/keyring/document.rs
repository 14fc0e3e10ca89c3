//! The document that is sealed whole as one entry.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::json;
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
    pub(super) fn to_json(&self) -> Result<Zeroizing<String>, KeyringError> {
        json::write(self).map(Zeroizing::new).ok_or(KeyringError::NotADocument)
    }

    pub(super) fn from_json(json: &[u8]) -> Result<Self, KeyringError> {
        str::from_utf8(json).ok().and_then(json::read).ok_or(KeyringError::NotADocument)
    }
}
