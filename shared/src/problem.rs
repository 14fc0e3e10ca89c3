//! The error body: problem details for HTTP APIs (RFC 9457), with a stable `code`.

use serde::{Deserialize, Serialize};

use crate::changes::StoredVersion;

/// The media type of an error body (RFC 9457, section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal,)*) => {
        /// The kind of problem, by a name that never changes. Clients branch on it; the texts are for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        // Not `rename` by each literal: utoipa does not see literals that a macro passes in.
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $code,)*
        }

        impl ProblemCode {
            /// The name, as it stands in JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// The code of that name.
            pub fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$code),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// 400: the request cannot be read: not JSON, a field missing, of the wrong type or out of its limits.
    MalformedRequest = "malformed-request",
    /// 401: the log-in's last step did not match its start, or came too late.
    LoginFailed = "login-failed",
    /// 401: the passkey was added by a version whose passkeys are not accepted any more; log in with another secret, and
    /// add it again.
    PasskeyOutdated = "passkey-outdated",
    /// 401: the session does not exist or has ended; log in again.
    SessionEnded = "session-ended",
    /// 403: there is no such invite.
    InviteUnknown = "invite-unknown",
    /// 403: the invite has been used.
    InviteUsed = "invite-used",
    /// 403: the invite has expired.
    InviteExpired = "invite-expired",
    /// 403: the proof of a secret that the request carries is wrong or too old.
    ProofFailed = "proof-failed",
    /// 403: the passkey's registration is not valid, or was made on a page of another address; `detail` says which.
    PasskeyRefused = "passkey-refused",
    /// 404: it does not exist, or belongs to another account: the answer is the same.
    NotFound = "not-found",
    /// 405: the path exists, the method does not.
    MethodNotAllowed = "method-not-allowed",
    /// 408: the request's body did not arrive in time.
    RequestTimeout = "request-timeout",
    /// 409: the username is taken.
    UsernameTaken = "username-taken",
    /// 409: the entry has changed since; `current` holds it.
    StaleVersion = "stale-version",
    /// 409: the vault has changed since the head that the client knows; list the changes, and save again.
    StaleHead = "stale-head",
    /// 409: the account has a newer vault key; log in again to get it.
    StaleKey = "stale-key",
    /// 409: the account has the most passkeys that are allowed.
    TooManyPasskeys = "too-many-passkeys",
    /// 413: the body is over the limit.
    BodyTooLarge = "body-too-large",
    /// 415: the body is not `application/json`.
    UnsupportedMediaType = "unsupported-media-type",
    /// 429: too many attempts at a secret or an invite; try again after the seconds in `Retry-After`.
    TooManyAttempts = "too-many-attempts",
    /// 507: the account has the most entries that are allowed.
    VaultFull = "vault-full",
    /// 503: the server is overloaded; try again after the seconds in `Retry-After`.
    Overloaded = "overloaded",
    /// 503: the database does not answer; try again after the seconds in `Retry-After`.
    StoreUnavailable = "store-unavailable",
    /// 500: a fault of the server. Its log has the details under the request's id.
    Internal = "internal",
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The problem's URI: `urn:passmint:problem:` and the code.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The code in words, always the same.
    pub title: String,
    pub status: u16,
    /// Details of this case, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    pub code: ProblemCode,
    /// For `stale-version`: the current entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<StoredVersion>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_one_name_in_json_and_out_of_it() {
        for code in [ProblemCode::MalformedRequest, ProblemCode::StaleVersion, ProblemCode::Internal] {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.name()));
            assert_eq!(ProblemCode::of_name(code.name()), Some(code));
        }
        assert_eq!(ProblemCode::of_name("no-such-code"), None);
    }
}
