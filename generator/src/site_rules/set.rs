//! Sets of printable ASCII characters.

use std::fmt;
use std::ops::{BitAnd, BitOr, Sub};

/// A set of printable ASCII characters, the space among them: a bit for each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct AsciiSet(u128);

impl AsciiSet {
    /// A class of the grammar, by its name in small letters or capitals. `unicode` is what a plain keyboard has of it:
    /// the same as `ascii-printable`.
    #[must_use]
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

    /// Adds a character and says whether it can: whether it is printable ASCII.
    pub fn add(&mut self, character: char) -> bool {
        let printable = matches!(character, ' '..='~');
        if printable {
            self.0 |= 1 << u32::from(character);
        }
        printable
    }

    /// Whether the character is in the set.
    #[must_use]
    pub fn contains(self, character: char) -> bool {
        character.is_ascii() && self.0 >> u32::from(character) & 1 == 1
    }

    /// Whether there is no character in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The characters, in the order of ASCII.
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
