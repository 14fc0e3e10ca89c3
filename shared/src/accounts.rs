//! Making an account: an invite, a username, and two OPAQUE registrations (RFC 9807, section 5).
//!
//! The passphrase and the recovery code are both registered: either opens the vault later. The server never sees them,
//! only OPAQUE's messages.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::bytes::Base64Url;
use crate::changes::SealedHead;
use crate::ids::AccountId;
use crate::limits::USERNAME_MAX;
use crate::proofs::Proof;

/// A username: 1 to [`USERNAME_MAX`] characters after trimming, none of them a control character.
///
/// It is stored in lower case, so that "Ada" and "ada" are one account in every store.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 255))]
#[serde(transparent)]
pub struct Username(String);

/// The text cannot be a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NotUsername {
    /// Nothing is left after trimming.
    #[error("a username cannot be empty")]
    Empty,
    /// It is longer than [`USERNAME_MAX`] characters.
    #[error("a username has at most {USERNAME_MAX} characters")]
    TooLong,
    /// It holds a control character.
    #[error("a username cannot hold control characters")]
    Control,
}

impl Username {
    /// Trims and lower-cases the text.
    ///
    /// # Errors
    /// [`NotUsername`] says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, NotUsername> {
        Self::lower_cased_by(str::to_lowercase, text)
    }

    /// As [`Username::new`], with the caller's lower-casing: the browser has one, and without Unicode's tables the
    /// keyring is 5 kB smaller. Where the two differ, the server's counts: it lower-cases every name again.
    ///
    /// # Errors
    /// [`NotUsername`] says which rule the text breaks.
    pub fn lower_cased_by(lower_case: impl FnOnce(&str) -> String, text: &str) -> Result<Self, NotUsername> {
        let text = lower_case(text.trim());
        if text.is_empty() {
            return Err(NotUsername::Empty);
        }
        if text.chars().count() > USERNAME_MAX {
            return Err(NotUsername::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NotUsername::Control);
        }
        Ok(Self(text))
    }

    /// The name as stored and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The secret of an invite, as its link carries it after `#invite=`. It is worth an account: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[serde(transparent)]
pub struct InviteCode(pub String);

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(hidden)")
    }
}

/// The body of `POST /api/v1/accounts/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountStart {
    /// The invite. The start checks it, the finish uses it up.
    pub invite: InviteCode,
    pub username: Username,
    /// OPAQUE RegistrationRequest of the passphrase (32 bytes).
    pub passphrase: Base64Url,
    /// OPAQUE RegistrationRequest of the recovery code (32 bytes).
    pub recovery: Base64Url,
}

/// The answer of `POST /api/v1/accounts/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountChallenge {
    /// OPAQUE RegistrationResponse for the passphrase (64 bytes).
    pub passphrase: Base64Url,
    /// OPAQUE RegistrationResponse for the recovery code (64 bytes).
    pub recovery: Base64Url,
}

/// The body of `POST /api/v1/accounts/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountFinish {
    /// The invite, used up if the account is made.
    pub invite: InviteCode,
    /// The username, as at the start.
    pub username: Username,
    /// The account's id, made in the browser.
    pub account_id: AccountId,
    pub passphrase: NewCredential,
    /// The credential of the recovery code.
    pub recovery: NewCredential,
    /// The head of the empty vault: change number 0. Its vault key has number 1.
    pub head: SealedHead,
}

/// The body of `POST /api/v1/accounts/delete`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    pub proof: Proof,
}

/// A credential: an OPAQUE record, and the vault key wrapped for its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// The suite of the record: its number in `login`'s table.
    pub suite: u8,
    /// OPAQUE RegistrationRecord (192 bytes).
    pub record: Base64Url,
    /// The vault key, sealed under a key that is derived from the record's secret (73 bytes).
    pub wrapped_key: Base64Url,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn username_is_trimmed_and_lower_cased() {
        assert_eq!(Username::new("  Ada \t").unwrap().as_str(), "ada");
        assert_eq!(Username::new("ÅSA").unwrap().as_str(), "åsa");
    }

    #[test]
    fn username_out_of_its_limits_is_refused() {
        assert_eq!(Username::new(" "), Err(NotUsername::Empty));
        assert!(Username::new(&"é".repeat(USERNAME_MAX)).is_ok());
        assert_eq!(Username::new(&"é".repeat(USERNAME_MAX + 1)), Err(NotUsername::TooLong));
        assert_eq!(Username::new("a\0b"), Err(NotUsername::Control));
        assert!(serde_json::from_str::<Username>("\"\"").is_err());
    }

    #[test]
    fn debug_hides_the_invite_code() {
        assert_eq!(format!("{:?}", InviteCode("abc".into())), "InviteCode(hidden)");
    }
}
