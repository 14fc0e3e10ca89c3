//! Identifiers. The browser makes them, so that a request sent twice still names one thing.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// Names an account: a random UUID (RFC 9562, version 4), made in the browser when the vault is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct AccountId(Uuid);

/// Names an entry within its account: a UUID of version 7 (RFC 9562, section 5.7), made in the browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct EntryId(Uuid);

/// The UUID is of another version than its place asks for.
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
    /// An id from 16 random octets.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(Builder::from_random_bytes(random).into_uuid())
    }
}

impl EntryId {
    /// An id from the time in milliseconds since 1970 (UTC) and 10 random octets.
    #[must_use]
    pub fn from_time(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }
}

macro_rules! common {
    ($id:ident, $version:literal) => {
        impl $id {
            /// The id's 16 octets, as they are stored and bound into what is sealed.
            #[must_use]
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
            fn try_from(octets: [u8; 16]) -> Result<Self, WrongVersion> {
                Uuid::from_bytes(octets).try_into()
            }
        }

        impl std::str::FromStr for $id {
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
    fn an_entry_id_keeps_its_time_and_version() {
        let id = EntryId::from_time(0x0123_4567_89ab, [0xff; 10]);
        assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
        assert_eq!(serde_json::from_str::<EntryId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_version_is_refused() {
        let account = serde_json::to_string(&AccountId::from_random([7; 16])).unwrap();
        assert!(serde_json::from_str::<EntryId>(&account).is_err());
        assert!(serde_json::from_str::<EntryId>("\"not-a-uuid\"").is_err());
        assert_eq!(AccountId::from_random([7; 16]).to_string().parse::<EntryId>(), Err(NotAnId));
        assert_eq!("not-a-uuid".parse::<EntryId>(), Err(NotAnId));
    }
}
