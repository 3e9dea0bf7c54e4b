//! Quantiles of values that count differently.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// Weighted quantiles of the values along an axis, or several taken together: type 7 with Kish's effective number of values (Akinshin, 2023,
/// "Weighted quantile estimators", arXiv:2304.07265; what xarray has). Missing values and those of weight 0 are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedQuantile {
    /// From 0 to 1.
    pub at: Arc<[f64]>,
    /// A weight for every position, in C order of the axes.
    pub weights: Arc<[f64]>,
}

impl WeightedQuantile {
    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let mut held: Vec<(f64, f64)> = Vec::with_capacity(lines.len);
        for line in lines.iter() {
            held.clear();
            held.extend(
                line.iter().copied().zip(self.weights.iter().copied()).filter(|(x, w)| !x.is_nan() && *w != 0.0),
            );
            held.sort_by(|a, b| a.0.total_cmp(&b.0));
            let sum: f64 = held.iter().map(|(_, w)| w).sum();
            let squares: f64 = held.iter().map(|(_, w)| w * w).sum();
            let n = sum * sum / squares;
            for place in wanted.clone() {
                out.push(match held.as_slice() {
                    [] => f64::NAN,
                    [(only, _)] => *only,
                    _ => one(&held, self.at[place as usize], n, sum),
                });
            }
        }
        Ok(())
    }
}

/// Σ x_i (F(c_i) - F(c_{i-1})) with c the running share of weights and F the distribution that is even between (h-1)/n and h/n.
fn one(held: &[(f64, f64)], q: f64, n: f64, sum: f64) -> f64 {
    let h = (n - 1.0) * q + 1.0;
    let share = |c: f64| ((h - 1.0) / n).max((h / n).min(c)) * n - h + 1.0;
    let (mut running, mut before, mut total) = (0.0, share(0.0), 0.0);
    for (x, w) in held {
        running += w / sum;
        let now = share(running);
        total += x * (now - before);
        before = now;
    }
    total
}
