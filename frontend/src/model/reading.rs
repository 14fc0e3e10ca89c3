//! A secret as it is read aloud and typed back.

use generator::characters::Class;

pub const GROUP: usize = 4;

/// How a character is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterName {
    /// A small letter: its place in the alphabet, from 0.
    Small(usize),
    /// A capital letter: its place in the alphabet, from 0.
    Capital(usize),
    Digit(usize),
    /// A symbol: its place among [`Class::Symbols`], from 0.
    Symbol(usize),
    Other,
}

impl CharacterName {
    /// How a character is called.
    #[must_use]
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

/// The characters of a secret in groups of [`GROUP`], the last one shorter if it does not come out even.
#[must_use]
pub fn groups(secret: &str) -> Vec<Vec<char>> {
    let characters: Vec<char> = secret.chars().collect();
    characters.chunks(GROUP).map(<[char]>::to_vec).collect()
}

/// What comes of typing a secret back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedBack {
    Nothing,
    /// So many characters are right, and more must come.
    SoFar(usize),
    /// The character at this place, from 1, is another one.
    Wrong(usize),
    /// All is right, but then there is more.
    TooLong,
    Right,
}

/// Compares what was typed with the secret.
#[must_use]
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
    fn every_printed_character_has_a_name() {
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
    fn typing_back_is_followed() {
        let typed = |typed| typed_back("aB3é", typed);
        assert_eq!(typed(""), TypedBack::Nothing);
        assert_eq!(typed("aB"), TypedBack::SoFar(2));
        assert_eq!(typed("ab"), TypedBack::Wrong(2));
        assert_eq!(typed("aB3e"), TypedBack::Wrong(4));
        assert_eq!(typed("aB3é "), TypedBack::TooLong);
        assert_eq!(typed("aB3é"), TypedBack::Right);
    }
}
