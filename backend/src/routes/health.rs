//! Whether the server is alive, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::problem::Problem;

use crate::app::AppState;
use crate::error::ApiError;

/// The answer of both.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always "ok"; otherwise the answer is a problem.
    status: &'static str,
}

/// Alive: the process answers. Touches no database.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "Alive", body = Health)))]
pub async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Ready: the database answers and takes writes.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "store-unavailable or overloaded", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn ready(State(state): State<AppState>) -> Result<Json<Health>, ApiError> {
    state.store().write(|store| store.check()).await?;
    Ok(Json(Health { status: "ok" }))
}
