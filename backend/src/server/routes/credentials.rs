//! Changing the secrets that open a vault; listing and removing passkeys.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use shared::credentials::{CredentialChallenge, CredentialChanges, CredentialFinish, CredentialStart};
use shared::limits::PASSKEYS_MAX;
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use super::accounts::{check, refusal};
use super::{passkeys, proofs};
use crate::server::client_address::Client;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Session};
use crate::server::gate::GateError;
use crate::server::login;
use crate::server::state::AppState;
use crate::store::{NewSecret, StoreError};

/// Start setting a passphrase, a recovery code or a passkey: answers the registration request.
#[utoipa::path(
    post,
    path = "/api/v1/credentials/start",
    tag = "credentials",
    security(("session" = [])),
    request_body = CredentialStart,
    responses(
        (status = 200, description = "Finish the registration with this", body = CredentialChallenge),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    session: Session,
    JsonBody(body): JsonBody<CredentialStart>,
) -> Result<Json<CredentialChallenge>, ApiError> {
    state.rate_limits().count_new_secret(session.account)?;
    let username = state.store().read(move |store| store.username(session.account)).await.map_err(unless_ended)?;
    let response = login::register(state.key(), &username, &body.credential, &body.request).map_err(refusal)?;
    Ok(Json(CredentialChallenge { response }))
}

/// Finish setting a passphrase, a recovery code or a passkey, with a proof of the present passphrase or recovery code. A
/// passphrase or recovery code replaces the one before; passkeys that are not kept are removed, and all other sessions
/// end. Repeating the request changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/credentials/finish",
    tag = "credentials",
    security(("session" = [])),
    request_body = CredentialFinish,
    responses(
        (status = 204, description = "It is set"),
        (status = 403, description = "proof-failed or passkey-refused"),
        (status = 409, description = "too-many-passkeys"),
    )
)]
pub async fn finish(
    State(state): State<AppState>,
    session: Session,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<CredentialFinish>,
) -> Result<StatusCode, ApiError> {
    check(&body.secret)?;
    let is_passkey = matches!(body.credential, CredentialName::Passkey(_));
    if body.keep_passkeys.is_some() == is_passkey {
        return Err(ApiError::malformed("keep_passkeys belongs to a passphrase or a recovery code, and to both"));
    }
    let epoch = proofs::check(&state, &session, &body.proof)?;
    let verifier = passkeys::verifier(&state, session.account, &body.credential, body.registration)?;
    let secret = NewSecret {
        account: session.account,
        token_hash: session.token_hash,
        epoch,
        name: body.credential,
        secret: body.secret,
        verifier,
        keep_passkeys: body.keep_passkeys.unwrap_or_default(),
        address: client.address.text(),
    };
    let set = state.store().write(move |store| store.set_credential(&secret, PASSKEYS_MAX, crate::now())).await;
    match set {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(GateError::Store(StoreError::Full)) => Err(ProblemCode::TooManyPasskeys.into()),
        Err(error) => Err(unless_ended(error)),
    }
}

/// List the newest changes of the account's credentials, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/credentials/changes",
    tag = "credentials",
    security(("session" = [])),
    responses(
        (status = 200, description = "The changes", body = CredentialChanges),
    )
)]
pub async fn changes(State(state): State<AppState>, session: Session) -> Result<Json<CredentialChanges>, ApiError> {
    let changes = state.store().read(move |store| store.credential_changes(session.account)).await?;
    Ok(Json(CredentialChanges { changes }))
}

/// Maps `NotFound`: the session or the account was deleted during the request.
pub(super) fn unless_ended(error: GateError) -> ApiError {
    match error {
        GateError::Store(StoreError::NotFound) => ProblemCode::SessionEnded.into(),
        error => error.into(),
    }
}
