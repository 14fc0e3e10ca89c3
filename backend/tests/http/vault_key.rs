//! Replacing the vault key.

use axum::http::StatusCode;
use serde_json::json;
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::changes::{Change, SaveChanges};
use shared::sessions::{CredentialName, SessionGrant};
use shared::vault_key::{VaultKeyChallenge, VaultKeyFinish, VaultKeyStart};

use crate::accounts::{blind, record, register};
use crate::credentials::{BY_PASSPHRASE, set};
use crate::harness::{Answer, App, CHANGES, entry_id, head, sealed, sealed_under};
use crate::proofs::prove;
use crate::sessions::{conclude, finish, log_in, start};

use CredentialName::{Passphrase, Recovery};

const FINISH: &str = "/api/v1/vault-key/finish";

/// The sealed bytes of this many keys.
fn earlier(keys: usize) -> Base64Url {
    Base64Url(vec![5; 24 + 36 * keys + 16])
}

/// The second request of a new vault key, as the page makes it.
async fn prepare(app: &App, token: &str, passphrase: &[u8], recovery: &[u8]) -> VaultKeyFinish {
    let ((first, first_state), (second, second_state)) = (blind(passphrase), blind(recovery));
    let body = VaultKeyStart { passphrase: first, recovery: second };
    let answer = app.post_in(token, "/api/v1/vault-key/start", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let challenge: VaultKeyChallenge = serde_json::from_slice(&answer.body).unwrap();
    let wrapped = |fill, record| NewCredential { wrapped_key: Base64Url(vec![fill; 73]), ..record };
    VaultKeyFinish {
        proof: prove(app, token, Passphrase, b"passphrase").await,
        key_no: 2,
        passphrase: wrapped(21, record(passphrase, first_state, &challenge.passphrase)),
        recovery: wrapped(22, record(recovery, second_state, &challenge.recovery)),
        earlier_keys: earlier(1),
        replaces: Some(head(1, 1)),
        head: head(2, 0),
    }
}

async fn send(app: &App, token: &str, body: &VaultKeyFinish) -> Answer {
    app.post_in(token, FINISH, body).await
}

/// Ada's account with one entry, and the token of a session.
async fn ada() -> (App, String) {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let changes = vec![Change { id: entry_id(1), replaces: 0, version: 1, sealed: sealed(7) }];
    let body = SaveChanges { replaces: head(1, 0), changes, head: head(1, 1) };
    assert_eq!(app.post_in(&token, CHANGES, &body).await.status, StatusCode::OK);
    (app, token)
}

#[tokio::test]
async fn new_vault_key_replaces_secrets_removes_passkeys_and_ends_other_sessions() {
    let (app, token) = ada().await;
    let passkey = CredentialName::Passkey(vec![3; 16].try_into().unwrap());
    set(&app, &token, BY_PASSPHRASE, &passkey, &[0xa5; 32]).await;
    let other = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let begun = start(&app, "ada", Passphrase, b"passphrase").await;
    let body = prepare(&app, &token, b"passphrase two", b"recovery two").await;
    assert_eq!(app.get(CHANGES, Some(&other)).await.status, StatusCode::OK, "nothing has changed yet");
    for round in 0..2 {
        let answer = send(&app, &token, &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "round {round}: {answer:?}");
    }
    assert_eq!(app.get(CHANGES, Some(&other)).await.problem(), "session-ended");
    assert_eq!(finish(&app, &conclude(begun, b"passphrase").unwrap().0).await.problem(), "login-failed");
    for (name, secret) in [(&Passphrase, &b"passphrase"[..]), (&Recovery, b"recovery"), (&passkey, &[0xa5; 32])] {
        assert!(log_in(&app, "ada", name, secret).await.is_none(), "{}", name.label());
    }
    for (name, secret, fill) in [(Passphrase, &b"passphrase two"[..], 21), (Recovery, b"recovery two", 22)] {
        let (body, _) = conclude(start(&app, "ada", name, secret).await, secret).unwrap();
        let grant: SessionGrant = serde_json::from_slice(&finish(&app, &body).await.body).unwrap();
        assert_eq!((grant.key_no, grant.wrapped_key.0[0], grant.earlier_keys), (2, fill, Some(earlier(1))));
    }
    let list = app.get(CHANGES, Some(&token)).await.json();
    assert_eq!(list["head"], json!(head(2, 0)));
    assert_eq!(list["entries"][0]["sealed"], json!(sealed(7)), "entries stay until they are sealed again");
    let changes = app.get("/api/v1/credentials/changes", Some(&token)).await.json();
    assert_eq!(changes["changes"][0]["kind"], "vault-key", "{changes}");
}

#[tokio::test]
async fn entries_are_saved_under_the_new_key_only() {
    let (app, token) = ada().await;
    let body = prepare(&app, &token, b"passphrase", b"recovery two").await;
    assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
    let save = async |key_no, replaces| {
        let changes = vec![Change { id: entry_id(1), replaces: 1, version: 2, sealed: sealed_under(key_no, 7) }];
        app.post_in(&token, CHANGES, &SaveChanges { replaces, changes, head: head(key_no, 9) }).await
    };
    for replaces in [head(1, 1), head(2, 0)] {
        assert_eq!(save(1, replaces).await.problem(), "stale-key", "a page that has the old key still");
    }
    assert_eq!(save(2, head(2, 0)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn new_vault_key_over_another_state_is_refused_and_changes_nothing() {
    let (app, token) = ada().await;
    let good = prepare(&app, &token, b"passphrase two", b"recovery two").await;
    let jump = VaultKeyFinish { key_no: 3, head: head(3, 0), ..good.clone() };
    let back = VaultKeyFinish { key_no: 1, head: head(1, 0), ..good.clone() };
    for body in [jump, back] {
        assert_eq!(send(&app, &token, &body).await.problem(), "stale-key", "{}", body.key_no);
    }
    for replaces in [None, Some(head(1, 0))] {
        let body = VaultKeyFinish { replaces, ..good.clone() };
        assert_eq!(send(&app, &token, &body).await.problem(), "stale-head");
    }
    assert_eq!(app.get(CHANGES, Some(&token)).await.json()["head"], json!(head(1, 1)));
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_some());
    assert_eq!(send(&app, &token, &good).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn invalid_new_vault_key_is_malformed() {
    let (app, token) = ada().await;
    let good = prepare(&app, &token, b"passphrase two", b"recovery two").await;
    let mut record = good.clone();
    record.recovery.record.0.pop();
    let mut suite = good.clone();
    suite.passphrase.suite = 0;
    let mut wrapped = good.clone();
    wrapped.passphrase.wrapped_key.0.push(0);
    let wrong = [
        record,
        suite,
        wrapped,
        VaultKeyFinish { key_no: 0, head: head(0, 0), ..good.clone() },
        VaultKeyFinish { head: head(1, 0), ..good.clone() },
        VaultKeyFinish { earlier_keys: earlier(0), ..good.clone() },
        VaultKeyFinish { earlier_keys: Base64Url(vec![5; 24 + 35 + 16]), ..good.clone() },
        VaultKeyFinish { earlier_keys: Base64Url::default(), ..good.clone() },
        VaultKeyFinish { earlier_keys: earlier(2_000), ..good.clone() },
    ];
    for (place, body) in wrong.iter().enumerate() {
        assert_eq!(send(&app, &token, body).await.problem(), "malformed-request", "{place}");
    }
    let start = VaultKeyStart { passphrase: blind(b"x").0, recovery: Base64Url(vec![0xff; 32]) };
    assert_eq!(app.post_in(&token, "/api/v1/vault-key/start", &start).await.problem(), "malformed-request");
    assert_eq!(send(&app, &token, &good).await.status, StatusCode::NO_CONTENT);
}
