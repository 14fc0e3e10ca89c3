//! Passwords of characters: their rules, the faults in rules, and the plan.

use std::ops::RangeInclusive;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bits::{Bits, ratio};
use crate::count::{Counts, Quota};
use crate::password::push_ascii;
use crate::random::{Choose, RandomnessError};
use crate::tally::Tally;

/// Numbers of characters that a password may have.
pub const LENGTHS: RangeInclusive<usize> = 8..=30;

/// Largest alphabet: one random byte chooses among so many characters.
pub const ALPHABET_MAX: usize = 256;

/// Characters that are easily mistaken for one another in print, left out on request.
pub const LOOK_ALIKES: &str = "0OoQ1Iil|5S2Z8B`'";

/// A kind of characters that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// `a` to `z`.
    Lower,
    /// `A` to `Z`.
    Upper,
    /// `0` to `9`.
    Digits,
    /// The 32 printable ASCII characters that are neither letters nor digits nor the space.
    Symbols,
}

/// True if a text contains a character. `str::contains` would add the search for texts to the page: 2 kB.
pub fn holds(text: &str, character: char) -> bool {
    text.chars().any(|other| other == character)
}

impl Class {
    /// Every class, in the order in which the page shows them.
    pub const ALL: [Self; 4] = [Self::Lower, Self::Upper, Self::Digits, Self::Symbols];

    pub fn characters(self) -> &'static str {
        match self {
            Self::Lower => "abcdefghijklmnopqrstuvwxyz",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digits => "0123456789",
            Self::Symbols => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        }
    }

    /// The class of a character; none for the space, control characters and all that is not ASCII.
    pub fn of(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|class| holds(class.characters(), character))
    }
}

/// The rule of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "ClassRule::off")]
pub struct ClassRule {
    /// True if passwords may contain the class.
    pub on: bool,
    /// Least number of characters of the class in every password. It applies only while the class is on.
    pub minimum: usize,
}

impl ClassRule {
    fn off() -> Self {
        Self { on: false, minimum: 0 }
    }
}

/// The rules of a password. The default: 30 characters of all classes, at least one of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "Rules::none")]
pub struct Rules {
    /// The number of characters, within [`LENGTHS`].
    pub length: usize,
    pub lower: ClassRule,
    pub upper: ClassRule,
    pub digits: ClassRule,
    pub symbols: ClassRule,
    /// True if [`LOOK_ALIKES`] are left out.
    pub no_look_alikes: bool,
    pub exclude: String,
    /// Characters to add, of any class or none, even if they are look-alikes. An added character counts towards its
    /// class if that class is on.
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
    /// The rules of a receipt that names none. A rule added later must be off here.
    fn none() -> Self {
        let class = ClassRule::off();
        Self {
            length: 0,
            lower: class,
            upper: class,
            digits: class,
            symbols: class,
            no_look_alikes: false,
            exclude: String::new(),
            include: String::new(),
        }
    }

    /// The rule of one class.
    pub fn class(&self, class: Class) -> ClassRule {
        match class {
            Class::Lower => self.lower,
            Class::Upper => self.upper,
            Class::Digits => self.digits,
            Class::Symbols => self.symbols,
        }
    }

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
    /// A class is on and has a minimum, but every character of it is left out.
    #[error("every character of a chosen kind is left out")]
    ClassEmptied(Class),
    /// The sum of the minimums is above the length.
    #[error("the minimums add up to {sum}, the length is {length}")]
    MinimumsAboveLength { sum: usize, length: usize },
    /// A character is both to be added and to be left out.
    #[error("{0:?} is both added and left out")]
    AddedAndLeftOut(char),
    /// A character to add is a control character or a space of any kind, which cannot be typed or seen.
    #[error("spaces and control characters cannot be added")]
    NotVisible,
    /// The alphabet has more than [`ALPHABET_MAX`] characters.
    #[error("at most {ALPHABET_MAX} different characters")]
    TooManyCharacters,
}

/// Most draws that are rejected in a row. If at least one draw in four is accepted, so many rejections have a
/// probability below 2^-400: the source of randomness is broken.
const TRIES_MAX: usize = 1000;

/// Share of plain draws that must meet the minimums, so that drawing again is faster than drawing counts first.
const ACCEPTED_MIN: f64 = 0.25;

/// Mints passwords from an alphabet of disjoint sets with minimums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    length: usize,
    /// The alphabet, set by set.
    alphabet: Vec<char>,
    /// The alphabet in bytes, if it is all ASCII: bytes are written three times as fast.
    ascii: Option<Vec<u8>>,
    /// The number that each character of the alphabet adds to the tally.
    ones: Vec<u64>,
    /// The tally of an empty password.
    tally: Tally,
    /// Size and minimum of each set.
    quotas: Vec<Quota>,
    counts: Counts,
    /// True to draw whole strings until one meets the minimums, instead of drawing the counts of the sets first.
    /// Both ways are uniform. Rejection is faster if it seldom has to draw again.
    by_rejection: bool,
}

impl Plan {
    /// Checks and counts the rules.
    ///
    /// # Errors
    /// [`RulesError`] names the first rule that a person would have to change.
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

    /// A plan over disjoint sets whose minimums can be met.
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

    /// The characters that a password may contain.
    pub fn alphabet(&self) -> &[char] {
        &self.alphabet
    }

    /// The number of characters of every password.
    pub fn length(&self) -> usize {
        self.length
    }

    /// For each character of the alphabet, the probability of finding it at any given position of a password.
    pub(crate) fn chances(&self) -> impl Iterator<Item = f64> {
        let set = |index: usize, quota: Quota| {
            // The position takes one character of the set: the other positions need one fewer of it.
            let mut rest = self.quotas.clone();
            rest[index].minimum = quota.minimum.saturating_sub(1);
            let chance = ratio(Counts::new(&rest, self.length - 1).total(), self.counts.total());
            std::iter::repeat_n(chance, quota.size)
        };
        self.quotas.iter().enumerate().flat_map(move |(index, quota)| set(index, *quota))
    }

    /// Draws whole strings until one meets the minimums, as indices into the alphabet.
    fn draw_by_rejection(&self, choose: &mut dyn Choose, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        for _ in 0..TRIES_MAX {
            choose.fill_below(self.alphabet.len(), numbers)?;
            let mut tally = self.tally;
            for number in &*numbers {
                tally.add(self.ones[usize::from(*number)]);
            }
            if tally.is_met() {
                return Ok(());
            }
        }
        Err(RandomnessError)
    }

    /// Draws the number of characters of each set, then the order of the sets, then the characters.
    #[expect(clippy::cast_possible_truncation, reason = "the sets are few, the characters at most 256")]
    fn draw_by_counts(&self, choose: &mut dyn Choose, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        let counts = self.counts.draw(choose)?;
        let sets = counts.iter().enumerate().flat_map(|(set, count)| std::iter::repeat_n(set as u8, *count));
        numbers.iter_mut().zip(sets).for_each(|(number, set)| *number = set);
        // The shuffle of Fisher and Yates makes every order of the sets equally likely.
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

impl crate::Plan for Plan {
    fn count(&self) -> BigUint {
        self.counts.total().clone()
    }

    fn max_bytes(&self) -> usize {
        self.length * self.alphabet.iter().map(|character| character.len_utf8()).max().unwrap_or_default()
    }

    fn mint_into(&self, choose: &mut dyn Choose, out: &mut String) -> Result<(), RandomnessError> {
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
}

impl Rules {
    /// The disjoint sets of the alphabet and their minimums: the classes that are on, then all other added characters.
    fn sets(&self) -> Result<(Vec<Vec<char>>, Vec<usize>), RulesError> {
        if let Some(clash) = self.include.chars().find(|added| holds(&self.exclude, *added)) {
            return Err(RulesError::AddedAndLeftOut(clash));
        }
        if self.include.chars().any(|added| added.is_control() || added.is_whitespace()) {
            return Err(RulesError::NotVisible);
        }
        let is_used = |character: &char| {
            holds(&self.include, *character)
                || !(holds(&self.exclude, *character) || self.no_look_alikes && holds(LOOK_ALIKES, *character))
        };
        let (mut sets, mut minimums) = (Vec::new(), Vec::new());
        for class in Class::ALL.into_iter().filter(|class| self.class(*class).on) {
            let set: Vec<char> = class.characters().chars().filter(is_used).collect();
            let minimum = self.class(class).minimum;
            if set.is_empty() && minimum > 0 {
                return Err(RulesError::ClassEmptied(class));
            }
            sets.push(set);
            minimums.push(minimum);
        }
        let mut others = Vec::new();
        for added in self.include.chars() {
            if !others.contains(&added) && !sets.iter().any(|set| set.contains(&added)) {
                others.push(added);
            }
        }
        sets.push(others);
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
