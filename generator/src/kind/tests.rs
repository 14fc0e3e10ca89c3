use serde::de::value::{self, MapDeserializer};

use super::*;
use crate::phrase::Words;
use crate::proof::{FailsAt, source};

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

fn plan(rules: &Rules) -> Plan {
    Plan::new(rules, Some(words())).unwrap()
}

/// They stand in sealed entries: what was written once is read for ever.
#[test]
fn stored_rules_are_frozen() {
    let stored = [
        // This form has no name before it because entries had it before there were other kinds.
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
    // What a later version may add.
    let more = stored[0].replacen('{', r#"{"later":[1],"#, 1);
    assert_eq!(serde_json::from_str::<Rules>(&more).unwrap(), Rules::default());
}

#[test]
fn what_is_no_rules_is_refused() {
    for json in [
        "{}",
        "null",
        "[]",
        r#"{"length":8}"#,
        r#"{"pin":{}}"#,
        r#"{"other":{}}"#,
        r#"{"pin":{"length":-1}}"#,
        r#"{"pin":{"length":6},"site":{}}"#,
    ] {
        assert!(serde_json::from_str::<Rules>(json).is_err(), "{json}");
    }
}

#[test]
fn a_reader_is_told_what_was_expected() {
    let error = serde_json::from_str::<Rules>("null").unwrap_err().to_string();
    assert!(error.starts_with("invalid type: null, expected rules"), "{error}");
    let numbered = MapDeserializer::<_, value::Error>::new([(1_u8, 2_u8)].into_iter());
    let error = <Rules as Deserialize>::deserialize(numbered).unwrap_err().to_string();
    assert_eq!(error, "invalid type: integer `1`, expected the name of a field");
}

/// Page and keyring speak in postcard's format, which does not say what it holds.
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

/// Many into one text are the same as one by one, and stay within their room.
#[test]
fn a_text_holds_what_one_by_one_would_give() {
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
fn nothing_is_left_of_one_that_failed() {
    for rules in all() {
        let plan = plan(&rules);
        // Every choice answered with its last possibility never makes a password of all classes, but any of the others.
        let fails = |choices: &usize| plan.mint(&mut FailsAt(*choices)).is_err();
        let choices = (0..1000).take_while(fails).count();
        assert_eq!(choices == 1000, matches!(plan, Plan::Characters(_)));
        for choices in 0..choices {
            let mut text = String::from("before ");
            assert_eq!(plan.mint_into(&mut FailsAt(choices), &mut text), Err(RandomnessError));
            assert_eq!(text, "before ");
        }
    }
}

#[test]
fn each_wrong_rule_is_named() {
    let error = |rules: Rules| Plan::new(&rules, Some(words())).unwrap_err();
    let characters = Rules::Characters(characters::Rules { length: 7, ..characters::Rules::default() });
    assert_eq!(error(characters), RulesError::Characters(characters::RulesError::Length));
    let phrase = phrase::Rules { words: 3, ..phrase::Rules::default() };
    assert_eq!(error(Rules::Phrase(phrase.clone())), RulesError::Phrase(phrase::RulesError::Length));
    assert_eq!(error(Rules::Pin(pin::Rules { length: 3 })), RulesError::Pin(pin::RulesError::Length));
    let site = site_rules::Rules { text: "maxlength: 7".into(), ..site_rules::Rules::default() };
    let too_short = site_rules::RulesError::TooShort { maxlength: 7 };
    assert_eq!(error(Rules::Site(site)), RulesError::Site(too_short));
    assert_eq!(RulesError::from(too_short).to_string(), too_short.to_string());
    assert_eq!(Plan::new(&Rules::Phrase(phrase::Rules::default()), None), Err(RulesError::NoWords));
    // The others do without.
    assert!(Plan::new(&Rules::Pin(pin::Rules::default()), None).is_ok());
}
