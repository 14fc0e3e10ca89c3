//! Tells the page of a person without an account if this server has any vault.

use axum::Json;
use axum::extract::State;
use shared::setup::Setup;

use crate::server::error::ApiError;
use crate::server::state::AppState;

/// Tell if there is any vault. If there is none, nobody can log in yet, and the page says where to find the link that
/// creates the first one.
#[utoipa::path(
    get,
    path = "/api/v1/setup",
    tag = "accounts",
    responses((status = 200, description = "Whether there is any vault", body = Setup))
)]
pub async fn show(State(state): State<AppState>) -> Result<Json<Setup>, ApiError> {
    let has_vault = state.any_vault().exists(state.store()).await?;
    Ok(Json(Setup { has_vault }))
}
