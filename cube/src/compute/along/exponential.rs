//! Exponentially weighted windows: each value counts `1 - alpha` times less with every step.
use super::lines::Lines;
use crate::base::Result;

/// An exponentially weighted statistic of all values up to each, missing ones left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    /// How much of the weight lies on the newest value: above 0, at most 1.
    pub alpha: f64,
    /// The weighted sum instead of the weighted mean.
    pub sum: bool,
}

impl Exponential {
    /// Σ (1-α)^(i-k) x_k, for means by Σ (1-α)^(i-k); missing until the first value (pandas' `ewm(adjust=True, ignore_na=False)`).
    pub(super) fn of(&self, lines: &Lines<'_, f64>, from: usize, n_out: usize, out: &mut Vec<f64>) -> Result<()> {
        let keep = 1.0 - self.alpha;
        for line in lines.iter() {
            let (mut total, mut weight, mut seen) = (0.0, 0.0, false);
            for (position, &value) in line.iter().enumerate().take(from + n_out) {
                total *= keep;
                weight *= keep;
                if !value.is_nan() {
                    total += value;
                    weight += 1.0;
                    seen = true;
                }
                if position >= from {
                    out.push(match (seen, self.sum) {
                        (false, _) => f64::NAN,
                        (true, true) => total,
                        (true, false) => total / weight,
                    });
                }
            }
        }
        Ok(())
    }
}
