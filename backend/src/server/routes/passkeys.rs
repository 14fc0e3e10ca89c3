//! Challenges for passkeys, and the checks of the answers to them for other routes.

use axum::Json;
use axum::extract::State;
use shared::ids::AccountId;
use shared::passkeys::{PasskeyAssertion, PasskeyChallenge, PasskeyRegistration};
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use crate::server::error::ApiError;
use crate::server::extract::Session;
use crate::server::login::Claim;
use crate::server::passkeys::{self, PasskeyError};
use crate::server::state::AppState;
use crate::store::PasskeyVerifier;

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
