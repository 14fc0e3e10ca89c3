//! The kinds besides characters: words, PIN, and site rules.

use super::generator::{open, password};
use super::{en, en_with, world};
use crate::browser_test::test;
use crate::text::Msg;

const WORDS: &str = include_str!("../../../../generator/words/eff-large.txt");

#[test]
async fn phrase_has_the_number_of_words_and_the_separator_asked_for() {
    let page = open().await;
    world::offer("words", WORDS);
    page.tick("Words").await;
    page.type_in(&en(Msg::WordCount), "5").await;
    page.type_in(&en(Msg::Separator), "+").await;
    page.until("five words", || password(&page).split('+').filter(|word| WORDS.contains(word)).count() == 5).await;
    page.choose(&en(Msg::Capitals), &en(Msg::CapitalsFirst)).await;
    page.until("capitals", || password(&page).split('+').all(|word| word.starts_with(char::is_uppercase))).await;
    page.tick(&en(Msg::AddDigit)).await;
    page.until("a digit", || password(&page).chars().filter(char::is_ascii_digit).count() == 1).await;
}

#[test]
async fn faults_of_a_phrase_stand_beside_their_fields() {
    let page = open().await;
    world::offer("words", WORDS);
    page.tick("Words").await;
    page.until("a phrase", || password(&page).len() > 12).await;
    page.type_in(&en(Msg::Separator), "--").await;
    page.until("no phrase", || password(&page) == en(Msg::NoPassword)).await;
    assert_eq!(page.fault(&en(Msg::Separator)), en(Msg::SeparatorLong));
    page.type_in(&en(Msg::Separator), "é").await;
    let expected = en_with(Msg::SeparatorFault, &[("character", &"é")]);
    page.until("the fault", || page.fault(&en(Msg::Separator)) == expected).await;
    page.type_in(&en(Msg::Separator), "").await;
    page.type_in(&en(Msg::WordCount), "3").await;
    let expected = en_with(Msg::WordCountFault, &[("least", &4), ("most", &12)]);
    page.until("the fault", || page.fault(&en(Msg::WordCount)) == expected).await;
}

#[test]
async fn word_list_that_did_not_load_can_be_fetched_again() {
    let page = open().await;
    world::offer("words", "not a list");
    page.tick("Words").await;
    page.sees(&en(Msg::NoPart)).await;
    assert_eq!(page.spoken("alert"), en(Msg::NoPart));
    world::withdraw("words");
    world::offer("words", WORDS);
    page.press("Try again").await;
    page.until("a phrase", || password(&page).len() > 12).await;
    assert!(!page.offers("Try again"));
}

#[test]
async fn pin_is_digits_and_its_length_has_limits() {
    let page = open().await;
    page.tick("PIN").await;
    page.type_in(&en(Msg::PinLength), "7").await;
    page.until("7 digits", || password(&page).len() == 7 && password(&page).chars().all(|c| c.is_ascii_digit())).await;
    page.sees(&en(Msg::PinHint)).await;
    page.type_in(&en(Msg::PinLength), "5").await;
    let expected = en_with(Msg::PinLengthFault, &[("least", &6), ("most", &12)]);
    page.until("the fault", || page.fault(&en(Msg::PinLength)) == expected).await;
    page.tick("Characters").await;
    page.until("characters", || password(&page).len() == 30).await;
}

#[test]
async fn site_rules_are_followed_and_their_cost_is_shown() {
    let page = open().await;
    page.tick("Site’s rules").await;
    page.type_in(&en(Msg::SiteText), "minlength: 8; maxlength: 9; required: upper; required: digit; allowed: [-];")
        .await;
    page.until("such a password", || {
        let password = password(&page);
        (8..=9).contains(&password.len())
            && password.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
    })
    .await;
    let cost = page.spoken("status");
    assert!(cost.starts_with("These rules cost ") && cost.contains(" bits compared with "), "{cost}");
}

#[test]
async fn unreadable_site_rules_are_refused_with_the_column() {
    let page = open().await;
    page.tick("Site’s rules").await;
    page.type_in(&en(Msg::SiteText), "required: upper; length: 8").await;
    let fault = en_with(Msg::SiteColumn, &[("column", &18), ("expected", &en(Msg::ExpectedRule))]);
    page.until("the fault", || page.fault(&en(Msg::SiteText)) == fault).await;
    assert_eq!(password(&page), en(Msg::NoPassword));
}
