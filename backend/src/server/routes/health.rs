//! Health checks: `/healthz` (the process answers) and `/readyz` (the server works, or which part does not and why).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::problem::{PROBLEM_JSON, Problem, ProblemCode};
use tokio::sync::watch;

use crate::server::error::ApiError;
use crate::server::gate::{Gate, GateError};
use crate::server::readiness::Look;
use crate::server::state::AppState;
use crate::store::{ReadOnly, RefusalCause, StoreError};

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

/// A part of the server.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct Part {
    part: Name,
    state: Condition,
    /// The reason, for `read-only` and `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
}

/// The parts. A server is ready if the first three are; `backup` does not count.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Name {
    /// The database's binding to this server key.
    ServerKey,
    /// Reading from the database.
    Reads,
    /// Writing to it.
    Writes,
    /// The scheduled backups, if there is a schedule.
    Backup,
}

/// The state of a part.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Condition {
    /// The part works.
    Ok,
    /// The database can be read, but takes no writes.
    ReadOnly,
    /// The database does not answer, or has not answered within this request's deadline.
    Unreachable,
    /// The database refuses the server's own log-in: its password is wrong or has expired, or its user is locked.
    Refused,
    /// Too many calls are waiting.
    Busy,
    /// Unknown, because a part before it is not ready.
    Unknown,
    /// The last backup failed.
    Failed,
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
    let parts = parts(&state).await?;
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

async fn parts(state: &AppState) -> Result<Vec<Part>, ApiError> {
    let gate = state.store();
    let part = |part, state| Part { part, state, cause: None };
    let mut parts = if gate.is_open() {
        let look = state.readiness().look(gate).await;
        if let Some(defect) = look.defect {
            return Err(defect.into());
        }
        // A part that has not answered yet counts as unreachable; the one after it was not asked.
        let reads = look.reads.unwrap_or(part(Name::Reads, Condition::Unreachable));
        let without_answer = if reads.state == Condition::Ok { Condition::Unreachable } else { Condition::Unknown };
        vec![part(Name::ServerKey, Condition::Ok), reads, look.writes.unwrap_or(part(Name::Writes, without_answer))]
    } else {
        // The server retries every few seconds by itself; requests must not make it query the database more often.
        let key = match gate.usage().log_in_refused {
            Some(cause) => refused(Name::ServerKey, cause),
            None => part(Name::ServerKey, Condition::Unreachable),
        };
        vec![key, part(Name::Reads, Condition::Unknown), part(Name::Writes, Condition::Unknown)]
    };
    if let Some(well) = gate.metrics().last_backup_succeeded() {
        parts.push(part(Name::Backup, if well { Condition::Ok } else { Condition::Failed }));
    }
    Ok(parts)
}

/// Asks the database: reads, then, if they work, writes. `running` lives as long as any of the calls, also one that
/// outlives its deadline.
pub async fn ask(gate: Gate, running: Arc<()>, look: watch::Sender<Look>) {
    let call = Arc::clone(&running);
    let reads = gate.read(move |store| {
        let _running = call;
        store.has_accounts().map(drop)
    });
    let reads = outcome(Name::Reads, reads.await);
    let works = matches!(&reads, Ok(part) if part.state == Condition::Ok);
    look.send_modify(|look| match reads {
        Ok(reads) => look.reads = Some(reads),
        Err(defect) => look.defect = Some(defect),
    });
    if works {
        let writes = gate.write(move |store| {
            let _running = running;
            store.check()
        });
        let writes = outcome(Name::Writes, writes.await);
        look.send_modify(|look| match writes {
            Ok(writes) => look.writes = Some(writes),
            Err(defect) => look.defect = Some(defect),
        });
    }
}

fn refused(part: Name, cause: RefusalCause) -> Part {
    Part { part, state: Condition::Refused, cause: Some(cause.name()) }
}

/// Derives a part's condition from a call. A bug is no condition of a part: its code is the whole answer.
fn outcome(part: Name, done: Result<(), GateError>) -> Result<Part, ProblemCode> {
    let (state, cause) = match done {
        Ok(()) => (Condition::Ok, None),
        Err(GateError::Overloaded) => (Condition::Busy, None),
        Err(error @ (GateError::Deadline | GateError::Store(StoreError::Unavailable(_)))) => {
            tracing::warn!(%error, "not ready");
            (Condition::Unreachable, None)
        }
        Err(GateError::Store(StoreError::Refused(refusal))) => return Ok(refused(part, refusal.cause)),
        Err(GateError::Store(StoreError::ReadOnly(why))) => {
            let cause = match why {
                ReadOnly::Damaged(_) => "damaged",
                ReadOnly::DiskFull => "disk-full",
                ReadOnly::File => "file",
            };
            (Condition::ReadOnly, Some(cause))
        }
        Err(defect) => return Err(ApiError::from(defect).problem().code),
    };
    Ok(Part { part, state, cause })
}
