use std::collections::HashSet;

use super::*;
use crate::Plan as _;
use crate::proof::{assert_uniform, distribution, source};

fn eff() -> Arc<Words> {
    Arc::new(Words::new(EFF).unwrap())
}

fn tiny(words: &'static str) -> Arc<Words> {
    Arc::new(Words::read(words.into()).unwrap())
}

/// [`Words::read`] trusts in the order; this compares every word with every other one that could begin it.
#[test]
fn the_list_is_complete_distinct_prefix_free_and_plain() {
    let words: Vec<&str> = EFF.lines().collect();
    assert_eq!(words.len(), LIST_LENGTH);
    assert_eq!(words.iter().map(|word| word.to_lowercase()).collect::<HashSet<_>>().len(), LIST_LENGTH);
    let list: HashSet<&str> = words.iter().copied().collect();
    for word in &words {
        assert!(word.is_ascii() && word.len() >= 3, "{word}");
        let beginning = (1..word.len()).map(|end| &word[..end]).find(|start| list.contains(start));
        assert_eq!(beginning, None, "{word}");
    }
    let hyphenated: Vec<&&str> = words.iter().filter(|word| word.contains('-')).collect();
    assert_eq!(hyphenated, [&"drop-down", &"felt-tip", &"t-shirt", &"yo-yo"]);
    assert_eq!((words[0], words[LIST_LENGTH - 1]), ("abacus", "zoom"));
    assert!(Words::new(EFF).is_ok());
}

#[test]
fn damaged_lists_are_refused() {
    let line = |text: String| Words::new(text).unwrap_err().line;
    assert_eq!(line(String::new()), 0);
    assert_eq!(line(EFF.lines().take(100).map(|word| format!("{word}\n")).collect()), 100);
    assert_eq!(line(format!("{EFF}zulu\n")), LIST_LENGTH + 1);
    assert_eq!(line(EFF.trim_end().to_owned()), LIST_LENGTH);
    assert_eq!(line(EFF.replace('\n', "\r\n")), 1);
    assert_eq!(line(EFF.replacen("abdomen", "Abdomen", 1)), 2);
    assert_eq!(line(EFF.replacen("abdomen", "abacus", 1)), 2);
    assert_eq!(line(EFF.replacen("abdomen", "abacuses", 1)), 2);
    assert_eq!(line(EFF.replacen("abdomen", "zebra", 1)), 3);
    assert_eq!(line(EFF.replacen("abacus", "-abacus", 1)), 1);
    assert_eq!(line(EFF.replacen("abdomen", "abd0men", 1)), 2);
    assert_eq!(line(EFF.replacen("abdomen", "", 1)), 2);
}

/// Every phrase over a list, put together without the plan, whose counting must agree.
fn allowed(list: &[&str], rules: &Rules) -> Vec<String> {
    let mut phrases = vec![Vec::new()];
    for _ in 0..rules.words {
        let longer = |phrase: &Vec<String>| -> Vec<Vec<String>> {
            list.iter().map(|word| [phrase.as_slice(), &[(*word).to_owned()]].concat()).collect()
        };
        phrases = phrases.iter().flat_map(longer).collect();
    }
    let each_word = |phrases: Vec<Vec<String>>, change: &dyn Fn(&str) -> String| -> Vec<Vec<String>> {
        let at = |phrase: &Vec<String>, place: usize| {
            let mut phrase = phrase.clone();
            phrase[place] = change(&phrase[place]);
            phrase
        };
        phrases.iter().flat_map(|phrase| (0..rules.words).map(|place| at(phrase, place))).collect()
    };
    match rules.capitals {
        Capitals::None => {}
        Capitals::FirstLetters => {
            for word in phrases.iter_mut().flatten() {
                word[..1].make_ascii_uppercase();
            }
        }
        Capitals::OneWord => phrases = each_word(phrases, &str::to_ascii_uppercase),
    }
    if rules.digit {
        phrases = (0..10).flat_map(|digit| each_word(phrases.clone(), &|word| format!("{word}{digit}"))).collect();
    }
    let separator = rules.separator.map(String::from).unwrap_or_default();
    phrases.iter().map(|words| words.join(&separator)).collect()
}

/// The list and the separators are easily mistaken for one another: hyphens in words, letters and digits between them.
#[test]
fn every_phrase_is_different_and_equally_likely() {
    let list = ["a-b", "ab", "b", "c-a"];
    let words = tiny("a-b\nab\nb\nc-a\n");
    for separator in [None, Some('-'), Some('a'), Some('b'), Some('B'), Some('7'), Some(' ')] {
        for capitals in [Capitals::None, Capitals::FirstLetters, Capitals::OneWord] {
            for (digit, count) in [(false, 3), (true, 2)] {
                let rules = Rules { words: count, separator, capitals, digit };
                // With fewer words than a person may ask for, all phrases can be enumerated.
                let plan = Plan { rules: rules.clone(), words: words.clone() };
                let expected = allowed(&list, &rules);
                let different: HashSet<&String> = expected.iter().collect();
                assert_eq!(different.len(), expected.len(), "{rules:?}");
                assert_uniform(
                    &distribution(|choose| plan.mint(choose)),
                    &expected,
                    &plan.count(),
                    &format!("{rules:?}"),
                );
            }
        }
    }
}

#[test]
fn bits_match_the_number_of_choices() {
    let bits = |rules: Rules| Plan::new(&rules, eff()).unwrap().bits().to_string();
    assert_eq!(bits(Rules::default()), "77.55");
    assert_eq!(bits(Rules { words: 4, ..Rules::default() }), "51.70");
    assert_eq!(bits(Rules { capitals: Capitals::FirstLetters, separator: None, ..Rules::default() }), "77.55");
    // log2(6) for the word, log2(60) for the word and the digit.
    assert_eq!(bits(Rules { capitals: Capitals::OneWord, ..Rules::default() }), "80.13");
    assert_eq!(bits(Rules { digit: true, ..Rules::default() }), "83.46");
    assert_eq!(bits(Rules { words: 12, ..Rules::default() }), "155.10");
}

#[test]
fn a_phrase_follows_its_rules() {
    let rules = Rules { words: 12, separator: Some('.'), capitals: Capitals::FirstLetters, digit: true };
    let plan = Plan::new(&rules, eff()).unwrap();
    let phrase = plan.mint(&mut source(7)).unwrap();
    let parts: Vec<&str> = phrase.expose().split('.').collect();
    assert_eq!(parts.len(), 12);
    assert!(parts.iter().all(|part| part.starts_with(|first: char| first.is_ascii_uppercase())));
    assert_eq!(parts.iter().filter(|part| part.ends_with(|last: char| last.is_ascii_digit())).count(), 1);
    let known = |part: &&str| EFF.lines().any(|word| word == part.to_lowercase().trim_end_matches(char::is_numeric));
    assert!(parts.iter().all(known));
}

/// 80,000 draws leave out 7776 · e^-10.3 words on average: a quarter of a word.
#[test]
fn every_word_of_the_list_is_used() {
    let plan = Plan::new(&Rules { words: 10, separator: Some(' '), ..Rules::default() }, eff()).unwrap();
    let mut source = source(8);
    let seen: HashSet<String> = (0..8000)
        .flat_map(|_| plan.mint(&mut source).unwrap().expose().split(' ').map(String::from).collect::<Vec<_>>())
        .collect();
    assert!(seen.len() > LIST_LENGTH - 8, "{}", seen.len());
}

#[test]
fn the_longest_phrase_fits_its_capacity() {
    let rules = Rules { words: 12, separator: Some('-'), capitals: Capitals::OneWord, digit: true };
    let plan = Plan { rules, words: tiny("longest\n") };
    let mut phrase = plan.mint(&mut source(9)).unwrap();
    assert_eq!(phrase.expose().len(), 12 * 8);
    assert_eq!(phrase.text_mut().capacity(), 12 * 8 + 1);
}

#[test]
fn each_wrong_rule_is_named() {
    let error = |rules: Rules| Plan::new(&rules, tiny("a\n")).unwrap_err();
    for words in [0, 3, 13, usize::MAX] {
        assert_eq!(error(Rules { words, ..Rules::default() }), RulesError::Length);
    }
    for strange in ['\t', '\n', '\u{7f}', 'é', '\u{a0}', '\u{301}'] {
        assert_eq!(error(Rules { separator: Some(strange), ..Rules::default() }), RulesError::Separator(strange));
    }
}

#[test]
fn rules_survive_json() {
    for separator in [None, Some(' '), Some('"')] {
        let rules = Rules { words: 5, separator, capitals: Capitals::OneWord, digit: true };
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules, "{json}");
    }
}

#[cfg(feature = "words")]
#[test]
fn with_the_feature_words_the_binary_holds_the_list() {
    assert_eq!(Words::eff(), eff());
    assert_eq!(Plan::new(&Rules::default(), Words::eff()).unwrap().bits().to_string(), "77.55");
}
