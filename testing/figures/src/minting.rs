//! Passwords a second, of all contenders in one page of one browser. Their code is in `contenders.js`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use crate::runs::Runs;
use crate::with_browser;
use e2e::path_from_env;

/// The contenders: the name in `contenders.js`, and the description in the table.
const CONTENDERS: [(&str, &str); 8] = [
    ("passmintStrings", "Passmint, strings, a thousand a call"),
    ("byHandStrings", "JavaScript by hand, strings, a thousand a call"),
    ("passmint", "Passmint, strings, one a call"),
    ("byHand", "JavaScript by hand, strings, one a call"),
    ("generatePassword", "generate-password 1.7.1, strings, one a call"),
    ("bitwarden", "@bitwarden/sdk-internal 0.2.0-main.1054, one a call"),
    ("passmintLines", "Passmint, lines in bulk"),
    ("byHandLines", "JavaScript by hand, lines in bulk"),
];

/// Rounds, in each of which every contender runs for this long; before them, each runs once to warm up.
const ROUNDS: usize = 25;
const ROUND_MS: u32 = 100;
const WARM_UP_MS: u32 = 1000;

#[derive(Serialize)]
pub(crate) struct Rate {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    /// The number of different characters in its passwords.
    pub(crate) alphabet: u64,
    pub(crate) per_second: Runs,
}

/// Measures all contenders in turns.
pub(crate) fn rates() -> Vec<Rate> {
    let url = serve();
    with_browser(async |page| {
        page.driver.goto(&url).await.unwrap();
        page.wait_for("the contenders", "return !!globalThis.minting", vec![]).await;
        let rate = async |name: &str, milliseconds: u32| {
            let script = "return minting.rate(arguments[0], arguments[1])";
            page.js(script, vec![json!(name), json!(milliseconds)]).await.as_f64().unwrap()
        };
        let mut rates = Vec::new();
        for (name, words) in CONTENDERS {
            let alphabet = page.js("return minting.alphabet(arguments[0])", vec![json!(name)]).await.as_u64().unwrap();
            rate(name, WARM_UP_MS).await;
            rates.push((name, words, alphabet, Vec::new()));
        }
        for _ in 0..ROUNDS {
            for (name, .., runs) in &mut rates {
                // Garbage of one contender must not slow down the next.
                page.cdp("HeapProfiler.collectGarbage", json!({})).await;
                runs.push(rate(name, ROUND_MS).await);
            }
        }
        let rates = rates.into_iter();
        rates.map(|(name, words, alphabet, runs)| Rate { name, words, alphabet, per_second: Runs::new(runs) }).collect()
    })
}

/// Serves the contenders on a free port, and returns the URL.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let folders = [
        ("/passmint/", path_from_env("PASSMINT_MINTING")),
        ("/bitwarden/", path_from_env("PASSMINT_BITWARDEN")),
        ("/generate-password/", path_from_env("PASSMINT_GENERATE_PASSWORD")),
    ];
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let folders = folders.clone();
            // Errors are ignored: browsers open connections in advance and close them unused.
            std::thread::spawn(move || answer(stream, &folders));
        }
    });
    url
}

fn answer(mut stream: TcpStream, folders: &[(&str, PathBuf)]) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // Without reading the rest of the head, closing would reset the connection.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let file = |(prefix, folder): &(&str, PathBuf)| {
        let name = path.strip_prefix(prefix)?;
        std::fs::read(folder.join(name)).ok()
    };
    let body = match path {
        "/" => Some(
            b"<!doctype html><title>Minting</title><body><script type='module'>\
              import('/contenders.js').catch(error => document.body.append(error.stack))</script>"
                .to_vec(),
        ),
        "/contenders.js" => Some(include_bytes!("contenders.js").to_vec()),
        _ => folders.iter().find_map(file),
    };
    let kind = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => "text/html",
    };
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}
