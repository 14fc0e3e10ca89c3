//! For tests: walks every choice a sampler can make and adds up the exact probability of what it makes.

use std::collections::HashMap;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use num_bigint::{BigInt, BigUint};
use num_rational::Ratio;

use crate::password::Password;
use crate::random::{Choose, RandomnessError, Source};

/// A source that a test can repeat.
pub(crate) fn source(seed: u8) -> Source<ChaCha20Rng> {
    Source::new(ChaCha20Rng::from_seed([seed; 32]))
}

/// Answers so many choices, each with its last possibility, and fails at the next one.
pub(crate) struct FailsAt(pub(crate) usize);

impl Choose for FailsAt {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        self.0 = self.0.checked_sub(1).ok_or(RandomnessError)?;
        Ok(n - 1)
    }

    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        self.below(1)?;
        Ok(n - 1_u8)
    }
}

/// Answers every choice in every possible way, one way a run, and keeps the exact probability of each run.
#[derive(Default)]
pub(crate) struct EveryChoice {
    /// The choices of this run: which was taken, among how many.
    path: Vec<(BigUint, BigUint)>,
    at: usize,
}

impl EveryChoice {
    pub(crate) fn next_run(&mut self) -> bool {
        self.at = 0;
        while let Some((taken, among)) = self.path.pop() {
            if &taken + 1_u8 < among {
                self.path.push((taken + 1_u8, among));
                return true;
            }
        }
        false
    }

    pub(crate) fn probability(&self) -> Ratio<BigInt> {
        self.path.iter().map(|(_, among)| Ratio::new(BigInt::from(1), BigInt::from(among.clone()))).product()
    }
}

impl Choose for EveryChoice {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        Ok(self.below_big(&n.into())?.try_into().unwrap())
    }

    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        if self.at == self.path.len() {
            self.path.push((BigUint::ZERO, n.clone()));
        }
        self.at += 1;
        Ok(self.path[self.at - 1].0.clone())
    }
}

/// What a sampler makes over every choice it can make, each with its exact probability.
pub(crate) fn distribution(
    mint: impl Fn(&mut EveryChoice) -> Result<Password, RandomnessError>,
) -> HashMap<String, Ratio<BigInt>> {
    let mut probability: HashMap<String, Ratio<BigInt>> = HashMap::new();
    let mut choice = EveryChoice::default();
    loop {
        let made = mint(&mut choice).unwrap().expose().to_owned();
        *probability.entry(made).or_default() += choice.probability();
        if !choice.next_run() {
            return probability;
        }
    }
}

/// Asserts that exactly the expected texts are made, that each is as likely as any other, and that they were counted
/// right.
pub(crate) fn assert_uniform(made: &HashMap<String, Ratio<BigInt>>, expected: &[String], count: &BigUint, case: &str) {
    assert_eq!(*count, expected.len().into(), "{case}: the count");
    let mut strange = made.keys().filter(|text| !expected.contains(text));
    assert_eq!(strange.next(), None, "{case}: made, but not allowed");
    let each = Ratio::new(BigInt::from(1), BigInt::from(expected.len()));
    for text in expected {
        assert_eq!(made.get(text), Some(&each), "{case}: the probability of {text:?}");
    }
}
