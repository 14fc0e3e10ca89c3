//! Creating an account with an invite, and deleting it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, DeleteAccount, InviteCode, NewCredential};
use shared::limits::WRAPPED_KEY_LEN;
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use super::credentials::unless_ended;
use super::proofs;
use crate::server::client_address::Client;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Session};
use crate::server::gate::GateError;
use crate::server::invites;
use crate::server::login::{self, LoginError};
use crate::server::rate_limits::UsernameKey;
use crate::server::state::AppState;
use crate::store::{Hash, NewAccount, StoreError};

/// Start creating an account: checks the invite and answers the two registration requests.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/start",
    tag = "accounts",
    request_body = AccountStart,
    responses(
        (status = 200, description = "Finish the registration with these", body = AccountChallenge),
        (status = 403, description = "invite-unknown, invite-used or invite-expired"),
        (status = 409, description = "username-taken"),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<AccountStart>,
) -> Result<Json<AccountChallenge>, ApiError> {
    state.rate_limits().count_sign_up(client.address)?;
    let invite = invite_hash(&body.invite)?;
    let username = body.username.clone();
    let taken = state
        .store()
        .read(move |store| {
            store.check_invite(&invite, crate::now())?;
            store.credential(&username, &CredentialName::Passphrase).map(|found| found.is_some())
        })
        .await?;
    if taken {
        return Err(ProblemCode::UsernameTaken.into());
    }
    let answer = |name, request| login::register(state.key(), &body.username, name, request).map_err(refusal);
    Ok(Json(AccountChallenge {
        passphrase: answer(&CredentialName::Passphrase, &body.passphrase)?,
        recovery: answer(&CredentialName::Recovery, &body.recovery)?,
    }))
}

/// Finish creating an account: uses the invite up. Repeating the request changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/finish",
    tag = "accounts",
    request_body = AccountFinish,
    responses(
        (status = 201, description = "The account is made; log in"),
        (status = 403, description = "invite-unknown, invite-used or invite-expired"),
        (status = 409, description = "username-taken"),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn finish(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<AccountFinish>,
) -> Result<StatusCode, ApiError> {
    state.rate_limits().count_sign_up(client.address)?;
    check(&body.passphrase)?;
    check(&body.recovery)?;
    if body.head.key_no() != 1 {
        return Err(ApiError::malformed("the first vault key has number 1"));
    }
    let invite = invite_hash(&body.invite)?;
    let username = UsernameKey::new(&body.username);
    let account = NewAccount {
        id: body.account_id,
        username: body.username,
        passphrase: body.passphrase,
        recovery: body.recovery,
        head: Some(body.head),
    };
    let made = state.store().write(move |store| store.create_account(&account, &invite, crate::now())).await;
    match made {
        Ok(is_new) => {
            // A repeat takes no secret, only what is in the database: it makes no address familiar.
            if is_new {
                state.rate_limits().remember_address(username, client.address, crate::now());
            }
            state.any_vault().vault_created();
            Ok(StatusCode::CREATED)
        }
        Err(GateError::Store(StoreError::Taken)) => Err(ProblemCode::UsernameTaken.into()),
        Err(error) => Err(error.into()),
    }
}

/// Delete the account with its entries, passkeys and sessions, with a proof of the passphrase or the recovery code. Nobody
/// can bring them back.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/delete",
    tag = "accounts",
    security(("session" = [])),
    request_body = DeleteAccount,
    responses(
        (status = 204, description = "The account is gone, and this session with it"),
        (status = 403, description = "proof-failed"),
    )
)]
pub async fn delete(
    State(state): State<AppState>,
    session: Session,
    JsonBody(body): JsonBody<DeleteAccount>,
) -> Result<StatusCode, ApiError> {
    let epoch = proofs::check(&state, &session, &body.proof)?;
    state.store().write(move |store| store.delete_account(session.account, Some(epoch))).await.map_err(unless_ended)?;
    state.any_vault().vault_deleted();
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a credential before it is stored.
pub(super) fn check(credential: &NewCredential) -> Result<(), ApiError> {
    if !login::SUITES.contains(&credential.suite) {
        return Err(ApiError::malformed("unknown suite"));
    }
    login::check_record(&credential.record).map_err(refusal)?;
    if credential.wrapped_key.0.len() == WRAPPED_KEY_LEN {
        Ok(())
    } else {
        Err(ApiError::malformed(format!("a wrapped key has {WRAPPED_KEY_LEN} bytes")))
    }
}

fn invite_hash(code: &InviteCode) -> Result<Hash, ApiError> {
    invites::hash(code).ok_or_else(|| ProblemCode::InviteUnknown.into())
}

/// Maps a failed log-in step to the answer.
pub(super) fn refusal(error: LoginError) -> ApiError {
    match error {
        LoginError::Malformed => ApiError::malformed(error.to_string()),
        LoginError::Failed => ProblemCode::LoginFailed.into(),
        LoginError::Fault => {
            tracing::error!(%error, "a log-in step failed");
            ProblemCode::Internal.into()
        }
    }
}
