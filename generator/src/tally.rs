//! Counts the characters of several sets in one number, and sees at once whether every minimum is kept.

/// Bits for each set: the highest one says that the minimum is kept, the others count.
const LANE: usize = 12;

/// The highest bit of each lane.
const KEPT: u64 = 0x0800_8008_0080_0800;

/// Minimums of up to five sets. A lane begins as far below its highest bit as the set's minimum is; each
/// character of the set adds one to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally(u64);

impl Tally {
    /// Before any character is counted. The minimums are below 2048, as are the numbers of characters.
    pub(crate) fn new(minimums: impl Iterator<Item = usize>) -> Self {
        let lacking = minimums.enumerate().map(|(set, minimum)| (minimum as u64) << (LANE * set));
        Self(KEPT - lacking.sum::<u64>())
    }

    /// What one character of the set adds.
    pub(crate) fn one(set: usize) -> u64 {
        1 << (LANE * set)
    }

    #[inline]
    pub(crate) fn add(&mut self, one: u64) {
        self.0 += one;
    }

    /// Whether what was counted keeps every minimum.
    #[inline]
    pub(crate) fn is_kept(self) -> bool {
        self.0 & KEPT == KEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers up to two of five sets, against comparing one by one; and a set with as many as there can be.
    #[test]
    fn minimums_are_kept_when_each_one_is() {
        let digits = |number: usize| [0, 1, 2, 3, 4].map(|set| number / 3_usize.pow(set) % 3);
        for minimums in (0..243).map(digits) {
            for held in (0..243).map(digits) {
                let mut tally = Tally::new(minimums.into_iter());
                for (set, held) in held.iter().enumerate() {
                    (0..*held).for_each(|_| tally.add(Tally::one(set)));
                }
                let kept = held.iter().zip(minimums).all(|(held, minimum)| *held >= minimum);
                assert_eq!(tally.is_kept(), kept, "{held:?} of {minimums:?}");
            }
        }
        let mut tally = Tally::new([2047, 0].into_iter());
        (0..2047).for_each(|_| tally.add(Tally::one(1)));
        assert!(!tally.is_kept());
        (0..2047).for_each(|_| tally.add(Tally::one(0)));
        assert!(tally.is_kept());
    }
}
