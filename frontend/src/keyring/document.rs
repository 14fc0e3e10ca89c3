//! The JSON document that is sealed as one entry.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::json;
use super::protocol::KeyringError;
use super::protocol::entry::{Content, Entry, PreviousPassword};
use crate::secret::Secret;

/// An entry's document. Fields may be added; none ever changes its meaning. Empty fields are not written.
/// `docs/SECURITY.md`, "Bytes of a sealed entry", lists them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    name: String,
    #[serde(serialize_with = "Secret::serialize_exposed")]
    password: Secret,
    created_at: u64,
    changed_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<Rules>,
    /// Format 1 calls it `login`.
    #[serde(default, rename = "login", skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    website: String,
    #[serde(default, serialize_with = "Secret::serialize_exposed", skip_serializing_if = "Secret::is_empty")]
    note: Secret,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<PreviousPassword>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binned_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imported_at: Option<u64>,
}

/// Writes an entry's document.
pub(super) fn write(entry: Entry) -> Result<Zeroizing<String>, KeyringError> {
    let Entry { content, created_at, changed_at, history, binned_at, imported_at } = entry;
    let Content { name, username, website, password, note, tags, rules } = content;
    let document = Document {
        name,
        password,
        created_at,
        changed_at,
        rules,
        username,
        website,
        note,
        tags,
        history,
        binned_at,
        imported_at,
    };
    json::write(&document).map(Zeroizing::new).ok_or(KeyringError::NotADocument)
}

/// Reads an entry's document.
pub(super) fn read(json: &[u8]) -> Result<Entry, KeyringError> {
    let document: Document = str::from_utf8(json).ok().and_then(json::read).ok_or(KeyringError::NotADocument)?;
    let Document {
        name,
        password,
        created_at,
        changed_at,
        rules,
        username,
        website,
        note,
        tags,
        history,
        binned_at,
        imported_at,
    } = document;
    let content = Content { name, username, website, password, note, tags, rules };
    Ok(Entry { content, created_at, changed_at, history, binned_at, imported_at })
}
