//! The dialogs for one entry: showing, changing, making it, and resolving a conflict.

use generator::kind::Rules;

use super::list::{lists, names};
use super::vault::{conflict, nothing, open, save, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::Keyring;
use crate::keyring::protocol::entry::{Content, EntryUpdate};
use crate::keyring::tests::server::VaultServer;
use crate::keyring::tests::{Counter, content};
use crate::text::Msg;

/// An entry whose password the generator minted, with its rules.
fn minted(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    save(keyring, server, 1, Content { rules: Some(Rules::default()), ..content("GitHub", "kV9!mQ2#") })
}

/// Opens the dialog of an entry.
async fn look_at(page: &Page, name: &str) {
    page.press(name).await;
    page.until("the entry", || page.offers("Show Password")).await;
}

#[test]
async fn entry_shows_its_fields_and_its_password_only_on_request() {
    let (page, _) = open(two).await;
    look_at(&page, "GitHub").await;
    page.sees("ada").await;
    assert!(!page.text().contains("kV9!mQ2#"));
    page.press("Show Password").await;
    page.sees("kV9!mQ2#").await;
    page.press("Copy Username").await;
    page.says(&en_with(Msg::Copied, &[("name", &"GitHub"), ("seconds", &30)])).await;
    assert_eq!(world::copied().as_deref(), Some("ada"));
    page.press("Close").await;
    page.until("the page", || page.offers("Lock")).await;
}

#[test]
async fn changed_password_stays_in_the_history() {
    let (page, _) = open(two).await;
    look_at(&page, "GitHub").await;
    page.press("Edit").await;
    page.type_in("Name", "GitHub (work)").await;
    page.type_in("Password", "another").await;
    page.press(&en(Msg::SaveEntry)).await;
    page.says(&en_with(Msg::Saved, &[("name", &"GitHub (work)")])).await;
    lists(&page, &["GitHub (work)", "Bank"]).await;
    look_at(&page, "GitHub (work)").await;
    page.press("Show Password").await;
    page.sees("another").await;
    page.press("Earlier passwords (1)").await;
    page.press(&page.shown("li button")[0].get_attribute("aria-label").unwrap()).await;
    page.sees("kV9!mQ2#").await;
}

#[test]
async fn new_entry_without_a_name_has_a_fault_beside_the_field() {
    let (page, _) = open(nothing).await;
    page.press(&en(Msg::AddEntry)).await;
    page.press(&en(Msg::SaveEntry)).await;
    page.until("the fault", || page.fault("Name") == en(Msg::EntryNameEmpty)).await;
    page.focuses("Name").await;
    page.type_in("Name", "GitLab").await;
    page.type_in("Website", &"x".repeat(5000)).await;
    page.press(&en(Msg::SaveEntry)).await;
    page.until("the fault", || !page.fault("Website").is_empty()).await;
    assert_eq!(page.fault("Name"), "");
    page.focuses("Website").await;
}

#[test]
async fn typed_text_is_stored_as_a_draft_and_comes_back() {
    let (page, _) = open(nothing).await;
    page.press(&en(Msg::AddEntry)).await;
    page.type_in("Name", "GitLab").await;
    page.type_in("Username", "ada").await;
    page.until("the draft", || page.spoken("status") == en(Msg::DraftKept)).await;
    page.press("Close").await;
    lists(&page, &["GitLab"]).await;
    page.press(&format!("{} GitLab", en(Msg::DraftSave))).await;
    page.until("the form", || page.shown("#entry-login").len() == 1).await;
    assert_eq!((page.value("Name"), page.value("Username")), ("GitLab".to_owned(), "ada".to_owned()));
    page.press(&en(Msg::DraftDiscard)).await;
    page.until("the list", || page.offers("Lock")).await;
    lists(&page, &[]).await;
}

#[test]
async fn generate_in_the_entry_form_follows_the_generators_rules() {
    let (page, _) = open(nothing).await;
    page.type_in("Length", "11").await;
    page.press(&en(Msg::AddEntry)).await;
    page.press(&en(Msg::GenerateHere)).await;
    page.until("the password", || page.value("Password").chars().count() == 11).await;
}

#[test]
async fn duplicate_is_saved_as_a_new_entry() {
    let (page, _) = open(two).await;
    look_at(&page, "GitHub").await;
    page.press("Duplicate").await;
    page.until("the form", || page.shown("#entry-name").len() == 1).await;
    assert_eq!((page.value("Name"), page.value("Username")), ("GitHub (copy)".to_owned(), "ada".to_owned()));
    page.press(&en(Msg::SaveEntry)).await;
    page.says(&en_with(Msg::Saved, &[("name", &"GitHub (copy)")])).await;
    lists(&page, &["GitHub (copy)", "Bank", "GitHub"]).await;
}

#[test]
async fn new_password_by_the_entrys_rules_is_copied_and_saved() {
    let (page, _) = open(minted).await;
    look_at(&page, "GitHub").await;
    page.press(&en(Msg::Rotate)).await;
    page.says(&en_with(Msg::Rotated, &[("name", &"GitHub")])).await;
    page.until("the history", || page.offers("Earlier passwords (1)")).await;
    page.press("Show Password").await;
    page.sees(&world::copied().unwrap()).await;
}

#[test]
async fn entry_without_rules_offers_no_new_password() {
    let (page, _) = open(two).await;
    look_at(&page, "Bank").await;
    assert!(page.offers("Edit") && !page.offers(&en(Msg::Rotate)));
}

#[test]
async fn delete_in_the_dialog_puts_the_entry_into_the_bin() {
    let (page, _) = open(two).await;
    look_at(&page, "GitHub").await;
    page.press("Delete").await;
    page.says(&en_with(Msg::Deleted, &[("name", &"GitHub")])).await;
    lists(&page, &["Bank"]).await;
}

#[test]
async fn conflict_shows_both_versions_and_the_person_picks_one() {
    let (page, _) = open(conflict).await;
    page.sees(&en(Msg::Conflict)).await;
    page.press("Compare Bank").await;
    page.until("both sides", || page.shown(".side").len() == 2).await;
    let [mine, theirs] = [0, 1].map(|side| page.shown(".side")[side].inner_text());
    assert!(mine.contains(&en(Msg::SideMine)) && theirs.contains("Bank (theirs)"), "{mine}\n{theirs}");
    assert!(mine.contains(&en_with(Msg::SideDiffers, &[("field", &"Name")])), "{mine}");
    page.press(&en(Msg::KeepTheirs)).await;
    page.until("the end", || page.notice().ends_with("is settled.")).await;
    page.until("theirs", || names(&page) == ["Bank (theirs)"]).await;
}
