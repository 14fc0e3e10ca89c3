//! Reading a secret aloud, and typing it back.

use generator::characters::Class;

/// Characters in a group.
pub const GROUP_LENGTH: usize = 4;

/// The spoken name of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterName {
    /// A small letter, by its place in the alphabet from 0.
    Small(usize),
    /// A capital letter, by its place in the alphabet from 0.
    Capital(usize),
    Digit(usize),
    /// A symbol, by its place among [`Class::Symbols`] from 0.
    Symbol(usize),
    Other,
}

impl CharacterName {
    pub fn of(character: char) -> Self {
        let Some(class) = Class::of(character) else { return Self::Other };
        let place = class.characters().chars().position(|known| known == character).unwrap_or_default();
        match class {
            Class::Lower => Self::Small(place),
            Class::Upper => Self::Capital(place),
            Class::Digits => Self::Digit(place),
            Class::Symbols => Self::Symbol(place),
        }
    }
}

/// The characters of a secret in groups of [`GROUP_LENGTH`]; the last group may be shorter.
pub fn groups(secret: &str) -> Vec<Vec<char>> {
    let characters: Vec<char> = secret.chars().collect();
    characters.chunks(GROUP_LENGTH).map(<[char]>::to_vec).collect()
}

/// The comparison of a secret with the text typed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedBack {
    Nothing,
    /// This number of characters is right so far, and more must follow.
    SoFar(usize),
    /// The character at this position, from 1, is wrong.
    Wrong(usize),
    /// Further characters follow the whole secret.
    TooLong,
    Right,
}

pub fn typed_back(secret: &str, typed: &str) -> TypedBack {
    if typed.is_empty() {
        return TypedBack::Nothing;
    }
    let (all, many) = (secret.chars().count(), typed.chars().count());
    match secret.chars().zip(typed.chars()).position(|(right, typed)| right != typed) {
        Some(place) => TypedBack::Wrong(place + 1),
        None if many > all => TypedBack::TooLong,
        None if many < all => TypedBack::SoFar(many),
        None => TypedBack::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_has_a_name() {
        assert_eq!(CharacterName::of('a'), CharacterName::Small(0));
        assert_eq!(CharacterName::of('Z'), CharacterName::Capital(25));
        assert_eq!(CharacterName::of('7'), CharacterName::Digit(7));
        assert_eq!(
            [CharacterName::of('!'), CharacterName::of('@'), CharacterName::of('~')],
            [0, 21, 31].map(CharacterName::Symbol)
        );
        assert_eq!([CharacterName::of('é'), CharacterName::of(' ')], [CharacterName::Other; 2]);
    }

    #[test]
    fn groups_hold_four() {
        let text = |secret| -> Vec<String> { groups(secret).into_iter().map(String::from_iter).collect() };
        assert_eq!(text("abcdéfghi"), ["abcd", "éfgh", "i"]);
        assert_eq!(text("abcd"), ["abcd"]);
        assert_eq!(text(""), [""; 0]);
    }

    #[test]
    fn typed_text_is_compared_up_to_the_first_difference() {
        let typed = |typed| typed_back("aB3é", typed);
        assert_eq!(typed(""), TypedBack::Nothing);
        assert_eq!(typed("aB"), TypedBack::SoFar(2));
        assert_eq!(typed("ab"), TypedBack::Wrong(2));
        assert_eq!(typed("aB3e"), TypedBack::Wrong(4));
        assert_eq!(typed("aB3é "), TypedBack::TooLong);
        assert_eq!(typed("aB3é"), TypedBack::Right);
    }
}
