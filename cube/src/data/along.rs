//! Operations along a dimension: cumulative sums, filling, shifting, differences, integrals, functions of the user's.
use std::sync::Arc;

use super::coords::Coord;
use super::operand::Operand;
use super::{DataArray, IntoDims};
use crate::base::{Block, DType, Error, Kind, Result};
use crate::compute::along::{AxisOp, Slope};
use crate::compute::pointwise::masked_dtype;
use crate::plan::Expr;

impl DataArray {
    /// An operation along one dimension that keeps its length and labels.
    #[track_caller]
    pub(super) fn along(&self, dim: &str, op: AxisOp) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        match self.dims().axis(dim) {
            Ok(axis) => self.with_values(self.variable.expr().along(vec![axis], op, dim)),
            Err(error) => self.fail(error),
        }
    }

    #[track_caller]
    fn along_each(&self, dims: impl IntoDims, op: &AxisOp) -> Self {
        let names: Result<Vec<String>> =
            dims.axes(self.dims()).map(|axes| axes.iter().map(|&axis| self.dims().name(axis).to_string()).collect());
        match names {
            Ok(names) => names.iter().fold(self.clone(), |array, dim| array.along(dim, op.clone())),
            Err(error) => self.fail(error),
        }
    }

    /// The sum of all values up to each, missing ones counted as 0 (xarray's `cumsum`). f32 is added up in f64. Needs whole columns.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, f64::NAN, 2.0, 3.0]);
    /// assert_eq!(t.cumsum("x").to_f64()?, [1.0, 1.0, 3.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumsum(&self, dims: impl IntoDims) -> Self {
        self.along_each(dims, &AxisOp::CumSum { skip_missing: true })
    }

    /// The product of all values up to each, missing ones counted as 1 (xarray's `cumprod`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.cumprod("x").to_f64()?, [1.0, 2.0, 2.0, 8.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumprod(&self, dims: impl IntoDims) -> Self {
        self.along_each(dims, &AxisOp::CumProd { skip_missing: true })
    }

    /// Missing values become the last value before them along a dimension (xarray's `ffill`). Needs whole columns; see
    /// [`DataArray::ffill_limit`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 2.0]);
    /// assert_eq!(t.ffill("x").to_f64()?, [1.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ffill(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::FillForward { limit: None })
    }

    /// As [`DataArray::ffill`], at most `limit` missing values in a row.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, f64::NAN]);
    /// assert_eq!(t.ffill_limit("x", 1).fillna(-1.0).to_f64()?, [1.0, 1.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ffill_limit(&self, dim: &str, limit: u64) -> Self {
        self.along(dim, AxisOp::FillForward { limit: Some(limit) })
    }

    /// Missing values become the next value after them along a dimension (xarray's `bfill`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.bfill("x").to_f64()?, [1.0, 2.0, 4.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn bfill(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::FillBackward { limit: None })
    }

    /// As [`DataArray::bfill`], at most `limit` missing values in a row.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![f64::NAN, f64::NAN, 1.0]);
    /// assert_eq!(t.bfill_limit("x", 1).fillna(-1.0).to_f64()?, [-1.0, 1.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn bfill_limit(&self, dim: &str, limit: u64) -> Self {
        self.along(dim, AxisOp::FillBackward { limit: Some(limit) })
    }

    /// Values moved by `n` positions towards the end (negative: the start) of a dimension, whose labels stay; what comes in is missing,
    /// integers become floats (xarray's `shift`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]);
    /// assert_eq!(t.shift("x", 1).fillna(0.0).to_f64()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn shift(&self, dim: &str, n: i64) -> Self {
        let wide = match masked_dtype(self.dtype()) {
            Ok(dtype) => self.with_values(self.variable.expr().cast(dtype)),
            Err(error) => return self.fail(error),
        };
        wide.along(dim, AxisOp::Shift { offset: n })
    }

    /// As [`DataArray::shift`], with a value for what comes in; integers stay integers (xarray's `shift(fill_value=...)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]);
    /// assert_eq!(t.shift_with("x", 1, 0).to_vec::<i32>()?, [0, 1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn shift_with(&self, dim: &str, n: i64, fill: impl Operand) -> Self {
        let axis = match self.dims().axis(dim) {
            Ok(axis) => axis,
            Err(error) => return self.fail(error),
        };
        let len = self.shape()[axis] as i64;
        let inside = (0..len).map(|i| u8::from((0..len).contains(&(i - n)))).collect();
        match Block::with_dtype(DType::Bool, &[len as usize], inside) {
            Ok(inside) => {
                let inside = Self::from_block([dim], inside);
                self.along(dim, AxisOp::Shift { offset: n }).where_else(inside, fill)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Values moved round by `n` positions towards the end of a dimension: what leaves at one end comes in at the other. Labels stay
    /// (xarray's `roll`); see [`DataArray::roll_with_labels`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.roll("x", 1).to_f64()?, [2.0, 1.0, 4.0, 3.0]);
    /// assert_eq!(t.roll("x", 1).coord("x").to_f64()?, [5.0, 7.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn roll(&self, dim: &str, n: i64) -> Self {
        match self.dims().axis(dim) {
            Ok(axis) => self.with_values(rolled(self.variable.expr(), axis, n)).with_encoding_of(self),
            Err(error) => self.fail(error),
        }
    }

    /// As [`DataArray::roll`], labels and all (xarray's `roll(roll_coords=True)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.roll_with_labels("x", 1).coord("x").to_f64()?, [7.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn roll_with_labels(&self, dim: &str, n: i64) -> Self {
        let array = self.roll(dim, n);
        if array.error().is_some() {
            return array;
        }
        let turned = |coord: &Coord| {
            coord.with_expr(|expr| expr.dims().position(dim).map_or_else(|| expr.clone(), |axis| rolled(expr, axis, n)))
        };
        Self { coords: self.coords.map(turned), ..array }
    }

    #[track_caller]
    fn with_encoding_of(self, other: &Self) -> Self {
        Self { variable: self.variable.with_encoding(other.encoding().clone()), ..self }
    }

    /// Differences of neighbours along a dimension, which loses its first position (xarray's `diff`); times give durations.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, 9.0]);
    /// assert_eq!(t.diff("x").to_f64()?, [3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn diff(&self, dim: &str) -> Self {
        match self.dims().axis(dim) {
            Ok(axis) if self.shape()[axis] < 2 => self
                .fail(Error::invalid(format!("`{dim}` has {} positions, a difference needs two", self.shape()[axis]))),
            Ok(_) => {
                // What comes in at the start is cut off again: it need not be missing.
                let before = self.along(dim, AxisOp::Shift { offset: 1 });
                let expr = self.variable.expr().binary(crate::compute::BinaryOp::Sub, before.variable.expr());
                self.with_values(expr).isel(dim, 1..)
            }
            Err(error) => self.fail(error),
        }
    }

    /// Derivatives along the labels of a dimension: central differences of second order, one-sided at the ends (xarray's
    /// `differentiate`). Along times per second.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![0.0, 1.0, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0]);
    /// assert_eq!(t.differentiate("x").to_f64()?, [1.0, 2.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn differentiate(&self, dim: &str) -> Self {
        match self.label_numbers(dim) {
            Ok(labels) => self.along(dim, AxisOp::Slope(Slope::Derivative { labels, edge_order: 1 })),
            Err(error) => self.fail(error),
        }
    }

    /// The integral over the labels of a dimension by the trapezoidal rule (xarray's `integrate`). Over times in seconds.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![0.0, 2.0, 2.0]).with_coord("x", vec![0.0, 1.0, 3.0]);
    /// assert_eq!(t.integrate("x").item()?, 5.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn integrate(&self, dim: &str) -> Self {
        match self.label_numbers(dim) {
            Ok(labels) => self.collapsed(dim, AxisOp::Slope(Slope::Integral(labels))),
            Err(error) => self.fail(error),
        }
    }

    /// The integral from the first label of a dimension to each (xarray's `cumulative_integrate`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![0.0, 2.0, 2.0]).with_coord("x", vec![0.0, 1.0, 3.0]);
    /// assert_eq!(t.cumulative_integrate("x").to_f64()?, [0.0, 1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumulative_integrate(&self, dim: &str) -> Self {
        match self.label_numbers(dim) {
            Ok(labels) => self.along(dim, AxisOp::Slope(Slope::CumulativeIntegral(labels))),
            Err(error) => self.fail(error),
        }
    }

    /// The places of values in ascending order along a dimension, from 1; equal ones share the mean of their places (f64; xarray's
    /// `rank`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![30.0, 10.0, 10.0, 20.0]);
    /// assert_eq!(t.rank("x").to_f64()?, [4.0, 1.5, 1.5, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rank(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::Rank { as_part: false })
    }

    /// As [`DataArray::rank`], as parts of the number of values (xarray's `rank(pct=True)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![30.0, 10.0]);
    /// assert_eq!(t.rank_parts("x").to_f64()?, [1.0, 0.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rank_parts(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::Rank { as_part: true })
    }

    /// An operation along a dimension that leaves one value, so that the dimension goes.
    #[track_caller]
    pub(super) fn collapsed(&self, dim: &str, op: AxisOp) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        match self.dims().axis(dim) {
            Ok(axis) => self.with_fewer_dims(self.variable.expr().along(vec![axis], op, dim).squeeze(&[axis])),
            Err(error) => self.fail(error),
        }
    }

    /// The labels of a dimension as numbers: times in seconds since 1970.
    pub(super) fn label_numbers(&self, dim: &str) -> Result<Arc<[f64]>> {
        self.check()?;
        let labels = self.labels(dim)?.values()?;
        numbers(dim, &labels)
    }
}

pub(super) fn numbers(dim: &str, labels: &Block) -> Result<Arc<[f64]>> {
    let scale = match labels.dtype() {
        DType::Time { unit, .. } | DType::Duration { unit } => 1.0 / unit.per_second() as f64,
        other if other.kind() == Kind::Text => {
            return Err(Error::dtype(format!("`{dim}` has strings as labels, numbers or times are needed")));
        }
        _ => 1.0,
    };
    let per_second = (1.0f64 / scale).round();
    Ok(labels.to_f64()?.into_iter().map(|label| if per_second > 1.0 { label / per_second } else { label }).collect())
}

#[track_caller]
fn rolled(expr: &Expr, axis: usize, n: i64) -> Expr {
    let len = expr.shape()[axis];
    if len == 0 {
        return expr.clone();
    }
    let start = (-n).rem_euclid(len as i64) as u64;
    let part = |start: u64, len: u64| {
        let mut axes: Vec<_> = expr.shape().iter().map(|&len| crate::plan::AxisSlice::whole(len)).collect();
        axes[axis] = crate::plan::AxisSlice { start, len, step: 1 };
        expr.slice(axes)
    };
    if start == 0 {
        return expr.clone();
    }
    Expr::concat(vec![part(start, len - start), part(0, start)], axis)
}
