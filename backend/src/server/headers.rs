//! The headers of every answer: policies for browsers, and their comparison by `passmint verify URL`.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::client_address::Client;

/// The page: its own scripts, styles and requests, WebAssembly, one Trusted Types policy, and nothing else. No form
/// may be sent by the browser itself: a passphrase could end up in a URL.
pub const PAGE_CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self'; img-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default";

/// The page's workers run WebAssembly that the page hands to them. They hold keys and passwords, so they may send no
/// request at all.
pub const WORKER_CSP: &str = "default-src 'none'; script-src 'wasm-unsafe-eval'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The service worker fetches the page's files; no script can be injected into it.
pub const SERVICE_WORKER_CSP: &str = "default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The policy of every answer that is not a document.
const NOTHING_CSP: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page writes to the clipboard and uses passkeys; every other browser feature is off.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-write=(self), display-capture=(), \
    fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    publickey-credentials-get=(self), publickey-credentials-create=(self), usb=()";

/// HTTPS only for a year, for this host and not for its subdomains.
const HSTS: &str = "max-age=31536000";

/// A header that decides what a browser does with an answer.
pub struct BrowserHeader {
    pub name: HeaderName,
    pub sent: Sent,
    /// True if `passmint verify URL` compares it. Proxies have good reasons to set the others.
    pub is_compared: bool,
}

/// When the server sends a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// On every answer, whatever the handler has set.
    Always(&'static str),
    /// On every answer for which the handler has not set it.
    ByDefault(&'static str),
    /// On HTML documents: other answers need not carry so long a value.
    OnDocuments(&'static str),
    /// On answers over HTTPS only: on plain HTTP it would make the page unreachable.
    OverHttps(&'static str),
    /// If the handler sets it.
    ByHandler,
    /// Never: if an answer has it, something between Passmint and the client added it.
    Never,
}

/// Every header of this kind. [`add`] sends them by this list, and `passmint verify URL` compares them by it.
pub static BROWSER_HEADERS: [BrowserHeader; 18] = [
    compared(header::CONTENT_TYPE, Sent::ByHandler),
    compared(header::CONTENT_ENCODING, Sent::ByHandler),
    compared(header::CONTENT_SECURITY_POLICY, Sent::ByDefault(NOTHING_CSP)),
    compared(header::CONTENT_SECURITY_POLICY_REPORT_ONLY, Sent::Never),
    compared(header::X_CONTENT_TYPE_OPTIONS, Sent::Always("nosniff")),
    compared(header::X_FRAME_OPTIONS, Sent::Always("DENY")),
    compared(header::REFERRER_POLICY, Sent::Always("no-referrer")),
    compared(HeaderName::from_static("cross-origin-opener-policy"), Sent::Always("same-origin")),
    compared(HeaderName::from_static("cross-origin-embedder-policy"), Sent::Always("require-corp")),
    compared(HeaderName::from_static("cross-origin-resource-policy"), Sent::Always("same-origin")),
    compared(HeaderName::from_static("permissions-policy"), Sent::OnDocuments(PERMISSIONS)),
    compared(HeaderName::from_static("service-worker-allowed"), Sent::Never),
    compared(header::REFRESH, Sent::Never),
    compared(header::LINK, Sent::Never),
    compared(header::SET_COOKIE, Sent::Never),
    compared(header::ACCESS_CONTROL_ALLOW_ORIGIN, Sent::Never),
    not_compared(header::STRICT_TRANSPORT_SECURITY, Sent::OverHttps(HSTS)),
    not_compared(header::CACHE_CONTROL, Sent::ByDefault("no-store")),
];

const fn compared(name: HeaderName, sent: Sent) -> BrowserHeader {
    BrowserHeader { name, sent, is_compared: true }
}

const fn not_compared(name: HeaderName, sent: Sent) -> BrowserHeader {
    BrowserHeader { name, sent, is_compared: false }
}

/// Adds [`BROWSER_HEADERS`] to an answer.
pub async fn add(request: Request, next: Next) -> Response {
    let is_https = request.extensions().get::<Client>().is_some_and(|client| client.https);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let is_document = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    for BrowserHeader { name, sent, .. } in &BROWSER_HEADERS {
        match sent {
            Sent::ByDefault(_) if headers.contains_key(name) => {}
            Sent::OnDocuments(_) if !is_document => {}
            Sent::OverHttps(_) if !is_https => {}
            Sent::Always(value) | Sent::ByDefault(value) | Sent::OnDocuments(value) | Sent::OverHttps(value) => {
                headers.insert(name, HeaderValue::from_static(value));
            }
            Sent::ByHandler | Sent::Never => {}
        }
    }
    response
}
