//! `/api/v1/setup`, which tells unauthenticated clients if there is any vault, and its queries of the store.

use std::time::Duration;

use axum::http::StatusCode;
use backend::server::any_vault::AnyVault;
use serde_json::json;
use shared::accounts::DeleteAccount;
use shared::sessions::CredentialName;
use tokio::task::JoinSet;

use crate::accounts::{register, register_as};
use crate::harness::App;
use crate::proofs::prove;
use crate::sessions::log_in;

/// A little longer than the lifetime of the cached answer.
const WHILE: Duration = Duration::from_millis(1100);

async fn has_vault(app: &App) -> bool {
    let answer = app.get("/api/v1/setup", None).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let told = answer.json();
    assert_eq!(told.as_object().unwrap().len(), 1, "it says nothing else: {told}");
    told["has_vault"].as_bool().unwrap()
}

/// Deletes the account, whose passphrase is "passphrase".
async fn delete_account(app: &App, username: &str) {
    let token = log_in(app, username, &CredentialName::Passphrase, b"passphrase").await.unwrap();
    let body = DeleteAccount { proof: prove(app, &token, CredentialName::Passphrase, b"passphrase").await };
    let answer = app.post_in(&token, "/api/v1/accounts/delete", &body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
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
    register_as(&app, &app.invite(), 43, "bob", b"passphrase", b"recovery").await;
    delete_account(&app, "bob").await;
    tokio::time::sleep(WHILE).await;
    assert!(has_vault(&app).await, "there is another vault");

    let app = app.restart();
    assert!(has_vault(&app).await, "a vault of an earlier start, or of another process");
    delete_account(&app, "ada").await;
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
