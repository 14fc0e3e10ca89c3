//! The open vault: list, search, bin, and locking.

use leptos::prelude::*;
use shared::ids::EntryId;

use super::vault::{id_of, nothing, open, sent, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::protocol::entry::{EntryState, EntrySummary, EntryUpdate};
use crate::text::Msg;

/// The names in the list, from the top.
pub(super) fn names(page: &Page) -> Vec<String> {
    page.shown(".row-name").into_iter().map(|row| row.inner_text()).collect()
}

pub(super) async fn lists(page: &Page, expected: &[&str]) {
    page.until(&format!("the list {expected:?}"), || names(page) == expected).await;
}

#[test]
async fn entries_are_listed_newest_first_and_found_by_search() {
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
async fn empty_vault_says_how_to_fill_it() {
    let (page, _) = open(nothing).await;
    page.until("the hint", || page.spoken("status") == en(Msg::EmptyVault)).await;
}

#[test]
async fn long_list_draws_only_rows_in_the_window_with_their_positions() {
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
        // Rows are higher than estimated: the end moves down until they are drawn.
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
async fn row_shows_hides_and_copies_its_password() {
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
async fn deleted_entry_goes_into_the_bin_and_undo_brings_it_back() {
    let (page, _) = open(two).await;
    page.press("Delete GitHub").await;
    page.says(&en_with(Msg::Deleted, &[("name", &"GitHub")])).await;
    lists(&page, &["Bank"]).await;
    page.press("Undo").await;
    page.until("GitHub", || names(&page).contains(&"GitHub".to_owned())).await;
    // Otherwise the undo would still be sent during the next test.
    page.until("the saved entry", || page.offers("Delete GitHub")).await;
}

#[test]
async fn entry_in_the_bin_is_restored_or_erased() {
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
    assert!(sent().iter().any(|change| change.id == id && change.sealed.is_deletion()));
    page.until("the bin to be empty", || page.spoken("status") == en(Msg::BinEmpty)).await;
    page.press(&en(Msg::BinLeave)).await;
    lists(&page, &["GitHub"]).await;
}

#[test]
async fn lock_removes_the_entries_and_asks_for_the_passphrase() {
    let (page, _) = open(two).await;
    lists(&page, &["Bank", "GitHub"]).await;
    page.press("Lock").await;
    page.says(&en(Msg::Locked)).await;
    assert!(!page.text().contains("GitHub") && !page.offers("Lock"));
    page.focuses("Passphrase").await;
}

#[test]
async fn session_ended_by_the_server_locks_the_vault_and_says_so() {
    let (page, session) = open(two).await;
    world::answer(|request, _| {
        request.starts_with("GET changes?").then(|| (401, r#"{"code":"session-ended"}"#.to_owned()))
    });
    session.refresh();
    page.until("the lock", || page.spoken("status") == en(Msg::SessionEnded)).await;
    assert!(!page.text().contains("GitHub"));
}

#[test]
async fn header_says_when_the_server_does_not_answer() {
    let (page, session) = open(two).await;
    assert!(!page.spoken("status").contains(&en(Msg::ServerSilent)));
    world::answer(|_, _| Some((world::SILENT, String::new())));
    session.refresh();
    page.until("the word", || page.spoken("status").contains(&en(Msg::ServerSilent))).await;
    lists(&page, &["Bank", "GitHub"]).await;
}
