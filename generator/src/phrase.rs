//! Passphrases: words from a list, a separator, capitals and a digit, every phrase the rules allow equally likely.
//!
//! The choices are independent and uniform, and **two different choices never give the same text**, so the number of
//! phrases is the product of the numbers of choices. The proof: small letters, digits and hyphens are all a word has,
//! a word begins with a letter, and no word begins another one ([`Words`] refuses any other list). A phrase is then
//! read back from its start, in small letters: exactly one word begins there, though words may hold hyphens. After it
//! stands the digit, if it is this word that has one, then the separator of known length, then the next word, which
//! begins with a letter: so a digit that was added is told from a separator that is a digit by their number. The
//! letters that are capitals tell the word that has them. That holds for every separator of one character, and for
//! none.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bits::Bits;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

/// Words a phrase may have.
pub const LENGTHS: RangeInclusive<usize> = 4..=12;

/// Words in the EFF's long list: what five dice choose among.
pub const LIST_LENGTH: usize = 7776;

/// The EFF's long word list, one word a line. Its source and its licence stand in `words/README.md`.
#[cfg(any(test, feature = "words"))]
const EFF: &str = include_str!("../words/eff-large.txt");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capitals {
    #[default]
    None,
    /// The first letter of each word.
    FirstLetters,
    /// Every letter of one word, whichever chance picks.
    OneWord,
}

/// What a phrase must look like. The default: 6 words with hyphens between them, no capitals and no digit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How many words, within [`LENGTHS`].
    pub words: usize,
    /// What stands between words: a printable ASCII character, or nothing.
    pub separator: Option<char>,
    pub capitals: Capitals,
    /// Whether a digit is added at the end of one word, chance picking both.
    pub digit: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { words: 6, separator: Some('-'), capitals: Capitals::None, digit: false }
    }
}

/// Why rules allow no phrase. Each case names the field that a person would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The number of words is out of [`LENGTHS`].
    #[error("a passphrase has from {} to {} words", LENGTHS.start(), LENGTHS.end())]
    Length,
    /// The separator is not a printable ASCII character.
    #[error("{0:?} cannot stand between words: choose a character of a plain keyboard, or none")]
    Separator(char),
}

/// The text is not the word list: cut short, changed, or another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the word list is damaged at line {line}")]
pub struct WordsError {
    /// The first line, from 1, that is not as it must be.
    pub line: usize,
}

/// A word list, checked for what the counting rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    text: Cow<'static, str>,
    /// Where in the text each word stands.
    places: Vec<Range<usize>>,
    /// Letters of the longest word.
    longest: usize,
}

impl Words {
    /// Reads a list of [`LIST_LENGTH`] words, one a line, in ascending order: the file `words/eff-large.txt`, for a
    /// page that fetches it when it is first wanted.
    ///
    /// # Errors
    /// [`WordsError`] if it is not such a list.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, WordsError> {
        let words = Self::read(text.into())?;
        match words.places.len() {
            LIST_LENGTH => Ok(words),
            line => Err(WordsError { line }),
        }
    }

    /// The EFF's long word list, out of this binary.
    #[cfg(feature = "words")]
    #[must_use]
    pub fn eff() -> Arc<Self> {
        static WORDS: std::sync::LazyLock<Arc<Words>> = std::sync::LazyLock::new(|| {
            Arc::new(Words::read(EFF.into()).unwrap_or_else(|error| unreachable!("{error}")))
        });
        WORDS.clone()
    }

    /// Reads a list of any length. In ascending order, a word that begins another one begins the next one too: looking
    /// at neighbours is enough, and it finds words that stand there twice.
    fn read(text: Cow<'static, str>) -> Result<Self, WordsError> {
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        for (index, word) in text.lines().enumerate() {
            let end = start + word.len();
            let well_formed = word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            let previous = places.last().map(|place| &text[place.clone()]);
            let follows = previous.is_none_or(|previous| previous < word && !word.starts_with(previous));
            // A line that ends in any other way than one line feed would shift all that follow.
            if !well_formed || !follows || text.as_bytes().get(end) != Some(&b'\n') {
                return Err(WordsError { line: index + 1 });
            }
            places.push(start..end);
            start = end + 1;
        }
        let longest = places.iter().map(Range::len).max().unwrap_or_default();
        Ok(Self { text, places, longest })
    }

    fn word(&self, index: usize) -> &str {
        &self.text[self.places[index].clone()]
    }
}

/// Rules, checked, and the list: everything it takes to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    rules: Rules,
    words: Arc<Words>,
}

impl Plan {
    /// Checks the rules, for a word list.
    ///
    /// # Errors
    /// [`RulesError`] names the first thing that a person would have to change.
    pub fn new(rules: &Rules, words: Arc<Words>) -> Result<Self, RulesError> {
        if !LENGTHS.contains(&rules.words) {
            return Err(RulesError::Length);
        }
        match rules.separator {
            Some(strange) if !matches!(strange, ' '..='~') => Err(RulesError::Separator(strange)),
            _ => Ok(Self { rules: rules.clone(), words }),
        }
    }

    /// How many phrases the rules allow, exactly.
    #[must_use]
    pub fn count(&self) -> BigUint {
        let phrases: BigUint = std::iter::repeat_n(self.words.places.len(), self.rules.words).product();
        let capitals = if self.rules.capitals == Capitals::OneWord { self.rules.words } else { 1 };
        let digits = if self.rules.digit { 10 * self.rules.words } else { 1 };
        phrases * capitals * digits
    }

    /// The strength of every phrase of this plan: the base-2 logarithm of [`Plan::count`].
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits::of(&self.count())
    }

    /// Mints one phrase, uniformly from all that the rules allow.
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
        let Rules { words, separator, capitals, digit } = self.rules;
        let loud = if capitals == Capitals::OneWord { Some(choose.below(words)?) } else { None };
        let added = if digit { Some((choose.below(words)?, choose.below(10)?)) } else { None };
        let mut drawn = Zeroizing::new([0; *LENGTHS.end()]);
        let drawn = &mut drawn[..words];
        for index in &mut *drawn {
            *index = choose.below(self.words.places.len())?;
        }
        for (place, index) in drawn.iter().enumerate() {
            if place > 0 {
                out.extend(separator);
            }
            let (start, word) = (out.len(), self.words.word(*index));
            out.push_str(word);
            let capitals = match capitals {
                Capitals::FirstLetters => 1,
                Capitals::OneWord if loud == Some(place) => word.len(),
                _ => 0,
            };
            out[start..start + capitals].make_ascii_uppercase();
            #[expect(clippy::cast_possible_truncation, reason = "one digit")]
            out.extend(added.filter(|(word, _)| *word == place).map(|(_, digit)| char::from(b'0' + digit as u8)));
        }
        Ok(())
    }

    /// Bytes that a phrase takes at most.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        // The longest words, each with a separator, and a digit.
        self.rules.words * (self.words.longest + 1) + 1
    }
}

#[cfg(test)]
mod tests;
