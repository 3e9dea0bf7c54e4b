//! Exponentially weighted windows: each value counts `1 - alpha` times less with every step.
use std::ops::Range;

use super::lines::Lines;
use crate::base::Result;

/// What is computed of each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExponentialOp {
    /// Σwx / Σw.
    Mean,
    /// Σwx.
    Sum,
    /// Σw(x - mean)² / Σw · (Σw)² / ((Σw)² - Σw²): pandas' `ewm(...).var()`.
    Var,
    /// Its root.
    Std,
}

/// An exponentially weighted statistic of all values up to each, missing ones left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    /// How much of the weight lies on the newest value: above 0, at most 1.
    pub alpha: f64,
    /// What is computed.
    pub op: ExponentialOp,
}

/// Sums over all values so far, each with its weight of today.
#[derive(Default)]
struct Weights {
    total: f64,
    weight: f64,
    weight_squares: f64,
    mean: f64,
    /// Σw(x - mean)².
    squares: f64,
    seen: bool,
}

impl Weights {
    fn decay(&mut self, keep: f64) {
        self.total *= keep;
        self.weight *= keep;
        self.weight_squares *= keep * keep;
        self.squares *= keep;
    }

    fn add(&mut self, value: f64) {
        self.total += value;
        self.weight += 1.0;
        self.weight_squares += 1.0;
        let step = value - self.mean;
        self.mean += step / self.weight;
        self.squares += step * (value - self.mean);
        self.seen = true;
    }

    fn variance(&self) -> f64 {
        self.unbiased(self.squares)
    }

    /// Whether there are two values at least.
    fn has_spread(&self) -> bool {
        self.weight * self.weight - self.weight_squares > 0.0
    }

    /// A weighted sum of products of deviations as a moment of the values that these weights are a sample of.
    fn unbiased(&self, products: f64) -> f64 {
        let all = self.weight * self.weight;
        let free = all - self.weight_squares;
        if free > 0.0 { products / self.weight * (all / free) } else { f64::NAN }
    }
}

impl Exponential {
    /// Weights are (1-α)^(i-k); missing until the first value (pandas' `ewm(adjust=True, ignore_na=False)`).
    pub(super) fn of(&self, lines: &Lines<'_, f64>, from: usize, n_out: usize, out: &mut Vec<f64>) -> Result<()> {
        let keep = 1.0 - self.alpha;
        for line in lines.iter() {
            let mut held = Weights::default();
            for (position, &value) in line.iter().enumerate().take(from + n_out) {
                held.decay(keep);
                if !value.is_nan() {
                    held.add(value);
                }
                if position >= from {
                    out.push(match self.op {
                        _ if !held.seen => f64::NAN,
                        ExponentialOp::Sum => held.total,
                        ExponentialOp::Mean => held.total / held.weight,
                        ExponentialOp::Var => held.variance(),
                        ExponentialOp::Std => held.variance().sqrt(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// The exponentially weighted covariance or correlation of two lines, which stand one value beside the other: pandas' `ewm(...).cov()`, positions
/// where either is missing left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialPair {
    /// How much of the weight lies on the newest value: above 0, at most 1.
    pub alpha: f64,
    /// The correlation instead of the covariance.
    pub correlation: bool,
}

impl ExponentialPair {
    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let keep = 1.0 - self.alpha;
        for line in lines.iter() {
            let (mut x, mut y, mut products) = (Weights::default(), Weights::default(), 0.0);
            for (position, pair) in (0..wanted.end).zip(line.chunks_exact(2)) {
                x.decay(keep);
                y.decay(keep);
                products *= keep;
                if let [a, b] = *pair
                    && !a.is_nan()
                    && !b.is_nan()
                {
                    let step = a - x.mean;
                    x.add(a);
                    y.add(b);
                    products += step * (b - y.mean);
                }
                if position >= wanted.start {
                    out.push(match self.correlation {
                        true if x.has_spread() => products / (x.squares * y.squares).sqrt(),
                        true => f64::NAN,
                        false => x.unbiased(products),
                    });
                }
            }
        }
        Ok(())
    }
}
