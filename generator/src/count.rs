//! Counts the strings that a set of minimums allows, and picks one of their shapes in proportion.
//!
//! The alphabet falls into disjoint sets of sizes `n_i`, each with a minimum `m_i`. The strings of length `L` with
//! exactly `c_i` characters from set `i` number `L! / (c_0! … c_k!) · n_0^c_0 … n_k^c_k`; the allowed ones are the
//! sum of that over all counts with `c_i >= m_i`. [`Counts`] holds the sums set by set, so that counts can be drawn
//! one after the other.

use num_bigint::BigUint;

use crate::random::{Choose, RandomnessError};

/// One set of the alphabet: how many characters it has, and how many of them a string must hold at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) size: usize,
    pub(crate) minimum: usize,
}

/// Numbers of strings for every set and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    quotas: Vec<Quota>,
    /// `ways[i][r]`: strings of length `r` over the sets from `i` on, their minimums kept.
    ways: Vec<Vec<BigUint>>,
}

impl Counts {
    pub(crate) fn new(quotas: &[Quota], length: usize) -> Self {
        let mut none_left = vec![BigUint::ZERO; length + 1];
        none_left[0] = BigUint::from(1_u8);
        let mut ways = vec![none_left];
        for quota in quotas.iter().rev() {
            let after = ways.last().map(Vec::as_slice).unwrap_or_default();
            let row = (0..=length).map(|room| shares(*quota, room, after).map(|(_, share)| share).sum()).collect();
            ways.push(row);
        }
        ways.reverse();
        Self { quotas: quotas.to_vec(), ways }
    }

    /// How many strings of the full length are allowed.
    pub(crate) fn total(&self) -> &BigUint {
        let length = self.ways[0].len() - 1;
        &self.ways[0][length]
    }

    /// How many characters each set gives to a string drawn uniformly from the allowed ones. Call it only when
    /// [`Counts::total`] is not zero.
    pub(crate) fn draw(&self, choose: &mut impl Choose) -> Result<Vec<usize>, RandomnessError> {
        let mut room = self.ways[0].len() - 1;
        let mut drawn = Vec::with_capacity(self.quotas.len());
        for (index, quota) in self.quotas.iter().enumerate() {
            let mut ticket = choose.below_big(&self.ways[index][room])?;
            let mut count = 0;
            for (candidate, share) in shares(*quota, room, &self.ways[index + 1]) {
                if ticket < share {
                    count = candidate;
                    break;
                }
                ticket -= share;
            }
            drawn.push(count);
            room -= count;
        }
        Ok(drawn)
    }
}

/// For each number `c` of characters that the set may give to a string with `room` places: how many strings there
/// are with exactly `c` from this set and the rest from the sets after it.
fn shares(quota: Quota, room: usize, after: &[BigUint]) -> impl Iterator<Item = (usize, BigUint)> {
    // C(room, c) · size^c, from one c to the next.
    let mut placed = BigUint::from(1_u8);
    (0..=room).filter_map(move |count| {
        if count > 0 {
            placed = &placed * quota.size * (room - count + 1) / count;
        }
        (count >= quota.minimum).then(|| (count, &placed * &after[room - count]))
    })
}
