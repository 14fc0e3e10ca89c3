//! What a test of randomness says.

/// A verdict on the chance that fair draws come out like these or further off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// As one of a hundred fair trials does, or one of a million.
    Odd,
    /// As hardly any fair trial does: far off, or far too even.
    Wrong,
}

/// The verdict on that chance, from 0 to 1.
#[must_use]
pub fn verdict(p: f64) -> Verdict {
    let rare = p.min(1.0 - p);
    match rare {
        0.005.. => Verdict::Fine,
        0.000_001.. => Verdict::Odd,
        // What is no number is not fine either.
        _ => Verdict::Wrong,
    }
}

/// A number with two decimals, from 0 up. Written by whole numbers: the machinery that prints floating-point ones would
/// weigh on the page.
#[must_use]
pub fn hundredths(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is shown is far below 2^64")]
    let hundredths = (number.max(0.0) * 100.0).round() as u64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_rare() {
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
