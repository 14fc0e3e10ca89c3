//! Changes of a vault: list them, and save new ones.

use axum::Json;
use axum::extract::State;
use shared::changes::{CHANGES_PER_SAVE, Changes, ListChanges, SaveChanges, Saved};
use shared::limits::CHANGES_MAX;

use super::credentials::unless_ended;
use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Query, Session};
use crate::server::state::AppState;

/// List the entries that changed after a change number, and the head.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    tag = "changes",
    security(("session" = [])),
    params(ListChanges),
    responses(
        (status = 200, description = "What changed", body = Changes),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Query(query): Query<ListChanges>,
) -> Result<Json<Changes>, ApiError> {
    let limit = query.limit.unwrap_or(CHANGES_MAX);
    if !(1..=CHANGES_MAX).contains(&limit) {
        return Err(ApiError::malformed(format!("limit must be from 1 to {CHANGES_MAX}")));
    }
    let changes = state.store().read(move |store| store.list_changes(session.account, query.since, limit)).await;
    changes.map(Json).map_err(unless_ended)
}

/// Save changes, all or none, with the head of the vault that has them. Repeating the request changes nothing and repeats
/// the answer.
#[utoipa::path(
    post,
    path = "/api/v1/changes",
    tag = "changes",
    security(("session" = [])),
    request_body = SaveChanges,
    responses(
        (status = 200, description = "Saved", body = Saved),
        (status = 404, description = "not-found: a version was to be replaced, and there is no such entry"),
        (status = 409, description = "stale-head; stale-key; or stale-version, with the current entry"),
        (status = 507, description = "vault-full"),
    )
)]
pub async fn save(
    State(state): State<AppState>,
    session: Session,
    JsonBody(body): JsonBody<SaveChanges>,
) -> Result<Json<Saved>, ApiError> {
    check(&body)?;
    let entries_max = state.entries_max();
    let saved =
        move |store: &dyn crate::store::Store| store.save_changes(session.account, &body, entries_max, crate::now());
    Ok(Json(state.store().write(saved).await?))
}

/// Checks the rules that need no database.
fn check(body: &SaveChanges) -> Result<(), ApiError> {
    if !(1..=CHANGES_PER_SAVE).contains(&body.changes.len()) {
        return Err(ApiError::malformed(format!("there must be 1 to {CHANGES_PER_SAVE} changes")));
    }
    if body.changes.iter().any(|change| change.version <= change.replaces) {
        return Err(ApiError::malformed("a version must be above the one that it replaces"));
    }
    if body.changes.iter().any(|change| change.sealed.key_no() != body.head.key_no()) {
        return Err(ApiError::malformed("the changes and the head must be sealed under one key"));
    }
    Ok(())
}
