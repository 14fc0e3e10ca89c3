//! Language, theme and single keys.

use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{Page, page_text};
use e2e::server::Server;
use e2e::vault_client::VaultClient;

/// Checks texts of the page in a language, without any input.
async fn speaks(page: &Page, language: &str) {
    for key in ["Name", "Length"] {
        page.field(&page_text(language, key)).await;
    }
    for key in ["Save", "Copy", "Generate", "ReadAloud", "Bulk", "Trust", "Settings", "Unlock"] {
        page.button(&page_text(language, key)).await;
    }
    let text = page.visible_text().await;
    for key in ["Generator", "MoreRules", "KindSite", "UnlockTitle", "NameHint"] {
        assert!(text.contains(&page_text(language, key)), "{language}, {key}: {text}");
    }
    assert_eq!(page.js("return document.documentElement.lang", vec![]).await, language);
}

#[test]
fn language_changes_at_once_and_is_remembered() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        VaultClient::create_first_vault(&server, "ada").await;
        page.open(&server.url()).await;
        speaks(&page, "en").await;
        page.fill("Name", "GitHub").await;
        page.fill("Length", "14").await;
        let password = page.minted().await;
        assert_eq!(password.chars().count(), 14);
        let mut spoken = "en";
        for (language, bits) in [("de", "Bit"), ("ja", "ビット"), ("en", "bits"), ("de", "Bit")] {
            page.switch_language(spoken, language).await;
            speaks(&page, language).await;
            page.see(bits).await;
            assert_eq!(page.field_value(&page_text(language, "Name")).await, "GitHub", "{language}");
            assert_eq!(page.field_value(&page_text(language, "Length")).await, "14", "{language}");
            assert_eq!(page.minted().await, password, "{language}");
            spoken = language;
        }
        // No English text is left where there is a German one.
        let text = page.visible_text().await;
        for key in ["Generator", "NameHint", "Generate", "Settings", "NoVaultYet", "UseRecovery"] {
            assert!(!text.contains(&page_text("en", key)), "{key}: {text}");
        }
        page.fill("Länge", "7").await;
        page.see_fault("Länge", "Die Länge muss eine ganze Zahl von 8 bis 30 sein.").await;
        page.fill("Länge", "30").await;
        page.see("196,59 Bit").await;

        page.open(&server.url()).await;
        speaks(&page, "de").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn browsers_language_is_used_until_a_person_chooses() {
    for (wished, language) in [("de", "de"), ("de-AT,en", "de"), ("ja,en", "ja"), ("tlh,ja,en", "ja"), ("tlh", "en")] {
        let mut wish = BrowserOptions { arguments: vec!["--lang=de".into()], ..BrowserOptions::default() };
        wish.preferences.insert("intl.accept_languages".into(), json!(wished));
        in_browser(wish, async |page| {
            let server = Server::start();
            VaultClient::create_first_vault(&server, "ada").await;
            page.open(&server.url()).await;
            let languages = page.js("return navigator.languages.join()", vec![]).await;
            assert!(languages.as_str().unwrap().starts_with(wished.split(',').next().unwrap()), "{languages}");
            speaks(&page, language).await;
            if language == "de" {
                page.switch_language("de", "en").await;
                page.open(&server.url()).await;
                speaks(&page, "en").await;
            }
            page.assert_no_errors().await;
        });
    }
}

/// Returns true if the page is dark.
async fn is_dark(page: &Page) -> bool {
    let ground = page.js("return getComputedStyle(document.documentElement).backgroundColor", vec![]).await;
    let red = ground.as_str().unwrap().trim_start_matches("rgb(").split(',').next().unwrap().parse::<u8>();
    red.unwrap() < 128
}

#[test]
fn the_theme_is_remembered() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        assert!(!is_dark(&page).await);
        page.press("Settings").await;
        page.select("Theme", "Dark").await;
        assert!(is_dark(&page).await);
        page.open(&server.url()).await;
        assert!(is_dark(&page).await);
        page.press("Settings").await;
        page.field("Theme").await;
        let chosen = "return document.getElementById('theme').selectedOptions[0].textContent";
        assert_eq!(page.js(chosen, vec![]).await, "Dark");
        page.select("Theme", "Same as the system").await;
        assert!(!is_dark(&page).await);
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        page.cdp("Emulation.setEmulatedMedia", dark).await;
        assert!(is_dark(&page).await, "as the system");
        page.select("Theme", "Light").await;
        assert!(!is_dark(&page).await);
        page.open(&server.url()).await;
        assert!(!is_dark(&page).await);
        page.assert_no_errors().await;
    });
}

/// Removes the focus from all fields.
async fn leave_fields(page: &Page) {
    page.js("document.activeElement.blur()", vec![]).await;
}

async fn focused(page: &Page, id: &str) {
    page.wait_for(id, "return document.activeElement.id === arguments[0]", vec![json!(id)]).await;
}

#[test]
fn single_key_shortcuts_work_outside_of_fields_unless_off() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        leave_fields(&page).await;
        let first = page.minted().await;
        page.type_text("g").await;
        let second = page.minted_after(&first).await;
        page.type_text("n").await;
        focused(&page, "name").await;
        page.type_text("gncr/l?").await;
        assert_eq!(page.field_value("Name").await, "gncr/l?", "they are typed, and the key that went here is not");
        assert_eq!(page.minted().await, second);
        assert_eq!(page.js("return !!document.querySelector('dialog')", vec![]).await, json!(false));

        leave_fields(&page).await;
        page.type_text("c").await;
        page.see("Copied, but not saved.").await;
        assert_eq!(page.clipboard_text().await, second);
        leave_fields(&page).await;
        page.type_text("r").await;
        page.see("To read aloud and type elsewhere").await;
        page.press("Close").await;
        leave_fields(&page).await;
        page.type_text("?").await;
        page.see("Single keys do this").await;
        // While a dialog is open, keys do nothing on the page.
        page.type_text("g").await;
        assert_eq!(page.minted().await, second);
        page.toggle_check("Single keys do this while you are not typing in a field").await;
        page.press("Close").await;
        for _ in 0..2 {
            leave_fields(&page).await;
            let before = page.minted().await;
            page.type_text("gcr?n").await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            assert_eq!(page.minted().await, before);
            let still = "return !document.querySelector('dialog') && document.activeElement === document.body";
            assert_eq!(page.js(still, vec![]).await, json!(true));
            // After a reload they are still off.
            page.open(&server.url()).await;
        }
        page.press("Settings").await;
        page.toggle_check("Single keys do this while you are not typing in a field").await;
        page.press("Close").await;
        leave_fields(&page).await;
        let before = page.minted().await;
        page.type_text("g").await;
        page.minted_after(&before).await;
        page.assert_no_errors().await;
    });
}
