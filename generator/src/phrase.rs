//! Passphrases: words from a list, a separator, capitals and a digit, every phrase the rules allow equally likely.
//!
//! The choices are independent and uniform, and **two different choices never give the same text**, so the number of
//! phrases is the product of the numbers of choices. The proof: words consist of small letters, digits and hyphens, a
//! word begins with a letter, and no word begins another one ([`Words`] refuses any other list). A phrase is then read
//! back from its start, in small letters. Exactly one word begins there, although words may hold hyphens. After it
//! stands the digit, if this word has the digit, then the separator of known length, then the next word, which begins
//! with a letter: the number of digits between two words therefore tells an added digit from a separator that is a
//! digit. The capitals tell which word has them. That holds for every separator of one character, and for none.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::random::{Choose, RandomnessError};

/// Numbers of words that a phrase may have.
pub const LENGTHS: RangeInclusive<usize> = 4..=12;

/// Words in the EFF's long list, 6^5: five dice choose one.
pub const LIST_LENGTH: usize = 7776;

/// The EFF's long word list, one word a line. `words/README.md` names its source and its licence.
#[cfg(any(test, feature = "words"))]
const EFF: &str = include_str!("../words/eff-large.txt");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capitals {
    #[default]
    None,
    /// The first letter of each word.
    FirstLetters,
    /// Every letter of one word, which is picked at random.
    OneWord,
}

/// The rules of a phrase. The default: 6 words with hyphens between them, no capitals and no digit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "Rules::none")]
pub struct Rules {
    /// The number of words, within [`LENGTHS`].
    pub words: usize,
    /// The character between words, in printable ASCII; none runs the words together.
    pub separator: Option<char>,
    pub capitals: Capitals,
    /// True if a random digit is added at the end of one random word.
    pub digit: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { words: 6, separator: Some('-'), capitals: Capitals::None, digit: false }
    }
}

impl Rules {
    /// The rules of a receipt that names none. A rule added later must be off here.
    fn none() -> Self {
        Self { words: 0, separator: None, capitals: Capitals::None, digit: false }
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

/// The text is not the word list: it is cut short, changed, or another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the word list is damaged at line {line}")]
pub struct WordsError {
    /// The first wrong line, from 1.
    pub line: usize,
}

/// A word list, checked for everything that the counting relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    text: Cow<'static, str>,
    /// The bytes of each word in the text.
    ranges: Vec<Range<usize>>,
    /// Bytes of the longest word.
    longest: usize,
}

impl Words {
    /// Reads a list of [`LIST_LENGTH`] words, one a line, in ascending order. A page fetches the file
    /// `words/eff-large.txt` for it when somebody first wants a phrase.
    ///
    /// # Errors
    /// [`WordsError`] if it is not such a list.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, WordsError> {
        let words = Self::read(text.into())?;
        match words.ranges.len() {
            LIST_LENGTH => Ok(words),
            line => Err(WordsError { line }),
        }
    }

    /// The EFF's long word list, from this binary.
    #[cfg(feature = "words")]
    pub fn eff() -> Arc<Self> {
        static WORDS: std::sync::LazyLock<Arc<Words>> = std::sync::LazyLock::new(|| {
            Arc::new(Words::read(EFF.into()).unwrap_or_else(|error| unreachable!("{error}")))
        });
        WORDS.clone()
    }

    /// Reads a list of any length. In ascending order, a word that begins another one also begins the next one:
    /// comparing neighbours is enough, and it also finds repeated words.
    fn read(text: Cow<'static, str>) -> Result<Self, WordsError> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        for (index, word) in text.lines().enumerate() {
            let end = start + word.len();
            let well_formed = word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            let previous = ranges.last().map(|range| &text[range.clone()]);
            let follows = previous.is_none_or(|previous| previous < word && !word.starts_with(previous));
            // A line that ends in anything but one line feed would shift all that follow.
            if !well_formed || !follows || text.as_bytes().get(end) != Some(&b'\n') {
                return Err(WordsError { line: index + 1 });
            }
            ranges.push(start..end);
            start = end + 1;
        }
        let longest = ranges.iter().map(Range::len).max().unwrap_or_default();
        Ok(Self { text, ranges, longest })
    }

    fn word(&self, index: usize) -> &str {
        &self.text[self.ranges[index].clone()]
    }
}

/// Mints phrases from a word list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    rules: Rules,
    words: Arc<Words>,
}

impl Plan {
    /// Checks the rules.
    ///
    /// # Errors
    /// [`RulesError`] names the first rule that a person would have to change.
    pub fn new(rules: &Rules, words: Arc<Words>) -> Result<Self, RulesError> {
        if !LENGTHS.contains(&rules.words) {
            return Err(RulesError::Length);
        }
        match rules.separator {
            Some(strange) if !matches!(strange, ' '..='~') => Err(RulesError::Separator(strange)),
            _ => Ok(Self { rules: rules.clone(), words }),
        }
    }
}

impl crate::Plan for Plan {
    fn count(&self) -> BigUint {
        let phrases: BigUint = std::iter::repeat_n(self.words.ranges.len(), self.rules.words).product();
        let capitals = if self.rules.capitals == Capitals::OneWord { self.rules.words } else { 1 };
        let digits = if self.rules.digit { 10 * self.rules.words } else { 1 };
        phrases * capitals * digits
    }

    fn max_bytes(&self) -> usize {
        // Every word is the longest one and has a separator; one word has a digit.
        self.rules.words * (self.words.longest + 1) + 1
    }

    fn mint_into(&self, choose: &mut dyn Choose, out: &mut String) -> Result<(), RandomnessError> {
        let Rules { words, separator, capitals, digit } = self.rules;
        let capitalised = if capitals == Capitals::OneWord { Some(choose.below(words)?) } else { None };
        let added = if digit { Some((choose.below(words)?, choose.below(10)?)) } else { None };
        let mut drawn = Zeroizing::new([0; *LENGTHS.end()]);
        let drawn = &mut drawn[..words];
        for index in &mut *drawn {
            *index = choose.below(self.words.ranges.len())?;
        }
        for (place, index) in drawn.iter().enumerate() {
            if place > 0 {
                out.extend(separator);
            }
            let (start, word) = (out.len(), self.words.word(*index));
            out.push_str(word);
            let capitals = match capitals {
                Capitals::FirstLetters => 1,
                Capitals::OneWord if capitalised == Some(place) => word.len(),
                _ => 0,
            };
            out[start..start + capitals].make_ascii_uppercase();
            #[expect(clippy::cast_possible_truncation, reason = "one digit")]
            out.extend(added.filter(|(word, _)| *word == place).map(|(_, digit)| char::from(b'0' + digit as u8)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
