//! Creating accounts, with the real OPAQUE client.

use axum::http::StatusCode;
use backend::server::invites;
use opaque_ke::{ClientRegistration, ClientRegistrationFinishParameters, RegistrationResponse};
use rand_core_06::OsRng;
use serde_json::json;
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, InviteCode, NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::login::{Suite, identifiers};

use crate::harness::{Answer, App, head};

/// A registration request, and the client's state for the answer.
pub fn blind(secret: &[u8]) -> (Base64Url, ClientRegistration<Suite>) {
    let started = ClientRegistration::start(&mut OsRng, secret).unwrap();
    (Base64Url(started.message.serialize().to_vec()), started.state)
}

pub fn record(secret: &[u8], state: ClientRegistration<Suite>, response: &Base64Url) -> NewCredential {
    let response = RegistrationResponse::deserialize(&response.0).unwrap();
    let parameters = ClientRegistrationFinishParameters::new(identifiers(), None);
    let finished = state.finish(&mut OsRng, secret, response, parameters).unwrap();
    NewCredential {
        suite: 1,
        record: Base64Url(finished.message.serialize().to_vec()),
        wrapped_key: Base64Url(vec![7; 73]),
    }
}

pub fn start_body(invite: &InviteCode, username: &str) -> AccountStart {
    let (request, _) = blind(b"anything");
    AccountStart {
        invite: invite.clone(),
        username: Username::new(username).unwrap(),
        passphrase: request.clone(),
        recovery: request,
    }
}

/// Creates an account as the page does.
pub async fn register(
    app: &App,
    invite: &InviteCode,
    username: &str,
    passphrase: &[u8],
    recovery: &[u8],
) -> AccountFinish {
    register_as(app, invite, 42, username, passphrase, recovery).await
}

/// As [`register`], under another account id.
pub async fn register_as(
    app: &App,
    invite: &InviteCode,
    tag: u8,
    username: &str,
    passphrase: &[u8],
    recovery: &[u8],
) -> AccountFinish {
    let ((first, first_state), (second, second_state)) = (blind(passphrase), blind(recovery));
    let username = Username::new(username).unwrap();
    let start =
        AccountStart { invite: invite.clone(), username: username.clone(), passphrase: first, recovery: second };
    let answer = app.post("/api/v1/accounts/start", &start).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let challenge: AccountChallenge = serde_json::from_slice(&answer.body).unwrap();
    let finish = AccountFinish {
        invite: invite.clone(),
        username,
        account_id: AccountId::from_random([tag; 16]),
        passphrase: record(passphrase, first_state, &challenge.passphrase),
        recovery: record(recovery, second_state, &challenge.recovery),
        head: head(1, 0),
    };
    let answer = app.post("/api/v1/accounts/finish", &finish).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    finish
}

async fn refused_start(app: &App, invite: &InviteCode, username: &str) -> (u16, String) {
    let answer = app.post("/api/v1/accounts/start", &start_body(invite, username)).await;
    (answer.status.as_u16(), answer.problem())
}

#[tokio::test]
async fn invite_creates_one_account() {
    let app = App::new();
    let invite = app.invite();
    let finish = register(&app, &invite, "Ada", b"passphrase", b"recovery").await;
    // The answer was lost, and the page repeats the request.
    assert_eq!(app.post("/api/v1/accounts/finish", &finish).await.status, StatusCode::CREATED);
    assert_eq!(refused_start(&app, &invite, "bob").await, (403, "invite-used".into()));
    let other = AccountFinish { username: Username::new("bob").unwrap(), ..finish };
    assert_eq!(app.post("/api/v1/accounts/finish", &other).await.problem(), "invite-used");
    // The name is taken in any letter case. Only people with an invite can find that out.
    assert_eq!(refused_start(&app, &app.invite(), " ADA ").await, (409, "username-taken".into()));
    let other = AccountFinish { username: Username::new("ada").unwrap(), invite: app.invite(), ..other };
    let other = AccountFinish { account_id: AccountId::from_random([43; 16]), ..other };
    assert_eq!(app.post("/api/v1/accounts/finish", &other).await.problem(), "username-taken");
}

#[tokio::test]
async fn account_without_a_valid_invite_is_refused() {
    let app = App::new();
    let expired = invites::create(&*app.store, 1000, false, 0).unwrap();
    assert_eq!(refused_start(&app, &expired, "ada").await, (403, "invite-expired".into()));
    for code in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "not base64url!", &"A".repeat(1000)] {
        assert_eq!(refused_start(&app, &InviteCode(code.into()), "ada").await, (403, "invite-unknown".into()));
    }
}

#[tokio::test]
async fn setup_invite_creates_the_first_account_only() {
    let app = App::new();
    let links = [(), ()].map(|()| invites::create(&*app.store, 60_000, true, backend::now()).unwrap());
    register(&app, &links[0], "ada", b"passphrase", b"recovery").await;
    assert_eq!(refused_start(&app, &links[1], "bob").await, (403, "invite-unknown".into()));
}

#[tokio::test]
async fn invalid_opaque_message_is_malformed() {
    let app = App::new();
    let mut start = start_body(&app.invite(), "ada");
    start.passphrase = Base64Url(vec![0xff; 32]);
    let malformed = |answer: Answer| (answer.status.as_u16(), answer.problem()) == (400, "malformed-request".into());
    assert!(malformed(app.post("/api/v1/accounts/start", &start).await));

    let good = register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let mut short = good.clone();
    short.recovery.record.0.pop();
    let mut long = good.clone();
    long.passphrase.record.0.push(0);
    let mut key = good.clone();
    key.passphrase.wrapped_key.0.pop();
    let mut suite = good.clone();
    suite.recovery.suite = 2;
    let second_key = AccountFinish { head: head(2, 0), ..good.clone() };
    let mut point = good;
    point.passphrase.record.0[..32].fill(0xff);
    for body in [short, long, key, suite, second_key, point] {
        assert!(malformed(app.post("/api/v1/accounts/finish", &body).await));
    }
}

#[tokio::test]
async fn username_beyond_the_limits_is_malformed() {
    let app = App::new();
    let mut body = serde_json::to_value(start_body(&app.invite(), "ada")).unwrap();
    for username in [json!(""), json!("  "), json!("x".repeat(256)), json!("a\u{0}b"), json!(7), json!(null)] {
        body["username"] = username;
        assert_eq!(app.post("/api/v1/accounts/start", &body).await.problem(), "malformed-request");
    }
}
