//! Strength: the base-2 logarithm of the number of equally likely passwords.

use std::fmt;

use num_bigint::BigUint;

/// Bits of strength, displayed with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bits(f64);

impl Bits {
    /// The base-2 logarithm of a count of equally likely passwords. A count of zero or one gives 0 bits.
    pub fn of(count: &BigUint) -> Self {
        let (leading, exponent) = floating(count);
        // The logarithm of zero is negative infinity.
        Self((leading.log2() + f64::from(exponent)).max(0.0))
    }

    /// The number, for arithmetic and for JSON.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl std::ops::Sub for Bits {
    type Output = Self;

    /// The difference, or 0 if it would be negative.
    fn sub(self, fewer: Self) -> Self {
        Self((self.0 - fewer.0).max(0.0))
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole numbers are printed, because the code that prints floating-point numbers would enlarge the page.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^64")]
        let hundredths = (self.0 * 100.0).round() as u64;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// A count as a fraction of another one, which is not zero.
pub(crate) fn ratio(part: &BigUint, whole: &BigUint) -> f64 {
    let ((part, part_exponent), (whole, whole_exponent)) = (floating(part), floating(whole));
    part / whole * 2_f64.powi(part_exponent - whole_exponent)
}

/// A count of any size, as the number of its three leading digits to the base 2^32, and the power of two to multiply
/// it with. The number has the full precision of `f64`.
fn floating(count: &BigUint) -> (f64, i32) {
    let mut digits = count.iter_u32_digits();
    let leading = digits.by_ref().rev().take(3).fold(0.0, |sum, digit| sum * 4_294_967_296.0 + f64::from(digit));
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "counts have few digits")]
    (leading, 32 * digits.len() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_small_counts() {
        assert_eq!(Bits::of(&BigUint::ZERO).value(), 0.0);
        assert_eq!(Bits::of(&BigUint::from(1_u8)).value(), 0.0);
        assert_eq!(Bits::of(&BigUint::from(2_u8)).value(), 1.0);
        assert_eq!(Bits::of(&BigUint::from(10_u8)).to_string(), "3.32");
    }

    #[test]
    fn bits_of_large_counts() {
        assert_eq!(Bits::of(&(BigUint::from(1_u8) << 1000)).value(), 1000.0);
        assert_eq!(Bits::of(&BigUint::from(94_u8).pow(8)).to_string(), "52.44");
        assert_eq!(Bits::of(&BigUint::from(94_u8).pow(30)).to_string(), "196.64");
    }

    #[test]
    fn differences_are_never_below_zero() {
        let (eight, five) = (Bits(8.0), Bits(5.0));
        assert_eq!(eight - five, Bits(3.0));
        assert_eq!(five - eight, Bits(0.0));
    }

    #[test]
    fn ratios_of_counts_of_any_size() {
        let power = |exponent: usize| BigUint::from(1_u8) << exponent;
        assert_eq!(ratio(&BigUint::from(3_u8), &BigUint::from(4_u8)), 0.75);
        assert_eq!(ratio(&power(1000), &power(1001)), 0.5);
        assert_eq!(ratio(&power(500), &power(520)), 2_f64.powi(-20));
        assert_eq!(ratio(&BigUint::ZERO, &power(520)), 0.0);
    }
}
