//! Lets people see for themselves that passwords come out evenly, with the randomness of their own browser.
//!
//! Two ways: [`Example`] walks **every** choice the sampler can make on a small alphabet and compares exact
//! probabilities; [`Trial`] mints by a person's own rules as often as they like and compares what came out with what
//! was to be expected. Numbers only: what they mean is said elsewhere.

mod chi_square;
mod walk;

#[cfg(test)]
pub(crate) use self::walk::{EveryChoice, Probability, walk};
pub use self::walk::{Example, WalkResult};
use crate::characters::Plan;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

/// Counts the characters that stand at one place of many passwords.
///
/// It takes one character of each password: those of one password depend on one another once a class is guaranteed,
/// those of two passwords do not. Every place has the same distribution, so one place tells of all.
pub struct Trial {
    plan: Plan,
    place: usize,
    /// For each character of the plan's alphabet, how often it stood there.
    observed: Vec<u64>,
    /// Characters that are not of the alphabet.
    strange: u64,
    draws: u64,
}

/// What a trial has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    pub draws: u64,
    /// What was seen of each character of the alphabet, in the plan's order.
    pub characters: Vec<CharacterCount>,
    /// Pearson's chi-square: how far off the observed numbers are. Infinite if there was what cannot be.
    pub chi_square: f64,
    /// Its degrees of freedom: about what it comes to on average if all is well.
    pub degrees: usize,
    /// The chance that a perfect source gives a chi-square as large as this one or larger. Below 0.001, one of a
    /// thousand perfect trials comes out; below 10^-9, something is broken. It is an approximation that wants some
    /// five draws or more of each character.
    pub p: f64,
}

/// What was seen of one character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CharacterCount {
    pub character: char,
    pub observed: u64,
    /// How often it comes on average, by the counting that the bits come from.
    pub expected: f64,
}

impl Trial {
    /// A trial of the plan, looking at that place of each password: from 0, and the last one if there are fewer.
    #[must_use]
    pub fn new(plan: Plan, place: usize) -> Self {
        Self {
            place: place.min(plan.length() - 1),
            observed: vec![0; plan.alphabet().len()],
            strange: 0,
            draws: 0,
            plan,
        }
    }

    /// Mints so many passwords more. A million take half a second in a browser: call it for some ten thousand at a time, and
    /// the page stays smooth.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails. What came before it counts.
    pub fn step(&mut self, choose: &mut impl Choose, draws: u32) -> Result<(), RandomnessError> {
        let mut password = Password::with_capacity(self.plan.max_bytes());
        for _ in 0..draws {
            password.text_mut().clear();
            self.plan.mint_into(choose, password.text_mut())?;
            self.take(password.expose());
        }
        Ok(())
    }

    fn take(&mut self, password: &str) {
        let character = password.chars().nth(self.place);
        let index = self.plan.alphabet().iter().position(|known| Some(*known) == character);
        *index.map_or(&mut self.strange, |index| &mut self.observed[index]) += 1;
        self.draws += 1;
    }

    /// What it has come to so far.
    #[must_use]
    pub fn outcome(&self) -> TrialResult {
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let (draws, strange) = (self.draws as f64, self.strange as f64);
        let seen = |((character, observed), chance): ((&char, &u64), f64)| CharacterCount {
            character: *character,
            observed: *observed,
            expected: draws * chance,
        };
        let alphabet = self.plan.alphabet().iter().zip(&self.observed);
        let characters: Vec<CharacterCount> = alphabet.zip(self.plan.chances()).map(seen).collect();
        let possible = characters.iter().filter(|seen| seen.expected > 0.0).count();
        // No draws, or nothing but what has to be: nothing is off.
        let off = |observed: f64, expected: f64| {
            if observed == expected { 0.0 } else { (observed - expected).powi(2) / expected }
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let each = characters.iter().map(|seen| off(seen.observed as f64, seen.expected));
        let chi_square = each.sum::<f64>() + off(strange, 0.0);
        let degrees = possible.saturating_sub(1);
        TrialResult { draws: self.draws, chi_square, degrees, p: chi_square::tail(chi_square, degrees), characters }
    }
}

#[cfg(test)]
mod tests;
