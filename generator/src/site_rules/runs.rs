//! Counts the strings that keep overlapping requirements and a limit on runs, and picks one of their shapes in
//! proportion.
//!
//! The alphabet falls into cells: two characters share a cell if they serve the same requirements. A string is a row
//! of runs, each of one character, next to one of another character; there is one way only to read it so. Which
//! requirements are open after a run depends on its cell and its length, and how many strings may follow depends on
//! nothing but the places left, what is open and the cell that the last run took one character from:
//!
//! ```text
//! begun(left, open, c)   = sum over k from 1 to min(limit, left) of follow(left - k, open after k of c, c)
//! follow(left, open, l)  = sum over cells c of size_c · begun(left, open, c)  -  begun(left, open, l)
//! follow(0, open, l)     = 1 if nothing is open, else 0
//! ```
//!
//! The subtraction takes out the one character of the last run. [`Runs`] holds `follow`, so that runs can be drawn one
//! after the other, each in proportion to the strings that begin with it.

use num_bigint::BigUint;

use crate::random::{Choose, RandomnessError};

/// A requirement: the cells whose characters serve it, and how many of them a string must hold at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) served_by: Vec<bool>,
    pub(super) minimum: usize,
}

/// A run: so many times one character of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) cell: usize,
    pub(super) length: usize,
}

/// Numbers of strings for every state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    sizes: Vec<usize>,
    limit: usize,
    length: usize,
    /// How many states there are of what is open; 0 is nothing, the last one is everything.
    opens: usize,
    /// `after[open · cells + cell]`: what is open after one more character of the cell.
    after: Vec<usize>,
    /// `follow[(left · opens + open) · cells + last]`, for `left` below the length.
    follow: Vec<BigUint>,
    total: BigUint,
}

impl Runs {
    /// How many states `minimums` have: each requirement may lack any number of characters up to its own.
    pub(super) fn opens(minimums: impl Iterator<Item = usize>) -> usize {
        minimums.fold(1, |opens, minimum| opens.saturating_mul(minimum.saturating_add(1)))
    }

    /// Counts strings of `length` characters, at least 1, with runs of at most `limit`, at least 1. Keep the product of
    /// [`Runs::opens`] and the cells small: it is the number of states for each place.
    pub(super) fn new(sizes: &[usize], requirements: &[Requirement], limit: usize, length: usize) -> Self {
        let opens = Self::opens(requirements.iter().map(|requirement| requirement.minimum));
        let mut runs = Self {
            sizes: sizes.to_vec(),
            limit,
            length,
            opens,
            after: Vec::with_capacity(opens * sizes.len()),
            follow: Vec::with_capacity(length * opens * sizes.len()),
            total: BigUint::ZERO,
        };
        for open in 0..opens {
            for cell in 0..sizes.len() {
                runs.after.push(after_one(open, cell, requirements));
            }
        }
        for open in 0..opens {
            runs.follow.extend(sizes.iter().map(|_| BigUint::from(u8::from(open == 0))));
        }
        for left in 1..length {
            for open in 0..opens {
                let (begun, all) = runs.begun(left, open);
                runs.follow.extend(begun.into_iter().map(|begun| &all - begun));
            }
        }
        runs.total = runs.begun(length, opens - 1).1;
        runs
    }

    /// How many strings begin here with a run of one given character, for each cell; and with a run of any character.
    fn begun(&self, left: usize, open: usize) -> (Vec<BigUint>, BigUint) {
        let begun_with = |cell| {
            (1..=self.limit.min(left)).map(|length| self.following(left, open, Run { cell, length }).1).sum::<BigUint>()
        };
        let begun: Vec<BigUint> = (0..self.sizes.len()).map(begun_with).collect();
        let all = begun.iter().zip(&self.sizes).map(|(begun, size)| begun * size).sum();
        (begun, all)
    }

    /// What is open after a run, and how many strings may follow it.
    fn following(&self, left: usize, open: usize, run: Run) -> (usize, &BigUint) {
        let cells = self.sizes.len();
        let open = (0..run.length).fold(open, |open, _| self.after[open * cells + run.cell]);
        (open, &self.follow[((left - run.length) * self.opens + open) * cells + run.cell])
    }

    /// How many strings are allowed.
    pub(super) fn total(&self) -> &BigUint {
        &self.total
    }

    /// The runs of a string drawn uniformly from the allowed ones; their characters are still to be drawn, each from
    /// its cell but for the character of the run before. Call it only when [`Runs::total`] is not zero.
    pub(super) fn draw(&self, choose: &mut impl Choose) -> Result<Vec<Run>, RandomnessError> {
        let mut drawn: Vec<Run> = Vec::with_capacity(self.length);
        let (mut left, mut open, mut among) = (self.length, self.opens - 1, &self.total);
        while left > 0 {
            let last = drawn.last().map(|run| run.cell);
            let mut ticket = choose.below_big(among)?;
            // Short runs first: nearly all are of one character.
            let mut candidates = (1..=self.limit.min(left))
                .flat_map(|length| (0..self.sizes.len()).map(move |cell| Run { cell, length }));
            let (run, after, follow) = candidates
                .find_map(|run| {
                    let (after, follow) = self.following(left, open, run);
                    let share = follow * (self.sizes[run.cell] - usize::from(last == Some(run.cell)));
                    if ticket < share {
                        return Some((run, after, follow));
                    }
                    ticket -= share;
                    None
                })
                // The shares add up to `among`: only a number that is not below it gets past them all.
                .ok_or(RandomnessError)?;
            drawn.push(run);
            (left, open, among) = (left - run.length, after, follow);
        }
        Ok(drawn)
    }
}

/// What is open after one character of the cell. The number `open` has one digit for each requirement, to the base of
/// its minimum plus one: how many characters it still lacks.
fn after_one(open: usize, cell: usize, requirements: &[Requirement]) -> usize {
    let (mut rest, mut place, mut after) = (open, 1, open);
    for requirement in requirements {
        let base = requirement.minimum + 1;
        if requirement.served_by[cell] && rest % base > 0 {
            after -= place;
        }
        (rest, place) = (rest / base, place * base);
    }
    after
}
