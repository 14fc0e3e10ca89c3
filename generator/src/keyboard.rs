//! Passwords that can be typed on a keyboard of another country: at a BIOS, a remote console, a rented machine.
//!
//! A character is **safe** if the same key with the same modifiers gives it on the US QWERTY, the German QWERTZ and the
//! French AZERTY layout. That leaves 40 letters: AZERTY moves A, Q, W, Z and M, QWERTZ moves Y and Z; digits need Shift
//! on AZERTY but not on the other two; and no punctuation mark has the same key on all three. The space has, but no
//! password contains it.

use crate::characters::{Class, Rules, holds};

/// The safe characters. Each has 5.32 bits: 25 of them are as strong as 20 of all 94 printable ones.
pub const SAFE: &str = "BCDEFGHIJKLNOPRSTUVXbcdefghijklnoprstuvx";

/// Every printable ASCII character that is not safe, for [`crate::site_rules::Rules::exclude`].
pub fn unsafe_characters() -> String {
    ('!'..='~').filter(|character| !holds(SAFE, *character)).collect()
}

/// Restricts rules to safe characters. Classes without a safe character are switched off, unsafe characters are no
/// longer added, and every unsafe character is excluded by name, so that a receipt says exactly which ones were used.
pub fn restricted(rules: &Rules) -> Rules {
    let mut restricted = rules.clone();
    for class in Class::ALL {
        restricted.class_mut(class).on &= class.characters().chars().any(|character| holds(SAFE, character));
    }
    restricted.include.retain(|character| holds(SAFE, character));
    restricted.exclude.retain(|character| holds(SAFE, character));
    restricted.exclude.push_str(&unsafe_characters());
    restricted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan as _;
    use crate::characters::{Plan, RulesError};
    use crate::site_rules;

    /// The keys of four rows, from the left, without and with Shift. `·` marks a key that is missing, that types
    /// nothing by itself (a dead key for accents), or that types no ASCII character. The key of `\` on a US keyboard
    /// counts as the one beside Return.
    const US: [&str; 8] = [
        "`1234567890-=",
        "~!@#$%^&*()_+",
        "qwertyuiop[]",
        "QWERTYUIOP{}",
        "asdfghjkl;'\\",
        "ASDFGHJKL:\"|",
        "·zxcvbnm,./",
        "·ZXCVBNM<>?",
    ];
    const GERMAN: [&str; 8] = [
        "·1234567890··",
        "·!\"·$%&/()=?·",
        "qwertzuiop·+",
        "QWERTZUIOP·*",
        "asdfghjkl··#",
        "ASDFGHJKL··'",
        "<yxcvbnm,.-",
        ">YXCVBNM;:_",
    ];
    const FRENCH: [&str; 8] = [
        "·&·\"'(-·_··)=",
        "·1234567890·+",
        "azertyuiop·$",
        "AZERTYUIOP··",
        "qsdfghjklm·*",
        "QSDFGHJKLM%·",
        "<wxcvbn,;:!",
        ">WXCVBN?./·",
    ];

    #[test]
    fn safe_characters_are_those_in_one_place_on_all_three_layouts() {
        let mut safe = String::new();
        for ((us, german), french) in US.iter().zip(GERMAN).zip(FRENCH) {
            assert!([german, french].iter().all(|row| row.chars().count() == us.chars().count()), "{us}");
            for ((character, german), french) in us.chars().zip(german.chars()).zip(french.chars()) {
                if character != '·' && character == german && character == french {
                    safe.push(character);
                }
            }
        }
        let sorted = |text: &str| {
            let mut characters: Vec<char> = text.chars().collect();
            characters.sort_unstable();
            characters
        };
        assert_eq!(sorted(&safe), sorted(SAFE));
    }

    /// Checks the tables: the US keyboard types every printable character once, the others none twice.
    #[test]
    fn each_layout_types_every_character_at_most_once() {
        for (layout, missing) in [(US, ""), (GERMAN, "@[\\]^`{|}~"), (FRENCH, "#@[\\]^`{|}~")] {
            for character in '!'..='~' {
                let keys = layout.concat().matches(character).count();
                assert_eq!(keys, usize::from(!missing.contains(character)), "{character} in {layout:?}");
            }
        }
    }

    #[test]
    fn restricted_rules_mint_safe_characters_only() {
        let rules = Rules { include: "aé7b".into(), exclude: "xy".into(), ..Rules::default() };
        let restricted = restricted(&rules);
        let plan = Plan::new(&restricted).unwrap();
        let expected: String = SAFE.chars().filter(|character| *character != 'x').collect();
        assert_eq!(plan.alphabet().len(), expected.len());
        assert!(plan.alphabet().iter().all(|character| expected.contains(*character)));
        assert_eq!(super::restricted(&restricted), restricted);
    }

    #[test]
    fn digits_alone_are_refused_as_unsafe() {
        let mut rules = Rules::default();
        for class in [Class::Lower, Class::Upper, Class::Symbols] {
            rules.class_mut(class).on = false;
        }
        assert_eq!(Plan::new(&restricted(&rules)), Err(RulesError::NothingChosen));
    }

    #[test]
    fn bits_of_safe_characters() {
        let plan = |length| Plan::new(&restricted(&Rules { length, ..Rules::default() })).unwrap();
        assert_eq!(plan(25).bits().to_string(), "133.05");
        let site = |text: &str| {
            let rules = site_rules::Rules { text: text.into(), length: 25, exclude: unsafe_characters() };
            site_rules::Plan::new(&rules)
        };
        assert_eq!(site("required: lower; required: upper").unwrap().count(), plan(25).count());
        let emptied = site_rules::RulesError::RequirementEmptied { number: 2 };
        assert_eq!(site("required: lower; required: digit"), Err(emptied));
    }
}
