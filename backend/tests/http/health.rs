//! Readiness: the state of each part, and its cause.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use backend::backup::look_for_damage;
use backend::server::page::Page;
use backend::store::sqlite::SqliteStore;
use backend::store::{LogInRefusal, ReadOnly, RefusalCause, Store, StoreError};
use serde_json::{Value, json};

use crate::bounds::{fake_store, hanging_store, store_with_hanging_reads};
use crate::harness::{App, entry_id};

/// The parts, each as `part state cause`.
fn parts(body: &Value) -> Vec<String> {
    let part = |part: &Value| {
        let words = ["part", "state", "cause"].map(|name| part[name].as_str().unwrap_or_default().to_owned());
        words.join(" ").trim().to_owned()
    };
    body["parts"].as_array().unwrap().iter().map(part).collect()
}

#[tokio::test]
async fn readyz_names_each_part() {
    let app = App::new();
    let answer = app.get("/readyz", None).await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &json!("ok")));
    assert_eq!(parts(&answer.json()), ["server-key ok", "reads ok", "writes ok"]);

    // The database is not yet known to belong to this server key.
    app.gate.close();
    let answer = app.get("/readyz", None).await;
    assert_eq!(answer.problem(), "store-unavailable");
    assert_eq!(parts(&answer.json()), ["server-key unreachable", "reads unknown", "writes unknown"]);
    app.gate.open();

    // A failed backup is reported, but the server stays ready.
    app.gate.metrics().backups_scheduled();
    app.gate.metrics().backup_failed();
    let answer = app.get("/readyz", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(parts(&answer.json())[3], "backup failed");
    app.gate.metrics().backup_made(1);
    assert_eq!(parts(&app.get("/readyz", None).await.json())[3], "backup ok");
}

fn refused(cause: RefusalCause) -> StoreError {
    StoreError::Refused(LogInRefusal { cause, text: "the secret user".into(), pause: Duration::from_secs(60) })
}

#[tokio::test]
async fn readyz_distinguishes_read_only_from_unreachable() {
    for (error, told) in [
        (StoreError::ReadOnly(ReadOnly::Damaged("page 7 of /secret/path".into())), "writes read-only damaged"),
        (StoreError::ReadOnly(ReadOnly::DiskFull), "writes read-only disk-full"),
        (StoreError::ReadOnly(ReadOnly::File), "writes read-only file"),
        (StoreError::Unavailable("/secret/path is locked".into()), "writes unreachable"),
        (refused(RefusalCause::PasswordWrong), "writes refused password-wrong"),
        (refused(RefusalCause::AccountLocked), "writes refused account-locked"),
        (refused(RefusalCause::PasswordExpired), "writes refused password-expired"),
    ] {
        let error = std::sync::Mutex::new(Some(error));
        let app = fake_store(move || Err(error.lock().unwrap().take().unwrap()));
        let answer = app.get("/readyz", None).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "store-unavailable"));
        assert_eq!(parts(&answer.json()), ["server-key ok", "reads ok", told]);
        assert!(!String::from_utf8(answer.body).unwrap().contains("secret"), "{told}");
    }
}

/// One deadline for the whole answer: a part without an answer is unreachable, and the one after it is not asked.
#[tokio::test]
async fn readyz_tells_at_its_deadline_which_parts_have_not_answered() {
    let (release, _, writes_hang) = hanging_store();
    let (release_reads, reads_hang) = store_with_hanging_reads(Duration::from_secs(20));
    for (app, told, seconds) in [
        // A database call has a second.
        (writes_hang, ["server-key ok", "reads ok", "writes unreachable"], 4),
        // A database call has twenty seconds, the answer has five.
        (reads_hang, ["server-key ok", "reads unreachable", "writes unknown"], 15),
    ] {
        let start = Instant::now();
        let answer = app.get("/readyz", None).await;
        assert_eq!(parts(&answer.json()), told);
        assert!(start.elapsed() < Duration::from_secs(seconds), "{:?}", start.elapsed());
    }
    drop((release, release_reads));
}

/// Readiness, metrics and refused writes report the damage.
#[tokio::test]
async fn damage_stops_writes_and_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, 2).unwrap());
    let app = App::over(store, folder, Page::default());
    let token = app.settle(1);
    for tag in 1..=3 {
        assert_eq!(app.put(entry_id(tag), &token, 0, tag).await.status, StatusCode::OK);
    }
    // Closed and opened again, so that all data is in the file itself and not in its write-ahead log.
    let app = app.restart();
    look_for_damage(&app.gate).await;
    assert!(!app.gate.usage().damaged);

    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 2 * 4096..].fill(0x55);
    fs::write(&path, bytes).unwrap();
    look_for_damage(&app.gate).await;
    assert!(app.gate.usage().damaged);
    let answer = app.get("/readyz", None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(parts(&answer.json())[2], "writes read-only damaged");
    assert!(
        app.gate.metrics().text(&app.gate.usage(), app.gate.is_open()).unwrap().contains("passmint_store_damaged 1\n")
    );
}
