//! Counts the strings that meet overlapping requirements and a limit on runs, and draws the runs of a random one.
//!
//! The alphabet consists of cells: two characters share a cell if they serve the same requirements. Every string is a
//! sequence of runs in exactly one way: a run repeats one character, and its neighbours have other characters. The
//! requirements open after a run depend on its cell and its length. The number of strings that may follow depends only
//! on the positions left, the open requirements and the cell of the last run:
//!
//! ```text
//! begun(left, open, c)   = sum over k from 1 to min(limit, left) of follow(left - k, open after k of c, c)
//! follow(left, open, l)  = sum over cells c of size_c · begun(left, open, c)  -  begun(left, open, l)
//! follow(0, open, l)     = 1 if nothing is open, else 0
//! ```
//!
//! The subtraction removes the one character of the last run. [`Runs`] stores `follow`, so that runs can be drawn one
//! after the other, each in proportion to the number of strings that begin with it.

use num_bigint::BigUint;

use crate::random::{Choose, RandomnessError};

/// A requirement: the cells whose characters serve it, and the least number of them in a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) served_by: Vec<bool>,
    pub(super) minimum: usize,
}

/// A run of one character of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) cell: usize,
    pub(super) length: usize,
}

/// The numbers of strings for every state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    sizes: Vec<usize>,
    limit: usize,
    length: usize,
    /// The number of states of open requirements. In state 0 none is open, in the last state all are.
    opens: usize,
    /// `after[open · cells + cell]`: the state after one more character of the cell.
    after: Vec<usize>,
    /// `follow[(left · opens + open) · cells + last]`, for `left` below the length.
    follow: Vec<BigUint>,
    total: BigUint,
}

impl Runs {
    /// The number of states of open requirements: each requirement may lack up to its minimum of characters.
    pub(super) fn opens(minimums: impl Iterator<Item = usize>) -> usize {
        minimums.fold(1, |opens, minimum| opens.saturating_mul(minimum.saturating_add(1)))
    }

    /// Counts strings of `length` characters, at least 1, with runs of at most `limit`, at least 1. Keep the product of
    /// [`Runs::opens`] and the cells small: it is the number of states for each position.
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

    /// The number of strings that begin here with a run of one given character, for each cell; and with any run.
    fn begun(&self, left: usize, open: usize) -> (Vec<BigUint>, BigUint) {
        let begun_with = |cell| {
            (1..=self.limit.min(left)).map(|length| self.following(left, open, Run { cell, length }).1).sum::<BigUint>()
        };
        let begun: Vec<BigUint> = (0..self.sizes.len()).map(begun_with).collect();
        let all = begun.iter().zip(&self.sizes).map(|(begun, size)| begun * size).sum();
        (begun, all)
    }

    /// The state after a run, and the number of strings that may follow it.
    fn following(&self, left: usize, open: usize, run: Run) -> (usize, &BigUint) {
        let cells = self.sizes.len();
        let open = (0..run.length).fold(open, |open, _| self.after[open * cells + run.cell]);
        (open, &self.follow[((left - run.length) * self.opens + open) * cells + run.cell])
    }

    /// The number of allowed strings.
    pub(super) fn total(&self) -> &BigUint {
        &self.total
    }

    /// The runs of a string drawn uniformly from the allowed ones. The caller draws their characters, each from its
    /// cell without the character of the run before. Call it only if [`Runs::total`] is not zero.
    pub(super) fn draw(&self, choose: &mut dyn Choose) -> Result<Vec<Run>, RandomnessError> {
        let mut drawn: Vec<Run> = Vec::with_capacity(self.length);
        let (mut left, mut open, mut among) = (self.length, self.opens - 1, &self.total);
        while left > 0 {
            let last = drawn.last().map(|run| run.cell);
            let mut ticket = choose.below_big(among)?;
            // Short runs come first, because nearly all runs are of one character.
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
                // The shares add up to `among`, and the ticket is below it: only a broken source gets here.
                .ok_or(RandomnessError)?;
            drawn.push(run);
            (left, open, among) = (left - run.length, after, follow);
        }
        Ok(drawn)
    }
}

/// The state after one character of the cell. The number `open` has one digit for each requirement, to the base of its
/// minimum plus one: the number of characters that the requirement still lacks.
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
