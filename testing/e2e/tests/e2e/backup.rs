//! A backup's file, opened from disk: without a server or a network, with a browser and the passphrase only.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fantoccini::Locator;
use fantoccini::key::Key;
use frontend::keyring::backup;
use frontend::secret::Secret;
use frontend::text::{Texts, opener};
use rand_core_06::OsRng;
use serde_json::{Value, json};
use texts::{FIRST, LATER};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, catalog, page_text};
use e2e::{path_from_env, wait_until};

/// A vault as it is exported.
pub(crate) fn vault() -> String {
    let username = |name: &str, user: &str, uri: &str, password: &str| {
        json!({
            "type": 1,
            "name": name,
            "login": { "username": user, "password": password, "uris": [{ "uri": uri }] },
        })
    };
    let mut items = vec![
        username("GitHub", "ada", "https://github.com", "kV9!mQ2#<b>x</b>"),
        username("Städtische Bibliothek <script>", "", "", "Übung-東京 😀"),
        json!({ "type": 2, "name": "Only a note", "notes": "line 1\nline 2 <i>", "login": null }),
    ];
    items[0]["notes"] = json!("the second key is in the safe");
    items[0]["passwordHistory"] = json!([
        { "lastUsedDate": "2025-03-01T12:00:00.000Z", "password": "before-1" },
        { "lastUsedDate": "not a date", "password": "before-2" },
    ]);
    items.extend((0..120).map(|n| username(&format!("Site {n:03}"), &format!("user{n}"), "https://example.com", "p")));
    json!({ "encrypted": false, "folders": [], "items": items }).to_string()
}

/// All texts of a language, as the page has them once both files are loaded.
fn texts(language: &str) -> Texts {
    let catalog = catalog();
    let language = catalog.languages().find(|it| it.tag == language).unwrap();
    Texts::new(&language.tag, &catalog.lines(language, FIRST)).and(&catalog.lines(language, LATER))
}

/// A backup's file, as the page makes it.
pub(crate) fn file(language: &str) -> String {
    let folder = path_from_env("PASSMINT_BIN").with_file_name("page");
    let is_opener = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("opener-") && name.ends_with(".txt")
    };
    let template = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_opener).unwrap();
    let secret = |text: &str| Secret::new(text.into());
    let sealed = backup::seal(&secret(PASSPHRASE), &secret(&vault()), &mut OsRng).unwrap();
    backup::page(&std::fs::read_to_string(template).unwrap(), &opener(&texts(language)), &sealed).unwrap()
}

/// Writes a text into a file and opens that.
async fn open(page: &Page, folder: &Path, text: &str) {
    let path = folder.join("backup.html");
    std::fs::write(&path, text).unwrap();
    page.driver.goto(&format!("file://{}", path.display())).await.unwrap();
}

/// Presses a button by the text on it.
async fn press(page: &Page, text: &str) {
    page.driver
        .find(Locator::XPath(&format!("//button[normalize-space()='{text}']")))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
}

async fn unlock(page: &Page, passphrase: &str) {
    page.fill("Passphrase", passphrase).await;
    page.press_keys(&[Key::Enter.into()]).await;
}

/// The value that a button of a row has revealed.
async fn shown(page: &Page, what: &str) -> Value {
    let script = "const place = document.querySelector(`[data-of=${arguments[0]}]`); \
                  return place && !place.hidden && place.innerText";
    page.js(script, vec![json!(what)]).await
}

/// Starts a proxy that answers nothing and records the requests.
fn recording_proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            // Without a first line, the browser has requested nothing.
            let _ = BufReader::new(stream).read_line(&mut line);
            kept.lock().unwrap().push(line);
        }
    });
    (port, asked)
}

#[test]
fn backup_opens_from_disk_without_any_request() {
    let (port, asked) = recording_proxy();
    let arguments = vec![format!("--proxy-server=http://127.0.0.1:{port}"), "--proxy-bypass-list=<-loopback>".into()];
    in_browser(BrowserOptions { arguments, records_requests: true, ..BrowserOptions::default() }, async |page| {
        let folder = tempfile::tempdir().unwrap();
        // Requests of the browser itself do not count.
        page.driver.goto("about:blank").await.unwrap();
        page.requests().await;
        open(&page, folder.path(), &file("en")).await;
        assert_eq!(page.js("return document.title", vec![]).await, "Passmint backup");
        page.assert_no_errors().await;
        page.assert_accessible("closed").await;

        press(&page, "Open").await;
        page.see_fault("Passphrase", "Type your passphrase.").await;
        unlock(&page, "correct horse battery stable").await;
        page.see_fault("Passphrase", "That does not open this backup.").await;
        assert_eq!(page.js("return document.activeElement.id", vec![]).await, "passphrase");
        // Argon2id takes about a second, and is announced before it starts.
        let watch = "window.said = []; new MutationObserver(() => requestAnimationFrame(() => \
                     window.said.push(document.getElementById('progress').textContent))).observe( \
                     document.getElementById('progress'), { childList: true })";
        page.js(watch, vec![]).await;
        unlock(&page, PASSPHRASE).await;
        page.see("123 passwords").await;
        assert_eq!(page.js("return window.said[0]", vec![]).await, json!(page_text("en", "StepStretching")));
        assert_eq!(page.js("return document.getElementById('passphrase').value", vec![]).await, "");
        assert_eq!(page.js("return document.activeElement.id", vec![]).await, "search");
        page.assert_accessible("opened").await;

        // A hundred rows are drawn, sorted by name, and the document contains no secret yet.
        let rows = "return document.querySelectorAll('.row').length";
        assert_eq!(page.js(rows, vec![]).await, 100);
        press(&page, "Show more").await;
        assert_eq!(page.js(rows, vec![]).await, 123);
        assert_eq!(page.js("return document.activeElement.dataset.act", vec![]).await, "username");
        let html = "const d = document.documentElement.cloneNode(true); d.querySelector('#backup').remove(); return d.outerHTML";
        let html = page.js(html, vec![]).await.as_str().unwrap().to_owned();
        for secret in ["kV9!", "before-1", "in the safe", "line 1", "東京", PASSPHRASE] {
            assert!(!html.contains(secret), "{secret}");
        }

        page.fill("Search", "hub ADA").await;
        page.see_rows(&["GitHub"]).await;
        page.see("1 of 123 passwords").await;
        page.press("Show GitHub").await;
        assert_eq!(shown(&page, "show").await, "kV9!mQ2#<b>x</b>");
        page.press("Hide GitHub").await;
        assert_eq!(shown(&page, "show").await, false);
        page.press("Copy GitHub").await;
        page.see("Copied “GitHub”.").await;
        assert_eq!(page.clipboard_text().await, "kV9!mQ2#<b>x</b>");
        page.press("Copy GitHub: Username").await;
        page.wait_for("copied", "return document.hasFocus()", vec![]).await;
        assert_eq!(page.clipboard_text().await, "ada");
        page.press("Note GitHub").await;
        assert_eq!(shown(&page, "note").await, "the second key is in the safe");
        page.press("Earlier passwords (2) GitHub").await;
        let history = shown(&page, "history").await;
        let history = history.as_str().unwrap();
        assert!(history.contains("Until") && history.contains("2025") && history.contains("before-2"), "{history}");
        page.press("Copy GitHub 1").await;
        page.wait_for("copied", "return document.hasFocus()", vec![]).await;
        assert_eq!(page.clipboard_text().await, "before-1");
        page.assert_accessible("all shown").await;

        page.fill("Search", "bibliothek").await;
        page.see_rows(&["Städtische Bibliothek <script>"]).await;
        page.press("Show Städtische Bibliothek <script>").await;
        assert_eq!(shown(&page, "show").await, "Übung-東京 😀");
        page.fill("Search", "only a").await;
        page.see_rows(&["Only a note"]).await;
        page.press("Note Only a note").await;
        assert_eq!(shown(&page, "note").await, "line 1\nline 2 <i>");
        page.fill("Search", "nowhere").await;
        page.see("Nothing found for “nowhere”.").await;

        page.download_to(folder.path()).await;
        page.see("The saved file is not encrypted").await;
        press(&page, "Save as Bitwarden JSON").await;
        let saved = folder.path().join("passmint-not-encrypted.json");
        wait_until("it is saved", || saved.is_file());
        assert_eq!(std::fs::read_to_string(saved).unwrap(), vault());

        press(&page, "Lock").await;
        page.field("Passphrase").await;
        assert!(!page.visible_text().await.contains("Search"));
        page.assert_no_errors().await;
        // The two navigations to the document, and the data URLs inside it.
        let requests = page.requests().await;
        let (files, others): (Vec<_>, Vec<_>) = requests.iter().partition(|url| url.starts_with("file:"));
        assert!(files.len() == 2 && files.iter().all(|url| url.ends_with("/backup.html")), "{files:?}");
        assert!(
            others.iter().all(|url| url.starts_with("data:image/svg+xml;") || url.starts_with("blob:")),
            "{others:?}"
        );

        // It cannot make requests: its policy forbids all. The proxy would have recorded them.
        let fetch = "fetch('http://passmint.invalid/a').catch(() => {}); new Image().src = 'http://passmint.invalid/b'";
        page.js_in_page(fetch).await;
        let errors = page.console_errors().await;
        for asked_for in ["passmint.invalid/a", "passmint.invalid/b"] {
            assert!(errors.iter().any(|said| said.contains(asked_for)), "{errors:?}");
        }
        assert!(errors.iter().all(|said| said.contains("Content Security Policy")), "{errors:?}");
        let is_asked = || asked.lock().unwrap().iter().any(|line| line.contains("passmint.invalid"));
        assert!(!is_asked());
        // The driver reports an error, because the proxy does not answer.
        let _ = page.driver.goto("http://passmint.invalid/").await;
        wait_until("the proxy is asked", is_asked);
    });
}

#[test]
fn backup_fits_a_phone_and_the_dark_theme_in_the_language_it_was_made_in() {
    in_browser(BrowserOptions::default(), async |page| {
        let folder = tempfile::tempdir().unwrap();
        for language in catalog().languages().map(|language| language.tag.as_str()) {
            page.set_width(320).await;
            page.cdp(
                "Emulation.setEmulatedMedia",
                json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
            )
            .await;
            open(&page, folder.path(), &file(language)).await;
            page.see(&page_text(language, "BackupIntro")).await;
            assert_eq!(page.js("return document.documentElement.lang", vec![]).await, language);
            assert_eq!(page.overflows().await, [Value::Null; 0], "{language}, closed");
            let passphrase = page_text(language, "Passphrase");
            page.fill(&passphrase, PASSPHRASE).await;
            page.press_keys(&[Key::Enter.into()]).await;
            page.wait_for("opened", "return document.querySelectorAll('.row').length > 9", vec![]).await;
            page.js("document.querySelectorAll('[data-act=show], [data-act=note], [data-act=history]').forEach(b => b.click())", vec![]).await;
            assert_eq!(page.overflows().await, [Value::Null; 0], "{language}, opened");
            page.assert_accessible(&format!("{language}, in the dark")).await;
            page.assert_no_errors().await;
        }
    });
}

#[test]
fn backup_that_cannot_start_says_so_once_in_the_language_it_was_made_in() {
    in_browser(BrowserOptions::default(), async |page| {
        page.run_before_every_page("delete globalThis.WebAssembly").await;
        let folder = tempfile::tempdir().unwrap();
        let visible = "return [...document.getElementById('no-start').children] \
                       .filter(version => version.checkVisibility()).map(version => version.lang)";
        for language in catalog().languages().map(|language| language.tag.as_str()) {
            open(&page, folder.path(), &file(language)).await;
            page.see(&page_text(language, "BackupNoStart")).await;
            assert_eq!(page.js(visible, vec![]).await, json!([language]));
        }
        let damaged = file("de").replace("id=\"texts\">{", "id=\"texts\">");
        open(&page, folder.path(), &damaged).await;
        page.see(&page_text("en", "BackupNoStart")).await;
        assert_eq!(page.js(visible, vec![]).await, json!(["en"]));
    });
}

#[test]
fn damaged_backup_says_so_and_one_saved_by_the_browser_opens() {
    in_browser(BrowserOptions::default(), async |page| {
        let folder = tempfile::tempdir().unwrap();
        let whole = file("en");
        let begin = whole.find("\"sealed\":\"").unwrap();
        let cut = format!("{}</script>{}", &whole[..begin + 999], whole.split_once("\"}</script>").unwrap().1);
        for (text, said) in [
            (cut, "there is no complete backup in it."),
            (whole.replace("\"memory_kib\":65536", "\"memory_kib\":4294967295"), "not have enough free memory"),
            (whole.replace("\"passes\":3", "\"passes\":2"), "That does not open this backup."),
        ] {
            open(&page, folder.path(), &text).await;
            page.field("Passphrase").await;
            unlock(&page, PASSPHRASE).await;
            page.see_fault("Passphrase", said).await;
        }

        // A copy that the browser saves while the backup is open is locked again, and complete.
        open(&page, folder.path(), &whole).await;
        page.field("Passphrase").await;
        unlock(&page, PASSPHRASE).await;
        page.see("123 passwords").await;
        page.press("Show GitHub").await;
        let again = page.js("return '<!DOCTYPE html>\\r\\n' + document.documentElement.outerHTML", vec![]).await;
        let again = again.as_str().unwrap();
        assert_eq!(backup::find(again), backup::find(&whole));
        open(&page, folder.path(), again).await;
        page.field("Passphrase").await;
        assert!(!page.visible_text().await.contains("GitHub"));
        unlock(&page, PASSPHRASE).await;
        page.see("123 passwords").await;

        // A script that was changed does not run, and the file says what to do.
        open(&page, folder.path(), &whole.replacen("__wbg_init({", "__wbg_init( {", 1)).await;
        page.wait_for("nothing runs", "return document.getElementById('app').hidden", vec![]).await;
        assert!(page.console_errors().await.iter().any(|said| said.contains("Content Security Policy")));
    });
}
