//! The verdict of a test of randomness.

/// A verdict on the probability that fair draws deviate at least as far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// Between one fair trial in a hundred and one in a million deviates as far.
    Odd,
    /// Hardly any fair trial is so far off, or so even.
    Wrong,
}

/// The verdict on a probability from 0 to 1.
pub fn verdict(p: f64) -> Verdict {
    let rare = p.min(1.0 - p);
    match rare {
        0.005.. => Verdict::Fine,
        0.000_001.. => Verdict::Odd,
        // NaN is wrong too.
        _ => Verdict::Wrong,
    }
}

/// A number of at least 0 with two decimals. It is written by whole numbers, because the code that prints
/// floating-point numbers would enlarge the page.
pub fn hundredths(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is shown is far below 2^64")]
    let hundredths = (number.max(0.0) * 100.0).round() as u64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_near_either_end_are_odd_or_wrong() {
        assert_eq!([0.5, 0.005, 0.99].map(verdict), [Verdict::Fine; 3]);
        assert_eq!([0.004, 0.998, 0.000_01].map(verdict), [Verdict::Odd; 3]);
        assert_eq!([0.0, 1.0, 1e-9, f64::NAN].map(verdict), [Verdict::Wrong; 4]);
    }

    #[test]
    fn numbers_have_two_decimals() {
        assert_eq!([0.0, 1.005, 93.456, 10638.3].map(hundredths), ["0.00", "1.00", "93.46", "10638.30"]);
        assert_eq!(hundredths(-0.2), "0.00");
    }
}
