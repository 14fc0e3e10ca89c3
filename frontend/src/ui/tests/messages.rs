//! The notice at the page's foot, and the dialog over the page.

use leptos::prelude::*;

use super::{Page, en};
use crate::browser_test::test;
use crate::platform::browser::document;
use crate::text::Msg;
use crate::ui::dialog::{Tool, use_dialog};
use crate::ui::lazy::{Lazy, use_lazy_parts};
use crate::ui::notice::use_notices;

/// What is spoken by this role at the page's foot.
fn spoken(role: &str) -> String {
    let said = document().query_selector(&format!(".notice [role={role}]")).unwrap().unwrap();
    said.text_content().unwrap_or_default()
}

#[test]
async fn a_problem_is_an_alert_a_result_is_a_status_and_the_newest_stands_alone() {
    let page = Page::open(|| ()).await;
    let notices = page.owner.with(use_notices);
    notices.problem(|| "It broke.".to_owned());
    page.says("It broke.").await;
    assert_eq!((spoken("alert").as_str(), spoken("status").as_str()), ("It broke.", ""));
    notices.result(|| "Done.".to_owned());
    page.says("Done.").await;
    assert_eq!((spoken("alert").as_str(), spoken("status").as_str()), ("", "Done."));
    page.press(&en(Msg::Dismiss)).await;
    page.until("silence", || page.notice().is_empty()).await;
    assert!(!page.offers(&en(Msg::Dismiss)));
}

#[test]
async fn what_a_notice_offers_is_done_once_and_the_notice_goes() {
    let page = Page::open(|| ()).await;
    let notices = page.owner.with(use_notices);
    let done = RwSignal::new_local(0);
    let act = page.owner.with(|| Callback::new(move |()| done.update(|done| *done += 1)));
    notices.offer(|| "Put away.".to_owned(), (Msg::Undo, act), None);
    page.press("Undo").await;
    page.until("silence", || page.notice().is_empty()).await;
    assert_eq!(done.get_untracked(), 1);
    assert!(!page.offers("Undo"));
}

#[test]
async fn a_part_that_did_not_come_closes_the_dialog_and_says_so() {
    let page = Page::open(|| ()).await;
    let (parts, dialog) = page.owner.with(|| (use_lazy_parts(), use_dialog()));
    dialog.open(Tool::Bulk);
    page.sees(&en(Msg::BulkTitle)).await;
    parts.tools.set(Lazy::Failed);
    page.says(&en(Msg::NoPart)).await;
    assert!(!dialog.is_open());
}

#[test]
async fn closing_by_the_browser_closes_the_dialog_for_the_page_too() {
    let page = Page::open(|| ()).await;
    let dialog = page.owner.with(use_dialog);
    dialog.open(Tool::Trust);
    page.sees(&en(Msg::TrustIntro)).await;
    let element: web_sys::HtmlDialogElement =
        wasm_bindgen::JsCast::unchecked_into(document().query_selector("dialog").unwrap().unwrap());
    // As Esc does.
    element.close();
    page.until("the dialog to be closed", || !dialog.is_open()).await;
}
