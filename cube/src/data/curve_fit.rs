//! Curves of the user's own making through values: least squares by Levenberg and Marquardt.
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use super::{DataArray, Dataset};
use crate::base::{Block, Error, Result};
use crate::compute::along::{AxisOp, Named, OwnFunction};

/// Steps of damping before a fit is given up.
const MOST_STEPS: usize = 400;
/// Steps one after the other that lead no further down, after which a fit is found.
const MOST_FLAT: usize = 5;
/// The first step of a difference at a parameter of 0, whose size is not known.
const SMALLEST_STEP: f64 = 1e-40;
/// No step of a difference is made longer than this.
const LONGEST_STEP: f64 = 1e15;
/// A difference that is smaller than this part of the largest value drowns in rounding.
const SEEN: f64 = 1e-9;

impl DataArray {
    /// The parameters of a function that bring it nearest to the values along a dimension, by least squares (xarray's `curvefit`): `function` gets a
    /// label (times in seconds since 1970) and the parameters; `parameters` are their names and first guesses. A dataset of
    /// `curvefit_coefficients` with a dimension `param` in place of the one that goes, and `curvefit_covariance` over `cov_i` and `cov_j`, f64.
    /// Missing values are left out; where there are fewer values than parameters, or no minimum is found, results are NaN. Lazy; needs whole
    /// columns; runs in this process only.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let x: Vec<f64> = (0..8).map(f64::from).collect();
    /// let t = DataArray::from_vec(["x"], &[8], x.iter().map(|x| 3.0 * (-0.5 * x).exp()).collect()).with_coord("x", x);
    /// let fit = t.curvefit("x", &[("height", 1.0), ("rate", 0.1)], |x, p| p[0] * (-p[1] * x).exp());
    /// let found = fit.var("curvefit_coefficients").to_f64()?;
    /// assert!((found[0] - 3.0).abs() < 1e-6 && (found[1] - 0.5).abs() < 1e-6);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn curvefit(
        &self,
        dim: &str,
        parameters: &[(&str, f64)],
        function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'static,
    ) -> Dataset {
        self.to_dataset().or_failing(
            self.fitted(dim, parameters, function).map_err(|error| error.context(format!("curvefit along `{dim}`"))),
        )
    }

    #[track_caller]
    fn fitted(
        &self,
        dim: &str,
        parameters: &[(&str, f64)],
        function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'static,
    ) -> Result<Dataset> {
        let n = parameters.len();
        if n == 0 {
            return Err(
                Error::invalid("a curve without parameters").hint("name them with first guesses: `&[(\"a\", 1.0)]`")
            );
        }
        let labels = self.label_numbers(dim)?;
        let axis = self.dims().axis(dim)?;
        let guess: Vec<f64> = parameters.iter().map(|(_, guess)| *guess).collect();
        let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        let of_line = move |line: &[f64]| {
            let points: Vec<(f64, f64)> =
                labels.iter().copied().zip(line.iter().copied()).filter(|(x, y)| !(x.is_nan() || y.is_nan())).collect();
            least_squares(&points, &guess, &function).unwrap_or_else(|| vec![f64::NAN; n + n * n])
        };
        let own = OwnFunction::new(Arc::new(of_line), Named(None), Some((n + n * n) as u64));
        let expr = self.variable().expr().along(vec![axis], AxisOp::Own(own), "param");
        let order: Vec<usize> = (0..expr.shape().len()).filter(|&a| a != axis).chain([axis]).collect();
        let all = self.with_fewer_dims(expr.transpose(order)).checked()?;
        let label = |array: DataArray, dim: &str| -> Result<DataArray> {
            array.with_coord_block(dim, Block::from_strings(&[n], &names)?).checked()
        };
        let coefficients = label(all.isel("param", 0..n as i64), "param")?;
        let covariance = all.isel("param", n as i64..);
        let last = covariance.dims().axis("param")?;
        let split = covariance.variable().expr().split(last, n as u64, ["cov_i", "cov_j"]);
        let covariance = label(label(covariance.with_fewer_dims(split), "cov_i")?, "cov_j")?;
        Dataset::default()
            .with_var("curvefit_coefficients", &coefficients)?
            .with_var("curvefit_covariance", &covariance)
    }
}

/// Parameters, then their covariances row by row; `None` without a minimum.
fn least_squares(points: &[(f64, f64)], guess: &[f64], function: &dyn Fn(f64, &[f64]) -> f64) -> Option<Vec<f64>> {
    let (m, n) = (points.len(), guess.len());
    if m < n {
        return None;
    }
    let residuals = |p: &[f64]| DVector::from_iterator(m, points.iter().map(|&(x, y)| function(x, p) - y));
    let mut p = guess.to_vec();
    let mut r = residuals(&p);
    let mut cost = r.norm_squared();
    let mut damping = 1e-3;
    // Steps that changed nothing but the last digits: several are the minimum, however damped they were.
    let mut n_flat = 0;
    let mut jacobian = derivatives(points, &p, function);
    for _ in 0..MOST_STEPS {
        if !cost.is_finite() {
            return None;
        }
        let normal = jacobian.transpose() * &jacobian;
        let downhill = -(jacobian.transpose() * &r);
        let mut damped = normal.clone();
        // Marquardt's scaling: steps do not depend on the units of parameters.
        (0..n).for_each(|k| damped[(k, k)] += damping * normal[(k, k)].max(f64::MIN_POSITIVE));
        let Some(step) = damped.cholesky().map(|factors| factors.solve(&downhill)) else {
            damping *= 10.0;
            if damping > 1e12 {
                return None;
            }
            continue;
        };
        let next: Vec<f64> = p.iter().zip(step.iter()).map(|(a, b)| a + b).collect();
        let next_r = residuals(&next);
        let next_cost = next_r.norm_squared();
        if next_cost <= cost {
            let small = step.iter().zip(&next).all(|(s, p)| s.abs() <= 1e-13 * (p.abs() + 1e-13));
            let flat = cost - next_cost <= 1e-15 * cost;
            n_flat = if flat { n_flat + 1 } else { 0 };
            (p, r, cost) = (next, next_r, next_cost);
            jacobian = derivatives(points, &p, function);
            damping = (damping / 10.0).max(1e-15);
            if small || (flat && damping < 1e-6) || n_flat >= MOST_FLAT {
                return with_covariance(&p, &jacobian, cost, m);
            }
        } else {
            damping *= 10.0;
            if damping > 1e12 {
                // No step leads further down: this is the minimum, as far as numbers tell.
                return with_covariance(&p, &jacobian, cost, m);
            }
        }
    }
    None
}

/// Central differences; their error falls with the square of the step, whose best length is the cube root of the precision, relative to the
/// parameter. Where that changes no value (at 0, or beside values that are much larger) steps grow until it shows, as long as the curve is
/// nearly straight over them.
fn derivatives(points: &[(f64, f64)], p: &[f64], function: &dyn Fn(f64, &[f64]) -> f64) -> DMatrix<f64> {
    let here: Vec<f64> = points.iter().map(|&(x, _)| function(x, p)).collect();
    let largest = points.iter().zip(&here).map(|((_, y), f)| y.abs().max(f.abs())).fold(0.0, f64::max);
    let mut jacobian = DMatrix::zeros(points.len(), p.len());
    for k in 0..p.len() {
        let mut step = if p[k] == 0.0 { SMALLEST_STEP } else { f64::EPSILON.cbrt() * p[k].abs() };
        let mut change = Change::new(points, &here, p, (k, step), function);
        while change.greatest <= SEEN * largest && step * 10.0 <= LONGEST_STEP {
            let longer = Change::new(points, &here, p, (k, step * 10.0), function);
            // Also false where values are not finite.
            let is_straight = longer.bend <= 0.5 * longer.greatest || longer.greatest <= SEEN * largest;
            if !(longer.is_finite && is_straight) {
                break;
            }
            (step, change) = (step * 10.0, longer);
        }
        jacobian.column_mut(k).iter_mut().zip(&change.slopes).for_each(|(held, slope)| *held = *slope);
    }
    jacobian
}

/// How the values of a function change as one parameter moves to both sides.
struct Change {
    /// Of each point.
    slopes: Vec<f64>,
    /// The greatest difference between both sides.
    greatest: f64,
    /// How far the middle of both sides lies from the value between them at most, doubled.
    bend: f64,
    is_finite: bool,
}

impl Change {
    /// As the k-th parameter moves by a step.
    #[track_caller]
    fn new(
        points: &[(f64, f64)],
        here: &[f64],
        p: &[f64],
        (k, step): (usize, f64),
        function: &dyn Fn(f64, &[f64]) -> f64,
    ) -> Self {
        let mut change = Self { slopes: Vec::with_capacity(points.len()), greatest: 0.0, bend: 0.0, is_finite: true };
        let (mut above, mut below) = (p.to_vec(), p.to_vec());
        above[k] += step;
        below[k] -= step;
        for (&(x, _), here) in points.iter().zip(here) {
            let (above, below) = (function(x, &above), function(x, &below));
            let difference = above - below;
            change.slopes.push(difference / (2.0 * step));
            change.greatest = change.greatest.max(difference.abs());
            change.bend = change.bend.max((above + below - 2.0 * here).abs());
            change.is_finite &= difference.is_finite();
        }
        change
    }
}

/// σ² (JᵀJ)⁻¹ with σ² of the residuals; infinite where there are as many values as parameters, as scipy has it.
fn with_covariance(p: &[f64], jacobian: &DMatrix<f64>, cost: f64, m: usize) -> Option<Vec<f64>> {
    let n = p.len();
    let mut found = p.to_vec();
    let inverse = (jacobian.transpose() * jacobian).try_inverse();
    match inverse.filter(|_| m > n) {
        Some(inverse) => {
            let variance = cost / (m - n) as f64;
            found.extend((0..n * n).map(|k| inverse[(k / n, k % n)] * variance));
        }
        None => found.extend(std::iter::repeat_n(f64::INFINITY, n * n)),
    }
    found.iter().take(n).all(|value| value.is_finite()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve through values that it makes itself: what is found must be what it was made with, to 1e-6 of it.
    fn finds(
        what: &str,
        labels: Vec<f64>,
        guess: &[f64],
        truth: &[f64],
        function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'static,
    ) {
        let values: Vec<f64> = labels.iter().map(|&x| function(x, truth)).collect();
        let t = DataArray::from_vec(["x"], &[labels.len()], values).with_coord("x", labels);
        let names = ["a", "b", "c"];
        let parameters: Vec<(&str, f64)> = names.into_iter().zip(guess.iter().copied()).collect();
        let fit = t.curvefit("x", &parameters, function);
        let found = fit.var("curvefit_coefficients").to_f64().unwrap();
        for (found, truth) in found.iter().zip(truth) {
            assert!((found - truth).abs() <= 1e-6 * truth.abs(), "{what}: {found}, not {truth}");
        }
        let covariance = fit.var("curvefit_covariance").to_f64().unwrap();
        assert!(covariance.iter().all(|value| value.is_finite()), "{what}: {covariance:?}");
    }

    fn every(step: f64) -> Vec<f64> {
        (0..9).map(|k| f64::from(k) * step).collect()
    }

    #[test]
    fn parameters_of_any_size_are_found_from_guesses_of_0_too() {
        let line = |x: f64, p: &[f64]| p[0] + p[1] * x;
        finds("small beside a large value", every(0.05), &[280.0, 0.0], &[280.0, 5.0], line);
        finds("wavelengths", every(1e-7), &[280.0, 0.0], &[281.0, 1e6], line);
        finds("seconds since 1970", every(1e9), &[0.0, 0.0], &[280.0, 1e-9], line);
        finds("far below 0.00000001", every(1e16), &[1.0, 1e-16], &[3.0, 5e-17], |x, p| p[0] * (-p[1] * x).exp());
        finds("a decay from 0", every(0.5), &[1.0, 0.0], &[3.0, 0.5], |x, p| p[0] * (-p[1] * x).exp());
        finds("beside 1e5", every(0.5), &[1e5, 1e-9, 1e-9], &[1e5, 2.0, 0.5], |x, p| p[0] + p[1] * x + p[2] * x * x);
    }

    #[test]
    fn steps_stay_where_the_function_has_values() {
        // Nothing moves `b` while `a` is 0, and a step that is too long has no value at all.
        let points: Vec<(f64, f64)> = every(1.0).into_iter().map(|x| (x, 1.0)).collect();
        let slopes = derivatives(&points, &[0.0, 0.5], &|x, p| p[0] * (p[1] * x).exp());
        assert!(slopes.iter().all(|slope| slope.is_finite()), "{slopes}");
        assert!(slopes.column(1).iter().all(|slope| *slope == 0.0), "{slopes}");
        // Far away the curve is another one: that is no derivative here.
        let saturated = derivatives(&points, &[80.0], &|x, p| 10.0 + 1.0 / (1.0 + (p[0] - x).exp()));
        assert!(saturated.iter().all(|slope| slope.abs() < 1e-9), "{saturated}");
    }
}
