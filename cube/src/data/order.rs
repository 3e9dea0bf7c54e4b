//! What depends on the order of values: quantiles, positions of extremes, sorting.
use std::sync::Arc;

use super::coords::Coord;
use super::{DataArray, Dataset, GroupBy, IntoDims};
use crate::base::{Block, DType, Dims, Error, Result};
use crate::compute::along::{AxisOp, Quantile};
use crate::compute::pointwise::{BinaryOp, Lookup, UnaryOp};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::data::Variable;
use crate::plan::{Expr, GroupCodes};

/// Which quantiles: one number, or a list, which makes a dimension `quantile` in front.
pub trait IntoQuantiles {
    /// The numbers, and whether there is only one and no dimension.
    fn quantiles(self) -> (Vec<f64>, bool);
}

impl IntoQuantiles for f64 {
    fn quantiles(self) -> (Vec<f64>, bool) {
        (vec![self], true)
    }
}

impl<const N: usize> IntoQuantiles for [f64; N] {
    fn quantiles(self) -> (Vec<f64>, bool) {
        (self.to_vec(), false)
    }
}

impl IntoQuantiles for &[f64] {
    fn quantiles(self) -> (Vec<f64>, bool) {
        (self.to_vec(), false)
    }
}

impl IntoQuantiles for Vec<f64> {
    fn quantiles(self) -> (Vec<f64>, bool) {
        (self, false)
    }
}

impl DataArray {
    /// Quantiles over dimensions, missing values skipped, by linear interpolation: exact. One number, or a list, which makes a dimension
    /// `quantile` in front. f64, also of f32 (xarray's `quantile`). Needs whole columns in memory.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![5.0, 1.0, 4.0, 2.0, 3.0]);
    /// assert_eq!(t.quantile(0.5, "x").item()?, 3.0);
    /// assert_eq!(t.quantile([0.0, 0.875], "x").to_f64()?, [1.0, 4.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: impl IntoQuantiles, dims: impl IntoDims) -> Self {
        let (at, single) = q.quantiles();
        let array = self.quantiles(&at, single, dims, false);
        if array.error().is_some() {
            return array;
        }
        let labels = match single {
            true => Block::new(&[], at),
            false => Block::new(&[at.len()], at),
        };
        let dims = if single { Ok(Dims::none()) } else { Dims::new(["quantile"]) };
        match labels.and_then(|labels| Ok(Variable::from_block(dims?, labels))) {
            Ok(variable) => array.with_coord_variable("quantile", variable),
            Err(error) => self.fail(error),
        }
    }

    /// Medians over dimensions, missing values skipped; f32 stays f32 (xarray's `median`). Needs whole columns in memory.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![5.0, 1.0, f64::NAN, 2.0]);
    /// assert_eq!(t.median("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn median(&self, dims: impl IntoDims) -> Self {
        self.quantiles(&[0.5], true, dims, true)
    }

    #[track_caller]
    fn quantiles(&self, at: &[f64], single: bool, dims: impl IntoDims, keeps_f32: bool) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        if let Some(wrong) = at.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return self.fail(Error::invalid(format!("quantile {wrong} is not between 0 and 1")));
        }
        let axes = match dims.axes(self.dims()) {
            Ok(axes) => axes,
            Err(error) => return self.fail(error),
        };
        if axes.is_empty() {
            return self.fail(Error::invalid("a quantile over no dimension").hint("name one, or write ALL"));
        }
        let quantile = Quantile { at: at.into(), skip_missing: true, groups: None, least: 1, keeps_f32 };
        let axis = axes[0];
        let name =
            if self.dims().contains("quantile") { self.dims().name(axis).to_string() } else { "quantile".to_owned() };
        let expr = self.variable.expr().along(axes, AxisOp::Quantile(quantile), &name);
        if expr.error().is_some() {
            return self.with_values(expr);
        }
        if single {
            return self.with_fewer_dims(expr.squeeze(&[axis]));
        }
        let order = std::iter::once(axis).chain((0..expr.shape().len()).filter(|&a| a != axis)).collect();
        self.with_fewer_dims(expr.transpose(order))
    }

    /// One quantile of every group of positions.
    #[track_caller]
    pub(super) fn group_quantile(&self, codes: GroupCodes, axis: usize, dim: &str, q: f64, keeps_f32: bool) -> Expr {
        let quantile = Quantile {
            at: [q].into(),
            skip_missing: true,
            groups: Some((codes.codes, codes.n_groups)),
            least: 1,
            keeps_f32,
        };
        self.variable.expr().along(vec![axis], AxisOp::Quantile(quantile), dim)
    }

    /// The position of the greatest value along a dimension, the first of equal ones; missing values skipped (i64; xarray's `argmax`).
    /// Two passes over the data. Where all values are missing there is none: an error (see [`DataArray::idxmax`]).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 5.0, f64::NAN, 5.0]).with_coord("x", vec![10.0, 20.0, 30.0, 40.0]);
    /// assert_eq!(t.argmax("x").to_vec::<i64>()?, [1]);
    /// assert_eq!(t.idxmax("x").item()?, 20.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(&self, dim: &str) -> Self {
        self.place_of(ReduceOp::Max, dim, |_| Ok(Lookup::positions()))
    }

    /// The position of the least value along a dimension; see [`DataArray::argmax`].
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.argmin("x").cast(DType::F64).to_f64()?, [0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmin(&self, dim: &str) -> Self {
        self.place_of(ReduceOp::Min, dim, |_| Ok(Lookup::positions()))
    }

    /// The positions of the values along a dimension in ascending order, equal ones in theirs and missing ones last (i64; xarray's `argsort`, which
    /// takes an axis). Lazy; needs whole columns.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![3.0, f64::NAN, 1.0, 2.0]);
    /// assert_eq!(t.argsort("x").to_vec::<i64>()?, [2, 3, 0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argsort(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::SortedPositions)
    }

    /// The label of the greatest value along a dimension; missing where all values are (xarray's `idxmax`). Integer labels become
    /// floats. Two passes over the data.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.idxmax("x").item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn idxmax(&self, dim: &str) -> Self {
        self.place_of(ReduceOp::Max, dim, |array| Lookup::labels(&array.labels(dim)?.values()?))
    }

    /// The label of the least value along a dimension; see [`DataArray::idxmax`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.idxmin("x").item()?, 0.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn idxmin(&self, dim: &str) -> Self {
        self.place_of(ReduceOp::Min, dim, |array| Lookup::labels(&array.labels(dim)?.values()?))
    }

    #[track_caller]
    fn place_of(&self, extreme: ReduceOp, dim: &str, labels: impl FnOnce(&Self) -> Result<Lookup>) -> Self {
        let built = || -> Result<Self> {
            self.check()?;
            let axis = self.dims().axis(dim)?;
            let x = self.variable.expr();
            let len = self.shape()[axis] as usize;
            let places = Expr::constant(Dims::new([dim])?, Block::new(&[len], (0..len).map(|i| i as f64).collect())?);
            let best = x.reduce(vec![axis], extreme, ReduceOptions::default());
            // The first place that holds the extreme; missing values are equal to nothing.
            let is_best = x.binary(BinaryOp::Eq, &best);
            let all = places.broadcast_to(x.dims(), x.shape().to_vec()).mask(&is_best);
            let first = all.reduce(vec![axis], ReduceOp::Min, ReduceOptions::default());
            self.with_fewer_dims(first.unary(UnaryOp::Lookup(labels(self)?))).checked()
        };
        self.or_fail(built())
    }

    /// The position of the greatest value over several dimensions: a variable for each, under its name (xarray's `argmax(dim=[...])`). The
    /// first of equal ones in C order. Two passes over the data.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 3], vec![1.0, 2.0, 3.0, 9.0, 5.0, 6.0]);
    /// let place = t.argmax_over(["y", "x"]);
    /// assert_eq!((place.var("y").item()?, place.var("x").item()?), (1.0, 0.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax_over(&self, dims: impl IntoDims) -> Dataset {
        self.places_over(ReduceOp::Max, &dims)
    }

    /// The position of the least value over several dimensions (xarray's `argmin(dim=[...])`); see [`DataArray::argmax_over`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 3], vec![4.0, 2.0, 3.0, 9.0, 5.0, 1.0]);
    /// let place = t.argmin_over(["y", "x"]);
    /// assert_eq!((place.var("y").item()?, place.var("x").item()?), (1.0, 2.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmin_over(&self, dims: impl IntoDims) -> Dataset {
        self.places_over(ReduceOp::Min, &dims)
    }

    #[track_caller]
    fn places_over(&self, extreme: ReduceOp, dims: &impl IntoDims) -> Dataset {
        let built = || -> Result<Dataset> {
            self.check()?;
            let axes = dims.axes(self.dims())?;
            let x = self.variable.expr();
            let names: Vec<String> = axes.iter().map(|&axis| self.dims().name(axis).to_string()).collect();
            let mut numbers: Option<Self> = None;
            let mut stride = 1u64;
            let mut strides = vec![1; axes.len()];
            for (k, &axis) in axes.iter().enumerate().rev() {
                let len = self.shape()[axis];
                strides[k] = stride;
                let along = (0..len).map(|i| (i * stride) as f64).collect();
                let along = Self::from_vec([&*names[k]], &[len as usize], along);
                numbers = Some(numbers.map_or_else(|| along.clone(), |numbers| along.clone() + numbers));
                stride = stride.saturating_mul(len);
            }
            let Some(numbers) = numbers.filter(|_| stride < 1 << 53) else {
                return Err(Error::invalid("no dimension to search, or more positions than can be counted"));
            };
            let numbers = numbers.variable.expr().broadcast_to(x.dims(), x.shape().to_vec());
            let is_best = x.binary(BinaryOp::Eq, &x.reduce(axes.clone(), extreme, ReduceOptions::default()));
            let first = numbers.mask(&is_best).reduce(axes.clone(), ReduceOp::Min, ReduceOptions::default());
            let number = self.with_fewer_dims(first.unary(UnaryOp::Lookup(Lookup::positions()))).checked()?;
            axes.iter().enumerate().try_fold(Dataset::default(), |places, (k, &axis)| {
                let place = number.floor_div(strides[k] as i64).rem(self.shape()[axis] as i64);
                places.with_var(&names[k], &place.with_attrs(Default::default()))
            })
        };
        self.to_dataset().or_failing(built().map_err(|error| error.context("argmax_over")))
    }

    /// The positions of a dimension in ascending order of a 1-D coordinate, equal ones in their order (xarray's `sortby`). Reads the
    /// coordinate.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[3], vec![1, 2, 3]).with_coord("lat", vec![60.0, 20.0, 40.0]);
    /// assert_eq!(t.sortby("lat").to_vec::<i32>()?, [2, 3, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sortby(&self, coord: &str) -> Self {
        self.sorted(coord, false)
    }

    /// As [`DataArray::sortby`], in descending order (xarray's `sortby(ascending=False)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.sortby_descending("y").to_f64()?, [3.0, 4.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sortby_descending(&self, coord: &str) -> Self {
        self.sorted(coord, true)
    }

    #[track_caller]
    fn sorted(&self, coord: &str, descending: bool) -> Self {
        let found = || -> Result<Self> {
            let (dim, values) = self.one_dimensional(coord)?;
            let mut places = ascending(&values)?;
            if descending {
                // As xarray: the ascending order turned round.
                places.reverse();
            }
            self.isel(&dim, places).checked()
        };
        self.or_fail(found().map_err(|error| error.context(format!("sortby(\"{coord}\")"))))
    }

    fn one_dimensional(&self, coord: &str) -> Result<(String, Block)> {
        self.check()?;
        let held: &Coord =
            self.coords().get(coord).ok_or_else(|| Error::unknown_name("coordinate", coord, self.coords().names()))?;
        if held.variable().dims().len() != 1 {
            return Err(Error::unsupported(format!(
                "`{coord}` has {} dimensions, one is needed",
                held.variable().dims().len()
            )));
        }
        Ok((held.variable().dims().name(0).to_string(), held.values()?))
    }

    /// Without positions of a dimension whose label stood before (xarray's `drop_duplicates`). Reads the coordinate.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]).with_coord("x", vec![7, 7, 8]);
    /// assert_eq!(t.drop_duplicates("x").to_vec::<i32>()?, [1, 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_duplicates(&self, dim: &str) -> Self {
        let found = || -> Result<Self> {
            let (along, values) = self.one_dimensional(dim)?;
            let (codes, labels) = super::group_by::sort_out(&values)?;
            let mut seen = vec![false; labels.len()];
            let mut missing = false;
            let first = |code: u32| !std::mem::replace(seen.get_mut(code as usize).unwrap_or(&mut missing), true);
            let kept: Vec<bool> = codes.iter().copied().map(first).collect();
            let kept: Vec<i64> = (0..kept.len()).filter(|&i| kept[i]).map(|i| i as i64).collect();
            self.isel(&along, kept).checked()
        };
        self.or_fail(found().map_err(|error| error.context(format!("drop_duplicates(\"{dim}\")"))))
    }
}

/// Positions in ascending order of values, missing ones last; equal ones in their order.
fn ascending(values: &Block) -> Result<Vec<i64>> {
    let mut places: Vec<i64> = (0..values.len() as i64).collect();
    if let Some(texts) = values.text() {
        places.sort_by(|&a, &b| texts.value(a as usize).cmp(texts.value(b as usize)));
        return Ok(places);
    }
    if values.dtype().storage() == DType::I64 {
        let held = values.contiguous()?;
        let all = held.values::<i64>()?;
        let missing = values.dtype().is_time_like();
        places.sort_by_key(|&place| (missing && all[place as usize] == i64::MIN, all[place as usize]));
        return Ok(places);
    }
    let all = values.to_f64()?;
    places.sort_by(|&a, &b| {
        let (x, y) = (all[a as usize], all[b as usize]);
        x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
    });
    Ok(places)
}

impl GroupBy {
    /// The median of every group, missing values skipped.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 7, 7]);
    /// assert_eq!(t.group_by("x").median().to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn median(&self) -> DataArray {
        self.of_order(0.5, true)
    }

    /// A quantile of every group, missing values skipped; f64 (xarray's `groupby(...).quantile(q)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 7, 7]);
    /// assert_eq!(t.group_by("x").quantile(0.75).to_f64()?, [3.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> DataArray {
        if !(0.0..=1.0).contains(&q) {
            return self.array.fail(Error::invalid(format!("quantile {q} is not between 0 and 1")));
        }
        self.of_order(q, false)
    }

    #[track_caller]
    fn of_order(&self, q: f64, keeps_f32: bool) -> DataArray {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(error) => return self.array.fail(error.clone()),
        };
        let quantile = Quantile {
            at: Arc::from([q]),
            skip_missing: self.options.skip_missing,
            groups: Some((groups.codes.codes.clone(), groups.codes.n_groups)),
            least: self.options.min_count.unwrap_or(1),
            keeps_f32,
        };
        let expr = self.array.variable().expr().along(vec![groups.axis], AxisOp::Quantile(quantile), &groups.codes.dim);
        self.labelled(groups, expr)
    }
}
