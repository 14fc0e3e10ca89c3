use std::collections::HashSet;
use std::fmt::Write;
use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;
use crate::Plan as _;
use crate::proof::{FailsAt, assert_uniform, distribution, source};

/// Demands as a site writes them.
pub(super) fn written(demands: &Demands) -> String {
    let set = |set: AsciiSet| {
        let (hyphen, bracket) = (set.contains('-'), set.contains(']'));
        let rest: String = set.characters().filter(|character| !"-]".contains(*character)).collect();
        format!("[{}{rest}{}]", if hyphen { "-" } else { "" }, if bracket { "]" } else { "" })
    };
    let mut text = String::new();
    for (name, number) in [
        ("minlength", demands.minlength),
        ("maxlength", demands.maxlength),
        ("max-consecutive", demands.max_consecutive),
    ] {
        if let Some(number) = number {
            write!(text, "{name}: {number}; ").unwrap();
        }
    }
    if !demands.allowed.is_empty() {
        write!(text, "allowed: {}; ", set(demands.allowed)).unwrap();
    }
    for required in &demands.required {
        write!(text, "required: {}; ", set(*required)).unwrap();
    }
    text
}

/// Checks a password as a site does, without the counting.
fn obeys(password: &str, demands: &Demands) -> bool {
    let characters: Vec<char> = password.chars().collect();
    let named = demands.required.iter().fold(demands.allowed, |all, set| all | *set);
    let allowed =
        |character: &char| if named.is_empty() { character.is_ascii_graphic() } else { named.contains(*character) };
    let enough = |set: &AsciiSet| {
        let asked = demands.required.iter().filter(|other| *other == set).count();
        characters.iter().filter(|character| set.contains(**character)).count() >= asked
    };
    let runs_on = |limit: usize| characters.windows(limit + 1).any(|row| row.iter().all(|other| *other == row[0]));
    characters.iter().all(allowed)
        && demands.required.iter().all(enough)
        && !demands.max_consecutive.is_some_and(|limit| limit < characters.len() && runs_on(limit))
        && demands.minlength.is_none_or(|least| characters.len() >= least)
        && demands.maxlength.is_none_or(|most| characters.len() <= most)
}

/// Every string of the length over the alphabet that the site accepts.
fn allowed(demands: &Demands, length: usize) -> Vec<String> {
    let alphabet: Vec<char> = demands.alphabet().characters().collect();
    let mut strings = vec![String::new()];
    for _ in 0..length {
        strings = strings.iter().flat_map(|s| alphabet.iter().map(move |c| format!("{s}{c}"))).collect();
    }
    strings.retain(|string| obeys(string, demands));
    strings
}

/// Enumerates small alphabets: disjoint, overlapping, nested and repeated requirements, with every limit on runs.
#[test]
fn every_allowed_password_is_equally_likely() {
    for (text, length) in [
        ("allowed: [ab]", 4),
        ("allowed: [ab]; max-consecutive: 1", 4),
        ("allowed: [abc]; max-consecutive: 2", 4),
        ("allowed: [ab]; max-consecutive: 3", 5),
        ("required: [ab]; required: [12]", 3),
        ("required: [ab]; required: [b1]", 4),
        ("required: [ab]; required: [b1]; max-consecutive: 1", 4),
        ("required: [ab]; required: [b]; max-consecutive: 2", 4),
        ("required: [ab]; required: [ab]; allowed: [1]", 3),
        ("required: [a]; required: [a]; required: [ab]; allowed: [1]; max-consecutive: 1", 4),
        ("required: [ab]; required: [bc]; required: [ca]", 3),
        ("required: [ab]; required: [bc]; required: [ca]; max-consecutive: 1", 3),
        ("required: [a]; allowed: [b]; max-consecutive: 2", 5),
        ("required: [a], [b]; required: [1]; allowed: [b!]", 3),
    ] {
        let demands = Demands::parse(text).unwrap();
        let plan = Plan::over(&demands, AsciiSet::default(), length).unwrap();
        let case = format!("{text}, {length} characters");
        assert_uniform(&distribution(|choose| plan.mint(choose)), &allowed(&demands, length), &plan.count(), &case);
    }
}

/// Without limits on runs and without overlapping requirements, [`crate::characters`] counts the same passwords.
#[test]
fn both_ways_of_counting_agree() {
    use crate::characters;
    for length in [8, 19, 30] {
        let text = "required: lower; required: upper; required: digit; required: special";
        let plan = Plan::new(&Rules { text: text.into(), length, ..Rules::default() }).unwrap();
        let other = characters::Plan::new(&characters::Rules { length, ..characters::Rules::default() }).unwrap();
        assert_eq!(plan.count(), other.count());
    }
}

#[test]
fn bits_count_only_allowed_passwords() {
    let bits = |text: &str| {
        let plan = Plan::new(&Rules { text: text.into(), length: 20, ..Rules::default() }).unwrap();
        plan.bits().to_string()
    };
    // 94^20.
    assert_eq!(bits(""), "131.09");
    assert_eq!(bits("allowed: ascii-printable"), "131.09");
    // 94 · 93^19.
    assert_eq!(bits("max-consecutive: 1"), "130.80");
    assert_eq!(bits("maxlength: 12; allowed: digit"), "39.86");
    assert_eq!(bits("minlength: 22; allowed: digit"), "73.08");
}

#[test]
fn the_length_is_the_allowed_one_nearest_to_the_wish() {
    let length = |text: &str, length: usize| {
        Plan::new(&Rules { text: text.into(), length, ..Rules::default() }).map(|plan| plan.length())
    };
    for (text, wish, made) in [
        ("", 20, 20),
        ("", 3, 8),
        ("", 99, 30),
        ("minlength: 12", 8, 12),
        ("maxlength: 12", 30, 12),
        ("minlength: 4; maxlength: 99", 20, 20),
        ("minlength: 4; maxlength: 99", 4, 8),
        ("minlength: 30; maxlength: 64", 10, 30),
        ("maxlength: 8", 30, 8),
        ("minlength: 12; maxlength: 12", 20, 12),
    ] {
        assert_eq!(length(text, wish), Ok(made), "{text}");
    }
    assert_eq!(length("maxlength: 7", 8), Err(RulesError::TooShort { maxlength: 7 }));
    assert_eq!(length("minlength: 31", 30), Err(RulesError::TooLong { minlength: 31 }));
    assert_eq!(length("minlength: 9; maxlength: 8", 8), Err(RulesError::Lengths { minlength: 9, maxlength: 8 }));
}

#[test]
fn the_space_and_excluded_characters_are_never_used() {
    let rules = Rules { text: "required: special; allowed: [ ab]".into(), exclude: "b\"é".into(), length: 30 };
    let plan = Plan::new(&rules).unwrap();
    let alphabet: HashSet<char> = plan.alphabet().collect();
    assert_eq!(alphabet, "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~a".chars().collect());
}

#[test]
fn each_wrong_rule_is_named() {
    let error = |text: &str, exclude: &str| {
        Plan::new(&Rules { text: text.into(), length: 8, exclude: exclude.into() }).unwrap_err()
    };
    let typo = ParseError { column: 11, expected: Expected::Class };
    assert_eq!(error("required: uper", ""), RulesError::Text(typo));
    let digits = "0123456789";
    assert_eq!(error("required: lower; required: digit", digits), RulesError::RequirementEmptied { number: 2 });
    assert_eq!(error("required: [ ]", ""), RulesError::RequirementEmptied { number: 1 });
    assert_eq!(error("allowed: digit", digits), RulesError::NothingLeft);
    assert_eq!(error("allowed: [a]; max-consecutive: 7", ""), RulesError::Contradiction { length: 8 });
    let nine = (1..=9).map(|digit| format!("required: [{digit}];")).collect::<String>();
    assert_eq!(error(&nine, ""), RulesError::Contradiction { length: 8 });
    assert_eq!(error(&"required: [a];".repeat(9), ""), RulesError::Contradiction { length: 8 });
    let many = ('a'..='z').map(|letter| format!("required: [{letter}];")).collect::<String>();
    assert_eq!(error(&many, ""), RulesError::TooManyRequirements);
    let endless = "required: upper;".repeat(100_000);
    assert_eq!(error(&endless, ""), RulesError::TooManyRequirements);
}

/// Tries nearly the most disjoint requirements that are accepted, nine, and ten over eight cells, which have exactly
/// the most states that are accepted.
#[test]
fn the_most_requirements_accepted_are_all_met() {
    let each =
        |letters: RangeInclusive<char>| letters.map(|letter| format!("required: [{letter}];")).collect::<String>();
    let nine = format!("{} allowed: lower, upper", each('1'..='9'));
    let ten = format!("{} required: [ab]; required: [cd]", each('a'..='h'));
    for text in [nine, ten] {
        let rules = Rules { text, ..Rules::default() };
        let password = Plan::new(&rules).unwrap().mint(&mut source(1)).unwrap();
        assert!(obeys(password.expose(), &Demands::parse(&rules.text).unwrap()));
    }
}

#[test]
fn a_source_that_fails_at_any_choice_is_an_error() {
    let plan = Plan::new(&Rules { text: "max-consecutive: 1; allowed: digit".into(), ..Rules::default() }).unwrap();
    for choices in 0..60 {
        assert_eq!(plan.mint(&mut FailsAt(choices)).err(), Some(RandomnessError));
    }
    assert!(plan.mint(&mut FailsAt(60)).is_ok());
}

#[test]
fn debug_of_a_set_lists_its_characters() {
    assert_eq!(format!("{:?}", AsciiSet::named("digit").unwrap()), "Set(\"0123456789\")");
}

#[test]
fn rules_survive_json() {
    let rules = Rules { text: "required: [\"\\é]".into(), length: 12, exclude: "é".into() };
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
}

proptest! {
    /// Any demands are either refused, or met by the password minted.
    #[test]
    fn minted_passwords_obey_the_site(
        minlength in prop::option::of(0..34_usize),
        maxlength in prop::option::of(5..40_usize),
        max_consecutive in prop::option::of(1..4_usize),
        allowed in "[a-f0-3!-/]{0,6}",
        required in prop::collection::vec("[a-c0-2 !]{1,4}", 0..4),
        length in 0..40_usize, exclude in "[ab0é]{0,2}", seed: u8,
    ) {
        let demands = Demands {
            minlength, maxlength, max_consecutive,
            allowed: allowed.chars().collect(),
            required: required.iter().map(|characters| characters.chars().collect()).collect(),
        };
        let rules = Rules { text: written(&demands), length, exclude };
        let Ok(plan) = Plan::new(&rules) else { return Ok(()) };
        let password = plan.mint(&mut source(seed)).unwrap();
        prop_assert!(obeys(password.expose(), &demands), "{} breaks {}", password.expose(), rules.text);
        prop_assert!(!password.expose().contains(|c| c == ' ' || rules.exclude.contains(c)));
        prop_assert_eq!(password.expose().len(), plan.length());
    }
}
