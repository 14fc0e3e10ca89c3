//! Test helpers that prove a sampler uniform by enumerating every choice it can make.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use num_bigint::BigUint;

use crate::password::Password;
use crate::random::{Choose, RandomnessError, Source};
use crate::trial::{EveryChoice, Probability, walk};

/// A source with a seed, so that tests repeat.
pub(crate) fn source(seed: u8) -> Source<ChaCha20Rng> {
    Source::new(ChaCha20Rng::from_seed([seed; 32]))
}

/// Answers a number of choices, each with its last possibility, and fails at the next one.
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

/// All outputs of a sampler, each with its exact probability.
pub(crate) fn distribution(
    mint: impl Fn(&mut EveryChoice) -> Result<Password, RandomnessError>,
) -> BTreeMap<String, Probability> {
    walk(mint).unwrap().0
}

/// Asserts that the expected texts and no others are made, that all are equally likely, and that the count is right.
pub(crate) fn assert_uniform(made: &BTreeMap<String, Probability>, expected: &[String], count: &BigUint, case: &str) {
    assert_eq!(*count, expected.len().into(), "{case}: the count");
    let mut strange = made.keys().filter(|text| !expected.contains(text));
    assert_eq!(strange.next(), None, "{case}: made, but not allowed");
    let each = Probability::one_in(expected.len() as u64);
    for text in expected {
        assert_eq!(made.get(text), Some(&each), "{case}: the probability of {text:?}");
    }
}
