//! Selection by position and by label, of arrays and of datasets.
use std::sync::Arc;

use super::coords::Coord;
use super::positions::{IntoPosition, PositionRange, Positions};
use super::select::IntoLabel;
use super::{Coords, DataArray, Dataset};
use crate::base::{Error, ErrorKind, Result};
use crate::plan::{AxisSlice, Expr};

impl DataArray {
    /// The values at positions of one dimension, counted from 0, or from the end where negative: one position (the dimension goes, its
    /// label stays), a half-open range, a list, `every(n)`, `ALL`. Lazy (xarray's `isel`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![0, 10, 20, 30]);
    /// assert_eq!(t.isel("x", -1).to_vec::<i32>()?, [30]);
    /// assert_eq!(t.isel("x", 1..3).to_vec::<i32>()?, [10, 20]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isel(&self, dim: &str, position: impl IntoPosition) -> Self {
        let position = position.into_position();
        self.selected(dim, |axis| position.resolve(dim, self.shape()[axis]))
    }

    /// The values at labels of one dimension: a value, `near(x)`, a list, `a..=b` (both ends included, in either direction), `a..`,
    /// `..=b`, `ALL`. Times take dates as text; a partial date covers its whole period ("1981", "1990-06"). Longitudes wrap. An empty
    /// selection is a mistake; see [`DataArray::sel_or_empty`]. Reads the dimension's coordinate on first use, nothing else (xarray's
    /// `sel`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, data::near};
    /// let t = DataArray::from_vec(["lat"], &[3], vec![1.0, 2.0, 3.0]).with_coord("lat", vec![60.0, 50.0, 40.0]);
    /// assert_eq!(t.sel("lat", 45.0..=60.0).to_f64()?, [1.0, 2.0]);
    /// assert_eq!(t.sel("lat", near(41.0)).to_f64()?, [3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.selected(dim, |_| self.coords.dimension(dim)?.index()?.locate(&label))
    }

    /// As [`DataArray::sel`], but a range of labels without any label in it gives an array without values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.sel_or_empty("x", 8.0..=9.0).size(), 0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel_or_empty(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.selected(dim, |_| {
            let found = self.coords.dimension(dim)?.index()?.locate(&label);
            match found {
                Err(error) if error.kind() == ErrorKind::Empty => Ok(Positions::Range(PositionRange::new(0, 0))),
                found => found,
            }
        })
    }

    /// The same array with longitudes that do not wrap in selections.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lon"], &[4], vec![1.0, 2.0, 3.0, 4.0]).with_coord("lon", vec![0.0, 90.0, 180.0, 270.0]);
    /// assert_eq!(t.sel("lon", -90.0).item()?, 4.0);
    /// assert!(t.not_cyclic().sel("lon", -90.0).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn not_cyclic(&self) -> Self {
        Self { coords: self.coords.map(Coord::not_cyclic), ..self.clone() }
    }

    #[track_caller]
    fn selected(&self, dim: &str, find: impl FnOnce(usize) -> Result<Positions>) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let found = self.dims().axis(dim).and_then(find).map_err(|error| match self.name() {
            Some(name) => error.context(format!("`{name}`")),
            None => error,
        });
        match found {
            Ok(positions) => self.at(dim, &positions),
            Err(error) => self.fail(error),
        }
    }

    /// The array at positions of a dimension it has, coordinates with it. Encoding other than chunks stays true: values are the same.
    #[track_caller]
    fn at(&self, dim: &str, positions: &Positions) -> Self {
        let variable = self.variable.with_expr(at(self.variable.expr(), dim, positions));
        let coords = self.coords.map(|coord| coord.with_expr(|expr| at(expr, dim, positions)));
        Self { name: self.name.clone(), variable, coords }
    }

    /// The array at positions (for alignment).
    #[track_caller]
    pub(super) fn taken(&self, dim: &str, positions: &Positions) -> Result<Self> {
        self.at(dim, positions).checked()
    }

    /// Axes in another order; dims that are not named follow in their order (xarray's `transpose(..., ...)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]);
    /// assert_eq!(t.transpose(["x", "y"]).to_vec::<i32>()?, [1, 3, 2, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn transpose<S: AsRef<str>>(&self, dims: impl IntoIterator<Item = S>) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let named: Result<Vec<usize>> = dims.into_iter().map(|dim| self.dims().axis(dim.as_ref())).collect();
        match named {
            Ok(mut order) => {
                order.extend((0..self.dims().len()).filter(|axis| !order.contains(axis)).collect::<Vec<_>>());
                let variable = self.variable.with_expr(self.variable.expr().transpose(order));
                match variable.error() {
                    Some(_) => self.fail(Error::invalid("a dimension was named twice in `transpose`")),
                    None => Self { variable, ..self.clone() },
                }
            }
            Err(error) => self.fail(error),
        }
    }
}

impl Dataset {
    /// Every variable and coordinate at positions of one dimension; those without the dimension stay. See [`DataArray::isel`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.isel("x", 0..2).var("t").to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isel(&self, dim: &str, position: impl IntoPosition) -> Self {
        let position = position.into_position();
        self.selected(dim, |len| position.resolve(dim, len))
    }

    /// Every variable and coordinate at labels of one dimension; those without the dimension stay. See [`DataArray::sel`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.sel("x", 2.0).var("t").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.selected(dim, |_| self.coords().dimension(dim)?.index()?.locate(&label))
    }

    #[track_caller]
    fn selected(&self, dim: &str, find: impl FnOnce(u64) -> Result<Positions>) -> Self {
        let sizes = self.dims();
        let len = sizes.iter().find(|(name, _)| name == dim).map(|(_, len)| *len);
        let found = match len {
            Some(len) => find(len),
            None => Err(Error::unknown_name("dimension", dim, sizes.iter().map(|(name, _)| name.as_str()))),
        };
        let change = |expr: &Expr| match &found {
            Ok(positions) => at(expr, dim, positions),
            Err(error) => Expr::failed(error.clone()),
        };
        self.mapped(change)
    }
}

impl Coords {
    /// The dimension coordinate of a dimension.
    fn dimension(&self, dim: &str) -> Result<&Coord> {
        self.get(dim).filter(|coord| coord.is_dimension()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("dimension `{dim}` has no labels"))
                .hint("select by position with `isel`, or give it labels with `with_coord`")
        })
    }
}

/// An expression at positions of a dimension; the same if it has not that dimension.
#[track_caller]
fn at(expr: &Expr, dim: &str, positions: &Positions) -> Expr {
    let Some(axis) = expr.dims().position(dim) else { return expr.clone() };
    match positions {
        Positions::Scalar(position) => one_axis(expr, axis, *position, 1, 1).squeeze(&[axis]),
        Positions::Range(range) => along(expr, axis, range),
        Positions::Wrapped(ranges) => {
            let parts: Vec<Expr> =
                ranges.iter().filter(|range| range.len > 0).map(|range| along(expr, axis, range)).collect();
            Expr::concat(parts, axis)
        }
        Positions::List(list) => {
            let indices: Arc<[i64]> = list.iter().map(|&position| position as i64).collect();
            expr.take(axis, indices, dim)
        }
    }
}

#[track_caller]
fn along(expr: &Expr, axis: usize, range: &PositionRange) -> Expr {
    match u64::try_from(range.step) {
        Ok(step) => one_axis(expr, axis, range.start, range.len, step.max(1)),
        Err(_) => {
            let indices: Arc<[i64]> = range.iter().map(|position| position as i64).collect();
            expr.take(axis, indices, expr.dims().name(axis))
        }
    }
}

#[track_caller]
fn one_axis(expr: &Expr, axis: usize, start: u64, len: u64, step: u64) -> Expr {
    let mut axes: Vec<AxisSlice> = expr.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
    axes[axis] = AxisSlice { start, len, step };
    expr.slice(axes)
}
