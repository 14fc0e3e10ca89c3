//! The meaning of bits: the time a thief needs for guessing.

use generator::bits::Bits;

/// Assumed guesses a second: a trillion, about the rate of a room of graphics cards against a fast hash.
pub const GUESSES_PER_SECOND: f64 = 1e12;

const YEAR: f64 = 365.25 * 24.0 * 3600.0;
/// Years since the Big Bang.
const UNIVERSE: f64 = 1.38e10;

/// The average time to guess a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Less than a minute.
    Moments,
    Hours,
    /// Days, less than a year.
    Days(u64),
    /// Years, less than the age of the universe.
    Years(u64),
    /// The power of ten (rounded down) by which to multiply the age of the universe.
    AgesOfTheUniverse(u32),
}

/// The time to try half of all possibilities, which is the average.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^32")]
pub fn effort(bits: Bits) -> Effort {
    let seconds = (bits.value() - 1.0).exp2() / GUESSES_PER_SECOND;
    let years = seconds / YEAR;
    match seconds {
        ..60.0 => Effort::Moments,
        ..86_400.0 => Effort::Hours,
        ..YEAR => Effort::Days((seconds / 86_400.0).round() as u64),
        _ if years < UNIVERSE => Effort::Years(years.round() as u64),
        _ => Effort::AgesOfTheUniverse((years / UNIVERSE).log10() as u32),
    }
}

#[cfg(test)]
mod tests {
    use generator::Plan as _;
    use generator::characters::{Plan, Rules};

    use super::*;

    fn effort_of(length: usize) -> Effort {
        effort(Plan::new(&Rules { length, ..Rules::default() }).unwrap().bits())
    }

    #[test]
    fn effort_grows_with_length() {
        // 2^50.32 / 10^12 s is 23 minutes.
        assert_eq!(effort_of(8), Effort::Hours);
        assert!(matches!(effort_of(10), Effort::Days(days) if (150..250).contains(&days)), "{:?}", effort_of(10));
        assert!(matches!(effort_of(12), Effort::Years(years) if (4000..8000).contains(&years)), "{:?}", effort_of(12));
        // 2^195.59 / 10^12 s is 2.4e39 years.
        assert_eq!(effort_of(30), Effort::AgesOfTheUniverse(29));
    }
}
