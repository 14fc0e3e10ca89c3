//! Which rows of a long list are drawn: those in the window and some beyond its edges, and gaps in place of the others.
//! Heights are in CSS pixels.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use shared::ids::EntryId;

/// How high a row is taken to be before one was measured: rather too high, so that the first look draws too few and not
/// too many.
const FIRST_GUESS: f64 = 128.0;
/// Differences in height that do not matter.
const TOLERANCE: f64 = 0.5;
/// What is drawn beyond either edge of the window, as a share of its height: what a flick of the wheel brings into view.
const MARGIN: f64 = 0.5;
/// The margin of a window that has next to no height.
const LEAST_MARGIN: f64 = 200.0;

/// How high rows are: most of them alike, and some not, by what they hold.
#[derive(Debug, Default)]
pub struct Heights {
    /// What most are, once some were measured.
    usual: Option<f64>,
    /// Those that were measured and are not.
    unusual: HashMap<EntryId, f64, BuildHasherDefault<IdHasher>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowLayout {
    pub rows: Vec<RowPosition>,
    /// The height of the rows after them.
    pub after: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowPosition {
    /// Its index in the list.
    pub index: usize,
    /// The height of the rows between the row drawn before it, or the top of the list, and this one.
    pub gap: f64,
}

impl Heights {
    /// How high a row is, as far as one knows.
    fn of(&self, id: EntryId) -> f64 {
        self.unusual.get(&id).copied().unwrap_or(self.usual.unwrap_or(FIRST_GUESS))
    }

    /// Notes the heights of rows as they are drawn. Gives whether any is news.
    pub fn note(&mut self, measured: &[(EntryId, f64)]) -> bool {
        // What most rows are stays what it was at first: otherwise all rows above the window would move with each that is
        // measured.
        let is_first = self.usual.is_none() && !measured.is_empty();
        if is_first {
            let mut heights: Vec<f64> = measured.iter().map(|(_, height)| *height).collect();
            heights.sort_by(f64::total_cmp);
            self.usual = heights.get(heights.len() / 2).copied();
        }
        let mut is_news = is_first;
        for (id, height) in measured {
            if (self.of(*id) - height).abs() > TOLERANCE {
                self.unusual.insert(*id, *height);
                is_news = true;
            }
        }
        is_news
    }

    /// Forgets all heights: the list has another width.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// What to draw of the list of these rows.
    ///
    /// `window` is what can be seen, measured from the top of the list. Where the list is wholly above or below it, the
    /// end of the list that is nearer is drawn: whoever comes by the Tab key or by reading on finds rows. `kept` is drawn
    /// wherever it is: it has the keyboard's focus.
    #[must_use]
    pub fn plan(&self, list: &[EntryId], window: Range<f64>, kept: Option<EntryId>) -> RowLayout {
        let height = (window.end - window.start).max(0.0);
        let whole: f64 = if self.unusual.is_empty() {
            list.first().map_or(0.0, |first| self.of(*first)) * list.len() as f64
        } else {
            list.iter().map(|id| self.of(*id)).sum()
        };
        let margin = (height * MARGIN).max(LEAST_MARGIN);
        let from = window.start.min(whole - height).max(0.0);
        let (from, to) = (from - margin, from + height + margin);
        let (mut rows, mut top, mut gap) = (Vec::new(), 0.0, 0.0);
        for (index, id) in list.iter().enumerate() {
            let bottom = top + self.of(*id);
            if (bottom > from && top < to) || kept == Some(*id) {
                rows.push(RowPosition { index, gap });
                gap = 0.0;
            } else {
                gap += bottom - top;
            }
            top = bottom;
        }
        RowLayout { rows, after: gap }
    }
}

/// Hashes ids by bytes that are random already: a long list is looked through each time it is scrolled.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        // The length, which comes before them, is the same for all.
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;

    use super::*;

    fn ids(count: usize) -> Vec<EntryId> {
        (0..count)
            .map(|index| {
                let mut random = [0; 10];
                random[2..].copy_from_slice(&(index as u64).to_be_bytes());
                EntryId::from_time(1, random)
            })
            .collect()
    }

    fn indices(plan: &RowLayout) -> Vec<usize> {
        plan.rows.iter().map(|place| place.index).collect()
    }

    #[test]
    fn rows_in_the_window_and_half_of_it_more_are_drawn() {
        let list = ids(10_000);
        let mut heights = Heights::default();
        assert!(heights.note(&[(list[0], 50.0)]));
        assert!(!heights.note(&[(list[1], 50.4)]), "no news");
        let plan = heights.plan(&list, 0.0..1000.0, None);
        assert_eq!(indices(&plan), (0..30).collect::<Vec<_>>());
        assert_eq!((plan.rows[0].gap, plan.after), (0.0, 9970.0 * 50.0));
        let plan = heights.plan(&list, 100_000.0..101_000.0, None);
        assert_eq!(indices(&plan), (1990..2030).collect::<Vec<_>>());
        assert_eq!((plan.rows[0].gap, plan.rows[1].gap, plan.after), (1990.0 * 50.0, 0.0, 7970.0 * 50.0));
    }

    #[test]
    fn a_list_that_is_out_of_the_window_is_drawn_at_its_nearer_end() {
        let list = ids(1000);
        let heights = Heights { usual: Some(50.0), ..Heights::default() };
        for below in [-100_000.0, -3000.0] {
            assert_eq!(indices(&heights.plan(&list, below..below + 1000.0, None)), (0..30).collect::<Vec<_>>());
        }
        assert_eq!(indices(&heights.plan(&list, 90_000.0..91_000.0, None)), (970..1000).collect::<Vec<_>>());
        // A window without a height, and an empty list, harm nothing.
        assert_eq!(indices(&heights.plan(&list, 0.0..0.0, None)), [0, 1, 2, 3]);
        assert_eq!(heights.plan(&[], 0.0..1000.0, Some(list[0])), RowLayout { rows: Vec::new(), after: 0.0 });
    }

    #[test]
    fn what_has_the_focus_stays() {
        let list = ids(1000);
        let heights = Heights { usual: Some(50.0), ..Heights::default() };
        let plan = heights.plan(&list, 20_000.0..21_000.0, Some(list[3]));
        assert_eq!(plan.rows[0], RowPosition { index: 3, gap: 150.0 });
        assert_eq!(plan.rows[1], RowPosition { index: 390, gap: 386.0 * 50.0 });
        let plan = heights.plan(&list, 0.0..1000.0, Some(list[900]));
        assert_eq!(plan.rows[30], RowPosition { index: 900, gap: 870.0 * 50.0 });
        assert_eq!(plan.after, 99.0 * 50.0);
    }

    #[test]
    fn rows_of_other_heights_are_counted_with() {
        let list = ids(1000);
        let mut heights = Heights::default();
        heights.note(&[(list[0], 50.0), (list[1], 350.0), (list[2], 50.0)]);
        assert_eq!(heights.usual, Some(50.0));
        let plan = heights.plan(&list, 3000.0..4000.0, None);
        assert_eq!(plan.rows[0], RowPosition { index: 44, gap: 44.0 * 50.0 + 300.0 });
        // It is closed again.
        assert!(heights.note(&[(list[1], 50.0)]));
        assert_eq!(heights.plan(&list, 3000.0..4000.0, None).rows[0].index, 50);
        heights.forget();
        assert!(heights.note(&[(list[5], 80.0)]), "of another width");
        assert_eq!(heights.plan(&list, 8000.0..9000.0, None).rows[0], RowPosition { index: 93, gap: 93.0 * 80.0 });
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        /// Whatever the heights and wherever the window: gaps and rows add up to the list, each row stands where it would
        /// if all were drawn, and the whole window is covered.
        #[test]
        fn a_plan_adds_up(
            heights in prop::collection::vec(1.0..200.0f64, 1..60),
            start in -3000.0..9000.0f64,
            height in 0.0..1500.0f64,
            kept in 0..80usize,
        ) {
            let list = ids(heights.len());
            let mut known = Heights::default();
            let measured: Vec<_> = list.iter().copied().zip(heights.iter().copied()).collect();
            known.note(&measured);
            let plan = known.plan(&list, start..start + height, list.get(kept).copied());
            // To the tolerance of each row.
            let close = |one: f64, other: f64| (one - other).abs() <= TOLERANCE * heights.len() as f64 + 0.01;
            let tops: Vec<f64> = heights.iter().scan(0.0, |top, height| Some(std::mem::replace(top, *top + height))).collect();
            let mut at = 0.0;
            for RowPosition { index, gap } in &plan.rows {
                at += gap;
                prop_assert!(close(at, tops[*index]), "{index} at {at}, not {}", tops[*index]);
                at += heights[*index];
            }
            prop_assert!(close(at + plan.after, heights.iter().sum()));
            let drawn = indices(&plan);
            prop_assert!(drawn.is_sorted() && !drawn.is_empty());
            for (index, top) in tops.iter().enumerate() {
                if top + heights[index] > start && *top < start + height {
                    prop_assert!(drawn.contains(&index), "{index} is in the window and not drawn");
                }
            }
            prop_assert!(kept >= list.len() || drawn.contains(&kept));
        }
    }
}
