use serde::de::value::{self, MapDeserializer};

use super::*;
use crate::bits::Bits;
use crate::phrase::Words;
use crate::proof::{FailsAt, source};
use crate::random::RandomnessError;

fn words() -> Arc<Words> {
    Arc::new(Words::new(include_str!("../../words/eff-large.txt")).unwrap())
}

fn all() -> [Rules; 4] {
    let site = site_rules::Rules {
        text: "required: upper; allowed: lower, digit; max-consecutive: 2".into(),
        length: 20,
        exclude: "O".into(),
    };
    [
        Rules::default(),
        Rules::Phrase(phrase::Rules { digit: true, ..phrase::Rules::default() }),
        Rules::Pin(pin::Rules::default()),
        Rules::Site(site),
    ]
}

fn plan(rules: &Rules) -> Box<dyn Plan> {
    rules.plan(Some(words())).unwrap_or_else(|error| panic!("{error}"))
}

/// Sealed entries store rules, so that every version must read them.
#[test]
fn stored_rules_are_frozen() {
    let stored = [
        // These rules stand without the name of their kind, because entries had them before there were other kinds.
        concat!(
            r#"{"length":30,"lower":{"on":true,"minimum":1},"upper":{"on":true,"minimum":1},"#,
            r#""digits":{"on":true,"minimum":1},"symbols":{"on":true,"minimum":1},"#,
            r#""no_look_alikes":false,"exclude":"","include":""}"#
        ),
        r#"{"phrase":{"words":6,"separator":"-","capitals":"none","digit":true}}"#,
        r#"{"pin":{"length":6}}"#,
        r#"{"site":{"text":"required: upper; allowed: lower, digit; max-consecutive: 2","length":20,"exclude":"O"}}"#,
    ];
    for (rules, json) in all().iter().zip(stored) {
        assert_eq!(serde_json::to_string(rules).unwrap(), json);
        assert_eq!(serde_json::from_str::<Rules>(json).unwrap(), *rules);
    }
    // A later version may add a field.
    let more = stored[0].replacen('{', r#"{"later":[1],"#, 1);
    assert_eq!(serde_json::from_str::<Rules>(&more).unwrap(), Rules::default());
}

/// Every field but the length may be missing: a version that adds a rule reads the receipts of those before it.
#[test]
fn a_rule_that_a_receipt_does_not_name_is_off() {
    let off = characters::ClassRule { on: false, minimum: 0 };
    let none = characters::Rules {
        length: 8,
        lower: off,
        upper: off,
        digits: off,
        symbols: off,
        no_look_alikes: false,
        exclude: String::new(),
        include: String::new(),
    };
    let read = |json: &str| serde_json::from_str::<Rules>(json).unwrap();
    assert_eq!(read(r#"{"length":8}"#), Rules::Characters(none.clone()));
    let lower = characters::ClassRule { on: true, minimum: 2 };
    let letters = r#"{"length":8,"lower":{"on":true,"minimum":2},"exclude":"x"}"#;
    assert_eq!(read(letters), Rules::Characters(characters::Rules { lower, exclude: "x".into(), ..none }));

    let phrase = phrase::Rules { words: 5, separator: None, capitals: phrase::Capitals::None, digit: false };
    assert_eq!(read(r#"{"phrase":{"words":5}}"#), Rules::Phrase(phrase));
    let site = site_rules::Rules { text: String::new(), length: 9, exclude: String::new() };
    assert_eq!(read(r#"{"site":{"length":9}}"#), Rules::Site(site));
}

/// The length tells rules from everything else: a kind that only a later version knows, for one.
#[test]
fn rules_without_a_length_are_refused() {
    for json in [
        r#"{"exclude":"x"}"#,
        r#"{"length":0}"#,
        r#"{"phrase":{"digit":true}}"#,
        r#"{"pin":{}}"#,
        r#"{"site":{"text":"minlength: 8"}}"#,
        r#"{"other":{"length":8}}"#,
    ] {
        assert!(serde_json::from_str::<Rules>(json).is_err(), "{json}");
    }
}

#[test]
fn anything_but_rules_is_refused() {
    for json in [
        "{}",
        "null",
        "[]",
        r#"{"pin":{}}"#,
        r#"{"other":{}}"#,
        r#"{"pin":{"length":-1}}"#,
        r#"{"pin":{"length":6},"site":{}}"#,
    ] {
        assert!(serde_json::from_str::<Rules>(json).is_err(), "{json}");
    }
}

#[test]
fn an_error_of_the_reader_names_what_it_expected() {
    let error = serde_json::from_str::<Rules>("null").unwrap_err().to_string();
    assert!(error.starts_with("invalid type: null, expected rules"), "{error}");
    let numbered = MapDeserializer::<_, value::Error>::new([(1_u8, 2_u8)].into_iter());
    let error = <Rules as Deserialize>::deserialize(numbered).unwrap_err().to_string();
    assert_eq!(error, "invalid type: integer `1`, expected the name of a field");
}

/// The page and the keyring exchange messages in postcard's format, which stores no names of fields.
#[test]
fn rules_cross_to_the_keyring() {
    for rules in all() {
        let bytes = postcard::to_allocvec(&Some(&rules)).unwrap();
        assert_eq!(postcard::from_bytes::<Option<Rules>>(&bytes).unwrap(), Some(rules));
    }
}

#[test]
fn every_kind_is_minted_with_its_own_strength() {
    for (rules, bits) in all().iter().zip(["196.59", "83.46", "19.93", "118.61"]) {
        let plan = plan(rules);
        assert_eq!(plan.bits().to_string(), bits);
        assert_eq!(Bits::of(&plan.count()), plan.bits());
    }
    let [characters, phrase, pin, site] = all().map(|rules| plan(&rules).mint(&mut source(31)).unwrap());
    assert_eq!(characters.expose().len(), 30);
    assert_eq!(phrase.expose().matches('-').count(), 5);
    assert!(pin.expose().len() == 6 && pin.expose().bytes().all(|byte| byte.is_ascii_digit()));
    assert!(site.expose().len() == 20 && site.expose().contains(|c: char| c.is_ascii_uppercase()));
}

/// Many passwords in one text equal those minted one by one, and fit its capacity.
#[test]
fn mint_into_yields_the_same_passwords_as_mint() {
    let wide = characters::Rules { include: "é漢".into(), ..characters::Rules::default() };
    for rules in all().into_iter().chain([Rules::Characters(wide)]) {
        let plan = plan(&rules);
        let (mut text, mut expected) = (String::with_capacity(100 * (plan.max_bytes() + 1)), String::new());
        let (capacity, mut many, mut one_by_one) = (text.capacity(), source(32), source(32));
        for _ in 0..100 {
            plan.mint_into(&mut many, &mut text).unwrap();
            let mut password = plan.mint(&mut one_by_one).unwrap();
            assert_eq!(password.text_mut().capacity(), plan.max_bytes());
            expected.push_str(password.expose());
            text.push('\n');
            expected.push('\n');
        }
        assert_eq!(text, expected);
        assert_eq!(text.capacity(), capacity);
    }
}

#[test]
fn a_failed_mint_leaves_the_text_unchanged() {
    for rules in all() {
        let plan = plan(&rules);
        // A source that answers every choice with the last possibility never mints characters of all classes, but it
        // mints every other kind.
        let fails = |choices: &usize| plan.mint(&mut FailsAt(*choices)).is_err();
        let choices = (0..1000).take_while(fails).count();
        assert_eq!(choices == 1000, matches!(rules, Rules::Characters(_)));
        for choices in 0..choices {
            let mut text = String::from("before ");
            assert_eq!(plan.mint_into(&mut FailsAt(choices), &mut text), Err(RandomnessError));
            assert_eq!(text, "before ");
        }
    }
}

#[test]
fn each_wrong_rule_is_named() {
    let error = |rules: Rules| rules.plan(Some(words())).err().unwrap();
    let characters = Rules::Characters(characters::Rules { length: 7, ..characters::Rules::default() });
    assert_eq!(error(characters), RulesError::Characters(characters::RulesError::Length));
    let phrase = phrase::Rules { words: 3, ..phrase::Rules::default() };
    assert_eq!(error(Rules::Phrase(phrase.clone())), RulesError::Phrase(phrase::RulesError::Length));
    assert_eq!(error(Rules::Pin(pin::Rules { length: 3 })), RulesError::Pin(pin::RulesError::Length));
    let site = site_rules::Rules { text: "maxlength: 7".into(), ..site_rules::Rules::default() };
    let too_short = site_rules::RulesError::TooShort { maxlength: 7 };
    assert_eq!(error(Rules::Site(site)), RulesError::Site(too_short));
    assert_eq!(RulesError::from(too_short).to_string(), too_short.to_string());
    assert_eq!(Rules::Phrase(phrase::Rules::default()).plan(None).err(), Some(RulesError::NoWords));
    // The other kinds need no word list.
    assert!(Rules::Pin(pin::Rules::default()).plan(None).is_ok());
}
