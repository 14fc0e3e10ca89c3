//! The kinds of passwords besides characters: words, PINs, and a site's rules.

use std::collections::HashSet;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{Page, other_languages, page_text};
use e2e::proxy::{get, only_file, page_files};
use e2e::server::Server;

/// The word list that a server serves.
fn list(server: &Server) -> HashSet<String> {
    let list = get(server.port, &only_file(&page_files(server.port), "/words-", ".txt"));
    let words: HashSet<String> = list.lines().map(str::to_owned).collect();
    assert_eq!(words.len(), 7776);
    words
}

/// The words of a phrase in lower case. Some contain a hyphen, and none is the beginning of another.
fn words(phrase: &str, separator: &str, list: &HashSet<String>) -> Vec<String> {
    let phrase = phrase.to_lowercase();
    let mut rest = phrase.as_str();
    let mut words = Vec::new();
    loop {
        let end = (1..=rest.len()).find(|end| list.contains(&rest[..*end]));
        let end = end.unwrap_or_else(|| panic!("no word begins {rest:?} of {phrase:?}"));
        words.push(rest[..end].to_owned());
        rest = &rest[end..];
        if rest.is_empty() {
            return words;
        }
        rest = rest.strip_prefix(separator).unwrap_or_else(|| panic!("no separator begins {rest:?} of {phrase:?}"));
    }
}

/// Checks that an invalid number has a message beside its field, stays in the field, and mints nothing.
async fn refuses(page: &Page, field: &str, value: &str, fault: &str) {
    page.fill(field, value).await;
    page.see_fault(field, fault).await;
    assert_eq!(page.field_value(field).await, value);
    assert!(page.minted().await.starts_with("No password"));
}

#[test]
fn words_come_from_the_served_list() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let list = list(&server);
        page.open(&server.url()).await;
        page.choose("Words").await;
        let mut phrase = page.minted_with("77.55").await;
        let mut seen = HashSet::new();
        for _ in 0..10 {
            let words = words(&phrase, "-", &list);
            assert_eq!(words.len(), 6, "{phrase}");
            seen.extend(words);
            page.press("Generate").await;
            phrase = page.minted_after(&phrase).await;
        }
        // Fewer than 51 different words in 60 draws out of 7,776 happen less than once in 10¹³ runs.
        assert!(seen.len() > 50, "{seen:?}");

        for count in ["3", "13", "", "x", "4.5"] {
            refuses(&page, "Number of words", count, "The number of words must be a whole number from 4 to 12.").await;
        }
        page.fill("Number of words", "4").await;
        assert_eq!(words(&page.minted_with("51.70").await, "-", &list).len(), 4);
        refuses(&page, "Between the words", "--", "At most one character; this is more.").await;
        refuses(&page, "Between the words", "é", "é cannot go between words.").await;
        page.fill("Between the words", "").await;
        assert_eq!(words(&page.minted_with("51.70").await, "", &list).len(), 4);
        page.fill("Between the words", "_").await;
        page.select("Capital letters", "The first of each word").await;
        let phrase = page.minted_with("51.70").await;
        let first_are_capitals = |phrase: &str| phrase.split('_').all(|word| word.starts_with(char::is_uppercase));
        let phrase = if first_are_capitals(&phrase) { phrase } else { page.minted_after(&phrase).await };
        assert!(first_are_capitals(&phrase), "{phrase}");
        assert_eq!(phrase.chars().filter(char::is_ascii_uppercase).count(), 4, "{phrase}");
        // One of four words is capitalised; a digit, one of ten, follows one of four words.
        page.select("Capital letters", "One whole word, at random").await;
        let phrase = page.minted_with("53.70").await;
        let capitals = phrase.split('_').filter(|word| **word == word.to_uppercase()).count();
        assert_eq!(capitals, 1, "{phrase}");
        page.toggle_check("Add a digit to one word").await;
        let phrase = page.minted_with("59.02").await;
        assert_eq!(phrase.chars().filter(char::is_ascii_digit).count(), 1, "{phrase}");
        assert_eq!(words(&phrase.replace(|c: char| c.is_ascii_digit(), ""), "_", &list).len(), 4);
        page.assert_no_errors().await;
    });
}

#[test]
fn pins_consist_of_digits() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.choose("PIN").await;
        let pin = page.minted_with("19.93").await;
        assert!(pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
        for length in ["3", "13", "", "x"] {
            refuses(&page, "Number of digits", length, "A PIN has a whole number of digits from 6 to 12.").await;
        }
        page.fill("Number of digits", "12").await;
        assert_eq!(page.minted_with("39.86").await.len(), 12);
        page.assert_no_errors().await;
    });
}

const SITE: &str = "minlength: 12; maxlength: 16; required: lower; required: upper; required: digit; allowed: [-_.]; \
                    max-consecutive: 2";

/// The number in an element's text before a word.
async fn number(page: &Page, element: &str, before: &str) -> f64 {
    let script = "return document.querySelector(arguments[0])?.textContent";
    let text = page.js(script, vec![element.into()]).await;
    let words: Vec<&str> = text.as_str().unwrap_or_default().split(' ').collect();
    let place = words.iter().position(|word| word.trim_end_matches(':') == before);
    words[place.unwrap_or_else(|| panic!("{text}")) - 1].parse().unwrap()
}

#[test]
fn passwords_follow_the_sites_rules_exactly() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.fill("Name", "Site").await;
        page.choose("Site’s rules").await;
        page.fill("Paste the site’s rules", SITE).await;
        page.fill("Preferred length", "16").await;
        page.see("These rules cost").await;
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let mut password = page.minted().await;
        for _ in 0..10 {
            let characters: Vec<char> = password.chars().collect();
            assert_eq!(characters.len(), 16, "{password}");
            assert!(characters.iter().all(|c| is_allowed(*c)), "{password}");
            assert!(characters.windows(3).all(|c| c[0] != c[1] || c[1] != c[2]), "{password}");
            for class in [char::is_lowercase, char::is_uppercase, char::is_numeric] {
                assert!(characters.iter().any(|c| class(*c)), "{password}");
            }
            page.press("Generate").await;
            password = page.minted_after(&password).await;
        }
        let (bits, cost) = (number(&page, ".strength", "bits").await, number(&page, ".site-cost", "bits").await);
        // 16 characters of 65 are 96.36 bits, and the required classes cost a little.
        assert!((94.0..96.36).contains(&bits), "{bits}");
        assert!((bits + cost - 196.59).abs() < 0.011, "{bits} and {cost}");

        let typo = SITE.replace("allowed", "alowed");
        let column = typo.find("alowed").unwrap() + 1;
        let faults = [
            (typo.as_str(), format!("Column {column}: expected minlength, maxlength, required")),
            ("minlength 12", "Column 11: a colon is missing here.".to_owned()),
            ("minlength: 20; maxlength: 10", "at least 20 characters and at most 10. No password is both.".to_owned()),
            ("maxlength: 6", "The site accepts at most 6 characters.".to_owned()),
            ("required: [a]; max-consecutive: 1", "No password of 16 characters meets all of these rules.".to_owned()),
        ];
        for (text, fault) in faults {
            refuses(&page, "Paste the site’s rules", text, &fault).await;
        }
        page.fill("Paste the site’s rules", SITE).await;
        page.see("These rules cost").await;
        refuses(&page, "Preferred length", "31", "The length must be a whole number from 8 to 30.").await;
        page.fill("Preferred length", "16").await;
        refuses(&page, "Leave out these characters", "0123456789", "All characters of requirement 3 are left out.")
            .await;
        page.fill("Leave out these characters", "0O1l").await;
        page.see("These rules cost").await;
        assert!(!page.minted().await.contains(['0', 'O', '1', 'l']));
        assert_eq!(page.field_value("Paste the site’s rules").await, SITE);
        assert_eq!(page.field_value("Name").await, "Site");
        page.assert_no_errors().await;
    });
}

#[test]
fn input_survives_changes_of_kind_and_language() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        // Valid and invalid input alike.
        let fields = [
            ("KindCharacters", "Length", "99"),
            ("KindWords", "WordCount", "7"),
            ("KindWords", "Separator", "&&"),
            ("KindPin", "PinLength", "3"),
            ("KindSite", "SiteText", "alowed: [-]"),
            ("KindSite", "SiteLength", "21"),
            ("KindSite", "Exclude", "xyz"),
        ];
        page.fill("Name", "GitHub").await;
        for (kind, field, text) in fields {
            page.choose(&page_text("en", kind)).await;
            page.fill(&page_text("en", field), text).await;
        }
        let others = other_languages();
        let mut spoken = "en";
        for language in others.iter().map(String::as_str).chain(["en"]) {
            page.switch_language(spoken, language).await;
            spoken = language;
            for (kind, field, text) in fields {
                page.choose(&page_text(language, kind)).await;
                assert_eq!(page.field_value(&page_text(language, field)).await, text, "{language}: {kind}, {field}");
            }
            assert_eq!(page.field_value(&page_text(language, "Name")).await, "GitHub", "{language}");
        }
        page.choose("PIN").await;
        page.see_fault("Number of digits", "A PIN has").await;
        page.assert_no_errors().await;
    });
}
