//! Entries: creating, showing, changing, replacing the password, duplicating, the bin; and changes made elsewhere.

use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, create_first_vault};
use e2e::server::Server;

/// Waits until the outbox is empty.
async fn all_saved(page: &Page) {
    let saved = "return document.querySelectorAll('.row').length > 0 && !document.querySelector('.row--waiting')";
    page.wait_for("all is saved", saved, vec![]).await;
}

/// Opens an entry in the dialog.
async fn open(page: &Page, name: &str) {
    let script = "[...document.querySelectorAll('button.row-name')].find(e => e.textContent === arguments[0]).click()";
    page.js(script, vec![json!(name)]).await;
    page.button("Read aloud").await;
    page.see("Created ").await;
}

async fn dialog_is_closed(page: &Page) {
    page.wait_for("the dialog is closed", "return !document.querySelector('dialog')", vec![]).await;
}

/// The passwords in the history of the entry in the dialog, newest first.
async fn history(page: &Page, count: usize) -> Vec<String> {
    page.toggle_summary(&format!("Earlier passwords ({count})")).await;
    let script = "const rows = [...document.querySelectorAll('.history-row')]; \
                  rows.forEach(row => { const b = row.querySelector('button'); \
                  if (row.querySelector('.secret').textContent.startsWith('•')) b.click() }); \
                  const texts = rows.map(row => row.querySelector('.secret').textContent); \
                  return texts.some(text => text.startsWith('•')) ? null : texts";
    let texts = page.wait_for("the history", script, vec![]).await;
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn entry_is_created_changed_and_found_by_any_of_its_fields() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.press("Add an entry").await;
        page.assert_accessible("an entry being made").await;
        page.press("Save the entry").await;
        page.wait_for("the fault", "return !!document.querySelector('#entry-name[aria-invalid=true]')", vec![]).await;
        let type_into = async |id: &str, text: &str| {
            let script = "const e = document.getElementById(arguments[0]); e.value = arguments[1]; \
                          e.dispatchEvent(new Event('input'))";
            page.js(script, vec![json!(id), json!(text)]).await;
        };
        for (id, text) in [
            ("entry-name", "חשבון הבנק"),
            ("entry-login", "ada@example.org"),
            ("entry-website", "https://bank.example/login"),
            ("entry-password", " my own, with blanks "),
            ("entry-note", "PIN by post\n=1+1 \"quoted\" 😀"),
            ("entry-tags", "money, home ,money"),
        ] {
            type_into(id, text).await;
        }
        page.see("kept here as a sealed draft").await;
        page.press("Save the entry").await;
        dialog_is_closed(&page).await;
        page.see_rows(&["חשבון הבנק"]).await;
        all_saved(&page).await;
        assert!(!page.visible_text().await.contains("Not saved"), "the draft has become the entry");

        open(&page, "חשבון הבנק").await;
        let text = page.visible_text().await;
        for part in
            ["ada@example.org", "https://bank.example/login", "PIN by post", "=1+1 \"quoted\" 😀", "money, home"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("my own"), "the password is hidden");
        page.assert_accessible("an entry open").await;
        page.press("Edit").await;
        page.field("Website").await;
        page.assert_accessible("an entry being changed").await;
        type_into("entry-password", "another").await;
        page.press("Save the entry").await;
        page.see("Saved “חשבון הבנק”.").await;
        for query in ["ADA@example", "bank.example", "money", "חשבון home"] {
            page.fill("Search", query).await;
            page.see("1 password").await;
        }
        page.fill("Search", "another").await;
        page.see("Nothing found").await;
        page.fill("Search", "").await;

        // All of it is there after a reload, including the old password.
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["חשבון הבנק"]).await;
        assert_eq!(page.show("חשבון הבנק").await, "another");
        open(&page, "חשבון הבנק").await;
        assert_eq!(history(&page, 1).await, [" my own, with blanks "]);
        page.assert_accessible("the history").await;
        page.assert_no_errors().await;
    });
}

/// The number of words in a phrase with hyphens; four words of the list contain a hyphen themselves.
fn count_words(phrase: &str) -> usize {
    let hyphenated = ["drop-down", "felt-tip", "t-shirt", "yo-yo"];
    hyphenated.iter().fold(phrase.to_lowercase(), |phrase, word| phrase.replace(word, "word")).split('-').count()
}

#[test]
fn password_is_replaced_by_its_own_rules_in_one_click() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.fill("Length", "12").await;
        page.minted_with("78.14").await;
        let first = page.save("Site").await;
        page.choose("Words").await;
        page.minted_with("77.55").await;
        let phrase = page.save("Phrase").await;
        // The generator has other rules by now.
        page.choose("PIN").await;
        page.minted_with("19.93").await;
        open(&page, "Site").await;
        page.press("New password, same rules").await;
        page.see("“Site” has a new password, copied and saved.").await;
        assert_eq!(history(&page, 1).await, std::slice::from_ref(&first));
        page.press("Close").await;
        let second = page.show("Site").await;
        assert_eq!(second.chars().count(), 12);
        assert_ne!(second, first);
        assert_eq!(page.clipboard_text().await, second);
        open(&page, "Phrase").await;
        page.press("New password, same rules").await;
        page.see("“Phrase” has a new password").await;
        page.press("Close").await;
        let words = page.show("Phrase").await;
        assert_ne!(words, phrase);
        assert_eq!(count_words(&words), count_words(&phrase));

        // A duplicate is a separate entry, without the history.
        open(&page, "Site").await;
        page.press("Duplicate").await;
        page.wait_for("the form", "return document.getElementById('entry-name')?.value === 'Site (copy)'", vec![])
            .await;
        page.press("Save the entry").await;
        page.see_rows(&["Site (copy)", "Phrase", "Site"]).await;
        assert_eq!(page.show("Site (copy)").await, second);
        all_saved(&page).await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 3);
        page.assert_no_errors().await;
    });
}

#[test]
fn deleted_entries_go_to_the_bin() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let mut passwords = Vec::new();
        for name in ["One", "Two", "Three"] {
            passwords.push(page.save(name).await);
        }
        page.press("Delete Two").await;
        page.see("Moved “Two” to the bin.").await;
        page.see_rows(&["Three", "One"]).await;
        page.assert_accessible("moved to the bin").await;
        page.press("Undo").await;
        page.see_rows(&["Two", "Three", "One"]).await;
        page.press("Delete One").await;
        page.press("Delete Three").await;
        page.see_rows(&["Two"]).await;
        all_saved(&page).await;
        // The bin is the same after a reload, and on every device.
        page.open(&server.url()).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["Two"]).await;
        page.press("Bin (2)").await;
        page.see_rows(&["Three", "One"]).await;
        page.see("After 30 days it is deleted for good.").await;
        page.assert_accessible("the bin").await;
        page.press("Restore One").await;
        page.see_rows(&["Three"]).await;
        all_saved(&page).await;
        page.press("Delete for good Three").await;
        page.see("The bin is empty.").await;
        page.press("Back to the vault").await;
        page.see_rows(&["One", "Two"]).await;
        assert_eq!(page.show("One").await, passwords[0]);
        let gone = "SELECT count(*) FROM passwords WHERE sealed IS NULL AND deleted_at IS NOT NULL";
        assert_eq!(server.count(gone), 1);
        page.press("Delete One").await;
        page.press("Delete Two").await;
        page.see("No passwords yet.").await;
        page.press("Bin (2)").await;
        page.see_rows(&["Two", "One"]).await;
        all_saved(&page).await;
        page.press("Empty the bin").await;
        page.see("The bin has been emptied.").await;
        assert_eq!(server.count(gone), 3);
        page.assert_no_errors().await;
    });
}

#[test]
fn entries_are_deleted_after_a_month_in_the_bin() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.save("Old").await;
        page.save("New").await;
        page.press("Delete Old").await;
        page.see_rows(&["New"]).await;
        all_saved(&page).await;
        let gone = "SELECT count(*) FROM passwords WHERE sealed IS NULL";
        for (days, expected) in [(29, 0), (31, 1)] {
            // Puts the browser's clock forward.
            let later = format!("{{ const now = Date.now; Date.now = () => now() + {days} * 86400000 }}");
            page.run_before_every_page(&later).await;
            page.open(&server.url()).await;
            page.unlock("ada", PASSPHRASE).await;
            page.see_rows(&["New"]).await;
            let text = if expected == 0 { "Bin (1)" } else { "1 password" };
            page.see(text).await;
            e2e::wait_until("it is deleted when it is due", || server.count(gone) == expected);
            if expected == 1 {
                page.wait_for("no bin", "return !document.body.innerText.includes('Bin (')", vec![]).await;
            }
        }
    });
}

/// Opens a second window under another host name, so that it acts as a second device: it unlocks separately and has a
/// local store of its own.
async fn second_window(page: &Page, server: &Server) -> [fantoccini::wd::WindowHandle; 2] {
    let first = page.driver.window().await.unwrap();
    let second = page.driver.new_window(false).await.unwrap().handle;
    page.driver.switch_to_window(second.clone()).await.unwrap();
    page.open(&server.url()).await;
    page.js("Object.defineProperty(window, 'indexedDB', { value: null })", vec![]).await;
    page.unlock("ada", PASSPHRASE).await;
    [first, second]
}

async fn look_at(page: &Page, window: &fantoccini::wd::WindowHandle) {
    page.driver.switch_to_window(window.clone()).await.unwrap();
    // A browser fires this event when a window comes to the front.
    page.js("window.dispatchEvent(new Event('focus'))", vec![]).await;
}

/// Changes the password of an entry by its form.
async fn change(page: &Page, name: &str, password: &str) {
    open(page, name).await;
    page.press("Edit").await;
    page.field("Website").await;
    let script = "const e = document.getElementById('entry-password'); e.value = arguments[0]; \
                  e.dispatchEvent(new Event('input'))";
    page.js(script, vec![json!(password)]).await;
    page.press("Save the entry").await;
    dialog_is_closed(page).await;
}

#[test]
fn changes_made_elsewhere_appear_and_conflicts_are_shown_side_by_side() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        for name in ["Mine", "Theirs", "Both", "Gone"] {
            page.save(name).await;
        }
        let rows = ["Gone", "Both", "Theirs", "Mine"];
        let [first, second] = second_window(&page, &server).await;
        page.see_rows(&rows).await;
        // A change in one window appears in the other without a reload.
        look_at(&page, &first).await;
        let fifth = page.save("Fifth").await;
        look_at(&page, &second).await;
        page.see_rows(&["Fifth", "Gone", "Both", "Theirs", "Mine"]).await;
        assert_eq!(page.show("Fifth").await, fifth);

        // The first window is offline while the second changes four entries.
        look_at(&page, &first).await;
        let deaf = "const real = window.fetch; window.deaf = true; window.fetch = (url, options) => \
                    window.deaf && String(url).includes('/api/') ? Promise.reject(new TypeError('deaf')) : real(url, options)";
        page.js(deaf, vec![]).await;
        look_at(&page, &second).await;
        for name in ["Mine", "Theirs", "Both"] {
            change(&page, name, &format!("{name} elsewhere")).await;
        }
        page.press("Delete Gone").await;
        all_saved(&page).await;
        page.press("Bin (1)").await;
        page.press("Delete for good Gone").await;
        page.see("The bin is empty.").await;
        look_at(&page, &first).await;
        for name in ["Mine", "Theirs", "Both", "Gone"] {
            change(&page, name, &format!("{name} here")).await;
        }
        page.js("window.deaf = false", vec![]).await;
        page.js("window.dispatchEvent(new Event('focus'))", vec![]).await;
        let four = "return [...document.querySelectorAll('.row-time')].filter(e => e.textContent === 'Changed elsewhere too').length === 4";
        page.wait_for("four conflicts", four, vec![]).await;
        page.assert_accessible("conflicts in the list").await;
        assert_eq!(page.show("Mine").await, "Mine here", "nothing is overwritten unseen");

        page.press("Compare Mine").await;
        page.see("Changed here and elsewhere").await;
        page.wait_for("both sides", "return document.querySelectorAll('.side').length === 2", vec![]).await;
        page.see("Password: differs").await;
        page.assert_accessible("a conflict").await;
        page.press("Keep what is here").await;
        dialog_is_closed(&page).await;
        for (name, button) in
            [("Theirs", "Keep what is elsewhere"), ("Both", "Keep both"), ("Gone", "Keep what is here")]
        {
            page.press(&format!("Compare {name}")).await;
            page.wait_for("both sides", "return document.querySelectorAll('.side').length === 2", vec![]).await;
            if name == "Gone" {
                page.see("It was deleted there.").await;
            }
            page.press(button).await;
            dialog_is_closed(&page).await;
        }
        all_saved(&page).await;
        open(&page, "Mine").await;
        let former = history(&page, 2).await;
        assert_eq!(former[0], "Mine elsewhere", "what lost is kept: {former:?}");
        page.press("Close").await;
        // The other window shows the result.
        look_at(&page, &second).await;
        page.press("Back to the vault").await;
        page.wait_for("six entries", "return document.querySelectorAll('.row').length === 6", vec![]).await;
        for (name, password) in [("Mine", "Mine here"), ("Theirs", "Theirs elsewhere"), ("Gone", "Gone here")] {
            page.wait_for(
                name,
                "return [...document.querySelectorAll('.row-name')].some(e => e.textContent === arguments[0])",
                vec![json!(name)],
            )
            .await;
            assert_eq!(page.show(name).await, password);
        }
    });
}
