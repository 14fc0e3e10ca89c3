//! Creates and fills a vault without a browser, which is fast: with the keyring, built natively, and HTTP requests.

use frontend::keyring::Keyring;
use frontend::keyring::protocol::entry::{Content, EntryUpdate};
use frontend::keyring::protocol::{Request, Response};
use frontend::secret::Secret;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand_core_06::OsRng;
use shared::changes::{CHANGES_PER_SAVE, Changes};
use shared::ids::EntryId;
use shared::limits::BODY_MAX;
use shared::sessions::CredentialName;

use crate::page::PASSPHRASE;
use crate::server::Server;

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
        answer =
            post("sessions/finish", body(Request::ContinueLogin { answer, device: String::new(), assertion: None }))
                .await;
        let Response::Unlocked { token, .. } = keyring.handle(Request::FinishLogin { answer }).unwrap() else {
            panic!("not unlocked")
        };
        let (token, recovery_code) = (token.expose().to_owned(), recovery_code.expose().to_owned());
        let mut client = Self { keyring, connection, token, recovery_code, bodies };
        client.list().await;
        client
    }

    /// Lists the changes since the last list.
    pub async fn list(&mut self) {
        let mut next = self.ask(Request::ListPosition).next;
        while let Some(since) = next {
            let path = format!("changes?since={since}");
            let (status, answer) = self.connection.send(Method::GET, &path, &self.token, String::new()).await;
            assert!(status.is_success(), "{status} {answer}");
            next = self.ask(Request::ApplyChanges { answer, since }).next;
        }
    }

    /// Saves new entries, whose times are a minute apart, the last one now. Returns their ids.
    pub async fn save(&mut self, contents: Vec<Content>) -> Vec<EntryId> {
        let (now, count) = (now(), contents.len());
        let mut ids = Vec::with_capacity(count);
        for (index, content) in contents.into_iter().enumerate() {
            let now = now - 60_000 * (count - 1 - index) as u64;
            ids.push(self.seal(Request::Create { content, now }));
        }
        self.send_all().await;
        ids
    }

    pub async fn change(&mut self, id: EntryId, content: Content) {
        self.seal(Request::Change { id, content, now: now() });
        self.send_all().await;
    }

    fn seal(&mut self, request: Request) -> EntryId {
        let Response::EntrySealed { id, .. } = self.keyring.handle(request).unwrap() else { panic!("not sealed") };
        id
    }

    fn ask(&mut self, request: Request) -> EntryUpdate {
        match self.keyring.handle(request).unwrap() {
            Response::Updated(update) => update,
            other => panic!("no update: {other:?}"),
        }
    }

    /// Sends what waits until the server has it.
    async fn send_all(&mut self) {
        while let Some(body) = self.batch() {
            let (status, answer) = self.send_body(body).await;
            assert!(status.is_success(), "{status} {answer}");
        }
    }

    /// The body of the next request that saves changes, if any wait.
    fn batch(&mut self) -> Option<String> {
        let bytes = u32::try_from(BODY_MAX).unwrap();
        let count = u32::try_from(CHANGES_PER_SAVE).unwrap();
        let build = Request::BuildBatch { without: Vec::new(), count, bytes, reseal: false };
        match self.keyring.handle(build).unwrap() {
            Response::Batch { batch, .. } => batch.map(|batch| batch.body),
            other => panic!("no batch: {other:?}"),
        }
    }

    async fn send_body(&mut self, body: String) -> (StatusCode, String) {
        let (status, answer) = self.connection.send(Method::POST, "changes", &self.token, body.clone()).await;
        if status.is_success() {
            self.ask(Request::ApplySaved { body, answer: answer.clone() });
        }
        (status, answer)
    }

    /// Seals a new entry, to be sent once or, as by the page, until it is accepted. Returns the body to send.
    pub fn seal_new(&mut self, content: Content) -> String {
        self.seal(Request::Create { content, now: now() });
        self.batch().unwrap()
    }

    /// Sends a body of [`VaultClient::seal_new`] once, and returns the status.
    pub async fn send(&mut self, body: &str) -> StatusCode {
        self.send_body(body.to_owned()).await.0
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
        let Response::Post { body } =
            keyring.handle(Request::ContinueLogin { answer, device: String::new(), assertion: None }).unwrap()
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
        let mut since = 0;
        loop {
            let path = format!("changes?since={since}");
            let (_, answer) = self.connection.send(Method::GET, &path, &self.token, String::new()).await;
            let changes: Changes = serde_json::from_str(&answer).unwrap();
            since = changes.entries.last().map_or(since, |entry| entry.change_no);
            if !changes.more {
                return since;
            }
        }
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
