//! Serving the page's files.

use axum::http::{StatusCode, header};

use crate::harness::{Answer, App, page, request};

fn app() -> App {
    App::with_page(page(&[
        ("index.html", "<html>"),
        ("index.html.br", "br of html"),
        ("index.html.gz", "gz of html"),
        ("page-0123456789abcdef.wasm", "wasm"),
        ("keyring-0123456789abcdef.js", "js"),
        ("service-worker.js", "js"),
        ("favicon.svg", "<svg>"),
    ]))
}

async fn get(app: &App, path: &str, extra: &[(header::HeaderName, &str)]) -> Answer {
    let mut request = request("GET", path, None, None);
    for (name, value) in extra {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    app.send(request).await
}

#[tokio::test]
async fn files_have_their_cache_policy_and_type() {
    let app = app();
    let index = get(&app, "/", &[]).await;
    assert_eq!((index.status, &*index.body), (StatusCode::OK, &b"<html>"[..]));
    assert_eq!(index.headers[header::CACHE_CONTROL], "no-cache");
    assert_eq!(index.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = index.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
    assert!(!policy.contains("'unsafe-"), "{policy}");
    let wasm = get(&app, "/page-0123456789abcdef.wasm", &[]).await;
    assert_eq!(wasm.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(wasm.headers[header::CONTENT_TYPE], "application/wasm");
    assert_eq!(get(&app, "/favicon.svg", &[]).await.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn keyring_policy_allows_no_request() {
    let keyring = get(&app(), "/keyring-0123456789abcdef.js", &[]).await;
    let policy = keyring.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'wasm-unsafe-eval';"), "{policy}");
    assert!(!policy.contains("connect-src"), "{policy}");
}

#[tokio::test]
async fn service_worker_is_revalidated_and_fetches_from_this_origin_only() {
    let worker = get(&app(), "/service-worker.js", &[]).await;
    assert_eq!(worker.headers[header::CACHE_CONTROL], "no-cache");
    let policy = worker.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; connect-src 'self';"), "{policy}");
}

#[tokio::test]
async fn encodings_are_negotiated_and_tagged_apart() {
    let app = app();
    let mut tags = Vec::new();
    for (accept, encoding, body) in
        [("gzip, br", Some("br"), "br of html"), ("gzip", Some("gzip"), "gz of html"), ("br;q=0", None, "<html>")]
    {
        let answer = get(&app, "/", &[(header::ACCEPT_ENCODING, accept)]).await;
        assert_eq!(answer.headers.get(header::CONTENT_ENCODING).map(|e| e.to_str().unwrap()), encoding);
        assert_eq!(answer.body, body.as_bytes());
        assert_eq!(answer.headers[header::VARY], "accept-encoding");
        tags.push(answer.headers[header::ETAG].clone());
    }
    assert!(tags[0] != tags[1] && tags[1] != tags[2]);
    let tag = tags[2].to_str().unwrap();
    let again = get(&app, "/", &[(header::IF_NONE_MATCH, tag)]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let other = get(&app, "/", &[(header::IF_NONE_MATCH, "\"other\"")]).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn only_the_pages_own_files_are_served() {
    let app = app();
    for path in ["/index.html.br", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd", "/nothing.js"] {
        assert_eq!(get(&app, path, &[]).await.problem(), "not-found", "{path}");
    }
    let head = app.send(request("HEAD", "/", None, None)).await;
    assert_eq!(
        (head.status, head.headers[header::CONTENT_TYPE].to_str().unwrap()),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn build_without_a_page_serves_a_notice() {
    let answer = get(&App::new(), "/", &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(String::from_utf8(answer.body).unwrap().contains("cargo xtask dist"));
}
