//! Faults: the server stops, the session ends, another device was faster. Nothing is lost.

use fantoccini::key::Key;
use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, create_first_vault};
use e2e::server::Server;

#[test]
fn server_that_stops_before_a_save_loses_and_duplicates_nothing() {
    in_browser(BrowserOptions::default(), async |page| {
        let mut server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("Before").await;
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        server.stop();
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("“GitHub” is not saved yet: the server does not answer.").await;
        page.see("Not saved yet: “GitHub” is waiting for the server").await;
        page.see("Server not answering").await;
        page.see_rows(&["GitHub", "Before"]).await;
        page.assert_accessible("not saved, server gone").await;
        assert_eq!(page.minted().await, password, "the value is kept");
        assert_eq!(page.show("GitHub").await, password, "and can be shown");
        // A second save gets another password, and waits too.
        page.fill("Name", "Bank").await;
        let second = page.minted().await;
        assert_ne!(second, password);
        page.press_keys(&[Key::Enter.into()]).await;
        page.see_rows(&["Bank", "GitHub", "Before"]).await;
        page.press("Try again GitHub").await;

        server.start_again();
        page.see_rows(&["Bank", "GitHub", "Before"]).await;
        let waiting = "return document.querySelectorAll('.row--waiting').length === 0";
        page.wait_for("nothing waits any more", waiting, vec![]).await;
        // The message about waiting is gone.
        page.see("Saved “Bank”.").await;
        page.see("Saved as “Bank”").await;
        assert!(!page.visible_text().await.to_lowercase().contains("not saved"), "{}", page.visible_text().await);
        assert_eq!(page.show("GitHub").await, password);
        assert_eq!(page.show("Bank").await, second);
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 3, "saved once each");
        // The same after unlocking again.
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["Bank", "GitHub", "Before"]).await;
    });
}

/// The server has stored the entry, but its answer is lost. The page sends it again, and there is still one entry.
#[test]
fn lost_answer_makes_no_second_entry() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let lose_one = "const real = window.fetch; window.saves = 0; window.fetch = async (url, options) => { \
                        const answer = await real(url, options); \
                        const saves = options?.method === 'POST' && String(url).endsWith('/changes'); \
                        if (saves && window.saves++ === 0) throw new TypeError('lost'); \
                        return answer }";
        page.js(lose_one, vec![]).await;
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("“GitHub” is not saved yet:").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 1, "it did arrive");
        // It is in the list that the page reads next, or is sent again.
        let waiting = "return window.saves > 0 && document.querySelectorAll('.row--waiting').length === 0";
        page.wait_for("it is known to have arrived", waiting, vec![]).await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 1);
        assert_eq!(page.show("GitHub").await, password);
    });
}

#[test]
fn ended_session_locks_the_vault_and_keeps_the_save() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("Before").await;
        server.database().execute("DELETE FROM sessions", []).unwrap();
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("Your session has ended.").await;
        page.see("“GitHub” is not saved yet.").await;
        page.assert_accessible("session ended").await;
        assert!(!page.visible_text().await.contains("Before"), "the vault is locked");
        page.unlock("ada", PASSPHRASE).await;
        let waiting =
            "return document.querySelectorAll('.row').length === 2 && !document.querySelector('.row--waiting')";
        page.wait_for("it is sent once the vault is open", waiting, vec![]).await;
        assert_eq!(page.show("GitHub").await, password);
    });
}

#[test]
fn full_vault_says_so_and_keeps_the_password() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        server.database().execute("UPDATE accounts SET entries = 100000", []).unwrap();
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("The vault is full").await;
        assert_eq!(page.show("GitHub").await, password);
        page.assert_accessible("refused").await;
        server.database().execute("UPDATE accounts SET entries = 0", []).unwrap();
        page.press("Try again GitHub").await;
        page.wait_for(
            "it is saved",
            "return document.querySelectorAll('.row:not(.row--waiting)').length === 1",
            vec![],
        )
        .await;
    });
}

#[test]
fn entry_that_was_altered_on_the_server_is_not_deleted() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("GitHub").await;
        // A version that nobody has sealed: this page cannot open it, and says so.
        server.database().execute("UPDATE passwords SET version = 2", []).unwrap();
        page.press("Delete GitHub").await;
        page.see("could not be opened").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords WHERE sealed IS NOT NULL AND version = 2"), 1);
    });
}

#[test]
fn unavailable_database_has_a_message_of_its_own() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let busy = "const real = window.fetch; window.fetch = async (url, options) => options?.method === 'POST' && String(url).endsWith('/changes') \
                    ? new Response(JSON.stringify({ code: 'store-unavailable' }), { status: 503 }) : real(url, options)";
        page.js(busy, vec![]).await;
        page.fill("Name", "GitHub").await;
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("“GitHub” is not saved yet. The server’s database does not answer.").await;
        page.assert_accessible("database gone").await;
    });
}

#[test]
fn unlocking_shows_progress_and_can_be_cancelled() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.press("Lock").await;
        let hold = "const real = window.fetch; window.fetch = async (url, options) => { \
                    if (String(url).includes('sessions/')) await new Promise(go => window.go = go); \
                    return real(url, options) }";
        page.js(hold, vec![]).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("Contacting the server …").await;
        page.assert_accessible("unlocking").await;
        page.press("Cancel").await;
        page.see("Cancelled.").await;
        page.js("window.go()", vec![]).await;
        assert!(page.visible_text().await.contains("Open your vault"));
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("No passwords yet.").await;
    });
}

#[test]
fn leaving_with_unstored_input_asks_for_confirmation() {
    in_browser(BrowserOptions::default(), async |page| {
        let mut server = Server::start();
        page.run_before_every_page("Object.defineProperty(window, 'indexedDB', { value: null })").await;
        create_first_vault(&page, &server).await;
        server.stop();
        page.fill("Name", "GitHub").await;
        page.press_keys(&[Key::Enter.into()]).await;
        page.see("is not saved yet").await;
        let asks = "const e = new Event('beforeunload', { cancelable: true }); return !window.dispatchEvent(e)";
        assert_eq!(page.js(asks, vec![]).await, json!(true));
    });
}
