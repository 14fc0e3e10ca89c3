//! Passwords of characters: the rules, what is wrong with them, and the plan that mints by them.

use std::ops::RangeInclusive;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bits::{Bits, ratio};
use crate::count::{Counts, Quota};
pub use crate::password::Password;
use crate::password::push_ascii;
use crate::random::{Choose, RandomnessError};
use crate::tally::Tally;

/// Lengths a password may have.
pub const LENGTHS: RangeInclusive<usize> = 8..=30;

/// Characters an alphabet may have: as many as one random byte can choose among.
pub const ALPHABET_MAX: usize = 256;

/// Characters that are easily taken for one another in print: left out on request.
pub const LOOK_ALIKES: &str = "0OoQ1Iil|5S2Z8B`'";

/// The kinds of characters that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// `a` to `z`.
    Lower,
    /// `A` to `Z`.
    Upper,
    /// `0` to `9`.
    Digits,
    /// The 32 ASCII characters that are printed and are neither letters nor digits nor the space.
    Symbols,
}

/// Whether a text holds a character. `str::contains` would bring the search for texts into the page: 2 kB.
#[must_use]
pub fn holds(text: &str, character: char) -> bool {
    text.chars().any(|held| held == character)
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Lower, Self::Upper, Self::Digits, Self::Symbols];

    /// The characters of the class.
    #[must_use]
    pub fn characters(self) -> &'static str {
        match self {
            Self::Lower => "abcdefghijklmnopqrstuvwxyz",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digits => "0123456789",
            Self::Symbols => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        }
    }

    /// The class a character belongs to, if it is an ASCII one.
    #[must_use]
    pub fn of(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|class| holds(class.characters(), character))
    }
}

/// Whether a class is used, and how many of it a password must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassRule {
    /// Whether the class is part of the alphabet.
    pub on: bool,
    /// How many characters of the class every password holds at least. It counts only while the class is on.
    pub minimum: usize,
}

/// What a password must look like. The default: 30 characters of all classes, at least one of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How many characters, within [`LENGTHS`].
    pub length: usize,
    pub lower: ClassRule,
    pub upper: ClassRule,
    pub digits: ClassRule,
    pub symbols: ClassRule,
    /// Whether [`LOOK_ALIKES`] are left out.
    pub no_look_alikes: bool,
    pub exclude: String,
    /// Characters to add, whichever class they belong to or none; they win over `no_look_alikes`. One that belongs
    /// to a class that is on counts towards that class.
    pub include: String,
}

impl Default for Rules {
    fn default() -> Self {
        let class = ClassRule { on: true, minimum: 1 };
        Self {
            length: *LENGTHS.end(),
            lower: class,
            upper: class,
            digits: class,
            symbols: class,
            no_look_alikes: false,
            exclude: String::new(),
            include: String::new(),
        }
    }
}

impl Rules {
    /// The rule of one class.
    #[must_use]
    pub fn class(&self, class: Class) -> ClassRule {
        match class {
            Class::Lower => self.lower,
            Class::Upper => self.upper,
            Class::Digits => self.digits,
            Class::Symbols => self.symbols,
        }
    }

    /// The rule of one class, to change it.
    pub fn class_mut(&mut self, class: Class) -> &mut ClassRule {
        match class {
            Class::Lower => &mut self.lower,
            Class::Upper => &mut self.upper,
            Class::Digits => &mut self.digits,
            Class::Symbols => &mut self.symbols,
        }
    }
}

/// Why rules allow no password. Each case names the field that a person would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The length is out of [`LENGTHS`].
    #[error("the length must be from {} to {}", LENGTHS.start(), LENGTHS.end())]
    Length,
    /// No class is on and no character is added.
    #[error("choose at least one kind of character")]
    NothingChosen,
    /// A class is on with a minimum, but every character of it is left out.
    #[error("every character of a chosen kind is left out")]
    ClassEmptied(Class),
    /// The minimums together are above the length.
    #[error("the minimums add up to {sum}, the length is {length}")]
    MinimumsAboveLength {
        /// What the minimums add up to.
        sum: usize,
        length: usize,
    },
    /// A character is to be added and left out at once.
    #[error("{0:?} is both added and left out")]
    AddedAndLeftOut(char),
    /// A character to add cannot be typed or seen: a control character or a space of any kind.
    #[error("spaces and control characters cannot be added")]
    NotVisible,
    /// More than [`ALPHABET_MAX`] characters to choose from.
    #[error("at most {ALPHABET_MAX} different characters")]
    TooManyCharacters,
}

/// A password cannot be tried this often in vain by chance: at one accepted draw in four or more, it has a
/// probability below 2^-400. The source of randomness is broken then.
const TRIES_MAX: usize = 1000;

/// Share of plain draws that must keep the minimums for rejection to be worth its tries.
const ACCEPTED_MIN: f64 = 0.25;

/// Rules, checked and counted: everything it takes to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    length: usize,
    /// The alphabet, set after set.
    alphabet: Vec<char>,
    /// The same in bytes, if it is of ASCII: three times as fast to write.
    ascii: Option<Vec<u8>>,
    /// What each character of the alphabet adds to the tally.
    ones: Vec<u64>,
    /// The minimums, nothing being held yet.
    tally: Tally,
    /// Size and minimum of each set; the sets are disjoint.
    quotas: Vec<Quota>,
    counts: Counts,
    /// Whether to draw whole strings until one keeps the minimums, instead of drawing the counts of the sets first.
    /// Both ways are uniform; this one is faster where it seldom has to try again.
    by_rejection: bool,
}

impl Plan {
    /// Checks and counts the rules.
    ///
    /// # Errors
    /// [`RulesError`] names the first thing that a person would have to change.
    pub fn new(rules: &Rules) -> Result<Self, RulesError> {
        if !LENGTHS.contains(&rules.length) {
            return Err(RulesError::Length);
        }
        let (sets, minimums) = rules.sets()?;
        let sum = minimums.iter().sum();
        if sum > rules.length {
            return Err(RulesError::MinimumsAboveLength { sum, length: rules.length });
        }
        Ok(Self::over(&sets, &minimums, rules.length))
    }

    /// A plan over disjoint sets of which no minimum is out of reach.
    pub(crate) fn over(sets: &[Vec<char>], minimums: &[usize], length: usize) -> Self {
        let quotas: Vec<_> =
            sets.iter().zip(minimums).map(|(set, minimum)| Quota { size: set.len(), minimum: *minimum }).collect();
        let counts = Counts::new(&quotas, length);
        let alphabet: Vec<char> = sets.concat();
        let ones = sets.iter().enumerate().flat_map(|(index, set)| vec![Tally::one(index); set.len()]).collect();
        let tally = Tally::new(minimums.iter().copied());
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let unconstrained = length as f64 * (alphabet.len() as f64).log2();
        let by_rejection = Bits::of(counts.total()).value() - unconstrained >= ACCEPTED_MIN.log2();
        let ascii = alphabet.iter().map(|character| u8::try_from(*character).ok().filter(u8::is_ascii)).collect();
        Self { length, alphabet, ascii, ones, tally, quotas, counts, by_rejection }
    }

    /// How many passwords the rules allow, exactly.
    #[must_use]
    pub fn count(&self) -> &BigUint {
        self.counts.total()
    }

    /// The strength of every password of this plan: the base-2 logarithm of [`Plan::count`].
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits::of(self.count())
    }

    /// The characters a password may hold.
    #[must_use]
    pub fn alphabet(&self) -> &[char] {
        &self.alphabet
    }

    /// Mints one password, uniformly from all that the rules allow.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; nothing is made then.
    pub fn mint(&self, choose: &mut impl Choose) -> Result<Password, RandomnessError> {
        Password::of(self.max_bytes(), |out| self.mint_into(choose, out))
    }

    /// The same at the end of a text: see [`crate::kind::Plan::mint_into`].
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; `out` is as it was then.
    pub fn mint_into(&self, choose: &mut impl Choose, out: &mut String) -> Result<(), RandomnessError> {
        let mut drawn = Zeroizing::new([0; *LENGTHS.end()]);
        let drawn = &mut drawn[..self.length];
        if self.by_rejection {
            self.draw_by_rejection(choose, drawn)?;
        } else {
            self.draw_by_counts(choose, drawn)?;
        }
        if let Some(ascii) = &self.ascii {
            for place in &mut *drawn {
                *place = ascii[usize::from(*place)];
            }
            push_ascii(out, drawn);
        } else {
            out.extend(drawn.iter().map(|index| self.alphabet[usize::from(*index)]));
        }
        Ok(())
    }

    /// Bytes that a password takes at most.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.length * self.alphabet.iter().map(|character| character.len_utf8()).max().unwrap_or_default()
    }

    /// How many characters each password has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// For each character of the alphabet, the probability that it stands at a given place of a password.
    pub(crate) fn chances(&self) -> impl Iterator<Item = f64> {
        let set = |index: usize, quota: Quota| {
            // The place is taken by one of the set: one fewer is wanted of it on the places that are left.
            let mut rest = self.quotas.clone();
            rest[index].minimum = quota.minimum.saturating_sub(1);
            let chance = ratio(Counts::new(&rest, self.length - 1).total(), self.count());
            std::iter::repeat_n(chance, quota.size)
        };
        self.quotas.iter().enumerate().flat_map(move |(index, quota)| set(index, *quota))
    }

    /// Draws whole rows of the alphabet's characters until one keeps the minimums.
    fn draw_by_rejection(&self, choose: &mut impl Choose, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        for _ in 0..TRIES_MAX {
            choose.fill_below(self.alphabet.len(), numbers)?;
            let mut tally = self.tally;
            for number in &*numbers {
                tally.add(self.ones[usize::from(*number)]);
            }
            if tally.is_kept() {
                return Ok(());
            }
        }
        Err(RandomnessError)
    }

    /// Draws how many characters are of each set, then their order, then the characters.
    #[expect(clippy::cast_possible_truncation, reason = "the sets are few, the characters at most 256")]
    fn draw_by_counts(&self, choose: &mut impl Choose, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        let counts = self.counts.draw(choose)?;
        let sets = counts.iter().enumerate().flat_map(|(set, count)| std::iter::repeat_n(set as u8, *count));
        numbers.iter_mut().zip(sets).for_each(|(number, set)| *number = set);
        // Fisher and Yates: every order of the sets is equally likely.
        for last in (1..numbers.len()).rev() {
            numbers.swap(last, choose.below(last + 1)?);
        }
        for number in numbers {
            let set = usize::from(*number);
            let start: usize = self.quotas[..set].iter().map(|quota| quota.size).sum();
            *number = (start + choose.below(self.quotas[set].size)?) as u8;
        }
        Ok(())
    }
}

impl Rules {
    /// The disjoint sets of the alphabet and their minimums: the classes that are on, then what is added besides.
    fn sets(&self) -> Result<(Vec<Vec<char>>, Vec<usize>), RulesError> {
        if let Some(clash) = self.include.chars().find(|added| holds(&self.exclude, *added)) {
            return Err(RulesError::AddedAndLeftOut(clash));
        }
        if self.include.chars().any(|added| added.is_control() || added.is_whitespace()) {
            return Err(RulesError::NotVisible);
        }
        let kept = |character: &char| {
            holds(&self.include, *character)
                || !(holds(&self.exclude, *character) || self.no_look_alikes && holds(LOOK_ALIKES, *character))
        };
        let (mut sets, mut minimums) = (Vec::new(), Vec::new());
        for class in Class::ALL.into_iter().filter(|class| self.class(*class).on) {
            let set: Vec<char> = class.characters().chars().filter(kept).collect();
            let minimum = self.class(class).minimum;
            if set.is_empty() && minimum > 0 {
                return Err(RulesError::ClassEmptied(class));
            }
            sets.push(set);
            minimums.push(minimum);
        }
        let mut besides = Vec::new();
        for added in self.include.chars() {
            if !besides.contains(&added) && !sets.iter().any(|set| set.contains(&added)) {
                besides.push(added);
            }
        }
        sets.push(besides);
        minimums.push(0);
        match sets.iter().map(Vec::len).sum() {
            0 => Err(RulesError::NothingChosen),
            1..=ALPHABET_MAX => Ok((sets, minimums)),
            _ => Err(RulesError::TooManyCharacters),
        }
    }
}

#[cfg(test)]
mod tests;
