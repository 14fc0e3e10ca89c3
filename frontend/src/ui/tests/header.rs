//! The header.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;

use super::{Page, en};
use crate::browser_test::test;
use crate::platform::browser::{self, document};
use crate::text::Msg;
use crate::ui::header::Header;

#[test]
async fn settings_open_over_the_page_and_close() {
    let page = Page::open(|| view! { <Header/> }).await;
    assert_eq!(page.shown("h1")[0].text_content().as_deref(), Some("Passmint"));
    page.press("Settings").await;
    page.until("the dialog", || !page.shown("dialog[open]").is_empty() || page.offers("Close")).await;
    let dialog = document().query_selector("dialog[open]").unwrap().expect("a dialog");
    assert_eq!(dialog.get_attribute("aria-labelledby").as_deref(), Some("dialog-title"));
    assert_eq!(document().get_element_by_id("dialog-title").unwrap().text_content().as_deref(), Some("Settings"));
    assert!(dialog.contains(document().active_element().as_deref()), "the focus is in the dialog");
    page.press("Close").await;
    page.until("the page", || document().query_selector("dialog").unwrap().is_none()).await;
}

#[test]
async fn newer_page_is_offered_and_taken_on_request() {
    let page = Page::open(|| view! { <Header/> }).await;
    assert!(!page.offers(&en(Msg::UpdateNow)));
    let taken = Rc::new(Cell::new(false));
    let seen = Rc::clone(&taken);
    let listener = window_event_listener_untyped("passmint:take-update", move |_| seen.set(true));
    browser::dispatch("passmint:update");
    page.says(&en(Msg::UpdateReady)).await;
    let buttons = page.shown("button").into_iter();
    let offers: Vec<_> = buttons.filter(|it| it.inner_text() == en(Msg::UpdateNow)).collect();
    assert_eq!(offers.len(), 2, "at the top and at the foot");
    assert!(!taken.get());
    offers[1].click();
    page.until("the page to be told", || taken.get()).await;
    listener.remove();
    page.until("the notice to go", || page.notice().is_empty()).await;
}
