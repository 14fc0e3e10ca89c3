//! Every state of the page in every language: accessible, and never wider than the window.

use std::cell::RefCell;

use fantoccini::key::Key;
use serde_json::json;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{Page, create_first_vault, other_languages, page_text};
use e2e::server::Server;
use e2e::vault_client::VaultClient;

/// The kinds, and for each a field with an invalid value.
const KINDS: [(&str, &str, &str); 4] = [
    ("KindCharacters", "Length", "7"),
    ("KindWords", "Separator", "--"),
    ("KindPin", "PinLength", "3"),
    ("KindSite", "SiteText", "alowed: [-_.]"),
];

/// Goes through the states of the generator and its tools, and calls `look` in each.
async fn visit(page: &Page, language: &str, look: impl AsyncFn(&str)) {
    let say = |key: &str| page_text(language, key);
    page.toggle_summary(&say("MoreRules")).await;
    page.field(&say("Preset")).await;
    for (kind, field, wrong) in KINDS {
        page.choose(&say(kind)).await;
        page.field(&say(field)).await;
        let minted = "return !!document.querySelector('output.secret span')";
        page.wait_for("a password", minted, vec![]).await;
        look(&format!("{language}, {kind}")).await;
        page.fill(&say(field), wrong).await;
        let invalid = "return !!document.querySelector('.generator [aria-invalid=true]')";
        page.wait_for("a fault", invalid, vec![]).await;
        look(&format!("{language}, {kind}, a wrong {field}")).await;
    }
    page.choose(&say("KindCharacters")).await;
    page.fill(&say("Length"), "20").await;
    page.press(&say("PresetKeep")).await;
    page.press(&say("PresetKeepNow")).await;
    page.see_fault(&say("PresetName"), &say("PresetNameEmpty")).await;
    look(&format!("{language}, a preset without a name")).await;
    page.press(&say("Cancel")).await;
    for tool in ["ReadAloud", "Bulk", "Trust", "Settings"] {
        page.press(&say(tool)).await;
        page.button(&say("Close")).await;
        look(&format!("{language}, {tool}")).await;
        match tool {
            "ReadAloud" => {
                page.fill(&say("ReadBack"), "é").await;
                page.see_fault(&say("ReadBack"), "1").await;
            }
            "Bulk" => {
                page.choose(&say("BulkCsv")).await;
                page.fill(&say("BulkCount"), "0").await;
                page.press(&say("BulkMake")).await;
                page.see_fault(&say("BulkCount"), "100000").await;
            }
            "Trust" => {
                page.press(&say("TrustRun")).await;
                page.see(&say("TrustExhaustiveEven")).await;
            }
            _ => page.select(&say("Theme"), &say("ThemeDark")).await,
        }
        look(&format!("{language}, {tool}, in use")).await;
        if tool == "Settings" {
            page.select(&say("Theme"), &say("ThemeSystem")).await;
        }
        page.press(&say("Close")).await;
    }
}

/// Opens the page in a language.
async fn open_in(page: &Page, server: &Server, language: &str) {
    page.open(&server.url()).await;
    if language != "en" {
        page.switch_language("en", language).await;
    }
}

/// Calls `look` in the states without a vault; then creates one elsewhere, and reloads the page.
async fn visit_without_vault(page: &Page, server: &Server, language: &str, look: impl AsyncFn(&str)) {
    page.see(&page_text(language, "FirstTitle")).await;
    look(&format!("{language}, no vault yet")).await;
    VaultClient::create_first_vault(server, "ada").await;
    page.open(&server.url()).await;
    page.see(&page_text(language, "UnlockTitle")).await;
}

async fn fits(page: &Page, state: &str) {
    let overflows = page.overflows().await;
    assert!(overflows.is_empty(), "{state}: {overflows:?}");
}

fn is_accessible_in(language: &str) {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        open_in(&page, &server, language).await;
        visit_without_vault(&page, &server, language, async |state| page.assert_accessible(state).await).await;
        visit(&page, language, async |state| page.assert_accessible(state).await).await;
        page.assert_no_errors().await;
    });
}

#[test]
fn every_state_is_accessible_in_english() {
    is_accessible_in("en");
}

#[test]
fn every_state_is_accessible_in_other_languages() {
    for language in other_languages() {
        is_accessible_in(&language);
    }
}

/// Checks that in every state all fits into a window of that width with that font size.
fn fits_into(width: u32, size: &str, language: &str) {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.set_width(width).await;
        open_in(&page, &server, language).await;
        page.see(&page_text(language, "FirstTitle")).await;
        let enlarge = "document.documentElement.style.fontSize = arguments[0]";
        page.js(enlarge, vec![json!(size)]).await;
        assert_eq!(page.js("return innerWidth", vec![]).await, json!(width));
        // Collects all findings for one message.
        let found = RefCell::new(Vec::new());
        let look = async |state: &str| {
            let overflows = page.overflows().await;
            found.borrow_mut().extend(overflows.into_iter().map(|what| format!("{state}: {what}")));
        };
        visit_without_vault(&page, &server, language, &look).await;
        page.js(enlarge, vec![json!(size)]).await;
        visit(&page, language, look).await;
        let found = found.into_inner();
        assert!(found.is_empty(), "{width} px, {size}:\n{}", found.join("\n"));
        page.assert_no_errors().await;
    });
}

#[test]
fn nothing_is_wider_than_a_small_window_in_english() {
    fits_into(320, "100%", "en");
}

#[test]
fn nothing_is_wider_than_a_small_window_in_other_languages() {
    for language in other_languages() {
        fits_into(320, "100%", &language);
    }
}

#[test]
fn nothing_is_wider_than_the_window_in_large_type() {
    fits_into(1280, "200%", "en");
}

#[test]
fn nothing_is_wider_than_the_window_in_large_type_in_german() {
    fits_into(1280, "200%", "de");
}

#[test]
fn names_of_every_length_and_direction_fit() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.set_width(320).await;
        page.open(&server.setup_link()).await;
        page.field("Passphrase again").await;
        fits(&page, "making a vault").await;
        create_first_vault(&page, &server).await;
        fits(&page, "empty vault").await;
        let (long, right_to_left) = ("W".repeat(255), "חשבון בנק (עו״ש) 123");
        page.save(&long).await;
        fits(&page, "a long name, just saved").await;
        page.save(right_to_left).await;
        page.press("Close this message").await;
        page.show(&long).await;
        let direction = "return [...document.querySelectorAll('.row-name')].map(e => getComputedStyle(e).direction)";
        assert_eq!(page.js(direction, vec![]).await, json!(["rtl", "ltr"]));
        for (width, size) in [(320, "100%"), (1280, "100%"), (1280, "200%"), (3840, "100%")] {
            page.set_width(width).await;
            page.js("document.documentElement.style.fontSize = arguments[0]", vec![json!(size)]).await;
            fits(&page, &format!("long names at {width} px, {size}")).await;
        }
        page.set_width(320).await;
        page.assert_accessible("long names in a small window").await;
        page.switch_language("en", "de").await;
        fits(&page, "long names in German").await;
        page.press(&format!("Löschen: {long}")).await;
        page.see("“ liegt jetzt im Papierkorb.").await;
        fits(&page, "a message with a long name").await;
        page.assert_no_errors().await;
    });
}

/// WCAG 2.2, 2.4.11: a message at the bottom of the window does not hide the focused element.
#[test]
fn the_focus_is_never_under_a_message() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.open_more_rules().await;
        page.fill("Length", "7").await;
        page.fill("Name", "GitHub").await;
        page.press("Save").await;
        page.see("No password: the rules allow none.").await;
        let focused = "const e = document.activeElement; const r = e.getBoundingClientRect(); \
                       const m = document.querySelector('.notice').getBoundingClientRect(); \
                       const hidden = !e.closest('.notice') && r.top >= m.top && r.left >= m.left && r.right <= m.right; \
                       return [e.id || e.getAttribute('aria-label') || e.tagName, hidden]";
        for direction in [[Key::Tab].as_slice(), &[Key::Shift, Key::Tab]] {
            for _ in 0..40 {
                page.chord(direction).await;
                let at = page.js(focused, vec![]).await;
                assert_eq!(at[1], json!(false), "{at}");
            }
        }
        page.assert_no_errors().await;
    });
}
