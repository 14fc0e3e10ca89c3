//! The application: its state, its routes and the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::HeaderName;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use shared::limits::{BODY_MAX, OPEN_BODY_MAX};
use shared::problem::ProblemCode;
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::metrics;
use crate::server::client_address::{self, TrustedProxies};
use crate::server::error::ApiError;
use crate::server::headers;
use crate::server::routes::{
    accounts, changes, credentials, health, openapi, page, passkeys, proofs, sessions, setup, vault_key,
};
use crate::server::state::AppState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone, Copy, Debug)]
pub struct RequestBounds {
    /// Requests served at once. Further ones are answered 503 without waiting.
    pub requests: usize,
    /// Time limit of a request, from its head to the answer; the body's arrival counts.
    pub time: Duration,
}

pub fn app(state: AppState, bounds: RequestBounds, proxies: TrustedProxies) -> Router {
    // These read their bodies before they know who asks.
    let without_session = OpenApiRouter::new()
        .routes(routes!(accounts::start))
        .routes(routes!(accounts::finish))
        .routes(routes!(sessions::start))
        .routes(routes!(sessions::finish))
        .layer(DefaultBodyLimit::max(OPEN_BODY_MAX));
    let (api, document) = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .merge(without_session)
        .routes(routes!(setup::show))
        .routes(routes!(accounts::delete))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::end_listed))
        .routes(routes!(credentials::start))
        .routes(routes!(credentials::finish))
        .routes(routes!(passkeys::list))
        .routes(routes!(passkeys::remove))
        .routes(routes!(passkeys::challenge_log_in))
        .routes(routes!(passkeys::challenge_registration))
        .routes(routes!(credentials::changes))
        .routes(routes!(proofs::start))
        .routes(routes!(vault_key::start))
        .routes(routes!(vault_key::finish))
        .routes(routes!(changes::list, changes::save))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .split_for_parts();
    // Rendered once; the answer is the same each time.
    let document = serde_json::to_value(openapi::completed(document)).unwrap_or_default();
    let layers = ServiceBuilder::new()
        // An id of the client's own making would let it forge log lines.
        .map_request(|mut request: Request| {
            request.headers_mut().remove(REQUEST_ID);
            request
        })
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(answered).on_request(()).on_failure(()))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(from_fn_with_state(proxies, client_address::add_client))
        .layer(from_fn_with_state(Arc::clone(state.store().metrics()), metrics::observe))
        .layer(from_fn(headers::add))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state((Arc::new(Semaphore::new(bounds.requests)), bounds.time), bound))
        .layer(DefaultBodyLimit::max(BODY_MAX));
    api.route(openapi::PATH, get(|| async { Json(document) }))
        .fallback(page::serve)
        .method_not_allowed_fallback(|| async { ApiError::from(ProblemCode::MethodNotAllowed) })
        .layer(layers)
        .with_state(state)
}

/// Refuses requests beyond the limit, and ends those that exceed their time.
async fn bound(State((permits, time)): State<(Arc<Semaphore>, Duration)>, request: Request, next: Next) -> Response {
    let Ok(_permit) = permits.try_acquire() else {
        return ApiError::from(ProblemCode::Overloaded).into_response();
    };
    // Store calls have a shorter deadline of their own. A request that reaches this one is a slow body.
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::from(ProblemCode::RequestTimeout).into_response(),
    }
}

/// The log's span of a request. It names the path's pattern, and never the path, query, headers or body.
fn span(request: &Request) -> tracing::Span {
    let path = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str);
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or("");
    tracing::info_span!("request", id, method = %request.method(), path)
}

fn answered(response: &Response, latency: Duration, _: &tracing::Span) {
    let status = response.status().as_u16();
    let ms = latency.as_secs_f64() * 1000.0;
    tracing::info!(status, ms, "answered");
}

/// Drops the panic's message: it may quote a secret. The panic hook of `logging` logs the place.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::from(ProblemCode::Internal).into_response()
}
