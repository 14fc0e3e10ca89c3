//! Sets of printable ASCII characters.

use std::fmt;
use std::ops::{BitAnd, BitOr, Sub};

/// A set of printable ASCII characters, which include the space. Each has a bit.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct AsciiSet(u128);

impl AsciiSet {
    /// A class of the grammar, by its name in small letters or capitals. `unicode` means `ascii-printable`, because a
    /// plain keyboard has no more of it.
    pub fn named(name: &str) -> Option<Self> {
        let holds: fn(&char) -> bool = match () {
            () if name.eq_ignore_ascii_case("upper") => char::is_ascii_uppercase,
            () if name.eq_ignore_ascii_case("lower") => char::is_ascii_lowercase,
            () if name.eq_ignore_ascii_case("digit") => char::is_ascii_digit,
            () if name.eq_ignore_ascii_case("special") => |c| !c.is_ascii_alphanumeric(),
            () if name.eq_ignore_ascii_case("ascii-printable") || name.eq_ignore_ascii_case("unicode") => |_| true,
            () => return None,
        };
        Some((' '..='~').filter(holds).collect())
    }

    /// Adds a character if it is printable ASCII, and returns whether it is.
    pub fn add(&mut self, character: char) -> bool {
        let printable = matches!(character, ' '..='~');
        if printable {
            self.0 |= 1 << u32::from(character);
        }
        printable
    }

    pub fn contains(self, character: char) -> bool {
        character.is_ascii() && self.0 >> u32::from(character) & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The characters in ASCII order.
    pub fn characters(self) -> impl Iterator<Item = char> {
        (' '..='~').filter(move |character| self.contains(*character))
    }
}

impl FromIterator<char> for AsciiSet {
    /// Characters that are not printable ASCII are left out.
    fn from_iter<T: IntoIterator<Item = char>>(characters: T) -> Self {
        let mut set = Self::default();
        for character in characters {
            set.add(character);
        }
        set
    }
}

impl BitOr for AsciiSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for AsciiSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for AsciiSet {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for AsciiSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Set({:?})", self.characters().collect::<String>())
    }
}
