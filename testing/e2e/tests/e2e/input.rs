//! Invalid input: every fault has a message beside its field, and the input stays.

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, create_first_vault};
use e2e::server::Server;

#[test]
fn invalid_entry_names_have_a_message() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        let minted = page.minted().await;
        for name in ["", "   "] {
            page.fill("Name", name).await;
            page.press("Save").await;
            page.see_fault("Name", "Type a name first").await;
        }
        let long = "漢".repeat(256);
        page.fill("Name", &long).await;
        page.press("Save").await;
        page.see_fault("Name", "at most 255 characters; this one has 256").await;
        page.assert_accessible("a name that is too long").await;
        assert_eq!(page.field_value("Name").await, long);
        assert_eq!(page.minted().await, minted);
        let longest = "漢".repeat(255);
        page.fill("Name", &longest).await;
        page.press("Save").await;
        page.see_rows(&[&longest]).await;
        assert_eq!(page.show(&longest).await, minted);
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 1);
    });
}

#[test]
fn invalid_rules_have_a_message() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        for length in ["7", "31", "abc", "", "8.5"] {
            page.fill("Length", length).await;
            page.see_fault("Length", "a whole number from 8 to 30").await;
            assert_eq!(page.field_value("Length").await, length);
            assert!(page.minted().await.starts_with("No password"));
            page.fill("Name", "GitHub").await;
            page.press("Save").await;
            page.see("No password: the rules allow none.").await;
            assert_eq!(page.field_value("Name").await, "GitHub");
        }
        page.assert_accessible("rules that allow nothing").await;
        page.fill("Length", "8").await;
        page.see("51.32 bits").await;
        assert_eq!(page.minted().await.chars().count(), 8);

        for kind in ["Lowercase letters", "Uppercase letters", "Digits", "Symbols"] {
            page.toggle_check(kind).await;
        }
        page.see("Switch on at least one kind of character.").await;
        page.toggle_check("Digits").await;
        page.see("26.58 bits").await;
        assert!(page.minted().await.chars().all(|c| c.is_ascii_digit()));

        page.open_more_rules().await;
        page.fill("Digits", "9").await;
        page.see_fault("Length", "The minimums add up to 9, more than the length of 8.").await;
        page.fill("Digits", "0").await;
        page.see_fault("Digits", "must be 1 or more").await;
        page.fill("Digits", "x").await;
        page.see_fault("Digits", "must be 1 or more").await;
        page.fill("Digits", "1").await;
        page.fill("Leave out these characters", "0123456789").await;
        page.see_fault("Leave out these characters", "all of them are left out").await;
        page.fill("Leave out these characters", "01").await;
        page.fill("Add these characters", "1").await;
        page.see_fault("Add these characters", "1 is both added and left out").await;
        page.fill("Add these characters", "a b").await;
        page.see_fault("Add these characters", "Spaces and invisible characters").await;
        page.assert_accessible("rules open, with a fault").await;
        page.fill("Add these characters", "-").await;
        page.see("bits: at a trillion").await;
        let password = page.minted().await;
        assert!(password.chars().all(|c| "23456789-".contains(c)), "{password}");
        let safe = "Only letters on the same key on American, German and French keyboards";
        page.toggle_check(safe).await;
        page.see_fault("Add these characters", "- is not on the same key everywhere").await;
        page.fill("Add these characters", "").await;
        page.see("No digit or symbol is on the same key everywhere").await;
        page.toggle_check("Uppercase letters").await;
        page.see("bits: at a trillion").await;
        let password = page.minted().await;
        assert!(password.chars().all(|c| "BCDEFGHIJKLNOPRSTUVX".contains(c)), "{password}");
        page.press("Back to “The usual rules”").await;
        page.see("196.59 bits").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn invalid_input_for_a_new_vault_has_a_message() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.setup_link()).await;
        page.fill("Username", "ada").await;
        page.fill("Passphrase", "short").await;
        page.press("Create vault").await;
        page.see_fault("Passphrase", "at least 12 characters").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", "correct horse battery stable").await;
        page.press("Create vault").await;
        page.see_fault("Passphrase again", "The two passphrases differ").await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.fill("Username", " ").await;
        page.press("Create vault").await;
        page.see_fault("Username", "Type your username").await;
        assert_eq!(page.field_value("Passphrase").await, PASSPHRASE);

        // Wrong, expired and used invites; the input stays each time.
        page.open(&format!("{}#invite=AAAAAAAAAAAAAAAAAAAAAA", server.url())).await;
        page.fill("Username", "ada").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.press("Create vault").await;
        page.see("This invite is not known here.").await;
        page.assert_accessible("invite refused").await;
        assert_eq!(page.field_value("Passphrase").await, PASSPHRASE);

        let link = server.invite();
        server.database().execute("UPDATE invites SET expires_at = 1 WHERE setup = 0", []).unwrap();
        page.open(&link).await;
        page.fill("Username", "ada").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.press("Create vault").await;
        page.see("This invite has expired.").await;

        create_first_vault(&page, &server).await;
        page.open(&server.setup_link()).await;
        page.fill("Username", "bob").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.press("Create vault").await;
        page.see("This invite has been used.").await;

        // A username that is taken, in any case.
        page.open(&server.invite()).await;
        page.fill("Username", "ADA").await;
        page.fill("Passphrase", PASSPHRASE).await;
        page.fill("Passphrase again", PASSPHRASE).await;
        page.press("Create vault").await;
        page.see("This username is taken.").await;
        assert_eq!(server.count("SELECT count(*) FROM accounts"), 1);
    });
}

#[test]
fn invalid_input_for_a_log_in_has_a_message() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        page.open(&server.url()).await;
        page.fill("Username", "ada").await;
        page.press("Unlock").await;
        page.see_fault("Passphrase", "Type your passphrase.").await;
        page.fill("Username", "").await;
        page.fill("Passphrase", "x").await;
        page.press("Unlock").await;
        page.see_fault("Username", "Type your username.").await;

        // A wrong passphrase and an unknown username get the same message.
        let mut said = Vec::new();
        for (username, passphrase) in [("ada", "wrong horse battery staple"), ("nobody", PASSPHRASE)] {
            page.unlock(username, passphrase).await;
            page.see_fault("Passphrase", "That did not open a vault.").await;
            said.push(page.js("return document.getElementById('secret-fault').textContent", vec![]).await);
            assert_eq!(page.field_value("Passphrase").await, passphrase, "it can be corrected");
        }
        assert_eq!(said[0], said[1]);
        page.assert_no_errors().await;
    });
}
