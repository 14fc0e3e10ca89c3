//! Changing the credentials of an account: a new passphrase, a new recovery code, adding and removing passkeys.
//!
//! Each change is an OPAQUE registration (RFC 9807, section 5) in two steps, as when the account was made, and wraps
//! the same vault key: entries stay as they are. A passkey is one more credential, whose "password" is the
//! authenticator's output for an input of the page ([`crate::passkeys`]).
//!
//! These changes, and deleting the account, carry a [`Proof`] of the passphrase or the recovery code; otherwise the
//! answer is `proof-failed`. A stolen session cannot take over a vault. Each is written down as a [`CredentialChange`],
//! which the owner sees at the next unlock.

use serde::{Deserialize, Serialize};

use crate::accounts::NewCredential;
use crate::bytes::Base64Url;
use crate::ids::PasskeyId;
use crate::passkeys::PasskeyRegistration;
use crate::proofs::Proof;
use crate::sessions::{CredentialName, Device};

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
/// A passphrase or recovery code replaces the old one, removes the passkeys that are not in `keep_passkeys`, and ends all
/// other sessions of the account. A passkey is added; one with the same id is replaced. Repeating the request changes
/// nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialFinish {
    pub credential: CredentialName,
    pub secret: NewCredential,
    /// The proof of the present passphrase or recovery code.
    pub proof: Proof,
    /// For a passphrase or recovery code: the passkeys that stay, as their owner has confirmed. Absent for a passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_passkeys: Option<Vec<PasskeyId>>,
    /// For a passkey, which is refused without: the authenticator's answer when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<PasskeyRegistration>,
}

/// The body of `POST /api/v1/passkeys/remove`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemovePasskey {
    /// The passkey's WebAuthn credential id.
    pub id: PasskeyId,
    pub proof: Proof,
}

/// The kind of a [`CredentialChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CredentialChangeKind {
    /// A new passphrase.
    Passphrase,
    /// A new recovery code.
    Recovery,
    PasskeyAdded,
    /// A passkey was removed, by itself or because it was not kept at a change of the passphrase or recovery code.
    PasskeyRemoved,
    /// A new vault key, with its passphrase and recovery code.
    VaultKey,
}

impl CredentialChangeKind {
    pub const ALL: [Self; 5] =
        [Self::Passphrase, Self::Recovery, Self::PasskeyAdded, Self::PasskeyRemoved, Self::VaultKey];

    /// Its name in JSON and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::VaultKey => "vault-key",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A change of an account's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialChange {
    /// 1 for the account's first change, and rising: the newest one has the highest.
    pub number: u64,
    /// When the server made the change, in milliseconds since 1970 (UTC).
    pub at: u64,
    pub kind: CredentialChangeKind,
    /// The name that the device gave itself at log-in. It proves nothing.
    pub device: Option<Device>,
    /// The address of the client as the server saw it; empty if it is not known.
    pub address: String,
}

/// The answer of `GET /api/v1/credentials/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialChanges {
    /// The newest [`crate::limits::CREDENTIAL_CHANGES_MAX`], the newest first.
    pub changes: Vec<CredentialChange>,
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
    /// True for a passkey from before assertions were verified: it opens nothing, and can be added again.
    pub outdated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_of_a_credential_change_has_one_name_in_json_and_in_the_store() {
        for kind in CredentialChangeKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
            assert_eq!(CredentialChangeKind::of_name(kind.name()), Some(kind));
        }
        assert_eq!(CredentialChangeKind::of_name("password"), None);
    }
}
