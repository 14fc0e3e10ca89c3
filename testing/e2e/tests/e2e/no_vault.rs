//! The page of a server without a vault, opened without the set-up link.

use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, other_languages, page_text};
use e2e::server::Server;
use e2e::vault_client::VaultClient;

const NO_VAULT: &str = "No vault has been made here yet";

/// Holds the answer to the page's question whether there is a vault: `go()` releases it, `asked` counts.
const HOLD: &str = "const real = window.fetch; window.asked = 0; window.fetch = async (url, options) => { \
                    if (String(url).endsWith('/setup')) { window.asked++; await new Promise(go => window.go = go) } \
                    return real(url, options) }";

/// Releases the held answer, and waits long enough for it to be shown.
async fn release(page: &Page) {
    page.wait_for("the page asks", "return window.asked === 1 && (window.go(), true)", vec![]).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

#[test]
fn page_says_where_the_set_up_link_is_and_accepts_it_in_the_same_tab() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.see(NO_VAULT).await;
        let text = page.visible_text().await;
        for part in ["the link that the server printed", "terminal", "“passmint invite”"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Open your vault") && !text.contains("Recovery code"), "no log-in is asked for: {text}");
        let spoken = "return document.querySelector('#vault [role=status] h3')?.textContent";
        assert_eq!(page.js(spoken, vec![]).await, json!(NO_VAULT));
        page.assert_accessible("no vault yet").await;
        for language in other_languages() {
            page.switch_language("en", &language).await;
            for key in ["FirstTitle", "FirstIntro", "FirstElse"] {
                page.see(&page_text(&language, key)).await;
            }
            page.switch_language(&language, "en").await;
        }
        page.press("Check again").await;
        page.see("There is still no vault here.").await;

        // The link is put into the address of this tab: the browser does not reload the page.
        page.js("window.before = true; location.href = arguments[0]", vec![json!(server.setup_link())]).await;
        page.see("Make your vault").await;
        // Another link changes the invite, and keeps the input.
        page.fill("Username", "a name").await;
        page.js("location.href = arguments[0]", vec![json!(server.invite())]).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(page.field_value("Username").await, "a name");
        page.fill_vault_form("ada").await;
        assert_eq!(page.js("return window.before", vec![]).await, json!(true));
        assert_eq!(
            page.driver.current_url().await.unwrap().as_str(),
            server.url(),
            "the invite is gone from the address"
        );
        page.save("GitHub").await;

        // The browser has forgotten the username, and the server has a vault.
        page.press("Log out").await;
        page.see("Open your vault").await;
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
        page.assert_no_errors().await;
    });
}

#[test]
fn vault_created_elsewhere_in_the_meantime_can_be_opened() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.see(NO_VAULT).await;
        VaultClient::create_first_vault(&server, "ada").await;
        page.press("Check again").await;
        page.see("Open your vault").await;
        page.wait_for("the name has the focus", "return document.activeElement.id === 'username'", vec![]).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("No passwords yet.").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn log_in_form_stays_once_used_and_where_a_vault_is_known() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.run_before_every_page(HOLD).await;
        page.open(&server.url()).await;
        page.fill("Username", "ada").await;
        release(&page).await;
        assert_eq!(page.field_value("Username").await, "ada");
        assert!(!page.visible_text().await.contains(NO_VAULT));
        // Nothing is typed, but a field has the focus.
        page.open(&server.url()).await;
        page.field("Passphrase").await.click().await.unwrap();
        release(&page).await;
        assert_eq!(page.js("return document.activeElement.id", vec![]).await, "secret");
        assert!(!page.visible_text().await.contains(NO_VAULT));
        // No field has the focus or a value.
        page.open(&server.url()).await;
        page.see("Open your vault").await;
        release(&page).await;
        page.see(NO_VAULT).await;
        page.press("I have a vault").await;
        page.wait_for("the name has the focus", "return document.activeElement.id === 'username'", vec![]).await;

        // With an invite or a remembered username, the page does not ask.
        page.create_vault(&server.setup_link(), "ada").await;
        assert_eq!(page.js("return window.asked", vec![]).await, json!(0));
        page.open(&server.url()).await;
        page.see("Open your vault").await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(page.js("return window.asked", vec![]).await, json!(0));
    });
}

#[test]
fn without_an_answer_the_log_in_form_is_shown() {
    for answer in
        ["throw new TypeError('lost')", "return new Response('{}')", "return new Response('', { status: 503 })"]
    {
        in_browser(BrowserOptions::default(), async |page| {
            let server = Server::start();
            let answer = format!(
                "const real = window.fetch; window.asked = 0; window.fetch = async (url, options) => {{ \
                 if (String(url).endsWith('/setup')) {{ window.asked++; {answer} }} return real(url, options) }}"
            );
            page.run_before_every_page(&answer).await;
            page.open(&server.url()).await;
            page.wait_for("the page asks", "return window.asked === 1", vec![]).await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            page.field("Username").await;
            assert!(!page.visible_text().await.contains(NO_VAULT), "{answer}");
        });
    }
}
