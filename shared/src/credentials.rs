//! Changing the credentials of an account: a new passphrase, a new recovery code, adding and removing passkeys.
//!
//! Each change is an OPAQUE registration (RFC 9807, section 5) in two steps, as when the account was made, and wraps
//! the same vault key: entries stay as they are. A passkey is one more credential, whose "password" is the
//! authenticator's output for a fixed input. The server verifies no assertion, and cannot tell a passkey from 32 random
//! bytes.
//!
//! These changes, and deleting the account, need a session that was opened in the last
//! [`crate::limits::FRESH_SECONDS`]; otherwise the answer is `log-in-again`. A stolen session cannot take over a vault.

use serde::{Deserialize, Serialize};

use crate::accounts::NewCredential;
use crate::bytes::Base64Url;
use crate::ids::PasskeyId;
use crate::sessions::CredentialName;

/// The body of `POST /api/v1/credentials/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialStart {
    /// The credential to set.
    pub credential: CredentialName,
    /// OPAQUE RegistrationRequest (32 bytes).
    pub request: Base64Url,
}

/// The answer of `POST /api/v1/credentials/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialChallenge {
    /// OPAQUE RegistrationResponse (64 bytes).
    pub response: Base64Url,
}

/// The body of `POST /api/v1/credentials/finish`.
///
/// A passphrase or recovery code replaces the old one and ends all other sessions of the account. A passkey is added;
/// one with the same id is replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialFinish {
    pub credential: CredentialName,
    pub secret: NewCredential,
}

/// The answer of `GET /api/v1/passkeys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkeys {
    /// The account's passkeys, the oldest first.
    pub passkeys: Vec<PasskeySummary>,
}

/// One passkey in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeySummary {
    /// The passkey's WebAuthn credential id.
    pub id: PasskeyId,
    /// When it was added, in milliseconds since 1970 (UTC).
    pub created_at: u64,
    /// When it was last used to log in, in milliseconds since 1970 (UTC), if ever.
    pub used_at: Option<u64>,
}
