//! Proofs of a secret within a session.

use axum::Json;
use axum::extract::State;
use shared::problem::ProblemCode;
use shared::proofs::{Proof, ProofChallenge, ProofStart};
use shared::sessions::CredentialName;

use super::accounts::refusal;
use super::credentials::unless_ended;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Session};
use crate::server::login::{self, LoginError};
use crate::server::state::AppState;
use crate::store::StoreError;

/// Start the proof of the account's passphrase or recovery code. The proof goes into the request that needs it: in this
/// session, within two minutes, and once.
#[utoipa::path(
    post,
    path = "/api/v1/proofs/start",
    tag = "credentials",
    security(("session" = [])),
    request_body = ProofStart,
    responses(
        (status = 200, description = "Make the proof with this", body = ProofChallenge),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    session: Session,
    JsonBody(body): JsonBody<ProofStart>,
) -> Result<Json<ProofChallenge>, ApiError> {
    if matches!(body.credential, CredentialName::Passkey(_)) {
        return Err(ApiError::malformed("only the passphrase and the recovery code can be proven"));
    }
    // The answer tells the client whether its guess is right, as that of a log-in does.
    state.rate_limits().count_new_secret(session.account)?;
    let (account, name) = (session.account, body.credential.clone());
    let (username, credential) = state
        .store()
        .read(move |store| {
            let username = store.username(account)?;
            let credential = store.credential(&username, &name)?.ok_or(StoreError::NotFound)?;
            Ok((username, credential))
        })
        .await
        .map_err(unless_ended)?;
    let by = session.as_prover();
    login::start_proof(state.key(), &by, &username, &body.credential, &body.request, &credential, crate::now())
        .map(Json)
        .map_err(refusal)
}

/// Checks the proof inside a request of this session. Returns the epoch of the credentials when the proof was begun,
/// which the store compares with the account's.
///
/// # Errors
/// `proof-failed` and `malformed-request`.
pub(super) fn check(state: &AppState, session: &Session, proof: &Proof) -> Result<u32, ApiError> {
    login::check_proof(state.key(), &session.as_prover(), proof, crate::now()).map_err(|error| match error {
        LoginError::Failed => {
            tracing::info!("a proof was refused");
            ProblemCode::ProofFailed.into()
        }
        error => refusal(error),
    })
}
