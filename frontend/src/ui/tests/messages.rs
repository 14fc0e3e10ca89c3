//! The notices at the foot of the page, and the dialog.

use leptos::prelude::*;

use super::{Page, en};
use crate::browser_test::test;
use crate::platform::browser::document;
use crate::text::Msg;
use crate::ui::dialog::{Tool, use_dialog};
use crate::ui::lazy_parts::{Lazy, use_lazy_parts};
use crate::ui::notice::use_notices;

/// The text of this role in the bar at the foot.
fn spoken(role: &str) -> String {
    let said = document().query_selector(&format!(".notice [role={role}]")).unwrap().unwrap();
    said.text_content().unwrap_or_default()
}

#[test]
async fn problem_is_an_alert_and_result_a_status_and_only_the_newest_is_shown() {
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
async fn button_of_a_notice_runs_once_and_closes_it() {
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
async fn part_that_does_not_load_closes_the_dialog_and_says_so() {
    let page = Page::open(|| ()).await;
    let (parts, dialog) = page.owner.with(|| (use_lazy_parts(), use_dialog()));
    dialog.open(Tool::Bulk);
    page.sees(&en(Msg::BulkTitle)).await;
    parts.tools.set(Lazy::Failed);
    page.says(&en(Msg::NoPart)).await;
    assert!(!dialog.is_open());
}

#[test]
async fn dialog_closed_by_the_browser_is_closed_for_the_page() {
    let page = Page::open(|| ()).await;
    let dialog = page.owner.with(use_dialog);
    dialog.open(Tool::Trust);
    page.sees(&en(Msg::TrustIntro)).await;
    let element: web_sys::HtmlDialogElement =
        wasm_bindgen::JsCast::unchecked_into(document().query_selector("dialog").unwrap().unwrap());
    // Esc does the same.
    element.close();
    page.until("the dialog to be closed", || !dialog.is_open()).await;
}
