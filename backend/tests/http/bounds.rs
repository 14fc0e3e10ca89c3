//! Timeouts, overload, failing stores, and shutdown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use backend::store::{
    AccountSummary, Accounts, Credential, Credentials, Database, Entries, Grant, Hash, Invite, Lifetime, LiveSession,
    Millis, NewAccount, NewSecret, NewSession, NewVaultKey, OldPasskey, Operator, PasskeyVerifier, PasswordExpiry,
    Sessions, StoreError, StoredAccount, StoredInvite, StoredSession, Transfer, Usage,
};
use shared::accounts::Username;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};
use shared::credentials::{CredentialChange, PasskeySummary};
use shared::ids::{AccountId, PasskeyId, SessionId};
use shared::limits::{BODY_MAX, OPEN_BODY_MAX};
use shared::sessions::CredentialName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::access::{ROUTES, with_some_id};
use crate::connections::{BOUNDS, read_all, serve};
use crate::harness::{App, CHANGES, DEADLINE, request};

type Closure = Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

/// A store without accounts or sessions whose `check` and `live_session` run one closure, and `has_accounts` another.
/// Every other operation fails as unavailable.
struct FakeStore(Closure, Closure);

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("a fake".into()))
}

/// Implements a trait of the store with operations that fail.
macro_rules! unavailable {
    ($subject:ident { $($operation:ident($($kind:ty),*) -> $result:ty;)* } $($rest:item)*) => {
        impl $subject for FakeStore {
            $(fn $operation(&self, $(_: $kind),*) -> Result<$result, StoreError> {
                unavailable()
            })*
            $($rest)*
        }
    };
}

unavailable! {
    Database {
        look_for_damage() -> ();
        bind_server_key(&Hash) -> ();
        server_key() -> Option<Hash>;
        password_expiry() -> PasswordExpiry;
    }
    fn check(&self) -> Result<(), StoreError> {
        (self.0)()
    }
    fn usage(&self) -> Usage {
        Usage::default()
    }
}

unavailable! {
    Accounts {
        add_invite(&Invite) -> ();
        check_invite(&Hash, Millis) -> ();
        create_account(&NewAccount, &Hash, Millis) -> bool;
        username(AccountId) -> Username;
        delete_account(AccountId, Option<u32>) -> ();
    }
    fn has_accounts(&self) -> Result<bool, StoreError> {
        (self.1)().and(Ok(false))
    }
}

unavailable! {
    Credentials {
        credential(&Username, &CredentialName) -> Option<Credential>;
        set_credential(&NewSecret, usize, Millis) -> ();
        replace_vault_key(&NewVaultKey, Millis) -> ();
        passkeys(AccountId) -> Vec<PasskeySummary>;
        passkey_verifier(AccountId, &PasskeyId) -> Option<PasskeyVerifier>;
        remove_passkey(&OldPasskey, Millis) -> ();
        credential_changes(AccountId) -> Vec<CredentialChange>;
    }
}

unavailable! {
    Sessions {
        open_session(&NewSession, &Lifetime, Millis) -> Grant;
        touch_session(&Hash, Millis) -> ();
        sessions(AccountId, &Lifetime, Millis) -> Vec<StoredSession>;
        end_session(&Hash, Millis) -> ();
        end_listed_session(AccountId, SessionId, Millis) -> ();
        end_other_sessions(AccountId, &Hash, Millis) -> ();
    }
    fn live_session(&self, _: &Hash, _: &Lifetime, _: Millis) -> Result<LiveSession, StoreError> {
        (self.0)().and(Err(StoreError::NotFound))
    }
}

unavailable! {
    Entries {
        list_changes(AccountId, u64, u32) -> Changes;
        save_changes(AccountId, &SaveChanges, u64, Millis) -> Saved;
    }
}

unavailable! {
    Operator {
        accounts() -> Vec<AccountSummary>;
        revoke_invite(&Hash) -> bool;
        all_sessions(&Lifetime, Millis) -> Vec<(AccountId, StoredSession)>;
        end_sessions(AccountId, Millis) -> u64;
    }
}

unavailable! {
    Transfer {
        account_after(Option<AccountId>) -> Option<StoredAccount>;
        invites() -> Vec<StoredInvite>;
        upsert_account(&StoredAccount) -> ();
        insert_entries(AccountId, &[StoredVersion]) -> ();
        upsert_invite(&StoredInvite) -> ();
    }
}

pub fn fake_store(check: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> App {
    fake(Box::new(check), Box::new(|| Ok(())), DEADLINE)
}

/// A store whose reads hang until the sender is dropped; a database call may take this long.
pub fn store_with_hanging_reads(deadline: Duration) -> (mpsc::Sender<()>, App) {
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let reads = move || {
        let _ = hold.lock().unwrap().recv();
        Ok(())
    };
    (release, fake(Box::new(|| Ok(())), Box::new(reads), deadline))
}

fn fake(check: Closure, reads: Closure, deadline: Duration) -> App {
    App::over_with_deadline(Arc::new(FakeStore(check, reads)), tempfile::tempdir().unwrap(), deadline)
}

async fn ready(app: &App) -> (StatusCode, String) {
    let answer = app.get("/readyz", None).await;
    let code = if answer.status == StatusCode::OK { "ok".into() } else { answer.problem() };
    (answer.status, code)
}

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test]
async fn unavailable_store_is_answered_503_and_reported_by_readyz() {
    let app = fake_store(unavailable);
    assert_eq!(ready(&app).await, (UNAVAILABLE, "store-unavailable".into()));
    assert_eq!(app.get("/healthz", None).await.status, StatusCode::OK, "the process is alive");
    let token = shared::login::session_token(&[1; 64]).expose_as_bearer();
    assert_eq!(app.get(CHANGES, Some(&token)).await.problem(), "store-unavailable");
    assert_eq!(ready(&crate::harness::App::new()).await, (StatusCode::OK, "ok".into()));
}

#[tokio::test]
async fn internal_error_has_a_constant_answer() {
    let app = fake_store(|| Err(StoreError::Fault("table secret_table".into())));
    let answer = app.get("/readyz", None).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::INTERNAL_SERVER_ERROR, "internal".into()));
    assert!(!String::from_utf8(answer.body).unwrap().contains("secret_table"));
}

#[tokio::test]
async fn panic_of_a_store_call_has_a_constant_answer() {
    let app = fake_store(|| panic!("hunter2"));
    let answer = app.get("/readyz", None).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::INTERNAL_SERVER_ERROR, "internal".into()));
}

/// A store that hangs until the sender is dropped, and a count of the calls that it got.
pub fn hanging_store() -> (mpsc::Sender<()>, Arc<AtomicUsize>, App) {
    let (release, hold) = mpsc::channel::<()>();
    let (hold, calls) = (Mutex::new(hold), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    let app = fake_store(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = hold.lock().unwrap().recv();
        Ok(())
    });
    (release, calls, app)
}

/// Requests to a hanging store are answered at the deadline. The calls keep their permits, so that at most the gate's
/// four threads wait for the store, and requests succeed again as soon as it answers.
#[tokio::test]
async fn hanging_store_holds_at_most_the_threads_of_the_gate() {
    let (release, calls, app) = hanging_store();
    let token = shared::login::session_token(&[1; 64]).expose_as_bearer();
    let problem = async || app.get(CHANGES, Some(&token)).await.problem();
    for _ in 0..4 {
        assert_eq!(problem().await, "store-unavailable");
    }
    // Hanging calls hold all permits: the fifth call is not started.
    assert_eq!(problem().await, "overloaded");
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    drop(release);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(problem().await, "session-ended");
}

/// The calls of `/readyz` are its own: a request that is answered at the deadline leaves one call behind, and later
/// requests start no other until that one has ended.
#[tokio::test]
async fn readyz_of_a_hanging_store_holds_one_call_and_answers_by_its_deadline() {
    let (release, calls, app) = hanging_store();
    let start = Instant::now();
    let (first, second) = tokio::join!(ready(&app), ready(&app));
    assert_eq!((first, second), ((UNAVAILABLE, "store-unavailable".into()), (UNAVAILABLE, "store-unavailable".into())));
    for _ in 0..8 {
        assert_eq!(ready(&app).await, (UNAVAILABLE, "store-unavailable".into()));
    }
    // The deadline is a second, and the nine later requests are answered at once. Ten deadlines in a row would take ten.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    drop(release);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ready(&app).await, (StatusCode::OK, "ok".into()));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn request_beyond_the_limit_is_refused_at_once() {
    let (release, _, app) = hanging_store();
    let app = Arc::new(app);
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let app = Arc::clone(&app);
            tokio::spawn(async move { ready(&app).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(app.get("/healthz", None).await.problem(), "overloaded");
    drop(release);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().0, StatusCode::OK);
    }
    assert_eq!(app.get("/healthz", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn slow_head_is_cut_off_and_slow_body_answered_408() {
    let served = serve(&App::new(), BOUNDS, &[]).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(3), read_all(&mut slow)).await.expect("cut off");
    assert!(!cut.contains("200 OK"), "{cut}");

    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /api/v1/sessions/start HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(5), read_all(&mut slow)).await.expect("answered");
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("request-timeout"), "{told}");
}

#[tokio::test]
async fn stop_waits_for_a_running_request() {
    let (release, _, app) = hanging_store();
    let served = serve(&app, BOUNDS, &[]).await;
    let mut going_on = TcpStream::connect(served.address).await.unwrap();
    going_on.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(served.address).await.is_err(), "no new connections");
    drop(release);
    let answer = tokio::time::timeout(Duration::from_secs(3), read_all(&mut going_on)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    tokio::time::timeout(Duration::from_secs(3), served.done).await.expect("stopped").unwrap();
}

#[tokio::test]
async fn request_that_is_not_http_is_refused() {
    let served = serve(&App::new(), BOUNDS, &[]).await;
    let mut wrong = TcpStream::connect(served.address).await.unwrap();
    wrong.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await.unwrap();
    let answer = read_all(&mut wrong).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// A body that notes whether anybody has read of it.
struct NotedBody(Arc<AtomicUsize>);

impl hyper::body::Body for NotedBody {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::task::Poll::Ready(None)
    }
}

/// Nobody without a session makes the server hold a large body.
#[tokio::test]
async fn body_without_a_session_is_not_read_or_small() {
    let app = App::new();
    let token = app.settle(1);
    for route in ROUTES {
        let (method, _, _, private) = route;
        if method != "POST" {
            continue;
        }
        let path = with_some_id(route);
        let reads = Arc::new(AtomicUsize::new(0));
        let noted = |token: Option<&str>| {
            let (parts, _) = request(method, &path, token, Some(Vec::new())).into_parts();
            axum::http::Request::from_parts(parts, axum::body::Body::new(NotedBody(Arc::clone(&reads))))
        };
        let status = app.send(noted(None)).await.status;
        if private {
            assert_eq!((status, reads.load(Ordering::SeqCst)), (StatusCode::UNAUTHORIZED, 0), "{path}");
            let padded = vec![b' '; BODY_MAX];
            let answer = app.send(request(method, &path, Some(&token), Some(padded))).await;
            assert_ne!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        } else if !path.ends_with("/challenge") {
            assert!(reads.load(Ordering::SeqCst) > 0, "{path}");
            for (len, expected) in [(OPEN_BODY_MAX, "malformed-request"), (OPEN_BODY_MAX + 1, "body-too-large")] {
                let answer = app.send(request(method, &path, None, Some(vec![b' '; len]))).await;
                assert_eq!(answer.problem(), expected, "{path}: {len} bytes");
            }
        }
    }
}
