//! The health check.

use super::vault::{nothing, open, save};
use super::{en, en_with, world};
use crate::browser_test::test;
use crate::keyring::Keyring;
use crate::keyring::protocol::entry::EntryUpdate;
use crate::keyring::tests::server::VaultServer;
use crate::keyring::tests::{Counter, content};
use crate::text::{self, Msg};
use crate::workers::client::in_page;
use crate::workers::judge::ForeignPasswords;

/// Starts a fake judge, because the real word lists are too large for this build. It finds one password weak.
fn serve_judge() {
    in_page::serve("judge", || {
        |foreign: ForeignPasswords| -> Vec<f32> {
            let judge = |password: &str| if password == "letmein" { 2.0 } else { 12.0 };
            foreign.passwords().map(judge).collect()
        }
    });
}

/// Two entries share a password, one has a weak one, and one is fine.
fn four(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    let mut told = EntryUpdate::default();
    let passwords =
        [("Mail", "twice-used-one"), ("Shop", "twice-used-one"), ("Forum", "letmein"), ("Bank", "kV9!mQ2#xL5$")];
    for (after, (name, password)) in (1..).zip(passwords) {
        told.entries.extend(save(keyring, server, after, content(name, password)).entries);
    }
    told
}

#[test]
async fn health_counts_concerns_and_pressing_a_count_filters_the_list() {
    let (page, _) = open(four).await;
    serve_judge();
    page.press(&en(Msg::Health)).await;
    page.sees(&en_with(Msg::HealthSome, &[("all", &4), ("some", &3)])).await;
    let listed = || {
        let mut names: Vec<String> = page.shown(".health-row .row-name").iter().map(|it| it.inner_text()).collect();
        names.sort();
        names
    };
    assert_eq!(listed(), ["Forum", "Mail", "Shop"]);
    page.sees(&en_with(Msg::HealthShared, &[("others", &1)])).await;
    page.press("Used more than once2").await;
    page.until("two", || listed() == ["Mail", "Shop"]).await;
    assert_eq!(page.button("Used more than once2").get_attribute("aria-pressed").as_deref(), Some("true"));
    page.press("Used more than once2").await;
    page.until("three", || listed().len() == 3).await;
    assert!(page.button("Older than two years0").has_attribute("disabled"));
    text::speak(world::texts("de"));
    let german = text::fill(world::texts("de").get(Msg::HealthSome), &[("all", &4), ("some", &3)]);
    page.until("German", || page.spoken("status") == german).await;
    text::speak(world::texts("en"));
    page.press("Forum").await;
    page.until("the entry", || page.offers("Show Password")).await;
}

#[test]
async fn health_of_an_empty_vault_says_that_there_is_nothing_to_check() {
    let (page, _) = open(nothing).await;
    serve_judge();
    page.press(&en(Msg::Health)).await;
    page.sees(&en(Msg::HealthNothing)).await;
}
