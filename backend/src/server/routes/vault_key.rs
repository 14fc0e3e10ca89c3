//! A new vault key.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use shared::sessions::CredentialName;
use shared::vault_key::{VaultKeyChallenge, VaultKeyFinish, VaultKeyStart};

use super::accounts::{check, refusal};
use super::credentials::unless_ended;
use super::proofs;
use crate::server::client_address::Client;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Session};
use crate::server::login;
use crate::server::state::AppState;
use crate::store::NewVaultKey;

/// Bytes of the nonce and the tag of sealed earlier keys, and of each key in them.
const EARLIER_KEYS_OVERHEAD: usize = 24 + 16;
const EARLIER_KEY_LEN: usize = 4 + 32;

/// Start replacing the vault key: answers the registration requests of the passphrase and of the new recovery code.
#[utoipa::path(
    post,
    path = "/api/v1/vault-key/start",
    tag = "credentials",
    security(("session" = [])),
    request_body = VaultKeyStart,
    responses(
        (status = 200, description = "Finish the registration with these", body = VaultKeyChallenge),
        (status = 429, description = "too-many-attempts; `Retry-After` says for how long"),
    )
)]
pub async fn start(
    State(state): State<AppState>,
    session: Session,
    JsonBody(body): JsonBody<VaultKeyStart>,
) -> Result<Json<VaultKeyChallenge>, ApiError> {
    state.rate_limits().count_new_secret(session.account)?;
    let username = state.store().read(move |store| store.username(session.account)).await.map_err(unless_ended)?;
    let answer = |name, request| login::register(state.key(), &username, name, request).map_err(refusal);
    Ok(Json(VaultKeyChallenge {
        passphrase: answer(&CredentialName::Passphrase, &body.passphrase)?,
        recovery: answer(&CredentialName::Recovery, &body.recovery)?,
    }))
}

/// Finish replacing the vault key. In one step the key, the passphrase and the recovery code are replaced, all passkeys
/// are removed, and all other sessions end. Repeating the request changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/vault-key/finish",
    tag = "credentials",
    security(("session" = [])),
    request_body = VaultKeyFinish,
    responses(
        (status = 204, description = "It is replaced"),
        (status = 403, description = "proof-failed"),
        (status = 409, description = "stale-key or stale-head"),
    )
)]
pub async fn finish(
    State(state): State<AppState>,
    session: Session,
    Extension(client): Extension<Client>,
    JsonBody(body): JsonBody<VaultKeyFinish>,
) -> Result<StatusCode, ApiError> {
    check(&body.passphrase)?;
    check(&body.recovery)?;
    if body.key_no == 0 || body.head.key_no() != body.key_no {
        return Err(ApiError::malformed("the head must be sealed under the new key"));
    }
    let keys = body.earlier_keys.0.len().saturating_sub(EARLIER_KEYS_OVERHEAD);
    if keys == 0 || keys % EARLIER_KEY_LEN != 0 || body.earlier_keys.0.len() > shared::limits::EARLIER_KEYS_LEN_MAX {
        return Err(ApiError::malformed("the length of the earlier keys is not that of any number of keys"));
    }
    let epoch = proofs::check(&state, &session, &body.proof)?;
    let key = NewVaultKey {
        account: session.account,
        token_hash: session.token_hash,
        epoch,
        key_no: body.key_no,
        passphrase: body.passphrase,
        recovery: body.recovery,
        earlier_keys: body.earlier_keys,
        replaces: body.replaces,
        head: body.head,
        address: client.address.text(),
    };
    state.store().write(move |store| store.replace_vault_key(&key, crate::now())).await.map_err(unless_ended)?;
    Ok(StatusCode::NO_CONTENT)
}
