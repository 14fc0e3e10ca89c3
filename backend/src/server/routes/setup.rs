//! Whether there is any vault, for the page of a person without an account.

use axum::Json;
use axum::extract::State;
use shared::setup::Setup;

use crate::server::error::ApiError;
use crate::server::state::AppState;

/// Tells if there is any vault. The page asks, to tell a newcomer where the link to the first one is, in place of
/// asking for a log-in that nobody has.
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
