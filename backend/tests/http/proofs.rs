//! Proofs of a secret within a session, and the requests that need one.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use backend::server::login::{self, LoginError, ProofOf};
use backend::store::NewSecret;
use opaque_ke::ClientLogin;
use rand_core_06::OsRng;
use serde_json::{Value, json};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::login::{SessionToken, Suite};
use shared::proofs::{Proof, ProofChallenge, ProofStart};
use shared::sessions::CredentialName::{self, Passphrase, Recovery};

use crate::access::record;
use crate::accounts::register;
use crate::credentials::{BY_PASSPHRASE, set_keeping};
use crate::harness::{Answer, App, head};
use crate::sessions::{answer, conclude, finish, log_in, start as start_log_in};

pub const START: &str = "/api/v1/proofs/start";

/// The client's half of a proof that has begun.
pub struct Begun {
    pub challenge: ProofChallenge,
    state: ClientLogin<Suite>,
}

pub async fn begin(app: &App, token: &str, name: CredentialName, secret: &[u8]) -> Begun {
    let started = ClientLogin::start(&mut OsRng, secret).unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    let answer = app.post_in(token, START, &ProofStart { credential: name, request }).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    Begun { challenge: serde_json::from_slice(&answer.body).unwrap(), state: started.state }
}

impl Begun {
    /// The proof, or `None` if the secret is wrong.
    pub fn conclude(self, secret: &[u8]) -> Option<Proof> {
        let (finalization, _) = answer(self.state, &self.challenge.response, secret)?;
        Some(Proof { state: self.challenge.state, finalization })
    }
}

/// Proves a secret as the page does.
pub async fn prove(app: &App, token: &str, name: CredentialName, secret: &[u8]) -> Proof {
    begin(app, token, name, secret).await.conclude(secret).unwrap()
}

/// The passkey of [`ada`].
fn passkey() -> CredentialName {
    CredentialName::Passkey(b"passkey".to_vec().try_into().unwrap())
}

/// Ada's account with a passkey, and a session.
async fn ada() -> (App, String) {
    let app = App::new();
    let account = register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await.account_id;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let secret = NewSecret {
        account,
        token_hash: SessionToken::from_bearer(&token).unwrap().hash(),
        epoch: 0,
        name: passkey(),
        secret: NewCredential { suite: 1, record: Base64Url(record()), wrapped_key: Base64Url(vec![6; 73]) },
        verifier: None,
        keep_passkeys: Vec::new(),
        address: String::new(),
    };
    app.store.set_credential(&secret, 20, backend::now()).unwrap();
    (app, token)
}

/// The paths of all requests that need a proof.
pub const PROTECTED: [&str; 4] =
    ["/api/v1/accounts/delete", "/api/v1/credentials/finish", "/api/v1/passkeys/remove", "/api/v1/vault-key/finish"];

/// Every request that needs a proof, with an otherwise good body.
fn protected(proof: &Proof) -> BTreeMap<&'static str, Value> {
    let secret = |fill| json!({ "suite": 1, "record": Base64Url(record()), "wrapped_key": Base64Url(vec![fill; 73]) });
    let body = |mut body: Value| {
        body["proof"] = serde_json::to_value(proof).unwrap();
        body
    };
    BTreeMap::from([
        (
            "/api/v1/credentials/finish",
            body(json!({ "credential": "recovery", "secret": secret(9), "keep_passkeys": ["cGFzc2tleQ"] })),
        ),
        (
            "/api/v1/vault-key/finish",
            body(json!({
                "key_no": 2,
                "passphrase": secret(7),
                "recovery": secret(8),
                "earlier_keys": Base64Url(vec![1; 24 + 36 + 16]),
                "replaces": head(1, 0),
                "head": head(2, 1),
            })),
        ),
        ("/api/v1/passkeys/remove", body(json!({ "id": "cGFzc2tleQ" }))),
        ("/api/v1/accounts/delete", body(json!({}))),
    ])
}

/// The problems of all protected requests with this proof.
async fn problems(app: &App, token: &str, proof: &Proof) -> Vec<(u16, String)> {
    let mut problems = Vec::new();
    for (path, body) in protected(proof) {
        let answer = app.post_in(token, path, &body).await;
        problems
            .push((answer.status.as_u16(), if answer.status.is_success() { path.into() } else { answer.problem() }));
    }
    problems
}

fn all_refused() -> Vec<(u16, String)> {
    vec![(403, "proof-failed".into()); 4]
}

#[tokio::test]
async fn each_protected_request_succeeds_with_a_proof_and_fails_without() {
    for path in PROTECTED {
        let (app, token) = ada().await;
        let proof = prove(&app, &token, Passphrase, b"passphrase").await;
        let mut body = protected(&proof).remove(path).unwrap();
        let good = body.clone();
        body.as_object_mut().unwrap().remove("proof");
        assert_eq!(app.post_in(&token, path, &body).await.problem(), "malformed-request", "{path}");
        body["proof"] = Value::Null;
        assert_eq!(app.post_in(&token, path, &body).await.problem(), "malformed-request", "{path}");
        let answer = app.post_in(&token, path, &good).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn recovery_code_is_a_proof_too_and_a_passkey_is_none() {
    let (app, token) = ada().await;
    let begun = begin(&app, &token, Recovery, b"recovery").await;
    assert_eq!((begun.challenge.suite, begun.challenge.wrapped_key.0.len()), (1, 73));
    let proof = begun.conclude(b"recovery").unwrap();
    let body = protected(&proof).remove("/api/v1/credentials/finish").unwrap();
    assert_eq!(app.post_in(&token, "/api/v1/credentials/finish", &body).await.status, StatusCode::NO_CONTENT);
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"secret").unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    let passkey = ProofStart { credential: CredentialName::Passkey(vec![1; 16].try_into().unwrap()), request };
    assert_eq!(app.post_in(&token, START, &passkey).await.problem(), "malformed-request");
    let broken = ProofStart { credential: Passphrase, request: Base64Url(vec![0xff; 96]) };
    assert_eq!(app.post_in(&token, START, &broken).await.problem(), "malformed-request");
}

#[tokio::test]
async fn wrong_secret_and_forged_proof_are_refused() {
    let (app, token) = ada().await;
    assert!(begin(&app, &token, Passphrase, b"wrong").await.conclude(b"wrong").is_none());
    // Neither secret is a proof of the other.
    assert!(begin(&app, &token, Recovery, b"passphrase").await.conclude(b"passphrase").is_none());
    let good = prove(&app, &token, Passphrase, b"passphrase").await;
    let other = prove(&app, &token, Passphrase, b"passphrase").await;
    let forged = [
        Proof { finalization: Base64Url(vec![9; 64]), ..good.clone() },
        Proof { finalization: other.finalization.clone(), ..good.clone() },
        Proof { state: Base64Url(good.state.0[1..].to_vec()), ..good.clone() },
        Proof { state: Base64Url::default(), ..good.clone() },
    ];
    for proof in &forged {
        assert_eq!(problems(&app, &token, proof).await, all_refused());
    }
    let short = Proof { finalization: Base64Url(vec![9; 63]), ..good.clone() };
    assert_eq!(problems(&app, &token, &short).await, vec![(400, "malformed-request".into()); 4]);
    let body = protected(&good).remove("/api/v1/accounts/delete").unwrap();
    assert_eq!(app.post_in(&token, "/api/v1/accounts/delete", &body).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn proof_of_another_account_or_session_is_refused() {
    let (app, token) = ada().await;
    let second = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let bob = crate::accounts::register_as(&app, &app.invite(), 43, "bob", b"his passphrase", b"his recovery").await;
    assert_ne!(bob.account_id, AccountId::from_random([42; 16]));
    let his = log_in(&app, "bob", &Passphrase, b"his passphrase").await.unwrap();
    let of_bob = prove(&app, &his, Passphrase, b"his passphrase").await;
    let of_second = prove(&app, &second, Passphrase, b"passphrase").await;
    for proof in [&of_bob, &of_second] {
        assert_eq!(problems(&app, &token, proof).await, all_refused());
    }
    let accepted = problems(&app, &his, &of_bob).await;
    assert_eq!(accepted[0], (204, "/api/v1/accounts/delete".into()), "it is good where it was made");
}

#[tokio::test]
async fn state_of_a_log_in_is_no_proof_and_that_of_a_proof_opens_no_session() {
    let (app, token) = ada().await;
    let (by_log_in, _) = conclude(start_log_in(&app, "ada", Passphrase, b"passphrase").await, b"passphrase").unwrap();
    let proof = Proof { state: by_log_in.state.clone(), finalization: by_log_in.finalization.clone() };
    assert_eq!(problems(&app, &token, &proof).await, all_refused());
    assert_eq!(finish(&app, &by_log_in).await.status, StatusCode::CREATED, "it is good for a log-in");

    let proof = prove(&app, &token, Passphrase, b"passphrase").await;
    let body = shared::sessions::SessionFinish {
        state: proof.state.clone(),
        finalization: proof.finalization.clone(),
        ..by_log_in
    };
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
    let body = protected(&proof).remove("/api/v1/accounts/delete").unwrap();
    assert_eq!(app.post_in(&token, "/api/v1/accounts/delete", &body).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn proof_after_two_minutes_is_refused() {
    let (app, token) = ada().await;
    let username = Username::new("ada").unwrap();
    let credential = app.store.credential(&username, &Passphrase).unwrap().unwrap();
    let token_hash = SessionToken::from_bearer(&token).unwrap().hash();
    let session = ProofOf { account: credential.account, token_hash };
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"passphrase").unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    let challenge =
        login::start_proof(&app.key, &session, &username, &Passphrase, &request, &credential, 1_000_000).unwrap();
    let proof = Begun { challenge, state: started.state }.conclude(b"passphrase").unwrap();
    let at = |now| login::check_proof(&app.key, &session, &proof, now);
    assert_eq!(at(1_120_000), Ok(credential.epoch));
    assert_eq!(at(1_120_001), Err(LoginError::Failed));
    // By this process's clock it is years old.
    assert_eq!(problems(&app, &token, &proof).await, all_refused());
}

#[tokio::test]
async fn proof_that_was_begun_before_the_credentials_changed_is_refused() {
    let (app, token) = ada().await;
    let before = prove(&app, &token, Passphrase, b"passphrase").await;
    let of_recovery = prove(&app, &token, Recovery, b"recovery").await;
    set_keeping(&app, &token, BY_PASSPHRASE, &Passphrase, b"new passphrase", passkey()).await;
    for proof in [&before, &of_recovery] {
        assert_eq!(problems(&app, &token, proof).await, all_refused());
    }
    assert!(begin(&app, &token, Passphrase, b"passphrase").await.conclude(b"passphrase").is_none());
    let proof = prove(&app, &token, Passphrase, b"new passphrase").await;
    assert_eq!(problems(&app, &token, &proof).await[0].0, 204);
}

/// A thief of the session who sees a proof can do no more with it than was done.
#[tokio::test]
async fn proof_is_good_for_one_change() {
    let (app, token) = ada().await;
    let proof = prove(&app, &token, Passphrase, b"passphrase").await;
    let path = "/api/v1/credentials/finish";
    let body = protected(&proof).remove(path).unwrap();
    assert_eq!(app.post_in(&token, path, &body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.post_in(&token, path, &body).await.status, StatusCode::NO_CONTENT, "the answer was lost");
    let mut other = body.clone();
    other["secret"]["wrapped_key"] = json!(Base64Url(vec![66; 73]));
    assert_eq!(app.post_in(&token, path, &other).await.problem(), "proof-failed");
    for (path, body) in protected(&proof).into_iter().filter(|(other, _)| *other != path) {
        assert_eq!(app.post_in(&token, path, &body).await.problem(), "proof-failed", "{path}");
    }
}

#[tokio::test]
async fn proof_counts_as_an_attempt_at_the_account() {
    let limits = backend::server::rate_limits::RateLimitArgs {
        logins_per_address: 12,
        logins_per_account: 4,
        sign_ups_per_address: 6,
    };
    let app = App::throttled(&limits, &[]);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let started = ClientLogin::<Suite>::start(&mut OsRng, b"a guess").unwrap();
        let request = Base64Url(started.message.serialize().to_vec());
        let answer: Answer = app.post_in(&token, START, &ProofStart { credential: Passphrase, request }).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
}
