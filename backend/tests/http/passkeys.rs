//! Passkeys as the server verifies them, beside their OPAQUE secret: in each test the secret is right.

use axum::http::StatusCode;
use opaque_ke::ClientLogin;
use rand_core_06::OsRng;
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::ids::PasskeyId;
use shared::login::Suite;
use shared::passkeys::PasskeyAssertion;
use shared::sessions::{CredentialName, SessionFinish, SessionStart};

use crate::accounts::register;
use crate::authenticator::{self, PAGE};
use crate::credentials::{BY_PASSPHRASE, prepare, send, set};
use crate::harness::{Answer, App};
use crate::sessions::{conclude, finish, log_in, start};

/// The secret that the passkey's authenticator returns.
const PRF: &[u8] = &[0xa5; 32];
/// Another service on the same host name.
const NEIGHBOUR: &str = "https://passmint.example.org:8443";

fn id() -> PasskeyId {
    vec![7; 16].try_into().unwrap()
}

fn passkey() -> CredentialName {
    CredentialName::Passkey(id())
}

/// An account with a passkey that was made on the page.
async fn with_passkey(app: &App) -> String {
    register(app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    set(app, &token, BY_PASSPHRASE, &passkey(), PRF).await;
    token
}

/// Logs in by the passkey's secret with another assertion.
async fn log_in_with(app: &App, assertion: Option<PasskeyAssertion>) -> Answer {
    let (body, _) = conclude(start(app, "ada", passkey(), PRF).await, PRF).unwrap();
    finish(app, &SessionFinish { assertion, ..body }).await
}

#[tokio::test]
async fn secret_of_a_passkey_opens_nothing_without_an_assertion_from_the_page() {
    for app in [App::new(), App::at(PAGE)] {
        with_passkey(&app).await;
        let neighbour = authenticator::sign(&app, &id(), NEIGHBOUR).await;
        let other = authenticator::sign(&app, &vec![8; 16].try_into().unwrap(), PAGE).await;
        let mut flipped = authenticator::sign(&app, &id(), PAGE).await;
        flipped.signature.0[5] ^= 1;
        let mut own_challenge = authenticator::sign(&app, &id(), PAGE).await;
        own_challenge.state = authenticator::sign(&app, &id(), PAGE).await.state;
        for assertion in [None, Some(neighbour), Some(other), Some(flipped), Some(own_challenge)] {
            let answer = log_in_with(&app, assertion).await;
            assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "login-failed".into()));
        }
        let answer = log_in_with(&app, Some(authenticator::sign(&app, &id(), PAGE).await)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
}

#[tokio::test]
async fn passkey_made_elsewhere_is_refused_if_the_page_has_an_address() {
    let app = App::at(PAGE);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    let mut body = prepare(&app, &token, BY_PASSPHRASE, &passkey(), PRF, &[]).await;
    body.registration = None;
    assert_eq!(send(&app, &token, &body).await.problem(), "malformed-request");
    body.registration = Some(authenticator::make(&app, &token, &id(), NEIGHBOUR).await);
    let answer = send(&app, &token, &body).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "passkey-refused".into()));
    assert!(answer.json()["detail"].as_str().unwrap().contains("--public-url"));
    body.registration = Some(authenticator::make(&app, &token, &vec![8; 16].try_into().unwrap(), PAGE).await);
    assert_eq!(send(&app, &token, &body).await.problem(), "passkey-refused");
    assert_eq!(app.get("/api/v1/passkeys", Some(&token)).await.json()["passkeys"].as_array().unwrap().len(), 0);
}

/// Without `--public-url` a passkey belongs to the address where it was added.
#[tokio::test]
async fn passkey_is_bound_to_the_address_where_it_was_added() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    let mut body = prepare(&app, &token, BY_PASSPHRASE, &passkey(), PRF, &[]).await;
    body.registration = Some(authenticator::make(&app, &token, &id(), NEIGHBOUR).await);
    assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
    let answer = log_in_with(&app, Some(authenticator::sign(&app, &id(), PAGE).await)).await;
    assert_eq!(answer.problem(), "login-failed");
    let answer = log_in_with(&app, Some(authenticator::sign(&app, &id(), NEIGHBOUR).await)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
}

#[tokio::test]
async fn passkey_from_before_is_outdated_until_it_is_added_again() {
    let app = App::new();
    let token = with_passkey(&app).await;
    let mut account = app.store.account_after(None).unwrap().unwrap();
    account.passkeys[0].verifier = None;
    app.store.upsert_account(&account).unwrap();
    let request = Base64Url(ClientLogin::<Suite>::start(&mut OsRng, PRF).unwrap().message.serialize().to_vec());
    let start = async |name: &CredentialName| {
        let (username, credential) = (Username::new("ada").unwrap(), name.clone());
        let body = SessionStart { username, credential, request: request.clone() };
        app.post("/api/v1/sessions/start", &body).await
    };
    let is_outdated =
        async || app.get("/api/v1/passkeys", Some(&token)).await.json()["passkeys"][0]["outdated"].clone();
    assert_eq!(is_outdated().await, true);
    let answer = start(&passkey()).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "passkey-outdated".into()));
    for other in [CredentialName::Passphrase, CredentialName::Passkey(vec![8; 16].try_into().unwrap())] {
        assert_eq!(start(&other).await.status, StatusCode::OK);
    }
    set(&app, &token, BY_PASSPHRASE, &passkey(), PRF).await;
    assert_eq!(is_outdated().await, false);
    assert!(log_in(&app, "ada", &passkey(), PRF).await.is_some());
}
