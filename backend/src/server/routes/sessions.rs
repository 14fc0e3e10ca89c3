//! Logging in and out, and the list of sessions.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use shared::ids::SessionId;
use shared::problem::ProblemCode;
use shared::sessions::{
    CredentialName, SessionChallenge, SessionFinish, SessionGrant, SessionStart, SessionSummary, Sessions,
};

use super::accounts::refusal;
use super::passkeys;
use crate::metrics::LogInProgress;
use crate::server::client_address::Client;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Path, Session};
use crate::server::gate::GateError;
use crate::server::login;
use crate::server::rate_limits::UsernameKey;
use crate::server::state::AppState;
use crate::store::{Credential, Grant, NewSession, StoreError, StoredSession};

/// Start a log-in. A username that does not exist gets an answer of the same kind.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/start",
    tag = "sessions",
    request_body = SessionStart,
    responses(
        (status = 200, description = "Finish the log-in with this", body = SessionChallenge),
        (status = 401, description = "passkey-outdated"),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<SessionStart>,
) -> Result<Json<SessionChallenge>, ApiError> {
    // Counted before the username is looked up, so that unknown usernames use up attempts too.
    state.rate_limits().count_login_start(UsernameKey::new(&body.username), client.address, crate::now())?;
    let (username, name) = (body.username.clone(), body.credential.clone());
    let is_passkey = matches!(name, CredentialName::Passkey(_));
    let credential = state.store().read(move |store| store.credential(&username, &name)).await?;
    // Says that the passkey exists, to somebody who knows its id. Its secret would be another one than the page's.
    if matches!(&credential, Some(Credential { verifier: None, .. }) if is_passkey) {
        return Err(ProblemCode::PasskeyOutdated.into());
    }
    state.store().metrics().log_in_progressed(LogInProgress::Begun);
    login::start(state.key(), &body.username, &body.credential, &body.request, credential.as_ref(), crate::now())
        .map(Json)
        .map_err(refusal)
}

/// Finish a log-in. Both sides derive the session's token from the result of OPAQUE; it is not sent.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/finish",
    tag = "sessions",
    request_body = SessionFinish,
    responses(
        (status = 201, description = "The session is open", body = SessionGrant),
        (status = 401, description = "login-failed"),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn finish(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<SessionFinish>,
) -> Result<(StatusCode, Json<SessionGrant>), ApiError> {
    let username = login::username(state.key(), &body.state);
    state.rate_limits().count_login_finish(&body.state.0, username, client.address, crate::now())?;
    let opened = open(&state, client, body).await;
    match &opened {
        Ok(_) => state.store().metrics().log_in_progressed(LogInProgress::Opened),
        // The caller is unauthenticated: log nothing that identifies them.
        Err(error) if error.code() == ProblemCode::LoginFailed => {
            state.store().metrics().log_in_progressed(LogInProgress::Refused);
            tracing::info!("a log-in was refused");
        }
        Err(_) => {}
    }
    opened
}

async fn open(
    state: &AppState,
    client: Client,
    body: SessionFinish,
) -> Result<(StatusCode, Json<SessionGrant>), ApiError> {
    let now = crate::now();
    let (claim, token) = login::finish(state.key(), &body.state, &body.finalization, now).map_err(refusal)?;
    let passkey_state = passkeys::verify_log_in(state, &claim, body.assertion).await?;
    let lifetime = state.lifetime();
    let session = NewSession {
        token_hash: token.hash(),
        account: claim.account,
        epoch: claim.epoch,
        credential: claim.name,
        device: body.device,
        passkey_state,
    };
    let opened = state.store().write(move |store| store.open_session(&session, &lifetime, now)).await;
    match opened {
        Ok(Grant { wrapped_key, key_no, earlier_keys }) => {
            state.rate_limits().remember_address(claim.username, client.address, now);
            let opened = SessionGrant {
                account_id: claim.account,
                wrapped_key,
                key_no,
                earlier_keys,
                idle_seconds: lifetime.idle / 1000,
                max_seconds: lifetime.max / 1000,
            };
            Ok((StatusCode::CREATED, Json(opened)))
        }
        // A secret was changed or removed in the meantime, or this log-in was finished before.
        Err(GateError::Store(StoreError::NotFound | StoreError::Taken)) => Err(ProblemCode::LoginFailed.into()),
        Err(error) => Err(error.into()),
    }
}

/// List the account's sessions that have not ended, the one used last first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "sessions",
    security(("session" = [])),
    responses(
        (status = 200, description = "The sessions", body = Sessions),
    )
)]
pub async fn list(State(state): State<AppState>, session: Session) -> Result<Json<Sessions>, ApiError> {
    let lifetime = state.lifetime();
    let sessions = state.store().read(move |store| store.sessions(session.account, &lifetime, crate::now())).await?;
    let summary = |stored: StoredSession| SessionSummary {
        id: SessionId::of_hash(&stored.token_hash),
        device: stored.device,
        created_at: stored.created_at,
        used_at: stored.used_at,
        current: stored.token_hash == session.token_hash,
    };
    Ok(Json(Sessions { sessions: sessions.into_iter().map(summary).collect() }))
}

/// End all sessions of the account but this one.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "sessions",
    security(("session" = [])),
    responses(
        (status = 204, description = "The others have ended"),
    )
)]
pub async fn end_others(State(state): State<AppState>, session: Session) -> Result<StatusCode, ApiError> {
    state
        .store()
        .write(move |store| store.end_other_sessions(session.account, &session.token_hash, crate::now()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session of the account. Ending one that does not exist, or belongs to another account, changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "sessions",
    security(("session" = [])),
    params(("id" = SessionId, Path, description = "The session's id in the list")),
    responses(
        (status = 204, description = "It is not there (any more)"),
    )
)]
pub async fn end_listed(
    State(state): State<AppState>,
    session: Session,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    state.store().write(move |store| store.end_listed_session(session.account, id, crate::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End this session.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    tag = "sessions",
    security(("session" = [])),
    responses(
        (status = 204, description = "The session has ended"),
    )
)]
pub async fn end(State(state): State<AppState>, session: Session) -> Result<StatusCode, ApiError> {
    state.store().write(move |store| store.end_session(&session.token_hash, crate::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
