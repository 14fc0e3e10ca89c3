//! Selects the rows of a long list to draw: those in the window and some beyond its edges, with gaps for the others.
//! Heights are in CSS pixels.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use shared::ids::EntryId;

/// Assumed height of a row before one was measured. It is rather too large, so that the first drawing has too few rows
/// and not too many.
const FIRST_GUESS: f64 = 128.0;
/// Differences in height below this do not matter.
const TOLERANCE: f64 = 0.5;
/// Part of the window's height that is drawn beyond either edge: a flick of the wheel brings it into view.
const MARGIN: f64 = 0.5;
/// The margin of a window with hardly any height.
const LEAST_MARGIN: f64 = 200.0;

/// The heights of rows. Most are alike, and some differ by their content.
#[derive(Debug, Default)]
pub struct Heights {
    /// The height of most rows, once some were measured.
    usual: Option<f64>,
    /// The measured heights that differ.
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
    /// The measured or assumed height of a row.
    fn of(&self, id: EntryId) -> f64 {
        self.unusual.get(&id).copied().unwrap_or(self.usual.unwrap_or(FIRST_GUESS))
    }

    /// Stores measured heights. Returns whether any differs from the height assumed so far.
    pub fn note(&mut self, measured: &[(EntryId, f64)]) -> bool {
        // The usual height is fixed at the first measurement. Changing it later would shift every row above the window.
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

    /// Removes all heights, because the width of the list has changed.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The rows of `list` to draw.
    ///
    /// `window` is the visible part, measured from the top of the list. If the list is wholly above or below it, the
    /// nearer end of the list is drawn, so that the Tab key and screen readers find rows. `focused` is always drawn.
    pub fn layout(&self, list: &[EntryId], window: Range<f64>, focused: Option<EntryId>) -> RowLayout {
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
            if (bottom > from && top < to) || focused == Some(*id) {
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

/// Hashes ids by their random bytes. Speed counts, because every scroll walks the whole list.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        // The last call has the bytes of the id; the one before has their number, the same for all ids.
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

    fn indices(layout: &RowLayout) -> Vec<usize> {
        layout.rows.iter().map(|place| place.index).collect()
    }

    #[test]
    fn rows_in_the_window_and_half_of_it_more_are_drawn() {
        let list = ids(10_000);
        let mut heights = Heights::default();
        assert!(heights.note(&[(list[0], 50.0)]));
        assert!(!heights.note(&[(list[1], 50.4)]), "no news");
        let layout = heights.layout(&list, 0.0..1000.0, None);
        assert_eq!(indices(&layout), (0..30).collect::<Vec<_>>());
        assert_eq!((layout.rows[0].gap, layout.after), (0.0, 9970.0 * 50.0));
        let layout = heights.layout(&list, 100_000.0..101_000.0, None);
        assert_eq!(indices(&layout), (1990..2030).collect::<Vec<_>>());
        assert_eq!((layout.rows[0].gap, layout.rows[1].gap, layout.after), (1990.0 * 50.0, 0.0, 7970.0 * 50.0));
    }

    #[test]
    fn a_list_outside_the_window_is_drawn_at_its_nearer_end() {
        let list = ids(1000);
        let heights = Heights { usual: Some(50.0), ..Heights::default() };
        for below in [-100_000.0, -3000.0] {
            assert_eq!(indices(&heights.layout(&list, below..below + 1000.0, None)), (0..30).collect::<Vec<_>>());
        }
        assert_eq!(indices(&heights.layout(&list, 90_000.0..91_000.0, None)), (970..1000).collect::<Vec<_>>());
        // A window without height and an empty list are allowed.
        assert_eq!(indices(&heights.layout(&list, 0.0..0.0, None)), [0, 1, 2, 3]);
        assert_eq!(heights.layout(&[], 0.0..1000.0, Some(list[0])), RowLayout { rows: Vec::new(), after: 0.0 });
    }

    #[test]
    fn the_focused_row_is_drawn_wherever_it_is() {
        let list = ids(1000);
        let heights = Heights { usual: Some(50.0), ..Heights::default() };
        let layout = heights.layout(&list, 20_000.0..21_000.0, Some(list[3]));
        assert_eq!(layout.rows[0], RowPosition { index: 3, gap: 150.0 });
        assert_eq!(layout.rows[1], RowPosition { index: 390, gap: 386.0 * 50.0 });
        let layout = heights.layout(&list, 0.0..1000.0, Some(list[900]));
        assert_eq!(layout.rows[30], RowPosition { index: 900, gap: 870.0 * 50.0 });
        assert_eq!(layout.after, 99.0 * 50.0);
    }

    #[test]
    fn rows_of_unusual_height_shift_the_others() {
        let list = ids(1000);
        let mut heights = Heights::default();
        heights.note(&[(list[0], 50.0), (list[1], 350.0), (list[2], 50.0)]);
        assert_eq!(heights.usual, Some(50.0));
        let layout = heights.layout(&list, 3000.0..4000.0, None);
        assert_eq!(layout.rows[0], RowPosition { index: 44, gap: 44.0 * 50.0 + 300.0 });
        // The row is collapsed again.
        assert!(heights.note(&[(list[1], 50.0)]));
        assert_eq!(heights.layout(&list, 3000.0..4000.0, None).rows[0].index, 50);
        heights.reset();
        assert!(heights.note(&[(list[5], 80.0)]), "of another width");
        assert_eq!(heights.layout(&list, 8000.0..9000.0, None).rows[0], RowPosition { index: 93, gap: 93.0 * 80.0 });
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        /// With any heights and window, gaps and rows add up to the list, each row stands where it would if all rows
        /// were drawn, and rows cover the whole window.
        #[test]
        fn a_layout_adds_up(
            heights in prop::collection::vec(1.0..200.0f64, 1..60),
            start in -3000.0..9000.0f64,
            height in 0.0..1500.0f64,
            kept in 0..80usize,
        ) {
            let list = ids(heights.len());
            let mut known = Heights::default();
            let measured: Vec<_> = list.iter().copied().zip(heights.iter().copied()).collect();
            known.note(&measured);
            let layout = known.layout(&list, start..start + height, list.get(kept).copied());
            // Each row may differ by the tolerance.
            let close = |one: f64, other: f64| (one - other).abs() <= TOLERANCE * heights.len() as f64 + 0.01;
            let tops: Vec<f64> = heights.iter().scan(0.0, |top, height| Some(std::mem::replace(top, *top + height))).collect();
            let mut at = 0.0;
            for RowPosition { index, gap } in &layout.rows {
                at += gap;
                prop_assert!(close(at, tops[*index]), "{index} at {at}, not {}", tops[*index]);
                at += heights[*index];
            }
            prop_assert!(close(at + layout.after, heights.iter().sum()));
            let drawn = indices(&layout);
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
