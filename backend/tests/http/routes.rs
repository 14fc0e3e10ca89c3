//! Rules for every route: fresh sessions, headers of answers, and the OpenAPI document.

use axum::http::StatusCode;
use backend::server::headers::{BROWSER_HEADERS, Sent};
use serde_json::Value;
use shared::ids::AccountId;

use crate::access::{ROUTES, Route, with_some_id};
use crate::harness::{App, request};

/// The routes that need a fresh session.
const FRESH: [&str; 4] = [
    "DELETE /api/v1/accounts/current",
    "DELETE /api/v1/passkeys/{id}",
    "POST /api/v1/credentials/finish",
    "POST /api/v1/credentials/start",
];

/// Every route that needs a session.
fn private_routes() -> impl Iterator<Item = Route> {
    ROUTES.into_iter().filter(|route| route.3)
}

/// A session that is ten minutes old can read and write entries, but cannot change the secrets that open the vault.
#[tokio::test]
async fn protected_routes_need_a_fresh_session() {
    let app = App::new();
    app.settle(1);
    let account = AccountId::from_random([1; 16]);
    let almost = app.open(account, 2, backend::now() - 590_000);
    let stale = app.open(account, 3, backend::now() - 601_000);
    for route in private_routes() {
        let (method, pattern, ..) = route;
        if pattern == "/api/v1/sessions" && method == "DELETE" || pattern.ends_with("/sessions/current") {
            continue;
        }
        let path = format!("{}?replaces=1", with_some_id(route));
        let body = ["PUT", "POST"].contains(&method).then(|| b"{}".to_vec());
        let answer = app.send(request(method, &path, Some(&stale), body.clone())).await;
        let must_be_fresh = FRESH.contains(&format!("{method} {pattern}").as_str());
        let refused = answer.status == StatusCode::FORBIDDEN && answer.problem() == "log-in-again";
        assert_eq!(refused, must_be_fresh, "{method} {path}: {answer:?}");
        if must_be_fresh && method == "POST" {
            let answer = app.send(request(method, &path, Some(&almost), body)).await;
            assert_eq!(answer.problem(), "malformed-request", "the session is still fresh");
        }
    }
    assert_eq!(app.delete_at(&stale, "/api/v1/accounts/current").await.problem(), "log-in-again");
    assert_eq!(app.delete_at(&almost, "/api/v1/accounts/current").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn openapi_document_has_the_paths_and_defines_its_references() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in ["/api/v1/accounts/finish", "/api/v1/sessions/start", "/api/v1/passwords/{id}", "/readyz"] {
        assert!(paths.iter().any(|known| known == path), "{path} in {paths:?}");
    }
    // The document defines everything that it refers to.
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

/// The headers that every answer carries unless its handler sets another value.
const ON_EVERY_ANSWER: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

#[test]
fn tested_headers_are_all_that_every_answer_carries() {
    let sent = BROWSER_HEADERS.iter().filter(|header| matches!(header.sent, Sent::Always(_) | Sent::ByDefault(_)));
    let mut sent: Vec<_> = sent.map(|header| header.name.as_str()).collect();
    let mut tested: Vec<_> = ON_EVERY_ANSWER.iter().map(|(name, _)| *name).collect();
    // Its value depends on the answer, so it is tested by its beginning.
    tested.push("content-security-policy");
    sent.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, sent);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_an_id() {
    let app = App::new();
    let mut forged = request("GET", "/healthz", None, None);
    forged.headers_mut().insert("x-request-id", "forged".parse().unwrap());
    let answers = [
        app.get("/", None).await,
        app.get("/nothing/here", None).await,
        app.get("/api/v1/passwords", None).await,
        app.get("/api/v1/accounts/start", None).await,
        app.get("/api/v1/openapi.json", None).await,
        app.send(forged).await,
    ];
    let mut ids = Vec::new();
    for answer in answers {
        for (name, value) in ON_EVERY_ANSWER {
            assert_eq!(answer.headers[name], value, "{name} of {answer:?}");
        }
        assert!(answer.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let is_document = answer.headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        assert_eq!(answer.headers.contains_key("permissions-policy"), is_document);
        ids.push(answer.headers["x-request-id"].to_str().unwrap().to_owned());
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "each request has an id of its own");
    assert!(!ids.contains(&"forged".to_owned()));
}

#[tokio::test]
async fn wrong_path_and_wrong_method_have_different_answers() {
    let app = App::new();
    assert_eq!(app.get("/api/v1/nothing", None).await.problem(), "not-found");
    assert_eq!(app.send(request("POST", "/", None, None)).await.problem(), "not-found");
    assert_eq!(app.send(request("PATCH", "/api/v1/passwords", None, None)).await.problem(), "method-not-allowed");
}
