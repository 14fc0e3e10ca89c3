//! The OpenAPI document, generated from the handlers and the types of `shared`, and served.

use shared::problem::PROBLEM_JSON;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, PathItem, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// Where the document is served.
pub const PATH: &str = "/api/v1/openapi.json";

/// What every document starts with; the router adds the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Passmint",
        description = "Accounts, sessions and sealed entries. Entries are encrypted by the client; the server cannot \
                       open them."
    ),
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

/// What any operation may answer, beside what its handler says.
const ALWAYS: [(&str, &str); 3] =
    [("408", "request-timeout"), ("500", "internal"), ("503", "overloaded or store-unavailable, with Retry-After")];
/// What one with a body may answer.
const WITH_BODY: [(&str, &str); 3] =
    [("400", "malformed-request"), ("413", "body-too-large"), ("415", "unsupported-media-type")];

/// Adds to each operation what the layers around the handlers may answer.
#[must_use]
pub fn completed(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for PathItem { get, put, post, delete, .. } in document.paths.paths.values_mut() {
        for operation in [get, put, post, delete].into_iter().flatten() {
            let with_body = operation.request_body.iter().flat_map(|_| WITH_BODY);
            for (status, description) in with_body.chain(ALWAYS).collect::<Vec<_>>() {
                let content = Content::new(Some(Ref::from_schema_name("Problem")));
                let answer = ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build();
                operation.responses.responses.entry(status.to_owned()).or_insert(answer.into());
            }
        }
    }
    document
}
