//! Health checks: `/healthz` (the process answers) and `/readyz` (the server works, or which part does not and why).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::problem::{PROBLEM_JSON, Problem, ProblemCode};

use crate::server::error::ApiError;
use crate::server::readiness::{Condition, Name, Part};
use crate::server::state::AppState;

/// The answer of `/healthz`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always "ok".
    status: &'static str,
}

/// The answer if everything is ready.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Ready {
    /// Always "ok"; otherwise the answer is a problem.
    status: &'static str,
    /// Each part.
    parts: Vec<Part>,
}

/// The answer if a part is not ready: a problem (RFC 9457) with one more member.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NotReady {
    #[serde(flatten)]
    problem: Problem,
    /// Every part, including those that are ready.
    parts: Vec<Part>,
}

/// Alive: the process answers. Touches no database.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "Alive", body = Health)))]
pub async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Ready: the database belongs to this server key, answers, and takes writes. Answers within five seconds, or within
/// the deadline of a database call if that is shorter; requests at the same time share one look at the database. The
/// answer contains no path, no version and nothing about users.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Ready", body = Ready),
        (status = 503, description = "store-unavailable or overloaded; `parts` says what is not ready", body = NotReady, content_type = "application/problem+json"),
    )
)]
pub async fn ready(State(state): State<AppState>) -> Result<Response, ApiError> {
    let parts = state.readiness().parts(state.store()).await?;
    let faulty = |part: &&Part| part.part != Name::Backup && part.state != Condition::Ok;
    let Some(worst) = parts.iter().find(faulty) else {
        return Ok(Json(Ready { status: "ok", parts }).into_response());
    };
    let code = match worst.state {
        Condition::Busy => ProblemCode::Overloaded,
        _ => ProblemCode::StoreUnavailable,
    };
    let refusal = ApiError::from(code);
    let problem = refusal.problem();
    // The status and headers stay; the body gets the parts.
    let (mut head, _) = refusal.into_response().into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    let body = serde_json::to_vec(&NotReady { problem, parts }).unwrap_or_default();
    Ok(Response::from_parts(head, body.into()))
}
