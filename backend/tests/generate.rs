//! `passmint generate`, as the terminal shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;
use std::process::{Command, Output};

fn generate(arguments: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_passmint")).arg("generate").args(arguments).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The minted passwords, and the line about their strength.
fn minted(arguments: &[&str]) -> (Vec<String>, String) {
    let (ok, out, told) = generate(arguments);
    assert!(ok, "{arguments:?}: {told}");
    (out.lines().map(str::to_owned).collect(), told.trim().to_owned())
}

#[test]
fn without_flags_the_defaults_of_the_page_apply() {
    let (passwords, told) = minted(&[]);
    assert_eq!((passwords.len(), passwords[0].chars().count()), (1, 30));
    // The page shows the same number of bits.
    assert_eq!(told, "196.59 bits each");
    assert!(!told.contains(&passwords[0]), "what is minted goes to standard output only");
    assert_eq!(minted(&["--length", "8"]).1, "51.32 bits each");
}

#[test]
fn every_rule_is_obeyed() {
    let rules =
        ["--length", "12", "--without", "upper,symbols", "--least", "digits=5", "--exclude", "01", "--include", "ß"];
    let (passwords, _) = minted(&[&rules[..], &["--count", "200"]].concat());
    for password in &passwords {
        assert_eq!(password.chars().count(), 12, "{password}");
        assert!(password.chars().filter(char::is_ascii_digit).count() >= 5, "{password}");
        assert!(password.chars().all(|c| c.is_ascii_lowercase() || ('2'..='9').contains(&c) || c == 'ß'), "{password}");
    }
    assert!(passwords.iter().any(|password| password.contains('ß')));
    let (passwords, _) = minted(&["--keyboard-safe", "--count", "100"]);
    assert!(passwords.iter().all(|password| !password.contains(|c: char| "aqwzmyAQWZMY0123456789".contains(c))));
    let (passwords, _) = minted(&["--exclude", "--#", "--count", "100"]);
    assert!(passwords.iter().all(|password| !password.contains(['-', '#'])));
    let (passwords, _) = minted(&["--no-look-alikes", "--count", "100"]);
    assert!(passwords.iter().all(|password| !password.contains(|c: char| "0OoQ1Iil|".contains(c))));
}

#[test]
fn words_and_pin_mint_passphrases_and_pins() {
    let (phrases, told) = minted(&["--words", "6"]);
    assert_eq!((phrases[0].split('-').count() >= 6, told.as_str()), (true, "77.55 bits each"));
    let shouted = ["--words", "4", "--separator", " ", "--capitals", "first-letters", "--digit"];
    let (phrases, _) = minted(&shouted);
    let words: Vec<&str> = phrases[0].split(' ').collect();
    assert!(
        words.len() == 4 && words.iter().all(|word| word.starts_with(|c: char| c.is_ascii_uppercase())),
        "{words:?}"
    );
    assert_eq!(phrases[0].chars().filter(char::is_ascii_digit).count(), 1);
    let (phrases, _) = minted(&["--words", "4", "--separator", ""]);
    assert!(phrases[0].chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    let (pins, told) = minted(&["--pin", "12"]);
    assert!(pins[0].len() == 12 && pins[0].chars().all(|c| c.is_ascii_digit()));
    assert_eq!(told, "39.86 bits each");
}

#[test]
fn a_sites_rules_are_obeyed() {
    let site = "minlength: 8; maxlength: 16; required: upper, digit; required: [-!#]; max-consecutive: 1";
    for password in minted(&["--rules", site, "--count", "200"]).0 {
        assert_eq!(password.len(), 16);
        assert!(password.contains(|c: char| "-!#".contains(c)), "{password}");
        assert!(
            password.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "-!#".contains(c)),
            "{password}"
        );
        assert!(password.as_bytes().windows(2).all(|pair| pair[0] != pair[1]), "{password}");
    }
}

#[test]
fn count_mints_many_and_json_lists_them() {
    let (passwords, _) = minted(&["--count", "100000", "--length", "20"]);
    assert_eq!(passwords.iter().collect::<BTreeSet<_>>().len(), 100_000, "no two are the same");
    let (ok, out, told) = generate(&["--count", "3", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(
        ok && told.is_empty() && json["bits"] == 196.59 && json["passwords"].as_array().unwrap().len() == 3,
        "{out}"
    );
}

#[test]
fn invalid_input_is_named_and_nothing_is_minted() {
    for (arguments, expected) in [
        (&["--length", "7"][..], "from 8 to 30"),
        (&["--length", "31"], "from 8 to 30"),
        (&["--length", "abc"], "--length"),
        (&["--without", "lower,upper,digits,symbols"], "at least one kind"),
        (&["--least", "digits=31"], "the minimums add up to 34"),
        (&["--least", "digits"], "symbols=2"),
        (&["--exclude", "0123456789"], "every character of a chosen kind"),
        (&["--exclude", "x", "--include", "x"], "both added and left out"),
        (&["--pin", "3"], "from 6 to 12 digits"),
        (&["--words", "3"], "from 4 to 12 words"),
        (&["--words", "4", "--separator", "--"], "one character"),
        (&["--words", "4", "--separator", "é"], "cannot stand between words"),
        (&["--rules", "minlenght: 8"], "column 1"),
        (&["--rules", "maxlength: 4"], "at most 4"),
        (&["--count", "0"], "--count"),
        (&["--count", "10000000"], "100000"),
        (&["--words", "4", "--pin", "6"], "cannot be used with"),
        (&["--digit"], "--words"),
    ] {
        let (ok, out, told) = generate(arguments);
        assert!(!ok && out.is_empty() && told.contains(expected), "{arguments:?}: {out}{told}");
    }
}
