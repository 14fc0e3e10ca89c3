//! The open vault: its list, what is found in it, the bin, and locking.

use leptos::prelude::*;
use shared::ids::EntryId;

use super::vault::{id_of, nothing, open, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::protocol::entry::{EntryState, EntrySummary, EntryUpdate};
use crate::session::Inconsistency;
use crate::text::Msg;

/// The names in the list, from the top.
pub(super) fn names(page: &Page) -> Vec<String> {
    page.shown(".row-name").into_iter().map(|row| row.inner_text()).collect()
}

pub(super) async fn lists(page: &Page, expected: &[&str]) {
    page.until(&format!("the list {expected:?}"), || names(page) == expected).await;
}

#[test]
async fn entries_stand_newest_first_and_are_found_by_what_is_typed() {
    let (page, _) = open(two).await;
    lists(&page, &["Bank", "GitHub"]).await;
    assert_eq!(page.spoken("status"), en_with(Msg::Count, &[("all", &2)]));
    page.type_in("Search", "ADA").await;
    lists(&page, &["GitHub"]).await;
    assert_eq!(page.spoken("status"), en_with(Msg::CountSome, &[("shown", &1), ("all", &2)]));
    page.type_in("Search", "git hub x").await;
    lists(&page, &[]).await;
    assert_eq!(page.spoken("status"), en_with(Msg::NoHit, &[("query", &"git hub x")]));
}

#[test]
async fn an_empty_vault_says_how_to_fill_it() {
    let (page, _) = open(nothing).await;
    page.until("the hint", || page.spoken("status") == en(Msg::EmptyVault)).await;
}

#[test]
async fn of_a_long_list_only_the_rows_in_the_window_are_drawn_and_each_says_its_place() {
    let (page, session) = open(nothing).await;
    let entry = |n: u64| EntrySummary {
        id: EntryId::from_time(n, [1; 10]),
        version: 1,
        name: format!("Entry {n}"),
        username: String::new(),
        website: String::new(),
        tags: Vec::new(),
        changed_at: n,
        binned_at: None,
        state: EntryState::Saved,
    };
    let entries = (1..=900).map(entry).collect();
    session.entries.update(|list| list.apply(EntryUpdate { entries, ..EntryUpdate::default() }));
    page.until("the first row", || names(&page).first().is_some_and(|name| name == "Entry 900")).await;
    assert!(names(&page).len() < 200, "{} rows", names(&page).len());
    let window = crate::platform::browser::window();
    page.until("the last row", || {
        // Rows are higher than they were taken for: the end moves away until they are drawn.
        window.scroll_to_with_x_and_y(0.0, 1e9);
        names(&page).last().is_some_and(|name| name == "Entry 1")
    })
    .await;
    assert!(names(&page).len() < 200, "{} rows", names(&page).len());
    let last = page.shown("li.row").pop().unwrap();
    let place = ["aria-posinset", "aria-setsize"].map(|name| last.get_attribute(name).unwrap_or_default());
    assert_eq!(place, ["900", "900"]);
    window.scroll_to_with_x_and_y(0.0, 0.0);
}

#[test]
async fn a_password_is_shown_hidden_and_copied_in_its_row() {
    let (page, _) = open(two).await;
    page.press("Show GitHub").await;
    page.sees("kV9!mQ2#").await;
    page.press("Hide GitHub").await;
    page.until("the password to go", || !page.text().contains("kV9!mQ2#")).await;
    page.press("Copy GitHub").await;
    page.says(&en_with(Msg::Copied, &[("name", &"GitHub"), ("seconds", &30)])).await;
    assert_eq!(world::copied().as_deref(), Some("kV9!mQ2#"));
}

#[test]
async fn an_entry_goes_into_the_bin_and_comes_back_by_undo() {
    let (page, _) = open(two).await;
    page.press("Delete GitHub").await;
    page.says(&en_with(Msg::Deleted, &[("name", &"GitHub")])).await;
    lists(&page, &["Bank"]).await;
    page.press("Undo").await;
    page.until("GitHub", || names(&page).contains(&"GitHub".to_owned())).await;
}

#[test]
async fn an_entry_in_the_bin_is_restored_or_deleted_for_good() {
    let (page, session) = open(two).await;
    let id = id_of(session, "Bank");
    for name in ["GitHub", "Bank"] {
        page.press(&format!("Delete {name}")).await;
        page.until("the row to go", || !names(&page).contains(&name.to_owned())).await;
    }
    page.press("Bin (2)").await;
    page.sees(&en_with(Msg::BinHint, &[("days", &30)])).await;
    page.press("Restore GitHub").await;
    page.says(&en_with(Msg::Restored, &[("name", &"GitHub")])).await;
    lists(&page, &["Bank"]).await;
    page.press("Delete for good Bank").await;
    page.says(&en_with(Msg::Erased, &[("name", &"Bank")])).await;
    assert!(world::heard().iter().any(|(request, _)| request.starts_with(&format!("DELETE passwords/{id}?replaces="))));
    page.until("the bin to be empty", || page.spoken("status") == en(Msg::BinEmpty)).await;
    page.press(&en(Msg::BinLeave)).await;
    lists(&page, &["GitHub"]).await;
}

#[test]
async fn locking_takes_the_entries_away_and_asks_for_the_passphrase() {
    let (page, _) = open(two).await;
    lists(&page, &["Bank", "GitHub"]).await;
    page.press("Lock").await;
    page.says(&en(Msg::Locked)).await;
    assert!(!page.text().contains("GitHub") && !page.offers("Lock"));
    page.focuses("Passphrase").await;
}

#[test]
async fn a_session_that_the_server_has_ended_locks_the_vault_and_says_so() {
    let (page, session) = open(two).await;
    world::answer(|request, _| {
        request.starts_with("GET passwords?").then(|| (401, r#"{"code":"session-ended"}"#.to_owned()))
    });
    session.refresh();
    page.until("the lock", || page.spoken("status") == en(Msg::SessionEnded)).await;
    assert!(!page.text().contains("GitHub"));
}

#[test]
async fn a_server_that_does_not_answer_is_said_in_the_header() {
    let (page, session) = open(two).await;
    assert!(!page.spoken("status").contains(&en(Msg::ServerSilent)));
    world::answer(|_, _| Some((world::SILENT, String::new())));
    session.refresh();
    page.until("the word", || page.spoken("status").contains(&en(Msg::ServerSilent))).await;
    lists(&page, &["Bank", "GitHub"]).await;
}

#[test]
async fn what_does_not_add_up_is_an_alert_until_the_person_takes_it() {
    let (page, session) = open(two).await;
    session.inconsistency.set(Some(Inconsistency::Missing { changes: 2 }));
    page.until("the alert", || page.spoken("alert") == en_with(Msg::DoubtMissing, &[("changes", &2)])).await;
    page.press(&en(Msg::DoubtAccept)).await;
    page.until("the alert to go", || page.spoken("alert").is_empty()).await;
}
