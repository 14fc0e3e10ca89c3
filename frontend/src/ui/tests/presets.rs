//! Presets.

use leptos::prelude::*;

use super::generator::{open, password};
use super::{Page, en, en_with};
use crate::browser_test::test;
use crate::text::Msg;
use crate::ui::generator::Generator;
use crate::ui::mint::CHOSEN_SETTING;

/// Stores rules with the length 11 under this name.
async fn keep(page: &Page, name: &str) {
    page.press("More rules").await;
    page.type_in("Length", "11").await;
    page.press(&en(Msg::PresetKeep)).await;
    page.type_in(&en(Msg::PresetName), name).await;
    page.press(&en(Msg::PresetKeepNow)).await;
}

fn chosen(page: &Page) -> String {
    let list: web_sys::HtmlSelectElement = wasm_bindgen::JsCast::unchecked_into(page.field("Preset"));
    list.selected_options().item(0).and_then(|option| option.text_content()).unwrap_or_default()
}

#[test]
async fn stored_preset_is_there_after_a_reload() {
    let page = open().await;
    keep(&page, "Short").await;
    page.says(&en_with(Msg::PresetKept, &[("name", &"Short")])).await;
    page.focuses("Preset").await;
    assert_eq!(chosen(&page), "Short");
    drop(page);

    let page = Page::reload(|| view! { <Generator/> });
    page.owner.with(|| crate::ui::lazy_parts::use_lazy_parts().load_rules());
    page.until("11 characters", || password(&page).chars().count() == 11).await;
    page.press("More rules").await;
    page.until("the preset", || !page.shown("#preset").is_empty() && chosen(&page) == "Short").await;
}

#[test]
async fn preset_without_a_name_has_a_fault_beside_the_field() {
    let page = open().await;
    keep(&page, " ").await;
    assert_eq!(page.fault(&en(Msg::PresetName)), en(Msg::PresetNameEmpty));
    page.focuses(&en(Msg::PresetName)).await;
}

#[test]
async fn changed_rules_go_back_to_the_preset_which_can_be_deleted() {
    let page = open().await;
    keep(&page, "Short").await;
    page.type_in("Length", "12").await;
    page.press(&en_with(Msg::PresetBack, &[("name", &"Short")])).await;
    page.until("11", || page.value("Length") == "11").await;
    page.press(&en(Msg::PresetDelete)).await;
    page.says(&en_with(Msg::PresetDeleted, &[("name", &"Short")])).await;
    assert_eq!((chosen(&page), page.value("Length")), (en(Msg::PresetUsual), "11".to_owned()));
    assert_eq!(crate::platform::browser::setting(CHOSEN_SETTING), None);
    page.until("nothing to delete", || !page.offers(&en(Msg::PresetDelete))).await;
}
