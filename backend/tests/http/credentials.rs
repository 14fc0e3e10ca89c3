//! Changing the secrets that open a vault, and deleting an account, with the real OPAQUE client.

use axum::http::StatusCode;
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::{CredentialChallenge, CredentialFinish, CredentialStart, Passkeys};
use shared::limits::PASSKEYS_MAX;
use shared::sessions::{CredentialName, SessionGrant};

use crate::accounts::{blind, record, register};
use crate::authenticator::{self, PAGE};
use crate::harness::{Answer, App, entry_id};
use crate::sessions::{conclude, finish, log_in, start};

/// The secret that a passkey's authenticator returns.
const PRF: &[u8] = &[0xa5; 32];

fn passkey(tag: u8) -> CredentialName {
    CredentialName::Passkey(vec![tag; 16].try_into().unwrap())
}

/// The second request for setting a secret, as the page makes it.
pub async fn prepare(app: &App, token: &str, name: &CredentialName, secret: &[u8]) -> CredentialFinish {
    let (request, state) = blind(secret);
    let body = CredentialStart { credential: name.clone(), request };
    let answer = app.post_in(token, "/api/v1/credentials/start", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let challenge: CredentialChallenge = serde_json::from_slice(&answer.body).unwrap();
    // Each credential has another wrapped key, so that the tests can tell them apart.
    let wrapped_key = Base64Url(vec![secret[0]; 73]);
    let secret = NewCredential { wrapped_key, ..record(secret, state, &challenge.response) };
    let registration = match name {
        CredentialName::Passkey(id) => Some(authenticator::make(app, token, id, PAGE).await),
        _ => None,
    };
    CredentialFinish { credential: name.clone(), secret, proof: None, keep_passkeys: None, registration }
}

/// The same record for another passkey. The server cannot tell records apart by their content.
async fn with_passkey(app: &App, token: &str, tag: u8, body: &CredentialFinish) -> CredentialFinish {
    let id = vec![tag; 16].try_into().unwrap();
    let registration = Some(authenticator::make(app, token, &id, PAGE).await);
    CredentialFinish { credential: CredentialName::Passkey(id), registration, ..body.clone() }
}

pub async fn send(app: &App, token: &str, body: &CredentialFinish) -> Answer {
    app.post_in(token, "/api/v1/credentials/finish", body).await
}

/// Sets a secret, as the page does.
pub async fn set(app: &App, token: &str, name: &CredentialName, secret: &[u8]) {
    let answer = send(app, token, &prepare(app, token, name, secret).await).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

async fn goes_on(app: &App, token: &str) -> bool {
    let answer = app.get("/api/v1/passwords", Some(token)).await;
    answer.status == StatusCode::OK || answer.problem() != "session-ended"
}

async fn ada() -> App {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    app
}

use CredentialName::{Passphrase, Recovery};

#[tokio::test]
async fn new_passphrase_opens_the_vault_and_the_old_one_does_not() {
    let app = ada().await;
    let other = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    assert_eq!(app.put(entry_id(1), &token, 0, 7).await.status, StatusCode::OK);
    let bob = app.settle(9);
    let begun = start(&app, "ada", Passphrase, b"passphrase").await;

    let body = prepare(&app, &token, &Passphrase, b"new passphrase").await;
    assert!(goes_on(&app, &other).await, "nothing has changed yet");
    assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
    assert!(goes_on(&app, &token).await && goes_on(&app, &bob).await && !goes_on(&app, &other).await);
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_none());
    // A log-in that began with the old passphrase fails.
    let (late, _) = conclude(begun, b"passphrase").unwrap();
    assert_eq!(finish(&app, &late).await.problem(), "login-failed");

    let (username, again) =
        conclude(start(&app, "ada", Passphrase, b"new passphrase").await, b"new passphrase").unwrap();
    let opened: SessionGrant = serde_json::from_slice(&finish(&app, &username).await.body).unwrap();
    assert_eq!(opened.wrapped_key.0, [b'n'; 73]);
    assert_eq!(app.get("/api/v1/passwords", Some(&again)).await.json()["latest"], 1, "entries stay");
    // The answer was lost, and the request is repeated.
    assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
    assert!(goes_on(&app, &again).await);
    // The recovery code is unchanged.
    assert!(log_in(&app, "ada", &Recovery, b"recovery").await.is_some());
}

#[tokio::test]
async fn recovery_code_sets_a_new_passphrase() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Recovery, b"recovery").await.unwrap();
    set(&app, &token, &Passphrase, b"new passphrase").await;
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_none());
    assert!(log_in(&app, "ada", &Passphrase, b"new passphrase").await.is_some());
    // A new code replaces the one that was used.
    set(&app, &token, &Recovery, b"new recovery").await;
    assert!(log_in(&app, "ada", &Recovery, b"recovery").await.is_none());
    assert!(log_in(&app, "ada", &Recovery, b"new recovery").await.is_some());
    assert!(log_in(&app, "ada", &Passphrase, b"new passphrase").await.is_some());
}

#[tokio::test]
async fn passkey_opens_the_vault_until_it_is_removed() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let other = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    assert!(log_in(&app, "ada", &passkey(1), PRF).await.is_none(), "not added yet");
    let begun = start(&app, "ada", Passphrase, b"passphrase").await;
    set(&app, &token, &passkey(1), PRF).await;
    set(&app, &token, &passkey(2), PRF).await;
    assert!(goes_on(&app, &other).await, "adding a passkey ends no session");
    let (late, _) = conclude(begun, b"passphrase").unwrap();
    assert_eq!(finish(&app, &late).await.problem(), "login-failed", "it began before a credential was added");

    let listed = async |token: &str| -> Passkeys {
        serde_json::from_slice(&app.get("/api/v1/passkeys", Some(token)).await.body).unwrap()
    };
    assert!(listed(&token).await.passkeys.iter().all(|passkey| passkey.used_at.is_none()));
    let (body, by_passkey) = conclude(start(&app, "ada", passkey(1), PRF).await, PRF).unwrap();
    let opened: SessionGrant = serde_json::from_slice(&finish(&app, &body).await.body).unwrap();
    assert_eq!(opened.wrapped_key.0, [0xa5; 73]);
    let used: Vec<_> = listed(&token).await.passkeys.iter().map(|passkey| passkey.used_at.is_some()).collect();
    assert_eq!(used.iter().filter(|used| **used).count(), 1);
    // The states of two passkeys cannot be mixed; the passkey's secret is not the passphrase; a wrong secret fails.
    let (mut mixed, _) = conclude(start(&app, "ada", passkey(1), PRF).await, PRF).unwrap();
    mixed.state = start(&app, "ada", passkey(2), PRF).await.challenge.state;
    assert_eq!(finish(&app, &mixed).await.problem(), "login-failed");
    assert!(log_in(&app, "ada", &Passphrase, PRF).await.is_none());
    assert!(log_in(&app, "ada", &passkey(1), &[0xa6; 32]).await.is_none());

    // Another account can neither list nor remove the passkey.
    let bob = app.settle(9);
    let path = format!("/api/v1/passkeys/{}", Base64Url::encode(&[1; 16]));
    assert_eq!(listed(&bob).await.passkeys, []);
    assert_eq!(app.delete_at(&bob, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(listed(&token).await.passkeys.len(), 2);

    let begun = start(&app, "ada", passkey(1), PRF).await;
    for _ in 0..2 {
        assert_eq!(app.delete_at(&token, &path).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(finish(&app, &conclude(begun, PRF).unwrap().0).await.problem(), "login-failed");
    assert!(log_in(&app, "ada", &passkey(1), PRF).await.is_none());
    assert!(log_in(&app, "ada", &passkey(2), PRF).await.is_some());
    assert!(goes_on(&app, &by_passkey).await, "a session opened with the passkey continues");
    assert_eq!(app.delete_at(&token, "/api/v1/passkeys/+").await.problem(), "malformed-request");
}

/// Between the steps of a log-in, the passkey's id gets another record.
#[tokio::test]
async fn log_in_with_a_replaced_passkey_fails() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    set(&app, &token, &passkey(1), PRF).await;
    let begun = start(&app, "ada", passkey(1), PRF).await;
    set(&app, &token, &passkey(1), b"another authenticator's 32 bytes").await;
    assert_eq!(finish(&app, &conclude(begun, PRF).unwrap().0).await.problem(), "login-failed");
    assert!(log_in(&app, "ada", &passkey(1), PRF).await.is_none());
    assert!(log_in(&app, "ada", &passkey(1), b"another authenticator's 32 bytes").await.is_some());
}

#[tokio::test]
async fn passkey_beyond_twenty_is_refused() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let body = prepare(&app, &token, &passkey(0), PRF).await;
    for tag in 0..PASSKEYS_MAX {
        let body = with_passkey(&app, &token, u8::try_from(tag).unwrap(), &body).await;
        assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
    }
    let more = with_passkey(&app, &token, 99, &body).await;
    let answer = send(&app, &token, &more).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "too-many-passkeys".into()));
    assert_eq!(
        send(&app, &token, &body).await.status,
        StatusCode::NO_CONTENT,
        "an existing passkey does not count again"
    );
}

#[tokio::test]
async fn invalid_credential_is_malformed() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let good = prepare(&app, &token, &Passphrase, b"new passphrase").await;
    let mut short = good.clone();
    short.secret.record.0.pop();
    let mut key = good.clone();
    key.secret.wrapped_key.0.push(0);
    for body in [short, key] {
        assert_eq!(send(&app, &token, &body).await.problem(), "malformed-request");
    }
    let mut body = serde_json::to_value(&good).unwrap();
    for name in ["", "pin", "passkey:", "passkey:*"] {
        body["credential"] = name.into();
        assert_eq!(app.post_in(&token, "/api/v1/credentials/finish", &body).await.problem(), "malformed-request");
    }
    let request = CredentialStart { credential: Passphrase, request: Base64Url(vec![0xff; 32]) };
    assert_eq!(app.post_in(&token, "/api/v1/credentials/start", &request).await.problem(), "malformed-request");
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_some(), "nothing has changed");
}

#[tokio::test]
async fn deleted_account_is_gone_and_its_name_is_free() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    set(&app, &token, &passkey(1), PRF).await;
    assert_eq!(app.put(entry_id(1), &token, 0, 7).await.status, StatusCode::OK);
    let bob = app.settle(9);
    assert_eq!(app.put(entry_id(1), &bob, 0, 8).await.status, StatusCode::OK);
    let begun = start(&app, "ada", Passphrase, b"passphrase").await;

    assert_eq!(app.delete_at(&token, "/api/v1/accounts/current").await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete_at(&token, "/api/v1/accounts/current").await.problem(), "session-ended");
    assert!(!goes_on(&app, &token).await);
    assert_eq!(finish(&app, &conclude(begun, b"passphrase").unwrap().0).await.problem(), "login-failed");
    for (name, secret) in [(Passphrase, &b"passphrase"[..]), (Recovery, b"recovery"), (passkey(1), PRF)] {
        assert!(log_in(&app, "ada", &name, secret).await.is_none());
    }
    assert!(app.store.username(shared::ids::AccountId::from_random([42; 16])).is_err());
    assert_eq!(app.get("/api/v1/passwords", Some(&bob)).await.json()["latest"], 1, "another account's entries stay");

    let finish = register(&app, &app.invite(), "ada", b"other passphrase", b"other recovery").await;
    assert_eq!(finish.username, Username::new("ada").unwrap());
    let token = log_in(&app, "ada", &Passphrase, b"other passphrase").await.unwrap();
    assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.json()["latest"], 0);
}
