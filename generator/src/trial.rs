//! Lets people check that passwords are uniform, with the randomness of their own browser.
//!
//! There are two ways. [`Example`] enumerates **every** choice the sampler can make on a small alphabet and compares
//! exact probabilities. [`Trial`] mints by a person's own rules as often as they like and compares the observed numbers
//! with the expected ones. This module yields numbers; the page puts them into words.

mod chi_square;
mod walk;

#[cfg(test)]
pub(crate) use self::walk::{EveryChoice, Probability, walk};
pub use self::walk::{Example, WalkResult};
use crate::Plan as _;
use crate::characters::Plan;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

/// Counts the characters at one position of many passwords.
///
/// It uses one character of each password: the characters of one password depend on one another once a class is
/// guaranteed, those of different passwords do not. Every position has the same distribution, so one stands for all.
pub struct Trial {
    plan: Plan,
    position: usize,
    /// For each character of the plan's alphabet, the number of times it stood there.
    observed: Vec<u64>,
    /// The number of characters outside the alphabet.
    unexpected: u64,
    draws: u64,
}

/// The numbers of a trial so far.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    pub draws: u64,
    /// The numbers of each character of the alphabet, in the plan's order.
    pub characters: Vec<CharacterCount>,
    /// Pearson's chi-square, the distance of the observed numbers from the expected ones. Infinite if an impossible
    /// character was observed.
    pub chi_square: f64,
    /// The degrees of freedom, which are the average chi-square of a perfect source.
    pub degrees: usize,
    /// The probability that a perfect source gives a chi-square at least as large. One perfect trial in a thousand is
    /// below 0.001; below 10^-9, something is broken. It is an approximation that needs some five draws or more of each
    /// character.
    pub p: f64,
}

/// The numbers of one character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CharacterCount {
    pub character: char,
    pub observed: u64,
    /// The average number, by the counting that the bits come from.
    pub expected: f64,
}

impl Trial {
    /// A trial of the plan at one position of each password, counted from 0; the last position if there are fewer.
    pub fn new(plan: Plan, position: usize) -> Self {
        Self {
            position: position.min(plan.length() - 1),
            observed: vec![0; plan.alphabet().len()],
            unexpected: 0,
            draws: 0,
            plan,
        }
    }

    /// Mints `draws` more passwords. A million take half a second in a browser: ask for some ten thousand at a time to
    /// keep the page smooth.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails. The passwords before that count.
    pub fn step(&mut self, choose: &mut dyn Choose, draws: u32) -> Result<(), RandomnessError> {
        let mut password = Password::with_capacity(self.plan.max_bytes());
        for _ in 0..draws {
            password.text_mut().clear();
            self.plan.mint_into(choose, password.text_mut())?;
            self.count(password.expose());
        }
        Ok(())
    }

    fn count(&mut self, password: &str) {
        let character = password.chars().nth(self.position);
        let index = self.plan.alphabet().iter().position(|known| Some(*known) == character);
        *index.map_or(&mut self.unexpected, |index| &mut self.observed[index]) += 1;
        self.draws += 1;
    }

    pub fn result(&self) -> TrialResult {
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let (draws, unexpected) = (self.draws as f64, self.unexpected as f64);
        let numbers = |((character, observed), chance): ((&char, &u64), f64)| CharacterCount {
            character: *character,
            observed: *observed,
            expected: draws * chance,
        };
        let alphabet = self.plan.alphabet().iter().zip(&self.observed);
        let characters: Vec<CharacterCount> = alphabet.zip(self.plan.chances()).map(numbers).collect();
        let possible = characters.iter().filter(|character| character.expected > 0.0).count();
        // Without draws, or with one possible character, the numbers match exactly.
        let off = |observed: f64, expected: f64| {
            if observed == expected { 0.0 } else { (observed - expected).powi(2) / expected }
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let each = characters.iter().map(|it| off(it.observed as f64, it.expected));
        let chi_square = each.sum::<f64>() + off(unexpected, 0.0);
        let degrees = possible.saturating_sub(1);
        TrialResult { draws: self.draws, chi_square, degrees, p: chi_square::tail(chi_square, degrees), characters }
    }
}

#[cfg(test)]
mod tests;
