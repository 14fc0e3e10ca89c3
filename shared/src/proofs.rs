//! A proof of a secret, within a session: requests that could take a vault over carry one.
//!
//! It is the log-in of OPAQUE (RFC 9807, section 6) with the passphrase or the recovery code, whose last message goes
//! into the request that it is for. A stolen session cannot make one.

use serde::{Deserialize, Serialize};

use crate::bytes::Base64Url;
use crate::sessions::CredentialName;

/// The body of `POST /api/v1/proofs/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProofStart {
    /// The passphrase or the recovery code of the session's account; not a passkey.
    pub credential: CredentialName,
    /// OPAQUE KE1 (96 bytes).
    pub request: Base64Url,
}

/// The answer of `POST /api/v1/proofs/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofChallenge {
    /// The server's state of the proof, sealed for the server itself. It is valid for two minutes.
    pub state: Base64Url,
    /// OPAQUE KE2 (320 bytes).
    pub response: Base64Url,
    /// The suite of the credential's record.
    pub suite: u8,
    /// The vault key, wrapped for this secret. The keyring unwraps it and compares it with the key that it has: a
    /// server that does not know the vault's secrets cannot pretend that a proof succeeded.
    pub wrapped_key: Base64Url,
}

/// The proof, inside another request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// `state` from [`ProofChallenge`].
    pub state: Base64Url,
    /// OPAQUE KE3 (64 bytes).
    pub finalization: Base64Url,
}
