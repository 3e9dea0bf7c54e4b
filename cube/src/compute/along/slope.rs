//! Derivatives and integrals along labels.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// A derivative or an integral along an axis with labels.
#[derive(Debug, Clone, PartialEq)]
pub enum Slope {
    /// Second-order central differences, one-sided at the ends with the given order (numpy's `gradient`).
    Derivative {
        /// The labels.
        labels: Arc<[f64]>,
        /// 1 or 2.
        edge_order: u8,
    },
    /// The integral by the trapezoidal rule.
    Integral(Arc<[f64]>),
    /// The integral from the start to each label.
    CumulativeIntegral(Arc<[f64]>),
}

impl Slope {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Derivative { .. } => "differentiate",
            Self::Integral(_) => "integrate",
            Self::CumulativeIntegral(_) => "cumulative_integrate",
        }
    }

    pub(super) fn output_len(&self, len: u64) -> u64 {
        if matches!(self, Self::Integral(_)) { 1 } else { len }
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        for line in lines.iter() {
            match self {
                Self::Integral(x) => out.push(trapezoids(line, x).sum()),
                Self::CumulativeIntegral(x) => {
                    let mut total = 0.0;
                    let all = std::iter::once(0.0).chain(trapezoids(line, x)).map(|area| {
                        total += area;
                        total
                    });
                    out.extend(all.skip(wanted.start as usize).take((wanted.end - wanted.start) as usize));
                }
                Self::Derivative { labels, edge_order } => {
                    out.extend((wanted.start..wanted.end).map(|i| derivative(line, labels, i as usize, *edge_order)));
                }
            }
        }
        Ok(())
    }
}

fn trapezoids(line: &[f64], x: &[f64]) -> impl Iterator<Item = f64> {
    line.windows(2).zip(x.windows(2)).map(|(y, x)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
}

fn derivative(y: &[f64], x: &[f64], i: usize, edge_order: u8) -> f64 {
    let n = y.len();
    if n < 2 {
        return f64::NAN;
    }
    let step = |i: usize| x[i + 1] - x[i];
    if i > 0 && i + 1 < n {
        let (h, k) = (step(i - 1), step(i));
        let a = -k / (h * (h + k));
        let b = (k - h) / (h * k);
        let c = h / (k * (h + k));
        return if h == k { (y[i + 1] - y[i - 1]) / (2.0 * h) } else { a * y[i - 1] + b * y[i] + c * y[i + 1] };
    }
    if edge_order < 2 || n < 3 {
        return if i == 0 { (y[1] - y[0]) / step(0) } else { (y[n - 1] - y[n - 2]) / step(n - 2) };
    }
    if i == 0 {
        let (h, k) = (step(0), step(1));
        return -(2.0 * h + k) / (h * (h + k)) * y[0] + (h + k) / (h * k) * y[1] - h / (k * (h + k)) * y[2];
    }
    let (h, k) = (step(n - 3), step(n - 2));
    k / (h * (h + k)) * y[n - 3] - (k + h) / (h * k) * y[n - 2] + (2.0 * k + h) / (k * (h + k)) * y[n - 1]
}
