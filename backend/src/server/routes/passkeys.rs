//! Challenges for passkeys, and the checks of the answers to them for other routes.

use axum::Json;
use axum::extract::State;
use shared::passkeys::PasskeyChallenge;
use shared::problem::ProblemCode;

use crate::server::error::ApiError;
use crate::server::extract::Session;
use crate::server::passkeys::{self, PasskeyError};
use crate::server::state::AppState;

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
