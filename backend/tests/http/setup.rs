//! `/api/v1/setup`, which tells unauthenticated clients if there is any vault, and its queries of the store.

use std::time::Duration;

use axum::http::StatusCode;
use backend::server::any_vault::AnyVault;
use serde_json::json;
use tokio::task::JoinSet;

use crate::accounts::register;
use crate::harness::App;

/// A little longer than the lifetime of the cached answer.
const WHILE: Duration = Duration::from_millis(1100);

async fn has_vault(app: &App) -> bool {
    let answer = app.get("/api/v1/setup", None).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let told = answer.json();
    assert_eq!(told.as_object().unwrap().len(), 1, "it says nothing else: {told}");
    told["has_vault"].as_bool().unwrap()
}

/// The number of queries of the store.
fn asked(app: &App) -> u64 {
    let text = app.gate.metrics().text(&app.gate.usage(), app.gate.is_open()).unwrap();
    let series = "passmint_store_operation_seconds_count{operation=\"has_accounts\"} ";
    text.lines().find_map(|line| line.strip_prefix(series)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn setup_reports_the_first_vault_at_once_and_the_last_deletion_within_a_second() {
    let app = App::new();
    assert!(!has_vault(&app).await);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    assert!(has_vault(&app).await, "although the cached answer is less than a second old");
    let session = app.settle(2);
    assert_eq!(app.delete_at(&session, "/api/v1/accounts/current").await.status, StatusCode::NO_CONTENT);
    tokio::time::sleep(WHILE).await;
    assert!(has_vault(&app).await, "there is another vault");

    let app = App::new();
    let session = app.settle(1);
    assert!(has_vault(&app).await, "a vault of an earlier start, or of another process");
    app.delete_at(&session, "/api/v1/accounts/current").await;
    tokio::time::sleep(WHILE).await;
    assert!(!has_vault(&app).await);
}

#[tokio::test]
async fn store_is_queried_at_most_once_a_second_and_never_after_a_vault_was_found() {
    let app = App::new();
    for _ in 0..20 {
        assert!(!has_vault(&app).await);
    }
    assert_eq!(asked(&app), 1);
    tokio::time::sleep(WHILE).await;
    app.settle(1);
    for _ in 0..20 {
        assert!(has_vault(&app).await);
    }
    assert_eq!(asked(&app), 2);
    tokio::time::sleep(WHILE).await;
    assert!(has_vault(&app).await);
    assert_eq!(asked(&app), 2);
}

#[tokio::test]
async fn concurrent_requests_that_are_cancelled_query_the_store_once() {
    let app = App::new();
    let any_vault = std::sync::Arc::new(AnyVault::default());
    let ask = |asking: &mut JoinSet<bool>| {
        let (any_vault, gate) = (any_vault.clone(), app.gate.clone());
        asking.spawn(async move { any_vault.exists(&gate).await.unwrap() });
    };
    // The clients disconnect during the query.
    for _ in 0..20 {
        let mut asking = JoinSet::new();
        ask(&mut asking);
        tokio::task::yield_now().await;
        asking.shutdown().await;
    }
    let mut asking = JoinSet::new();
    (0..200).for_each(|_| ask(&mut asking));
    let answers = asking.join_all().await;
    assert_eq!((answers.len(), answers.contains(&true)), (200, false));
    assert!(asked(&app) <= 2, "{}", asked(&app));
}

#[tokio::test]
async fn unavailable_store_is_answered_503_from_the_cache_for_a_second() {
    let app = App::new();
    app.gate.close();
    assert_eq!(app.get("/api/v1/setup", None).await.problem(), "store-unavailable");
    app.gate.open();
    assert_eq!(app.get("/api/v1/setup", None).await.problem(), "store-unavailable", "the error is cached");
    assert_eq!(asked(&app), 0);
    tokio::time::sleep(WHILE).await;
    assert_eq!(app.get("/api/v1/setup", None).await.json(), json!({ "has_vault": false }));
}
