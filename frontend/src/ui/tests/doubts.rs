//! Where the server's vault does not fit what this browser has seen, and what the person reads once the vault is open.

use leptos::prelude::*;
use shared::credentials::{CredentialChange, CredentialChangeKind};
use shared::sessions::Device;

use super::list::lists;
use super::vault::{conflict, id_of, nothing, open, two};
use super::{Page, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::tests::NOW;
use crate::platform::browser::document;
use crate::session::{Doubt, DoubtKind, Report, Session, VaultDoubt};
use crate::text::Msg;

/// Doubts an entry, as the session does after it has judged the server's list.
fn doubt(session: Session, name: &str, kind: DoubtKind, is_here: bool) {
    let doubt = Doubt { id: id_of(session, name), name: name.to_owned(), kind, is_here };
    session.doubts.update(|doubts| doubts.push(doubt));
}

fn named(text: Msg, name: &str) -> String {
    en_with(text, &[("name", &name)])
}

async fn marked() -> (Page, Session) {
    let (page, session) = open(two).await;
    lists(&page, &["Bank", "GitHub"]).await;
    doubt(session, "Bank", DoubtKind::Older, false);
    page.sees(&en(Msg::DoubtMark)).await;
    (page, session)
}

#[test]
async fn doubts_are_an_alert_that_names_the_entries() {
    let (page, session) = open(two).await;
    assert!(!page.text().contains(&en(Msg::DoubtTitle)));
    doubt(session, "Bank", DoubtKind::Older, true);
    doubt(session, "GitHub", DoubtKind::PutBack, false);
    page.sees(&en(Msg::DoubtTitle)).await;
    page.sees(&en(Msg::DoubtWhy)).await;
    let alert = page.spoken("alert");
    assert!(alert.contains(&named(Msg::DoubtEntryOlder, "Bank")), "{alert}");
    assert!(alert.contains(&named(Msg::DoubtEntryPutBack, "GitHub")), "{alert}");
    assert!(page.offers(&en(Msg::DoubtKeep)) && page.offers(&en(Msg::DoubtAccept)));
}

#[test]
async fn doubts_beyond_five_entries_are_counted() {
    let (page, session) = open(two).await;
    for _ in 0..7 {
        doubt(session, "Bank", DoubtKind::Missing, false);
    }
    page.sees(&en_with(Msg::DoubtMore, &[("count", &2)])).await;
    assert_eq!(page.shown(".doubt-list li").len(), 5);
}

#[test]
async fn keeping_is_offered_only_where_the_newer_value_still_is() {
    let (page, session) = open(two).await;
    doubt(session, "Bank", DoubtKind::Older, false);
    page.sees(&en(Msg::DoubtGoneHint)).await;
    assert!(!page.offers(&en(Msg::DoubtKeep)) && page.offers(&en(Msg::DoubtAccept)));
    doubt(session, "GitHub", DoubtKind::Older, true);
    page.sees(&en(Msg::DoubtKeepHint)).await;
    assert!(page.offers(&en(Msg::DoubtKeep)));
}

#[test]
async fn doubt_about_the_vault_says_which_and_an_older_page_can_accept_nothing() {
    let (page, session) = open(two).await;
    for (found, said) in [
        (VaultDoubt::Older, Msg::DoubtOlder),
        (VaultDoubt::HeadWrong, Msg::DoubtHeadWrong),
        (VaultDoubt::ListWrong, Msg::DoubtListWrong),
        (VaultDoubt::HeadMissing, Msg::DoubtHeadMissing),
        (VaultDoubt::NewerFormat, Msg::DoubtFormat),
    ] {
        session.vault_doubt.set(Some(found));
        page.until("the alert", || page.spoken("alert") == en(said)).await;
        assert_eq!(page.offers(&en(Msg::DoubtAccept)), found != VaultDoubt::NewerFormat);
        assert_eq!(page.offers(&en(Msg::NewKeyStart)), found == VaultDoubt::HeadMissing);
    }
}

#[test]
async fn password_that_may_be_old_is_neither_shown_nor_copied_before_a_question() {
    let (page, _) = marked().await;
    for verb in [Msg::Show, Msg::Copy] {
        page.press(&format!("{} Bank", en(verb))).await;
        page.until("the question", || page.spoken("alert") == named(Msg::DoubtAskOlder, "Bank")).await;
        assert!(!page.text().contains("correct horse") && world::copied().is_none());
        assert!(page.shown(".details").is_empty());
        page.press(&en(Msg::DoubtLeave)).await;
        page.until("the page", || page.offers("Lock")).await;
    }
    // Another entry is handed out as ever.
    page.press("Copy GitHub").await;
    page.until("the copy", || world::copied().as_deref() == Some("kV9!mQ2#")).await;
}

#[test]
async fn password_that_may_be_old_is_shown_after_the_question() {
    let (page, _) = marked().await;
    page.press("Bank").await;
    page.press(&en(Msg::DoubtShow)).await;
    page.until("the focus", || document().active_element().is_some_and(|it| it.id() == "entry-details")).await;
    page.press("Show Password").await;
    page.sees("correct horse").await;
}

#[test]
async fn conflict_with_an_older_version_shows_the_newer_one_without_a_question() {
    let (page, session) = open(conflict).await;
    doubt(session, "Bank", DoubtKind::Older, true);
    page.sees(&en(Msg::DoubtTitle)).await;
    page.sees(&en(Msg::DoubtHere)).await;
    assert!(!page.text().contains(&en(Msg::Conflict)));
    page.press("Copy Bank").await;
    page.until("the copy", || world::copied().as_deref() == Some("mine")).await;
    page.press("Compare Bank").await;
    page.sees(&en(Msg::CompareOlder)).await;
}

#[test]
async fn conflict_is_announced_as_a_change_elsewhere_unless_the_entry_is_in_doubt() {
    let (page, session) = open(two).await;
    session.report.set(Some(Report::Conflict { name: "GitHub".to_owned() }));
    page.says(&named(Msg::ConflictFound, "GitHub")).await;
    doubt(session, "Bank", DoubtKind::Older, true);
    session.report.set(Some(Report::Conflict { name: "Bank".to_owned() }));
    page.sees(&en(Msg::DoubtTitle)).await;
    assert!(page.notice() != named(Msg::ConflictFound, "Bank"));
}

#[test]
async fn news_tell_what_changed_when_and_from_where_until_it_is_confirmed() {
    let (page, session) = open(nothing).await;
    let change = |number, kind, device: Option<&str>, address: &str| CredentialChange {
        number,
        at: NOW,
        kind,
        device: device.map(|device| Device::new(device).unwrap()),
        address: address.to_owned(),
    };
    session.news.set(vec![
        change(2, CredentialChangeKind::PasskeyAdded, Some("Firefox on Linux"), "192.0.2.7"),
        change(1, CredentialChangeKind::Passphrase, None, ""),
    ]);
    page.sees(&en(Msg::NewsTitle)).await;
    page.sees(&en(Msg::NewsPasskeyAdded)).await;
    page.sees("by “Firefox on Linux” from 192.0.2.7").await;
    page.sees(&format!("by “{}”", en(Msg::SessionUnnamed))).await;
    page.press(&en(Msg::NewsNotMine)).await;
    page.sees(&en_with(Msg::AccountOf, &[("username", &"ada")])).await;
    page.press("Close").await;
    page.press(&en(Msg::NewsMine)).await;
    page.focuses(&en(Msg::Search)).await;
    page.until("the news to go", || !page.text().contains(&en(Msg::NewsTitle))).await;
    assert!(session.news.with_untracked(Vec::is_empty));
}

#[test]
async fn vault_of_an_earlier_passmint_is_offered_a_new_key_before_entries() {
    let (page, session) = open(nothing).await;
    assert!(page.offers(&en(Msg::AddEntry)));
    session.is_legacy.set(true);
    page.sees(&en(Msg::Legacy)).await;
    assert!(!page.offers(&en(Msg::AddEntry)));
    page.press(&en(Msg::NewKeyStart)).await;
    page.sees(&en(Msg::NewKeyHint)).await;
    assert!(page.text().contains(&en(Msg::Legacy)) && !page.text().contains(&en(Msg::NewKeyIntro)));
}

#[test]
async fn planted_key_is_an_alert_until_it_is_understood() {
    let (page, session) = open(nothing).await;
    session.planted_draft_key.set(true);
    page.until("the alert", || page.spoken("alert") == en(Msg::PlantedKey)).await;
    page.press(&en(Msg::Understood)).await;
    page.until("the alert to go", || page.spoken("alert").is_empty()).await;
}

#[test]
async fn sealing_again_counts_up_without_being_spoken() {
    let (page, session) = open(nothing).await;
    session.resealing.set(Some((3, 10)));
    let said = en_with(Msg::Resealing, &[("done", &3), ("all", &10)]);
    page.sees(&said).await;
    assert!(!page.spoken("status").contains(&said));
    session.resealing.set(None);
    page.until("the end", || !page.text().contains(&said)).await;
}
