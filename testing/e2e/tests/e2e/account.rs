//! The account: changing the passphrase and the recovery code, sessions, the idle lock, and deletion.

use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, create_first_vault};
use e2e::server::Server;
use e2e::wait_until;

const ANOTHER: &str = "another horse battery";

/// Opens a section of the dialog about the account.
pub async fn open_section(page: &Page, title: &str) {
    if page.js("return !document.querySelector('dialog')", vec![]).await == json!(true) {
        page.press("Account").await;
    }
    page.toggle_summary(title).await;
}

/// Changes the passphrase, and proves it by the secret that this field asks for.
async fn change_passphrase(page: &Page, (field, secret): (&str, &str), new: &str) {
    open_section(page, "Passphrase").await;
    page.fill(field, secret).await;
    page.fill("New passphrase", new).await;
    page.fill("Passphrase again", new).await;
    page.press("Change the passphrase").await;
}

/// Reloads the page and unlocks the vault with a passphrase.
async fn reload_and_unlock(page: &Page, server: &Server, passphrase: &str) {
    page.open(&server.url()).await;
    page.unlock("ada", passphrase).await;
}

#[test]
fn the_passphrase_is_changed_and_other_sessions_end() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let kept = page.save("GitHub").await;
        // A second window has a session of its own.
        let first = page.driver.window().await.unwrap();
        let second = page.driver.new_window(false).await.unwrap().handle;
        page.driver.switch_to_window(second.clone()).await.unwrap();
        reload_and_unlock(&page, &server, PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;

        change_passphrase(&page, ("Your passphrase, to confirm", "wrong horse battery"), ANOTHER).await;
        page.see("This is not the passphrase of this vault.").await;
        page.assert_accessible("the account").await;
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.fill("Passphrase again", "something else").await;
        page.press("Change the passphrase").await;
        page.see("The two passphrases differ.").await;
        page.fill("Passphrase again", ANOTHER).await;
        page.press("Change the passphrase").await;
        page.see("The passphrase is changed.").await;
        page.press("Close").await;
        // The server has replaced this window's session; the list and the keys stay.
        assert_eq!(page.show("GitHub").await, kept);
        let after = page.save("After").await;
        assert_eq!(server.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 1);

        // The other window learns of it with its next request.
        page.driver.switch_to_window(first).await.unwrap();
        page.see("Your session has ended.").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("That did not open a vault.").await;
        page.unlock("ada", ANOTHER).await;
        page.see_rows(&["After", "GitHub"]).await;
        assert_eq!(page.show("After").await, after);
    });
}

#[test]
fn recovery_code_opens_the_vault_and_allows_a_new_passphrase() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let code = create_first_vault(&page, &server).await;
        page.save("GitHub").await;
        page.open(&server.url()).await;
        page.press("Use the recovery code").await;
        page.fill("Username", "ada").await;
        page.fill("Recovery code", &code).await;
        page.press("Unlock").await;
        page.see("You unlocked with the recovery code.").await;
        page.press("Change the passphrase").await;
        page.see("Account “ada”").await;
        change_passphrase(&page, ("Your recovery code, to confirm", &code), ANOTHER).await;
        page.see("The passphrase is changed.").await;
        reload_and_unlock(&page, &server, ANOTHER).await;
        page.see_rows(&["GitHub"]).await;
        page.assert_no_errors().await;
    });
}

#[test]
fn new_recovery_code_replaces_the_old_one() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let old = create_first_vault(&page, &server).await;
        open_section(&page, "Recovery code").await;
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.press("Make a new recovery code").await;
        page.see("Write down your recovery code").await;
        let words = page.recovery_words().await;
        assert_ne!(words.join(" "), old);
        page.assert_accessible("another code").await;
        page.confirm_code(&words).await;
        page.press("I have it: use this code from now on").await;
        page.see("The new recovery code is valid from now on.").await;

        page.open(&server.url()).await;
        page.press("Use the recovery code").await;
        page.fill("Username", "ada").await;
        page.fill("Recovery code", &old).await;
        page.press("Unlock").await;
        page.see("That did not open a vault.").await;
        page.fill("Recovery code", &words.join(" ")).await;
        page.press("Unlock").await;
        page.see("You unlocked with the recovery code.").await;
    });
}

#[test]
fn sessions_are_listed_and_can_be_ended() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        // Each reload leaves a session behind.
        for _ in 0..2 {
            reload_and_unlock(&page, &server, PASSPHRASE).await;
            page.see("No passwords yet.").await;
        }
        open_section(&page, "Sessions").await;
        let rows = "return document.querySelectorAll('dialog .row').length === arguments[0]";
        page.wait_for("three sessions", rows, vec![json!(3)]).await;
        page.see("Chrome on Linux").await;
        page.see("this one").await;
        page.assert_accessible("the sessions").await;
        page.press("End Chrome on Linux").await;
        page.wait_for("two sessions", rows, vec![json!(2)]).await;
        page.press("End all other sessions").await;
        page.wait_for("one session", rows, vec![json!(1)]).await;
        assert_eq!(server.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 1);
        page.press("Close").await;
        page.save("Still here").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn deleting_the_account_deletes_all_of_its_data() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("GitHub").await;
        // A draft in this browser's local store.
        page.press("Generate").await;
        page.press("Copy").await;
        page.see("kept").await;
        open_section(&page, "Delete the account").await;
        page.fill("Type “ada” to confirm", "bob").await;
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.press("Delete everything").await;
        page.see("This is not the username of this account.").await;
        page.fill("Type “ada” to confirm", "Ada").await;
        page.assert_accessible("the end").await;
        page.press("Delete everything").await;
        page.see("The account is deleted.").await;
        for table in ["accounts", "passwords", "sessions", "passkeys"] {
            assert_eq!(server.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        let settings = "return Object.keys(localStorage).filter(key => /login|seen|draft/.test(key)).length";
        assert_eq!(page.js(settings, vec![]).await, json!(0));
        // It was the last account of this server.
        page.open(&server.url()).await;
        page.see("No vault has been made here yet").await;
        page.press("I have a vault").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("That did not open a vault.").await;
    });
}

#[test]
fn vault_locks_when_idle_and_when_hidden() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let kept = page.save("GitHub").await;
        open_section(&page, "Locking").await;
        page.select("Lock when nobody has touched the page for", "1 min").await;
        page.assert_accessible("locking").await;
        page.press("Close").await;
        // Unsaved input survives the lock.
        page.press("Add an entry").await;
        page.fill("Password", "typed and not saved").await;
        page.see("kept here as a sealed draft").await;
        // The page's clock goes forward by an hour, without any input.
        page.js("const now = Date.now; Date.now = () => now() + 3600e3", vec![]).await;
        page.see("Locked: nobody has touched the page for 1 min.").await;
        let text = page.visible_text().await;
        assert!(!text.contains("GitHub") && !text.contains(&kept), "what is in an entry is not shown any more: {text}");
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["A copied password", "GitHub"]).await;

        open_section(&page, "Locking").await;
        page.toggle_check("Lock as soon as the page is hidden: another tab, another window, a locked screen").await;
        page.press("Close").await;
        let hide = "Object.defineProperty(document, 'hidden', { value: true }); \
                    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))";
        page.js(hide, vec![]).await;
        page.see("Locked, because the page was hidden.").await;
        page.assert_no_errors().await;
        wait_until("the session has ended", || {
            server.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
        });
    });
}
