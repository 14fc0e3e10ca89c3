//! Rate limits on attempts at secrets and invites, with the real OPAQUE client.

use axum::http::{StatusCode, header};
use backend::server::client_address::{Connection, Peer};
use backend::server::rate_limits::RateLimitArgs;
use opaque_ke::ClientLogin;
use rand_core_06::OsRng;
use shared::accounts::{AccountFinish, AccountStart, InviteCode, NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::login::Suite;
use shared::sessions::{CredentialName, SessionFinish, SessionStart};

use crate::accounts::register;
use crate::harness::{Answer, App, CHANGES, head, request};
use crate::sessions::{conclude, log_in, start};

const LIMITS: RateLimitArgs = RateLimitArgs { logins_per_address: 12, logins_per_account: 4, sign_ups_per_address: 6 };
const START: &str = "/api/v1/sessions/start";
const FINISH: &str = "/api/v1/sessions/finish";

fn first_step(username: &str) -> SessionStart {
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"a guess").unwrap();
    let request = Base64Url(started.message.serialize().to_vec());
    SessionStart { username: Username::new(username).unwrap(), credential: CredentialName::Passphrase, request }
}

/// The status, headers and body of an answer, without the request's id.
fn seen(answer: &Answer) -> (StatusCode, Vec<u8>, Vec<(String, String)>) {
    let text =
        |name: &header::HeaderName, value: &header::HeaderValue| (name.to_string(), value.to_str().unwrap().to_owned());
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    (answer.status, answer.body.clone(), headers.map(|(name, value)| text(name, value)).collect())
}

#[tokio::test]
async fn guesses_are_limited_alike_for_known_and_unknown_names() {
    let app = App::throttled(&LIMITS, &[]);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let mut last = Vec::new();
    for username in ["ada", "nobody"] {
        let mut statuses = Vec::new();
        for host in 0..6 {
            let answer = app.post_from(&format!("203.0.113.{host}"), START, &first_step(username)).await;
            statuses.push(answer.status.as_u16());
            last.push(answer);
        }
        assert_eq!(statuses, [200, 200, 200, 200, 429, 429], "{username}");
    }
    let (known, unknown) = (&last[5], &last[11]);
    assert_eq!(known.problem(), "too-many-attempts");
    assert_eq!(seen(known), seen(unknown));
    let wait: u64 = known.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((140..=150).contains(&wait), "ten minutes for four: {wait}");
    // The owner can still log in from the address where the account was created.
    assert!(log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.is_some());
}

#[tokio::test]
async fn owner_logs_in_from_a_familiar_address_while_others_are_limited() {
    let app = App::throttled(&LIMITS, &[]);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let home = "198.51.100.7";
    // The account was opened from home once, before the limit was reached.
    let started = ClientLogin::<Suite>::start(&mut OsRng, b"passphrase").unwrap();
    let body = SessionStart { request: Base64Url(started.message.serialize().to_vec()), ..first_step("ada") };
    let challenge = serde_json::from_slice(&app.post_from(home, START, &body).await.body).unwrap();
    let (body, token) =
        conclude(crate::sessions::Started { challenge, assertion: None, state: started.state }, b"passphrase").unwrap();
    assert_eq!(app.post_from(home, FINISH, &body).await.status, StatusCode::CREATED);

    for host in 0..30 {
        app.post_from(&format!("203.0.113.{host}"), START, &first_step("ada")).await;
    }
    assert_eq!(app.post_from("203.0.113.99", START, &first_step("ada")).await.problem(), "too-many-attempts");
    assert_eq!(app.post_from(home, START, &first_step("ada")).await.status, StatusCode::OK);
    assert_eq!(app.get(CHANGES, Some(&token)).await.status, StatusCode::OK, "sessions go on");
}

#[tokio::test]
async fn owner_logs_in_from_a_familiar_address_without_attempts() {
    let app = App::throttled(&LIMITS, &[]);
    let home = "2001:db8:1:2::7";
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let log_in = async || {
        let started = ClientLogin::<Suite>::start(&mut OsRng, b"passphrase").unwrap();
        let body = SessionStart { request: Base64Url(started.message.serialize().to_vec()), ..first_step("ada") };
        let answer = app.post_from(home, START, &body).await;
        let challenge = serde_json::from_slice(&answer.body).map_err(|_| answer.problem())?;
        let started = crate::sessions::Started { challenge, assertion: None, state: started.state };
        let (body, _) = conclude(started, b"passphrase").unwrap();
        let answer = app.post_from(home, FINISH, &body).await;
        if answer.status == StatusCode::CREATED { Ok(()) } else { Err(answer.problem()) }
    };
    assert_eq!(log_in().await, Ok(()));
    // Somebody in the owner's /64 uses up its log-ins begun and finished.
    let neighbour = "2001:db8:1:2:ffff::9";
    let nonsense = serde_json::json!({ "state": "AAAA", "finalization": "AAAA", "device": null });
    for number in 0..30 {
        app.post_from(neighbour, START, &first_step(&format!("name {number}"))).await;
        app.post_from(neighbour, FINISH, &nonsense).await;
    }
    assert_eq!(app.post_from(home, START, &first_step("bob")).await.problem(), "too-many-attempts");
    assert_eq!(app.post_from(home, FINISH, &nonsense).await.problem(), "too-many-attempts");
    assert_eq!(log_in().await, Ok(()));
}

/// A thief of the database knows everything that the repeat takes but the invite.
#[tokio::test]
async fn repeated_sign_up_makes_no_address_familiar() {
    const SIGN_UP: &str = "/api/v1/accounts/finish";

    let app = App::throttled(&LIMITS, &[]);
    let made = register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    for host in 0..4 {
        let answer = app.post_from(&format!("203.0.113.{host}"), START, &first_step("ada")).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let invented = AccountFinish { invite: InviteCode("AAAAAAAAAAAAAAAAAAAAAA".into()), ..made.clone() };
    let unused = AccountFinish { invite: app.invite(), ..made.clone() };
    let repeats =
        [(invented, (403, Some("invite-unknown"))), (unused, (409, Some("username-taken"))), (made, (201, None))];
    for (place, (body, expected)) in repeats.into_iter().enumerate() {
        let from = format!("198.51.100.{place}");
        let answer = app.post_from(&from, SIGN_UP, &body).await;
        let problem = (!answer.status.is_success()).then(|| answer.problem());
        assert_eq!((answer.status.as_u16(), problem.as_deref()), expected, "repeat {place}");
        let answer = app.post_from(&from, START, &first_step("ada")).await;
        assert_eq!(answer.problem(), "too-many-attempts", "repeat {place} makes its address familiar");
    }
    // The request that made the account has made its own address familiar.
    assert!(log_in(&app, "ada", &CredentialName::Passphrase, b"passphrase").await.is_some());
}

#[tokio::test]
async fn finishes_sign_ups_and_new_secrets_are_limited() {
    let app = App::throttled(&LIMITS, &[]);
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let started = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let (good, token) = conclude(started, b"passphrase").unwrap();
    let wrong = SessionFinish { finalization: Base64Url(vec![9; 64]), ..good.clone() };
    let mut statuses = Vec::new();
    for host in 0..12 {
        let answer = app.post_from(&format!("203.0.113.{host}"), FINISH, &wrong).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 429, 429]);
    let started = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let (good, other) = conclude(started, b"passphrase").unwrap();
    assert_ne!(token, other);
    assert_eq!(app.post(FINISH, &good).await.status, StatusCode::CREATED, "another log-in is not concerned");

    let guess = AccountStart {
        invite: InviteCode("x".repeat(22)),
        username: Username::new("eve").unwrap(),
        passphrase: first_step("eve").request,
        recovery: first_step("eve").request,
    };
    let credential = NewCredential { suite: 1, record: Base64Url(vec![1; 192]), wrapped_key: Base64Url(vec![1; 73]) };
    let finish = AccountFinish {
        invite: guess.invite.clone(),
        account_id: AccountId::from_random([7; 16]),
        username: guess.username.clone(),
        passphrase: credential.clone(),
        recovery: credential,
        head: head(1, 0),
    };
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(app.post_from("203.0.113.200", "/api/v1/accounts/start", &guess).await.status.as_u16());
        statuses.push(app.post_from("203.0.113.200", "/api/v1/accounts/finish", &finish).await.status.as_u16());
    }
    assert_eq!(statuses, [403, 400, 403, 400, 403, 400, 429, 429], "the record is malformed");

    let body = serde_json::json!({ "credential": "recovery", "request": first_step("ada").request });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(app.post_in(&other, "/api/v1/credentials/start", &body).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn attempts_count_by_the_address_that_a_trusted_proxy_reports() {
    let app = App::throttled(&LIMITS, &["10.0.0.0/8"]);
    let attempts = async |peer: &str, forwarded: &dyn Fn(usize) -> String| {
        let mut passed = 0;
        for number in 0..20 {
            let body = serde_json::to_vec(&first_step(&format!("{peer} {number}"))).unwrap();
            let mut request = request("POST", START, None, Some(body));
            request.extensions_mut().insert(Connection { peer: Peer::new(peer.parse().unwrap()), tls: false });
            request.headers_mut().insert("x-forwarded-for", forwarded(number).parse().unwrap());
            passed += usize::from(app.send(request).await.status == StatusCode::OK);
        }
        passed
    };
    assert_eq!(attempts("203.0.113.1", &|number| format!("198.51.100.{number}")).await, 12, "made up");
    assert_eq!(attempts("10.0.0.1", &|number| format!("198.51.100.{number}")).await, 20, "so many clients");
    assert_eq!(attempts("10.0.0.2", &|number| format!("192.0.2.{number}, 203.0.113.9")).await, 12, "one client");
}
