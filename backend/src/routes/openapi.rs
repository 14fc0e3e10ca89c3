//! The OpenAPI document, generated from the handlers and the types of `shared`, and served.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Where the document is served.
pub const PATH: &str = "/api/v1/openapi.json";

/// What every document starts with; the router adds the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Passmint",
        description = "Accounts, sessions and sealed entries. Entries are encrypted by the client; the server cannot \
                       open them. Any operation may also answer 500 internal, or 503 overloaded or store-unavailable \
                       with Retry-After."
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
