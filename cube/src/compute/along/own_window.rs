//! Functions of the user's over windows that move along an axis.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use super::own::Named;
use crate::base::Result;

/// A function from the values of a window to a number.
pub type WindowFunction = dyn Fn(&[f64]) -> f64 + Send + Sync;

/// A closure over windows.
#[derive(Clone)]
pub struct OwnWindow {
    /// From the values of a window that are not missing, in their order, to a number.
    pub function: Arc<WindowFunction>,
    /// What it is called.
    pub name: Named,
    /// The length of the window.
    pub window: u64,
    /// Results stand in the middle instead of at the end.
    pub centered: bool,
    /// Windows with fewer values than this give a missing result.
    pub min_periods: u64,
}

impl OwnWindow {
    /// How far a window reaches before and after its result.
    pub(super) fn reach(&self) -> (u64, u64) {
        let after = if self.centered { (self.window - 1) / 2 } else { 0 };
        (self.window - 1 - after, after)
    }

    pub(super) fn of(
        &self,
        lines: &Lines<'_, f64>,
        held: &Range<u64>,
        wanted: &Range<u64>,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        let (before, after) = self.reach();
        let mut values = Vec::with_capacity(self.window as usize);
        for line in lines.iter() {
            for position in wanted.clone() {
                let start = position.saturating_sub(before).max(held.start) - held.start;
                let end = (position + after + 1).min(held.end) - held.start;
                values.clear();
                values.extend(line[start as usize..end as usize].iter().copied().filter(|value| !value.is_nan()));
                let enough = values.len() as u64 >= self.min_periods;
                out.push(if enough { (self.function)(&values) } else { f64::NAN });
            }
        }
        Ok(())
    }
}

impl PartialEq for OwnWindow {
    fn eq(&self, other: &Self) -> bool {
        let shape = |own: &Self| (own.window, own.centered, own.min_periods);
        Arc::ptr_eq(&self.function, &other.function) && shape(self) == shape(other)
    }
}

impl fmt::Debug for OwnWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} over windows of {}", self.name, self.window)
    }
}
