//! Access to every route: without a session, with an invalid token, and from another account.

use axum::http::{StatusCode, header};
use backend::now;
use backend::store::NewSecret;
use serde_json::{Value, json};
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::changes::{Change, SaveChanges, Sealed};
use shared::ids::AccountId;
use shared::passkeys::PasskeyChallenge;
use shared::sessions::CredentialName;

use crate::harness::{Answer, App, CHANGES, deletion, entry_id, head, request, sealed};

/// The kind of id in a route's path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    Nothing,
    Session,
}
use IdKind::{Nothing, Session};

/// A route: method, path, kind of the id in the path, and true if it needs a session.
pub type Route = (&'static str, &'static str, IdKind, bool);

/// Every route of the server.
pub const ROUTES: [Route; 24] = [
    ("GET", "/api/v1/setup", Nothing, false),
    ("POST", "/api/v1/accounts/start", Nothing, false),
    ("POST", "/api/v1/accounts/finish", Nothing, false),
    ("POST", "/api/v1/accounts/delete", Nothing, true),
    ("POST", "/api/v1/sessions/start", Nothing, false),
    ("POST", "/api/v1/sessions/finish", Nothing, false),
    ("POST", "/api/v1/sessions/challenge", Nothing, false),
    ("GET", "/api/v1/sessions", Nothing, true),
    ("DELETE", "/api/v1/sessions", Nothing, true),
    ("DELETE", "/api/v1/sessions/current", Nothing, true),
    ("DELETE", "/api/v1/sessions/{id}", Session, true),
    ("POST", "/api/v1/credentials/start", Nothing, true),
    ("POST", "/api/v1/credentials/finish", Nothing, true),
    ("POST", "/api/v1/passkeys/challenge", Nothing, true),
    ("GET", "/api/v1/credentials/changes", Nothing, true),
    ("POST", "/api/v1/proofs/start", Nothing, true),
    ("POST", "/api/v1/vault-key/start", Nothing, true),
    ("POST", "/api/v1/vault-key/finish", Nothing, true),
    ("GET", "/api/v1/changes", Nothing, true),
    ("POST", "/api/v1/changes", Nothing, true),
    ("GET", "/api/v1/passkeys", Nothing, true),
    ("POST", "/api/v1/passkeys/remove", Nothing, true),
    ("GET", "/healthz", Nothing, false),
    ("GET", "/readyz", Nothing, false),
];

/// A valid element of the group: its base point (RFC 9496, appendix A.1).
const POINT: &str = "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY";

/// Valid queries and bodies for a route.
fn requests(method: &str, path: &str) -> Vec<(&'static str, Option<Value>)> {
    let secret = || {
        let record = Base64Url::encode(&record());
        json!({ "suite": 1, "record": record, "wrapped_key": Base64Url::encode(&[4; 73]) })
    };
    let proof = || json!({ "state": Base64Url::encode(&[1; 400]), "finalization": Base64Url::encode(&[2; 64]) });
    let body = match (method, path) {
        ("POST", "/api/v1/credentials/start") => json!({ "credential": "passphrase", "request": POINT }),
        ("POST", "/api/v1/credentials/finish") => {
            json!({ "credential": "recovery", "secret": secret(), "proof": proof(), "keep_passkeys": [] })
        }
        ("POST", "/api/v1/proofs/start") => {
            let request = [&Base64Url::decode(POINT).unwrap().0[..], &[3; 32], &Base64Url::decode(POINT).unwrap().0];
            json!({ "credential": "passphrase", "request": Base64Url::encode(&request.concat()) })
        }
        ("POST", "/api/v1/vault-key/start") => json!({ "passphrase": POINT, "recovery": POINT }),
        ("POST", "/api/v1/vault-key/finish") => json!({
            "proof": proof(),
            "key_no": 2,
            "passphrase": secret(),
            "recovery": secret(),
            "earlier_keys": Base64Url::encode(&[5; 76]),
            "replaces": head(1, 0),
            "head": head(2, 0),
        }),
        ("POST", "/api/v1/passkeys/remove") => json!({ "id": Base64Url::encode(PASSKEY), "proof": proof() }),
        ("POST", "/api/v1/accounts/delete") => json!({ "proof": proof() }),
        ("POST", "/api/v1/changes") => {
            let save = |replaces: u32, sealed: Sealed| {
                let change = Change { id: entry_id(1), replaces, version: replaces + 1, sealed };
                let body = SaveChanges { replaces: head(1, 0), changes: vec![change], head: head(1, 9) };
                ("", Some(serde_json::to_value(body).unwrap()))
            };
            return vec![save(1, sealed(8)), save(2, sealed(8)), save(0, sealed(8)), save(1, deletion(8))];
        }
        ("GET", "/api/v1/changes") => return vec![("", None), ("?since=0&limit=1", None)],
        ("POST", _) => json!({}),
        _ => return vec![("", None)],
    };
    vec![("", Some(body))]
}

/// A registration record that the server accepts: a public key, a masking key, an envelope.
pub fn record() -> Vec<u8> {
    let mut record = Base64Url::decode(POINT).unwrap().0;
    record.resize(192, 5);
    record
}

/// The path of a route with a well-formed id.
pub fn with_some_id((_, path, id, _): Route) -> String {
    let id = match id {
        Nothing => String::new(),
        Session => "AAECAwQFBgcICQoLDA0ODw".to_owned(),
    };
    path.replace("{id}", &id)
}

/// The status, headers and body of an answer, without the request's id and with placeholders for times and for `id`.
fn comparable(answer: &Answer, id: &str) -> (StatusCode, Vec<String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let mut text = String::from_utf8(answer.body.clone()).unwrap();
    if !id.is_empty() {
        text = text.replace(id, "{id}");
    }
    // Random, but of a fixed length.
    if let Ok(PasskeyChallenge { challenge, state }) = serde_json::from_str(&text) {
        text = format!("challenge of {} bytes, state of {}", challenge.0.len(), state.0.len());
    }
    let is_time = |word: &&str| word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<String> = text.split(|c: char| !c.is_ascii_digit()).filter(is_time).map(str::to_owned).collect();
    (answer.status, headers, words.iter().fold(text, |text, time| text.replace(time, "{time}")))
}

async fn send(app: &App, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    app.send(request(method, path, token, body.map(|body| serde_json::to_vec(body).unwrap()))).await
}

#[tokio::test]
async fn route_table_is_complete() {
    let document = App::new().get("/api/v1/openapi.json", None).await.json();
    let mut described = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.push((method.to_uppercase(), path.clone(), operation.get("security").is_some()));
        }
    }
    described.sort();
    let mut tested: Vec<_> =
        ROUTES.iter().map(|(method, path, _, private)| ((*method).to_owned(), (*path).to_owned(), *private)).collect();
    tested.sort();
    assert_eq!(described, tested);
}

#[tokio::test]
async fn requests_without_a_live_session_get_the_same_refusal() {
    let app = App::new();
    let good = app.settle(1);
    let ada = AccountId::from_random([1; 16]);
    let revoked = app.open(ada, 2, now());
    app.delete_at(&revoked, "/api/v1/sessions/current").await;
    let of_deleted = app.settle(4);
    app.store.delete_account(AccountId::from_random([4; 16]), None).unwrap();
    let tokens = [
        ("nobody", None),
        ("revoked", Some(revoked)),
        ("expired", Some(app.open(ada, 3, now() - 1_800_000))),
        ("never given", Some(shared::login::session_token(&[9; 64]).expose_as_bearer())),
        ("of a deleted account", Some(of_deleted)),
        ("empty", Some(String::new())),
        ("malformed", Some("x".into())),
        ("not in Base64", Some("!".repeat(good.len()))),
        ("cut off", Some(good[1..].to_owned())),
        ("too long", Some(format!("{good}A"))),
        ("padded", Some(format!("{good}="))),
        ("huge", Some("A".repeat(6_000))),
    ];
    for route in ROUTES {
        let (method, pattern, _, private) = route;
        for (query, body) in requests(method, pattern) {
            let path = format!("{}{query}", with_some_id(route));
            let expected = send(&app, method, &path, None, body.as_ref()).await;
            if private {
                assert_eq!((expected.status, expected.problem()), (StatusCode::UNAUTHORIZED, "session-ended".into()));
                assert_eq!(expected.headers[header::WWW_AUTHENTICATE], "Bearer");
                let mut basic = request(method, &path, None, None);
                basic.headers_mut().insert(header::AUTHORIZATION, format!("Basic {good}").parse().unwrap());
                assert_eq!(app.send(basic).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            } else {
                assert_ne!(expected.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
            for (which, token) in &tokens {
                let answer = send(&app, method, &path, token.as_deref(), body.as_ref()).await;
                let (answer, expected) = (comparable(&answer, ""), comparable(&expected, ""));
                assert_eq!(answer, expected, "{method} {path} with a token that is {which}");
            }
        }
    }
    assert_eq!(app.get(CHANGES, Some(&good)).await.status, StatusCode::OK, "nothing was ended");
}

/// An application with Ada's account and two others, and the tokens of their sessions.
struct World {
    app: App,
    ada: String,
    others: [String; 2],
}

/// The id of the session that [`App::open`] opens for a tag.
fn session(tag: u8) -> String {
    Base64Url::encode(&shared::login::session_token(&[tag; 64]).hash()[..16])
}

const ADA: u8 = 1;
const PASSKEY: &[u8] = b"ada's passkey";

impl World {
    fn new() -> Self {
        let app = App::new();
        let ada = app.settle(ADA);
        let others = [app.settle(2), app.settle(3)];
        Self { app, ada, others }
    }

    /// Gives Ada an entry, a passkey and a second session.
    async fn furnish(&self) {
        assert_eq!(self.app.put(entry_id(1), &self.ada, 0, 7).await.status, StatusCode::OK);
        let account = AccountId::from_random([ADA; 16]);
        let name = CredentialName::Passkey(PASSKEY.to_vec().try_into().unwrap());
        let secret = NewCredential { suite: 1, record: Base64Url(vec![6; 192]), wrapped_key: Base64Url(vec![6; 73]) };
        let token_hash = shared::login::SessionToken::from_bearer(&self.ada).unwrap().hash();
        let secret = NewSecret {
            account,
            token_hash,
            epoch: 0,
            name,
            secret,
            verifier: None,
            keep_passkeys: Vec::new(),
            address: String::new(),
        };
        self.app.store.set_credential(&secret, 20, now()).unwrap();
        self.app.open(account, 9, now());
    }

    /// An id of this kind that belongs to Ada, and one that does not exist.
    fn ids(kind: IdKind) -> [String; 2] {
        match kind {
            Nothing => [String::new(), String::new()],
            Session => [session(9), session(99)],
        }
    }

    /// Ada's lists of entries, passkeys and sessions, with placeholders for times.
    async fn view(&self) -> Vec<(StatusCode, Vec<String>, String)> {
        let mut view = Vec::new();
        for path in [CHANGES, "/api/v1/passkeys", "/api/v1/sessions", "/api/v1/credentials/changes"] {
            view.push(comparable(&self.app.get(path, Some(&self.ada)).await, ""));
        }
        view
    }
}

/// The first account requests a missing id before Ada has any data; the second one then requests the id of Ada's. Both
/// must get the same answer. Routes without an id get the same request both times.
#[tokio::test]
async fn request_for_another_accounts_data_is_answered_like_one_for_missing_data() {
    for route in ROUTES.into_iter().filter(|route| route.3) {
        let (method, pattern, kind, _) = route;
        for (query, body) in requests(method, pattern) {
            let world = World::new();
            let [hers, missing] = World::ids(kind);
            let path = |id: &str| format!("{}{query}", pattern.replace("{id}", id));
            let ask = async |token: &str, id: &str| {
                let answer = send(&world.app, method, &path(id), Some(token), body.as_ref()).await;
                let mut answer = comparable(&answer, id);
                for own in [2, 3] {
                    answer.2 = answer.2.replace(&session(own), "{own}");
                }
                // This answer is computed from the caller's username and the request, so it differs between callers.
                if pattern.ends_with("/start") {
                    answer.2 = answer.2.len().to_string();
                }
                answer
            };
            let before = ask(&world.others[0], &missing).await;
            world.furnish().await;
            let view = world.view().await;
            assert!(view.iter().all(|part| part.0 == StatusCode::OK), "{view:?}");
            let after = ask(&world.others[1], &hers).await;
            assert_ne!(after.0, StatusCode::BAD_REQUEST, "{method} {pattern}: {after:?}");
            assert_eq!(before, after, "{method} {pattern}{query}");
            assert_eq!(view, world.view().await, "{method} {pattern}{query} changed something of hers");
        }
    }
}
