//! Presets: rules stored under a name in the browser.

use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::Page;
use e2e::server::Server;

/// The name of the chosen preset.
async fn chosen(page: &Page) -> String {
    let script = "return document.getElementById('preset').selectedOptions[0].textContent";
    page.js(script, vec![]).await.as_str().unwrap().to_owned()
}

/// Stores the current rules under a name.
async fn keep(page: &Page, name: &str) {
    page.press("Save these rules …").await;
    page.fill("Name of these rules", name).await;
    page.press("Save under this name").await;
    page.see(&format!("Saved the rules as “{name}” in this browser.")).await;
}

#[test]
fn preset_is_stored_and_changes_only_on_request() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.open_more_rules().await;
        page.fill("Length", "12").await;
        keep(&page, "Bank").await;
        assert_eq!(chosen(&page).await, "Bank");

        page.open(&server.url()).await;
        page.wait_for("its length", "return document.getElementById('length').value === '12'", vec![]).await;
        page.open_more_rules().await;
        assert_eq!(chosen(&page).await, "Bank");
        assert_eq!(page.minted_with("78.14").await.chars().count(), 12);

        // Changing the rules for one site does not change the preset.
        page.choose("Site’s rules").await;
        page.fill("Paste the site’s rules", "maxlength: 8; allowed: digit").await;
        page.minted_with("26.58").await;
        page.press("Back to “Bank”").await;
        assert_eq!(page.field_value("Length").await, "12");
        page.fill("Length", "20").await;
        page.choose("PIN").await;
        page.minted_with("19.93").await;
        page.select("Preset", "The usual rules").await;
        assert_eq!(page.field_value("Length").await, "30");
        page.minted_with("196.59").await;
        page.select("Preset", "Bank").await;
        assert_eq!(page.field_value("Length").await, "12", "of characters again");
        page.minted_with("78.14").await;
        // The site's rules are still in their field.
        page.choose("Site’s rules").await;
        assert_eq!(page.field_value("Paste the site’s rules").await, "maxlength: 8; allowed: digit");
        page.assert_no_errors().await;
    });
}

#[test]
fn every_kind_can_be_stored_as_a_preset() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.open_more_rules().await;
        page.choose("Words").await;
        page.fill("Number of words", "8").await;
        page.minted_with("103.40").await;
        keep(&page, "Eight").await;
        page.choose("PIN").await;
        page.fill("Number of digits", "9").await;
        page.minted_with("29.90").await;
        keep(&page, "Nine").await;
        page.choose("Site’s rules").await;
        page.fill("Paste the site’s rules", "maxlength: 8; allowed: digit").await;
        page.minted_with("26.58").await;
        keep(&page, "Shop").await;
        for (name, bits) in [("Eight", "103.40"), ("Nine", "29.90"), ("The usual rules", "196.59"), ("Shop", "26.58")] {
            page.select("Preset", name).await;
            page.minted_with(bits).await;
        }
        // After a reload too, when the word list is loaded again.
        page.select("Preset", "Eight").await;
        page.open(&server.url()).await;
        page.minted_with("103.40").await;
        assert_eq!(page.field_value("Number of words").await, "8");
        page.assert_no_errors().await;
    });
}

#[test]
fn invalid_names_of_presets_are_refused() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.open_more_rules().await;
        page.fill("Length", "12").await;
        page.press("Save these rules …").await;
        for (name, fault) in [
            ("", "Type a name for these rules."),
            ("  ", "Type a name for these rules."),
            ("12345678901234567890123456789012345678901", "A name can have at most 40 characters."),
        ] {
            page.fill("Name of these rules", name).await;
            page.press("Save under this name").await;
            page.see_fault("Name of these rules", fault).await;
            assert_eq!(page.field_value("Name of these rules").await, name);
        }
        page.assert_accessible("a preset's name that is too long").await;
        page.fill("Name of these rules", "Bank").await;
        page.press("Save under this name").await;
        page.see("Saved the rules as “Bank” in this browser.").await;

        page.fill("Length", "14").await;
        page.press("Save these rules …").await;
        page.fill("Name of these rules", " Bank ").await;
        page.press("Save under this name").await;
        page.see_fault("Name of these rules", "There are already rules with that name.").await;
        page.fill("Name of these rules", "Work").await;
        page.press("Save under this name").await;
        page.see("Saved the rules as “Work” in this browser.").await;
        page.select("Preset", "Bank").await;
        assert_eq!(page.field_value("Length").await, "12", "nothing was kept over it");

        page.press("Delete these rules").await;
        page.see("Deleted the rules “Bank”.").await;
        assert_eq!(page.field_value("Length").await, "12", "they stay on the page");
        assert_eq!(chosen(&page).await, "The usual rules");
        let options = "return [...document.getElementById('preset').options].map(o => o.textContent)";
        assert_eq!(page.js(options, vec![]).await, json!(["The usual rules", "Work"]));
        page.open(&server.url()).await;
        page.open_more_rules().await;
        assert_eq!(page.js(options, vec![]).await, json!(["The usual rules", "Work"]));
        assert_eq!(page.field_value("Length").await, "30");
        page.assert_no_errors().await;
    });
}
