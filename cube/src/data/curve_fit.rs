//! Curves of the user's own making through values: least squares by Levenberg and Marquardt.
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use super::{DataArray, Dataset};
use crate::base::{Block, Error, Result};
use crate::compute::along::{AxisOp, Named, OwnFunction};

/// Steps of damping before a fit is given up.
const MOST_STEPS: usize = 400;

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
    pub fn curvefit(
        &self,
        dim: &str,
        parameters: &[(&str, f64)],
        function: impl Fn(f64, &[f64]) -> f64 + Send + Sync + 'static,
    ) -> Dataset {
        self.fitted(dim, parameters, function)
            .unwrap_or_else(|error| self.to_dataset().failing(&error.context(format!("curvefit along `{dim}`"))))
    }

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
        let label = |array: DataArray, dim: &str| {
            array.with_coord_block(dim, Block::from_strings(&[n], &names).unwrap_or(Block::scalar(0)))
        };
        let coefficients = label(all.isel("param", 0..n as i64), "param");
        let covariance = all.isel("param", n as i64..);
        let last = covariance.dims().axis("param")?;
        let split = covariance.variable().expr().split(last, n as u64, ["cov_i", "cov_j"]);
        let covariance = label(label(covariance.with_fewer_dims(split), "cov_i"), "cov_j");
        Dataset::default()
            .with_var("curvefit_coefficients", &coefficients.checked()?)?
            .with_var("curvefit_covariance", &covariance.checked()?)
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
            (p, r, cost) = (next, next_r, next_cost);
            jacobian = derivatives(points, &p, function);
            damping = (damping / 10.0).max(1e-15);
            if small || (flat && damping < 1e-6) {
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

/// Central differences; their error falls with the square of the step, whose best length is the cube root of the precision.
fn derivatives(points: &[(f64, f64)], p: &[f64], function: &dyn Fn(f64, &[f64]) -> f64) -> DMatrix<f64> {
    let mut jacobian = DMatrix::zeros(points.len(), p.len());
    let mut moved = p.to_vec();
    for k in 0..p.len() {
        let step = f64::EPSILON.cbrt() * p[k].abs().max(1e-8);
        for (row, &(x, _)) in points.iter().enumerate() {
            moved[k] = p[k] + step;
            let above = function(x, &moved);
            moved[k] = p[k] - step;
            jacobian[(row, k)] = (above - function(x, &moved)) / (2.0 * step);
        }
        moved[k] = p[k];
    }
    jacobian
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
