//! Creates and fills a vault without a browser, which is fast: with the keyring, built natively, and HTTP requests.

use frontend::keyring::Keyring;
use frontend::keyring::protocol::entry::Content;
use frontend::keyring::protocol::{Request, Response};
use frontend::secret::Secret;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand_core_06::OsRng;
use serde_json::Value;
use shared::ids::EntryId;
use shared::sessions::CredentialName;
use tokio::task::JoinSet;

use crate::page::PASSPHRASE;
use crate::server::Server;

/// Requests in flight at a time.
const REQUESTS_MAX: usize = 32;

/// An open vault of one account.
pub struct VaultClient {
    keyring: Keyring<OsRng>,
    connection: Connection,
    token: String,
    pub recovery_code: String,
    /// All bodies sent and received while the vault was created.
    pub bodies: Vec<String>,
}

#[derive(Clone)]
struct Connection {
    http: HttpClient<HttpConnector, Full<bytes::Bytes>>,
    api: String,
}

impl Connection {
    async fn send(&self, method: Method, path: &str, token: &str, body: String) -> (StatusCode, String) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.api))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap();
        let answer = self.http.request(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, body: String) -> String {
        let (status, answer) = self.send(Method::POST, path, "", body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }
}

impl VaultClient {
    /// Creates the first vault of a new server, as the page would, and opens it.
    pub async fn create_first_vault(server: &Server, username: &str) -> Self {
        Self::create_vault(&server.url(), &server.setup_link(), username).await
    }

    /// Creates a vault by an invite link, at the server with this URL, and opens it.
    pub async fn create_vault(url: &str, link: &str, username: &str) -> Self {
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        let connection = Connection { http, api: format!("{url}api/v1/") };
        let mut keyring = Keyring::new(OsRng, str::to_lowercase);
        let start = Request::StartRegistration {
            invite: link.split_once("#invite=").unwrap().1.to_owned(),
            username: username.to_owned(),
            passphrase: Secret::new(PASSPHRASE.to_owned()),
        };
        let Response::RegistrationStarted { body, recovery_code } = keyring.handle(start).unwrap() else {
            panic!("the registration did not start")
        };
        let mut bodies = Vec::new();
        let mut post = async |path, body: String| {
            let answer = connection.post(path, body.clone()).await;
            bodies.extend([body, answer.clone()]);
            answer
        };
        let mut answer = post("accounts/start", body).await;
        let mut body = |request| match keyring.handle(request).unwrap() {
            Response::Post { body } => body,
            other => panic!("no body: {other:?}"),
        };
        post("accounts/finish", body(Request::ContinueRegistration { answer })).await;
        answer = post("sessions/start", body(Request::StartFirstLogin)).await;
        answer = post("sessions/finish", body(Request::ContinueLogin { answer, device: String::new() })).await;
        let Response::Unlocked { token, .. } = keyring.handle(Request::FinishLogin { answer }).unwrap() else {
            panic!("not unlocked")
        };
        let (token, recovery_code) = (token.expose().to_owned(), recovery_code.expose().to_owned());
        Self { keyring, connection, token, recovery_code, bodies }
    }

    /// Saves new entries, whose times are a minute apart, the last one now. Returns their ids.
    pub async fn save(&mut self, contents: Vec<Content>) -> Vec<EntryId> {
        let (now, count) = (now(), contents.len());
        let mut requests = contents.into_iter().enumerate().map(|(index, content)| {
            let now = now - 60_000 * (count - 1 - index) as u64;
            Request::Create { content, now }
        });
        let (mut ids, mut under_way) = (Vec::new(), JoinSet::new());
        loop {
            while under_way.len() < REQUESTS_MAX
                && let Some(request) = requests.next()
            {
                let (id, put) = self.put(request);
                ids.push(id);
                under_way.spawn(put);
            }
            match under_way.join_next().await {
                Some(done) => done.unwrap(),
                None => return ids,
            }
        }
    }

    pub async fn change(&mut self, id: EntryId, content: Content) {
        self.put(Request::Change { id, content, now: now() }).1.await;
    }

    /// Seals an entry, and returns its id and the future that sends it.
    fn put(&mut self, request: Request) -> (EntryId, impl Future<Output = ()> + use<>) {
        let (id, body) = self.seal(request);
        let (connection, token) = (self.connection.clone(), self.token.clone());
        let put = async move {
            let (status, answer) = connection.send(Method::PUT, &format!("passwords/{id}"), &token, body).await;
            assert!(status.is_success(), "{status} {answer}");
        };
        (id, put)
    }

    fn seal(&mut self, request: Request) -> (EntryId, String) {
        let Response::EntrySealed { id, body, .. } = self.keyring.handle(request).unwrap() else {
            panic!("not sealed")
        };
        (id, body)
    }

    /// Seals a new entry, to be sent once or, as by the page, until it is accepted.
    pub fn seal_new(&mut self, content: Content) -> (EntryId, String) {
        self.seal(Request::Create { content, now: now() })
    }

    /// Sends a sealed entry once, and returns the status.
    pub async fn send(&self, (id, body): &(EntryId, String)) -> StatusCode {
        self.connection.send(Method::PUT, &format!("passwords/{id}"), &self.token, body.clone()).await.0
    }

    /// Starts a log-in: returns the keyring that continues it, and the body of the first request.
    pub fn start_login(username: &str) -> (Keyring<OsRng>, String) {
        let mut keyring = Keyring::new(OsRng, str::to_lowercase);
        let (credential, secret) = (CredentialName::Passphrase, Secret::new(PASSPHRASE.to_owned()));
        let start = Request::StartLogin { username: username.to_owned(), credential, secret };
        match keyring.handle(start).unwrap() {
            Response::Post { body } => (keyring, body),
            other => panic!("no body: {other:?}"),
        }
    }

    pub async fn log_in(&self, username: &str) {
        let (mut keyring, body) = Self::start_login(username);
        let answer = self.connection.post("sessions/start", body).await;
        let Response::Post { body } = keyring.handle(Request::ContinueLogin { answer, device: String::new() }).unwrap()
        else {
            panic!("no body")
        };
        self.connection.post("sessions/finish", body).await;
    }

    /// The bearer token of its session.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The newest change number of the vault.
    pub async fn latest(&self) -> u64 {
        let (_, answer) = self.connection.send(Method::GET, "passwords?limit=1", &self.token, String::new()).await;
        serde_json::from_str::<Value>(&answer).unwrap()["latest"].as_u64().unwrap()
    }
}

/// The time now, in milliseconds since 1970.
fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

/// An entry as people have them, different for each number; every seventh has no username.
pub fn content(number: usize) -> Content {
    let kind = ["mail", "bank", "shop", "forum", "router"][number % 5];
    Content {
        name: format!("Entry {number:05} {kind}"),
        username: if number.is_multiple_of(7) { String::new() } else { format!("ada{number}@example.org") },
        website: format!("https://{kind}{number}.example/login"),
        password: Secret::new(format!("kV9!mQ2#pass{number:08}wordZq%7")),
        tags: vec![["home", "work", "club"][number % 3].to_owned()],
        ..Content::default()
    }
}
