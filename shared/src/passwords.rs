//! Sealed entries: listing changes, putting, deleting.
//!
//! Every entry has a **version** (1 for the first put, one more for each later put or delete), and every change in an
//! account has a **change number** (1, 2, 3 …). A client that has seen change `n` asks for the changes after `n`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::bytes::Base64Url;
use crate::ids::EntryId;
use crate::limits::{BUCKETS, SEALED_OVERHEAD};

/// The first byte of every sealed entry. Other formats are refused.
pub const FORMAT: u8 = 1;

/// An entry that the browser has sealed: format, nonce, ciphertext and tag. Its length is that of a bucket
/// ([`BUCKETS`]) and [`SEALED_OVERHEAD`]. The server can check format and length only.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
pub struct SealedEntry(Base64Url);

/// The bytes cannot be a sealed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSealedEntry {
    /// The first byte is not [`FORMAT`].
    #[error("unknown format of a sealed entry")]
    Format,
    /// The length is not that of a bucket and the overhead.
    #[error("a sealed entry has one of four lengths: 1, 4, 16 or 64 KiB and 41 bytes")]
    Length,
}

impl SealedEntry {
    /// The bytes as stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

impl TryFrom<Vec<u8>> for SealedEntry {
    type Error = NotSealedEntry;
    fn try_from(bytes: Vec<u8>) -> Result<Self, NotSealedEntry> {
        if !BUCKETS.iter().any(|bucket| bucket + SEALED_OVERHEAD == bytes.len()) {
            return Err(NotSealedEntry::Length);
        }
        if bytes.first() != Some(&FORMAT) {
            return Err(NotSealedEntry::Format);
        }
        Ok(Self(Base64Url(bytes)))
    }
}

impl<'de> Deserialize<'de> for SealedEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Base64Url::deserialize(deserializer)?.0.try_into().map_err(de::Error::custom)
    }
}

impl fmt::Debug for SealedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedEntry({} bytes)", self.0.0.len())
    }
}

/// The body of `PUT /api/v1/passwords/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPassword {
    /// The version this put replaces: 0 for a new entry.
    pub replaces: u32,
    /// The entry, sealed for version `replaces + 1`.
    pub sealed: SealedEntry,
}

/// The query of `DELETE /api/v1/passwords/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct DeletePassword {
    /// The version this delete replaces.
    pub replaces: u32,
}

/// One entry as the server holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredEntry {
    pub id: EntryId,
    /// The entry's version. The seal is bound to it.
    pub version: u32,
    /// The change that wrote this version.
    pub change_no: u64,
    /// When the server wrote it, in milliseconds since 1970 (UTC).
    pub changed_at: u64,
    /// The sealed entry; null if it was deleted: the server keeps no bytes of a deleted entry.
    pub sealed: Option<SealedEntry>,
}

/// The query of `GET /api/v1/passwords`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ListChanges {
    /// List changes after this number; 0 lists all.
    #[serde(default)]
    pub since: u64,
    /// At most this many, 1 to 1000 (the default).
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The answer of `GET /api/v1/passwords`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// Each entry that changed, once, in its newest version, by rising change number.
    pub entries: Vec<StoredEntry>,
    /// The account's newest change number, read together with `entries`.
    pub latest: u64,
    /// More changes follow the last one listed: list again since its number.
    pub more: bool,
}

/// The answer to a put or a delete: the version that it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewVersion {
    pub version: u32,
    /// The change that wrote it.
    pub change_no: u64,
    /// When the server wrote it, in milliseconds since 1970 (UTC).
    pub changed_at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bucket: usize) -> Vec<u8> {
        let mut bytes = vec![0; bucket + SEALED_OVERHEAD];
        bytes[0] = FORMAT;
        bytes
    }

    #[test]
    fn sealed_entry_of_another_length_is_refused() {
        for bucket in BUCKETS {
            assert!(SealedEntry::try_from(bytes(bucket)).is_ok());
            assert_eq!(SealedEntry::try_from(bytes(bucket + 1)), Err(NotSealedEntry::Length));
            assert_eq!(SealedEntry::try_from(bytes(bucket - 1)), Err(NotSealedEntry::Length));
        }
        assert_eq!(SealedEntry::try_from(Vec::new()), Err(NotSealedEntry::Length));
    }

    #[test]
    fn sealed_entry_of_an_unknown_format_is_refused_in_json_too() {
        let mut unknown = bytes(1024);
        unknown[0] = 2;
        assert_eq!(SealedEntry::try_from(unknown.clone()), Err(NotSealedEntry::Format));
        let json = format!("\"{}\"", Base64Url::encode(&unknown));
        let error = serde_json::from_str::<SealedEntry>(&json).unwrap_err();
        assert!(error.to_string().contains("unknown format"), "{error}");
    }

    #[test]
    fn put_with_an_unknown_field_is_refused() {
        let sealed = Base64Url::encode(&bytes(1024));
        assert!(serde_json::from_str::<PutPassword>(&format!(r#"{{"replaces":0,"sealed":"{sealed}"}}"#)).is_ok());
        assert!(
            serde_json::from_str::<PutPassword>(&format!(r#"{{"replaces":0,"sealed":"{sealed}","name":"x"}}"#))
                .is_err()
        );
    }
}
