//! An application over a fresh database, and a client for it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use backend::now;
use backend::server::app::{RequestBounds, app};
use backend::server::client_address::TrustedProxies;
use backend::server::client_address::{Connection, Peer};
use backend::server::gate::Gate;
use backend::server::invites;
use backend::server::page::Page;
use backend::server::passkeys::PageOrigin;
use backend::server::rate_limits::{RateLimitArgs, RateLimits};
use backend::server::state::AppState;
use backend::server_key::ServerKey;
use backend::store::sqlite::SqliteStore;
use backend::store::{Invite, Lifetime, NewAccount, NewSession, Store};
use http_body_util::BodyExt;
use serde_json::Value;
use shared::accounts::{InviteCode, NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::limits::SEALED_OVERHEAD;
use shared::login::session_token;
use shared::passwords::FORMAT;
use shared::sessions::CredentialName;
use tempfile::TempDir;
use tower::ServiceExt;

pub struct App {
    pub router: Router,
    pub store: Arc<dyn Store>,
    pub gate: Gate,
    pub key: Arc<ServerKey>,
    folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub const ENTRIES_MAX: u64 = 3;
/// The deadline of a database call.
pub const DEADLINE: Duration = Duration::from_secs(1);

impl App {
    pub fn new() -> Self {
        Self::with_page(Page::default())
    }

    pub fn with_page(page: Page) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("a.db"), 2).unwrap());
        Self::over(store, folder, page)
    }

    pub fn over(store: Arc<dyn Store>, folder: TempDir, page: Page) -> Self {
        let key = ServerKey::generate();
        Self::with_key(store, key, folder, page, &RateLimitArgs::NONE, TrustedProxies::default(), DEADLINE)
    }

    /// As [`App::new`], at this address of the page.
    pub fn at(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("a.db"), 2).unwrap());
        let (key, proxies) = (ServerKey::generate(), TrustedProxies::default());
        let origin = PageOrigin::of(address);
        Self::with_origin(store, key, folder, Page::default(), &RateLimitArgs::NONE, proxies, DEADLINE, origin)
    }

    /// As [`App::over`], with another deadline of a database call.
    pub fn over_with_deadline(store: Arc<dyn Store>, folder: TempDir, deadline: Duration) -> Self {
        let (key, page) = (ServerKey::generate(), Page::default());
        Self::with_key(store, key, folder, page, &RateLimitArgs::NONE, TrustedProxies::default(), deadline)
    }

    /// An application with rate limits and these trusted proxies.
    pub fn throttled(limits: &RateLimitArgs, trusted_proxies: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("a.db"), 2).unwrap());
        let proxies: Vec<_> = trusted_proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let key = ServerKey::generate();
        Self::with_key(store, key, folder, Page::default(), limits, TrustedProxies::new(&proxies), DEADLINE)
    }

    fn with_key(
        store: Arc<dyn Store>,
        key: ServerKey,
        folder: TempDir,
        page: Page,
        limits: &RateLimitArgs,
        proxies: TrustedProxies,
        deadline: Duration,
    ) -> Self {
        Self::with_origin(store, key, folder, page, limits, proxies, deadline, None)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of the application, from two callers")]
    fn with_origin(
        store: Arc<dyn Store>,
        key: ServerKey,
        folder: TempDir,
        page: Page,
        limits: &RateLimitArgs,
        proxies: TrustedProxies,
        deadline: Duration,
        origin: Option<PageOrigin>,
    ) -> Self {
        let gate = Gate::new(Arc::clone(&store), 4, deadline);
        let lifetime = Lifetime { idle: 1_800_000, max: 43_200_000 };
        let key = Arc::new(key);
        let rate_limits = Arc::new(RateLimits::new(limits));
        let state = AppState::new(gate.clone(), Arc::clone(&key), lifetime, ENTRIES_MAX, page, rate_limits, origin);
        let bounds = RequestBounds { requests: 4, time: 2 * deadline };
        Self { router: app(state, bounds, proxies), store, gate, key, folder }
    }

    /// As if the process was restarted: keeps the database and the server key, and drops all other state.
    pub fn restart(self) -> Self {
        let Self { router, store, gate, key, folder } = self;
        let file = folder.path().join("server-key");
        if !file.exists() {
            key.store(&file).unwrap();
        }
        drop((router, store, gate, key));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("a.db"), 2).unwrap());
        let key = ServerKey::load(&file).unwrap().unwrap();
        Self::with_key(store, key, folder, Page::default(), &RateLimitArgs::NONE, TrustedProxies::default(), DEADLINE)
    }

    pub fn invite(&self) -> InviteCode {
        invites::create(&*self.store, 60_000, false, now()).unwrap()
    }

    /// Creates an account with an open session, without OPAQUE. Returns the bearer token.
    pub fn settle(&self, tag: u8) -> String {
        let secret =
            NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
        let id = AccountId::from_random([tag; 16]);
        let username = Username::new(&format!("login {tag}")).unwrap();
        let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret, head: None };
        self.store.add_invite(&Invite { code_hash: [tag; 32], expires_at: u64::MAX / 2, setup: false }).unwrap();
        self.store.create_account(&account, &[tag; 32], now()).unwrap();
        self.open(id, tag, now())
    }

    /// Opens one more session of an account as of `when`.
    pub fn open(&self, account: AccountId, tag: u8, when: u64) -> String {
        let token = session_token(&[tag; 64]);
        let session = NewSession {
            token_hash: token.hash(),
            account,
            epoch: 0,
            credential: CredentialName::Passphrase,
            device: None,
            passkey_state: None,
        };
        let forever = Lifetime { idle: when, max: when };
        self.store.open_session(&session, &forever, when).unwrap();
        token.expose_as_bearer()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// As [`App::post`], from this address.
    pub async fn post_from(&self, peer: &str, path: &str, body: &impl serde::Serialize) -> Answer {
        let mut request = request("POST", path, None, Some(serde_json::to_vec(body).unwrap()));
        request.extensions_mut().insert(Connection { peer: Peer::new(peer.parse().unwrap()), tls: false });
        self.send(request).await
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(request("GET", path, token, None)).await
    }

    pub async fn post(&self, path: &str, body: &impl serde::Serialize) -> Answer {
        self.send(request("POST", path, None, Some(serde_json::to_vec(body).unwrap()))).await
    }

    /// Posts with the token of a session.
    pub async fn post_in(&self, token: &str, path: &str, body: &impl serde::Serialize) -> Answer {
        self.send(request("POST", path, Some(token), Some(serde_json::to_vec(body).unwrap()))).await
    }

    /// Sends DELETE with the token of a session.
    pub async fn delete_at(&self, token: &str, path: &str) -> Answer {
        self.send(request("DELETE", path, Some(token), None)).await
    }

    pub async fn put(&self, id: EntryId, token: &str, replaces: u32, fill: u8) -> Answer {
        let body = format!(r#"{{"replaces":{replaces},"sealed":"{}"}}"#, sealed(fill));
        let path = format!("/api/v1/passwords/{id}");
        self.send(request("PUT", &path, Some(token), Some(body.into_bytes()))).await
    }

    pub async fn delete(&self, id: EntryId, token: &str, replaces: u32) -> Answer {
        let path = format!("/api/v1/passwords/{id}?replaces={replaces}");
        self.send(request("DELETE", &path, Some(token), None)).await
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a problem, after checking its other members.
    pub fn problem(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:passmint:problem:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&self.status) {
            assert!(self.headers.contains_key(header::RETRY_AFTER));
        }
        code
    }
}

pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<Vec<u8>>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    match body {
        Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

pub fn entry_id(tag: u8) -> EntryId {
    EntryId::from_time(1_790_000_000_000, [tag; 10])
}

/// A sealed entry in JSON, valid as far as the server can see.
pub fn sealed(fill: u8) -> String {
    let mut bytes = vec![fill; 1024 + SEALED_OVERHEAD];
    bytes[0] = FORMAT;
    Base64Url::encode(&bytes)
}

/// A page of these files.
pub fn page(files: &[(&'static str, &'static str)]) -> Page {
    let files = files.iter().enumerate().map(|(number, (name, text))| {
        ((*name).to_owned(), Cow::Borrowed(text.as_bytes()), [u8::try_from(number).unwrap(); 32])
    });
    Page::new(files.collect::<Vec<_>>().into_iter())
}
