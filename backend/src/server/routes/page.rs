//! The page's files, and the answer to everything that no other route knows.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use shared::problem::ProblemCode;

use crate::server::error::ApiError;
use crate::server::state::AppState;

const NO_PAGE: &str = "This Passmint was built without its page. Build it with: cargo xtask dist\n";

/// Serves the page's files. This is the router's fallback.
pub async fn serve(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::from(ProblemCode::NotFound).into_response();
    }
    match state.page().answer(request.uri().path(), request.headers()) {
        Some(answer) => answer,
        None if request.uri().path() == "/" => (StatusCode::SERVICE_UNAVAILABLE, NO_PAGE).into_response(),
        None => ApiError::from(ProblemCode::NotFound).into_response(),
    }
}
