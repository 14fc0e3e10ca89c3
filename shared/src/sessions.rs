//! Logging in with OPAQUE (RFC 9807, section 6), and the session that a log-in opens.
//!
//! No answer contains the session's token: both sides derive it from OPAQUE's session key (`login::session_token`), so
//! only the client that took part in the log-in can know it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::accounts::Username;
use crate::bytes::Base64Url;
use crate::ids::{AccountId, NotAnId, PasskeyId, SessionId, from_text};
use crate::limits::DEVICE_MAX;
use crate::passkeys::PasskeyAssertion;

/// One of an account's credentials. In JSON a string: `passphrase`, `recovery`, or `passkey:` and the passkey's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialName {
    /// The passphrase the person types every day.
    Passphrase,
    /// The recovery code that was written down when the vault was made.
    Recovery,
    /// The passkey of this id: its secret is the 32 bytes of output that the authenticator gives for an input of the page
    /// (Web Authentication Level 3, section 10.1.4, "prf").
    Passkey(PasskeyId),
}

/// The prefix of a passkey's name.
const PASSKEY: &str = "passkey:";

impl CredentialName {
    /// The name of its kind. Keys and the log-in are bound to it: it never changes.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery",
            Self::Passkey(_) => "passkey",
        }
    }
}

impl FromStr for CredentialName {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text {
            "passphrase" => Ok(Self::Passphrase),
            "recovery" => Ok(Self::Recovery),
            _ => text.strip_prefix(PASSKEY).ok_or(NotAnId)?.parse().map(Self::Passkey),
        }
    }
}

impl Serialize for CredentialName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Passphrase | Self::Recovery => serializer.serialize_str(self.label()),
            Self::Passkey(id) => serializer.serialize_str(&[PASSKEY, &Base64Url::encode(id.as_bytes())].concat()),
        }
    }
}

impl<'de> Deserialize<'de> for CredentialName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// A client's name for its device, such as "Firefox on Linux": 1 to [`DEVICE_MAX`] characters after trimming, none of
/// them a control character. The list of sessions shows it; nothing relies on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64))]
#[serde(transparent)]
pub struct Device(String);

/// The text cannot be a device's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device's name has 1 to {DEVICE_MAX} characters, none of them a control character")]
pub struct NotDevice;

impl Device {
    /// Trims the text.
    ///
    /// # Errors
    /// [`NotDevice`].
    pub fn new(text: &str) -> Result<Self, NotDevice> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > DEVICE_MAX || text.chars().any(char::is_control) {
            return Err(NotDevice);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The body of `POST /api/v1/sessions/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionStart {
    /// The username. An unknown one gets the same kind of answer.
    pub username: Username,
    pub credential: CredentialName,
    /// OPAQUE KE1 (96 bytes).
    pub request: Base64Url,
}

/// The answer of `POST /api/v1/sessions/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionChallenge {
    /// The server's state of the log-in, sealed for the server itself; send it back with the finish. It is valid for
    /// two minutes, for every process with the same server key.
    pub state: Base64Url,
    /// OPAQUE KE2 (320 bytes).
    pub response: Base64Url,
    /// The suite of the credential's record; for an unknown username that of new records.
    pub suite: u8,
}

/// The body of `POST /api/v1/sessions/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionFinish {
    /// `state` from the start's answer.
    pub state: Base64Url,
    /// OPAQUE KE3 (64 bytes).
    pub finalization: Base64Url,
    /// For a passkey: the proof that it was used on Passmint's own page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<PasskeyAssertion>,
    /// The client's name for its device, for the list of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

/// The answer of `POST /api/v1/sessions/finish`: the session is open.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionGrant {
    pub account_id: AccountId,
    /// The vault key, wrapped for the secret that was used (73 bytes).
    pub wrapped_key: Base64Url,
    /// The number of the vault key: 1 for the first, 0 for that of an account from before keys had numbers.
    #[serde(default)]
    pub key_no: u32,
    /// The vault keys before it, sealed under it; null if there are none.
    #[serde(default)]
    pub earlier_keys: Option<Base64Url>,
    /// The session ends after this many seconds without a request.
    pub idle_seconds: u64,
    /// The session ends after this many seconds in any case.
    pub max_seconds: u64,
}

/// The answer of `GET /api/v1/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sessions {
    /// The account's sessions that have not ended, the one used last first.
    pub sessions: Vec<SessionSummary>,
}

/// One session in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// The id to end it by.
    pub id: SessionId,
    /// The client's name for its device, if it gave one.
    pub device: Option<Device>,
    /// When it was opened, in milliseconds since 1970 (UTC).
    pub created_at: u64,
    /// When it was last used, to the minute, in milliseconds since 1970 (UTC).
    pub used_at: u64,
    /// True for the session of this request.
    pub current: bool,
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{RefOr, Schema};

    impl utoipa::ToSchema for super::CredentialName {}
    impl utoipa::PartialSchema for super::CredentialName {
        fn schema() -> RefOr<Schema> {
            crate::schema::string(
                "^(passphrase|recovery|passkey:[A-Za-z0-9_-]{2,1364})$",
                "passphrase, recovery, or passkey: and the passkey's id.",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credential_name_is_a_string_in_json() {
        let passkey = CredentialName::Passkey(PasskeyId::try_from(vec![0xfb, 0xff, 0]).unwrap());
        for (name, json) in [
            (CredentialName::Passphrase, "\"passphrase\""),
            (CredentialName::Recovery, "\"recovery\""),
            (passkey, "\"passkey:-_8A\""),
        ] {
            assert_eq!(serde_json::to_string(&name).unwrap(), json);
            assert_eq!(serde_json::from_str::<CredentialName>(json).unwrap(), name);
        }
        for text in ["", "Passphrase", "passkey", "passkey:", "passkey:+/8A", "passkey:AQI=", "pin"] {
            assert!(serde_json::from_str::<CredentialName>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }

    #[test]
    fn device_is_trimmed_and_refused_out_of_its_limits() {
        assert_eq!(Device::new(" Firefox on Linux\n").unwrap().as_str(), "Firefox on Linux");
        assert!(Device::new(&"é".repeat(DEVICE_MAX)).is_ok());
        for text in ["", " ", "a\u{7}b", "é".repeat(DEVICE_MAX + 1).as_str()] {
            assert_eq!(Device::new(text), Err(NotDevice), "{text}");
        }
        assert!(serde_json::from_str::<Device>("\"\"").is_err());
    }

    #[test]
    fn finish_without_a_device_is_read() {
        let finish = serde_json::from_str::<SessionFinish>(r#"{"state":"AA","finalization":"AA"}"#).unwrap();
        assert_eq!(finish.device, None);
        assert_eq!(serde_json::to_string(&finish).unwrap(), r#"{"state":"AA","finalization":"AA"}"#);
    }
}
