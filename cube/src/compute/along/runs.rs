//! Runs of positions on which something holds: heat waves, dry spells.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// What is asked of the runs along an axis. A run is a row of values that are neither 0 nor missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// What is asked.
    pub statistic: RunStatistic,
    /// The group of every position, and how many there are: one result of each; runs end where the group changes.
    pub groups: Option<(Arc<[u32]>, u32)>,
}

/// A number that says something of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatistic {
    /// The length of the longest run.
    Longest,
    /// How many runs have at least so many positions.
    Count(u64),
    /// How many positions lie in runs of at least so many.
    Positions(u64),
    /// For every position the length that the run on it has reached; 0 outside of runs.
    Reached,
}

impl Runs {
    pub(super) fn output_len(&self, len: u64) -> u64 {
        match (self.statistic, &self.groups) {
            (RunStatistic::Reached, _) => len,
            (_, Some((_, n))) => u64::from(*n),
            (_, None) => 1,
        }
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let n = self.groups.as_ref().map_or(1, |(_, n)| *n as usize);
        let group_of = |position: usize| self.groups.as_ref().map_or(0, |(codes, _)| codes[position] as usize);
        let mut results = vec![0u64; n];
        for line in lines.iter() {
            results.fill(0);
            let (mut length, mut group) = (0u64, 0usize);
            for (position, &value) in line.iter().enumerate() {
                let own = group_of(position);
                if own != group || value == 0.0 || value.is_nan() {
                    self.end(&mut results, group, std::mem::take(&mut length));
                    group = own;
                }
                length += u64::from(value != 0.0 && !value.is_nan());
                if self.statistic == RunStatistic::Reached && wanted.contains(&(position as u64)) {
                    out.push(length as f64);
                }
            }
            self.end(&mut results, group, length);
            if self.statistic != RunStatistic::Reached {
                out.extend(results[wanted.start as usize..wanted.end as usize].iter().map(|&n| n as f64));
            }
        }
        Ok(())
    }

    fn end(&self, results: &mut [u64], group: usize, length: u64) {
        // Positions of no group have the highest code.
        let Some(result) = results.get_mut(group) else { return };
        match self.statistic {
            RunStatistic::Longest => *result = (*result).max(length),
            RunStatistic::Count(least) => *result += u64::from(length >= least.max(1)),
            RunStatistic::Positions(least) if length >= least.max(1) => *result += length,
            _ => {}
        }
    }
}
