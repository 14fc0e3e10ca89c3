//! Logging in and out, with the real OPAQUE client.

use axum::http::StatusCode;
use backend::server::login;
use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse};
use rand_core_06::OsRng;
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::login::{CONTEXT, Suite, identifiers, session_token};
use shared::passkeys::PasskeyAssertion;
use shared::sessions::{
    CredentialName, Device, SessionChallenge, SessionFinish, SessionGrant, SessionStart, SessionSummary, Sessions,
};

use crate::accounts::register;
use crate::authenticator::{self, PAGE};
use crate::credentials::{BY_PASSPHRASE, set};
use crate::harness::{Answer, App, CHANGES, request};

pub struct Started {
    pub challenge: SessionChallenge,
    /// The authenticator's answer, for a passkey.
    pub assertion: Option<PasskeyAssertion>,
    pub state: ClientLogin<Suite>,
}

pub async fn start(app: &App, username: &str, name: CredentialName, secret: &[u8]) -> Started {
    let started = ClientLogin::start(&mut OsRng, secret).unwrap();
    let body = SessionStart {
        username: Username::new(username).unwrap(),
        credential: name,
        request: Base64Url(started.message.serialize().to_vec()),
    };
    let assertion = match &body.credential {
        CredentialName::Passkey(id) => Some(authenticator::sign(app, id, PAGE).await),
        _ => None,
    };
    let answer = app.post("/api/v1/sessions/start", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    Started { challenge: serde_json::from_slice(&answer.body).unwrap(), assertion, state: started.state }
}

/// OPAQUE's last message (KE3) and session key, or `None` if the secret is wrong.
pub fn answer(state: ClientLogin<Suite>, response: &Base64Url, secret: &[u8]) -> Option<(Base64Url, Vec<u8>)> {
    let response = CredentialResponse::deserialize(&response.0).unwrap();
    let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(), None);
    let finished = state.finish(&mut OsRng, secret, response, parameters).ok()?;
    Some((Base64Url(finished.message.serialize().to_vec()), finished.session_key.to_vec()))
}

/// The client's last step: the body to send and the bearer token, or `None` if the secret is wrong.
pub fn conclude(started: Started, secret: &[u8]) -> Option<(SessionFinish, String)> {
    let (finalization, session_key) = answer(started.state.clone(), &started.challenge.response, secret)?;
    let token = session_token(&session_key).expose_as_bearer();
    let Started { challenge, assertion, .. } = started;
    Some((SessionFinish { state: challenge.state, finalization, assertion, device: None }, token))
}

pub async fn finish(app: &App, body: &SessionFinish) -> Answer {
    app.post("/api/v1/sessions/finish", body).await
}

/// Logs in as the page does. Returns the session's token, or `None` if the secret is wrong.
pub async fn log_in(app: &App, username: &str, name: &CredentialName, secret: &[u8]) -> Option<String> {
    let (body, token) = conclude(start(app, username, name.clone(), secret).await, secret)?;
    let answer = finish(app, &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    Some(token)
}

#[tokio::test]
async fn either_secret_opens_a_session_with_its_own_wrapped_key() {
    let app = App::new();
    let account = register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    for (kind, secret) in [(CredentialName::Passphrase, &b"passphrase"[..]), (CredentialName::Recovery, b"recovery")] {
        let (body, token) = conclude(start(&app, "Ada", kind, secret).await, secret).unwrap();
        let answer = finish(&app, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let opened: SessionGrant = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(opened.account_id, account.account_id);
        assert_eq!((opened.idle_seconds, opened.max_seconds), (1800, 43_200));
        assert!(!String::from_utf8(answer.body).unwrap().contains(&token), "the token is not sent");
        assert_eq!(app.get(CHANGES, Some(&token)).await.status, StatusCode::OK);
    }
    // The passphrase does not work as the recovery code, or the other way round.
    let mixed = start(&app, "ada", CredentialName::Recovery, b"passphrase").await;
    assert!(conclude(mixed, b"passphrase").is_none());
}

#[tokio::test]
async fn unknown_username_is_answered_like_a_wrong_passphrase() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let longest = CredentialName::Passkey(vec![7; 1023].try_into().unwrap());
    let passkey = CredentialName::Passkey(vec![7; 16].try_into().unwrap());
    // The account has the passkey with the shorter id, and not the one with the longest.
    let token = log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    set(&app, &token, BY_PASSPHRASE, &passkey, b"32 bytes of an authenticator...").await;
    for name in [CredentialName::Passphrase, passkey, longest] {
        let known = start(&app, "ada", name.clone(), b"wrong").await;
        let unknown = start(&app, "eve", name.clone(), b"wrong").await;
        assert_eq!(known.challenge.state.0.len(), unknown.challenge.state.0.len());
        assert_eq!(known.challenge.response.0.len(), unknown.challenge.response.0.len());
        // The evaluated element depends on the name and the request only, for unknown names too.
        let finalization = Base64Url(vec![9; 64]);
        let mut problems = Vec::new();
        for started in [known, unknown] {
            let state = started.challenge.state.clone();
            let body = SessionFinish { state, finalization: finalization.clone(), assertion: None, device: None };
            let answer = finish(&app, &body).await;
            problems.push((answer.status, answer.body.clone(), answer.problem()));
            assert!(conclude(started, b"wrong").is_none());
        }
        assert_eq!(problems[0], problems[1]);
        assert_eq!(problems[0].2, "login-failed");
    }
}

#[tokio::test]
async fn log_in_finishes_only_once() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let (body, _) =
        conclude(start(&app, "ada", CredentialName::Passphrase, b"passphrase").await, b"passphrase").unwrap();
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    assert_eq!(finish(&app, &body).await.problem(), "login-failed");
}

#[tokio::test]
async fn foreign_or_changed_state_is_refused() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let started = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let other = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
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
    assert_eq!(app.get(CHANGES, Some(&token)).await.problem(), "session-ended");
}

/// Ending a session is final: the log-in that opened it can still be sent again, and opens nothing.
#[tokio::test]
async fn ended_session_stays_ended_when_its_log_in_is_repeated() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let begin = async || {
        let started = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
        let (body, token) = conclude(started, b"passphrase").unwrap();
        assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
        (body, token)
    };
    let others = begin().await;
    let (by_itself, by_list, by_others, owner) = (begin().await, begin().await, begin().await, begin().await);
    let id = Base64Url::encode(&shared::login::SessionToken::from_bearer(&by_list.1).unwrap().hash()[..16]);
    app.delete_at(&by_itself.1, "/api/v1/sessions/current").await;
    app.delete_at(&owner.1, &format!("/api/v1/sessions/{id}")).await;
    for (body, token) in [&by_itself, &by_list] {
        assert_eq!(app.get(CHANGES, Some(token)).await.problem(), "session-ended");
        assert_eq!(finish(&app, body).await.problem(), "login-failed");
        assert_eq!(app.get(CHANGES, Some(token)).await.problem(), "session-ended");
    }
    app.delete_at(&owner.1, "/api/v1/sessions").await;
    for (body, token) in [&others, &by_others] {
        assert_eq!(finish(&app, body).await.problem(), "login-failed");
        assert_eq!(app.get(CHANGES, Some(token)).await.problem(), "session-ended");
    }
    assert_eq!(listed(&app, &owner.1).await.len(), 1, "ended sessions are not listed");
}

#[tokio::test]
async fn second_step_after_two_minutes_is_refused() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let username = Username::new("ada").unwrap();
    let name = CredentialName::Passphrase;
    let credential = app.store.credential(&username, &name).unwrap();
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"passphrase").unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    let challenge = login::start(&app.key, &username, &name, &request, credential.as_ref(), 1_000_000).unwrap();
    let (body, token) = conclude(Started { challenge, assertion: None, state: started.state }, b"passphrase").unwrap();
    let at = |now| login::finish(&app.key, &body.state, &body.finalization, now);
    let (_, server_token) = at(1_120_000).unwrap();
    assert_eq!(server_token.expose_as_bearer(), token);
    assert_eq!(at(1_120_001).err(), Some(login::LoginError::Failed));
}

#[tokio::test]
async fn log_in_can_finish_in_another_process() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let token = log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    let begun = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let app = app.restart();
    assert_eq!(app.get(CHANGES, Some(&token)).await.status, StatusCode::OK);
    let (body, other) = conclude(begun, b"passphrase").unwrap();
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    let app = app.restart();
    assert_eq!(app.get(CHANGES, Some(&other)).await.status, StatusCode::OK);
    assert_eq!(finish(&app, &body).await.problem(), "login-failed", "a log-in finishes once, in any process");
}

/// The ids, devices and `current` marks of an account's sessions, as listed.
async fn listed(app: &App, token: &str) -> Vec<(String, Option<String>, bool)> {
    let answer = app.get("/api/v1/sessions", Some(token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let Sessions { sessions } = serde_json::from_slice(&answer.body).unwrap();
    let text = |session: SessionSummary| {
        (session.id.to_string(), session.device.map(|device| device.to_string()), session.current)
    };
    sessions.into_iter().map(text).collect()
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let (mut body, ada) =
        conclude(start(&app, "ada", CredentialName::Passphrase, b"passphrase").await, b"passphrase").unwrap();
    body.device = Some(Device::new(" Firefox on Linux ").unwrap());
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    let second = log_in(&app, "ada", &CredentialName::Recovery, b"recovery").await.unwrap();
    let third = log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.unwrap();
    let bob = app.settle(9);

    let list = listed(&app, &ada).await;
    let id = |token: &str| {
        let hash = shared::login::SessionToken::from_bearer(token).unwrap().hash();
        Base64Url::encode(&hash[..16])
    };
    assert_eq!(list.len(), 3);
    assert!(list.contains(&(id(&ada), Some("Firefox on Linux".into()), true)), "{list:?}");
    assert!(list.contains(&(id(&second), None, false)), "{list:?}");
    let raw = app.get("/api/v1/sessions", Some(&ada)).await;
    assert!([&ada, &second, &third].iter().all(|token| !String::from_utf8_lossy(&raw.body).contains(token.as_str())));

    // A session of another account is answered like one that does not exist.
    let at = |id: &str| format!("/api/v1/sessions/{id}");
    for path in [at(&id(&second)), at(&Base64Url::encode(&[1; 16]))] {
        let answer = app.delete_at(&bob, &path).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    }
    assert_eq!(listed(&app, &ada).await.len(), 3);
    assert_eq!(app.delete_at(&ada, &at(&id(&second))).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete_at(&ada, &at(&id(&second))).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(CHANGES, Some(&second)).await.problem(), "session-ended");
    for wrong in ["x", "AAAAAAAAAAAAAAAAAAAAAA==", &Base64Url::encode(&[1; 15])] {
        assert_eq!(app.delete_at(&ada, &at(wrong)).await.problem(), "malformed-request", "{wrong}");
    }

    assert_eq!(app.delete_at(&ada, "/api/v1/sessions").await.status, StatusCode::NO_CONTENT);
    assert_eq!(listed(&app, &ada).await, [(id(&ada), Some("Firefox on Linux".into()), true)]);
    assert_eq!(app.get(CHANGES, Some(&third)).await.problem(), "session-ended");
    assert_eq!(listed(&app, &bob).await.len(), 1);
    // `current` is not an id: it has its own path.
    assert_eq!(app.delete_at(&ada, "/api/v1/sessions/current").await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("/api/v1/sessions", Some(&ada)).await.problem(), "session-ended");
}

#[tokio::test]
async fn device_name_beyond_the_limits_is_malformed() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let started = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let (body, _) = conclude(started, b"passphrase").unwrap();
    let mut body = serde_json::to_value(body).unwrap();
    for device in ["", " ", "a\u{1b}[2J", &"x".repeat(65)] {
        body["device"] = device.into();
        assert_eq!(app.post("/api/v1/sessions/finish", &body).await.problem(), "malformed-request");
    }
}
