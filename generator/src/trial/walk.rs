//! Walks every choice of a sampler and adds up the exact probability of each output.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use crate::Plan as _;
use crate::characters::Plan;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};

/// A probability as an exact fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probability {
    over: u64,
    under: u64,
}

impl Probability {
    const ZERO: Self = Self { over: 0, under: 1 };

    /// One in `n`.
    pub(crate) fn one_in(n: u64) -> Self {
        Self { over: 1, under: n }
    }

    /// The sum; none if its exact fraction does not fit.
    fn plus(self, other: Self) -> Option<Self> {
        let shared = gcd(self.under, other.under);
        let (mine, theirs) = (other.under / shared, self.under / shared);
        let over = self.over.checked_mul(mine)?.checked_add(other.over.checked_mul(theirs)?)?;
        let under = self.under.checked_mul(mine)?;
        let common = gcd(over, under);
        Some(Self { over: over / common, under: under / common })
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Answers every choice in every possible way, one way a run.
///
/// A sampler that asks for a second row of numbers has rejected the first one, and starts again. The run ends there,
/// with an error.
#[derive(Default)]
pub(crate) struct EveryChoice {
    /// The choices of this run, each as the number taken and the number of possibilities.
    path: Vec<(u32, u32)>,
    at: usize,
    rows: usize,
}

impl EveryChoice {
    fn next_run(&mut self) -> bool {
        (self.at, self.rows) = (0, 0);
        while let Some((taken, among)) = self.path.pop() {
            if taken + 1 < among {
                self.path.push((taken + 1, among));
                return true;
            }
        }
        false
    }

    /// The probability of this run; none if it does not fit.
    fn probability(&self) -> Option<Probability> {
        let ways = self.path.iter().try_fold(1_u64, |ways, (_, among)| ways.checked_mul((*among).into()));
        ways.map(Probability::one_in)
    }

    fn choose(&mut self, among: u32) -> u32 {
        if self.at == self.path.len() {
            self.path.push((0, among));
        }
        self.at += 1;
        self.path[self.at - 1].0
    }
}

impl Choose for EveryChoice {
    fn below(&mut self, n: usize) -> Result<usize, RandomnessError> {
        let among = u32::try_from(n).map_err(|_| RandomnessError)?;
        Ok(self.choose(among) as usize)
    }

    fn fill_below(&mut self, n: usize, numbers: &mut [u8]) -> Result<(), RandomnessError> {
        self.rows += 1;
        if self.rows > 1 {
            return Err(RandomnessError);
        }
        for number in numbers {
            *number = u8::try_from(self.below(n)?).map_err(|_| RandomnessError)?;
        }
        Ok(())
    }

    fn below_big(&mut self, n: &BigUint) -> Result<BigUint, RandomnessError> {
        let among = u32::try_from(n).map_err(|_| RandomnessError)?;
        Ok(self.choose(among).into())
    }
}

/// All outputs of a sampler, each with its exact probability, and the number of runs. Rejected runs yield no output.
/// None if a number does not fit, or if the sampler fails for another reason.
pub(crate) fn walk(
    mint: impl Fn(&mut EveryChoice) -> Result<Password, RandomnessError>,
) -> Option<(BTreeMap<String, Probability>, u64)> {
    let mut made: BTreeMap<String, Probability> = BTreeMap::new();
    let (mut choice, mut runs) = (EveryChoice::default(), 0);
    loop {
        match mint(&mut choice) {
            Ok(password) => {
                let sum = made.entry(password.expose().to_owned()).or_insert(Probability::ZERO);
                *sum = sum.plus(choice.probability()?)?;
            }
            Err(RandomnessError) if choice.rows > 1 => {}
            Err(RandomnessError) => return None,
        }
        runs += 1;
        if !choice.next_run() {
            return Some((made, runs));
        }
    }
}

/// A small alphabet and rules that allow few strings, so that all can be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    pub sets: &'static [&'static str],
    /// Least number of characters from each set.
    pub minimums: &'static [usize],
    /// The number of characters of a string.
    pub length: usize,
}

/// The numbers of a walk. The sampler passes if [`WalkResult::is_uniform`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkResult {
    /// The number of ways to answer the sampler's choices; each was walked once.
    pub runs: u64,
    /// The number of strings that the rules allow, by the counting that the bits come from.
    pub allowed: usize,
    /// The number of different outputs that meet the rules.
    pub reached: usize,
    /// The number of different outputs that break the rules.
    pub broken: usize,
    /// True if all outputs have exactly the same probability.
    pub even: bool,
}

impl WalkResult {
    /// True if the outputs are exactly the allowed strings, each with the same probability.
    pub fn is_uniform(&self) -> bool {
        self.reached == self.allowed && self.broken == 0 && self.even
    }
}

impl Example {
    /// Loose rules, for which the plan draws strings until one meets the minimums, as for the usual rules. The walk
    /// takes some milliseconds.
    pub const LOOSE: Self = Self { sets: &["abc", "12", "!"], minimums: &[1, 1, 1], length: 5 };

    /// Tight rules, for which the plan draws the numbers of each set first.
    pub const TIGHT: Self = Self { sets: &["ab", "1", "!"], minimums: &[2, 1, 1], length: 4 };

    /// Walks every choice. None if the example is too large for that.
    pub fn walk(&self) -> Option<WalkResult> {
        let sets: Vec<Vec<char>> = self.sets.iter().map(|set| set.chars().collect()).collect();
        let plan = Plan::over(&sets, self.minimums, self.length);
        let (made, runs) = walk(|choose| plan.mint(choose))?;
        Some(self.judge(&made, runs, usize::try_from(plan.count()).ok()?))
    }

    pub(super) fn judge(&self, made: &BTreeMap<String, Probability>, runs: u64, allowed: usize) -> WalkResult {
        let reached = made.keys().filter(|text| self.allows(text)).count();
        let mut probabilities = made.values();
        let first = probabilities.next();
        let even = probabilities.all(|other| Some(other) == first);
        WalkResult { runs, allowed, reached, broken: made.len() - reached, even }
    }

    /// Checks the string itself, without the counting.
    fn allows(&self, text: &str) -> bool {
        let held = |set: &str| text.chars().filter(|character| set.contains(*character)).count();
        text.chars().count() == self.length
            && self.sets.iter().map(|set| held(set)).sum::<usize>() == self.length
            && self.sets.iter().zip(self.minimums).all(|(set, minimum)| held(set) >= *minimum)
    }
}
