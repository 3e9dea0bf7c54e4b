//! Weighted sums of a few values for each result: regridding.
use std::ops::Range;
use std::sync::Arc;

use multiversion::multiversion;

use super::lines::Lines;
use crate::base::{Block, DType, Result, recycled_vec_of_len};
use crate::compute::pointwise::cast;

/// For every result the positions that make it and their weights (a sparse matrix, row by row).
#[derive(Debug, Clone)]
pub struct Blend {
    /// Where the entries of each row start; one more than there are rows.
    pub starts: Arc<[usize]>,
    /// The position of each entry.
    pub positions: Arc<[u32]>,
    /// The weight of each entry.
    pub weights: Arc<[f64]>,
    /// What is done with missing values.
    pub missing: BlendMissing,
}

/// What missing values do to a weighted sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BlendMissing {
    /// One that has a weight makes the result missing.
    Spread,
    /// They are left out, and the rest is divided by its share of the row's weight, if that is at least so much; else the result is missing.
    Renormalise(f64),
    /// They are left out, and the sum is divided by the weights of the rest, if these add up to so much; else the result is missing. Weights are parts
    /// of a whole that may not be covered.
    Covered(f64),
    /// They count as 0: a plain sum.
    Zero,
}

impl PartialEq for Blend {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Self, b: &Self| {
            Arc::ptr_eq(&a.starts, &b.starts)
                && Arc::ptr_eq(&a.positions, &b.positions)
                && Arc::ptr_eq(&a.weights, &b.weights)
        };
        self.missing == other.missing
            && (same(self, other)
                || (self.starts == other.starts && self.positions == other.positions && self.weights == other.weights))
    }
}

impl Blend {
    pub(super) fn n_rows(&self) -> u64 {
        self.starts.len().saturating_sub(1) as u64
    }

    /// The positions from the first to the last that the rows need.
    pub(super) fn reads(&self, wanted: &Range<u64>, len: u64) -> Range<u64> {
        let entries = &self.positions[self.starts[wanted.start as usize]..self.starts[wanted.end as usize]];
        match (entries.iter().min(), entries.iter().max()) {
            (Some(&low), Some(&high)) => u64::from(low).min(len)..(u64::from(high) + 1).min(len),
            // Rows without entries are missing, whatever is read.
            _ => 0..len.min(1),
        }
    }

    pub(super) fn of(
        &self,
        lines: &Lines<'_, f64>,
        held: &Range<u64>,
        wanted: &Range<u64>,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        let offset = held.start as usize;
        for line in lines.iter() {
            for row in wanted.start as usize..wanted.end as usize {
                out.push(self.one(line, offset, self.starts[row]..self.starts[row + 1]));
            }
        }
        Ok(())
    }

    /// As [`Blend::of`] along an axis that is not the last one: whole rows of the further axes at a time.
    pub(super) fn rows(&self, x: &Block, axis: usize, held: &Range<u64>, wanted: &Range<u64>) -> Result<Block> {
        let x = cast(x, DType::F64)?.contiguous()?;
        let shape = x.shape().to_vec();
        let (outer, n) = (shape[..axis].iter().product::<usize>(), shape[axis]);
        let inner: usize = shape[axis + 1..].iter().product();
        let offset = held.start as usize;
        let n_out = (wanted.end - wanted.start) as usize;
        let values = x.values::<f64>()?;
        let mut out = recycled_vec_of_len::<f64>(outer * n_out * inner);
        let mut present = vec![0.0; inner];
        let spreads = self.missing == BlendMissing::Spread;
        for (number, to) in out.chunks_mut(inner.max(1)).enumerate() {
            let (o, row) = (number / n_out.max(1), wanted.start as usize + number % n_out.max(1));
            let entries = self.starts[row]..self.starts[row + 1];
            if entries.is_empty() {
                to.fill(f64::NAN);
                continue;
            }
            to.fill(0.0);
            present.fill(0.0);
            let mut all = 0.0;
            for (&position, &weight) in self.positions[entries.clone()].iter().zip(&self.weights[entries]) {
                let at = (position as usize).wrapping_sub(offset);
                all += weight;
                match (at < n, &self.missing) {
                    // What is not held is missing.
                    (false, BlendMissing::Spread) => to.fill(f64::NAN),
                    (false, _) => {}
                    (true, BlendMissing::Renormalise(_) | BlendMissing::Covered(_)) => {
                        add_present(&values[(o * n + at) * inner..][..inner], weight, to, &mut present);
                    }
                    (true, _) => add_scaled(&values[(o * n + at) * inner..][..inner], weight, spreads, to),
                }
            }
            if let BlendMissing::Renormalise(_) | BlendMissing::Covered(_) = self.missing {
                to.iter_mut().zip(&present).for_each(|(to, &present)| *to = self.finished(*to, present, all));
            }
        }
        let mut shape = shape;
        shape[axis] = n_out;
        Block::new(&shape, out)
    }

    fn one(&self, line: &[f64], offset: usize, entries: Range<usize>) -> f64 {
        if entries.is_empty() {
            return f64::NAN;
        }
        let (mut total, mut present, mut all) = (0.0, 0.0, 0.0);
        for (&position, &weight) in self.positions[entries.clone()].iter().zip(&self.weights[entries]) {
            let value = line.get((position as usize).wrapping_sub(offset)).copied().unwrap_or(f64::NAN);
            all += weight;
            if value.is_nan() {
                if self.missing == BlendMissing::Spread && weight != 0.0 {
                    return f64::NAN;
                }
                continue;
            }
            total += weight * value;
            present += weight;
        }
        self.finished(total, present, all)
    }

    fn finished(&self, total: f64, present: f64, all: f64) -> f64 {
        match self.missing {
            BlendMissing::Renormalise(_) if all == 0.0 || present == 0.0 => f64::NAN,
            BlendMissing::Renormalise(least) if present / all < least - 1e-12 => f64::NAN,
            // Weights of 1 in all stay as they are: no rounding where nothing is missing.
            BlendMissing::Renormalise(_) if present == all => total,
            BlendMissing::Renormalise(_) => total / (present / all),
            BlendMissing::Covered(least) if present == 0.0 || present < least - 1e-9 => f64::NAN,
            BlendMissing::Covered(_) => total / present,
            _ => total,
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn add_scaled(x: &[f64], weight: f64, spreads: bool, to: &mut [f64]) {
    if spreads {
        to.iter_mut().zip(x).for_each(|(to, &value)| *to += weight * value);
    } else {
        to.iter_mut().zip(x).for_each(|(to, &value)| *to += if value.is_nan() { 0.0 } else { weight * value });
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn add_present(x: &[f64], weight: f64, to: &mut [f64], present: &mut [f64]) {
    for ((to, present), &value) in to.iter_mut().zip(present).zip(x) {
        let held = !value.is_nan();
        *to += if held { weight * value } else { 0.0 };
        *present += if held { weight } else { 0.0 };
    }
}
