//! An honest page against a server whose list of the vault is a lie, and against one whose database was put back.
//!
//! Every test opens the vault with the honest server afterwards: nothing that a lie made the page remember may stay.

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::hostile::{HostileServer, Listed, answer, invented_deletion};
use e2e::page::{PASSPHRASE, Page, create_first_vault, page_text};
use e2e::server::Server;

/// The id of an entry that does not exist.
const NOWHERE: &str = "01990000-0000-7000-8000-000000000001";

/// The sentence of a text about an entry.
fn about(text: &str, name: &str) -> String {
    page_text("en", text).replace("{name}", name)
}

fn older(name: &str) -> String {
    about("DoubtEntryOlder", name)
}

fn missing(name: &str) -> String {
    about("DoubtEntryMissing", name)
}

/// A vault of a person who has changed a password: what the server had before, and what it has now.
struct Vault {
    server: Server,
    hostile: HostileServer,
    /// "Bank" in version 1, and "Mail".
    before: Listed,
    /// "Bank" in version 2, "Mail", "Shop".
    now: Listed,
    /// The passwords of "Bank".
    old: String,
    new: String,
}

impl Vault {
    async fn make(page: &Page) -> Self {
        let server = Server::start();
        let hostile = HostileServer::before(&server);
        let link = server.setup_link().replace(&server.url(), &hostile.url());
        page.create_vault(&link, "ada").await;
        let old = page.save("Bank").await;
        page.save("Mail").await;
        let before = Listed::of(&server);
        let new = change_password(page, "Bank").await;
        page.save("Shop").await;
        let now = Listed::of(&server);
        Self { server, hostile, before, now, old, new }
    }

    fn bank(&self, listed: &Listed) -> Value {
        let id = &self.before.entries[0]["id"];
        listed.entries.iter().find(|entry| entry["id"] == *id).unwrap().clone()
    }

    /// The newest state without some entries, by their names' places: 0 Bank, 1 Mail, 2 Shop.
    fn now_without(&self, places: &[usize]) -> Vec<Value> {
        let gone: Vec<Value> = places.iter().map(|place| self.now.entry(*place)["id"].clone()).collect();
        self.now.entries.iter().filter(|entry| !gone.contains(&entry["id"])).cloned().collect()
    }

    /// Opens the vault of this browser again, from the same origin.
    async fn open(&self, page: &Page) {
        page.open(&self.hostile.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.button("Lock").await;
    }

    /// With an honest server, the vault is whole and nothing is doubted.
    async fn is_whole_with_an_honest_server(&self, page: &Page) {
        self.hostile.be_honest();
        self.open(page).await;
        page.see_rows(&["Shop", "Bank", "Mail"]).await;
        not_doubted(page).await;
        assert_eq!(page.show("Bank").await, self.new);
    }
}

/// Gives an entry a new password by its rules, and waits until the server has it.
async fn change_password(page: &Page, name: &str) -> String {
    open_entry(page, name).await;
    page.press("New password, same rules").await;
    page.see(&format!("“{name}” has a new password, copied and saved.")).await;
    page.press("Close").await;
    let saved = "return document.querySelectorAll('.row').length > 0 && !document.querySelector('.row--waiting')";
    page.wait_for("all is saved", saved, vec![]).await;
    page.show(name).await
}

async fn open_entry(page: &Page, name: &str) {
    let script = "[...document.querySelectorAll('button.row-name')].find(e => e.textContent === arguments[0]).click()";
    page.js(script, vec![json!(name)]).await;
    page.see("Created ").await;
}

async fn refresh(page: &Page) {
    page.js("window.dispatchEvent(new Event('focus'))", vec![]).await;
}

async fn not_doubted(page: &Page) {
    let text = page.visible_text().await;
    assert!(!text.contains(&page_text("en", "DoubtTitle")), "{text}");
}

/// Pressing "Show" of a doubtful entry asks first, and does not show the password.
async fn is_not_shown_in_silence(page: &Page, name: &str, password: &str) {
    page.press(&format!("Show {name}")).await;
    page.see(&about("DoubtAskOlder", name)).await;
    assert!(!page.visible_text().await.contains(password), "the old password is on the page");
    page.press("Close").await;
}

#[test]
fn old_version_beside_an_invented_deletion_is_noticed() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let mut entries = vault.now_without(&[0]);
        entries.insert(0, vault.bank(&vault.before));
        entries.push(invented_deletion(&json!(NOWHERE), 1, 4));
        let lie = answer(&entries, &vault.now.head, false);
        vault.hostile.lie(move |_, _| lie.clone());
        vault.open(&page).await;
        page.see(&older("Bank")).await;
        page.assert_accessible("an entry in doubt").await;
        is_not_shown_in_silence(&page, "Bank", &vault.old).await;
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn entry_in_place_of_which_a_deletion_is_invented_is_noticed() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let mut entries = vault.now_without(&[0]);
        entries.push(invented_deletion(&vault.now.entry(0)["id"], 3, 5));
        let lie = answer(&entries, &vault.now.head, false);
        vault.hostile.lie(move |_, _| lie.clone());
        vault.open(&page).await;
        page.see(&missing("Bank")).await;
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn entries_left_out_behind_a_huge_version_are_noticed() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let mut entries = vault.now_without(&[0, 1]);
        entries.push(invented_deletion(&json!(NOWHERE), u32::MAX, 5));
        let lie = answer(&entries, &vault.now.head, false);
        vault.hostile.lie(move |_, _| lie.clone());
        vault.open(&page).await;
        page.see(&missing("Bank")).await;
        page.see(&missing("Mail")).await;
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn list_that_never_ends_is_noticed_and_ended() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let (first, head) = (vault.bank(&vault.before), vault.now.head.clone());
        vault.hostile.lie(move |since, _| match since {
            0 => answer(std::slice::from_ref(&first), &head, true),
            _ => answer(&[], &head, true),
        });
        vault.open(&page).await;
        page.see(&page_text("en", "DoubtListWrong")).await;
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn second_answer_that_takes_back_the_first_is_noticed_in_an_open_vault() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let deletion = invented_deletion(&vault.now.entry(0)["id"], 3, 5);
        let lie = answer(&[deletion], &vault.now.head, false);
        vault.hostile.lie(move |_, _| lie.clone());
        refresh(&page).await;
        page.see(&page_text("en", "DoubtTitle")).await;
        let lie = answer(&[vault.bank(&vault.before)], &vault.now.head, false);
        vault.hostile.lie(move |_, _| lie.clone());
        refresh(&page).await;
        page.see("Bank").await;
        // The page still has the newer one, and shows no other.
        let old = vault.old.clone();
        page.press("Show Bank").await;
        assert!(!page.visible_text().await.contains(&old), "the old password is on the page");
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn whole_older_state_is_noticed_by_a_browser_that_has_seen_a_newer_one() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let lie = vault.before.answer();
        vault.hostile.lie(move |_, _| lie.clone());
        // Nothing was refreshed since the last save: the page learns from its own saves.
        vault.open(&page).await;
        page.see(&page_text("en", "DoubtOlder")).await;
        page.see(&older("Bank")).await;
        page.see(&missing("Shop")).await;
        is_not_shown_in_silence(&page, "Bank", &vault.old).await;
        vault.is_whole_with_an_honest_server(&page).await;
    });
}

#[test]
fn new_browser_notices_an_entry_that_was_left_out_or_put_back() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let mut put_back = vault.now_without(&[0]);
        put_back.insert(0, vault.bank(&vault.before));
        let (left_out, head) = (vault.now_without(&[1]), vault.now.head.clone());
        for entries in [left_out, put_back] {
            let lie = answer(&entries, &head, false);
            vault.hostile.lie(move |_, _| lie.clone());
            in_new_browser(&vault.hostile.url(), &page_text("en", "DoubtHeadWrong")).await;
        }
        let no_head = answer(&vault.now.entries, &Value::Null, false);
        vault.hostile.lie(move |_, _| no_head.clone());
        in_new_browser(&vault.hostile.url(), &page_text("en", "DoubtHeadMissing")).await;
        vault.hostile.be_honest();
        in_new_browser(&vault.hostile.url(), "3 passwords").await;
    });
}

/// This is what remains, as docs/SECURITY.md says: nothing tells a new browser that there was something newer.
#[test]
fn new_browser_cannot_notice_a_whole_older_vault() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        let lie = vault.before.answer();
        vault.hostile.lie(move |_, _| lie.clone());
        in_new_browser(&vault.hostile.url(), "2 passwords").await;
    });
}

/// Opens the vault in a browser that has seen nothing yet, and waits for a text.
async fn in_new_browser(url: &str, text: &str) {
    let (url, text) = (url.to_owned(), text.to_owned());
    // A browser of its own needs a runtime of its own.
    let opened = std::thread::spawn(move || {
        in_browser(BrowserOptions::default(), async |page| {
            page.open(&url).await;
            page.unlock("ada", PASSPHRASE).await;
            page.button("Lock").await;
            page.see(&text).await;
            let is_doubted = page.visible_text().await.contains(&page_text("en", "DoubtTitle"));
            assert_eq!(is_doubted, !text.ends_with("passwords"), "{text}");
        });
    });
    opened.join().unwrap();
}

#[test]
fn damaged_entry_costs_itself_only() {
    in_browser(BrowserOptions::default(), async |page| {
        let vault = Vault::make(&page).await;
        // "Mail" is the second change: its first byte is the format.
        vault
            .server
            .database()
            .execute("UPDATE passwords SET sealed = CAST(x'07' || substr(sealed, 2) AS BLOB) WHERE change_no = 2", [])
            .unwrap();
        page.open(&vault.hostile.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["Shop", "Bank"]).await;
        page.see("could not be opened").await;
    });
}

/// The honest case of security.md A2.
#[test]
fn database_put_back_under_an_open_page_loses_nothing() {
    in_browser(BrowserOptions::default(), async |page| {
        let mut server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("Bank").await;
        server.stop();
        server.database().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let (database, snapshot) = (server.data().join("passmint.db"), server.data().join("snapshot"));
        std::fs::copy(&database, &snapshot).unwrap();
        server.start_again();

        let second = change_password(&page, "Bank").await;
        let only_after = page.save("Only after the snapshot").await;
        server.stop();
        for beside in ["passmint.db-wal", "passmint.db-shm"] {
            let _ = std::fs::remove_file(server.data().join(beside));
        }
        std::fs::copy(&snapshot, &database).unwrap();
        server.start_again();

        // The page is still open, and its session is in the snapshot.
        open_entry(&page, "Bank").await;
        page.press("New password, same rules").await;
        page.see(&page_text("en", "DoubtTitle")).await;
        page.press("Close").await;
        page.press("Lock").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see(&page_text("en", "DoubtTitle")).await;
        page.press(&page_text("en", "DoubtKeep")).await;
        page.see_rows(&["Bank", "Only after the snapshot"]).await;
        let saved = "return document.querySelectorAll('.row').length === 2 && !document.querySelector('.row--waiting')";
        page.wait_for("all is saved", saved, vec![]).await;

        // On the server now, for another browser too.
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.button("Lock").await;
        not_doubted(&page).await;
        assert_eq!(page.show("Only after the snapshot").await, only_after);
        let third = page.show("Bank").await;
        assert_ne!(third, second, "the third password won");
        open_entry(&page, "Bank").await;
        page.toggle_summary("Earlier passwords (2)").await;
    });
}
