//! Passkeys, by Web Authentication Level 3.
//!
//! An authenticator gives a secret for an input ("prf", section 10.1.4), and that secret is a credential of the account
//! like a passphrase. Browsers hand the secret to every page on the same host name, whatever its port. So the server
//! verifies in addition that the authenticator signed the page's own origin: at registration (section 7.1), and at each
//! log-in (section 7.2).

use serde::{Deserialize, Serialize};

use crate::bytes::Base64Url;

/// Length of a challenge, in bytes (section 13.4.3 wants at least 16).
pub const CHALLENGE_LEN: usize = 16;

/// The answer of `POST /api/v1/sessions/challenge`, for a log-in, and of `POST /api/v1/passkeys/challenge`, for a
/// registration. Neither is good for the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyChallenge {
    /// [`CHALLENGE_LEN`] random bytes, for the authenticator to sign.
    pub challenge: Base64Url,
    /// The challenge with its time and purpose, sealed for the server itself; send it back with the authenticator's
    /// answer. It is valid for ten minutes, for every process with the same server key.
    pub state: Base64Url,
}

/// An authenticator's answer to `navigator.credentials.create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegistration {
    /// `state` from [`PasskeyChallenge`].
    pub state: Base64Url,
    /// `clientDataJSON` (section 5.8.1).
    pub client_data: Base64Url,
    /// `attestationObject` (section 6.5.4), of the format "none" or a self-attestation.
    pub attestation: Base64Url,
}

/// An authenticator's answer to `navigator.credentials.get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeyAssertion {
    /// `state` from [`PasskeyChallenge`].
    pub state: Base64Url,
    /// `clientDataJSON` (section 5.8.1).
    pub client_data: Base64Url,
    /// `authenticatorData` (section 6.1).
    pub authenticator_data: Base64Url,
    pub signature: Base64Url,
    /// `userHandle`: the account's id. Null if the authenticator leaves it out, as it may for a passkey that was named.
    pub user_handle: Option<Base64Url>,
}
