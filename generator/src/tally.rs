//! Counts the characters of several sets in one number, and tells at once whether every minimum is met.

/// Bits for each set: the highest one is set once the minimum is met, the others count.
const LANE: usize = 12;

/// The highest bit of each lane.
const MET: u64 = 0x0800_8008_0080_0800;

/// A tally of up to five sets. A lane begins below its highest bit by the set's minimum, and each character of the set
/// adds one to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally(u64);

impl Tally {
    /// The tally before any character. Minimums and numbers of characters are below 2048.
    pub(crate) fn new(minimums: impl Iterator<Item = usize>) -> Self {
        let lacking = minimums.enumerate().map(|(set, minimum)| (minimum as u64) << (LANE * set));
        Self(MET - lacking.sum::<u64>())
    }

    /// The number that one character of the set adds.
    pub(crate) fn one(set: usize) -> u64 {
        1 << (LANE * set)
    }

    #[inline]
    pub(crate) fn add(&mut self, one: u64) {
        self.0 += one;
    }

    /// True if every minimum is met.
    #[inline]
    pub(crate) fn is_met(self) -> bool {
        self.0 & MET == MET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares all numbers up to two of five sets with a count set by set, and tries the largest numbers.
    #[test]
    fn a_tally_is_met_when_each_minimum_is() {
        let digits = |number: usize| [0, 1, 2, 3, 4].map(|set| number / 3_usize.pow(set) % 3);
        for minimums in (0..243).map(digits) {
            for held in (0..243).map(digits) {
                let mut tally = Tally::new(minimums.into_iter());
                for (set, held) in held.iter().enumerate() {
                    (0..*held).for_each(|_| tally.add(Tally::one(set)));
                }
                let met = held.iter().zip(minimums).all(|(held, minimum)| *held >= minimum);
                assert_eq!(tally.is_met(), met, "{held:?} of {minimums:?}");
            }
        }
        let mut tally = Tally::new([2047, 0].into_iter());
        (0..2047).for_each(|_| tally.add(Tally::one(1)));
        assert!(!tally.is_met());
        (0..2047).for_each(|_| tally.add(Tally::one(0)));
        assert!(tally.is_met());
    }
}
