//! The main job: from the set-up link to a password that is found again the next day, with nothing stored in the clear.

use std::fs;
use std::path::Path;

use fantoccini::key::Key;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, create_first_vault};
use e2e::server::Server;

#[test]
fn a_password_is_minted_saved_and_found_again_next_day() {
    let server = Server::start();
    assert!(server.data().join("passmint.db").is_file());
    main_job(server);
}

#[test]
fn a_password_is_minted_saved_and_found_again_next_day_on_oracle() {
    main_job(Server::start_on_oracle());
}

fn main_job(server: Server) {
    in_browser(BrowserOptions::default(), async |page| {
        page.open(&server.setup_link()).await;
        page.assert_accessible("first visit with invite").await;
        let code = create_first_vault(&page, &server).await;
        assert_eq!(
            page.driver.current_url().await.unwrap().as_str(),
            server.url(),
            "the invite is gone from the address"
        );
        page.assert_accessible("empty vault").await;

        let mut saved = Vec::new();
        for name in ["GitHub", "Bank of Ada", "Zürich ‘é漢字🔑"] {
            let password = page.save(name).await;
            assert_eq!(password.chars().count(), 30);
            assert_eq!(page.clipboard_text().await, password, "what was saved is on the clipboard");
            saved.push((name, password));
        }
        page.see_rows(&["Zürich ‘é漢字🔑", "Bank of Ada", "GitHub"]).await;
        page.assert_accessible("three entries, saved").await;

        // The next day; the server was restarted too.
        page.open(&server.url()).await;
        page.see("Open your vault").await;
        page.assert_accessible("locked").await;
        assert_eq!(page.field("Username").await.prop("value").await.unwrap().as_deref(), Some("ada"));
        page.unlock("Ada", PASSPHRASE).await;
        page.see_rows(&["Zürich ‘é漢字🔑", "Bank of Ada", "GitHub"]).await;
        for (name, password) in &saved {
            assert_eq!(page.show(name).await, *password);
        }
        page.assert_accessible("passwords shown").await;

        page.fill("Search", "bank ADA").await;
        page.see_rows(&["Bank of Ada"]).await;
        page.press("Copy Bank of Ada").await;
        page.see("Copied “Bank of Ada”.").await;
        assert_eq!(page.clipboard_text().await, saved[1].1);
        page.fill("Search", "no such thing").await;
        page.see("Nothing found for “no such thing”.").await;
        page.assert_accessible("search without a hit").await;

        page.press("Lock").await;
        page.see("Open your vault").await;
        assert!(!page.visible_text().await.contains("Bank"), "nothing of the vault is left on the page");
        page.unlock("ada", "correct horse battery stable").await;
        page.see("That did not open a vault.").await;
        page.assert_accessible("wrong passphrase").await;
        page.assert_no_errors().await;

        // Neither the database nor the log contains anything in the clear.
        let mut secrets: Vec<&str> = vec![PASSPHRASE, &code];
        for (name, password) in &saved {
            secrets.extend([*name, password.as_str()]);
        }
        let link = server.setup_link();
        let invite = link.split_once("#invite=").unwrap().1;
        assert_clear_of(server.data(), &[secrets.as_slice(), &[invite]].concat());
        // The terminal shows the link once; the log does not.
        let log = server.log();
        assert_eq!(log.matches(invite).count(), 1, "{log}");
        for secret in secrets {
            assert!(!log.contains(secret), "the log holds {secret}");
        }
    });
}

/// Checks that no file of the data folder contains a secret, in any common text encoding.
fn assert_clear_of(folder: &Path, secrets: &[&str]) {
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        files += 1;
        for secret in secrets {
            let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let json = serde_json::to_string(secret).unwrap();
            for form in [secret.as_bytes(), json.trim_matches('"').as_bytes(), &utf16] {
                assert!(!bytes.windows(form.len()).any(|window| window == form), "{} holds {secret}", path.display());
            }
        }
    }
    assert!(files > 0, "the server key at least");
}

#[test]
fn page_works_by_keyboard_alone() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let (tab, enter) = (char::from(Key::Tab), char::from(Key::Enter));
        page.open(&server.setup_link()).await;
        // From the top of the page to the username, every focused element is visible.
        let focused = "const e = document.activeElement; const r = e.getBoundingClientRect(); \
                       return [e.id || e.getAttribute('aria-label') || e.textContent, r.width > 0 && r.height > 0]";
        for _ in 0..40 {
            page.press_keys(&[tab]).await;
            let at = page.js(focused, vec![]).await;
            assert_eq!(at[1], true, "{at}");
            if at[0] == "username" {
                break;
            }
        }
        page.type_text("ada").await;
        page.press_keys(&[tab]).await;
        page.type_text(PASSPHRASE).await;
        page.press_keys(&[tab]).await;
        page.type_text(PASSPHRASE).await;
        page.press_keys(&[enter]).await;
        page.see("Write down your recovery code").await;
        // The heading has the focus; Tab leads to print and copy, then to the three words.
        let words = page.recovery_words().await;
        page.press_keys(&[tab, tab]).await;
        for _ in 0..3 {
            page.press_keys(&[tab]).await;
            let id = page.js("return document.activeElement.labels[0].textContent", vec![]).await;
            let place: usize = id.as_str().unwrap().trim_start_matches("Word ").parse().unwrap();
            page.type_text(&words[place - 1]).await;
        }
        page.press_keys(&[enter]).await;
        page.see("No passwords yet.").await;
        // The focus is on the field of the next step.
        page.wait_for("the name has the focus", "return document.activeElement.id === 'name'", vec![]).await;
        page.type_text("GitHub").await;
        let password = page.minted().await;
        page.press_keys(&[enter]).await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
    });
}

#[test]
fn recovery_code_opens_the_vault() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.setup_link()).await;
        page.fill("Username", "ada").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.press("Create vault").await;
        page.see("Write down your recovery code").await;
        page.assert_accessible("recovery code").await;
        assert_eq!(server.count("SELECT count(*) FROM accounts"), 0, "nothing is made before it is written down");
        let words = page.recovery_words().await;
        assert_eq!(words.len(), 12);
        // A wrong word is reported, and the input stays.
        let mut wrong = words.clone();
        wrong.rotate_left(1);
        page.confirm_code(&wrong).await;
        page.press("I have it: open my vault").await;
        page.see("is a different one. Check what you wrote down.").await;
        assert_eq!(server.count("SELECT count(*) FROM accounts"), 0);
        // The numbers before the words may be left out.
        let letters: Vec<String> =
            words.iter().map(|w| w.trim_end_matches(|c: char| c.is_ascii_digit()).to_uppercase()).collect();
        page.confirm_code(&letters).await;
        page.press("I have it: open my vault").await;
        page.see("No passwords yet.").await;
        let password = page.save("GitHub").await;
        page.press("Log out").await;
        page.see("This browser has forgotten your username.").await;

        page.open(&server.url()).await;
        assert_eq!(page.field("Username").await.prop("value").await.unwrap().as_deref(), Some(""));
        page.press("Use the recovery code").await;
        page.fill("Username", "ada").await;
        let mut typo = words.clone();
        typo[4] = "zoo0".into();
        page.fill("Recovery code", &typo.join(" ")).await;
        page.press("Unlock").await;
        page.see("Word 5").await;
        page.fill("Recovery code", &words.join("\u{20}")).await;
        page.assert_accessible("unlocking by recovery code").await;
        page.press("Unlock").await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
        page.assert_no_errors().await;
    });
}

#[test]
fn save_into_a_locked_vault_is_done_when_it_is_unlocked() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.press("Lock").await;
        page.see("Open your vault").await;
        page.fill("Name", "GitHub").await;
        let password = page.minted().await;
        page.press("Save").await;
        page.see("Not saved yet: the vault is locked.").await;
        page.assert_accessible("minted, not saved, locked").await;
        assert_eq!(page.minted().await, password, "it stays on the page");
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
    });
}

#[test]
fn computed_accessible_names_are_the_visible_labels() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.setup_link()).await;
        for name in ["Name", "Length", "Username", "Passphrase"] {
            assert_eq!(page.computed_label(&page.field(name).await).await, name);
        }
        for name in ["Generate", "Copy", "Save", "Create vault"] {
            assert_eq!(page.computed_label(&page.button(name).await).await, name);
        }
        create_first_vault(&page, &server).await;
        assert_eq!(page.computed_label(&page.field("Search").await).await, "Search");
        assert_eq!(page.computed_label(&page.button("Lock").await).await, "Lock");
        page.press("Lock").await;
        assert_eq!(page.computed_label(&page.button("Unlock").await).await, "Unlock");
    });
}
