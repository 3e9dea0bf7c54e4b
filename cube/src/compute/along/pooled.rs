//! Quantiles of members that may belong to several groups: percentiles of a climatology over a window of days.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use super::quantile::{Ordered, quantile_of_keys};
use crate::base::Result;

/// A quantile of each group, missing values left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// From 0 to 1.
    pub at: f64,
    /// The positions of each group.
    pub members: Arc<[Arc<[u32]>]>,
    /// Results of fewer values than this are missing.
    pub least: u64,
}

impl Pooled {
    pub(super) fn of<T: Ordered>(&self, lines: &Lines<'_, T>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let mut values: Vec<T::Key> = Vec::new();
        for line in lines.iter() {
            for group in &self.members[wanted.start as usize..wanted.end as usize] {
                values.clear();
                let held = group.iter().filter_map(|&position| line.get(position as usize).copied());
                values.extend(held.filter(|value| !value.is_missing()).map(Ordered::key));
                out.push(match values.is_empty() || (values.len() as u64) < self.least {
                    true => f64::NAN,
                    false => quantile_of_keys::<T>(&mut values, self.at),
                });
            }
        }
        Ok(())
    }
}
