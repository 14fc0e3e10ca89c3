//! The tools: bulk minting, reading aloud, settings, tests of the randomness.

use super::generator::{open, password};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::platform::browser::{document, setting};
use crate::secret::Secret;
use crate::text::Msg;
use crate::ui::dialog::{Tool, use_dialog};

#[test]
async fn bulk_mints_by_the_rules_on_the_page_into_a_file() {
    let page = open().await;
    page.type_in("Length", "9").await;
    page.press("Make many").await;
    page.type_in("How many", "40").await;
    page.press(&en(Msg::BulkMake)).await;
    page.until("the file", || page.spoken("status").starts_with("Made 40 passwords")).await;
    let [(name, file)] = world::saved().await.try_into().expect("one file");
    assert!(page.spoken("status").contains(&name));
    let made: Vec<&str> = file.lines().collect();
    assert!(made.len() == 40 && made.iter().all(|it| it.chars().count() == 9), "{file}");
}

#[test]
async fn bulk_count_out_of_limits_has_a_fault_beside_the_field() {
    let page = open().await;
    page.press("Make many").await;
    page.type_in("How many", "0").await;
    page.press(&en(Msg::BulkMake)).await;
    assert!(page.fault("How many").starts_with("The number must be a whole number from 1 to"));
    page.focuses("How many").await;
    page.tick(&en(Msg::BulkCsv)).await;
    page.sees(&en(Msg::BulkCsvHint)).await;
    assert!(world::saved().await.is_empty());
}

#[test]
async fn reading_spells_in_groups_and_compares_what_is_typed_back() {
    let page = Page::open(|| ()).await;
    page.owner.with(use_dialog).open(Tool::Read(Secret::new("aB3-x".into()).into()));
    page.sees("Alfa · capital Bravo · three · hyphen").await;
    let groups = page.shown(".reading-names").into_iter().map(|it| it.inner_text()).collect::<Vec<_>>();
    assert_eq!(groups, ["Alfa · capital Bravo · three · hyphen", "X-ray"]);
    page.type_in(&en(Msg::ReadBack), "aB3-x!").await;
    page.until("too long", || page.fault(&en(Msg::ReadBack)) == en(Msg::ReadBackLong)).await;
}

#[test]
async fn read_aloud_spells_the_shown_password() {
    let page = open().await;
    let shown = password(&page);
    page.press("Read aloud").await;
    page.type_in(&en(Msg::ReadBack), &shown).await;
    page.until("right", || page.spoken("status") == en(Msg::ReadBackRight)).await;
    let typed: String = shown.chars().take(3).collect();
    page.type_in(&en(Msg::ReadBack), &typed).await;
    let so_far = en_with(Msg::ReadBackSoFar, &[("n", &3), ("all", &30)]);
    page.until("right so far", || page.spoken("status") == so_far).await;
    page.type_in(&en(Msg::ReadBack), &format!("{typed}é")).await;
    page.until("wrong", || page.fault(&en(Msg::ReadBack)) == en_with(Msg::ReadBackWrong, &[("place", &4)])).await;
}

#[test]
async fn chosen_theme_applies_at_once_and_is_stored() {
    let page = open().await;
    page.key("?").await;
    page.choose("Theme", "Dark").await;
    let theme = || document().document_element().unwrap().get_attribute("data-theme");
    assert_eq!((theme().as_deref(), setting("passmint.theme").as_deref()), (Some("dark"), Some("dark")));
    page.choose("Theme", &en(Msg::ThemeSystem)).await;
    assert_eq!((theme(), setting("passmint.theme")), (None, None));
}

#[test]
async fn shortcuts_do_nothing_when_switched_off() {
    let page = open().await;
    page.key("?").await;
    page.tick(&en(Msg::KeysOn)).await;
    page.press("Close").await;
    page.until("the page", || page.offers("Settings") || page.offers("Generate")).await;
    let shown = password(&page);
    page.key("g").await;
    page.key("?").await;
    assert_eq!(password(&page), shown);
    assert!(!page.owner.with(use_dialog).is_open());
}

#[test]
async fn randomness_tests_can_be_cancelled() {
    let page = open().await;
    page.press(&en(Msg::Trust)).await;
    page.press(&en(Msg::TrustRun)).await;
    page.sees("of 1000000 draws").await;
    page.press("Cancel").await;
    page.until("the end", || !page.offers("Cancel") && !page.button(&en(Msg::TrustRun)).has_attribute("disabled"))
        .await;
}
