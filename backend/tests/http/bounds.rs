//! Time-outs, overload, a store that fails, and stopping.

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

/// A store whose `check` is a closure, without accounts. All else is unavailable.
struct FakeStore(Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>);

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("a fake".into()))
}

/// Implements a trait of the store by operations that fail.
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
async fn a_store_that_does_not_answer_is_503_and_readiness_tells() {
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
async fn a_store_call_that_panics_is_a_constant_answer() {
    let app = fake_store(|| panic!("hunter2"));
    let answer = app.get("/readyz", None).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::INTERNAL_SERVER_ERROR, "internal".into()));
}

/// A store that hangs is answered for at the deadline; its calls keep their permits, so that no more than the gate's
/// four threads ever wait for it, and it works again as soon as it answers.
#[tokio::test]
async fn a_store_that_hangs_holds_no_more_threads_than_the_gate_has() {
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let app = fake_store(move || {
        let _ = hold.lock().unwrap().recv();
        Ok(())
    });
    for _ in 0..4 {
        assert_eq!(ready(&app).await, (UNAVAILABLE, "store-unavailable".into()));
    }
    // All permits are with calls that hang: the fifth is not even started.
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
