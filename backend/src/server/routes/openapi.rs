//! The OpenAPI document, generated from the handlers and the types of `shared`, and served.

use shared::problem::{PROBLEM_JSON, Problem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// Path of the document.
pub const PATH: &str = "/api/v1/openapi.json";

/// The document without its paths; the router adds them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Passmint",
        description = "Accounts, sessions and sealed entries. Entries are encrypted by the client; the server cannot \
                       open them."
    ),
    components(schemas(Problem)),
    modifiers(&Bearer)
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("session", scheme);
    }
}

/// Refusals of the layers around every handler.
const ALWAYS: [(&str, &str); 3] =
    [("408", "request-timeout"), ("500", "internal"), ("503", "overloaded or store-unavailable, with Retry-After")];
/// Refusals of the extractor of a session.
const WITH_SESSION: [(&str, &str); 1] = [("401", "session-ended")];
/// Refusals of the extractors of path and query.
const WITH_PARAMETERS: [(&str, &str); 1] = [("400", "malformed-request")];
/// Refusals of the extractor of a body.
const WITH_BODY: [(&str, &str); 3] =
    [("400", "malformed-request"), ("413", "body-too-large"), ("415", "unsupported-media-type")];

/// Completes the document: adds to each operation the refusals of its extractors and of the layers, so that handlers
/// list only their own; and gives every refusal without a body of its own the body that they all have, a [`Problem`].
#[must_use]
pub fn completed(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for PathItem { get, put, post, delete, .. } in document.paths.paths.values_mut() {
        for operation in [get, put, post, delete].into_iter().flatten() {
            let with_session = operation.security.iter().flat_map(|_| WITH_SESSION);
            let with_parameters = operation.parameters.iter().flat_map(|_| WITH_PARAMETERS);
            let with_body = operation.request_body.iter().flat_map(|_| WITH_BODY);
            let shared = with_session.chain(with_parameters).chain(with_body).chain(ALWAYS).collect::<Vec<_>>();
            let answers = &mut operation.responses.responses;
            for (status, description) in shared {
                let answer = ResponseBuilder::new().description(description).build();
                answers.entry(status.to_owned()).or_insert(answer.into());
            }
            for (status, answer) in answers.iter_mut() {
                if let RefOr::T(answer) = answer
                    && answer.content.is_empty()
                    && (status.starts_with('4') || status.starts_with('5'))
                {
                    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                    answer.content.insert(PROBLEM_JSON.to_owned(), problem.into());
                }
            }
        }
    }
    document
}
