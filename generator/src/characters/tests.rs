use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::Plan as _;
use crate::proof::{FailsAt, assert_uniform, distribution, source};
use crate::trial::Probability;

fn off() -> ClassRule {
    ClassRule { on: false, minimum: 1 }
}

fn bits(rules: &Rules) -> String {
    Plan::new(rules).unwrap().bits().to_string()
}

/// Every string over the sets that meets the minimums, checked one by one: the plan's counting must agree.
fn allowed(sets: &[Vec<char>], minimums: &[usize], length: usize) -> Vec<String> {
    let mut strings = vec![String::new()];
    for _ in 0..length {
        strings = strings.iter().flat_map(|s| sets.concat().into_iter().map(move |c| format!("{s}{c}"))).collect();
    }
    strings.retain(|string| {
        let held = |set: &Vec<char>| string.chars().filter(|character| set.contains(character)).count();
        sets.iter().zip(minimums).all(|(set, minimum)| held(set) >= *minimum)
    });
    strings
}

/// Small alphabets with tight and with loose rules: sets, minimums, length.
fn small_cases() -> Vec<(Vec<Vec<char>>, Vec<usize>, usize)> {
    let sets = |texts: &[&str]| texts.iter().map(|text| text.chars().collect()).collect::<Vec<Vec<char>>>();
    vec![
        (sets(&["a"]), vec![1], 3),
        (sets(&["ab", "1"]), vec![1, 1], 3),
        (sets(&["ab", "1"]), vec![1, 2], 4),
        (sets(&["ab", "12", "!"]), vec![1, 1, 1], 3),
        (sets(&["abc", "1", "!"]), vec![1, 1, 1], 3),
        (sets(&["ab", "", "!"]), vec![1, 0, 2], 4),
        (sets(&["ab", "12"]), vec![0, 2], 3),
        (sets(&["ab", "1", "é"]), vec![2, 1, 0], 3),
    ]
}

/// Enumerates every choice of both ways of minting: each allowed string has exactly the same probability, and no other
/// string has any.
#[test]
fn every_allowed_string_is_equally_likely() {
    for (sets, minimums, length) in small_cases() {
        let expected = allowed(&sets, &minimums, length);
        let plan = Plan::over(&sets, &minimums, length);
        assert_eq!(plan.count(), expected.len().into(), "{sets:?} {minimums:?} {length}");

        // By counts, the probabilities add up to 1; by rejection, each string has that of one draw of the alphabet.
        let counted = Plan { by_rejection: false, ..plan.clone() };
        assert_uniform(&distribution(|choose| counted.mint(choose)), &expected, &plan.count(), "by counts");
        let tried = Plan { by_rejection: true, ..plan };
        let made = distribution(|choose| tried.mint(choose));
        let tries = u64::try_from(tried.alphabet.len().pow(length as u32)).unwrap();
        assert!(expected.iter().all(|text| made.get(text) == Some(&Probability::one_in(tries))), "{made:?}");
        assert_eq!(made.len(), expected.len(), "{sets:?} {minimums:?} {length}");
    }
}

/// Each character stands at every position of all allowed strings as often as [`Plan::chances`] says.
#[test]
fn chances_match_the_allowed_strings() {
    let full = (vec!["ab".chars().collect(), "1".chars().collect()], vec![0, 3], 3);
    for (sets, minimums, length) in small_cases().into_iter().chain([full]) {
        let strings = allowed(&sets, &minimums, length);
        let plan = Plan::over(&sets, &minimums, length);
        assert_eq!(plan.chances().count(), plan.alphabet.len());
        for (character, chance) in plan.alphabet.iter().zip(plan.chances()) {
            for place in 0..length {
                let held = strings.iter().filter(|string| string.chars().nth(place) == Some(*character)).count();
                let exact = held as f64 / strings.len() as f64;
                assert!((chance - exact).abs() < 1e-14, "{character} at {place} of {sets:?}: {chance}, {exact}");
            }
        }
    }
}

/// Chi-square over whole strings, minted from bytes in both ways: 3 characters from 5, 60 strings allowed.
#[test]
fn minted_strings_are_spread_evenly() {
    let sets: Vec<Vec<char>> = ["abc", "12"].iter().map(|text| text.chars().collect()).collect();
    let expected = allowed(&sets, &[1, 1], 3);
    for by_rejection in [false, true] {
        let plan = Plan { by_rejection, ..Plan::over(&sets, &[1, 1], 3) };
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut source = source(1);
        let each = 2000;
        for _ in 0..each * expected.len() {
            *seen.entry(plan.mint(&mut source).unwrap().expose().to_owned()).or_default() += 1;
        }
        assert_eq!(seen.len(), expected.len());
        assert_within(chi_square(seen.values(), each as f64), seen.len() - 1);
    }
}

/// Chi-square over the characters at every position of default passwords. A position is not quite uniform once each
/// class is guaranteed, so the expectation comes, class by class, from the counting that the bits come from.
#[test]
fn characters_of_default_passwords_are_spread_as_counted() {
    let draws = 100_000;
    let plan = Plan::new(&Rules { length: 8, ..Rules::default() }).unwrap();
    let mut source = source(2);
    let mut seen = vec![[0_usize; 128]; 8];
    for _ in 0..draws {
        for (place, byte) in plan.mint(&mut source).unwrap().expose().bytes().enumerate() {
            seen[place][usize::from(byte)] += 1;
        }
    }
    let total = plan.bits().value();
    for place in &seen {
        let mut statistic = 0.0;
        for (index, quota) in plan.quotas.iter().enumerate().filter(|(_, quota)| quota.size > 0) {
            // Strings with a character of this set at this position need one fewer of the set in the rest.
            let mut rest = plan.quotas.clone();
            rest[index].minimum = rest[index].minimum.saturating_sub(1);
            let each = draws as f64 * (Bits::of(Counts::new(&rest, 7).total()).value() - total).exp2();
            let start: usize = plan.quotas[..index].iter().map(|quota| quota.size).sum();
            let counts = plan.alphabet[start..start + quota.size].iter().map(|c| &place[*c as usize]);
            statistic += chi_square(counts, each);
        }
        assert_within(statistic, plan.alphabet.len() - 1);
    }
}

fn chi_square<'a>(counts: impl Iterator<Item = &'a usize>, expected: f64) -> f64 {
    counts.map(|count| (*count as f64 - expected).powi(2) / expected).sum()
}

/// Allows five standard deviations either way: a spread that is too even is as suspicious as one that is too uneven.
fn assert_within(statistic: f64, degrees: usize) {
    let degrees = degrees as f64;
    let distance = (statistic - degrees) / (2.0 * degrees).sqrt();
    assert!(distance.abs() < 5.0, "chi-square {statistic:.1} for {degrees} degrees of freedom");
}

#[test]
fn bits_count_only_allowed_strings() {
    // 94^8 would be 52.44, but strings that lack a class are not counted.
    assert_eq!(bits(&Rules { length: 8, ..Rules::default() }), "51.32");
    assert_eq!(bits(&Rules::default()), "196.59");
    assert_eq!(bits(&Rules { length: 20, ..Rules::default() }), "130.93");
    let digits = Rules { length: 8, lower: off(), upper: off(), symbols: off(), ..Rules::default() };
    assert_eq!(bits(&digits), "26.58");
}

#[test]
fn tight_minimums_are_minted_without_rejection() {
    let rules = Rules { length: 30, digits: ClassRule { on: true, minimum: 27 }, ..Rules::default() };
    let plan = Plan::new(&rules).unwrap();
    assert!(!plan.by_rejection);
    let password = plan.mint(&mut source(3)).unwrap();
    assert_eq!(password.expose().chars().filter(char::is_ascii_digit).count(), 27);
}

#[test]
fn look_alikes_are_left_out_unless_added_by_hand() {
    let plan = Plan::new(&Rules { no_look_alikes: true, ..Rules::default() }).unwrap();
    assert_eq!(plan.alphabet().len(), 94 - LOOK_ALIKES.len());
    let plan = Plan::new(&Rules { no_look_alikes: true, include: "l".into(), ..Rules::default() }).unwrap();
    assert!(plan.alphabet().contains(&'l'));
}

#[test]
fn an_added_character_enters_the_alphabet_once() {
    let only_digits = Rules { lower: off(), upper: off(), symbols: off(), ..Rules::default() };
    let plan = Plan::new(&Rules { include: "-é-7".into(), ..only_digits }).unwrap();
    assert_eq!(plan.alphabet().iter().collect::<String>(), "0123456789-é");
}

#[test]
fn a_class_without_minimum_may_lose_every_character() {
    let none = ClassRule { on: true, minimum: 0 };
    let plan = Plan::new(&Rules { exclude: "0123456789".into(), digits: none, ..Rules::default() }).unwrap();
    assert_eq!(plan.alphabet().len(), 94 - 10);
}

#[test]
fn a_source_that_fails_at_any_choice_is_an_error() {
    let plan = Plan::new(&Rules { digits: ClassRule { on: true, minimum: 25 }, ..Rules::default() }).unwrap();
    for choices in 0..40 {
        assert_eq!(plan.mint(&mut FailsAt(choices)).err(), Some(RandomnessError));
    }
    // A source that repeats itself never yields every class: minting ends instead of drawing for ever.
    let plan = Plan::new(&Rules::default()).unwrap();
    assert_eq!(plan.mint(&mut FailsAt(usize::MAX)).err(), Some(RandomnessError));
}

#[test]
fn each_wrong_rule_is_named() {
    let error = |rules: Rules| Plan::new(&rules).unwrap_err();
    for length in [0, 7, 31, usize::MAX] {
        assert_eq!(error(Rules { length, ..Rules::default() }), RulesError::Length);
    }
    let nothing = Rules { lower: off(), upper: off(), digits: off(), symbols: off(), ..Rules::default() };
    assert_eq!(error(nothing), RulesError::NothingChosen);
    let emptied = Rules { exclude: "0123456789".into(), ..Rules::default() };
    assert_eq!(error(emptied), RulesError::ClassEmptied(Class::Digits));
    let above = Rules { length: 8, digits: ClassRule { on: true, minimum: 6 }, ..Rules::default() };
    assert_eq!(error(above), RulesError::MinimumsAboveLength { sum: 9, length: 8 });
    let both = Rules { include: "ab".into(), exclude: "xb".into(), ..Rules::default() };
    assert_eq!(error(both), RulesError::AddedAndLeftOut('b'));
    for include in [" ", "\t", "\u{a0}", "\u{7}"] {
        assert_eq!(error(Rules { include: include.into(), ..Rules::default() }), RulesError::NotVisible);
    }
    let include = ('\u{4e00}'..).take(ALPHABET_MAX - 94 + 1).collect();
    assert_eq!(error(Rules { include, ..Rules::default() }), RulesError::TooManyCharacters);
}

#[test]
fn debug_hides_a_password() {
    let password = Plan::new(&Rules::default()).unwrap().mint(&mut source(4)).unwrap();
    assert_eq!(format!("{password:?}"), "Password(hidden)");
}

#[test]
fn rules_survive_json() {
    let rules = Rules { include: "é".into(), exclude: "\"\\".into(), ..Rules::default() };
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
}

fn any_class() -> impl Strategy<Value = ClassRule> {
    (any::<bool>(), 0..12_usize).prop_map(|(on, minimum)| ClassRule { on, minimum })
}

proptest! {
    /// Any rules are either refused, or kept by the password minted.
    #[test]
    fn minted_passwords_keep_their_rules(
        length in 0..40_usize,
        lower in any_class(), upper in any_class(), digits in any_class(), symbols in any_class(),
        no_look_alikes: bool, exclude in "[ -~é]{0,12}", include in "[!-~éß漢]{0,6}", seed: u8,
    ) {
        let rules = Rules { length, lower, upper, digits, symbols, no_look_alikes, exclude, include };
        let Ok(plan) = Plan::new(&rules) else { return Ok(()) };
        let password = plan.mint(&mut source(seed)).unwrap();
        let text = password.expose();
        prop_assert_eq!(text.chars().count(), length);
        for class in Class::ALL {
            let held = text.chars().filter(|c| class.characters().contains(*c)).count();
            let rule = rules.class(class);
            prop_assert!(!rule.on || held >= rule.minimum);
        }
        for character in text.chars() {
            let added = rules.include.contains(character);
            prop_assert!(!rules.exclude.contains(character));
            prop_assert!(added || !no_look_alikes || !LOOK_ALIKES.contains(character));
            prop_assert!(added || Class::of(character).is_some_and(|class| rules.class(class).on));
        }
    }
}
