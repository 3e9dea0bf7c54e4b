//! Trends without a straight line's assumptions: Theil and Sen's slope, Mann and Kendall's test.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// Five numbers for every line, missing values left out: Theil and Sen's slope and intercept, Kendall's S, the standard score of it and the
/// two-sided probability that there is no trend.
///
/// Slope: the median of (y_j - y_i) / (x_j - x_i) over all pairs with x_i < x_j; intercept: median(y) - slope * median(x) (Sen, 1968,
/// J. Am. Stat. Assoc. 63, 1379-1389; scipy's `theilslopes`). S = Σ_{i<j} sign(y_j - y_i), var(S) = (n(n-1)(2n+5) - Σ t(t-1)(2t+5)) / 18
/// over ties of t values, z = (S ∓ 1) / sqrt(var(S)), p = erfc(|z| / √2) (Mann, 1945; Kendall, 1975; Hipel and McLeod, 1994, ch. 23).
#[derive(Debug, Clone, PartialEq)]
pub struct Monotonic {
    /// The labels of the axis.
    pub labels: Arc<[f64]>,
}

/// How many numbers there are.
pub(super) const N_RESULTS: u64 = 5;

impl Monotonic {
    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        let (mut slopes, mut xs, mut ys): (Vec<f64>, Vec<f64>, Vec<f64>) = (vec![], vec![], vec![]);
        for line in lines.iter() {
            xs.clear();
            ys.clear();
            for (&y, &x) in line.iter().zip(self.labels.iter()).filter(|(y, x)| !y.is_nan() && !x.is_nan()) {
                xs.push(x);
                ys.push(y);
            }
            slopes.clear();
            let mut s = 0i64;
            for j in 1..ys.len() {
                for i in 0..j {
                    let (dx, dy) = (xs[j] - xs[i], ys[j] - ys[i]);
                    if dx != 0.0 {
                        slopes.push(dy / dx);
                        s += i64::from(dy > 0.0) - i64::from(dy < 0.0);
                    }
                }
            }
            // On a descending axis later values stand first.
            if xs.len() > 1 && xs[0] > xs[xs.len() - 1] {
                s = -s;
            }
            let slope = median(&mut slopes);
            let intercept = median(&mut ys.clone()) - slope * median(&mut xs.clone());
            let z = score(s as f64, &mut ys);
            let p = libm::erfc(z.abs() / std::f64::consts::SQRT_2);
            let s = if slopes.is_empty() { f64::NAN } else { s as f64 };
            out.extend_from_slice(&[slope, intercept, s, z, p][wanted.start as usize..wanted.end as usize]);
        }
        Ok(())
    }
}

fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    match n % 2 {
        1 => *middle,
        _ => below.iter().copied().fold(f64::NEG_INFINITY, f64::max).midpoint(*middle),
    }
}

/// The standard score of Kendall's S, with the correction for ties and for continuity.
fn score(s: f64, values: &mut [f64]) -> f64 {
    let n = values.len() as f64;
    if n < 2.0 {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let ties: f64 =
        values.chunk_by(|a, b| a == b).map(|equal| equal.len() as f64).map(|t| t * (t - 1.0) * (2.0 * t + 5.0)).sum();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - ties) / 18.0;
    if s == 0.0 || variance <= 0.0 { 0.0 } else { (s - s.signum()) / variance.sqrt() }
}
