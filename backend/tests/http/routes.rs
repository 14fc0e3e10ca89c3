//! What holds for every route: who may use it, what its answers carry, how it is described.

use axum::http::{StatusCode, header};
use serde_json::Value;
use shared::ids::AccountId;

use crate::harness::{App, entry_id, request};

const PASSKEY: &str = "cGFzc2tleQ";
const SESSION: &str = "AAECAwQFBgcICQoLDA0ODw";

/// Those of [`private_routes`] for which a session has to be fresh, too.
const FRESH: [&str; 4] = [
    "DELETE /api/v1/accounts/current",
    "DELETE /api/v1/passkeys/{id}",
    "POST /api/v1/credentials/finish",
    "POST /api/v1/credentials/start",
];

/// A route as the document describes it.
fn pattern(method: &str, path: &str) -> String {
    let entry = entry_id(1).to_string();
    let path = [&entry, PASSKEY, SESSION].iter().fold(path.to_owned(), |path, id| path.replace(*id, "{id}"));
    format!("{method} {}", path.split('?').next().unwrap())
}

/// Every route that needs a session: method and path.
fn private_routes() -> Vec<(&'static str, String)> {
    let entry = format!("/api/v1/passwords/{}", entry_id(1));
    vec![
        ("DELETE", "/api/v1/accounts/current".into()),
        ("POST", "/api/v1/credentials/start".into()),
        ("POST", "/api/v1/credentials/finish".into()),
        ("GET", "/api/v1/passkeys".into()),
        ("DELETE", format!("/api/v1/passkeys/{PASSKEY}")),
        ("GET", "/api/v1/sessions".into()),
        ("DELETE", "/api/v1/sessions".into()),
        ("DELETE", "/api/v1/sessions/current".into()),
        ("DELETE", format!("/api/v1/sessions/{SESSION}")),
        ("GET", "/api/v1/passwords".into()),
        ("PUT", entry.clone()),
        ("DELETE", format!("{entry}?replaces=1")),
    ]
}

#[tokio::test]
async fn without_a_session_that_goes_on_there_is_no_way_in() {
    let app = App::new();
    let token = app.settle(1);
    let revoked = app.open(AccountId::from_random([1; 16]), 2, backend::now());
    app.send(request("DELETE", "/api/v1/sessions/current", Some(&revoked), None)).await;
    let expired = app.open(AccountId::from_random([1; 16]), 3, backend::now() - 1_800_000);
    let never_given = shared::login::session_token(&[9; 64]).expose_as_bearer();
    for (method, path) in private_routes() {
        let body = ["PUT", "POST"].contains(&method).then(|| b"{}".to_vec());
        for wrong in [None, Some(""), Some("x"), Some(&*revoked), Some(&*expired), Some(&never_given)] {
            let answer = app.send(request(method, &path, wrong, body.clone())).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "session-ended".into()));
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        }
        let mut basic = request(method, &path, None, body.clone());
        basic.headers_mut().insert(header::AUTHORIZATION, format!("Basic {token}").parse().unwrap());
        assert_eq!(app.send(basic).await.problem(), "session-ended");
    }
    assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_private_routes_above_are_all_there_are() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.get("security").is_some() {
                described.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    described.sort();
    let mut tested: Vec<_> = private_routes().into_iter().map(|(method, path)| pattern(method, &path)).collect();
    tested.sort();
    assert_eq!(described, tested);
}

/// A session that is good but ten minutes old: it reads and writes entries, and changes nothing of what opens the vault.
#[tokio::test]
async fn what_a_stolen_session_must_not_do_needs_a_fresh_one() {
    let app = App::new();
    app.settle(1);
    let account = AccountId::from_random([1; 16]);
    let almost = app.open(account, 2, backend::now() - 590_000);
    let stale = app.open(account, 3, backend::now() - 601_000);
    for (method, path) in private_routes() {
        if path == "/api/v1/sessions" && method == "DELETE" || path.ends_with("/sessions/current") {
            continue;
        }
        let body = ["PUT", "POST"].contains(&method).then(|| b"{}".to_vec());
        let answer = app.send(request(method, &path, Some(&stale), body.clone())).await;
        let must_be_fresh = FRESH.contains(&pattern(method, &path).as_str());
        let refused = answer.status == StatusCode::FORBIDDEN && answer.problem() == "log-in-again";
        assert_eq!(refused, must_be_fresh, "{method} {path}: {answer:?}");
        if must_be_fresh && method == "POST" {
            let answer = app.send(request(method, &path, Some(&almost), body)).await;
            assert_eq!(answer.problem(), "malformed-request", "it gets as far as the body");
        }
    }
    assert_eq!(app.delete_at(&stale, "/api/v1/accounts/current").await.problem(), "log-in-again");
    assert_eq!(app.delete_at(&almost, "/api/v1/accounts/current").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_interface_is_described() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in ["/api/v1/accounts/finish", "/api/v1/sessions/start", "/api/v1/passwords/{id}", "/readyz"] {
        assert!(paths.iter().any(|known| known == path), "{path} in {paths:?}");
    }
    // Whatever it refers to, it defines.
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
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
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
async fn wrong_paths_and_methods_are_told_apart() {
    let app = App::new();
    assert_eq!(app.get("/api/v1/nothing", None).await.problem(), "not-found");
    assert_eq!(app.send(request("POST", "/", None, None)).await.problem(), "not-found");
    assert_eq!(app.send(request("PATCH", "/api/v1/passwords", None, None)).await.problem(), "method-not-allowed");
}
