//! Import and export.

use leptos::prelude::Set;

use super::account::unlocked;
use super::generator::password;
use super::vault::{nothing, open, sent, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::tests::login::PASSPHRASE;
use crate::session::VaultDoubt;
use crate::text::{self, Msg};

const CHROME: &str = include_str!("../../model/import_export/fixtures/chrome.csv");
const LOCKED: &str = include_str!("../../model/import_export/fixtures/bitwarden-pbkdf2.json");

async fn import(page: &Page, name: &str, text: &str) {
    page.press("Import").await;
    page.sees(&en(Msg::ImportIntro)).await;
    page.choose_file(&en(Msg::ImportFile), name, text).await;
}

#[test]
async fn import_shows_a_preview_before_anything_is_saved() {
    let (page, _) = open(nothing).await;
    import(&page, "chrome.csv", CHROME).await;
    page.sees(&en(Msg::ImportWill)).await;
    let found = en_with(Msg::ImportFound, &[("source", &"Chrome, Edge, Brave"), ("all", &3), ("good", &3)]);
    assert_eq!(page.spoken("status"), found);
    page.sees("github.com").await;
    page.sees(&en(Msg::RowNamedWebsite)).await;
    assert!(!page.text().contains("hunter2"));
    assert_eq!(sent().len(), 0);
    text::speak(world::texts("de"));
    page.sees(world::texts("de").get(Msg::RowNamedWebsite)).await;
    text::speak(world::texts("en"));
    page.press(&en_with(Msg::ImportStart, &[("count", &3)])).await;
    page.sees(&en_with(Msg::ImportDoneSaved, &[("count", &3)])).await;
    assert_eq!(sent().len(), 3);
    page.press("Close").await;
    page.until("the entries", || page.shown(".row-name").len() == 3).await;
}

#[test]
async fn entries_that_the_vault_has_are_not_imported_twice() {
    let (page, _) = open(nothing).await;
    for (saved, known) in [(3, 0), (0, 3)] {
        import(&page, "chrome.csv", CHROME).await;
        page.press(&en_with(Msg::ImportStart, &[("count", &3)])).await;
        page.sees(&en_with(Msg::ImportDoneSaved, &[("count", &saved)])).await;
        if known > 0 {
            page.sees(&en_with(Msg::ImportDoneKnown, &[("count", &known)])).await;
        }
        page.press("Close").await;
        page.until("the page", || page.offers("Lock")).await;
    }
}

#[test]
async fn columns_of_an_unknown_table_are_assigned_by_the_person() {
    let (page, _) = open(nothing).await;
    import(&page, "table.csv", "a,b\nGitLab,s3cret\n").await;
    page.sees(&en(Msg::ColumnsIntro)).await;
    for column in ["a", "b"] {
        page.choose(column, &en(Msg::ColumnsLeave)).await;
    }
    page.press(&en(Msg::ColumnsDone)).await;
    page.until("the alert", || page.spoken("alert") == en(Msg::ColumnsNothing)).await;
    page.choose("a", "Name").await;
    page.choose("b", "Password").await;
    page.until("the password to be hidden", || !page.text().contains("s3cret")).await;
    page.press(&en(Msg::ColumnsDone)).await;
    let table = en(Msg::ImportTable);
    let found = en_with(Msg::ImportFound, &[("source", &table), ("all", &1), ("good", &1)]);
    page.until("the preview", || page.spoken("status") == found).await;
}

#[test]
async fn unreadable_file_is_refused_with_advice() {
    let (page, _) = open(nothing).await;
    import(&page, "empty.csv", "").await;
    page.until("the alert", || page.spoken("alert") == en(Msg::FileEmpty)).await;
    page.choose_file(&en(Msg::ImportFile), "page.xml", "<xml></xml>").await;
    page.until("the alert", || page.spoken("alert") == en(Msg::FileMarkup)).await;
    assert!(!page.shown("#import-file").is_empty(), "another can be chosen");
}

#[test]
async fn encrypted_file_asks_for_its_password() {
    let (page, _) = open(nothing).await;
    import(&page, "bitwarden.json", LOCKED).await;
    let field = en(Msg::ImportPassword);
    page.focuses(&field).await;
    page.enter(&field).await;
    page.until("the fault", || page.fault(&field) == en(Msg::ImportPasswordEmpty)).await;
    page.type_in(&field, "wrong").await;
    page.press(&en(Msg::ImportOpen)).await;
    page.until("the fault", || page.fault(&field) == en(Msg::ImportPasswordWrong)).await;
    page.press(&en(Msg::ImportOther)).await;
    page.sees(&en(Msg::ImportIntro)).await;
}

/// A vault with two entries, opened by its passphrase, and their passwords.
async fn two_saved() -> (Page, [String; 2]) {
    let page = unlocked().await;
    let mut passwords = [String::new(), String::new()];
    for (name, saved) in ["GitHub", "Bank"].into_iter().zip(&mut passwords) {
        page.type_in("Name", name).await;
        saved.clone_from(&password(&page));
        page.enter("Name").await;
        page.says(&en_with(Msg::SavedCopied, &[("name", &name)])).await;
    }
    (page, passwords)
}

#[test]
async fn unencrypted_export_warns_and_holds_every_entry_after_the_passphrase() {
    let (page, passwords) = two_saved().await;
    page.press("Export").await;
    page.tick(&en(Msg::ExportJson)).await;
    page.sees(&en(Msg::ExportBare)).await;
    let field = en(Msg::ConfirmPassphrase);
    page.type_in(&field, "not the passphrase").await;
    // A button of the panel has the same name, but is not in the dialog.
    page.press(&en(Msg::ExportNow)).await;
    page.until("the fault", || page.fault(&field) == en(Msg::ConfirmWrong)).await;
    assert!(world::saved().await.is_empty());
    page.type_in(&field, PASSPHRASE).await;
    page.press(&en(Msg::ExportNow)).await;
    page.until("the end", || page.spoken("status").starts_with("Exported: 2")).await;
    let [(name, file)] = world::saved().await.try_into().expect("one file");
    assert!(page.spoken("status").contains(&name) && name.ends_with(".json"), "{name}");
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    for (entry, password) in ["GitHub", "Bank"].into_iter().zip(passwords) {
        let items = file["items"].as_array().unwrap();
        assert!(items.iter().any(|item| item["name"] == entry && item["login"]["password"] == password), "{entry}");
    }
}

#[test]
async fn unencrypted_export_needs_a_proof_and_says_when_the_server_is_silent() {
    let (page, _) = open(two).await;
    page.press("Export").await;
    page.tick(&en(Msg::ExportCsv)).await;
    let field = en(Msg::ConfirmPassphrase);
    page.press(&en(Msg::ExportNow)).await;
    page.until("the fault", || page.fault(&field) == en(Msg::PassphraseEmpty)).await;
    page.type_in(&field, "not the passphrase").await;
    world::answer(|_, _| Some((world::SILENT, String::new())));
    page.press(&en(Msg::ExportNow)).await;
    page.until("the alert", || page.spoken("alert").contains(&en(Msg::ExportNeedsServer))).await;
    assert!(world::saved().await.is_empty());
}

#[test]
async fn export_with_doubts_says_that_entries_may_be_old() {
    let (page, session) = open(two).await;
    session.vault_doubt.set(Some(VaultDoubt::HeadWrong));
    page.press("Export").await;
    page.sees(&en(Msg::ExportDoubt)).await;
}

#[test]
async fn backup_needs_a_passphrase_of_its_own() {
    let (page, _) = open(two).await;
    page.press("Export").await;
    let (passphrase, again) = (en(Msg::ExportPassphrase), en(Msg::PassphraseAgain));
    page.type_in(&passphrase, "short").await;
    page.enter(&passphrase).await;
    page.until("the fault", || page.fault(&passphrase) == en_with(Msg::PassphraseShort, &[("least", &12)])).await;
    page.focuses(&passphrase).await;
    page.type_in(&passphrase, "long enough for it").await;
    page.type_in(&again, "something else").await;
    page.enter(&passphrase).await;
    page.until("the fault", || page.fault(&again) == en(Msg::PassphrasesDiffer)).await;
    assert!(world::saved().await.is_empty());
}

#[test]
async fn csv_export_warns_of_formulas() {
    let (page, _) = two_saved().await;
    page.press("Export").await;
    page.tick(&en(Msg::ExportCsv)).await;
    page.sees(&en(Msg::ExportCsvHint)).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::ExportNow)).await;
    page.until("the end", || page.spoken("status").starts_with("Exported: 2")).await;
    let [(name, file)] = world::saved().await.try_into().expect("one file");
    assert!(name.ends_with(".csv") && file.lines().count() == 3, "{file}");
}
