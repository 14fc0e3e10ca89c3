use proptest::prelude::*;

use super::*;

fn set(characters: &str) -> AsciiSet {
    characters.chars().collect()
}

fn named(name: &str) -> AsciiSet {
    AsciiSet::named(name).unwrap()
}

fn parse(text: &str) -> Demands {
    Demands::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn error(text: &str) -> (usize, Expected) {
    let error = Demands::parse(text).expect_err(text);
    (error.column, error.expected)
}

#[test]
fn a_text_with_every_rule_is_read() {
    let text = "minlength: 8; maxlength: 20; required: lower; required: upper, digit; required: [-!#]; allowed: [ab]; \
                max-consecutive: 2;";
    let demands = Demands {
        minlength: Some(8),
        maxlength: Some(20),
        max_consecutive: Some(2),
        allowed: set("ab"),
        required: vec![named("lower"), named("upper") | named("digit"), set("-!#")],
    };
    assert_eq!(parse(text), demands);
    assert_eq!(parse(&text.replace(' ', "")), demands);
    assert_eq!(parse(&text.replace(' ', "\n\t  ")), demands);
    assert_eq!(parse(text.trim_end_matches(';')), demands);
    assert_eq!(parse(&text.replace(':', " : ").to_uppercase().replace("AB", "ab")), demands);
}

#[test]
fn classes_hold_the_characters_that_apple_lists() {
    assert_eq!(named("upper"), set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    assert_eq!(named("lower"), set("abcdefghijklmnopqrstuvwxyz"));
    assert_eq!(named("digit"), set("0123456789"));
    assert_eq!(named("special"), set("-~!@#$%^&*_+=`|(){}[:;\"'<>,.?] \\/"));
    assert_eq!(named("ascii-printable").characters().count(), 95);
    assert_eq!(named("unicode"), named("ascii-printable"));
    assert_eq!(AsciiSet::named("digits"), None);
    // The code of `é` is that of `i` plus 128.
    assert!(!named("lower").contains('é'));
}

#[test]
fn sets_may_hold_brackets_and_hyphens() {
    for (text, characters) in [
        ("[-]", "-"),
        ("[]]", "]"),
        ("[-]]", "-]"),
        ("[[]]", "[]"),
        ("[-a]]", "-a]"),
        ("[a;:, ]", "a;:, "),
        ("[{}()[\\]]", "{}()[\\]"),
        ("[^'\"[]]", "^'\"[]"),
        ("[a\u{a3}b\n]", "ab"),
    ] {
        assert_eq!(parse(&format!("required: {text}; minlength: 9")).required, [set(characters)], "{text}");
    }
    assert_eq!(parse("allowed: [ab], [bc]; allowed: [cd]").allowed, set("abcd"));
}

#[test]
fn rules_without_a_value_have_no_effect() {
    for text in ["", " \n", "allowed:;", "required: ; minlength:; maxlength: ;max-consecutive:", "required: []"] {
        assert_eq!(parse(text), Demands::default(), "{text:?}");
    }
}

#[test]
fn the_strictest_of_repeated_numbers_counts() {
    let demands = parse(
        "maxlength:50; max-consecutive:40; minlength:10; max-consecutive:3; max-consecutive:7; \
                         minlength:12; minlength: 11; maxlength:20; maxlength: 30",
    );
    assert_eq!((demands.minlength, demands.maxlength, demands.max_consecutive), (Some(12), Some(20), Some(3)));
    assert_eq!(parse("minlength: 99999999999999999999999").minlength, Some(usize::MAX));
    assert_eq!(parse("minlength: 0").minlength, Some(0));
}

#[test]
fn each_error_points_at_its_column() {
    use Expected::*;
    for (text, column, expected) in [
        ("minlenght: 8", 1, Rule),
        ("minlength: 8; dummy: upper", 15, Rule),
        ("minlength: 8;; maxlength: 9", 14, Rule),
        ("8", 1, Rule),
        ("供", 1, Rule),
        ("minlength 8", 11, Colon),
        ("minlength", 10, Colon),
        ("required= upper", 9, Colon),
        ("minlength: eight", 12, Number),
        ("max-consecutive: -1", 18, Number),
        ("max-consecutive: 供", 18, Number),
        ("max-consecutive: 0", 18, PositiveNumber),
        ("maxlength: 00", 12, PositiveNumber),
        ("minlength: 8 maxlength: 9", 14, Semicolon),
        ("minlength: 8px", 13, Semicolon),
        ("minlength: 8, maxlength: 9", 13, Semicolon),
        ("minlength: 1.5", 13, Semicolon),
        ("required: uper", 11, Class),
        ("required: 1", 11, Class),
        ("required: upper, digits", 18, Class),
        ("allowed: upper,,", 16, Class),
        ("allowed: upper,;", 16, Class),
        ("allowed: upper,", 16, Class),
        ("allowed: allowed: upper", 10, Class),
        ("allowed: upper [a]", 16, CommaOrSemicolon),
        ("required: upper lower", 17, CommaOrSemicolon),
        ("required: []a]", 13, CommaOrSemicolon),
        ("required: []]]", 14, CommaOrSemicolon),
        ("required: [ab", 14, SetEnd),
        ("required: [", 12, SetEnd),
        ("required: [a]]; [", 17, Rule),
        ("required: [a]], [", 18, SetEnd),
        ("required: [a-z]", 13, HyphenFirst),
        ("required: [--]", 13, HyphenFirst),
        ("required: [£", 13, SetEnd),
        // Columns count characters, not bytes.
        ("required: [£€-]", 14, HyphenFirst),
        ("allowed: upper, [供应]; digit", 17, Ascii),
    ] {
        assert_eq!(error(text), (column, expected), "{text:?}");
    }
}

#[test]
fn an_error_reads_as_a_sentence() {
    let error = Demands::parse("minlength: 8; required: [a-z]").unwrap_err();
    assert_eq!(error.to_string(), "column 27: expected - only as the first character of a set: there are no ranges");
}

/// Text made from pieces of rules, which gets further into the parser than random text.
fn nearly_rules() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "minlength",
            "maxlength",
            "required",
            "allowed",
            "max-consecutive",
            ":",
            ";",
            ",",
            "[",
            "]",
            "-",
            " ",
            "upper",
            "Lower",
            "digit",
            "special",
            "ascii-printable",
            "unicode",
            "12",
            "0",
            "99999999999999999999",
        ])
        .prop_map(String::from),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_at_one_of_its_columns(text in prop_oneof![any::<String>(), nearly_rules()]) {
        if let Err(error) = Demands::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}");
        }
    }

    #[test]
    fn demands_survive_writing_and_reading(
        minlength in prop::option::of(0..100_usize),
        maxlength in prop::option::of(1..100_usize),
        max_consecutive in prop::option::of(1..9_usize),
        allowed in "[ -~]{0,9}",
        required in prop::collection::vec("[ -~]{1,9}", 0..4),
    ) {
        let demands = Demands {
            minlength, maxlength, max_consecutive,
            allowed: set(&allowed),
            required: required.iter().map(|characters| set(characters)).collect(),
        };
        prop_assert_eq!(parse(&super::super::tests::written(&demands)), demands);
    }
}
