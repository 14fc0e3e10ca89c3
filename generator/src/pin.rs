//! PINs: digits and nothing else, every PIN of a length equally likely.

use std::ops::RangeInclusive;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::password::push_ascii;
use crate::random::{Choose, RandomnessError};

/// Numbers of digits that a PIN may have.
pub const LENGTHS: RangeInclusive<usize> = 6..=12;

/// The rules of a PIN. The default: 6 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "Rules::none")]
pub struct Rules {
    /// The number of digits, within [`LENGTHS`].
    pub length: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { length: *LENGTHS.start() }
    }
}

impl Rules {
    /// The rules of a receipt that names none. A rule added later must be off here.
    fn none() -> Self {
        Self { length: 0 }
    }
}

/// Why rules allow no PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The length is out of [`LENGTHS`].
    #[error("a PIN has from {} to {} digits", LENGTHS.start(), LENGTHS.end())]
    Length,
}

/// Mints PINs of one length, which may begin with zeros.
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
}

impl crate::Plan for Plan {
    fn count(&self) -> BigUint {
        std::iter::repeat_n(10_u8, self.length).product()
    }

    fn max_bytes(&self) -> usize {
        self.length
    }

    fn mint_into(&self, choose: &mut dyn Choose, out: &mut String) -> Result<(), RandomnessError> {
        let mut digits = Zeroizing::new([0; *LENGTHS.end()]);
        let digits = &mut digits[..self.length];
        choose.fill_below(10, digits)?;
        for digit in &mut *digits {
            *digit += b'0';
        }
        push_ascii(out, digits);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan as _;
    use crate::proof::{assert_uniform, distribution, source};

    /// Three digits instead of six: the loop is the same, and all thousand PINs can be enumerated.
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
