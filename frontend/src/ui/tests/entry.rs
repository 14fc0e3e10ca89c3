//! One entry, in the dialog: looked at, changed, made, and compared with what came from elsewhere.

use generator::kind::Rules;

use super::list::{lists, names};
use super::vault::{conflict, nothing, open, save, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::Keyring;
use crate::keyring::protocol::entry::{Content, EntryUpdate};
use crate::keyring::tests::{Counter, content};
use crate::text::Msg;

/// An entry of the generator's, with its rules.
fn minted(keyring: &mut Keyring<Counter>) -> EntryUpdate {
    save(keyring, 1, Content { rules: Some(Rules::default()), ..content("GitHub", "kV9!mQ2#") })
}

/// Opens the dialog of an entry.
async fn look_at(page: &Page, name: &str) {
    page.press(name).await;
    page.until("the entry", || page.offers("Show Password")).await;
}

#[test]
async fn an_entry_shows_what_it_holds_and_its_password_only_when_asked() {
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
async fn a_password_that_is_changed_stays_in_the_history() {
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
async fn a_new_entry_needs_a_name_and_says_so_beside_the_field() {
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
async fn what_is_typed_is_kept_as_a_draft_and_comes_back() {
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
async fn a_password_for_an_entry_comes_from_the_generators_rules() {
    let (page, _) = open(nothing).await;
    page.type_in("Length", "11").await;
    page.press(&en(Msg::AddEntry)).await;
    page.press(&en(Msg::GenerateHere)).await;
    page.until("the password", || page.value("Password").chars().count() == 11).await;
}

#[test]
async fn a_copy_of_an_entry_is_a_new_one() {
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
async fn a_new_password_by_the_same_rules_is_copied_and_saved() {
    let (page, _) = open(minted).await;
    look_at(&page, "GitHub").await;
    page.press(&en(Msg::Rotate)).await;
    page.says(&en_with(Msg::Rotated, &[("name", &"GitHub")])).await;
    page.until("the history", || page.offers("Earlier passwords (1)")).await;
    page.press("Show Password").await;
    page.sees(&world::copied().unwrap()).await;
}

#[test]
async fn without_rules_no_password_by_the_same_rules_is_offered() {
    let (page, _) = open(two).await;
    look_at(&page, "Bank").await;
    assert!(page.offers("Edit") && !page.offers(&en(Msg::Rotate)));
}

#[test]
async fn an_entry_goes_into_the_bin_from_its_dialog() {
    let (page, _) = open(two).await;
    look_at(&page, "GitHub").await;
    page.press("Delete").await;
    page.says(&en_with(Msg::Deleted, &[("name", &"GitHub")])).await;
    lists(&page, &["Bank"]).await;
}

#[test]
async fn both_sides_of_a_conflict_stand_beside_each_other_and_the_person_picks() {
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
