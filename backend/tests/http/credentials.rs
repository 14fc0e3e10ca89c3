//! Changing the secrets that open a vault, and deleting an account, with the real OPAQUE client.

use axum::http::StatusCode;
use backend::server::client_address::{Connection, Peer};
use shared::accounts::DeleteAccount;
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::{
    CredentialChallenge, CredentialChange, CredentialChangeKind, CredentialChanges, CredentialFinish, CredentialStart,
    Passkeys, RemovePasskey,
};
use shared::limits::{CREDENTIAL_CHANGES_MAX, PASSKEYS_MAX};
use shared::sessions::{CredentialName, Device, SessionGrant};

use crate::accounts::{blind, record, register, register_as};
use crate::authenticator::{self, PAGE};
use crate::harness::{Answer, App, CHANGES, entry_id, request};
use crate::proofs::prove;
use crate::sessions::{conclude, finish, log_in, start};

/// The secret that a passkey's authenticator returns.
const PRF: &[u8] = &[0xa5; 32];

fn passkey(tag: u8) -> CredentialName {
    CredentialName::Passkey(vec![tag; 16].try_into().unwrap())
}

/// A secret of the account with which a change is proven.
pub type Known<'a> = (CredentialName, &'a [u8]);

pub const BY_PASSPHRASE: Known<'static> = (Passphrase, b"passphrase");

/// The second request for setting a secret, as the page makes it; it keeps these passkeys.
pub async fn prepare(
    app: &App,
    token: &str,
    by: Known<'_>,
    name: &CredentialName,
    secret: &[u8],
    keep: &[CredentialName],
) -> CredentialFinish {
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
    let keep = keep.iter().map(|name| match name {
        CredentialName::Passkey(id) => id.clone(),
        _ => panic!("not a passkey"),
    });
    let keep_passkeys = (!matches!(name, CredentialName::Passkey(_))).then(|| keep.collect());
    let proof = prove(app, token, by.0, by.1).await;
    CredentialFinish { credential: name.clone(), secret, proof, keep_passkeys, registration }
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

/// As [`set`], and keeps this passkey.
pub async fn set_keeping(
    app: &App,
    token: &str,
    by: Known<'_>,
    name: &CredentialName,
    secret: &[u8],
    keep: CredentialName,
) {
    let answer = send(app, token, &prepare(app, token, by, name, secret, &[keep]).await).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

/// Sets a secret, as the page does. Keeps no passkey.
pub async fn set(app: &App, token: &str, by: Known<'_>, name: &CredentialName, secret: &[u8]) {
    let answer = send(app, token, &prepare(app, token, by, name, secret, &[]).await).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

async fn remove(app: &App, token: &str, name: &CredentialName) -> Answer {
    let CredentialName::Passkey(id) = name.clone() else { panic!("not a passkey") };
    let proof = prove(app, token, Passphrase, b"passphrase").await;
    app.post_in(token, "/api/v1/passkeys/remove", &RemovePasskey { id, proof }).await
}

async fn changes(app: &App, token: &str) -> Vec<CredentialChange> {
    let answer = app.get("/api/v1/credentials/changes", Some(token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let CredentialChanges { changes } = serde_json::from_slice(&answer.body).unwrap();
    changes
}

async fn goes_on(app: &App, token: &str) -> bool {
    let answer = app.get(CHANGES, Some(token)).await;
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

    let body = prepare(&app, &token, BY_PASSPHRASE, &Passphrase, b"new passphrase", &[]).await;
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
    assert_eq!(app.latest(&again).await, 1, "entries stay");
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
    set(&app, &token, (Recovery, b"recovery"), &Passphrase, b"new passphrase").await;
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_none());
    assert!(log_in(&app, "ada", &Passphrase, b"new passphrase").await.is_some());
    // A new code replaces the one that was used.
    set(&app, &token, (Recovery, b"recovery"), &Recovery, b"new recovery").await;
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
    set(&app, &token, BY_PASSPHRASE, &passkey(1), PRF).await;
    set(&app, &token, BY_PASSPHRASE, &passkey(2), PRF).await;
    assert!(goes_on(&app, &other).await, "adding a passkey ends no session");
    let begun = conclude(begun, b"passphrase").unwrap().0;
    assert_eq!(
        finish(&app, &begun).await.problem(),
        "login-failed",
        "every change of credentials ends log-ins under way"
    );

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
    register_as(&app, &app.invite(), 43, "bob", b"passphrase", b"recovery").await;
    let bob = log_in(&app, "bob", &Passphrase, b"passphrase").await.unwrap();
    assert_eq!(listed(&bob).await.passkeys, []);
    assert_eq!(remove(&app, &bob, &passkey(1)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(listed(&token).await.passkeys.len(), 2);

    let begun = start(&app, "ada", passkey(1), PRF).await;
    for _ in 0..2 {
        assert_eq!(remove(&app, &token, &passkey(1)).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(finish(&app, &conclude(begun, PRF).unwrap().0).await.problem(), "login-failed");
    assert!(log_in(&app, "ada", &passkey(1), PRF).await.is_none());
    assert!(log_in(&app, "ada", &passkey(2), PRF).await.is_some());
    assert!(goes_on(&app, &by_passkey).await, "a session opened with the passkey continues");
}

/// A thief of a session added a passkey, and the owner changes the passphrase.
#[tokio::test]
async fn new_passphrase_or_code_removes_the_passkeys_that_are_not_kept() {
    for (name, secret) in [(Passphrase, b"new passphrase"), (Recovery, b"new recovery..")] {
        let app = ada().await;
        let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
        for tag in 1..=3 {
            set(&app, &token, BY_PASSPHRASE, &passkey(tag), PRF).await;
        }
        let begun = start(&app, "ada", passkey(3), PRF).await;
        // One that is kept need not exist.
        let keep = [passkey(2), passkey(77)];
        let body = prepare(&app, &token, BY_PASSPHRASE, &name, secret, &keep).await;
        assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
        assert_eq!(finish(&app, &conclude(begun, PRF).unwrap().0).await.problem(), "login-failed");
        for tag in 1..=3 {
            let opens = log_in(&app, "ada", &passkey(tag), PRF).await.is_some();
            assert_eq!(opens, tag == 2, "passkey {tag} after a new {}", name.label());
        }
        // The request is repeated, and removes nothing that was added since.
        assert_eq!(send(&app, &token, &body).await.status, StatusCode::NO_CONTENT);
        assert!(log_in(&app, "ada", &passkey(2), PRF).await.is_some());
    }
}

#[tokio::test]
async fn passkeys_to_keep_belong_to_a_passphrase_or_code_only() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let mut without = prepare(&app, &token, BY_PASSPHRASE, &Passphrase, b"new passphrase", &[]).await;
    without.keep_passkeys = None;
    let mut with = prepare(&app, &token, BY_PASSPHRASE, &passkey(1), PRF, &[]).await;
    with.keep_passkeys = Some(Vec::new());
    for body in [without, with] {
        assert_eq!(send(&app, &token, &body).await.problem(), "malformed-request");
    }
    assert!(log_in(&app, "ada", &Passphrase, b"passphrase").await.is_some(), "nothing has changed");
}

#[tokio::test]
async fn changes_of_credentials_are_listed_with_device_and_address() {
    use CredentialChangeKind as Kind;

    let app = ada().await;
    let (mut body, token) = conclude(start(&app, "ada", Passphrase, b"passphrase").await, b"passphrase").unwrap();
    body.device = Some(Device::new("Firefox on Linux").unwrap());
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    assert_eq!(changes(&app, &token).await, []);
    set(&app, &token, BY_PASSPHRASE, &passkey(1), PRF).await;
    set(&app, &token, BY_PASSPHRASE, &passkey(2), PRF).await;
    assert_eq!(remove(&app, &token, &passkey(1)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&app, &token, &passkey(1)).await.status, StatusCode::NO_CONTENT, "nothing was removed");
    set(&app, &token, BY_PASSPHRASE, &Recovery, b"new recovery").await;
    let body = prepare(&app, &token, BY_PASSPHRASE, &Passphrase, b"new passphrase", &[]).await;
    for _ in 0..2 {
        let mut request =
            request("POST", "/api/v1/credentials/finish", Some(&token), Some(serde_json::to_vec(&body).unwrap()));
        let peer = Peer::new("2001:db8::7".parse().unwrap());
        request.extensions_mut().insert(Connection { peer, tls: false });
        assert_eq!(app.send(request).await.status, StatusCode::NO_CONTENT);
    }

    let listed = changes(&app, &token).await;
    let kinds: Vec<_> = listed.iter().map(|change| change.kind).collect();
    let newest_first = [
        Kind::Passphrase,
        Kind::PasskeyRemoved,
        Kind::Recovery,
        Kind::PasskeyRemoved,
        Kind::PasskeyAdded,
        Kind::PasskeyAdded,
    ];
    let mut sorted = kinds.clone();
    sorted[1..3].sort_by_key(|kind| *kind == Kind::Recovery);
    assert_eq!(sorted, newest_first, "each once, although one request was repeated: {listed:?}");
    assert!(listed.windows(2).all(|pair| pair[0].number > pair[1].number && pair[0].at >= pair[1].at), "{listed:?}");
    assert!(listed.iter().all(|change| change.device.as_ref().is_some_and(|it| it.as_str() == "Firefox on Linux")));
    assert_eq!((listed[0].address.as_str(), listed.last().unwrap().address.as_str()), ("2001:db8::7", ""));
    assert!(backend::now() - listed[0].at < 60_000);
    assert_eq!(changes(&app, &app.settle(9)).await, [], "another account's are its own");
}

#[tokio::test]
async fn newest_fifty_changes_of_credentials_are_remembered() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    for round in 0..27_u8 {
        let name = passkey(round % 2);
        set(&app, &token, BY_PASSPHRASE, &name, PRF).await;
        assert_eq!(remove(&app, &token, &name).await.status, StatusCode::NO_CONTENT);
    }
    let listed = changes(&app, &token).await;
    let numbers: Vec<_> = listed.iter().map(|change| change.number).collect();
    assert_eq!(numbers, (5..=54).rev().collect::<Vec<_>>(), "{} of 54", CREDENTIAL_CHANGES_MAX);
}

/// Between the steps of a log-in, the passkey's id gets another record.
#[tokio::test]
async fn log_in_with_a_replaced_passkey_fails() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    set(&app, &token, BY_PASSPHRASE, &passkey(1), PRF).await;
    let begun = start(&app, "ada", passkey(1), PRF).await;
    set(&app, &token, BY_PASSPHRASE, &passkey(1), b"another authenticator's 32 bytes").await;
    assert_eq!(finish(&app, &conclude(begun, PRF).unwrap().0).await.problem(), "login-failed");
    assert!(log_in(&app, "ada", &passkey(1), PRF).await.is_none());
    assert!(log_in(&app, "ada", &passkey(1), b"another authenticator's 32 bytes").await.is_some());
}

#[tokio::test]
async fn passkey_beyond_twenty_is_refused() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let body = prepare(&app, &token, BY_PASSPHRASE, &passkey(0), PRF, &[]).await;
    let with = async |tag: u8| {
        let proof = prove(&app, &token, Passphrase, b"passphrase").await;
        let body = CredentialFinish { proof, ..with_passkey(&app, &token, tag, &body).await };
        send(&app, &token, &body).await
    };
    for tag in 0..PASSKEYS_MAX {
        assert_eq!(with(u8::try_from(tag).unwrap()).await.status, StatusCode::NO_CONTENT);
    }
    let answer = with(99).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::CONFLICT, "too-many-passkeys".into()));
    assert_eq!(with(0).await.status, StatusCode::NO_CONTENT, "an existing passkey does not count again");
}

#[tokio::test]
async fn invalid_credential_is_malformed() {
    let app = ada().await;
    let token = log_in(&app, "ada", &Passphrase, b"passphrase").await.unwrap();
    let good = prepare(&app, &token, BY_PASSPHRASE, &Passphrase, b"new passphrase", &[]).await;
    let mut short = good.clone();
    short.secret.record.0.pop();
    let mut key = good.clone();
    key.secret.wrapped_key.0.push(0);
    let mut suite = good.clone();
    suite.secret.suite = 200;
    for body in [short, key, suite] {
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
    set(&app, &token, BY_PASSPHRASE, &passkey(1), PRF).await;
    assert_eq!(app.put(entry_id(1), &token, 0, 7).await.status, StatusCode::OK);
    let bob = app.settle(9);
    assert_eq!(app.put(entry_id(1), &bob, 0, 8).await.status, StatusCode::OK);
    let begun = start(&app, "ada", Passphrase, b"passphrase").await;

    let body = DeleteAccount { proof: prove(&app, &token, Passphrase, b"passphrase").await };
    let path = "/api/v1/accounts/delete";
    assert_eq!(app.post_in(&token, path, &body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.post_in(&token, path, &body).await.problem(), "session-ended");
    assert!(!goes_on(&app, &token).await);
    assert_eq!(finish(&app, &conclude(begun, b"passphrase").unwrap().0).await.problem(), "login-failed");
    for (name, secret) in [(Passphrase, &b"passphrase"[..]), (Recovery, b"recovery"), (passkey(1), PRF)] {
        assert!(log_in(&app, "ada", &name, secret).await.is_none());
    }
    assert!(app.store.username(shared::ids::AccountId::from_random([42; 16])).is_err());
    assert_eq!(app.latest(&bob).await, 1, "another account's entries stay");

    let finish = register(&app, &app.invite(), "ada", b"other passphrase", b"other recovery").await;
    assert_eq!(finish.username, Username::new("ada").unwrap());
    let token = log_in(&app, "ada", &Passphrase, b"other passphrase").await.unwrap();
    assert_eq!(app.latest(&token).await, 0);
}
