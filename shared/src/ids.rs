//! Identifiers. The browser makes those of accounts and entries, so that a request that is sent twice creates one.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::{Builder, Uuid};

use crate::bytes::Base64Url;
use crate::limits::PASSKEY_ID_MAX;

/// An account's id: a random UUID (RFC 9562, version 4), made in the browser when the vault is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct AccountId(Uuid);

/// An entry's id within its account: a UUID of version 7 (RFC 9562, section 5.7), made in the browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct EntryId(Uuid);

/// A passkey's id: its WebAuthn credential id, 1 to [`PASSKEY_ID_MAX`] bytes, as base64url without padding.
///
/// It is no secret: a client sends it to start a log-in with a passkey.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 2, max_length = 1364))]
pub struct PasskeyId(Vec<u8>);

/// A session's id in the list of an account's sessions: 16 bytes as base64url without padding. It grants no access.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 22, max_length = 22))]
pub struct SessionId([u8; 16]);

/// The UUID has another version than this kind of id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUID of version {expected}")]
pub struct WrongVersion {
    expected: usize,
}

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl AccountId {
    /// An id from 16 random bytes.
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(Builder::from_random_bytes(random).into_uuid())
    }
}

impl EntryId {
    /// An id from the time in milliseconds since 1970 (UTC) and 10 random bytes.
    pub fn from_time(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }
}

impl PasskeyId {
    /// The credential id's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for PasskeyId {
    type Error = NotAnId;
    fn try_from(bytes: Vec<u8>) -> Result<Self, NotAnId> {
        if (1..=PASSKEY_ID_MAX).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotAnId) }
    }
}

impl SessionId {
    /// The id of the session whose token has this hash ([`crate::login::SessionToken::hash`]): its first half.
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self(id)
    }

    /// The id's bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for SessionId {
    type Error = NotAnId;
    fn try_from(bytes: Vec<u8>) -> Result<Self, NotAnId> {
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

/// Reads a JSON string by [`FromStr`].
pub(crate) fn from_text<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
where
    T::Err: fmt::Display,
{
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

macro_rules! as_base64url {
    ($id:ident) => {
        impl FromStr for $id {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Base64Url::decode(text).map_err(|_| NotAnId)?.0.try_into()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Base64Url::encode(&self.0))
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($id))
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&Base64Url::encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    };
}

as_base64url!(PasskeyId);
as_base64url!(SessionId);

macro_rules! common {
    ($id:ident, $version:literal) => {
        impl $id {
            /// The id's 16 bytes, as they are stored and as seals bind them.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl TryFrom<Uuid> for $id {
            type Error = WrongVersion;
            fn try_from(uuid: Uuid) -> Result<Self, WrongVersion> {
                if uuid.get_version_num() == $version {
                    Ok(Self(uuid))
                } else {
                    Err(WrongVersion { expected: $version })
                }
            }
        }

        impl TryFrom<[u8; 16]> for $id {
            type Error = WrongVersion;
            fn try_from(bytes: [u8; 16]) -> Result<Self, WrongVersion> {
                Uuid::from_bytes(bytes).try_into()
            }
        }

        impl FromStr for $id {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).ok().and_then(|uuid| uuid.try_into().ok()).ok_or(NotAnId)
            }
        }

        impl From<$id> for Uuid {
            fn from(id: $id) -> Uuid {
                id.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

common!(AccountId, 4);
common!(EntryId, 7);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_id_has_its_time_and_version() {
        let id = EntryId::from_time(0x0123_4567_89ab, [0xff; 10]);
        assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
        assert_eq!(serde_json::from_str::<EntryId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn uuid_of_another_version_is_refused() {
        let account = serde_json::to_string(&AccountId::from_random([7; 16])).unwrap();
        assert!(serde_json::from_str::<EntryId>(&account).is_err());
        assert!(serde_json::from_str::<EntryId>("\"not-a-uuid\"").is_err());
        assert_eq!(AccountId::from_random([7; 16]).to_string().parse::<EntryId>(), Err(NotAnId));
        assert_eq!("not-a-uuid".parse::<EntryId>(), Err(NotAnId));
    }

    #[test]
    fn passkey_id_out_of_its_limits_is_refused() {
        assert_eq!("AQI".parse(), PasskeyId::try_from(vec![1, 2]));
        assert_eq!(serde_json::to_string(&PasskeyId::try_from(vec![0xfb, 0xff]).unwrap()).unwrap(), "\"-_8\"");
        assert!(PasskeyId::try_from(vec![7; PASSKEY_ID_MAX]).is_ok());
        assert_eq!(PasskeyId::try_from(vec![7; PASSKEY_ID_MAX + 1]), Err(NotAnId));
        for text in ["", "A", "AQI=", "A+"] {
            assert_eq!(text.parse::<PasskeyId>(), Err(NotAnId), "{text}");
            assert!(serde_json::from_str::<PasskeyId>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }

    #[test]
    fn session_id_is_half_of_the_tokens_hash() {
        let mut hash = [1; 32];
        hash[16..].fill(2);
        let id = SessionId::of_hash(&hash);
        assert_eq!(id.as_bytes(), &[1; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("current".parse::<SessionId>(), Err(NotAnId));
    }
}
