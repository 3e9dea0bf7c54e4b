//! Values at points between labels: linear on several dimensions at once.
use super::along::numbers;
use super::coords::Coord;
use super::points::{back_in_order, chunk_order, points_in};
use super::{DataArray, Variable};
use crate::base::{Block, DType, Dims, Error, Result};
use crate::compute::pointwise::BinaryOp;
use crate::plan::Expr;

/// Where a point lies on an axis: the positions on both sides, and how far it is on the way from the first to the second.
struct Between {
    low: i64,
    high: i64,
    part: f64,
}

impl DataArray {
    /// Values at scattered points, each given by a label on several dimensions, linear between the labels on both sides of every
    /// dimension: 1-D arrays along one dimension, which replaces those of the labels (xarray's `interp(lat=points, lon=points)`). Longitudes
    /// wrap; points outside are missing. Each chunk is read once. Result in f64 (f32 stays).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![0.0, 1.0, 10.0, 11.0])
    ///     .with_coord("y", vec![0.0, 1.0]).with_coord("x", vec![0.0, 1.0]);
    /// let at = |values: Vec<f64>| DataArray::from_vec(["point"], &[2], values);
    /// let found = t.interp_points([("y", &at(vec![0.5, 0.25])), ("x", &at(vec![0.5, 1.0]))]);
    /// assert_eq!(found.to_f64()?, [5.5, 3.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_points<'a>(&self, labels: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        let labels: Vec<(&str, DataArray)> = labels.into_iter().map(|(dim, array)| (dim, array.clone())).collect();
        self.or_fail(self.between_points(&labels).map_err(|error| error.context("interp_points")))
    }

    #[track_caller]
    fn between_points(&self, labels: &[(&str, DataArray)]) -> Result<Self> {
        self.check()?;
        let Some((_, first)) = labels.first() else { return Err(Error::invalid("no labels of points")) };
        let mut on_axes: Vec<(usize, Vec<Between>)> = Vec::new();
        for (dim, array) in labels {
            array.check()?;
            if array.dims().len() != 1 || array.dims() != first.dims() || array.shape() != first.shape() {
                let message = format!(
                    "labels of `{dim}` lie over {:?} {:?}, the first ones over {:?} {:?}",
                    array.dims(),
                    array.shape(),
                    first.dims(),
                    first.shape()
                );
                return Err(
                    Error::mismatch(message).hint("give one label per point on each dimension, along one dimension")
                );
            }
            on_axes.push((self.dims().axis(dim)?, self.between(dim, array.values()?.block())?));
        }
        on_axes.sort_by_key(|(axis, _)| *axis);
        if on_axes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid("a dimension was named twice"));
        }
        let output = if self.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
        let on: Vec<usize> = on_axes.iter().map(|(axis, _)| *axis).collect();
        let n = first.shape()[0] as usize;
        let dim = first.dims().name(0).clone();
        let source = self.variable().expr().cast(DType::F64);
        let corner = |bits: usize| -> Vec<Vec<i64>> {
            let side = |k: usize, between: &Between| if bits >> k & 1 == 0 { between.low } else { between.high };
            (0..n).map(|point| on_axes.iter().enumerate().map(|(k, (_, all))| side(k, &all[point])).collect()).collect()
        };
        // All corners in one order, so that they ride one pass.
        let order = chunk_order(&source, &on, &corner(0));
        let mut total: Option<Expr> = None;
        for bits in 0..1usize << on.len() {
            let weight = |point: usize| -> f64 {
                let share = |(k, (_, all)): (usize, &(usize, Vec<Between>))| {
                    if bits >> k & 1 == 0 { 1.0 - all[point].part } else { all[point].part }
                };
                on_axes.iter().enumerate().map(share).product()
            };
            let weights: Vec<f64> = order.iter().map(|&point| weight(point)).collect();
            if weights.iter().all(|weight| *weight == 0.0) {
                continue;
            }
            let weights = Expr::constant(Dims::new([&*dim])?, Block::new(&[n], weights)?);
            let part = points_in(&source, &on, &corner(bits), &order, &dim).binary(BinaryOp::Mul, &weights);
            total = Some(total.map_or_else(|| part.clone(), |total| total.binary(BinaryOp::Add, &part)));
        }
        let total = total.ok_or_else(|| Error::invalid("no points"))?.cast(output);
        let found = back_in_order(total, on[0], &order, &dim);
        let gone: Vec<String> = on.iter().map(|&axis| self.dims().name(axis).to_string()).collect();
        let mut array = self.with_values(found).checked()?;
        array.coords = self
            .coords()
            .filter(|coord| !coord.variable().dims().iter().any(|dim| gone.iter().any(|held| held == dim)));
        for (name, wanted) in labels {
            let attrs = self.labels(name)?.variable().attrs().clone();
            let variable =
                Variable::from_block(Dims::new([&*dim])?, wanted.values()?.block().clone()).with_attrs(attrs);
            array.coords.set(Coord::new(*name, variable));
        }
        if let Some(own) = first.coords().get(&dim) {
            array.coords.set(own.clone());
        }
        Ok(array)
    }

    /// For every wanted label the positions on both sides; positions of -1 outside.
    fn between(&self, dim: &str, wanted: &Block) -> Result<Vec<Between>> {
        let index = self.labels(dim)?.index()?;
        if !index.is_sorted() || !index.is_unique() {
            return Err(Error::invalid(format!("labels of `{dim}` are not sorted, or stand twice"))
                .hint("call `sortby`, `drop_duplicates` first"));
        }
        let own = self.label_numbers(dim)?;
        let wanted = numbers(dim, wanted)?;
        let n = own.len();
        let Some((&start, &end)) = own.first().zip(own.last()) else {
            return Err(Error::invalid(format!("`{dim}` has no labels")));
        };
        let (least, most) = (start.min(end), start.max(end));
        let outside = || Between { low: -1, high: -1, part: 0.0 };
        let one = |&label: &f64| {
            if label.is_nan() {
                return outside();
            }
            let label = if index.is_cyclic() { least + (label - least).rem_euclid(360.0) } else { label };
            if label < least || label > most {
                if !index.is_cyclic() {
                    return outside();
                }
                // Over the seam: from the greatest label to the least, a turn further.
                let (low, high) = if end >= start { (n - 1, 0) } else { (0, n - 1) };
                return Between { low: low as i64, high: high as i64, part: (label - most) / (least + 360.0 - most) };
            }
            let above = match end >= start {
                true => own.partition_point(|&held| held < label),
                false => own.partition_point(|&held| held > label),
            };
            if own.get(above) == Some(&label) || n == 1 {
                let at = above.min(n - 1) as i64;
                return Between { low: at, high: at, part: 0.0 };
            }
            let (low, high) = (above - 1, above);
            Between { low: low as i64, high: high as i64, part: (label - own[low]) / (own[high] - own[low]) }
        };
        Ok(wanted.iter().map(one).collect())
    }
}
