//! `passmint verify URL` and `passmint status`: tampering and faults are reported.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use backend::commands::http_client::TrustArgs;
use backend::commands::status::{ServerStatus, StatusArgs};
use backend::commands::verify_url::{Comparison, compare};
use backend::server::client_address::{Connection, Peer, TrustedProxies};
use backend::server::headers::{BROWSER_HEADERS, BrowserHeader, Sent};
use backend::server::{listener, page::Page};
use backend::store::{LogInRefusal, ReadOnly, RefusalCause, StoreError};
use tokio::net::TcpListener;

use crate::bounds::fake_store;
use crate::connections::BOUNDS;
use crate::harness::{App, page, request};

const FILES: [(&str, &str); 5] = [
    ("index.html", "<html>"),
    ("index.html.br", "br of html"),
    ("index.html.gz", "gz of html"),
    ("keyring-0123456789abcdef.js", "js"),
    ("service-worker.js", "worker"),
];

/// Serves an application on a new port until the test ends.
async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let time = Duration::from_secs(5);
    let bounds = listener::ConnectionBounds { head: time, send: time, grace: Duration::ZERO, ..BOUNDS };
    tokio::spawn(listener::serve(listener, router, bounds, TrustedProxies::default(), std::future::pending()));
    address
}

/// Runs blocking work on another thread than the server's.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(done.send(work())));
    result.await.unwrap()
}

async fn compared(router: axum::Router) -> Comparison {
    let url = format!("http://{}/", serve(router).await);
    beside(move || compare(page(&FILES), &url, &TrustArgs::default()).unwrap()).await
}

fn changed(name: &str, text: &'static str) -> Page {
    page(&FILES.map(|(file, content)| (file, if file == name { text } else { content })))
}

#[tokio::test]
async fn same_page_has_no_differences() {
    let same = compared(App::with_page(page(&FILES)).router).await;
    assert_eq!(same, Comparison { files: 3, differences: vec![] });
}

#[tokio::test]
async fn changed_file_is_reported_in_each_encoding() {
    for (file, told) in [
        ("index.html", "/index.html (identity): is another file"),
        ("index.html.br", "/ (br): is another file"),
        ("index.html.gz", "/ (gzip): is another file"),
        ("keyring-0123456789abcdef.js", "/keyring-0123456789abcdef.js (br): is another file"),
        ("service-worker.js", "/service-worker.js (br): is another file"),
    ] {
        let seen = compared(App::with_page(changed(file, "tampered")).router).await.differences;
        assert!(seen.iter().any(|difference| difference.starts_with(told)), "{file}: {seen:?}");
    }
    let missing = page(&FILES[..4]);
    let seen = compared(App::with_page(missing).router).await.differences;
    assert_eq!(seen, ["/service-worker.js (br): answered 404"]);
}

#[tokio::test]
async fn changed_headers_are_reported() {
    let meddle = |change: fn(&mut Response)| {
        let router = App::with_page(page(&FILES)).router;
        router.layer(axum::middleware::map_response(move |mut answer: Response| {
            change(&mut answer);
            std::future::ready(answer)
        }))
    };
    let weaker = |answer: &mut Response| {
        let policy = HeaderValue::from_static("default-src *");
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    };
    let without = |answer: &mut Response| drop(answer.headers_mut().remove(header::X_FRAME_OPTIONS));
    let more = |answer: &mut Response| {
        answer.headers_mut().insert(header::REFRESH, HeaderValue::from_static("0; url=https://evil.example"));
    };
    for (change, told) in [
        (weaker as fn(&mut Response), "has another header content-security-policy"),
        (without, "has no header x-frame-options"),
        (more, "has a header refresh, which Passmint does not send"),
    ] {
        let seen = compared(meddle(change)).await.differences;
        assert_eq!(seen.len(), 4, "each of three files, and the page itself: {seen:?}");
        assert!(seen.iter().all(|difference| difference.ends_with(told)), "{seen:?}");
    }
}

#[tokio::test]
async fn each_compared_header_is_reported_when_it_is_changed() {
    for BrowserHeader { name, is_compared, .. } in &BROWSER_HEADERS {
        let change = move |mut answer: Response| {
            // A header that is sent is removed; one that is not sent is added.
            if answer.headers_mut().remove(name).is_none() {
                answer.headers_mut().insert(name, HeaderValue::from_static("changed"));
            }
            std::future::ready(answer)
        };
        let router = App::with_page(page(&FILES)).router.layer(axum::middleware::map_response(change));
        let seen = compared(router).await.differences;
        let is_reported = seen.iter().any(|difference| difference.contains(name.as_str()));
        assert_eq!(is_reported, *is_compared, "{name}: {seen:?}");
    }
}

#[tokio::test]
async fn page_answers_carry_the_listed_headers_and_no_others() {
    // These headers describe the transfer and the request, and set no policy.
    const OTHERS: [&str; 4] = ["content-length", "etag", "vary", "x-request-id"];
    let app = App::with_page(page(&FILES));
    let mut sent = std::collections::BTreeSet::new();
    for file in ["/", "/keyring-0123456789abcdef.js", "/service-worker.js", "/nothing", "/api/v1/openapi.json"] {
        let mut ask = request("GET", file, None, None);
        ask.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
        ask.extensions_mut().insert(Connection { peer: Peer::Unix, tls: true });
        let headers = app.send(ask).await.headers;
        sent.extend(headers.keys().map(|name| name.as_str().to_owned()));
    }
    let listed = BROWSER_HEADERS.iter().filter(|header| header.sent != Sent::Never);
    let expected = listed.map(|header| header.name.as_str()).chain(OTHERS).map(str::to_owned);
    assert_eq!(sent, expected.collect());
}

#[tokio::test]
async fn compare_without_a_page_or_a_server_is_an_error() {
    let url = format!("http://{}", serve(App::new().router).await);
    let error = beside(move || compare(Page::default(), &url, &TrustArgs::default())).await.unwrap_err();
    assert!(error.to_string().contains("built without its page"), "{error}");
    let error = beside(|| compare(page(&FILES), "ftp://example", &TrustArgs::default())).await.unwrap_err();
    assert!(error.to_string().contains("is not an http or https URL"), "{error}");
    let error = beside(|| compare(page(&FILES), "http://127.0.0.1:1", &TrustArgs::default())).await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[tokio::test]
async fn status_distinguishes_ready_not_ready_and_unreachable() {
    let status = |url: String| {
        beside(move || {
            let metrics_url = Some(format!("{url}/metrics"));
            let mut out = Vec::new();
            let found = StatusArgs { url, metrics_url, trust: TrustArgs::default() }.report(&mut out).unwrap();
            (found, String::from_utf8(out).unwrap())
        })
    };
    let app = App::new();
    // The test serves the metrics on the server's own address, which `serve` never does.
    let both = app.router.clone().merge(backend::server::metrics_endpoint::router(app.gate.clone()));
    let (found, said) = status(format!("http://{}", serve(both).await)).await;
    assert_eq!(found, ServerStatus::Ready, "{said}");
    assert!(said.contains("ready        yes\n  server-key ok\n  reads      ok\n  writes     ok\n"), "{said}");
    assert!(said.contains(&format!("version      {}\n", env!("CARGO_PKG_VERSION"))), "{said}");

    let full = fake_store(|| Err(StoreError::ReadOnly(ReadOnly::DiskFull)));
    let (found, said) = status(format!("http://{}", serve(full.router.clone()).await)).await;
    assert_eq!(found, ServerStatus::NotReady, "{said}");
    assert!(said.contains("ready        no\n") && said.contains("  writes     read-only, disk-full\n"), "{said}");
    assert!(said.contains("metrics      answered 404\n"), "{said}");

    let refused = || LogInRefusal { cause: RefusalCause::AccountLocked, text: String::new(), pause: Duration::ZERO };
    let locked = fake_store(move || Err(StoreError::Refused(refused())));
    let (found, said) = status(format!("http://{}", serve(locked.router.clone()).await)).await;
    assert_eq!(found, ServerStatus::NotReady, "{said}");
    assert!(said.contains("  writes     refused, account-locked: the server's database user is locked\n"), "{said}");

    let other = axum::Router::new().fallback(|| async { "<html>Welcome" });
    let (found, said) = status(format!("http://{}", serve(other).await)).await;
    assert_eq!(found, ServerStatus::NotReady, "another server: {said}");

    let (found, said) = status("http://127.0.0.1:1".into()).await;
    assert_eq!(found, ServerStatus::Unreachable, "{said}");
    assert_eq!(
        [ServerStatus::Ready, ServerStatus::NotReady, ServerStatus::Unreachable].map(ServerStatus::exit_code),
        [0, 1, 2]
    );
}
