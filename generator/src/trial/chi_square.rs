//! The chi-square distribution.

use std::f64::consts::PI;

/// The probability that a chi-square with that many degrees of freedom is `statistic` or more.
///
/// It is `Q(degrees / 2, statistic / 2)`, the regularised incomplete gamma function, which is a finite sum for whole
/// degrees: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.4.4 for odd and 26.4.5 for even ones. All
/// terms are positive, so nothing cancels. From a statistic of some 1,490 on, the first term underflows, and the result
/// is 0.
pub(super) fn tail(statistic: f64, degrees: usize) -> f64 {
    if statistic <= 0.0 {
        return 1.0;
    }
    if statistic.is_infinite() {
        return 0.0;
    }
    let half = statistic / 2.0;
    // The sum begins with the first term; `term` is the next one: (half^k · e^-half) / Γ(k + 1) for k = 1/2, 3/2 … or
    // for k = 1, 2 …
    let (mut sum, mut term, mut k) = if degrees % 2 == 1 {
        (libm::erfc(half.sqrt()), 2.0 * (half / PI).sqrt() * (-half).exp(), 0.5)
    } else {
        (0.0, (-half).exp(), 0.0)
    };
    for _ in 0..degrees / 2 {
        sum += term;
        k += 1.0;
        term *= half / k;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of SciPy 1's `chi2.sf`.
    #[test]
    fn tails_match_the_tables() {
        for (statistic, degrees, expected) in [
            (0.5, 1, 0.479_500_122_186_953_37),
            (3.841_458_820_694_124, 1, 0.05),
            (30.0, 1, 4.320_463_057_827_495_5e-8),
            (1.0, 2, 0.606_530_659_712_633_4),
            (5.991_464_547_107_979, 2, 0.05),
            (1e-3, 3, 0.999_991_592_080_941_9),
            (18.307_038_053_275_146, 10, 0.05),
            (2.0, 10, 0.996_340_153_172_656_3),
            (40.0, 93, 0.999_999_705_204_595),
            (93.0, 93, 0.480_496_537_484_467_5),
            (150.0, 93, 0.000_166_386_123_924_215_84),
            (200.0, 93, 8.316_386_319_267_953e-10),
            (93.5, 94, 0.495_158_256_942_801),
            (118.0, 94, 0.047_659_618_120_470_59),
            (255.0, 255, 0.488_222_521_770_406_37),
            (300.0, 255, 0.027_727_522_053_904_83),
            (900.0, 255, 8.223_626_060_047_789e-73),
        ] {
            let error = tail(statistic, degrees) / expected - 1.0;
            assert!(error.abs() < 1e-12, "{statistic}, {degrees}: {}", tail(statistic, degrees));
        }
    }

    #[test]
    fn the_tail_at_both_ends() {
        for degrees in [0, 1, 2, 93, 255] {
            assert_eq!(tail(0.0, degrees), 1.0);
            assert_eq!(tail(f64::INFINITY, degrees), 0.0);
        }
        assert_eq!(tail(2000.0, 93), 0.0);
        assert_eq!(tail(1e-9, 255), 1.0);
        assert_eq!(tail(0.1, 0), 0.0);
    }
}
