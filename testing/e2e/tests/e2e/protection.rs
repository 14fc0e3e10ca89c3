//! Protection of the page: its policy, the integrity of its files, and messages where it cannot run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, catalog, create_first_vault, other_languages, page_text};
use e2e::proxy::{only_file, page_files, tampering_proxy};
use e2e::server::Server;
use e2e::vault_client::VaultClient;

const NO_PART: &str = "This part of the page did not arrive, or was changed on the way.";

/// Changes one byte, such that the file would still run: a letter of a text, or the last byte of a custom section.
fn tamper(body: &mut [u8]) {
    let place = body.iter().rposition(u8::is_ascii_lowercase).unwrap();
    body[place] ^= 1;
}

/// The URL of a proxy that changes one byte of one file of the page.
fn tampered(server: &Server, victim: &str) -> String {
    let victim = victim.to_owned();
    let change = move |path: &str, body: &mut Vec<u8>| {
        if path == victim {
            tamper(body);
        }
    };
    format!("http://127.0.0.1:{}/", tampering_proxy(server.port, change))
}

/// Checks that the generator mints by the default rules.
async fn mints(page: &Page) {
    let before = page.minted().await;
    page.press("Generate").await;
    assert_eq!(page.minted_after(&before).await.chars().count(), 30);
}

#[test]
fn changed_file_is_not_run() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(VaultClient::create_first_vault(&server, "ada"));
    let files = page_files(server.port);
    // Through the same proxy, without a change, the page works.
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&tampered(&server, "none")).await;
        page.see("Open your vault").await;
        page.assert_no_errors().await;
    });
    for (begin, end) in
        [("/page-", "/page.js"), ("/page-", "/__wasm_split.js"), ("/page-", "/page_bg.wasm"), ("/text-en-", ".txt")]
    {
        let victim = only_file(&files, begin, end);
        in_browser(BrowserOptions::default(), async |page| {
            page.driver.goto(&tampered(&server, &victim)).await.unwrap();
            page.see("Passmint could not start").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let runs = page.js("return !!document.querySelector('.generator')", vec![]).await;
            assert_eq!(runs, json!(false), "{victim}");
            assert!(page.console_errors().await.iter().any(|line| line.contains("integrity")), "{victim}");
        });
    }
    for end in [".js", ".wasm"] {
        let victim = only_file(&files, "/keyring-", end);
        in_browser(BrowserOptions::default(), async |page| {
            page.open(&tampered(&server, &victim)).await;
            page.unlock("ada", PASSPHRASE).await;
            page.see("The part of the page that holds keys did not arrive, or was changed on the way.").await;
        });
    }
}

#[test]
fn changed_lazy_part_is_not_run_and_the_generator_works() {
    let server = Server::start();
    let files = page_files(server.port);
    let changed = |(begin, end): (&str, &str)| tampered(&server, &only_file(&files, begin, end));
    // The vault's lazy part, and the texts of all lazy parts.
    for begin in [("/page-", "/split_vault.wasm"), ("/more-en-", "")] {
        in_browser(BrowserOptions::default(), async |page| {
            page.open(&changed(begin)).await;
            page.see("The vault’s part of the page did not arrive, or was changed on the way.").await;
            page.assert_accessible("no vault").await;
            mints(&page).await;
            assert!(page.console_errors().await.iter().any(|line| line.contains("integrity")), "{begin:?}");
        });
    }
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&changed(("/page-", "/split_rules.wasm"))).await;
        page.choose("PIN").await;
        page.see(NO_PART).await;
        page.assert_accessible("no rules").await;
        page.choose("Characters").await;
        mints(&page).await;
    });
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&changed(("/page-", "/split_tools.wasm"))).await;
        page.press("Make many").await;
        page.see(NO_PART).await;
        mints(&page).await;
    });
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&changed(("/words-", ""))).await;
        page.choose("Words").await;
        page.see(NO_PART).await;
        page.assert_accessible("no words").await;
        assert!(page.minted().await.starts_with("No password"));
        page.choose("PIN").await;
        page.see("19.93 bits").await;
    });
}

#[test]
fn failed_lazy_part_is_fetched_again_on_request() {
    let server = Server::start();
    let broken = Arc::new(AtomicBool::new(true));
    let breaks = Arc::clone(&broken);
    let proxy = tampering_proxy(server.port, move |path, body| {
        if (path.starts_with("/words-") || path.ends_with("/split_vault.wasm")) && breaks.load(Ordering::Relaxed) {
            tamper(body);
        }
    });
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&format!("http://127.0.0.1:{proxy}/")).await;
        page.see("The vault’s part of the page did not arrive").await;
        page.choose("Words").await;
        page.see(NO_PART).await;
        broken.store(false, Ordering::Relaxed);
        // One button is at the generator's rules, one in the place of the vault.
        for place in [".rules", ".vault"] {
            let again = "const place = document.querySelector(arguments[0]); \
                         [...place.querySelectorAll('button[aria-label=\"Try again\"]')].find(b => b.checkVisibility()).click()";
            page.js(again, vec![json!(place)]).await;
        }
        page.see("77.55 bits").await;
        page.see("No vault has been made here yet").await;
    });
}

#[test]
fn policy_forbids_inline_code_requests_and_features() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.setup_link()).await;
        // The attempts of an attacker who can inject a string.
        for attempt in [
            "document.body.innerHTML = '<b>x</b>'",
            "document.body.insertAdjacentHTML('beforeend', '<img src=x>')",
            "new Worker('/other.js')",
            "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
            "document.createElement('script').text = 'alert(1)'",
            "const s = document.createElement('script'); s.append('globalThis.ran = true'); document.body.append(s); \
             if (!globalThis.ran) throw new TypeError('it did not run')",
        ] {
            assert_eq!(page.js_in_page(attempt).await, json!("TypeError"), "{attempt}");
        }
        assert_eq!(page.js_in_page("return (0, eval)('1')").await, json!("EvalError"));
        // Every feature of the browser is off, except those that the page needs.
        let allowed = "const { featurePolicy } = document; return ['camera', 'geolocation', 'clipboard-write'] \
                       .map(feature => featurePolicy.allowsFeature(feature))";
        assert_eq!(page.js(allowed, vec![]).await, json!([false, false, true]));
        let elsewhere =
            "const done = arguments[0]; fetch('http://127.0.0.1:1/').then(() => done('sent'), e => done(e.name))";
        assert_eq!(page.driver.execute_async(elsewhere, vec![]).await.unwrap(), json!("TypeError"));
        let blocked = page.console_errors().await;
        assert!(blocked.iter().any(|line| line.contains("connect-src")), "{blocked:?}");
    });
}

#[test]
fn no_secret_is_in_attributes_storage_or_history() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let code = create_first_vault(&page, &server).await;
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
        // The one IndexedDB database is empty once all is saved; its items are sealed (`drafts.rs` checks that).
        let databases = "const done = arguments[0]; indexedDB.databases().then(d => done(d.map(it => it.name)))";
        assert_eq!(page.driver.execute_async(databases, vec![]).await.unwrap(), json!(["passmint"]));
        let count = "const done = arguments[0]; const open = indexedDB.open('passmint'); open.onsuccess = () => { \
                     const count = open.result.transaction('kept').objectStore('kept').count(); \
                     count.onsuccess = () => { open.result.close(); done(count.result) } }";
        assert_eq!(page.driver.execute_async(count, vec![]).await.unwrap(), json!(0));
    });
}

#[test]
fn without_javascript_it_says_so() {
    let mut wish = BrowserOptions::default();
    wish.preferences.insert("profile.managed_default_content_settings.javascript".into(), json!(2));
    in_browser(wish, async |page| {
        let server = Server::start();
        page.driver.goto(&server.url()).await.unwrap();
        let body = page.driver.find(fantoccini::Locator::Css("body")).await.unwrap().text().await.unwrap();
        for language in catalog().languages() {
            assert!(body.contains(&page_text(&language.tag, "NeedsJavaScript")), "{body}");
        }
        assert!(!body.contains("Loading"), "{body}");
    });
}

#[test]
fn without_webassembly_it_says_so() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        // Lockdown Mode of an iPhone has no WebAssembly.
        page.run_before_every_page("delete globalThis.WebAssembly").await;
        page.driver.goto(&server.url()).await.unwrap();
        page.see("Passmint needs WebAssembly").await;
        page.assert_accessible("no WebAssembly").await;
    });
}

/// Settings of a browser that prefers these languages.
fn wish_for(languages: &str) -> BrowserOptions {
    let mut wish = BrowserOptions::default();
    wish.preferences.insert("intl.accept_languages".into(), json!(languages));
    wish
}

/// The languages in which the fallback message is visible.
async fn shown(page: &Page, id: &str) -> Value {
    let script = "return [...document.getElementById(arguments[0]).children] \
                  .filter(version => version.checkVisibility()).map(version => version.lang)";
    page.js(script, vec![json!(id)]).await
}

#[test]
fn message_of_a_page_that_cannot_start_is_shown_once_in_any_language() {
    let server = Server::start();
    let others = other_languages();
    let spoken = others.iter().map(|tag| (tag.as_str(), tag.as_str()));
    for (wished, language) in spoken.chain([("tlh", "en"), ("tlh,eo-EO", "en")]) {
        in_browser(wish_for(wished), async |page| {
            page.run_before_every_page("delete globalThis.WebAssembly").await;
            page.driver.goto(&server.url()).await.unwrap();
            page.see(&page_text(language, "NoWasmTitle")).await;
            assert_eq!(shown(&page, "no-wasm").await, json!([language]), "{wished}");
            let tag = page.js("return document.documentElement.lang", vec![]).await;
            assert_eq!(tag, json!(language), "{wished}");
        });
    }
    // A stored language that the page no longer has.
    let victim = only_file(&page_files(server.port), "/page-", "/page.js");
    in_browser(BrowserOptions::default(), async |page| {
        page.run_before_every_page("localStorage.setItem('passmint.language', '\"] tlh')").await;
        page.driver.goto(&tampered(&server, &victim)).await.unwrap();
        page.see(&page_text("en", "NotLoadedTitle")).await;
        assert_eq!(shown(&page, "not-loaded").await, json!(["en"]));
    });
}

#[test]
fn message_is_shown_in_english_where_the_language_has_no_version_of_it() {
    let server = Server::start();
    in_browser(wish_for("de"), async |page| {
        // The state of a document before its scripts run.
        let remove = "delete globalThis.WebAssembly; document.addEventListener('readystatechange', () => \
                      document.querySelector('#no-wasm [lang=de]').remove(), { once: true })";
        page.run_before_every_page(remove).await;
        page.driver.goto(&server.url()).await.unwrap();
        page.see(&page_text("en", "NoWasmTitle")).await;
        assert_eq!(shown(&page, "no-wasm").await, json!(["en"]));
    });
}

#[test]
fn without_a_secure_connection_it_says_so() {
    let wish = BrowserOptions {
        arguments: vec!["--host-resolver-rules=MAP passmint.example 127.0.0.1".into()],
        ..BrowserOptions::default()
    };
    in_browser(wish, async |page| {
        let server = Server::start();
        page.driver.goto(&format!("http://passmint.example:{}/", server.port)).await.unwrap();
        page.see("Passmint needs a secure connection").await;
        page.assert_accessible("no secure context").await;
    });
}
