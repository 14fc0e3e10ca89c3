//! The errors that a client can get, each with its status and its problem body (RFC 9457).
//!
//! An error that a client can act on has a code of its own. Every other error is logged here, once, and answered with a
//! constant body: clients learn neither SQL nor paths.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::changes::StoredVersion;
use shared::problem::{PROBLEM_JSON, Problem, ProblemCode};

use crate::server::gate::GateError;
use crate::server::passkeys::PasskeyError;
use crate::store::{InviteFault, StoreError};

/// Seconds after which a client of a busy server may try again.
pub const RETRY_SECONDS: u64 = 2;

/// A refusal: status, problem body and headers.
#[derive(Debug)]
pub struct ApiError {
    code: ProblemCode,
    detail: Option<String>,
    current: Option<Box<StoredVersion>>,
    /// Seconds after which a client may try again, if known.
    retry_after: Option<u64>,
}

impl ApiError {
    /// The request cannot be read; `detail` says what is wrong with it.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..ProblemCode::MalformedRequest.into() }
    }

    /// The authenticator's answer is not accepted, for this reason.
    #[must_use]
    pub fn passkey_refused(reason: PasskeyError) -> Self {
        Self { detail: Some(reason.to_string()), ..ProblemCode::PasskeyRefused.into() }
    }

    /// There were too many attempts; the next one is allowed after `wait`.
    #[must_use]
    pub fn too_many_attempts(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(seconds.max(1)), ..ProblemCode::TooManyAttempts.into() }
    }

    /// Seconds after which the same request may succeed, if known.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub fn code(&self) -> ProblemCode {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        match self.code {
            ProblemCode::MalformedRequest => StatusCode::BAD_REQUEST,
            ProblemCode::LoginFailed | ProblemCode::PasskeyOutdated | ProblemCode::SessionEnded => {
                StatusCode::UNAUTHORIZED
            }
            ProblemCode::InviteUnknown | ProblemCode::InviteUsed | ProblemCode::InviteExpired => StatusCode::FORBIDDEN,
            ProblemCode::ProofFailed | ProblemCode::PasskeyRefused => StatusCode::FORBIDDEN,
            ProblemCode::NotFound => StatusCode::NOT_FOUND,
            ProblemCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ProblemCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            ProblemCode::UsernameTaken
            | ProblemCode::StaleVersion
            | ProblemCode::StaleHead
            | ProblemCode::StaleKey
            | ProblemCode::TooManyPasskeys => StatusCode::CONFLICT,
            ProblemCode::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ProblemCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ProblemCode::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            ProblemCode::VaultFull => StatusCode::INSUFFICIENT_STORAGE,
            ProblemCode::Overloaded | ProblemCode::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ProblemCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The body of the answer.
    pub fn problem(&self) -> Problem {
        Problem {
            type_uri: format!("urn:passmint:problem:{}", self.code.name()),
            title: self.title().to_owned(),
            status: self.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            current: self.current.clone(),
        }
    }

    fn title(&self) -> &'static str {
        match self.code {
            ProblemCode::MalformedRequest => "The request cannot be read.",
            ProblemCode::LoginFailed => "The log-in did not succeed.",
            ProblemCode::PasskeyOutdated => "This passkey is from an older version. Add it again.",
            ProblemCode::SessionEnded => "There is no such session. Log in again.",
            ProblemCode::InviteUnknown => "This invite is not known here.",
            ProblemCode::InviteUsed => "This invite has been used.",
            ProblemCode::InviteExpired => "This invite is too old.",
            ProblemCode::ProofFailed => "The proof of a secret is wrong or too old.",
            ProblemCode::PasskeyRefused => "The passkey was not made on this page, or not as it should be.",
            ProblemCode::NotFound => "Nothing is here.",
            ProblemCode::MethodNotAllowed => "This method is not for this path.",
            ProblemCode::RequestTimeout => "The request did not arrive in time.",
            ProblemCode::UsernameTaken => "This username is taken.",
            ProblemCode::StaleVersion => "The entry has changed since.",
            ProblemCode::StaleHead => "The vault has changed since.",
            ProblemCode::StaleKey => "The vault has a newer key. Log in again.",
            ProblemCode::TooManyPasskeys => "The account has as many passkeys as it may.",
            ProblemCode::BodyTooLarge => "The request's body is too large.",
            ProblemCode::UnsupportedMediaType => "The request's body must be application/json.",
            ProblemCode::TooManyAttempts => "There were too many attempts. Wait a while.",
            ProblemCode::VaultFull => "The vault is full.",
            ProblemCode::Overloaded => "The server is busy. Try again soon.",
            ProblemCode::StoreUnavailable => "The database does not answer. Try again soon.",
            ProblemCode::Internal => "The server made a mistake. Its log tells more.",
        }
    }
}

impl From<ProblemCode> for ApiError {
    fn from(code: ProblemCode) -> Self {
        Self { code, detail: None, current: None, retry_after: None }
    }
}

impl From<GateError> for ApiError {
    fn from(error: GateError) -> Self {
        let code = match error {
            GateError::Store(StoreError::Stale(current)) => {
                return Self { current: Some(current), ..ProblemCode::StaleVersion.into() };
            }
            GateError::Store(StoreError::NotFound) => ProblemCode::NotFound,
            GateError::Store(StoreError::StaleHead) => ProblemCode::StaleHead,
            GateError::Store(StoreError::StaleKey) => ProblemCode::StaleKey,
            GateError::Store(StoreError::StaleProof) => ProblemCode::ProofFailed,
            GateError::Store(StoreError::Full) => ProblemCode::VaultFull,
            GateError::Store(StoreError::Invite(InviteFault::Unknown)) => ProblemCode::InviteUnknown,
            GateError::Store(StoreError::Invite(InviteFault::Used)) => ProblemCode::InviteUsed,
            GateError::Store(StoreError::Invite(InviteFault::Expired)) => ProblemCode::InviteExpired,
            GateError::Overloaded => ProblemCode::Overloaded,
            GateError::Store(StoreError::ReadOnly(_)) => {
                tracing::warn!(%error, "the store takes no writes");
                let detail = Some("It can be read, but takes no writes at present.".into());
                return Self { detail, ..ProblemCode::StoreUnavailable.into() };
            }
            GateError::Store(StoreError::Unavailable(_) | StoreError::Refused(_)) | GateError::Deadline => {
                tracing::warn!(%error, "the store is unavailable");
                ProblemCode::StoreUnavailable
            }
            // A uniqueness conflict that the handler did not map is a bug.
            GateError::Store(StoreError::Taken | StoreError::Fault(_)) | GateError::Panicked => {
                tracing::error!(%error, "a store call failed");
                ProblemCode::Internal
            }
        };
        code.into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after);
        let mut response = (status, axum::Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, RETRY_SECONDS.into()),
            StatusCode::UNAUTHORIZED => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            _ => None,
        };
        response
    }
}
