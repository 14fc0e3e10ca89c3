//! Logging in and out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::problem::{Problem, ProblemCode};
use shared::sessions::{SessionChallenge, SessionFinish, SessionOpened, SessionStart};

use super::accounts::refusal;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{JsonBody, Session};
use crate::gate::GateError;
use crate::login;
use crate::store::{NewSession, StoreError};

/// Start a log-in. A log-in name that does not exist gets an answer of the same kind.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/start",
    tag = "sessions",
    request_body = SessionStart,
    responses(
        (status = 200, description = "Finish the log-in with this", body = SessionChallenge),
        (status = 400, description = "malformed-request", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<SessionStart>,
) -> Result<Json<SessionChallenge>, ApiError> {
    let (login, kind) = (body.login.clone(), body.credential);
    let credential = state.store().call(move |store| store.credential(&login, kind)).await?;
    login::start(state.key(), &body.login, kind, &body.request, credential.as_ref(), crate::now())
        .map(Json)
        .map_err(refusal)
}

/// Finish a log-in. Both sides derive the session's token from what OPAQUE leaves them with; it is not sent.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/finish",
    tag = "sessions",
    request_body = SessionFinish,
    responses(
        (status = 201, description = "The session is open", body = SessionOpened),
        (status = 400, description = "malformed-request", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "login-failed", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn finish(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<SessionFinish>,
) -> Result<(StatusCode, Json<SessionOpened>), ApiError> {
    let now = crate::now();
    let (claim, token) = login::finish(state.key(), &body.state, &body.finalization, now).map_err(refusal)?;
    let lifetime = state.lifetime();
    let session =
        NewSession { token_hash: token.hash(), account: claim.account, epoch: claim.epoch, credential: claim.kind };
    let opened = state.store().call(move |store| store.open_session(&session, &lifetime, now)).await;
    match opened {
        Ok(wrapped_key) => {
            let opened = SessionOpened {
                account_id: claim.account,
                wrapped_key,
                idle_seconds: lifetime.idle / 1000,
                max_seconds: lifetime.max / 1000,
            };
            Ok((StatusCode::CREATED, Json(opened)))
        }
        // The secret was changed in the meantime, or this log-in was finished before.
        Err(GateError::Store(StoreError::NotFound | StoreError::Taken)) => Err(ProblemCode::LoginFailed.into()),
        Err(error) => Err(error.into()),
    }
}

/// End this session.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    tag = "sessions",
    security(("session" = [])),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "session-ended", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn end(State(state): State<AppState>, session: Session) -> Result<StatusCode, ApiError> {
    state.store().call(move |store| store.end_session(&session.token_hash)).await?;
    Ok(StatusCode::NO_CONTENT)
}
