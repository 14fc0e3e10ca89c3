//! Changing the language while the page is open.

use leptos::prelude::*;

use super::generator::{open, password};
use super::{Page, en, vault, world};
use crate::browser_test::test;
use crate::platform::browser::document;
use crate::text::{self, Msg};
use crate::ui::header::Header;

#[test]
async fn mounted_component_follows_the_language_and_keeps_its_state() {
    let page = open().await;
    let shown = password(&page);
    page.type_in("Name", "GitHub").await;
    page.type_in("Length", "3").await;
    page.until("the fault", || !page.fault("Length").is_empty()).await;
    for language in ["de", "ja", "en"] {
        text::speak(world::texts(language));
        let said = |text| world::texts(language).get(text).to_owned();
        page.until("the button", || page.offers(&said(Msg::Generate))).await;
        assert_eq!(page.value(&said(Msg::Name)), "GitHub");
        let expected = text::fill(&said(Msg::LengthFault), &[("least", &8), ("most", &30)]);
        page.until("the fault", || page.fault(&said(Msg::Length)) == expected).await;
        page.sees(&said(Msg::NoPassword)).await;
    }
    page.type_in("Length", "20").await;
    page.until("a password", || password(&page).chars().count() == 20).await;
    let shown_again = password(&page);
    assert_ne!(shown_again, shown);
    text::speak(world::texts("de"));
    page.until("German", || page.offers("Kopieren")).await;
    let output = page.shown("output")[0].text_content();
    assert_eq!(output, Some(shown_again), "the password stays");
}

#[test]
async fn chosen_language_is_stored() {
    let page = Page::open(|| view! { <Header/> }).await;
    world::offer_language("de");
    page.press("Settings").await;
    page.choose("Language", "Deutsch").await;
    page.until("German", || page.offers(world::texts("de").get(Msg::Close))).await;
    page.sees(world::texts("de").get(Msg::ThemeDark)).await;
    assert_eq!(document().document_element().unwrap().get_attribute("lang").as_deref(), Some("de"));
    assert_eq!(crate::platform::browser::setting("passmint.language").as_deref(), Some("de"));
}

#[test]
async fn language_that_does_not_load_leaves_the_current_one() {
    let page = Page::open(|| view! { <Header/> }).await;
    world::offer("text-de", "not what the others are named by");
    page.press("Settings").await;
    page.choose("Language", "Deutsch").await;
    page.says(&en(Msg::NoPart)).await;
    assert!(page.offers("Close"));
}

#[test]
async fn refused_entry_with_its_notice_and_a_fault_follow_the_language() {
    let (page, _) = vault::open(vault::nothing).await;
    world::answer(|request, _| (request == "POST changes").then(|| (507, r#"{"code":"vault-full"}"#.to_owned())));
    page.type_in("Name", "GitLab").await;
    page.enter("Name").await;
    let not_saved = |language| {
        let texts = world::texts(language);
        text::fill(texts.get(Msg::NotSaved), &[("name", &"GitLab"), ("why", &texts.get(Msg::VaultFull))])
    };
    page.says(&not_saved("en")).await;
    page.enter("Name").await;
    page.until("the fault", || page.fault("Name") == en(Msg::NameEmpty)).await;
    for language in ["de", "ja", "en"] {
        text::speak(world::texts(language));
        let said = |text| world::texts(language).get(text).to_owned();
        page.until("the notice", || page.notice() == not_saved(language)).await;
        page.until("the row", || page.shown(".row-why")[0].inner_text() == said(Msg::VaultFull)).await;
        page.until("the fault", || page.fault(&said(Msg::Name)) == said(Msg::NameEmpty)).await;
    }
}
