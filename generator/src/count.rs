//! Counts the strings that meet minimums, and draws the numbers of characters of a random one.
//!
//! The alphabet consists of disjoint sets of sizes `n_i`, each with a minimum `m_i`. The strings of length `L` with
//! exactly `c_i` characters from set `i` number `L! / (c_0! … c_k!) · n_0^c_0 … n_k^c_k`; the allowed ones are the
//! sum of that over all counts with `c_i >= m_i`. [`Counts`] holds the sums set by set, so that counts can be drawn
//! one after the other.

use num_bigint::BigUint;

use crate::random::{Choose, RandomnessError};

/// One set of the alphabet: its number of characters, and the least number of them in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) size: usize,
    pub(crate) minimum: usize,
}

/// The numbers of strings for every set and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    quotas: Vec<Quota>,
    /// `ways[i][r]`: strings of length `r` over the sets from `i` on that meet their minimums.
    ways: Vec<Vec<BigUint>>,
}

impl Counts {
    pub(crate) fn new(quotas: &[Quota], length: usize) -> Self {
        let mut none_left = vec![BigUint::ZERO; length + 1];
        none_left[0] = BigUint::from(1_u8);
        let mut ways = vec![none_left];
        for quota in quotas.iter().rev() {
            let after = ways.last().map(Vec::as_slice).unwrap_or_default();
            let mut row = vec![BigUint::ZERO; length + 1];
            for rest in 0..=length {
                let mut share = after[rest].clone();
                for count in 0..=length - rest {
                    if count > 0 {
                        add_one(&mut share, quota.size, rest, count);
                    }
                    if count >= quota.minimum {
                        row[rest + count] += &share;
                    }
                }
            }
            ways.push(row);
        }
        ways.reverse();
        Self { quotas: quotas.to_vec(), ways }
    }

    /// The number of allowed strings of the full length.
    pub(crate) fn total(&self) -> &BigUint {
        let length = self.ways[0].len() - 1;
        &self.ways[0][length]
    }

    /// The number of characters from each set in a string drawn uniformly from the allowed ones. Call it only if
    /// [`Counts::total`] is not zero.
    pub(crate) fn draw(&self, choose: &mut dyn Choose) -> Result<Vec<usize>, RandomnessError> {
        let mut left = self.ways[0].len() - 1;
        let mut drawn = Vec::with_capacity(self.quotas.len());
        for (index, quota) in self.quotas.iter().enumerate() {
            let mut ticket = choose.below_big(&self.ways[index][left])?;
            let mut count = 0;
            for candidate in quota.minimum..=left {
                let rest = left - candidate;
                let mut share = self.ways[index + 1][rest].clone();
                (1..=candidate).for_each(|count| add_one(&mut share, quota.size, rest, count));
                if ticket < share {
                    count = candidate;
                    break;
                }
                ticket -= share;
            }
            drawn.push(count);
            left -= count;
        }
        Ok(drawn)
    }
}

/// Turns the number of strings with `count - 1` characters of a set and `rest` others into that with `count` of them.
///
/// Such strings number `C(rest + count, count) · size^count · after[rest]`. Step by step, the numbers are multiplied
/// and divided by small ones only, so the page needs no code that multiplies large numbers.
fn add_one(share: &mut BigUint, size: usize, rest: usize, count: usize) {
    *share *= size * (rest + count);
    *share /= count;
}
