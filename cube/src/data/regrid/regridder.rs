//! Weights between two grids, and how they are used and kept.
use std::sync::Arc;

use super::grid::Grid;
use super::weights::{Axis, Rows, linear, nearest, overlap};
use crate::base::{Block, DType, Dims, Error, Result};
use crate::compute::along::{AxisOp, BlendMissing};
use crate::data::coords::Coord;
use crate::data::{Attribute, Attributes, CfRole, Coords, DataArray, Dataset, Variable};
use crate::plan::Expr;

/// How new values come from old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegridMethod {
    /// Linear between the four labels around; missing beside a missing value, and outside (CDO's `remapbil`).
    Bilinear,
    /// The value of the nearest label (CDO's `remapnn`).
    Nearest,
    /// The mean of the old cells that a new one covers, by area: totals are kept (first order; CDO's `remapcon`). Missing values are left out;
    /// see [`Regridder::covered`].
    Conservative,
}

/// Weights from one grid to another, made once and used for any number of arrays, also from a file
/// ([`Regridder::to_dataset`]). Values are brought over lazily, chunk by chunk.
///
/// ```
/// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
/// let t = DataArray::from_vec(["lat", "lon"], &[2, 4], vec![1.0, 3.0, 5.0, 7.0, 2.0, 4.0, 6.0, 8.0])
///     .with_coord("lat", vec![-45.0, 45.0]).with_coord("lon", vec![45.0, 135.0, 225.0, 315.0]);
/// let grid = Grid::new(vec![0.0], vec![90.0, 270.0])?;
/// let to_half = Regridder::new(&t, &grid, RegridMethod::Conservative)?;
/// assert_eq!(to_half.apply(&t).to_f64()?, [2.5, 6.5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Regridder {
    pub(super) method: RegridMethod,
    /// The least part of a new cell that must be covered by values.
    pub(super) covered: f64,
    pub(super) kind: Kind,
    /// The coordinates of the new grid, over its dimensions.
    pub(super) coords: Coords,
}

/// Rows for each axis by itself, or over both axes of the old grid taken together.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Axes {
        /// (old dimension, its length, rows)
        axes: Vec<(String, u64, Arc<Rows>)>,
    },
    Cells {
        /// The old dimensions and their lengths.
        from: [(String, u64); 2],
        /// The new dimensions and their lengths.
        to: [(String, u64); 2],
        rows: Arc<Rows>,
    },
}

impl Regridder {
    /// Weights from the grid of an array, whose latitudes and longitudes are axes, to another. Cells end halfway between labels; longitudes
    /// wrap. For grids of two dimensions see [`Regridder::from_curvilinear`], for projections [`Regridder::from_projection`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 5.0, 7.0])
    ///     .with_coord("lat", vec![0.0, 10.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let nearest = Regridder::new(&t, &Grid::new(vec![1.0, 8.0], vec![9.0])?, RegridMethod::Nearest)?;
    /// assert_eq!(nearest.apply(&t).to_f64()?, [3.0, 7.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the array has no latitudes and longitudes by CF, or they are not sorted.
    #[track_caller]
    pub fn new(source: &DataArray, target: &Grid, method: RegridMethod) -> Result<Self> {
        let axis = |role: CfRole| -> Result<(String, Axis)> {
            let coord = source.by_role(role)?;
            if !coord.is_dimension() {
                return Err(Error::unsupported(format!("`{}` is no axis of one dimension", coord.name()))
                    .hint("use `Regridder::from_curvilinear`"));
            }
            let cyclic = coord.index().is_ok_and(|index| index.is_cyclic());
            Ok((coord.name().to_owned(), Axis::new(coord.name(), coord.values()?.to_f64()?, cyclic)?))
        };
        let (lat_name, lat) = axis(CfRole::Latitude)?;
        let (lon_name, lon) = axis(CfRole::Longitude)?;
        let (of_lat, of_lon) = match method {
            RegridMethod::Bilinear => (linear(&lat, target.latitudes()), linear(&lon, target.longitudes())),
            RegridMethod::Nearest => (nearest(&lat, target.latitudes()), nearest(&lon, target.longitudes())),
            RegridMethod::Conservative => {
                let clipped =
                    |axis: &Axis| axis.edges().into_iter().map(|edge| edge.clamp(-90.0, 90.0)).collect::<Vec<f64>>();
                let new_lat = clipped(&Axis::new("latitudes", target.latitudes().to_vec(), false)?);
                let new_lon = Axis::new("longitudes", target.longitudes().to_vec(), false)?.edges();
                let sine = |degrees: f64| degrees.to_radians().sin();
                (overlap(&clipped(&lat), &new_lat, false, sine), overlap(&lon.edges(), &new_lon, true, |x| x))
            }
        };
        let axes = vec![
            (lat_name.clone(), lat.labels.len() as u64, Arc::new(of_lat)),
            (lon_name.clone(), lon.labels.len() as u64, Arc::new(of_lon)),
        ];
        let mut coords = Coords::default();
        for (name, labels) in [(&lat_name, target.latitudes()), (&lon_name, target.longitudes())] {
            coords.set(labelled(
                name,
                labels,
                source.coords().get(name).map(|coord| coord.variable().attrs().clone()),
            )?);
        }
        Ok(Self { method, covered: 0.0, kind: Kind::Axes { axes }, coords })
    }

    /// New values need at least this part of their cell (or of their weights) covered by old values that are not missing: 0 (any; the default)
    /// to 1 (all). Bilinear interpolation always needs all.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 4], vec![1.0, 3.0, 5.0, 7.0, f64::NAN, f64::NAN, 6.0, 8.0])
    ///     .with_coord("lat", vec![-45.0, 45.0]).with_coord("lon", vec![45.0, 135.0, 225.0, 315.0]);
    /// let to_half = Regridder::new(&t, &Grid::new(vec![0.0], vec![90.0, 270.0])?, RegridMethod::Conservative)?;
    /// assert_eq!(to_half.apply(&t).to_f64()?, [2.0, 6.5]);
    /// assert_eq!(to_half.covered(0.6).apply(&t).fill_missing(-1.0).to_f64()?, [-1.0, 6.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn covered(mut self, least: f64) -> Self {
        self.covered = least;
        self
    }

    /// The array on the new grid: latitudes and longitudes take the places of the old ones. Lazy. f32 stays f32, all else becomes f64.
    /// Coordinates over the old grid go.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0f32, 3.0, 5.0, 7.0])
    ///     .with_coord("lat", vec![0.0, 10.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let middle = Regridder::new(&t, &Grid::new(vec![5.0], vec![5.0])?, RegridMethod::Bilinear)?.apply(&t);
    /// assert_eq!((middle.to_vec::<f32>()?, middle.coord("lat").to_f64()?), (vec![4.0], vec![5.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply(&self, array: &DataArray) -> DataArray {
        array.or_fail(self.applied(array).map_err(|error| error.context("regrid")))
    }

    #[track_caller]
    fn applied(&self, array: &DataArray) -> Result<DataArray> {
        array.check()?;
        let dtype = if array.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
        let expr = array.variable().expr().cast(DType::F64);
        let fits = |name: &str, len: u64| -> Result<usize> {
            let axis = array.dims().axis(name)?;
            match array.shape()[axis] {
                own if own == len => Ok(axis),
                own => Err(Error::mismatch(format!("`{name}` has {own} positions, the weights are for {len}"))),
            }
        };
        let (expr, gone) = match &self.kind {
            Kind::Axes { axes } => {
                for (name, len, _) in axes {
                    fits(name, *len)?;
                }
                (self.along_axes(array, &expr, axes)?, axes.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>())
            }
            Kind::Cells { from, to, rows } => {
                let places = [fits(&from[0].0, from[0].1)?, fits(&from[1].0, from[1].1)?];
                // The rows count positions of the first dimension outside, of the second inside.
                let (expr, axis) = if places[0] < places[1] {
                    (expr, places)
                } else {
                    let mut order: Vec<usize> = (0..expr.shape().len()).collect();
                    order.swap(places[0], places[1]);
                    (expr.transpose(order), [places[1], places[0]])
                };
                let missing = match self.method {
                    RegridMethod::Bilinear => BlendMissing::Spread,
                    RegridMethod::Conservative => BlendMissing::Covered(self.covered),
                    RegridMethod::Nearest => BlendMissing::Renormalise(self.covered),
                };
                let blended = expr.along(axis.to_vec(), AxisOp::Blend(rows.blend(missing)), "cells");
                let split = blended.split(axis[0], to[1].1, [&to[0].0, &to[1].0]);
                (split, from.iter().map(|(name, _)| name.clone()).collect())
            }
        };
        let mut result = array.with_values(expr.cast(dtype)).checked()?;
        result.coords = array
            .coords()
            .filter(|coord| !coord.variable().dims().iter().any(|dim| gone.iter().any(|held| held == dim)));
        self.coords.iter().for_each(|coord| result.coords.set(coord.clone()));
        Ok(result)
    }

    #[track_caller]
    fn along_axes(&self, array: &DataArray, expr: &Expr, axes: &[(String, u64, Arc<Rows>)]) -> Result<Expr> {
        let through = |expr: &Expr, missing: BlendMissing| -> Result<Expr> {
            let one = |expr: Expr, (name, _, rows): &(String, u64, Arc<Rows>)| -> Result<Expr> {
                let axis = array.dims().axis(name)?;
                Ok(expr.along(vec![axis], AxisOp::Blend(rows.blend(missing)), name))
            };
            axes.iter().try_fold(expr.clone(), one)
        };
        if self.method != RegridMethod::Conservative {
            return through(expr, BlendMissing::Spread);
        }
        // Σwx / Σw over the values that are not missing; both sums are products of sums along the axes.
        let values = DataArray::from_expr(expr.clone());
        let present = values.notnull().cast(DType::F64);
        let sums = through(values.fillna(0.0).variable().expr(), BlendMissing::Zero)?;
        let parts = DataArray::from_expr(through(present.variable().expr(), BlendMissing::Zero)?);
        let least = self.covered.max(1e-9);
        // What of a new cell lies on old cells at all: less than 1 at the ends of a grid.
        let enough = parts.where_(parts.ge(least * (1.0 - 1e-9)));
        Ok((DataArray::from_expr(sums) / enough).variable().expr().clone())
    }

    /// The weights as a dataset: `row`, `col` and `S` (the new cell, the old cell, the weight) along `n_s` as ESMF names them, one set for each
    /// axis where the grids have axes. Write it with `.write(url)`, and read it again with [`Regridder::from_dataset`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 3.0, 5.0])
    ///     .with_coord("lat", vec![0.0]).with_coord("lon", vec![0.0, 10.0, 20.0]);
    /// let weights = Regridder::new(&t, &Grid::new(vec![0.0], vec![9.0])?, RegridMethod::Nearest)?.to_dataset();
    /// assert_eq!(Regridder::from_dataset(&weights)?.apply(&t).to_f64()?, [3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_dataset(&self) -> Dataset {
        match self.stored() {
            Ok(stored) => stored,
            Err(error) => DataArray::failed(error).to_dataset(),
        }
    }

    #[track_caller]
    fn stored(&self) -> Result<Dataset> {
        let mut variables: Vec<(String, Variable)> = Vec::new();
        let mut attrs = Attributes::new();
        let method = match self.method {
            RegridMethod::Bilinear => "bilinear",
            RegridMethod::Nearest => "nearest",
            RegridMethod::Conservative => "conservative",
        };
        attrs.set("method", method);
        attrs.set("covered", self.covered);
        let mut put = |number: usize, rows: &Rows| -> Result<()> {
            let suffix = if number == 0 { String::new() } else { format!("_{number}") };
            let dim = format!("n_s{suffix}");
            let row: Vec<i64> = (0..rows.n_rows())
                .flat_map(|row| std::iter::repeat_n(row as i64 + 1, rows.starts[row + 1] - rows.starts[row]))
                .collect();
            let col: Vec<i64> = rows.positions.iter().map(|&position| i64::from(position) + 1).collect();
            let n = row.len();
            let one =
                |block: Result<Block>| -> Result<Variable> { Ok(Variable::from_block(Dims::new([&dim])?, block?)) };
            variables.push((format!("row{suffix}"), one(Block::new(&[n], row))?));
            variables.push((format!("col{suffix}"), one(Block::new(&[n], col))?));
            variables.push((format!("S{suffix}"), one(Block::new(&[n], rows.weights.clone()))?));
            Ok(())
        };
        match &self.kind {
            Kind::Axes { axes } => {
                for (number, (name, len, rows)) in axes.iter().enumerate() {
                    put(number, rows)?;
                    attrs.set(format!("axis_{number}"), name.as_str());
                    attrs.set(format!("old_{number}"), *len as i64);
                    attrs.set(format!("new_{number}"), rows.n_rows() as i64);
                }
            }
            Kind::Cells { from, to, rows } => {
                put(0, rows)?;
                for (number, (old, new)) in from.iter().zip(to).enumerate() {
                    attrs.set(format!("old_dim_{number}"), old.0.as_str());
                    attrs.set(format!("old_{number}"), old.1 as i64);
                    attrs.set(format!("new_dim_{number}"), new.0.as_str());
                    attrs.set(format!("new_{number}"), new.1 as i64);
                }
            }
        }
        let mut names: Vec<String> = Vec::new();
        for coord in self.coords.iter() {
            names.push(coord.name().to_owned());
            let variable = Variable::from_block(coord.variable().dims().clone(), coord.values()?)
                .with_attrs(coord.variable().attrs().clone());
            variables.push((coord.name().to_owned(), variable));
        }
        Dataset::new(variables, names.iter().map(String::as_str), attrs)
    }

    /// The weights that [`Regridder::to_dataset`] gave.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Regridder};
    /// let no_weights = DataArray::from_vec(["x"], &[1], vec![1.0]).named("t").to_dataset();
    /// assert!(Regridder::from_dataset(&no_weights).is_err());
    /// ```
    ///
    /// # Errors
    /// If the dataset holds no such weights, or they do not fit together.
    #[track_caller]
    pub fn from_dataset(dataset: &Dataset) -> Result<Self> {
        Self::restored(dataset).map_err(|error| error.context("weights of a regridding"))
    }

    #[track_caller]
    fn restored(dataset: &Dataset) -> Result<Self> {
        let attrs = dataset.attrs();
        let text =
            |name: &str| attrs.text(name).ok_or_else(|| Error::invalid(format!("there is no attribute `{name}`")));
        let number = |name: &str| {
            let value = attrs
                .get(name)
                .and_then(Attribute::number)
                .ok_or_else(|| Error::invalid(format!("there is no number `{name}` among the attributes")))?;
            Ok::<u64, Error>(value as u64)
        };
        let method = match text("method")? {
            "bilinear" => RegridMethod::Bilinear,
            "nearest" => RegridMethod::Nearest,
            "conservative" => RegridMethod::Conservative,
            other => return Err(Error::unsupported(format!("method `{other}`"))),
        };
        let rows = |number: usize, n_old: u64, n_new: u64| -> Result<Arc<Rows>> {
            let suffix = if number == 0 { String::new() } else { format!("_{number}") };
            let counts = |name: &str| dataset.var(&format!("{name}{suffix}")).cast(DType::I64).to_vec::<i64>();
            let (row, col, weights) = (counts("row")?, counts("col")?, dataset.var(&format!("S{suffix}")).to_f64()?);
            let mut rows = Rows { starts: vec![0; n_new as usize + 1], positions: Vec::new(), weights };
            if !row.is_sorted() || row.len() != col.len() || row.len() != rows.weights.len() {
                return Err(Error::corrupt("rows are not sorted, or columns and weights are not as many"));
            }
            for (&row, &col) in row.iter().zip(&col) {
                if !(1..=n_new as i64).contains(&row) || !(1..=n_old as i64).contains(&col) {
                    return Err(Error::corrupt(format!("a weight from cell {col} of {n_old} to {row} of {n_new}")));
                }
                rows.starts[row as usize] += 1;
                rows.positions.push(col as u32 - 1);
            }
            for k in 1..rows.starts.len() {
                rows.starts[k] += rows.starts[k - 1];
            }
            Ok(Arc::new(rows))
        };
        let kind = if attrs.text("axis_0").is_some() {
            let axes = (0..2).map(|k| {
                let (old, new) = (number(&format!("old_{k}"))?, number(&format!("new_{k}"))?);
                Ok((text(&format!("axis_{k}"))?.to_owned(), old, rows(k, old, new)?))
            });
            Kind::Axes { axes: axes.collect::<Result<_>>()? }
        } else {
            let side = |what: &str, k: usize| {
                Ok::<_, Error>((text(&format!("{what}_dim_{k}"))?.to_owned(), number(&format!("{what}_{k}"))?))
            };
            let (from, to) = ([side("old", 0)?, side("old", 1)?], [side("new", 0)?, side("new", 1)?]);
            let (n_old, n_new) = (from[0].1.saturating_mul(from[1].1), to[0].1.saturating_mul(to[1].1));
            Kind::Cells { rows: rows(0, n_old, n_new)?, from, to }
        };
        let covered = attrs.get("covered").and_then(Attribute::number).unwrap_or(0.0);
        Ok(Self { method, covered, kind, coords: dataset.coords().clone() })
    }
}

impl DataArray {
    /// The array on another grid; see [`Regridder`], which keeps the weights for further arrays.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 5.0, 7.0])
    ///     .with_coord("lat", vec![0.0, 10.0]).with_coord("lon", vec![0.0, 10.0]);
    /// assert_eq!(t.regrid(&Grid::new(vec![5.0], vec![0.0, 5.0])?, RegridMethod::Bilinear).to_f64()?, [3.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn regrid(&self, grid: &Grid, method: RegridMethod) -> Self {
        match Regridder::new(self, grid, method) {
            Ok(regridder) => regridder.apply(self),
            Err(error) => self.fail(error.context("regrid")),
        }
    }
}

impl Dataset {
    /// Every variable that has the dimensions of the grid on another; weights are made once. Others stay as they are.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 5.0, 7.0])
    ///     .with_coord("lat", vec![0.0, 10.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let to_middle = Regridder::new(&t, &Grid::new(vec![5.0], vec![5.0])?, RegridMethod::Bilinear)?;
    /// assert_eq!(t.named("t").to_dataset().regrid(&to_middle).var("t").to_f64()?, [4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn regrid(&self, regridder: &Regridder) -> Self {
        let gone: Vec<&str> = match &regridder.kind {
            Kind::Axes { axes } => axes.iter().map(|(name, ..)| name.as_str()).collect(),
            Kind::Cells { from, .. } => from.iter().map(|(name, _)| name.as_str()).collect(),
        };
        self.map(
            |array| {
                if gone.iter().all(|dim| array.dims().contains(dim)) { regridder.apply(array) } else { array.clone() }
            },
        )
    }
}

/// A coordinate of labels along its own dimension.
pub(super) fn labelled(name: &str, labels: &[f64], attrs: Option<Attributes>) -> Result<Coord> {
    let block = Block::new(&[labels.len()], labels.to_vec())?;
    Ok(Coord::new(name, Variable::from_block(Dims::new([name])?, block).with_attrs(attrs.unwrap_or_default())))
}
