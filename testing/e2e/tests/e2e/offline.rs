//! The page without a network, and updates to a newer version.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, create_first_vault, other_languages};
use e2e::proxy::{get, page_files, tampering_proxy};
use e2e::server::Server;
use e2e::{TIMEOUT, wait_until};

/// Waits until the service worker has stored the page; returns the caches by name, each with its paths.
async fn stored(page: &Page) -> Value {
    let script = "const done = arguments[0]; (async () => { await navigator.serviceWorker.ready; \
                  return Promise.all((await caches.keys()).map(async name => [name, \
                  (await (await caches.open(name)).keys()).map(request => new URL(request.url).pathname)])) \
                  })().then(done, e => done(String(e)))";
    page.driver.execute_async(script, vec![]).await.unwrap()
}

/// The version and the files that the service worker's script lists.
fn listed(port: u16) -> (String, BTreeSet<String>) {
    let script = get(port, "/service-worker.js");
    let version = script.split("const VERSION = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let list = script.split("const FILES = [").nth(1).unwrap().split("];").next().unwrap();
    let files = list.split("[\"").skip(1).map(|entry| entry.split('"').next().unwrap().to_owned());
    (version, files.collect())
}

#[test]
fn service_worker_stores_exactly_the_files_of_the_page() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        let kept = stored(&page).await;
        let (version, listed) = listed(server.port);
        let mut made_of = page_files(server.port);
        made_of.insert("/".to_owned());
        assert_eq!(listed, made_of, "what the page is made of is what is to be kept");
        assert_eq!(kept.as_array().unwrap().len(), 1, "{kept}");
        assert_eq!(kept[0][0], json!(format!("passmint-{version}")));
        let paths = kept[0][1].as_array().unwrap();
        assert_eq!(paths.len(), listed.len());
        assert_eq!(paths.iter().map(|path| path.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), listed);
        page.assert_no_errors().await;
    });
}

#[test]
fn generator_works_without_a_network_and_the_vault_says_it_is_offline() {
    in_browser(BrowserOptions::default(), async |page| {
        let (mut server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        create_first_vault(&page, &server).await;
        let password = page.save("GitHub").await;
        stored(&page).await;
        server.stop();
        // The HTTP cache is empty too.
        page.cdp("Network.clearBrowserCache", json!({})).await;
        page.open(&server.url()).await;
        let first = page.minted().await;
        page.press("Generate").await;
        page.minted_after(&first).await;
        page.choose("Words").await;
        page.minted_with("77.55").await;
        page.choose("PIN").await;
        page.minted_with("19.93").await;
        page.choose("Site’s rules").await;
        page.fill("Paste the site’s rules", "maxlength: 8; allowed: digit").await;
        page.minted_with("26.58").await;
        page.open_more_rules().await;
        page.press("Back to “The usual rules”").await;
        page.minted_with("196.59").await;
        for language in other_languages() {
            page.switch_language("en", &language).await;
            page.switch_language(&language, "en").await;
        }
        page.download_to(folder.path()).await;
        page.press("Make many").await;
        page.press("Make and download").await;
        page.see("Made 10 passwords.").await;
        let file = folder.path().join("passwords.txt");
        wait_until("the file is there", || file.is_file());
        assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 10);
        page.press("Close").await;

        page.unlock("ada", PASSPHRASE).await;
        page.see_fault("Passphrase", "The server does not answer. Check your connection and try again.").await;
        page.assert_accessible("no network").await;
        server.start_again();
        page.press("Unlock").await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
        // The only errors are those of unanswered requests.
        let errors = page.console_errors().await;
        let others = errors.iter().filter(|complaint| !complaint.contains("ERR_CONNECTION_REFUSED"));
        assert_eq!(others.count(), 0, "{errors:?}");
    });
}

#[test]
fn new_version_is_offered_and_waits_for_consent() {
    const NEW: &str = "0000000000000000";
    let server = Server::start();
    let newer = Arc::new(AtomicBool::new(false));
    let is_newer = Arc::clone(&newer);
    let proxy = tampering_proxy(server.port, move |path, body| {
        if path == "/service-worker.js" && is_newer.load(Ordering::Relaxed) {
            let before = b"const VERSION = \"";
            let place = body.windows(before.len()).position(|bytes| bytes == before).unwrap() + before.len();
            body[place..place + NEW.len()].copy_from_slice(NEW.as_bytes());
        }
    });
    let names = "const done = arguments[0]; caches.keys().then(done)";
    let state = "const done = arguments[0]; navigator.serviceWorker.getRegistration().then(r => done([!!r.waiting, \
                 !!r.active && r.active === navigator.serviceWorker.controller]))";
    in_browser(BrowserOptions::default(), async |page| {
        let url = format!("http://127.0.0.1:{proxy}/");
        page.open(&url).await;
        stored(&page).await;
        page.open(&url).await;
        assert_eq!(
            page.driver.execute_async(state, vec![]).await.unwrap(),
            json!([false, true]),
            "it is kept, and in charge"
        );
        assert!(!page.visible_text().await.contains("A new version"));

        newer.store(true, Ordering::Relaxed);
        page.open(&url).await;
        page.js("window.before = true", vec![]).await;
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        page.see("A new version of this page is ready.").await;
        page.assert_accessible("a new version").await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(page.js("return window.before", vec![]).await, json!(true), "it is not reloaded in mid-work");
        assert_eq!(page.field_value("Name").await, "GitHub");
        assert_eq!(page.minted().await, password);
        assert_eq!(page.driver.execute_async(state, vec![]).await.unwrap(), json!([true, true]), "the new one waits");
        // The update can still be chosen after the message is gone.
        page.press("Close this message").await;
        page.press("Reload now").await;
        page.wait_for(
            "it is loaded anew",
            "return !window.before && !!document.querySelector('output.secret span')",
            vec![],
        )
        .await;
        assert_eq!(
            page.driver.execute_async(state, vec![]).await.unwrap(),
            json!([false, true]),
            "the new one is in charge"
        );
        let names = page.driver.execute_async(names, vec![]).await.unwrap();
        assert!(names.as_array().unwrap().contains(&json!(format!("passmint-{NEW}"))), "{names}");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(!page.visible_text().await.contains("A new version"), "and nothing newer is offered");
        page.assert_no_errors().await;
    });
}

/// Serves the script that a page for development has in place of a service worker, and a document at all other paths.
fn serve_development(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head: Vec<String> =
                BufReader::new(&stream).lines().map_while(|line| line.ok().filter(|line| !line.is_empty())).collect();
            let (kind, body) = match head.first() {
                Some(line) if line.contains("/service-worker.js") => {
                    ("text/javascript", include_str!("../../../../assets/no-service-worker.js"))
                }
                _ => ("text/html", "<title>In development</title>"),
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

#[test]
fn service_worker_of_a_release_ends_where_a_page_for_development_is_served() {
    in_browser(BrowserOptions::default(), async |page| {
        let mut server = Server::start();
        page.open(&server.url()).await;
        stored(&page).await;
        page.open(&server.url()).await;
        let answers = "return !!navigator.serviceWorker.controller";
        assert_eq!(page.js(answers, vec![]).await, json!(true), "the release answers from the browser");
        server.stop();
        serve_development(server.port);
        // The browser does this by itself at the next visit.
        page.js("navigator.serviceWorker.getRegistration().then(it => it.update())", vec![]).await;
        assert!(page.becomes_true("return document.title === 'In development'", TIMEOUT).await);
        let left = "const done = arguments[0]; Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()]) \
                    .then(left => done(left.map(of => of.length)))";
        assert_eq!(page.driver.execute_async(left, vec![]).await.unwrap(), json!([0, 0]), "caches and registrations");
    });
}
