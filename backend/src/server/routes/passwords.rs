//! Sealed entries: list what changed, put, delete.

use axum::Json;
use axum::extract::State;
use shared::ids::EntryId;
use shared::limits::CHANGES_MAX;
use shared::passwords::{Changes, DeletePassword, ListChanges, NewVersion, PutPassword};

use crate::server::error::ApiError;
use crate::server::extract::{JsonBody, Path, Query, Session};
use crate::server::state::AppState;
use crate::store::Put;

/// List the entries that changed after a change number.
#[utoipa::path(
    get,
    path = "/api/v1/passwords",
    tag = "passwords",
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
    let changes = state.store().read(move |store| store.changes(session.account, query.since, limit)).await?;
    Ok(Json(changes))
}

/// Put an entry under an id that the client chose. Repeating the request changes nothing.
#[utoipa::path(
    put,
    path = "/api/v1/passwords/{id}",
    tag = "passwords",
    security(("session" = [])),
    params(("id" = EntryId, Path, description = "A UUID of version 7, made by the client")),
    request_body = PutPassword,
    responses(
        (status = 200, description = "Written", body = NewVersion),
        (status = 404, description = "not-found: a version was to be replaced, and there is no such entry"),
        (status = 409, description = "stale-version, with the current entry"),
        (status = 507, description = "vault-full"),
    )
)]
pub async fn put(
    State(state): State<AppState>,
    session: Session,
    Path(id): Path<EntryId>,
    JsonBody(body): JsonBody<PutPassword>,
) -> Result<Json<NewVersion>, ApiError> {
    let put = Put { account: session.account, id, replaces: body.replaces, sealed: body.sealed };
    let entries_max = state.entries_max();
    Ok(Json(state.store().write(move |store| store.put(&put, entries_max, crate::now())).await?))
}

/// Delete an entry. Its bytes are gone; its id, version and change number stay, so that other devices learn of it.
#[utoipa::path(
    delete,
    path = "/api/v1/passwords/{id}",
    tag = "passwords",
    security(("session" = [])),
    params(("id" = EntryId, Path, description = "The entry"), DeletePassword),
    responses(
        (status = 200, description = "Deleted", body = NewVersion),
        (status = 404, description = "not-found"),
        (status = 409, description = "stale-version, with the current entry"),
    )
)]
pub async fn delete(
    State(state): State<AppState>,
    session: Session,
    Path(id): Path<EntryId>,
    Query(query): Query<DeletePassword>,
) -> Result<Json<NewVersion>, ApiError> {
    let delete = move |store: &dyn crate::store::Store| store.delete(session.account, id, query.replaces, crate::now());
    Ok(Json(state.store().write(delete).await?))
}
