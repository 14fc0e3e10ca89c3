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
use shared::changes::{Change, FORMAT, HEAD_LEN, OVERHEAD, SaveChanges, Sealed, SealedHead};
use shared::ids::{AccountId, EntryId};
use shared::limits::BUCKETS;
use shared::login::session_token;
use shared::sessions::CredentialName;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::access::record;

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

/// Most entries of an account, unless a test sets another number.
pub const ENTRIES_MAX: u64 = 3;
/// The path of changes.
pub const CHANGES: &str = "/api/v1/changes";
/// The deadline of a database call.
pub const DEADLINE: Duration = Duration::from_secs(1);

/// The settings of an application.
struct Settings {
    page: Page,
    limits: RateLimitArgs,
    proxies: TrustedProxies,
    deadline: Duration,
    entries_max: u64,
    origin: Option<PageOrigin>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page: Page::default(),
            limits: RateLimitArgs::NONE,
            proxies: TrustedProxies::default(),
            deadline: DEADLINE,
            entries_max: ENTRIES_MAX,
            origin: None,
        }
    }
}

impl App {
    pub fn new() -> Self {
        Self::fresh(Settings::default())
    }

    pub fn with_page(page: Page) -> Self {
        Self::fresh(Settings { page, ..Settings::default() })
    }

    /// As [`App::new`], at this address of the page.
    pub fn at(address: &str) -> Self {
        Self::fresh(Settings { origin: PageOrigin::of(address), ..Settings::default() })
    }

    /// An application whose accounts may hold this many entries.
    pub fn with_entries_max(entries_max: u64) -> Self {
        Self::fresh(Settings { entries_max, ..Settings::default() })
    }

    /// An application with rate limits and these trusted proxies.
    pub fn throttled(limits: &RateLimitArgs, trusted_proxies: &[&str]) -> Self {
        let proxies: Vec<_> = trusted_proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let proxies = TrustedProxies::new(&proxies);
        Self::fresh(Settings { limits: limits.clone(), proxies, ..Settings::default() })
    }

    pub fn over(store: Arc<dyn Store>, folder: TempDir, page: Page) -> Self {
        Self::with(store, ServerKey::generate(), folder, Settings { page, ..Settings::default() })
    }

    /// As [`App::over`], with another deadline of a database call.
    pub fn over_with_deadline(store: Arc<dyn Store>, folder: TempDir, deadline: Duration) -> Self {
        Self::with(store, ServerKey::generate(), folder, Settings { deadline, ..Settings::default() })
    }

    /// An application over a new database.
    fn fresh(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("a.db"), 2).unwrap());
        Self::with(store, ServerKey::generate(), folder, settings)
    }

    fn with(store: Arc<dyn Store>, key: ServerKey, folder: TempDir, settings: Settings) -> Self {
        let Settings { page, limits, proxies, deadline, entries_max, origin } = settings;
        let gate = Gate::new(Arc::clone(&store), 4, deadline);
        let lifetime = Lifetime { idle: 1_800_000, max: 43_200_000 };
        let key = Arc::new(key);
        let rate_limits = Arc::new(RateLimits::new(&limits));
        let state = AppState::new(gate.clone(), Arc::clone(&key), lifetime, entries_max, page, rate_limits, origin);
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
        Self::with(store, key, folder, Settings::default())
    }

    pub fn invite(&self) -> InviteCode {
        invites::create(&*self.store, 60_000, false, now()).unwrap()
    }

    /// Creates an account with an open session, without OPAQUE. Returns the bearer token.
    pub fn settle(&self, tag: u8) -> String {
        let secret = NewCredential { suite: 1, record: Base64Url(record()), wrapped_key: Base64Url(vec![tag; 73]) };
        let id = AccountId::from_random([tag; 16]);
        let username = Username::new(&format!("login {tag}")).unwrap();
        let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret, head: Some(head(1, 0)) };
        self.store.add_invite(&Invite { code_hash: [tag; 32], expires_at: u64::MAX / 2, setup: false }).unwrap();
        self.store.create_account(&account, &[tag; 32], now()).unwrap();
        self.open(id, tag, now())
    }

    /// Opens one more session of an account as of `when`.
    pub fn open(&self, account: AccountId, tag: u8, when: u64) -> String {
        let token = session_token(&[tag; 64]);
        let username = self.store.username(account).unwrap();
        let credential = self.store.credential(&username, &CredentialName::Passphrase).unwrap().unwrap();
        let session = NewSession {
            token_hash: token.hash(),
            account,
            epoch: credential.epoch,
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

    /// Saves the next version of an entry, with a new head over the account's current one.
    pub async fn put(&self, id: EntryId, token: &str, replaces: u32, fill: u8) -> Answer {
        let changes = self.get(&format!("{CHANGES}?limit=1"), Some(token)).await.json();
        let head_before: SealedHead = serde_json::from_value(changes["head"].clone()).unwrap();
        let key_no = head_before.key_no();
        let changes = vec![Change { id, replaces, version: replaces + 1, sealed: sealed_under(key_no, fill) }];
        let mut head = vec![fill; HEAD_LEN];
        head[..5].copy_from_slice(&head_before.as_bytes()[..5]);
        // A real head's nonce makes it unique.
        let count = head_before.as_bytes()[HEAD_LEN - 1].wrapping_add(1);
        head[HEAD_LEN - 1] = count;
        self.post_in(token, CHANGES, &SaveChanges { replaces: head_before, changes, head: head.try_into().unwrap() })
            .await
    }

    /// The number of the account's newest change.
    pub async fn latest(&self, token: &str) -> u64 {
        let changes = self.get(CHANGES, Some(token)).await.json();
        changes["entries"].as_array().unwrap().last().map_or(0, |entry| entry["change_no"].as_u64().unwrap())
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

/// Bytes with the header of sealed bytes, under the vault key of this number.
fn with_header(key_no: u32, len: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; len];
    bytes[0] = FORMAT;
    bytes[1..5].copy_from_slice(&key_no.to_be_bytes());
    bytes
}

/// A sealed entry, valid as far as the server can see, under vault key 1.
pub fn sealed(fill: u8) -> Sealed {
    sealed_under(1, fill)
}

/// As [`sealed`], under another vault key.
pub fn sealed_under(key_no: u32, fill: u8) -> Sealed {
    with_header(key_no, BUCKETS[0] + OVERHEAD, fill).try_into().unwrap()
}

/// A sealed deletion under vault key 1.
pub fn deletion(fill: u8) -> Sealed {
    with_header(1, OVERHEAD, fill).try_into().unwrap()
}

/// A head under the vault key of this number, valid as far as the server can see.
pub fn head(key_no: u32, fill: u8) -> SealedHead {
    with_header(key_no, HEAD_LEN, fill).try_into().unwrap()
}

/// A page of these files.
pub fn page(files: &[(&'static str, &'static str)]) -> Page {
    let files = files.iter().enumerate().map(|(number, (name, text))| {
        ((*name).to_owned(), Cow::Borrowed(text.as_bytes()), [u8::try_from(number).unwrap(); 32])
    });
    Page::new(files.collect::<Vec<_>>().into_iter())
}
