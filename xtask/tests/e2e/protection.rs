//! What protects the page: its policy, the integrity of its files, and honest words where it cannot run.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::json;

use crate::harness::{Server, Wish, in_browser};
use crate::page::{PASSPHRASE, with_vault};

/// An answer: its head (without the encoding's line) and its body.
type Answer = (String, Vec<u8>);

fn get(port: u16, path: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    let end = octets.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    (String::from_utf8(octets[..end].to_vec()).unwrap(), octets[end..].to_vec())
}

/// The names of all files that the page refers to.
fn files(port: u16) -> Vec<String> {
    let html = String::from_utf8(get(port, "/").1).unwrap();
    let mut files: Vec<String> =
        html.split('"').filter(|part| part.starts_with('/') && part.contains('.')).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

/// Serves what a server serves, but for one octet of one file.
fn tampered(server: &Server, victim: &str) -> u16 {
    let mut answers: HashMap<String, Answer> = HashMap::new();
    for file in files(server.port).into_iter().chain(["/".to_owned()]) {
        let (head, mut body) = get(server.port, &file);
        if file == victim {
            // A letter of a text, or the last octet of a custom part: what is changed would still run.
            let place = body.iter().rposition(|octet| octet.is_ascii_lowercase()).unwrap();
            body[place] ^= 1;
        }
        answers.insert(file, (head, body));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = Arc::new(answers);
    let upstream = server.port;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || pass_on(stream, &answers, upstream));
        }
    });
    port
}

/// Answers one request from the files at hand, or passes it on.
fn pass_on(mut stream: TcpStream, answers: &HashMap<String, Answer>, upstream: u16) {
    let mut request = Vec::new();
    let mut octet = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut octet) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend(&octet[..read]),
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if let Some((head, body)) = answers.get(path) {
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", upstream)) else { return };
    let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let _ = server.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = server.read_to_end(&mut answer);
    let _ = stream.write_all(&answer);
}

#[test]
fn a_file_that_was_changed_on_the_way_is_not_run() {
    let server = Server::start();
    let files = files(server.port);
    let of = |part: &str, end: &str| {
        files
            .iter()
            .find(|file| file.contains(part) && file.ends_with(end))
            .unwrap_or_else(|| panic!("{files:?}"))
            .clone()
    };
    // Unchanged, the same detour works.
    in_browser(Wish::default(), async |page| {
        page.open(&format!("http://127.0.0.1:{}/", tampered(&server, "none"))).await;
    });
    for victim in [of("/boot-", ".js"), of("/frontend-", ".js"), of("/frontend-", ".wasm")] {
        in_browser(Wish::default(), async |page| {
            page.0.goto(&format!("http://127.0.0.1:{}/", tampered(&server, &victim))).await.unwrap();
            if !victim.contains("boot") {
                page.see("Passmint could not start").await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            assert_eq!(
                page.js("return !!document.querySelector('.generator')", vec![]).await,
                json!(false),
                "{victim}"
            );
            assert!(page.complaints().await.iter().any(|line| line.contains("integrity")), "{victim}");
        });
    }
    for victim in [of("/keyring-", ".js"), of("/keyring-", ".wasm")] {
        in_browser(Wish::default(), async |page| {
            page.open(&format!("http://127.0.0.1:{}/", tampered(&server, &victim))).await;
            page.unlock("ada", PASSPHRASE).await;
            page.see("The part of the page that holds keys did not arrive, or was changed on the way.").await;
        });
    }
}

#[test]
fn the_policy_forbids_what_it_should() {
    in_browser(Wish::default(), async |page| {
        let server = Server::start();
        page.open(&server.setup_link()).await;
        // What an attacker who could put a string somewhere would try.
        for attempt in [
            "document.body.innerHTML = '<b>x</b>'",
            "document.body.insertAdjacentHTML('beforeend', '<img src=x>')",
            "new Worker('/other.js')",
            "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
            "document.createElement('script').text = 'alert(1)'",
        ] {
            assert_eq!(page.js_in_page(attempt).await, json!("TypeError"), "{attempt}");
        }
        assert_eq!(page.js_in_page("return (0, eval)('1')").await, json!("EvalError"));
        let elsewhere =
            "const done = arguments[0]; fetch('http://127.0.0.1:1/').then(() => done('sent'), e => done(e.name))";
        assert_eq!(page.0.execute_async(elsewhere, vec![]).await.unwrap(), json!("TypeError"));
        let blocked = page.complaints().await;
        assert!(blocked.iter().any(|line| line.contains("connect-src")), "{blocked:?}");
    });
}

#[test]
fn no_secret_is_where_scripts_extensions_or_history_look() {
    in_browser(Wish::default(), async |page| {
        let server = Server::start();
        let code = with_vault(&page, &server).await;
        let password = page.save("GitHub").await;
        page.show("GitHub").await;
        let places = page.js(
            "const attributes = [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.value)); \
             return JSON.stringify([attributes, document.title, location.href, document.cookie, {...localStorage}, {...sessionStorage}])",
            vec![],
        );
        let places = places.await.as_str().unwrap().to_owned();
        let json = serde_json::to_string(&password).unwrap();
        for secret in [PASSPHRASE, json.trim_matches('"'), &code] {
            assert!(!places.contains(secret), "{places}");
        }
        let databases = "const done = arguments[0]; indexedDB.databases().then(d => done(d.length))";
        assert_eq!(page.0.execute_async(databases, vec![]).await.unwrap(), json!(0));
    });
}

#[test]
fn without_javascript_it_says_so() {
    let mut wish = Wish::default();
    wish.preferences.insert("profile.managed_default_content_settings.javascript".into(), json!(2));
    in_browser(wish, async |page| {
        let server = Server::start();
        page.0.goto(&server.url()).await.unwrap();
        let body = page.0.find(fantoccini::Locator::Css("body")).await.unwrap().text().await.unwrap();
        assert!(body.contains("Passmint needs JavaScript"), "{body}");
        assert!(!body.contains("Loading"), "{body}");
    });
}

#[test]
fn without_webassembly_it_says_so() {
    in_browser(Wish::default(), async |page| {
        let server = Server::start();
        // As in an iPhone's Lockdown Mode.
        page.before_every_page("delete globalThis.WebAssembly").await;
        page.0.goto(&server.url()).await.unwrap();
        page.see("Passmint needs WebAssembly").await;
        page.is_accessible("no WebAssembly").await;
    });
}

#[test]
fn without_a_secure_connection_it_says_so() {
    let wish =
        Wish { arguments: vec!["--host-resolver-rules=MAP passmint.example 127.0.0.1".into()], ..Wish::default() };
    in_browser(wish, async |page| {
        let server = Server::start();
        page.0.goto(&format!("http://passmint.example:{}/", server.port)).await.unwrap();
        page.see("Passmint needs a secure connection").await;
        page.is_accessible("no secure context").await;
    });
}
