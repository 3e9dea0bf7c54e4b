//! Polynomials of least squares.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// The coefficients of the polynomial of a degree that is nearest to the values, the highest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The labels of the axis.
    pub labels: Arc<[f64]>,
    /// The degree.
    pub degree: u32,
    /// Leave missing values out; else they make all coefficients missing.
    pub skip_missing: bool,
}

impl Fit {
    pub(super) fn n_coefficients(&self) -> u64 {
        u64::from(self.degree) + 1
    }

    pub(super) fn of(&self, lines: &Lines<'_, f64>, wanted: &Range<u64>, out: &mut Vec<f64>) -> Result<()> {
        // Powers of labels brought to -1..1 keep the system well conditioned.
        let least = self.labels.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.labels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (middle, half) = (least.midpoint(most), if most > least { (most - least) / 2.0 } else { 1.0 });
        let scaled: Vec<f64> = self.labels.iter().map(|x| (x - middle) / half).collect();
        for line in lines.iter() {
            let mut found = self.one(&scaled, line);
            if let Some(coefficients) = &mut found {
                unscale(coefficients, middle, half);
            }
            out.extend((wanted.start..wanted.end).map(|k| {
                // Ascending inside, descending outside.
                found.as_ref().map_or(f64::NAN, |all| all[self.degree as usize - k as usize])
            }));
        }
        Ok(())
    }

    /// Ascending coefficients in scaled labels, by Householder's QR; `None` if there are too few values.
    fn one(&self, x: &[f64], y: &[f64]) -> Option<Vec<f64>> {
        let n_columns = self.degree as usize + 1;
        let rows: Vec<usize> = (0..y.len()).filter(|&i| !y[i].is_nan() && !x[i].is_nan()).collect();
        if rows.len() < n_columns || (!self.skip_missing && rows.len() < y.len()) {
            return None;
        }
        let n = rows.len();
        let mut columns: Vec<Vec<f64>> = vec![vec![1.0; n]];
        for degree in 1..n_columns {
            let next = (0..n).map(|row| columns[degree - 1][row] * x[rows[row]]).collect();
            columns.push(next);
        }
        let mut right: Vec<f64> = rows.iter().map(|&i| y[i]).collect();
        let mut diagonal = vec![0.0; n_columns];
        for k in 0..n_columns {
            let norm = columns[k][k..].iter().map(|v| v * v).sum::<f64>().sqrt();
            if norm == 0.0 {
                return None;
            }
            diagonal[k] = if columns[k][k] > 0.0 { -norm } else { norm };
            columns[k][k] -= diagonal[k];
            let reflector: Vec<f64> = columns[k][k..].to_vec();
            let length = reflector.iter().map(|v| v * v).sum::<f64>();
            let reflect = |column: &mut [f64]| {
                let along = 2.0 * reflector.iter().zip(column.iter()).map(|(a, b)| a * b).sum::<f64>() / length;
                column.iter_mut().zip(&reflector).for_each(|(value, r)| *value -= along * r);
            };
            columns.iter_mut().skip(k + 1).for_each(|column| reflect(&mut column[k..]));
            reflect(&mut right[k..]);
        }
        let mut found = vec![0.0; n_columns];
        for k in (0..n_columns).rev() {
            let known: f64 = (k + 1..n_columns).map(|j| columns[j][k] * found[j]).sum();
            found[k] = (right[k] - known) / diagonal[k];
        }
        Some(found)
    }
}

/// From powers of `(x - middle) / half` to powers of `x`; ascending.
fn unscale(coefficients: &mut [f64], middle: f64, half: f64) {
    let mut factor = 1.0;
    for coefficient in coefficients.iter_mut() {
        *coefficient *= factor;
        factor /= half;
    }
    // Repeated division by (x + middle): Horner's shift.
    let n = coefficients.len();
    for start in 0..n {
        for k in (start..n.saturating_sub(1)).rev() {
            coefficients[k] -= middle * coefficients[k + 1];
        }
    }
}
