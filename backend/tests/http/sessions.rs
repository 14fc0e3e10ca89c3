//! Logging in and out, with the real OPAQUE client.

use axum::http::StatusCode;
use backend::login;
use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse};
use rand_core_06::OsRng;
use shared::accounts::Login;
use shared::bytes::Base64Url;
use shared::login::{CONTEXT, Suite, identifiers, session_token};
use shared::sessions::{CredentialKind, SessionChallenge, SessionFinish, SessionOpened, SessionStart};

use crate::accounts::register;
use crate::harness::{Answer, App, request};

struct Started {
    challenge: SessionChallenge,
    state: ClientLogin<Suite>,
}

async fn start(app: &App, login: &str, kind: CredentialKind, secret: &[u8]) -> Started {
    let started = ClientLogin::start(&mut OsRng, secret).unwrap();
    let body = SessionStart {
        login: Login::new(login).unwrap(),
        credential: kind,
        request: Base64Url(started.message.serialize().to_vec()),
    };
    let answer = app.post("/api/v1/sessions/start", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    Started { challenge: serde_json::from_slice(&answer.body).unwrap(), state: started.state }
}

/// The client's last step: the body to send and the bearer token, or nothing if the secret is wrong.
fn conclude(started: Started, secret: &[u8]) -> Option<(SessionFinish, String)> {
    let response = CredentialResponse::deserialize(&started.challenge.response.0).unwrap();
    let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(), None);
    let finished = started.state.finish(&mut OsRng, secret, response, parameters).ok()?;
    let finalization = Base64Url(finished.message.serialize().to_vec());
    let token = session_token(&finished.session_key).expose_as_bearer();
    Some((SessionFinish { state: started.challenge.state, finalization }, token))
}

async fn finish(app: &App, body: &SessionFinish) -> Answer {
    app.post("/api/v1/sessions/finish", body).await
}

#[tokio::test]
async fn either_secret_opens_a_session_with_its_own_wrapped_key() {
    let app = App::new();
    let account = register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    for (kind, secret) in [(CredentialKind::Passphrase, &b"passphrase"[..]), (CredentialKind::Recovery, b"recovery")] {
        let (body, token) = conclude(start(&app, "Ada", kind, secret).await, secret).unwrap();
        let answer = finish(&app, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let opened: SessionOpened = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(opened.account_id, account.account_id);
        assert_eq!((opened.idle_seconds, opened.max_seconds), (1800, 43_200));
        assert!(!String::from_utf8(answer.body).unwrap().contains(&token), "the token is not sent");
        assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.status, StatusCode::OK);
    }
    // One secret is not the other.
    let mixed = start(&app, "ada", CredentialKind::Recovery, b"passphrase").await;
    assert!(conclude(mixed, b"passphrase").is_none());
}

#[tokio::test]
async fn an_unknown_login_gets_the_answer_of_a_wrong_passphrase() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let known = start(&app, "ada", CredentialKind::Passphrase, b"wrong").await;
    let unknown = start(&app, "eve", CredentialKind::Passphrase, b"wrong").await;
    assert_eq!(known.challenge.state.0.len(), unknown.challenge.state.0.len());
    assert_eq!(known.challenge.response.0.len(), unknown.challenge.response.0.len());
    // The evaluated element depends on the name and the request only, for unknown names too.
    let finalization = Base64Url(vec![9; 64]);
    let mut problems = Vec::new();
    for started in [known, unknown] {
        let body = SessionFinish { state: started.challenge.state.clone(), finalization: finalization.clone() };
        let answer = finish(&app, &body).await;
        problems.push((answer.status, answer.body.clone(), answer.problem()));
        assert!(conclude(started, b"wrong").is_none());
    }
    assert_eq!(problems[0], problems[1]);
    assert_eq!(problems[0].2, "login-failed");
}

#[tokio::test]
async fn a_log_in_finishes_once() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let (body, _) =
        conclude(start(&app, "ada", CredentialKind::Passphrase, b"passphrase").await, b"passphrase").unwrap();
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
}

#[tokio::test]
async fn a_foreign_or_changed_state_fails() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let started = start(&app, "ada", CredentialKind::Passphrase, b"passphrase").await;
    let other = start(&app, "ada", CredentialKind::Passphrase, b"passphrase").await;
    let (mut body, _) = conclude(started, b"passphrase").unwrap();
    let good = body.clone();
    body.state = other.challenge.state;
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
    body.state = Base64Url(good.state.0[1..].to_vec());
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
    body.state = Base64Url::default();
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
    body.finalization = Base64Url(vec![1; 63]);
    assert_eq!(finish(&app, &body).await.problem(), "malformed-request");
    assert_eq!(finish(&app, &good).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let app = App::new();
    let token = app.settle(1);
    let end = || app.send(request("DELETE", "/api/v1/sessions/current", Some(&token), None));
    assert_eq!(end().await.status, StatusCode::NO_CONTENT);
    assert_eq!(end().await.problem(), "session-ended");
    assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.problem(), "session-ended");
}

#[tokio::test]
async fn the_second_step_must_come_within_two_minutes() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let login = Login::new("ada").unwrap();
    let kind = CredentialKind::Passphrase;
    let credential = app.store.credential(&login, kind).unwrap();
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"passphrase").unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    let challenge = login::start(&app.key, &login, kind, &request, credential.as_ref(), 1_000_000).unwrap();
    let (body, token) = conclude(Started { challenge, state: started.state }, b"passphrase").unwrap();
    let at = |now| login::finish(&app.key, &body.state, &body.finalization, now);
    let (_, server_token) = at(1_120_000).unwrap();
    assert_eq!(server_token.expose_as_bearer(), token);
    assert_eq!(at(1_120_001).err(), Some(login::LoginError::Failed));
}
