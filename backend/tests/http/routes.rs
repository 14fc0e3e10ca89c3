//! Rules for every route: proofs, headers of answers, and the OpenAPI document.

use backend::server::headers::{BROWSER_HEADERS, Sent};
use serde_json::Value;

use crate::harness::{App, CHANGES, request};

#[tokio::test]
async fn openapi_document_has_the_paths_and_defines_its_references() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    for path in ["/api/v1/accounts/finish", "/api/v1/sessions/start", "/api/v1/changes", "/readyz"] {
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

/// The requests that carry a proof, by the document, are those that [`crate::proofs`] tests.
#[tokio::test]
async fn requests_with_a_proof_are_those_that_are_tested() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let has_proof = |operation: &Value| {
        let body = operation.pointer("/requestBody/content/application~1json/schema/$ref")?.as_str()?;
        let schema = document.pointer(body.trim_start_matches('#'))?;
        schema
            .pointer("/properties/proof")
            .map(|_| schema["required"].as_array().is_some_and(|it| it.contains(&"proof".into())))
    };
    let paths = document["paths"].as_object().unwrap().iter();
    let with_proof: Vec<_> =
        paths.filter_map(|(path, methods)| Some((path.as_str(), has_proof(&methods["post"])?))).collect();
    let tested: Vec<_> = crate::proofs::PROTECTED.iter().map(|path| (*path, true)).collect();
    assert_eq!(with_proof, tested);
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
        app.get(CHANGES, None).await,
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
    assert_eq!(app.send(request("PATCH", CHANGES, None, None)).await.problem(), "method-not-allowed");
}
