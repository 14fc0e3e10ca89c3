//! Extractors of the handlers: body, path, query and session. Each rejects with an [`ApiError`].

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use shared::ids::AccountId;
use shared::login::SessionToken;
use shared::problem::ProblemCode;

use crate::server::error::ApiError;
use crate::server::gate::GateError;
use crate::server::login::ProofOf;
use crate::server::state::AppState;
use crate::store::{Hash, LiveSession, StoreError, TOUCH_INTERVAL};

/// A JSON body of at most [`shared::limits::BODY_MAX`] bytes.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
            match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::BodyTooLarge.into(),
                // The connection broke or the body was too slow. A client that is still there may try again.
                _ => ApiError::from(ProblemCode::RequestTimeout),
            }
        })?;
        // The parser's message may quote the body: it goes back to the sender and into no log.
        serde_json::from_slice(&body).map(Self).map_err(|error| ApiError::malformed(error.to_string()))
    }
}

/// A part of the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let axum::extract::Path(part) = axum::extract::Path::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::malformed(rejection.body_text()))?;
        Ok(Self(part))
    }
}

pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let axum::extract::Query(query) = axum::extract::Query::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::malformed(rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// The live session of the `Authorization: Bearer` header. The time of use is recorded in the background, so that a
/// read neither waits for that write nor fails with it.
pub struct Session {
    /// The session's account. Every statement about entries is limited to it.
    pub account: AccountId,
    /// The key of the session in the store.
    pub token_hash: Hash,
}

impl Session {
    /// The session as the proofs in its requests name it.
    pub fn as_prover(&self) -> ProofOf {
        ProofOf { account: self.account, token_hash: self.token_hash }
    }
}

impl FromRequestParts<AppState> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let ended = || ApiError::from(ProblemCode::SessionEnded);
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(ended)?;
        let (scheme, token) = value.split_once(' ').ok_or_else(ended)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ended());
        }
        let token_hash = SessionToken::from_bearer(token.trim()).map_err(|_| ended())?.hash();
        let lifetime = state.lifetime();
        let now = crate::now();
        let session = state.store().read(move |store| store.live_session(&token_hash, &lifetime, now)).await;
        let LiveSession { account, used_at, .. } = match session {
            Ok(live) => live,
            Err(GateError::Store(StoreError::NotFound)) => return Err(ended()),
            Err(error) => return Err(error.into()),
        };
        if now.saturating_sub(used_at) >= TOUCH_INTERVAL {
            let gate = state.store().clone();
            tokio::spawn(async move {
                if let Err(error) = gate.write(move |store| store.touch_session(&token_hash, now)).await {
                    tracing::debug!(%error, "a session's use could not be written down");
                }
            });
        }
        Ok(Self { account, token_hash })
    }
}
