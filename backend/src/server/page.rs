//! The page's files: built and compressed by `cargo xtask dist`, and embedded in the binary.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use shared::bytes::Base64Url;

use crate::server::headers::{PAGE_CSP, SERVICE_WORKER_CSP, WORKER_CSP};

/// The folder that `cargo xtask` fills. A release embeds only the compressed files: uncompressed, they would be a
/// quarter of the binary, and every browser accepts br or gzip. A debug build reads the folder when it starts; a page
/// for development is not compressed. A build without a page serves a line that says so.
#[derive(RustEmbed)]
#[folder = "../dist/page"]
#[cfg_attr(not(debug_assertions), include = "*.br")]
#[cfg_attr(not(debug_assertions), include = "*.gz")]
#[allow_missing = true]
struct Embedded;

/// Every file of the page, by its path.
#[derive(Default)]
pub struct Page(HashMap<String, PageFile>);

/// One file in its encodings.
struct PageFile {
    content_type: &'static str,
    csp: Option<HeaderValue>,
    /// True if its name holds a hash of its content.
    immutable: bool,
    /// Uncompressed. Inflated for the first client that accepts nothing else, and cached.
    identity: OnceLock<Variant>,
    brotli: Option<Variant>,
    gzip: Option<Variant>,
}

#[derive(Clone)]
struct Variant {
    bytes: Bytes,
    etag: HeaderValue,
}

impl Variant {
    fn new(bytes: impl Into<Bytes>, hash: &[u8]) -> Self {
        let etag = format!("\"{}\"", Base64Url::encode(&hash[..16]));
        Self { bytes: bytes.into(), etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")) }
    }

    /// Inflates a gzip variant.
    fn inflated(&self) -> Self {
        let mut bytes = Vec::new();
        // The build made the data, so it inflates; if not, the client gets a truncated file.
        if let Err(error) = GzDecoder::new(&*self.bytes).read_to_end(&mut bytes) {
            tracing::error!(%error, "a file of the page cannot be inflated");
        }
        let hash = Sha256::digest(&bytes);
        Self::new(bytes, &hash)
    }
}

impl Page {
    /// The files inside this binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self::new(Embedded::iter().filter_map(|name| {
            let file = Embedded::get(&name)?;
            Some((name.into_owned(), file.data, file.metadata.sha256_hash()))
        }))
    }

    /// A page of these files: name, bytes, and a hash of the bytes. `NAME.br` and `NAME.gz` are encodings of `NAME`.
    /// `NAME` itself may be absent if `NAME.gz` is there.
    #[must_use]
    pub fn new(files: impl Iterator<Item = (String, Cow<'static, [u8]>, [u8; 32])>) -> Self {
        let variant = |bytes, hash: &[u8]| match bytes {
            Cow::Borrowed(bytes) => Variant::new(bytes, hash),
            Cow::Owned(bytes) => Variant::new(bytes, hash),
        };
        let mut variants: HashMap<String, Variant> =
            files.map(|(name, bytes, hash)| (name, variant(bytes, &hash))).collect();
        let plain = |name: &String| name.trim_end_matches(".br").trim_end_matches(".gz").to_owned();
        let names: BTreeSet<String> = variants.keys().map(plain).collect();
        let mut page = HashMap::new();
        for name in names {
            let identity = variants.remove(&name).map_or(OnceLock::new(), OnceLock::from);
            let mut file = PageFile {
                content_type: content_type(&name),
                csp: None,
                immutable: has_hash(&name),
                identity,
                brotli: variants.remove(&format!("{name}.br")),
                gzip: variants.remove(&format!("{name}.gz")),
            };
            file.csp = csp(&name, || file.identity().bytes.clone());
            page.insert(name, file);
        }
        Self(page)
    }
}

impl Page {
    /// The names of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The answer to a request for a path with these headers; `None` if there is no such file.
    pub fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let name = match path.trim_start_matches('/') {
            "" => "index.html",
            name => name,
        };
        self.0.get(name).map(|file| file.answer(headers))
    }
}

impl PageFile {
    fn identity(&self) -> &Variant {
        self.identity.get_or_init(|| self.gzip.as_ref().map_or(Variant::new(Bytes::new(), &[0; 16]), Variant::inflated))
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let (variant, encoding) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if accepts(request, "br") => (brotli, Some("br")),
            (_, Some(gzip)) if accepts(request, "gzip") => (gzip, Some("gzip")),
            _ => (self.identity(), None),
        };
        let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let etag = variant.etag.to_str().unwrap_or_default();
        let unchanged = known.flat_map(|list| list.split(',')).any(|one| one.trim() == etag || one.trim() == "*");
        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(variant.bytes.clone()))
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, variant.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let cache = if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if let Some(csp) = &self.csp {
            headers.insert(header::CONTENT_SECURITY_POLICY, csp.clone());
        }
        response
    }
}

/// Returns true if the request names this encoding with a weight above zero (RFC 9110, section 12.5.3).
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
        named && weight.unwrap_or(1.0) > 0.0
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

fn csp(name: &str, bytes: impl FnOnce() -> Bytes) -> Option<HeaderValue> {
    if name.ends_with(".html") {
        // The policy allows the document's one inline script by its hash, and so no other.
        let bytes = bytes();
        let allowed = match inline_script(&bytes) {
            Some(script) => PAGE_CSP.replace("script-src", &format!("script-src 'sha256-{}'", source_hash(script))),
            None => PAGE_CSP.to_owned(),
        };
        HeaderValue::try_from(allowed).ok()
    } else if ["keyring-", "judge-"].iter().any(|worker| name.starts_with(worker)) && name.ends_with(".js") {
        Some(HeaderValue::from_static(WORKER_CSP))
    } else if name == "service-worker.js" {
        Some(HeaderValue::from_static(SERVICE_WORKER_CSP))
    } else {
        None
    }
}

/// The content of the document's script element without `src`, as Trunk writes it.
fn inline_script(html: &[u8]) -> Option<&str> {
    let (_, rest) = str::from_utf8(html).ok()?.split_once("<script type=\"module\">")?;
    rest.split_once("</script>").map(|(script, _)| script)
}

/// A hash of a script as a policy names it (Content Security Policy Level 3, section 2.3.1).
fn source_hash(script: &str) -> String {
    Base64::encode_string(&Sha256::digest(script))
}

/// Looks for a content hash in the name of the file or of a folder on its path: hexadecimal digits between a dash and a
/// full stop or the end. There are 16 of them, fewer in names that Trunk gives: it writes no leading zeros.
fn has_hash(name: &str) -> bool {
    let is_hash = |part: &str| (8..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let stem = |segment| str::split(segment, '.').next().unwrap_or(segment);
    name.split('/').any(|segment| stem(segment).rsplit_once('-').is_some_and(|(_, part)| is_hash(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_hash_recognises_hashed_names() {
        for name in [
            "app-0123456789abcdef.css",
            "text-en-0123456789abcdef.txt",
            "a/b-0123456789abcdef.js",
            "page-0123456789abcdef/page.js",
            "page-123456789abcdef.css",
        ] {
            assert!(has_hash(name), "{name}");
        }
        for name in [
            "index.html",
            "favicon.svg",
            "app-0123.css",
            "app-decade.css",
            "0123456789abcdef.css",
            "app-0123456789abcdeg.css",
        ] {
            assert!(!has_hash(name), "{name}");
        }
    }

    #[test]
    fn policy_allows_the_inline_script_by_its_hash_only() {
        let html = "<p><script type=\"module\">\n1</script><script>2</script>";
        assert_eq!(inline_script(html.as_bytes()), Some("\n1"));
        // By openssl: printf '\n1' | openssl dgst -sha256 -binary | base64
        let hash = "790w0d2loaMp7p0L9hOH7n4lTsaUd+F84cQ3DSjists=";
        assert_eq!(source_hash("\n1"), hash);
        let policy = csp("index.html", || html.into()).unwrap();
        let policy = policy.to_str().unwrap();
        assert!(policy.contains(&format!("script-src 'sha256-{hash}' 'self' 'wasm-unsafe-eval';")), "{policy}");
        assert!(!policy.contains("unsafe-inline"));
        assert_eq!(csp("index.html", || "<p>".into()).unwrap(), PAGE_CSP);
    }

    #[test]
    fn compressed_file_is_inflated_for_a_client_without_encodings() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"<p>plain").unwrap();
        let files = [("index.html.gz", gzip.finish().unwrap()), ("index.html.br", b"brotli".to_vec())];
        let page = Page::new(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.into(), [1; 32])));
        assert_eq!(page.0.keys().collect::<Vec<_>>(), ["index.html"]);
        let file = &page.0["index.html"];
        assert_eq!(file.identity().bytes, "<p>plain");
        assert_ne!(file.identity().etag, file.gzip.as_ref().unwrap().etag);
        assert_eq!(file.csp.as_ref().unwrap(), PAGE_CSP);
    }

    #[test]
    fn encodings_are_negotiated() {
        let accepts = |value: &'static str, encoding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            super::accepts(&headers, encoding)
        };
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("gzip;q=0.5, BR;q=0.1", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("gzip, brotli", "br"));
        assert!(!accepts("", "gzip"));
    }
}
