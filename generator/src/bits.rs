//! Strength, as the number of equally likely outcomes on a base-2 logarithmic scale.

use std::fmt;

use num_bigint::BigUint;

/// Bits of strength. Shown to two decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bits(f64);

impl Bits {
    /// The base-2 logarithm of a count of equally likely outcomes. A count of zero or one gives 0 bits.
    #[must_use]
    pub fn of(count: &BigUint) -> Self {
        let length = count.bits();
        if length <= 1 {
            return Self(0.0);
        }
        // The 64 leading bits as a fraction in [1/2, 1): what they leave out is below 2^-63 of the whole.
        let shift = length.saturating_sub(64);
        let leading = (count >> shift).iter_u64_digits().next().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "two decimals are shown, fifteen are kept")]
        Self((leading as f64).log2() + shift as f64)
    }

    /// The number itself, for arithmetic and for JSON.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By whole numbers: the machinery that prints floating-point ones would weigh on the page.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^64")]
        let hundredths = (self.0 * 100.0).round() as u64;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts() {
        assert_eq!(Bits::of(&BigUint::ZERO).value(), 0.0);
        assert_eq!(Bits::of(&BigUint::from(1_u8)).value(), 0.0);
        assert_eq!(Bits::of(&BigUint::from(2_u8)).value(), 1.0);
        assert_eq!(Bits::of(&BigUint::from(10_u8)).to_string(), "3.32");
    }

    #[test]
    fn large_counts() {
        assert_eq!(Bits::of(&(BigUint::from(1_u8) << 1000)).value(), 1000.0);
        assert_eq!(Bits::of(&BigUint::from(94_u8).pow(8)).to_string(), "52.44");
        assert_eq!(Bits::of(&BigUint::from(94_u8).pow(30)).to_string(), "196.64");
    }
}
