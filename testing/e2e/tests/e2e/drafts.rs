//! Drafts and the outbox: copied passwords and unsaved input survive a locked vault, a stopped server, a closed tab and
//! a killed browser.

use fantoccini::key::Key;
use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser, in_browser_with_profile, kill_browser};
use e2e::page::{PASSPHRASE, Page, create_first_vault};
use e2e::server::Server;

/// Waits until that many drafts and changes are in the browser's local store.
async fn wait_for_stored(page: &Page, count: usize) {
    let script = "const [count, done] = arguments; const look = () => { const open = indexedDB.open('passmint'); \
                  open.onerror = () => done('cannot open'); open.onupgradeneeded = () => open.transaction.abort(); \
                  open.onsuccess = () => { const db = open.result; const all = db.transaction('kept').objectStore('kept').count(); \
                  all.onsuccess = () => { db.close(); all.result === count ? done('kept') : setTimeout(look, 25) } } }; look()";
    let kept = tokio::time::timeout(e2e::TIMEOUT, page.driver.execute_async(script, vec![json!(count)])).await;
    assert_eq!(kept.expect("waited in vain for what is kept").unwrap(), "kept");
}

/// Waits until the list of drafts has these names, newest first.
async fn see_drafts(page: &Page, names: &[&str]) {
    let script = "return JSON.stringify([...document.querySelectorAll('.row--draft .row-name')].map(e => e.textContent)) \
                  === JSON.stringify(arguments[0])";
    page.wait_for(&format!("the drafts {names:?}"), script, vec![json!(names)]).await;
}

/// Waits until the list has these entries, besides drafts.
async fn see_entries(page: &Page, names: &[&str]) {
    let script = "return JSON.stringify([...document.querySelectorAll('button.row-name')].map(e => e.textContent)) \
                  === JSON.stringify(arguments[0])";
    page.wait_for(&format!("the entries {names:?}"), script, vec![json!(names)]).await;
}

/// Opens a draft, names it and saves it.
async fn save_draft(page: &Page, draft: &str, name: &str) {
    page.press(&format!("Review and save {draft}")).await;
    page.wait_for("the form", "return !!document.getElementById('entry-name')", vec![]).await;
    let script =
        "const e = document.getElementById('entry-name'); e.value = arguments[0]; e.dispatchEvent(new Event('input'))";
    page.js(script, vec![json!(name)]).await;
    page.press("Save the entry").await;
    page.wait_for("the dialog is closed", "return !document.querySelector('dialog')", vec![]).await;
}

#[test]
fn copied_password_survives_lock_reload_and_stopped_server() {
    let profile = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    let mut copied = Vec::new();
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        create_first_vault(&page, &server).await;
        // With the vault open.
        copied.push(page.minted().await);
        page.press("Copy").await;
        page.see("it is kept here as a sealed draft").await;
        see_drafts(&page, &["A copied password"]).await;
        page.assert_accessible("a draft in the list").await;
        page.press("Copy").await;
        page.see("Copied.").await;
        wait_for_stored(&page, 1).await;
        // With the vault locked.
        page.press("Lock").await;
        page.see("Kept in this browser, sealed: 1.").await;
        page.press("Generate").await;
        copied.push(page.minted_after(&copied[0]).await);
        page.press("Copy").await;
        page.see("it is kept here as a sealed draft").await;
        wait_for_stored(&page, 2).await;
        // With the vault locked and the server stopped, right after a reload.
        server.stop();
        page.open(&server.url()).await;
        copied.push(page.minted().await);
        page.press("Copy").await;
        wait_for_stored(&page, 3).await;
        // The browser's files contain none of it in the clear.
        let all = "const done = arguments[0]; const open = indexedDB.open('passmint'); open.onsuccess = () => { \
                   const all = open.result.transaction('kept').objectStore('kept').getAll(); \
                   all.onsuccess = () => done(JSON.stringify([all.result, localStorage])) }";
        let kept = page.driver.execute_async(all, vec![]).await.unwrap().to_string();
        for password in &copied {
            assert!(!kept.contains(&json!(password).to_string().replace('"', "")), "{kept}");
        }
        kill_browser(profile.path());
    });
    server.start_again();
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        page.open(&server.url()).await;
        page.see("Kept in this browser, sealed: 3.").await;
        page.unlock("ada", PASSPHRASE).await;
        see_drafts(&page, &["A copied password"; 3]).await;
        for name in ["Third", "Second"] {
            save_draft(&page, "A copied password", name).await;
        }
        see_drafts(&page, &["A copied password"]).await;
        see_entries(&page, &["Second", "Third"]).await;
        assert_eq!(page.show("Second").await, copied[1]);
        assert_eq!(page.show("Third").await, copied[2]);
        page.press("Discard A copied password").await;
        see_drafts(&page, &[]).await;
        wait_for_stored(&page, 0).await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 2);
        page.assert_no_errors().await;
    });
}

#[test]
fn saves_without_a_server_are_stored_and_later_sent_once_and_in_order() {
    let profile = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    let mut saved = Vec::new();
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        create_first_vault(&page, &server).await;
        saved.push(page.save("Before").await);
        server.stop();
        for name in ["First", "Second"] {
            page.fill("Name", name).await;
            saved.push(page.minted().await);
            page.press_keys(&[Key::Enter.into()]).await;
            page.see(&format!("Not saved yet: “{name}” is waiting for the server")).await;
        }
        page.press("Delete Before").await;
        wait_for_stored(&page, 3).await;
        kill_browser(profile.path());
    });
    // The tab is closed once more before the server is started again.
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        server.start_again();
        page.open(&server.url()).await;
        page.see("Kept in this browser, sealed: 3.").await;
        server.stop();
    });
    server.start_again();
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        page.open(&server.url()).await;
        // The changes arrive in one request, whose answer is lost; later requests do not arrive.
        let one = "const real = window.fetch; window.saves = 0; window.fetch = async (url, options) => { \
                   const saves = options?.method === 'POST' && String(url).endsWith('/changes'); \
                   if (saves && window.saves++ > 0) throw new TypeError('gone'); \
                   const answer = await real(url, options); \
                   if (saves) throw new TypeError('the answer is lost'); return answer }";
        page.js(one, vec![]).await;
        page.unlock("ada", PASSPHRASE).await;
        page.wait_for("it is sent", "return window.saves > 1", vec![]).await;
        see_entries(&page, &["Second", "First"]).await;
        kill_browser(profile.path());
    });
    assert_eq!(server.count("SELECT count(*) FROM passwords"), 3, "all arrived");
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        see_entries(&page, &["Second", "First"]).await;
        wait_for_stored(&page, 0).await;
        page.see("Bin (1)").await;
        assert_eq!(page.show("First").await, saved[1]);
        assert_eq!(page.show("Second").await, saved[2]);
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 3);
        assert_eq!(server.count("SELECT max(version) FROM passwords"), 2);
        // The entries have the order in which they were saved.
        let first = server.count("SELECT change_no FROM passwords WHERE version = 1 ORDER BY id LIMIT 1");
        assert!(first < server.count("SELECT change_no FROM passwords WHERE version = 1 ORDER BY id DESC LIMIT 1"));
    });
}

#[test]
fn save_into_a_locked_vault_becomes_a_draft_with_its_name() {
    let profile = tempfile::tempdir().unwrap();
    let server = Server::start();
    let mut password = String::new();
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        create_first_vault(&page, &server).await;
        page.press("Lock").await;
        page.see("Open your vault").await;
        page.fill("Name", "GitHub").await;
        password = page.minted().await;
        page.press("Save").await;
        page.see("“GitHub” is kept here as a sealed draft.").await;
        wait_for_stored(&page, 1).await;
        kill_browser(profile.path());
    });
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        see_drafts(&page, &["GitHub"]).await;
        page.press("Review and save GitHub").await;
        page.wait_for("the form", "return document.getElementById('entry-name')?.value === 'GitHub'", vec![]).await;
        page.press("Save the entry").await;
        see_entries(&page, &["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
        wait_for_stored(&page, 0).await;
        page.assert_no_errors().await;
    });
}

#[test]
fn unsaved_changes_survive_lock_reload_and_killed_browser() {
    let profile = tempfile::tempdir().unwrap();
    let server = Server::start();
    let note = "return document.getElementById('entry-note')?.value ?? null";
    let type_note = async |page: &Page, text: &str| {
        let script = "const e = document.getElementById('entry-note'); e.value = arguments[0]; e.dispatchEvent(new Event('input'))";
        page.js(script, vec![json!(text)]).await;
    };
    let edit = async |page: &Page| {
        page.js("document.querySelector('button.row-name').click()", vec![]).await;
        page.press("Edit").await;
        page.wait_for("the form", note, vec![]).await;
    };
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        create_first_vault(&page, &server).await;
        page.save("GitHub").await;
        edit(&page).await;
        type_note(&page, "first words").await;
        page.see("What you typed is kept here").await;
        // The browser is killed right after the last key: even the debounce loses nothing.
        type_note(&page, "first words, and more").await;
        page.press("Close").await;
        see_drafts(&page, &["Changes to “GitHub”"]).await;
        page.press("Lock").await;
        page.unlock("ada", PASSPHRASE).await;
        see_drafts(&page, &["Changes to “GitHub”"]).await;
        edit(&page).await;
        assert_eq!(page.js(note, vec![]).await, "first words, and more");
        type_note(&page, "last words").await;
        page.wait_for("kept", "return true", vec![]).await;
        tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
        kill_browser(profile.path());
    });
    in_browser_with_profile(profile.path(), BrowserOptions::default(), async |page| {
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        see_drafts(&page, &["Changes to “GitHub”"]).await;
        edit(&page).await;
        assert_eq!(page.js(note, vec![]).await, "last words");
        page.press("Save the entry").await;
        see_drafts(&page, &[]).await;
        wait_for_stored(&page, 0).await;
        // Unsaved changes can be discarded.
        edit(&page).await;
        assert_eq!(page.js(note, vec![]).await, "last words");
        type_note(&page, "nonsense").await;
        page.see("What you typed is kept here").await;
        page.press("Discard changes").await;
        page.wait_for("the dialog is closed", "return !document.querySelector('dialog')", vec![]).await;
        edit(&page).await;
        assert_eq!(page.js(note, vec![]).await, "last words");
    });
}

/// A browser that never opened a vault has no key to seal drafts with, and the page says so.
#[test]
fn without_a_vault_a_copied_password_is_reported_as_unsaved() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.see("No vault has been made here yet").await;
        page.press("Copy").await;
        page.see("Copied, but not saved.").await;
        page.assert_no_errors().await;
    });
}
