//! Several arrays along a dimension at once: their values stand side by side.
use std::sync::Arc;

use super::{DataArray, Join, align, broadcast, concat};
use crate::base::{DType, Error, Result};
use crate::compute::along::{AxisOp, Named, OwnFunction};

/// A dimension that is there only while arrays stand side by side.
const BESIDE: &str = "arrays side by side";

/// Arrays of the same dims and labels in f64, joined along a last dimension of their own.
pub(super) struct SideBySide {
    joined: DataArray,
    first: DataArray,
}

impl DataArray {
    /// A function of the values of this and other arrays along a dimension that gives one number; the dimension goes (xarray's
    /// `apply_ufunc(f, a, b, input_core_dims=[[dim], [dim]], vectorize=True)`). Arrays are aligned by labels (inner join) and repeated along
    /// dimensions that they lack; missing values are NaN. f64; lazy, whole columns of all arrays at a time, on all cores; runs in this process only.
    /// An error travels inside if an array lacks the dimension or labels do not fit.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let a = DataArray::from_vec(["y", "x"], &[2, 3], vec![1.0, 2.0, 3.0, 0.0, 1.0, 0.0]);
    /// let w = DataArray::from_vec(["x"], &[3], vec![0.5, 0.25, 0.25]);
    /// let sums = a.apply_along_with("x", &[&w], |lines| lines[0].iter().zip(lines[1]).map(|(a, w)| a * w).sum());
    /// assert_eq!(sums.to_f64()?, [1.75, 0.25]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply_along_with(
        &self,
        dim: &str,
        others: &[&DataArray],
        function: impl Fn(&[&[f64]]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let n = others.len() + 1;
        let of_line = move |line: &[f64]| {
            let mut lines: Vec<Vec<f64>> = vec![Vec::with_capacity(line.len() / n); n];
            for values in line.chunks_exact(n) {
                lines.iter_mut().zip(values).for_each(|(line, value)| line.push(*value));
            }
            vec![function(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>())]
        };
        let own = OwnFunction::new(Arc::new(of_line), Named(None), Some(1));
        let built = || -> Result<Self> {
            let mut array = self.side_by_side(dim, others)?.along(dim, AxisOp::Own(own))?;
            // One number stands for the whole line, also where that had one label.
            array.coords = array.coords.filter(|coord| !coord.variable().dims().contains(dim));
            array.isel(dim, 0).checked()
        };
        self.or_fail(built().map_err(|error| error.context("apply_along_with")))
    }

    pub(super) fn side_by_side(&self, dim: &str, others: &[&DataArray]) -> Result<SideBySide> {
        let all: Vec<&DataArray> = std::iter::once(self).chain(others.iter().copied()).collect();
        for array in &all {
            array.check()?;
            array.dims().axis(dim)?;
        }
        let aligned = align(&all, Join::Inner)?;
        let whole = broadcast(&aligned.iter().collect::<Vec<_>>())?;
        let first = whole.first().cloned().ok_or_else(|| Error::internal("no array"))?;
        let wide: Vec<DataArray> = whole
            .iter()
            .map(|array| {
                let expr = array.cast(DType::F64).variable().expr().clone();
                Self::from_expr(expr)
            })
            .collect();
        let joined = concat(&wide.iter().collect::<Vec<_>>(), BESIDE).checked()?;
        let order: Vec<&str> = first.dims().iter().chain([BESIDE]).collect();
        Ok(SideBySide { joined: joined.transpose(order).checked()?, first })
    }
}

impl SideBySide {
    /// An operation along the dimension, whose lines hold the values of all arrays one beside the other. Labels stay as they are.
    #[track_caller]
    pub(super) fn along(&self, dim: &str, op: AxisOp) -> Result<DataArray> {
        let (axis, beside) = (self.joined.dims().axis(dim)?, self.joined.dims().axis(BESIDE)?);
        let expr = self.joined.variable().expr().along(vec![axis, beside], op, dim);
        self.first.with_values(expr).checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_left_of_a_line_of_any_length() {
        for n in [1usize, 2, 3] {
            let values: Vec<f64> = (0..n * 2).map(|i| i as f64).collect();
            let t = DataArray::from_vec(["x", "y"], &[n, 2], values)
                .with_coord("x", (0..n).map(|i| i as f64).collect())
                .with_coord("y", vec![5.0, 6.0]);
            let sums = t.apply_along_with("x", &[&t], |lines| lines[0].iter().zip(lines[1]).map(|(a, b)| a * b).sum());
            assert!(sums.coords().get("x").is_none(), "{n}");
            assert_eq!(sums.coord("y").to_f64().unwrap(), [5.0, 6.0], "{n}");
            let expected = |y: usize| (0..n).map(|x| ((x * 2 + y) as f64).powi(2)).sum::<f64>();
            assert_eq!(sums.to_f64().unwrap(), [expected(0), expected(1)], "{n}");
        }
    }
}
