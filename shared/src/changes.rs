//! Changes of a vault: listing them, and saving them.
//!
//! Every version of an entry is sealed, and so is its deletion: the server can make up neither. A client saves changes
//! together with a new **head**, which only the vault's key can make. The head states the account's change number, and a
//! digest over the id and version of every entry. Whoever opens the vault compares the head with what the server lists.
//!
//! Every change has a **change number** (1, 2, 3 … in each account). A client that has seen change `n` asks for the
//! changes after `n`. Versions of an entry rise, but may leave numbers out: a version is never used twice, even after
//! the server's database was put back to an older state.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::bytes::Base64Url;
use crate::ids::EntryId;
use crate::limits::BUCKETS;

/// The first byte of sealed bytes that a client may save. The server still lists those of format 1.
pub const FORMAT: u8 = 2;

/// The first byte of sealed bytes from before keys had numbers: format (1), nonce (24), ciphertext and tag (16). Clients
/// read them, and no client writes them.
pub const FORMAT_1: u8 = 1;

/// Bytes before the nonce: format (1) and number of the vault key (4, big-endian).
pub const HEADER_LEN: usize = 1 + 4;

/// Overhead of sealing, in bytes: header (5), nonce (24) and tag (16).
pub const OVERHEAD: usize = HEADER_LEN + 24 + 16;

/// Length of a head, in bytes: header (5), nonce (24), change number (8), digest (32) and tag (16).
pub const HEAD_LEN: usize = OVERHEAD + 8 + 32;

/// Most changes in one request.
pub const CHANGES_PER_SAVE: usize = 100;

/// One version of an entry, or its deletion, sealed in the browser: format (1), number of the vault key (4, big-endian),
/// nonce (24), ciphertext and tag (16). The ciphertext of an entry is as long as a bucket ([`BUCKETS`]), that of a
/// deletion is empty. The server can check format, key number and length only.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
pub struct Sealed(Base64Url);

/// The bytes cannot be a sealed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSealed {
    /// The first byte is not [`FORMAT`].
    #[error("unknown format of sealed bytes")]
    Format,
    /// The length is neither that of a bucket nor 0, plus the overhead.
    #[error("sealed bytes have one of five lengths: 0, 1, 4, 16 or 64 KiB, and {OVERHEAD} bytes")]
    Length,
}

impl Sealed {
    /// The bytes as stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// True if it seals a deletion.
    pub fn is_deletion(&self) -> bool {
        self.as_bytes().len() == OVERHEAD
    }

    /// The number of the vault key that it claims to be sealed under.
    pub fn key_no(&self) -> u32 {
        key_no(self.as_bytes()).unwrap_or_default()
    }
}

/// The number of the vault key in the header of sealed bytes or of a head; `None` if they are too short for one.
pub fn key_no(bytes: &[u8]) -> Option<u32> {
    bytes.get(1..HEADER_LEN)?.try_into().ok().map(u32::from_be_bytes)
}

impl TryFrom<Vec<u8>> for Sealed {
    type Error = NotSealed;
    fn try_from(bytes: Vec<u8>) -> Result<Self, NotSealed> {
        if bytes.len() != OVERHEAD && !BUCKETS.iter().any(|bucket| bucket + OVERHEAD == bytes.len()) {
            return Err(NotSealed::Length);
        }
        if bytes.first() != Some(&FORMAT) {
            return Err(NotSealed::Format);
        }
        Ok(Self(Base64Url(bytes)))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Base64Url::deserialize(deserializer)?.0.try_into().map_err(de::Error::custom)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.as_bytes().len())
    }
}

/// A head, sealed in the browser: format (1), number of the vault key (4), nonce (24), ciphertext of change number
/// (8, big-endian) and digest (32), and tag (16). Its random nonce makes it unique.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
pub struct SealedHead(Base64Url);

impl SealedHead {
    /// The bytes as stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// The number of the vault key that it claims to be sealed under.
    pub fn key_no(&self) -> u32 {
        key_no(self.as_bytes()).unwrap_or_default()
    }
}

impl TryFrom<Vec<u8>> for SealedHead {
    type Error = NotSealed;
    fn try_from(bytes: Vec<u8>) -> Result<Self, NotSealed> {
        if bytes.len() != HEAD_LEN {
            return Err(NotSealed::Length);
        }
        if bytes.first() != Some(&FORMAT) {
            return Err(NotSealed::Format);
        }
        Ok(Self(Base64Url(bytes)))
    }
}

impl<'de> Deserialize<'de> for SealedHead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Base64Url::deserialize(deserializer)?.0.try_into().map_err(de::Error::custom)
    }
}

impl fmt::Debug for SealedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedHead({} bytes)", self.as_bytes().len())
    }
}

/// A new version of an entry, or its deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub id: EntryId,
    /// The version that it replaces: the server's, or that of an earlier change of the same request; 0 for a new entry.
    pub replaces: u32,
    /// Its own version, above `replaces`. The seal is bound to it.
    pub version: u32,
    pub sealed: Sealed,
}

/// The body of `POST /api/v1/changes`: changes, and the head of the vault that has them. All are saved, or none.
///
/// The changes get the change numbers after the account's newest, in order. Repeating a request that was carried out
/// repeats its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveChanges {
    /// The head that the client knows. If the account's is another one: `stale-head`.
    pub replaces: SealedHead,
    /// 1 to [`CHANGES_PER_SAVE`] changes. An entry may occur several times, by rising version.
    pub changes: Vec<Change>,
    /// The head with these changes, under the account's current vault key; else `stale-key`.
    pub head: SealedHead,
}

/// The answer of `POST /api/v1/changes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Saved {
    /// The number of the last of the changes.
    pub change_no: u64,
    /// When the server saved them, in milliseconds since 1970 (UTC).
    pub changed_at: u64,
}

/// The newest version of an entry, as the server holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredVersion {
    pub id: EntryId,
    pub version: u32,
    /// The change that wrote this version.
    pub change_no: u64,
    /// When the server wrote it, in milliseconds since 1970 (UTC).
    pub changed_at: u64,
    /// True if it is a deletion.
    pub deleted: bool,
    /// The sealed bytes, handed out as they are stored, whatever their format: one damaged row must not keep the others
    /// from opening. Null for a deletion from before deletions were sealed.
    pub sealed: Option<Base64Url>,
}

/// The query of `GET /api/v1/changes`.
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

/// The answer of `GET /api/v1/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// Each entry that changed, once, in its newest version, by rising change number.
    pub entries: Vec<StoredVersion>,
    /// The account's head, read together with `entries`; null for a vault from before there were heads.
    pub head: Option<Base64Url>,
    /// More changes follow the last one listed: list again since its number. Never true for an empty list.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len + OVERHEAD];
        bytes[..HEADER_LEN].copy_from_slice(&[FORMAT, 0, 0, 1, 2]);
        bytes
    }

    #[test]
    fn sealed_bytes_of_another_length_or_format_are_refused_in_json_too() {
        for bucket in BUCKETS.into_iter().chain([0]) {
            let sealed = Sealed::try_from(bytes(bucket)).unwrap();
            assert_eq!((sealed.is_deletion(), sealed.key_no()), (bucket == 0, 258));
            assert_eq!(Sealed::try_from(bytes(bucket + 1)), Err(NotSealed::Length));
        }
        assert_eq!(Sealed::try_from(Vec::new()), Err(NotSealed::Length));
        let mut unknown = bytes(1024);
        unknown[0] = 1;
        assert_eq!(Sealed::try_from(unknown.clone()), Err(NotSealed::Format));
        let json = format!("\"{}\"", Base64Url::encode(&unknown));
        let error = serde_json::from_str::<Sealed>(&json).unwrap_err();
        assert!(error.to_string().contains("unknown format"), "{error}");
    }

    #[test]
    fn head_of_another_length_or_format_is_refused() {
        assert_eq!(SealedHead::try_from(bytes(40)).unwrap().key_no(), 258);
        assert_eq!(SealedHead::try_from(bytes(41)), Err(NotSealed::Length));
        let mut unknown = bytes(40);
        unknown[0] = 1;
        assert_eq!(SealedHead::try_from(unknown), Err(NotSealed::Format));
    }
}
