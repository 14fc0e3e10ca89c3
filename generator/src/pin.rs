//! PINs: digits and nothing else, every PIN of a length equally likely.

use std::ops::RangeInclusive;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bits::Bits;
use crate::password::{Password, push_ascii};
use crate::random::{Choose, RandomnessError};

/// Digits a PIN may have.
pub const LENGTHS: RangeInclusive<usize> = 6..=12;

/// What a PIN must look like. The default: 6 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How many digits, within [`LENGTHS`].
    pub length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { length: *LENGTHS.start() }
    }
}

/// Why rules allow no PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The length is out of [`LENGTHS`].
    #[error("a PIN has from {} to {} digits", LENGTHS.start(), LENGTHS.end())]
    Length,
}

/// Rules, checked: everything it takes to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    length: usize,
}

impl Plan {
    /// Checks the rules.
    ///
    /// # Errors
    /// [`RulesError`] if the length is out of [`LENGTHS`].
    pub fn new(rules: &Rules) -> Result<Self, RulesError> {
        if LENGTHS.contains(&rules.length) { Ok(Self { length: rules.length }) } else { Err(RulesError::Length) }
    }

    /// How many PINs there are, exactly.
    #[must_use]
    pub fn count(&self) -> BigUint {
        std::iter::repeat_n(10_u8, self.length).product()
    }

    /// The strength of every PIN of this plan: the base-2 logarithm of [`Plan::count`].
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits::of(&self.count())
    }

    /// Mints one PIN, uniformly from all of its length. It may begin with zeros.
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
        let mut digits = Zeroizing::new([0; *LENGTHS.end()]);
        let digits = &mut digits[..self.length];
        choose.fill_below(10, digits)?;
        for digit in &mut *digits {
            *digit += b'0';
        }
        push_ascii(out, digits);
        Ok(())
    }

    /// Bytes that a PIN takes at most.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{assert_uniform, distribution, source};

    /// Three digits in place of six: the loop is the same, and a thousand PINs can be walked.
    #[test]
    fn every_pin_is_equally_likely() {
        let plan = Plan { length: 3 };
        let expected: Vec<String> = (0..1000).map(|pin| format!("{pin:03}")).collect();
        assert_uniform(&distribution(|choose| plan.mint(choose)), &expected, &plan.count(), "three digits");
    }

    #[test]
    fn bits_are_those_of_the_digits() {
        let bits = |length| Plan::new(&Rules { length }).unwrap().bits().to_string();
        assert_eq!(bits(6), "19.93");
        assert_eq!(bits(12), "39.86");
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        for length in [0, 3, 5, 13, usize::MAX] {
            assert_eq!(Plan::new(&Rules { length }), Err(RulesError::Length));
        }
        for length in LENGTHS {
            let pin = Plan::new(&Rules { length }).unwrap().mint(&mut source(1)).unwrap();
            assert_eq!(pin.expose().len(), length);
            assert!(pin.expose().bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
