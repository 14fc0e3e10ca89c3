//! Challenges for passkeys; listing and removing them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use shared::credentials::{Passkeys, RemovePasskey};
use shared::ids::AccountId;
use shared::passkeys::{PasskeyAssertion, PasskeyChallenge, PasskeyRegistration};
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use super::credentials::unless_ended;
use super::proofs;
use crate::server::client_address::Client;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Session};
use crate::server::login::Claim;
use crate::server::passkeys::{self, PasskeyError};
use crate::server::state::AppState;
use crate::store::{OldPasskey, PasskeyVerifier};

/// Get a challenge for a log-in with a passkey. The server stores nothing.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/challenge",
    tag = "sessions",
    responses(
        (status = 200, description = "Have the authenticator sign this", body = PasskeyChallenge),
    )
)]
pub async fn challenge_log_in(State(state): State<AppState>) -> Result<Json<PasskeyChallenge>, ApiError> {
    passkeys::challenge_log_in(state.key(), crate::now()).map(Json).map_err(refusal)
}

/// Get a challenge for a passkey that is to be added to the account. The server stores nothing.
#[utoipa::path(
    post,
    path = "/api/v1/passkeys/challenge",
    tag = "credentials",
    security(("session" = [])),
    responses(
        (status = 200, description = "Have the authenticator sign this", body = PasskeyChallenge),
    )
)]
pub async fn challenge_registration(
    State(state): State<AppState>,
    session: Session,
) -> Result<Json<PasskeyChallenge>, ApiError> {
    passkeys::challenge_registration(state.key(), session.account, crate::now()).map(Json).map_err(refusal)
}

/// List the account's passkeys, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/passkeys",
    tag = "credentials",
    security(("session" = [])),
    responses(
        (status = 200, description = "The passkeys", body = Passkeys),
    )
)]
pub async fn list(State(state): State<AppState>, session: Session) -> Result<Json<Passkeys>, ApiError> {
    let passkeys = state.store().read(move |store| store.passkeys(session.account)).await?;
    Ok(Json(Passkeys { passkeys }))
}

/// Remove a passkey, with a proof of the passphrase or the recovery code. Log-ins that have begun fail. Removing a
/// passkey that does not exist changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/passkeys/remove",
    tag = "credentials",
    security(("session" = [])),
    request_body = RemovePasskey,
    responses(
        (status = 204, description = "It is not there (any more)"),
        (status = 403, description = "proof-failed"),
    )
)]
pub async fn remove(
    State(state): State<AppState>,
    session: Session,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<RemovePasskey>,
) -> Result<StatusCode, ApiError> {
    let epoch = proofs::check(&state, &session, &body.proof)?;
    let Session { account, token_hash, .. } = session;
    let passkey = OldPasskey { account, token_hash, epoch, id: body.id, address: client.address.text() };
    state.store().write(move |store| store.remove_passkey(&passkey, crate::now())).await.map_err(unless_ended)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a passkey that is to be added, and returns what verifies its assertions. `None` for another credential.
///
/// # Errors
/// `malformed-request` without a registration, `passkey-refused` with a wrong one.
pub(super) fn verifier(
    state: &AppState,
    account: AccountId,
    name: &CredentialName,
    registration: Option<PasskeyRegistration>,
) -> Result<Option<PasskeyVerifier>, ApiError> {
    let CredentialName::Passkey(id) = name else { return Ok(None) };
    let registration = registration.ok_or_else(|| ApiError::malformed("a passkey needs its registration"))?;
    let verified = passkeys::verify_registration(state.key(), state.origin(), account, id, registration, crate::now());
    verified.map(Some).map_err(refusal)
}

/// Checks the assertion of a log-in, and returns the passkey's new state. `None` for another credential.
///
/// # Errors
/// `login-failed`.
pub(super) async fn verify_log_in(
    state: &AppState,
    claim: &Claim,
    assertion: Option<PasskeyAssertion>,
) -> Result<Option<Vec<u8>>, ApiError> {
    let CredentialName::Passkey(id) = claim.name.clone() else { return Ok(None) };
    let assertion = assertion.ok_or(ProblemCode::LoginFailed)?;
    let account = claim.account;
    // Absent if the passkey was removed in the meantime.
    let wanted = id.clone();
    let verifier = state.store().read(move |store| store.passkey_verifier(account, &wanted)).await?;
    let verifier = verifier.ok_or(ProblemCode::LoginFailed)?;
    let verified =
        passkeys::verify_assertion(state.key(), state.origin(), account, &id, &verifier, assertion, crate::now());
    verified.map(Some).map_err(|error| match error {
        PasskeyError::Fault => refusal(error),
        // The reason helps an operator whose --public-url is wrong; the caller has shown the passkey's secret.
        error => {
            tracing::warn!(%error, "a log-in by passkey was refused");
            ProblemCode::LoginFailed.into()
        }
    })
}

/// The answer to a registration that is not accepted.
fn refusal(error: PasskeyError) -> ApiError {
    match error {
        PasskeyError::Fault => {
            tracing::error!(%error, "a passkey cannot be served");
            ProblemCode::Internal.into()
        }
        error => ApiError::passkey_refused(error),
    }
}
