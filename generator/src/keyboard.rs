//! Passwords that come out right on a keyboard of another country: at a BIOS, a remote console, a rented machine.
//!
//! A character is **safe** if the same key with the same modifiers gives it on the US QWERTY, the German QWERTZ and the
//! French AZERTY layout. That leaves 40 letters: AZERTY moves A, Q, W, Z and M, QWERTZ moves Y and Z; digits need Shift
//! on AZERTY and do without on the other two; and no mark of punctuation stands in one place on all three. The space
//! does, but no password holds one.

use crate::characters::{Class, Rules, holds};

/// The safe characters. 5.32 bits each: 25 of them are as strong as 20 of all 94 that are printed.
pub const SAFE: &str = "BCDEFGHIJKLNOPRSTUVXbcdefghijklnoprstuvx";

/// Every printed ASCII character that is not safe, to be left out: what [`crate::site_rules::Rules`] take.
#[must_use]
pub fn unsafe_characters() -> String {
    ('!'..='~').filter(|character| !holds(SAFE, *character)).collect()
}

/// The same rules with safe characters only. Kinds of characters without any are switched off, added characters that
/// are not safe are no longer added, and all others are left out by name: so a receipt says exactly what was used.
#[must_use]
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
    use crate::characters::{Plan, RulesError};
    use crate::site_rules;

    /// The keys of four rows, from the left, alone and with Shift. `·` is a key that is not there, that gives nothing
    /// by itself (a dead key: accents), or no ASCII character. The key of `\` on a US keyboard counts as the one beside
    /// Return.
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

    /// The tables themselves: the US keyboard gives every printed character once, the others none twice.
    #[test]
    fn the_layouts_are_whole() {
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
    fn digits_alone_cannot_be_safe() {
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
