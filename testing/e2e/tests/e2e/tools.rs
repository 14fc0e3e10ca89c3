//! The generator's tools: reading aloud, many passwords at once, and tests of the randomness.

use std::collections::HashSet;
use std::path::Path;

use fantoccini::key::Key;
use serde_json::Value;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::downloaded;
use e2e::page::{Page, page_text};
use e2e::server::Server;

const PRINTED: std::ops::RangeInclusive<char> = '!'..='~';

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The English name of a character.
fn spoken_name(character: char) -> String {
    let word =
        |key: &str, parted_by: char, place: usize| page_text("en", key).split(parted_by).nth(place).unwrap().to_owned();
    let letter = |first: char| word("SpellWords", ' ', usize::from(character as u8 - first as u8));
    match character {
        'a'..='z' => letter('a'),
        'A'..='Z' => format!("capital {}", letter('A')),
        '0'..='9' => word("SpellDigits", ' ', usize::from(character as u8 - b'0')),
        _ => {
            let place = PRINTED.filter(|known| !known.is_ascii_alphanumeric()).position(|known| known == character);
            word("SpellSymbols", '|', place.unwrap())
        }
    }
}

#[test]
fn password_is_spelled_out_and_checked_when_typed_back() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        let password = page.minted().await;
        page.press("Read aloud").await;
        page.see("To read aloud and type elsewhere").await;
        let groups = "return [...document.querySelectorAll('.reading-characters')].map(e => e.textContent)";
        let groups = texts(&page.js(groups, vec![]).await);
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 4, 4, 2]);
        assert_eq!(groups.concat(), password);
        let names = "return [...document.querySelectorAll('.reading-names')].flatMap(e => e.textContent.split(' · '))";
        let names = texts(&page.js(names, vec![]).await);
        assert_eq!(names, password.chars().map(spoken_name).collect::<Vec<_>>(), "{password}");

        // The password is in the page's text, and in no attribute.
        let attributes = "return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.value))";
        let attributes = texts(&page.js(attributes, vec![]).await);
        for part in groups.iter().filter(|group| group.len() == 4).chain([&password]) {
            assert!(!attributes.iter().any(|value| value.contains(part.as_str())), "{part}");
        }

        page.fill("Type it back", &password[..7]).await;
        page.see("Right so far: 7 of 30 characters.").await;
        let wrong = if password.as_bytes()[7] == b'x' { 'y' } else { 'x' };
        page.fill("Type it back", &format!("{}{wrong}", &password[..7])).await;
        page.see_fault("Type it back", "Character 8 is different.").await;
        page.fill("Type it back", &format!("{password}!")).await;
        page.see_fault("Type it back", "That is right, but there is too much after it.").await;
        page.fill("Type it back", &password).await;
        page.see("That is right: every character.").await;

        page.press_keys(&[Key::Escape.into()]).await;
        page.wait_for("it is closed", "return !document.querySelector('dialog')", vec![]).await;
        let focused = "return document.activeElement.getAttribute('aria-label')";
        assert_eq!(page.js(focused, vec![]).await, "Read aloud");
        assert_eq!(page.minted().await, password);
        page.assert_no_errors().await;
    });
}

/// Opens the dialog for many passwords, with downloads into a folder.
async fn open_bulk(page: &Page, folder: &Path) {
    page.download_to(folder).await;
    page.press("Make many").await;
    page.see("Many passwords at once").await;
}

#[test]
fn many_passwords_are_downloaded_while_the_page_stays_responsive() {
    in_browser(BrowserOptions::default(), async |page| {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        page.open(&server.url()).await;
        open_bulk(&page, folder.path()).await;
        let watch = "window.longest = 0; let last; const look = now => { window.longest = Math.max(window.longest, \
                     now - (last ?? now)); last = now; requestAnimationFrame(look) }; requestAnimationFrame(look)";
        page.js(watch, vec![]).await;
        page.fill("How many", "100000").await;
        page.press("Make and download").await;
        page.see("Made 100000 passwords. Your browser saves them as passwords.txt.").await;
        let longest = page.js("return Math.round(window.longest)", vec![]).await;
        eprintln!("longest time between two frames while 100,000 passwords were made: {longest} ms");
        let text = downloaded(folder.path(), "passwords.txt");
        assert_eq!(text.lines().collect::<HashSet<_>>().len(), 100_000);
        assert_eq!(text.len(), 100_000 * 31);
        for line in text.lines() {
            assert!(line.len() == 30 && line.chars().all(|c| PRINTED.contains(&c)), "{line}");
            for class in [char::is_lowercase, char::is_uppercase, char::is_numeric] {
                assert!(line.chars().any(class), "{line}");
            }
            assert!(line.chars().any(|c| c.is_ascii_punctuation()), "{line}");
        }
        page.assert_no_errors().await;
    });
}

#[test]
fn invalid_count_has_a_message_and_cancelling_makes_no_file() {
    in_browser(BrowserOptions::default(), async |page| {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        page.open(&server.url()).await;
        // Minting by these rules is slow.
        page.choose("Site’s rules").await;
        page.fill("Paste the site’s rules", "max-consecutive: 1; required: upper; required: [-_.]").await;
        page.see("These rules cost").await;
        open_bulk(&page, folder.path()).await;
        for count in ["0", "abc", "10000000", "100001", "", "2.5"] {
            page.fill("How many", count).await;
            page.press("Make and download").await;
            page.see_fault("How many", "The number must be a whole number from 1 to 100000.").await;
            assert_eq!(page.field_value("How many").await, count);
        }
        page.fill("How many", "100000").await;
        page.press("Make and download").await;
        page.see(" of 100000").await;
        page.press("Cancel").await;
        page.see("Cancelled. No file was made.").await;

        page.choose("CSV, for a spreadsheet").await;
        page.see("A spreadsheet may take a password that begins with =").await;
        page.fill("How many", "3").await;
        page.press("Make and download").await;
        page.see("Made 3 passwords. Your browser saves them as passwords.csv.").await;
        let text = downloaded(folder.path(), "passwords.csv");
        let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
        assert_eq!(lines[0], "password");
        assert_eq!(lines.len(), 4, "{text}");
        for line in &lines[1..] {
            let quoted = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap();
            let password = quoted.replace("\"\"", "\u{0}");
            assert!(!password.contains('"') && password.chars().count() == 30, "{line}");
        }
        // Closing the dialog cancels too.
        page.fill("How many", "100000").await;
        page.press("Make and download").await;
        page.see(" of 100000").await;
        page.press("Close").await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file was made");
        page.assert_no_errors().await;
    });
}

#[test]
fn many_passwords_need_rules_that_allow_one() {
    in_browser(BrowserOptions::default(), async |page| {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        page.open(&server.url()).await;
        page.fill("Length", "7").await;
        open_bulk(&page, folder.path()).await;
        page.press("Make and download").await;
        page.see_fault("How many", "No password: the rules allow none.").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn randomness_test_shows_its_result_and_can_be_cancelled() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        page.open(&server.url()).await;
        page.press("Check the randomness").await;
        page.press("Run the tests").await;
        page.see("Each is exactly as likely as every other.").await;
        page.see("Chi-square").await;
        let text = page.visible_text().await;
        assert!(text.contains("with 93 degrees of freedom"), "{text}");
        let verdicts = ["TrustFine", "TrustOdd"].map(|key| page_text("en", key));
        assert!(verdicts.iter().any(|verdict| text.contains(verdict)), "{text}");
        // Every character has a bar, and the bars contain all draws.
        let bars = "return [...document.querySelectorAll('.chart g')].map(bar => [ \
                    bar.querySelector('title').textContent, bar.querySelectorAll('.chart-bar').length])";
        let bars = page.js(bars, vec![]).await;
        let bars = bars.as_array().unwrap();
        assert_eq!(bars.len(), 94);
        let mut counted = 0;
        for (bar, character) in bars.iter().zip(PRINTED) {
            assert_eq!(bar[1], 1);
            let (named, count) = bar[0].as_str().unwrap().split_once(": ").unwrap();
            assert_eq!(named.chars().count(), 1, "{character}");
            counted += count.split(',').next().unwrap().parse::<u64>().unwrap();
        }
        assert_eq!(counted, 1_000_000);

        // Other kinds have no single alphabet, so the default rules are tested. The run can be cancelled.
        page.press("Close").await;
        page.choose("PIN").await;
        page.press("Check the randomness").await;
        page.press("Run the tests").await;
        page.see("of 1000000 draws").await;
        page.press("Cancel").await;
        page.wait_for("it has stopped", "return !document.querySelector('dialog .button--main').disabled", vec![])
            .await;
        page.press("Run the tests").await;
        page.see("The draws need passwords made of characters, so the usual rules were used.").await;
        page.assert_no_errors().await;
    });
}
