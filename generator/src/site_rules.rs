//! Passwords for a site that publishes its demands: they meet the demands and are uniform over everything allowed.
//!
//! The text is parsed into [`Demands`], which become a [`Plan`]. The plan only counts: it repairs no password, and it
//! rejects none.

mod parser;
mod runs;
mod set;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::runs::{Requirement, Runs};
use crate::characters::LENGTHS;
use crate::random::{Choose, RandomnessError};

pub use self::parser::{Demands, Expected, ParseError};
pub use self::set::AsciiSet;

/// Most states for each position of a password: the states of open requirements times the cells. A site with four
/// requirements has 16 · 5. The largest number takes some tenths of a second and some megabytes to count.
const STATES_MAX: usize = 8192;

/// The rules of a password: the site's demands, and within them a person's wishes. The default: a site that demands
/// nothing, and 30 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "Rules::none")]
pub struct Rules {
    /// The site's password rules, as in its `passwordrules` attribute.
    pub text: String,
    /// The number of characters wished for. The nearest one that the site and [`LENGTHS`] allow is used.
    pub length: usize,
    /// Characters to leave out, although the site allows them.
    pub exclude: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self { text: String::new(), length: *LENGTHS.end(), exclude: String::new() }
    }
}

impl Rules {
    /// The rules of a receipt that names none. A rule added later must be off here.
    fn none() -> Self {
        Self { text: String::new(), length: 0, exclude: String::new() }
    }
}

/// Why rules allow no password. Each case names the text or field that a person would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The text does not follow the grammar of password rules.
    #[error(transparent)]
    Text(#[from] ParseError),
    /// The site's shortest password is longer than its longest one.
    #[error("the site asks for at least {minlength} characters and for at most {maxlength}")]
    Lengths { minlength: usize, maxlength: usize },
    /// The site accepts no password as long as the shortest one made here.
    #[error("the site allows at most {maxlength} characters, and fewer than {} are not made here", LENGTHS.start())]
    TooShort { maxlength: usize },
    /// The site accepts no password as short as the longest one made here.
    #[error("the site asks for at least {minlength} characters, and more than {} are not made here", LENGTHS.end())]
    TooLong { minlength: usize },
    /// Every character that would meet one requirement is left out, or is the space.
    #[error("every character that the site requires in requirement {number} is left out")]
    RequirementEmptied {
        /// The position among the `required` rules that have a value, from 1.
        number: usize,
    },
    /// Every character that the site allows is left out.
    #[error("every character that the site allows is left out")]
    NothingLeft,
    /// Counting so many requirements would take too long.
    #[error("the site has too many requirements at once")]
    TooManyRequirements,
    /// So few characters cannot meet all requirements, or only with longer runs.
    #[error("no password of {length} characters meets everything that the site demands")]
    Contradiction { length: usize },
}

/// Mints passwords that meet a site's demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    length: usize,
    /// The alphabet. Characters that serve the same requirements share a cell.
    cells: Vec<Vec<char>>,
    runs: Runs,
}

impl Plan {
    /// Reads, checks and counts the rules.
    ///
    /// Required characters are allowed too. If the text names no character, all of printable ASCII is allowed. The
    /// space is never used: forms trim it, and nobody sees it.
    ///
    /// # Errors
    /// [`RulesError`] names the first rule that a person would have to change.
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
        // A repeated requirement asks for two characters. It would have no effect otherwise, Apple's list means two,
        // and a site that means one accepts two.
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

    /// The number of characters of every password: the wished length if the site allows it.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The characters that a password may contain, in no particular order.
    pub fn alphabet(&self) -> impl Iterator<Item = char> {
        self.cells.iter().flatten().copied()
    }
}

impl crate::Plan for Plan {
    fn count(&self) -> BigUint {
        self.runs.total().clone()
    }

    fn max_bytes(&self) -> usize {
        self.length
    }

    fn mint_into(&self, choose: &mut dyn Choose, out: &mut String) -> Result<(), RandomnessError> {
        let mut drawn = Zeroizing::new(['\0'; *LENGTHS.end()]);
        let (mut filled, mut last) = (0, None);
        for run in self.runs.draw(choose)? {
            let cell = &self.cells[run.cell];
            let index = match last {
                // After a run of the same cell, any of its characters but the last one may follow.
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
}

impl Demands {
    /// The characters that a password may contain.
    fn alphabet(&self) -> AsciiSet {
        let named = self.required.iter().fold(self.allowed, |all, set| all | *set);
        if named.is_empty() { (' '..='~').collect() } else { named }
    }

    /// The wished length, or the nearest one that the site and [`LENGTHS`] allow.
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
