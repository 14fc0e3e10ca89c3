//! Passwords for a site that says what it demands: obeyed exactly, and still uniform over all that is allowed.
//!
//! The text is parsed into [`Demands`], these become a [`Plan`]. All of it is counting: nothing is repaired, and
//! nothing is tried until it fits.

mod parser;
mod runs;
mod set;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::runs::{Requirement, Runs};
use crate::bits::Bits;
use crate::characters::LENGTHS;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

pub use self::parser::{Demands, Expected, ParseError};
pub use self::set::AsciiSet;

/// What is open, times cells: states for each place of a password. A site with four requirements has 16 · 5 of them.
/// At this many, counting takes some tenths of a second and some megabytes.
const STATES_MAX: usize = 8192;

/// What a password must look like: the site's wishes, and within them a person's. The default: a site that demands
/// nothing, and 30 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The site's password rules, as the `passwordrules` attribute has them.
    pub text: String,
    /// How many characters are wished for. What the site and [`LENGTHS`] allow next to that is made.
    pub length: usize,
    /// Characters to leave out, though the site allows them.
    pub exclude: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self { text: String::new(), length: *LENGTHS.end(), exclude: String::new() }
    }
}

/// Why rules allow no password. Each case names what a person would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text is not password rules.
    #[error(transparent)]
    Text(#[from] ParseError),
    /// The site's shortest password is longer than its longest one.
    #[error("the site asks for at least {minlength} characters and for at most {maxlength}")]
    Lengths { minlength: usize, maxlength: usize },
    /// The site takes no password as long as the shortest one made here.
    #[error("the site allows at most {maxlength} characters, and fewer than {} are not made here", LENGTHS.start())]
    TooShort { maxlength: usize },
    /// The site takes no password as short as the longest one made here.
    #[error("the site asks for at least {minlength} characters, and more than {} are not made here", LENGTHS.end())]
    TooLong { minlength: usize },
    /// Every character that one requirement asks for is left out, or is the space.
    #[error("every character that the site requires in requirement {number} is left out")]
    RequirementEmptied {
        /// Which `required` of the text that has a value, from 1.
        number: usize,
    },
    /// Every character that the site allows is left out.
    #[error("every character that the site allows is left out")]
    NothingLeft,
    /// More requirements than can be counted with.
    #[error("the site has too many requirements at once")]
    TooManyRequirements,
    /// The requirements cannot all be kept in so few characters, or only with longer runs.
    #[error("no password of {length} characters keeps all that the site demands")]
    Contradiction {
        /// The characters it would have.
        length: usize,
    },
}

/// Rules, checked and counted: everything it takes to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    length: usize,
    /// The alphabet: characters that serve the same requirements stand in one cell.
    cells: Vec<Vec<char>>,
    runs: Runs,
}

impl Plan {
    /// Reads, checks and counts the rules.
    ///
    /// What is required is allowed as well; if nothing is allowed or required by name, all of printable ASCII is
    /// allowed. The space is never used: forms cut it off, and nobody sees it.
    ///
    /// # Errors
    /// [`RulesError`] names the first thing that a person would have to change.
    pub fn new(rules: &Rules) -> Result<Self, RulesError> {
        let demands = Demands::parse(&rules.text)?;
        let length = demands.length(rules.length)?;
        let excluded = rules.exclude.chars().chain([' ']).collect();
        Self::over(&demands, excluded, length)
    }

    fn over(demands: &Demands, excluded: AsciiSet, length: usize) -> Result<Self, RulesError> {
        let alphabet = demands.alphabet() - excluded;
        if let Some(index) = demands.required.iter().position(|set| (*set & alphabet).is_empty()) {
            return Err(RulesError::RequirementEmptied { number: index + 1 });
        }
        if alphabet.is_empty() {
            return Err(RulesError::NothingLeft);
        }
        // A requirement that stands there twice asks for two characters: it would say nothing otherwise, Apple's list
        // means it so, and a site that means one takes two.
        let mut sets: Vec<(AsciiSet, usize)> = Vec::new();
        for set in &demands.required {
            match sets.iter_mut().find(|(known, _)| known == set) {
                Some((_, minimum)) => *minimum += 1,
                None => sets.push((*set, 1)),
            }
        }
        let mut cells: Vec<Vec<char>> = Vec::new();
        for character in alphabet.characters() {
            let alike =
                |cell: &&mut Vec<char>| sets.iter().all(|(set, _)| set.contains(cell[0]) == set.contains(character));
            match cells.iter_mut().find(alike) {
                Some(cell) => cell.push(character),
                None => cells.push(vec![character]),
            }
        }
        if Runs::opens(sets.iter().map(|(_, minimum)| *minimum)).saturating_mul(cells.len()) > STATES_MAX {
            return Err(RulesError::TooManyRequirements);
        }
        let requirement = |(set, minimum): &(AsciiSet, usize)| Requirement {
            served_by: cells.iter().map(|cell| set.contains(cell[0])).collect(),
            minimum: *minimum,
        };
        let requirements: Vec<Requirement> = sets.iter().map(requirement).collect();
        let sizes: Vec<usize> = cells.iter().map(Vec::len).collect();
        let runs = Runs::new(&sizes, &requirements, demands.max_consecutive.unwrap_or(length), length);
        if *runs.total() == BigUint::ZERO {
            return Err(RulesError::Contradiction { length });
        }
        Ok(Self { length, cells, runs })
    }

    /// How many characters each password has: the wish, where the site allows it.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The characters a password may hold, in no order that means anything.
    pub fn alphabet(&self) -> impl Iterator<Item = char> {
        self.cells.iter().flatten().copied()
    }

    /// How many passwords the rules allow, exactly.
    #[must_use]
    pub fn count(&self) -> &BigUint {
        self.runs.total()
    }

    /// The strength of every password of this plan: the base-2 logarithm of [`Plan::count`].
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits::of(self.count())
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
        let mut drawn = Zeroizing::new(['\0'; *LENGTHS.end()]);
        let (mut filled, mut last) = (0, None);
        for run in self.runs.draw(choose)? {
            let cell = &self.cells[run.cell];
            let index = match last {
                // The same cell again: any of its characters but the last one.
                Some((same, taken)) if same == run.cell => {
                    let index = choose.below(cell.len() - 1)?;
                    index + usize::from(index >= taken)
                }
                _ => choose.below(cell.len())?,
            };
            drawn[filled..filled + run.length].fill(cell[index]);
            filled += run.length;
            last = Some((run.cell, index));
        }
        out.extend(&drawn[..filled]);
        Ok(())
    }

    /// Bytes that a password takes at most.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.length
    }
}

impl Demands {
    /// What a password may hold.
    fn alphabet(&self) -> AsciiSet {
        let named = self.required.iter().fold(self.allowed, |all, set| all | *set);
        if named.is_empty() { (' '..='~').collect() } else { named }
    }

    /// The wished length, or the one next to it that the site and [`LENGTHS`] allow.
    fn length(&self, wish: usize) -> Result<usize, RulesError> {
        let minlength = self.minlength.unwrap_or(0);
        let maxlength = self.maxlength.unwrap_or(usize::MAX);
        if minlength > maxlength {
            return Err(RulesError::Lengths { minlength, maxlength });
        }
        if maxlength < *LENGTHS.start() {
            return Err(RulesError::TooShort { maxlength });
        }
        if minlength > *LENGTHS.end() {
            return Err(RulesError::TooLong { minlength });
        }
        Ok(wish.clamp(minlength.max(*LENGTHS.start()), maxlength.min(*LENGTHS.end())))
    }
}

#[cfg(test)]
mod tests;
