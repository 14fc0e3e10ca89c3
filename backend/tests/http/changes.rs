//! Saving and listing changes.

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::bytes::Base64Url;
use shared::changes::{CHANGES_PER_SAVE, Change, HEAD_LEN, OVERHEAD, SaveChanges, SealedHead};
use shared::limits::{BODY_MAX, BUCKETS};

use crate::harness::{Answer, App, CHANGES, ENTRIES_MAX, deletion, entry_id, head, request, sealed, sealed_under};

/// The head of a vault that [`App::settle`] made.
fn first() -> SealedHead {
    head(1, 0)
}

fn change(tag: u8, replaces: u32, version: u32, fill: u8) -> Change {
    Change { id: entry_id(tag), replaces, version, sealed: sealed(fill) }
}

async fn save(app: &App, token: &str, replaces: SealedHead, changes: Vec<Change>, head: SealedHead) -> Answer {
    app.post_in(token, CHANGES, &SaveChanges { replaces, changes, head }).await
}

async fn listed(app: &App, token: &str, query: &str) -> Value {
    let answer = app.get(&format!("{CHANGES}{query}"), Some(token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn changes_are_saved_together_with_the_head_and_listed() {
    let app = App::new();
    let token = app.settle(1);
    let list = listed(&app, &token, "").await;
    assert_eq!((&list["entries"], &list["more"]), (&json!([]), &json!(false)));
    assert_eq!(list["head"], Base64Url::encode(first().as_bytes()));

    let changes = vec![change(1, 0, 1, 7), change(2, 0, 5, 8), change(1, 1, 9, 9)];
    let answer = save(&app, &token, first(), changes.clone(), head(1, 1)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["change_no"], 3);
    let again = save(&app, &token, first(), changes, head(1, 1)).await;
    assert_eq!((again.status, again.json()), (answer.status, answer.json()), "sent twice, done once");

    let list = listed(&app, &token, "?since=0").await;
    let seen: Vec<_> = list["entries"].as_array().unwrap().iter().collect();
    assert_eq!(seen.len(), 2, "each entry once, in its newest version");
    assert_eq!((&seen[0]["id"], &seen[0]["version"]), (&json!(entry_id(2)), &json!(5)));
    assert_eq!(
        (&seen[1]["id"], &seen[1]["version"], &seen[1]["change_no"]),
        (&json!(entry_id(1)), &json!(9), &json!(3))
    );
    assert_eq!(seen[1]["sealed"], json!(sealed(9)));
    assert_eq!(list["head"], json!(head(1, 1)));
    assert_eq!(listed(&app, &token, "?since=3").await["entries"], json!([]));
    let one = listed(&app, &token, "?since=0&limit=1").await;
    assert_eq!((one["entries"].as_array().unwrap().len(), &one["more"]), (1, &json!(true)));

    let gone = Change { id: entry_id(1), replaces: 9, version: 10, sealed: deletion(3) };
    assert_eq!(save(&app, &token, head(1, 1), vec![gone], head(1, 2)).await.json()["change_no"], 4);
    let list = listed(&app, &token, "?since=3").await;
    assert_eq!(list["entries"][0]["deleted"], true);
    assert_eq!(list["entries"][0]["sealed"], json!(deletion(3)), "the sealed deletion is handed out");
}

#[tokio::test]
async fn save_over_another_head_is_stale_and_changes_nothing() {
    let app = App::new();
    let token = app.settle(1);
    assert_eq!(save(&app, &token, first(), vec![change(1, 0, 1, 7)], head(1, 1)).await.status, StatusCode::OK);
    // Another device, which has not seen that.
    let stale = save(&app, &token, first(), vec![change(2, 0, 1, 8)], head(1, 2)).await;
    assert_eq!((stale.status, stale.problem()), (StatusCode::CONFLICT, "stale-head".into()));
    let list = listed(&app, &token, "").await;
    assert_eq!((list["entries"].as_array().unwrap().len(), &list["head"]), (1, &json!(head(1, 1))));
    // One bit of the head.
    let mut bytes = head(1, 1).as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let stale = save(&app, &token, bytes.try_into().unwrap(), vec![change(2, 0, 1, 8)], head(1, 2)).await;
    assert_eq!(stale.problem(), "stale-head");
    assert_eq!(save(&app, &token, head(1, 1), vec![change(2, 0, 1, 8)], head(1, 2)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_stale_version_refuses_all_changes_and_returns_the_current_entry() {
    let app = App::new();
    let token = app.settle(1);
    save(&app, &token, first(), vec![change(1, 0, 4, 7)], head(1, 1)).await;
    for stale in [change(1, 0, 5, 9), change(1, 3, 5, 9), change(1, 5, 6, 9)] {
        let answer = save(&app, &token, head(1, 1), vec![change(2, 0, 1, 8), stale], head(1, 2)).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "stale-version".into()));
        let current = &answer.json()["current"];
        assert_eq!((&current["version"], &current["sealed"]), (&json!(4), &json!(sealed(7))));
    }
    let list = listed(&app, &token, "").await;
    assert_eq!((list["entries"].as_array().unwrap().len(), &list["head"]), (1, &json!(head(1, 1))), "all or none");
}

#[tokio::test]
async fn changes_under_another_key_than_the_accounts_are_refused() {
    let app = App::new();
    let token = app.settle(1);
    let other = |key_no| Change { sealed: sealed_under(key_no, 7), ..change(1, 0, 1, 7) };
    let answer = save(&app, &token, first(), vec![other(2)], head(2, 1)).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "stale-key".into()));
    // A head of one key over changes of another could not come from an honest page.
    for (key_no, of_head) in [(2, 1), (1, 2), (0, 1)] {
        let answer = save(&app, &token, first(), vec![change(2, 0, 1, 7), other(key_no)], head(of_head, 1)).await;
        assert_eq!(answer.problem(), "malformed-request", "{key_no} {of_head}");
    }
    assert_eq!(listed(&app, &token, "").await["head"], json!(first()));
}

#[tokio::test]
async fn entry_of_another_account_is_answered_like_a_missing_one() {
    let app = App::new();
    let (ada, bob) = (app.settle(1), app.settle(2));
    save(&app, &ada, first(), vec![change(1, 0, 1, 7)], head(1, 1)).await;
    let theirs = save(&app, &bob, first(), vec![change(1, 1, 2, 8)], head(1, 1)).await;
    let missing = save(&app, &bob, first(), vec![change(2, 1, 2, 8)], head(1, 1)).await;
    assert_eq!((theirs.status, &theirs.body), (missing.status, &missing.body));
    assert!(theirs.status.is_client_error(), "{theirs:?}");
    assert_eq!(listed(&app, &bob, "").await["entries"], json!([]));
    assert_eq!(listed(&app, &ada, "").await["entries"][0]["sealed"], json!(sealed(7)));
}

#[tokio::test]
async fn save_into_a_full_vault_is_refused_and_deletions_make_room() {
    let app = App::new();
    let token = app.settle(1);
    let full = (0..ENTRIES_MAX).map(|tag| change(tag as u8, 0, 1, 7)).collect();
    assert_eq!(save(&app, &token, first(), full, head(1, 1)).await.status, StatusCode::OK);
    let answer = save(&app, &token, head(1, 1), vec![change(99, 0, 1, 7)], head(1, 2)).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::INSUFFICIENT_STORAGE, "vault-full".into()));
    let gone = Change { id: entry_id(0), replaces: 1, version: 2, sealed: deletion(1) };
    let answer = save(&app, &token, head(1, 1), vec![gone, change(99, 0, 1, 7)], head(1, 2)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

#[tokio::test]
async fn invalid_changes_are_malformed() {
    let app = App::new();
    let token = app.settle(1);
    let post = async |body: Vec<u8>| {
        let answer = app.send(request("POST", CHANGES, Some(&token), Some(body))).await;
        (answer.status.as_u16(), answer.problem())
    };
    let malformed = (400, "malformed-request".to_owned());
    for wrong in ["", "{", "[]", "null", "\"x\"", "{}", r#"{"changes":[]}"#] {
        assert_eq!(post(wrong.into()).await, malformed, "{wrong}");
    }
    let body = SaveChanges { replaces: first(), changes: vec![change(1, 0, 1, 7)], head: head(1, 1) };
    let good = serde_json::to_value(&body).unwrap();
    let text = |len: usize, format: u8| {
        let mut bytes = vec![0; len];
        bytes[..5].copy_from_slice(&[format, 0, 0, 0, 1]);
        Value::from(Base64Url::encode(&bytes))
    };
    let gone = Change { id: entry_id(1), replaces: 0, version: 1, sealed: deletion(1) };
    let too_many = serde_json::to_value(vec![gone; CHANGES_PER_SAVE + 1]).unwrap();
    let wrong: [(&str, Value); 18] = [
        ("/changes", json!([])),
        ("/changes", too_many),
        ("/changes/0/id", json!("x")),
        ("/changes/0/id", json!("01a0c8f5-0000-4000-8000-000000000000")),
        ("/changes/0/replaces", json!(-1)),
        ("/changes/0/replaces", json!(1)),
        ("/changes/0/version", json!(0)),
        ("/changes/0/version", json!(u64::from(u32::MAX) + 1)),
        ("/changes/0/sealed", json!("!")),
        ("/changes/0/sealed", json!(null)),
        ("/changes/0/sealed", text(BUCKETS[0] + OVERHEAD, 1)),
        ("/changes/0/sealed", text(BUCKETS[0] + OVERHEAD, 3)),
        ("/changes/0/sealed", text(BUCKETS[0] + OVERHEAD + 1, 2)),
        ("/changes/0/sealed", text(HEAD_LEN, 2)),
        ("/head", text(HEAD_LEN - 1, 2)),
        ("/head", text(HEAD_LEN, 1)),
        ("/replaces", json!(null)),
        ("/replaces", text(OVERHEAD, 2)),
    ];
    for (place, value) in wrong {
        let mut body = good.clone();
        *body.pointer_mut(place).unwrap() = value.clone();
        assert_eq!(post(serde_json::to_vec(&body).unwrap()).await, malformed, "{place}: {value}");
    }
    for place in ["", "/changes/0"] {
        let mut body = good.clone();
        body.pointer_mut(place).unwrap()["name"] = "GitHub".into();
        assert_eq!(post(serde_json::to_vec(&body).unwrap()).await, malformed, "unknown field at {place}");
    }
    for query in ["since=-1", "since=x", "limit=0", "limit=1001", "limit=9999999999", "order=name"] {
        let answer = app.get(&format!("{CHANGES}?{query}"), Some(&token)).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), malformed, "{query}");
    }
    let no_type = app.send(
        axum::http::Request::post(CHANGES)
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(serde_json::to_vec(&good).unwrap()))
            .unwrap(),
    );
    assert_eq!(no_type.await.problem(), "unsupported-media-type");
    let list = listed(&app, &token, "").await;
    assert_eq!((&list["entries"], &list["head"]), (&json!([]), &json!(first())), "nothing of it was written");
}

/// A save is bounded in changes and in bytes. A page fills its requests up to both bounds.
#[tokio::test]
async fn save_is_bounded_by_changes_and_by_bytes() {
    let app = App::with_entries_max(1_000);
    let token = app.settle(1);
    let smallest: Vec<_> = (0..80).map(|tag| change(tag, 0, 1, 7)).collect();
    let answer = save(&app, &token, first(), smallest, head(1, 1)).await;
    assert_eq!(answer.status, StatusCode::OK, "80 changes of the smallest size fit: {answer:?}");
    // Deletions are small: as many as the bound on their number.
    let gone = |tag: u8, replaces| Change { id: entry_id(tag), replaces, version: replaces + 1, sealed: deletion(tag) };
    let deletions = (0..80).map(|tag| gone(tag, 1)).chain((100..120).map(|tag| change(tag, 0, 1, 7)));
    let answer = save(&app, &token, head(1, 1), deletions.collect(), head(1, 2)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let mut bytes = vec![7; BUCKETS[3] + OVERHEAD];
    bytes[..5].copy_from_slice(&[2, 0, 0, 0, 1]);
    let largest = Change { sealed: bytes.try_into().unwrap(), ..change(200, 0, 1, 7) };
    let answer = save(&app, &token, head(1, 2), vec![largest.clone()], head(1, 3)).await;
    assert_eq!(answer.status, StatusCode::OK, "one of the largest size fits: {answer:?}");
    let two = vec![Change { id: entry_id(201), ..largest.clone() }, Change { id: entry_id(202), ..largest }];
    let answer = save(&app, &token, head(1, 3), two, head(1, 4)).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (413, "body-too-large".into()));
    let padded = vec![b' '; BODY_MAX + 1];
    let answer = app.send(request("POST", CHANGES, Some(&token), Some(padded))).await;
    assert_eq!(answer.problem(), "body-too-large");
}
