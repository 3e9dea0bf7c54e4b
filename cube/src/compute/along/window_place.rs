//! Where in a moving window its greatest or least value stands.
use std::collections::VecDeque;
use std::ops::Range;

use super::lines::Lines;

/// The position of the extreme of each window, counted from the window's first position, also where that lies before the axis; the first of equal ones;
/// missing values are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowPlace {
    /// The greatest value, or the least.
    pub greatest: bool,
    /// The length of the window.
    pub window: u64,
    /// Results stand in the middle instead of at the end.
    pub centered: bool,
    /// Windows with fewer values than this give a missing result.
    pub min_periods: u64,
}

impl WindowPlace {
    /// How far a window reaches before and after its result.
    pub(super) fn reach(&self) -> (u64, u64) {
        let after = if self.centered { (self.window - 1) / 2 } else { 0 };
        (self.window - 1 - after, after)
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, held: &Range<u64>, wanted: &Range<u64>, out: &mut Vec<f64>) {
        let (before, after) = self.reach();
        let better = |a: f64, b: f64| if self.greatest { a > b } else { a < b };
        // Candidates, each worse than the one before it: the first is the best of the window.
        let mut candidates: VecDeque<u64> = VecDeque::new();
        for line in lines.iter() {
            candidates.clear();
            let value = |position: u64| line[(position - held.start) as usize];
            let (mut entered, mut n_present, mut left) = (held.start, 0u64, held.start);
            for position in wanted.clone() {
                let end = (position + after + 1).min(held.end);
                let start = position.saturating_sub(before).max(held.start);
                for next in entered..end {
                    if !value(next).is_nan() {
                        n_present += 1;
                        while candidates.back().is_some_and(|&last| better(value(next), value(last))) {
                            candidates.pop_back();
                        }
                        candidates.push_back(next);
                    }
                }
                entered = entered.max(end);
                for gone in left..start {
                    n_present -= u64::from(gone < entered && !value(gone).is_nan());
                }
                left = left.max(start);
                while candidates.front().is_some_and(|&first| first < start) {
                    candidates.pop_front();
                }
                out.push(match candidates.front() {
                    Some(&first) if n_present >= self.min_periods => (first + before - position) as f64,
                    _ => f64::NAN,
                });
            }
        }
    }
}
