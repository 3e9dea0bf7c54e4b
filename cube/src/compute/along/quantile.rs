//! Quantiles and medians: exact, by partial sorting.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::{DType, Result};

/// Which quantiles, of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantile {
    /// From 0 to 1.
    pub at: Arc<[f64]>,
    /// Leave missing values out; else they make the result missing.
    pub skip_missing: bool,
    /// The group of every position, and how many groups there are: one quantile of each (only with one `at`).
    pub groups: Option<(Arc<[u32]>, u32)>,
    /// Results of fewer values than this are missing.
    pub least: u64,
    /// f32 gives f32 (medians) instead of f64 (quantiles).
    pub keeps_f32: bool,
}

impl Quantile {
    pub(super) fn n_results(&self) -> u64 {
        self.groups.as_ref().map_or(self.at.len() as u64, |(_, n)| u64::from(*n))
    }

    pub(super) fn output_dtype(&self, x: DType) -> DType {
        if x == DType::F32 && self.keeps_f32 { x } else { DType::F64 }
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let mut values: Vec<f64> = Vec::with_capacity(lines.len);
        let mut groups: Vec<Vec<f64>> = Vec::new();
        for line in lines.iter() {
            match &self.groups {
                None => {
                    values.clear();
                    values.extend(line.iter().filter(|value| !value.is_nan()));
                    let spoiled = !self.skip_missing && values.len() < line.len();
                    for index in wanted.clone() {
                        out.push(self.one(&mut values, self.at[index as usize], spoiled));
                    }
                }
                Some((codes, n)) => {
                    groups.resize(*n as usize, Vec::new());
                    groups.iter_mut().for_each(Vec::clear);
                    let mut spoiled = vec![false; *n as usize];
                    for (&value, &code) in line.iter().zip(codes.iter()) {
                        let Some(group) = groups.get_mut(code as usize) else { continue };
                        if value.is_nan() {
                            spoiled[code as usize] = !self.skip_missing;
                        } else {
                            group.push(value);
                        }
                    }
                    let at = self.at.first().copied().unwrap_or(0.5);
                    for index in wanted.clone() {
                        let index = index as usize;
                        out.push(self.one(&mut groups[index], at, spoiled[index]));
                    }
                }
            }
        }
        Ok(())
    }

    fn one(&self, values: &mut [f64], at: f64, spoiled: bool) -> f64 {
        if spoiled || values.is_empty() || (values.len() as u64) < self.least {
            return f64::NAN;
        }
        one_quantile(values, at)
    }
}

/// numpy's `linear`, with its way of interpolating: from the nearer end. There must be a value, and none may be NaN.
pub fn one_quantile(values: &mut [f64], at: f64) -> f64 {
    let place = at * (values.len() - 1) as f64;
    let below = (place.floor() as usize).min(values.len() - 1);
    let part = place - below as f64;
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    if part == 0.0 || above.is_empty() {
        return low;
    }
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let step = high - low;
    if part >= 0.5 { high - step * (1.0 - part) } else { low + step * part }
}
