//! The speed of the keyring: WebAssembly in its own worker, called by the messages that the page sends.

use std::fmt;

use base64ct::{Base64, Encoding};
use frontend::keyring::protocol::{KeyringError, Request, Response};
use frontend::secret::Secret;
use frontend::workers::rpc::{Call, Reply};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::changes::Changes;
use shared::sessions::CredentialName;

use crate::runs::Runs;
use crate::with_browser;
use e2e::http_connection::HttpConnection;
use e2e::page::{PASSPHRASE, Page};
use e2e::proxy::{only_file, page_files};
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};

/// Entries that are opened, in pages as the server sends them, and that are sealed, in batches.
const ENTRIES: usize = 4000;
const BATCH: usize = 500;
/// Number of runs of Argon2id.
const LOG_INS: usize = 7;

/// Times are in milliseconds.
#[derive(Serialize)]
pub(crate) struct KeyringFigures {
    /// From its creation to its first answer, with its files in the browser's cache.
    start: f64,
    /// Argon2id over a passphrase (64 MiB, three passes), and OPAQUE's last step.
    stretch: Runs,
    opened_per_second: Runs,
    sealed_per_second: Runs,
}

/// The worker of the keyring, in a page.
struct Worker<'a>(&'a Page);

#[derive(Deserialize)]
struct Answers {
    ms: f64,
    replies: Vec<String>,
}

impl Worker<'_> {
    /// Sends requests all at once; returns the responses, and the milliseconds until the last.
    async fn ask(&self, requests: Vec<Request>) -> (Vec<Response>, f64) {
        let call = |(id, request)| postcard::to_allocvec(&Call { id, request }).unwrap();
        let calls: Vec<String> = (0..).zip(requests).map(call).map(|bytes| Base64::encode_string(&bytes)).collect();
        let script = "keyring.ask(arguments[0]).then(arguments[1])";
        let answers = self.0.driver.execute_async(script, vec![json!(calls)]).await.unwrap();
        let Answers { ms, replies } = serde_json::from_value(answers).unwrap();
        let read = |reply: String| {
            let bytes = Base64::decode_vec(&reply).unwrap();
            let reply: Reply<Result<Response, KeyringError>> = postcard::from_bytes(&bytes).unwrap();
            reply.result.unwrap()
        };
        (replies.into_iter().map(read).collect(), ms)
    }

    /// Has the keyring make a body and posts it; returns the answer, and the milliseconds that the keyring took.
    async fn post(&self, connection: &mut HttpConnection, path: &str, request: Request) -> (String, f64) {
        let (mut answers, ms) = self.ask(vec![request]).await;
        let Some(Response::Post { body }) = answers.pop() else { panic!("the keyring made no body") };
        let (status, answer) = connection.send("POST", path, "", &body);
        assert!(status < 300, "{path}: {status}");
        (String::from_utf8(answer.to_vec()).unwrap(), ms)
    }
}

/// Measures the keyring of the released page.
pub(crate) fn measure() -> KeyringFigures {
    let server = Server::start();
    with_browser(async |page| {
        let mut client = VaultClient::create_first_vault(&server, "ada").await;
        client.save((0..ENTRIES).map(content).collect()).await;
        page.open(&server.url()).await;
        page.js(include_str!("keyring.js"), vec![]).await;
        let files = page_files(server.port);
        let (script, module) = (only_file(&files, "/keyring-", ".js"), only_file(&files, "/keyring-", ".wasm"));
        let start = "keyring.start(arguments[0], arguments[1]).then(arguments[2])";
        let start =
            page.driver.execute_async(start, vec![json!(script), json!(module)]).await.unwrap().as_f64().unwrap();

        let worker = Worker(&page);
        let mut connection = HttpConnection::connect(server.port);
        let mut stretch = Vec::new();
        for _ in 0..LOG_INS {
            let (username, credential) = ("ada".to_owned(), CredentialName::Passphrase);
            let secret = Secret::new(PASSPHRASE.to_owned());
            let begin = Request::StartLogin { username, credential, secret };
            let (answer, _) = worker.post(&mut connection, "/api/v1/sessions/start", begin).await;
            let go_on = Request::ContinueLogin { answer, device: String::new(), assertion: None };
            let (answer, ms) = worker.post(&mut connection, "/api/v1/sessions/finish", go_on).await;
            stretch.push(ms);
            worker.ask(vec![Request::FinishLogin { answer }]).await;
        }

        let (mut opened, mut next) = (Vec::new(), Some(0));
        while let Some(since) = next {
            let path = format!("/api/v1/changes?since={since}&limit={BATCH}");
            let (_, answer) = connection.send("GET", &path, client.token(), "");
            let answer = String::from_utf8(answer.to_vec()).unwrap();
            let count = serde_json::from_str::<Changes>(&answer).unwrap().entries.len();
            let (mut answers, ms) = worker.ask(vec![Request::ApplyChanges { answer, since }]).await;
            let Some(Response::Updated(all)) = answers.pop() else { panic!("the keyring opened nothing") };
            assert_eq!(all.entries.iter().filter(|entry| !entry.name.is_empty()).count(), count);
            opened.push(count as f64 / ms * 1e3);
            next = all.next;
        }

        let mut sealed = Vec::new();
        for batch in 0..ENTRIES / BATCH {
            let numbers = batch * BATCH..(batch + 1) * BATCH;
            let requests = numbers.map(|number| Request::Create { content: content(number), now: 1_790_000_000_000 });
            let (answers, ms) = worker.ask(requests.collect()).await;
            assert!(answers.iter().all(|answer| matches!(answer, Response::EntrySealed { .. })));
            sealed.push(answers.len() as f64 / ms * 1e3);
        }
        KeyringFigures {
            start,
            stretch: Runs::new(stretch),
            opened_per_second: Runs::new(opened),
            sealed_per_second: Runs::new(sealed),
        }
    })
}

impl fmt::Display for KeyringFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:10.1}  ms to start the keyring's worker", self.start)?;
        for (runs, what) in [
            (&self.stretch, "ms for Argon2id (64 MiB) over a passphrase in the keyring"),
            (&self.opened_per_second, "entries opened a second, in pages of 500"),
            (&self.sealed_per_second, "entries sealed a second, a message each"),
        ] {
            let (lowest, highest) = runs.range();
            writeln!(f, "{:10.1}  {what} ({lowest:.1} to {highest:.1})", runs.median())?;
        }
        Ok(())
    }
}
