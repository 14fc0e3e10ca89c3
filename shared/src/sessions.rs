//! Logging in with OPAQUE (RFC 9807, section 6), and the session that a log-in opens.
//!
//! The session's token never travels in an answer: both sides derive it from the key that OPAQUE leaves them with
//! (`login::session_token`), so only the client that took part in the log-in can know it.

use serde::{Deserialize, Serialize};

use crate::accounts::Login;
use crate::bytes::Base64Url;
use crate::ids::AccountId;

/// Which of an account's two secrets a log-in uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// The passphrase the person types every day.
    Passphrase,
    /// The recovery code that was written down when the vault was made.
    Recovery,
}

impl CredentialKind {
    /// The kind's name, as it is bound into keys and the log-in: never translated, never changed.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery",
        }
    }
}

/// The body of `POST /api/v1/sessions/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionStart {
    /// The log-in name. An unknown one gets the same kind of answer as a known one.
    pub login: Login,
    /// Which secret is used.
    pub credential: CredentialKind,
    /// OPAQUE KE1 (96 octets).
    pub request: Base64Url,
}

/// The answer of `POST /api/v1/sessions/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionChallenge {
    /// The server's side of the log-in, sealed by the server for itself; send it back with the finish. It is good
    /// for two minutes, on every process that has the same server key.
    pub state: Base64Url,
    /// OPAQUE KE2 (320 octets).
    pub response: Base64Url,
}

/// The body of `POST /api/v1/sessions/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionFinish {
    /// `state` from the start's answer.
    pub state: Base64Url,
    /// OPAQUE KE3 (64 octets).
    pub finalization: Base64Url,
}

/// The answer of `POST /api/v1/sessions/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionOpened {
    /// Whose vault it is.
    pub account_id: AccountId,
    /// The vault key, wrapped for the secret that was used (73 octets).
    pub wrapped_key: Base64Url,
    /// The session ends after this many seconds without a request.
    pub idle_seconds: u64,
    /// The session ends after this many seconds in any case.
    pub max_seconds: u64,
}
