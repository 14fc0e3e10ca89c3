//! Saving the generator's password, and drafts.

use std::cell::Cell;
use std::rc::Rc;

use shared::ids::AccountId;
use shared::sessions::CredentialName;

use super::generator::password;
use super::list::{lists, names};
use super::vault::{locked, nothing, open, saves, sent, serve_keyring};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::protocol::entry::EntryUpdate;
use crate::keyring::tests::{draft_key, open_keyring};
use crate::text::Msg;
use crate::workers::client::KeyringClient;

async fn save(page: &Page, name: &str) {
    page.type_in("Name", name).await;
    page.enter("Name").await;
}

#[test]
async fn enter_saves_and_copies_and_the_next_name_gets_another_password() {
    let (page, _) = open(nothing).await;
    let shown = password(&page);
    save(&page, " GitLab ").await;
    page.says(&en_with(Msg::SavedCopied, &[("name", &"GitLab")])).await;
    assert_eq!(world::copied(), Some(shown.clone()));
    lists(&page, &["GitLab"]).await;
    page.sees(&en_with(Msg::StateSaved, &[("name", &"GitLab")])).await;
    assert_eq!(sent().len(), 1);
    assert!(world::heard().iter().all(|(_, body)| !body.contains("GitLab") && !body.contains(&shown)), "it is sealed");
    assert_eq!((page.value("Name"), password(&page)), (String::new(), shown.clone()));
    page.type_in("Name", "B").await;
    page.until("another password", || password(&page) != shown).await;
}

#[test]
async fn unsent_entry_waits_in_the_list_and_is_sent_again() {
    let (page, _) = open(nothing).await;
    let is_silent = Rc::new(Cell::new(true));
    let silent = Rc::clone(&is_silent);
    world::answer(move |request, _| {
        (silent.get() && request == "POST changes").then(|| (world::SILENT, String::new()))
    });
    save(&page, "GitLab").await;
    page.says(&en_with(Msg::NotSavedSilent, &[("name", &"GitLab")])).await;
    page.sees(&en(Msg::Waiting)).await;
    page.sees(&en_with(Msg::StateWaiting, &[("name", &"GitLab")])).await;
    is_silent.set(false);
    page.press("Try again GitLab").await;
    page.sees(&en_with(Msg::StateSaved, &[("name", &"GitLab")])).await;
    page.until("the delete button", || page.offers("Delete GitLab")).await;
    assert!(sent().len() >= 2 && sent().iter().all(|change| *change == sent()[0]), "the same bytes each time");
}

#[test]
async fn refused_entry_says_why_and_can_be_discarded() {
    let (page, _) = open(nothing).await;
    world::answer(|request, _| (request == "POST changes").then(|| (507, r#"{"code":"vault-full"}"#.to_owned())));
    save(&page, "GitLab").await;
    let why = en(Msg::VaultFull);
    page.says(&en_with(Msg::NotSaved, &[("name", &"GitLab"), ("why", &why)])).await;
    page.sees(&why).await;
    page.press("Discard GitLab").await;
    lists(&page, &[]).await;
}

#[test]
async fn copied_password_is_stored_as_a_draft_until_it_is_discarded() {
    let (page, _) = open(nothing).await;
    let shown = password(&page);
    page.press("Copy").await;
    page.says(&en(Msg::CopiedKept)).await;
    assert_eq!(world::copied(), Some(shown.clone()));
    lists(&page, &[&en(Msg::DraftUnnamed)]).await;
    page.sees(&en(Msg::DraftsHint)).await;
    page.press(&format!("{} A copied password", en(Msg::DraftSave))).await;
    page.until("the draft", || page.shown("#entry-password").len() == 1).await;
    assert_eq!(page.value("Password"), shown);
    page.press("Close").await;
    page.press("Discard A copied password").await;
    lists(&page, &[]).await;
    assert!(crate::platform::local_store::all().await.unwrap().is_empty());
}

#[test]
async fn saved_draft_becomes_an_entry() {
    let (page, _) = open(nothing).await;
    page.press("Copy").await;
    page.press(&format!("{} A copied password", en(Msg::DraftSave))).await;
    page.until("the form", || page.shown("#entry-name").len() == 1).await;
    page.type_in("Name", "GitLab").await;
    page.press(&en(Msg::SaveEntry)).await;
    page.says(&en_with(Msg::Saved, &[("name", &"GitLab")])).await;
    lists(&page, &["GitLab"]).await;
    assert!(!page.text().contains(&en(Msg::DraftsHint)));
}

#[test]
async fn password_saved_while_locked_becomes_an_entry_at_unlock() {
    let (page, session) = open(nothing).await;
    page.press("Lock").await;
    page.says(&en(Msg::Locked)).await;
    save(&page, "GitLab").await;
    page.says(&en_with(Msg::LockedSaveKept, &[("name", &"GitLab")])).await;
    page.focuses("Passphrase").await;
    assert!(sent().is_empty());
    let keyring = KeyringClient::start().await.unwrap();
    let (account, key) = (AccountId::from_random([1; 16]), draft_key(&open_keyring()));
    session.open_with(account, CredentialName::Passphrase, &key, keyring, EntryUpdate::default());
    page.says(&en_with(Msg::SavedCopied, &[("name", &"GitLab")])).await;
    page.until("the entry", || names(&page).contains(&"GitLab".to_owned())).await;
}

#[test]
async fn save_without_any_vault_says_that_nothing_is_stored() {
    let (page, _) = locked().await;
    serve_keyring(nothing);
    world::answer(saves);
    page.press("Copy").await;
    page.says(&en(Msg::CopiedUnsaved)).await;
    save(&page, "GitLab").await;
    page.says(&en(Msg::LockedSave)).await;
    page.focuses("Passphrase").await;
    assert_eq!(page.value("Name"), "GitLab");
    assert_eq!(crate::session::count_stored().await, 0);
}
