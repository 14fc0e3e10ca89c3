//! Putting, listing and deleting entries.

use axum::http::StatusCode;
use serde_json::json;
use shared::bytes::Base64Url;
use shared::limits::BODY_MAX;
use shared::passwords::FORMAT;

use crate::harness::{App, ENTRIES_MAX, entry_id, request, sealed};

#[tokio::test]
async fn entry_is_put_listed_and_deleted() {
    let app = App::new();
    let token = app.settle(1);
    let put = app.put(entry_id(1), &token, 0, 7).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    assert_eq!((put.json()["version"].clone(), put.json()["change_no"].clone()), (json!(1), json!(1)));
    assert_eq!(app.put(entry_id(1), &token, 0, 7).await.json(), put.json(), "sent twice, done once");

    let list = app.get("/api/v1/passwords?since=0", Some(&token)).await.json();
    assert_eq!(list["latest"], 1);
    assert_eq!(list["more"], false);
    assert_eq!(list["entries"][0]["id"], entry_id(1).to_string());
    assert_eq!(list["entries"][0]["sealed"], sealed(7));
    assert_eq!(app.get("/api/v1/passwords?since=1", Some(&token)).await.json()["entries"], json!([]));

    let deleted = app.delete(entry_id(1), &token, 1).await;
    assert_eq!(deleted.json()["version"], 2, "{deleted:?}");
    let list = app.get("/api/v1/passwords?since=1&limit=1", Some(&token)).await.json();
    assert_eq!(list["entries"][0]["sealed"], json!(null));
}

#[tokio::test]
async fn stale_put_returns_the_current_entry() {
    let app = App::new();
    let token = app.settle(1);
    app.put(entry_id(1), &token, 0, 7).await;
    let stale = app.put(entry_id(1), &token, 0, 8).await;
    assert_eq!((stale.status, stale.problem()), (StatusCode::CONFLICT, "stale-version".into()));
    assert_eq!(stale.json()["current"]["sealed"], sealed(7));
    let stale = app.delete(entry_id(1), &token, 5).await;
    assert_eq!(stale.json()["current"]["version"], 1);
}

#[tokio::test]
async fn entry_of_another_account_is_answered_like_a_missing_one() {
    let app = App::new();
    let (ada, bob) = (app.settle(1), app.settle(2));
    app.put(entry_id(1), &ada, 0, 7).await;
    let theirs = app.delete(entry_id(1), &bob, 1).await;
    let missing = app.delete(entry_id(2), &bob, 1).await;
    assert_eq!(theirs.problem(), "not-found");
    assert_eq!((theirs.status, &theirs.body), (missing.status, &missing.body));
    let theirs = app.put(entry_id(1), &bob, 1, 8).await;
    let missing = app.put(entry_id(2), &bob, 1, 8).await;
    assert_eq!(theirs.problem(), "not-found");
    assert_eq!((theirs.status, &theirs.body), (missing.status, &missing.body));
    assert_eq!(app.get("/api/v1/passwords", Some(&bob)).await.json()["entries"], json!([]));
}

#[tokio::test]
async fn put_into_a_full_vault_is_refused() {
    let app = App::new();
    let token = app.settle(1);
    for tag in 0..ENTRIES_MAX {
        assert_eq!(app.put(entry_id(tag as u8), &token, 0, 7).await.status, StatusCode::OK);
    }
    let full = app.put(entry_id(99), &token, 0, 7).await;
    assert_eq!((full.status, full.problem()), (StatusCode::INSUFFICIENT_STORAGE, "vault-full".into()));
}

#[tokio::test]
async fn invalid_input_is_malformed() {
    let app = App::new();
    let token = app.settle(1);
    let put = async |id: &str, body: String| {
        let path = format!("/api/v1/passwords/{id}");
        let answer = app.send(request("PUT", &path, Some(&token), Some(body.into_bytes()))).await;
        (answer.status.as_u16(), answer.problem())
    };
    let malformed = (400, "malformed-request".to_owned());
    let id = entry_id(1).to_string();
    let good = format!(r#"{{"replaces":0,"sealed":"{}"}}"#, sealed(7));
    for wrong in ["", "{", "[]", "null", "\"x\"", "{}", r#"{"replaces":0}"#, r#"{"replaces":-1,"sealed":""}"#] {
        assert_eq!(put(&id, wrong.into()).await, malformed, "{wrong}");
    }
    let not_base64 = format!(r#"{{"replaces":0,"sealed":"{}"}}"#, sealed(7).replace('B', "!"));
    let unknown_format = {
        let mut bytes = Base64Url::decode(&sealed(7)).unwrap().0;
        bytes[0] = FORMAT + 1;
        format!(r#"{{"replaces":0,"sealed":"{}"}}"#, Base64Url::encode(&bytes))
    };
    let extra = good.replace("\"replaces\"", "\"name\":\"GitHub\",\"replaces\"");
    for wrong in [not_base64, unknown_format, extra, good.replace("\"sealed\":\"", "\"sealed\":\"AAAA")] {
        assert_eq!(put(&id, wrong.clone()).await, malformed, "{wrong}");
    }
    // Not a UUID, and a UUID of another version.
    for wrong in ["x", "01a0c8f5-0000-4000-8000-000000000000"] {
        assert_eq!(put(wrong, good.clone()).await, malformed, "{wrong}");
    }
    let large = format!(r#"{{"replaces":0,"sealed":"{}"}}"#, "A".repeat(BODY_MAX));
    assert_eq!(put(&id, large).await, (413, "body-too-large".into()));
    for query in ["since=-1", "since=x", "limit=0", "limit=1001", "limit=9999999999", "order=name"] {
        let answer = app.get(&format!("/api/v1/passwords?{query}"), Some(&token)).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), malformed, "{query}");
    }
    let no_type = app.send(
        axum::http::Request::put(format!("/api/v1/passwords/{id}"))
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(good.clone()))
            .unwrap(),
    );
    assert_eq!(no_type.await.problem(), "unsupported-media-type");
    assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.json()["latest"], 0, "nothing of it was written");
}
