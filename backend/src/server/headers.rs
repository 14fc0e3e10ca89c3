//! The headers that every answer carries, whatever made it.

use axum::extract::Request;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::client_address::Client;

/// The page: its own scripts, styles and requests, WebAssembly, one Trusted Types policy, and nothing else. No form
/// may be sent by the browser itself: a passphrase could end up in a URL.
pub const PAGE_CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self'; img-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default";

/// The page's workers: WebAssembly that is handed to them. Who holds keys or passwords can send no request at all.
pub const WORKER_CSP: &str = "default-src 'none'; script-src 'wasm-unsafe-eval'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The service worker: it fetches the page's files, and no script can be put into it.
pub const SERVICE_WORKER_CSP: &str = "default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// Everything that is no document.
const NOTHING_CSP: &str = "default-src 'none'; frame-ancestors 'none'";

static ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Of what a page may ask a browser for, this one wants to write to the clipboard. Only a document's own counts, and it
/// is as long as all others together.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-write=(self), display-capture=(), \
    fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    publickey-credentials-get=(self), publickey-credentials-create=(self), usb=()";

/// A year of HTTPS only. Said only where HTTPS is, or the page would be out of reach; of no other host in the domain.
const HSTS: &str = "max-age=31536000";

/// Adds the headers. What a handler has set itself stays, but for [`ALWAYS`].
pub async fn add(request: Request, next: Next) -> Response {
    let https = request.extensions().get::<Client>().is_some_and(|client| client.https);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let is_document = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_document {
        headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    default(headers, header::CONTENT_SECURITY_POLICY, NOTHING_CSP);
    default(headers, header::CACHE_CONTROL, "no-store");
    response
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
