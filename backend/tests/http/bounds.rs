//! Timeouts, overload, failing stores, and shutdown.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use backend::server::page::Page;
use backend::store::{
    Accounts, Credential, Credentials, Database, Hash, Invite, Lifetime, LiveSession, Millis, NewAccount, NewSecret,
    NewSession, Passwords, Put, Sessions, StoreError, StoredAccount, StoredInvite, StoredSession, Transfer, Usage,
};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::passwords::{Changes, NewVersion, StoredEntry};
use shared::sessions::CredentialName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::connections::{BOUNDS, read_all, serve};
use crate::harness::App;

/// A store without accounts whose `check` is a closure. Every other operation fails as unavailable.
struct FakeStore(Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>);

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
        create_account(&NewAccount, &Hash, Millis) -> ();
        username(AccountId) -> Username;
        delete_account(AccountId) -> ();
    }
    fn has_accounts(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

unavailable! {
    Credentials {
        credential(&Username, &CredentialName) -> Option<Credential>;
        set_credential(&NewSecret, usize, Millis) -> ();
        passkeys(AccountId) -> Vec<PasskeySummary>;
        remove_passkey(AccountId, &PasskeyId) -> ();
    }
}

unavailable! {
    Sessions {
        open_session(&NewSession, &Lifetime, Millis) -> Base64Url;
        live_session(&Hash, &Lifetime, Millis) -> LiveSession;
        touch_session(&Hash, Millis) -> ();
        sessions(AccountId, &Lifetime, Millis) -> Vec<StoredSession>;
        end_session(&Hash) -> ();
        end_listed_session(AccountId, SessionId) -> ();
        end_other_sessions(AccountId, &Hash) -> ();
    }
}

unavailable! {
    Passwords {
        changes(AccountId, u64, u32) -> Changes;
        put(&Put, u64, Millis) -> NewVersion;
        delete(AccountId, EntryId, u32, Millis) -> NewVersion;
    }
}

unavailable! {
    Transfer {
        account_after(Option<AccountId>) -> Option<StoredAccount>;
        invites() -> Vec<StoredInvite>;
        upsert_account(&StoredAccount) -> ();
        insert_entries(AccountId, &[StoredEntry]) -> ();
        upsert_invite(&StoredInvite) -> ();
    }
}

pub fn fake_store(check: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> App {
    App::over(Arc::new(FakeStore(Box::new(check))), tempfile::tempdir().unwrap(), Page::default())
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
    assert_eq!(app.get("/api/v1/passwords", Some(&token)).await.problem(), "store-unavailable");
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

/// Requests to a hanging store are answered at the deadline. The calls keep their permits, so that at most the gate's
/// four threads wait for the store, and requests succeed again as soon as it answers.
#[tokio::test]
async fn hanging_store_holds_at_most_the_threads_of_the_gate() {
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let app = fake_store(move || {
        let _ = hold.lock().unwrap().recv();
        Ok(())
    });
    for _ in 0..4 {
        assert_eq!(ready(&app).await, (UNAVAILABLE, "store-unavailable".into()));
    }
    // Hanging calls hold all permits: the fifth call is not started.
    assert_eq!(ready(&app).await, (UNAVAILABLE, "overloaded".into()));
    drop(release);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ready(&app).await, (StatusCode::OK, "ok".into()));
}

#[tokio::test]
async fn request_beyond_the_limit_is_refused_at_once() {
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let app = fake_store(move || {
        let _ = hold.lock().unwrap().recv();
        Ok(())
    });
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
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let app = fake_store(move || {
        let _ = hold.lock().unwrap().recv();
        Ok(())
    });
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
