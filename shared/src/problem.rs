//! The error body: problem details for HTTP APIs (RFC 9457), with a stable `code`.

use serde::{Deserialize, Serialize};

use crate::passwords::StoredEntry;

/// The media type of an error body (RFC 9457, section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal,)*) => {
        /// What went wrong, as a name that never changes. Clients branch on it; the texts are for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        // And not each by its literal: the description of the interface would not see those.
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $code,)*
        }

        impl ProblemCode {
            /// The name, as it stands in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// The code of that name.
            #[must_use]
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
    /// 401: the log-in's last step did not fit its start, or came too late.
    LoginFailed = "login-failed",
    /// 401: there is no such session (any more); log in again.
    SessionEnded = "session-ended",
    /// 403: no such invite was made here.
    InviteUnknown = "invite-unknown",
    /// 403: the invite has been used.
    InviteUsed = "invite-used",
    /// 403: the invite is too old.
    InviteExpired = "invite-expired",
    /// 403: the session is good, but not opened recently enough for this; log in again, and send it in that session.
    LogInAgain = "log-in-again",
    /// 404: nothing is there, or it is not yours: the answer is the same.
    NotFound = "not-found",
    /// 405: the path exists, the method does not.
    MethodNotAllowed = "method-not-allowed",
    /// 408: the request's body did not arrive in time.
    RequestTimeout = "request-timeout",
    /// 409: the username is taken.
    UsernameTaken = "username-taken",
    /// 409: the entry has changed since; `current` holds it.
    StaleVersion = "stale-version",
    /// 409: the account has as many passkeys as it may.
    TooManyPasskeys = "too-many-passkeys",
    /// 413: the body is over the limit.
    BodyTooLarge = "body-too-large",
    /// 415: the body is not `application/json`.
    UnsupportedMediaType = "unsupported-media-type",
    /// 429: too many attempts at a secret or an invite; try again after the seconds that `Retry-After` says.
    TooManyAttempts = "too-many-attempts",
    /// 507: the account holds as many entries as it may.
    VaultFull = "vault-full",
    /// 503: too much is going on; try again after the seconds that `Retry-After` says.
    Overloaded = "overloaded",
    /// 503: the database does not answer; try again after the seconds that `Retry-After` says.
    StoreUnavailable = "store-unavailable",
    /// 500: a fault of the server. Its log tells more, under the request's id.
    Internal = "internal",
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI that names the problem: `urn:passmint:problem:` and the code.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The code in words, the same each time.
    pub title: String,
    pub status: u16,
    /// What to know about this one case, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    pub code: ProblemCode,
    /// For `stale-version`: the entry as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<StoredEntry>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_name() {
        for code in [ProblemCode::MalformedRequest, ProblemCode::StaleVersion, ProblemCode::Internal] {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.name()));
            assert_eq!(ProblemCode::of_name(code.name()), Some(code));
        }
        assert_eq!(ProblemCode::of_name("no-such-code"), None);
    }
}
