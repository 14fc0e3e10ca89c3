//! The runs of one figure.

use serde::{Serialize, Serializer};

/// Several measurements of one figure. In JSON: the median, and every run.
pub(crate) struct Runs(Vec<f64>);

impl Runs {
    pub(crate) fn new(runs: Vec<f64>) -> Self {
        assert!(!runs.is_empty(), "nothing was measured");
        Self(runs)
    }

    /// The median; the upper of the two for an even number of runs.
    pub(crate) fn median(&self) -> f64 {
        self.sorted()[self.0.len() / 2]
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// The lowest and the highest run.
    pub(crate) fn range(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted[0], sorted[sorted.len() - 1])
    }
}

impl Serialize for Runs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            median: f64,
            runs: &'a [f64],
        }
        Written { median: self.median(), runs: &self.0 }.serialize(serializer)
    }
}
