//! The generator with the rules for characters, and the shortcuts.

use leptos::prelude::*;

use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::text::Msg;
use crate::ui::generator::Generator;

const USUAL: usize = 30;

pub(super) async fn open() -> Page {
    let page = Page::open(|| view! { <Generator/> }).await;
    page.until("a password", || password(&page).chars().count() == USUAL).await;
    page
}

/// The shown password, of any kind.
pub(super) fn password(page: &Page) -> String {
    let output = page.shown("output[aria-label=Password]");
    output.first().and_then(|it| it.text_content()).unwrap_or_default()
}

#[test]
async fn password_is_shown_at_once_and_generate_makes_another() {
    let page = open().await;
    page.sees("bits: at a trillion guesses a second").await;
    let first = password(&page);
    assert_eq!(page.value("Length"), USUAL.to_string());
    page.press("Generate").await;
    page.until("another password", || password(&page) != first).await;
}

#[test]
async fn enter_without_a_name_shows_the_fault_and_focuses_the_field() {
    let page = open().await;
    page.enter("Name").await;
    assert_eq!(page.fault("Name"), en(Msg::NameEmpty));
    page.focuses("Name").await;
    page.type_in("Name", "GitHub").await;
    page.until("the fault to go", || page.fault("Name").is_empty()).await;
}

#[test]
async fn enter_without_an_open_vault_keeps_name_and_password() {
    let page = open().await;
    let shown = password(&page);
    page.type_in("Name", "GitHub").await;
    page.enter("Name").await;
    page.says(&en(Msg::LockedSave)).await;
    assert_eq!((page.value("Name"), password(&page)), ("GitHub".to_owned(), shown));
}

#[test]
async fn length_out_of_limits_has_a_fault_and_mints_nothing() {
    let page = open().await;
    for length in ["7", "31", "many", ""] {
        page.type_in("Length", length).await;
        page.until("no password", || password(&page) == en(Msg::NoPassword)).await;
        assert_eq!(page.fault("Length"), en_with(Msg::LengthFault, &[("least", &8), ("most", &30)]));
        page.enter("Name").await;
        page.focuses("Name").await;
    }
    page.type_in("Length", "8").await;
    page.until("8 characters", || password(&page).chars().count() == 8).await;
    assert_eq!(page.fault("Length"), "");
}

#[test]
async fn enter_with_a_faulty_rule_focuses_its_field() {
    let page = open().await;
    page.type_in("Name", "GitHub").await;
    page.type_in("Length", "3").await;
    page.field("Name").focus().unwrap();
    page.enter("Name").await;
    page.focuses("Length").await;
}

#[test]
async fn classes_that_are_off_are_in_no_password_and_all_off_is_a_fault() {
    let page = open().await;
    for class in [Msg::ClassUpper, Msg::ClassDigits, Msg::ClassSymbols] {
        page.tick(&en(class)).await;
    }
    page.until("small letters only", || password(&page).chars().all(|c| c.is_ascii_lowercase())).await;
    page.tick(&en(Msg::ClassLower)).await;
    page.sees(&en(Msg::NothingChosen)).await;
    assert_eq!(page.spoken("alert"), en(Msg::NothingChosen));
}

#[test]
async fn rarer_rules_load_when_opened_and_are_followed() {
    let page = open().await;
    page.press("More rules").await;
    let excluded = "abcdefghijklmnopqrstuvwxyz";
    page.type_in(&en(Msg::Exclude), excluded).await;
    page.until("a fault", || !page.fault(&en(Msg::Exclude)).is_empty()).await;
    assert_eq!(page.fault(&en(Msg::Exclude)), en_with(Msg::ClassEmptied, &[("class", &en(Msg::ClassLower))]));
    page.type_in(&en(Msg::Exclude), &excluded[1..]).await;
    page.until("no small letter but a", || {
        let password = password(&page);
        password.contains('a') && !password.chars().any(|c| excluded[1..].contains(c))
    })
    .await;
    page.type_in_group(&en(Msg::Minimums), "Digits", "15").await;
    page.until("15 digits", || password(&page).chars().filter(char::is_ascii_digit).count() >= 15).await;
}

#[test]
async fn copy_without_a_vault_says_that_the_password_is_not_saved() {
    let page = open().await;
    page.press("Copy").await;
    page.says(&en(Msg::CopiedUnsaved)).await;
    assert_eq!(world::copied(), Some(password(&page)));
}

#[test]
async fn shortcuts_work_unless_a_field_has_the_focus_or_a_dialog_is_open() {
    let page = open().await;
    let first = password(&page);
    page.field("Name").focus().unwrap();
    page.key("g").await;
    assert_eq!(password(&page), first, "it was typed");
    page.field("Name").blur().unwrap();
    page.key("g").await;
    page.until("another password", || password(&page) != first).await;
    page.key("c").await;
    page.says(&en(Msg::CopiedUnsaved)).await;
    page.key("n").await;
    page.focuses("Name").await;
    page.field("Name").blur().unwrap();
    page.key("?").await;
    page.sees(&en(Msg::Keys)).await;
    world::forget_copied();
    page.field("Language").blur().unwrap();
    page.key("c").await;
    assert_eq!(world::copied(), None);
}
