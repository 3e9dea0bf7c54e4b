//! Several arrays brought to the same labels, or put one behind the other.
use std::sync::Arc;

use super::coords::{Coord, Coords};
use super::group_by::sort_out;
use super::index::{AxisMatch, Fill};
use super::operand::Operand;
use super::{DataArray, Dataset, Variable};
use crate::base::{Block, DType, Dims, Error, Result, placed};
use crate::compute::pointwise::{cast, masked_dtype, promote};
use crate::plan::Expr;

/// Which labels a result has where arrays have different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Those that all have, in the order of the first.
    Inner,
    /// Those that any has, sorted.
    Outer,
    /// Those of the first.
    Left,
    /// Those of the last.
    Right,
    /// Different labels are a mistake.
    Exact,
}

/// The same arrays with the same labels along the dimensions that they share (xarray's `align`). Values without a counterpart are
/// missing; integers become floats where that happens. Reads the coordinates.
///
/// ```
/// use terracube_cube::{DataArray, data::{Join, align}};
/// let a = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![1, 2]);
/// let b = DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]).with_coord("x", vec![2, 3]);
/// let both = align(&[&a, &b], Join::Outer)?;
/// assert_eq!(both[1].fillna(0.0).to_f64()?, [0.0, 5.0, 6.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If labels cannot be compared or stand twice, or differ under [`Join::Exact`].
pub fn align(arrays: &[&DataArray], join: Join) -> Result<Vec<DataArray>> {
    aligned(arrays, join)
}

pub(super) fn aligned(arrays: &[&DataArray], join: Join) -> Result<Vec<DataArray>> {
    for array in arrays {
        array.check()?;
    }
    let mut dims: Vec<String> = Vec::new();
    for dim in arrays.iter().flat_map(|array| array.dims().iter()) {
        if !dims.iter().any(|held| held == dim) {
            dims.push(dim.to_owned());
        }
    }
    let mut result: Vec<DataArray> = arrays.iter().map(|array| (*array).clone()).collect();
    for dim in &dims {
        let labels: Vec<&Coord> = arrays.iter().filter_map(|array| labels_of(array, dim)).collect();
        let Some(wanted) = joined_labels(&labels, join, dim)? else { continue };
        for array in &mut result {
            if labels_of(array, dim).is_some() {
                *array = array.reindexed(dim, &wanted, Fill::None, None).checked()?;
            }
        }
    }
    Ok(result)
}

fn labels_of<'a>(array: &'a DataArray, dim: &str) -> Option<&'a Coord> {
    array.coords().get(dim).filter(|coord| coord.is_dimension() && array.dims().contains(dim))
}

/// The labels of the result; `None` if all have the same.
fn joined_labels(coords: &[&Coord], join: Join, dim: &str) -> Result<Option<Coord>> {
    let Some((first, rest)) = coords.split_first() else { return Ok(None) };
    let own = first.index()?;
    let mut same = true;
    for other in rest {
        same = same && (first.is_same(other) || own.same_as(&*other.index()?) == AxisMatch::Equal);
    }
    if same {
        return Ok(None);
    }
    let labels = match join {
        Join::Left => return Ok(Some((*first).clone())),
        Join::Right => return Ok(coords.last().map(|coord| (*coord).clone())),
        Join::Exact => {
            let extents: Vec<String> = coords.iter().map(|c| c.index().map(|i| i.extent())).collect::<Result<_>>()?;
            return Err(Error::mismatch(format!("`{dim}` has different labels: {}", extents.join("; ")))
                .hint("select the same labels, or choose `Join::Inner`, `Join::Outer` or `Join::Left`"));
        }
        Join::Inner => {
            let mut positions: Vec<i64> = (0..own.len() as i64).collect();
            for other in rest {
                let found = other.index()?.positions_of(&own, Fill::None, None)?;
                positions.retain(|&position| found[position as usize] >= 0);
            }
            first.values()?.take(0, &positions)?
        }
        Join::Outer => {
            let mut dtype = first.variable().dtype();
            for other in rest {
                dtype = promote(dtype, other.variable().dtype())?;
            }
            let blocks = coords.iter().map(|coord| cast(&coord.values()?, dtype)).collect::<Result<Vec<Block>>>()?;
            sort_out(&Block::concat(0, &blocks)?)?.1
        }
    };
    let variable = Variable::from_block(Dims::new([dim])?, labels).with_attrs(first.variable().attrs().clone());
    Ok(Some(Coord::new(dim, variable)))
}

impl DataArray {
    /// The values at the labels of another 1-D array, missing where there is no such label; integers become floats then (xarray's
    /// `reindex`). Reads the coordinate.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![10, 20]);
    /// let wanted = DataArray::from_vec(["x"], &[3], vec![20, 15, 10]);
    /// assert_eq!(t.reindex("x", &wanted).fillna(-1.0).to_f64()?, [2.0, -1.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reindex(&self, dim: &str, labels: &DataArray) -> Self {
        self.reindex_near(dim, labels, Fill::None, None)
    }

    /// As [`DataArray::reindex`], with the label that stands for one that is not there, at most `tolerance` away (in units of the labels;
    /// counts for times).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Fill};
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// let at = DataArray::from_vec(["x"], &[2], vec![0.9, 7.0]);
    /// assert_eq!(t.reindex_near("x", &at, Fill::Nearest, Some(0.5)).fillna(-1.0).to_f64()?, [2.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reindex_near(&self, dim: &str, labels: &DataArray, fill: Fill, tolerance: Option<f64>) -> Self {
        match labels.as_labels(dim) {
            Ok(coord) => self.reindexed(dim, &coord, fill, tolerance),
            Err(error) => self.fail(error),
        }
    }

    /// As [`DataArray::reindex`], with a value where there is no such label (xarray's `fill_value`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// let at = DataArray::from_vec(["x"], &[2], vec![1.0, 9.0]);
    /// assert_eq!(t.reindex_with("x", &at, 0.0).to_f64()?, [2.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reindex_with(&self, dim: &str, labels: &DataArray, value: impl Operand) -> Self {
        let found = || -> Result<Self> {
            let coord = labels.as_labels(dim)?;
            let positions = self.labels(dim)?.index()?.positions_of(&*coord.index()?, Fill::None, None)?;
            let inside = positions.iter().map(|&position| u8::from(position >= 0)).collect();
            let inside = Block::with_dtype(DType::Bool, &[positions.len()], inside)?;
            let inside = Self::from_block([dim], inside);
            // Whatever stands where nothing is found, it is replaced.
            let anywhere: Arc<[i64]> = positions.iter().map(|&position| position.max(0)).collect();
            self.at_positions(dim, anywhere, &coord)?.where_else(inside, value.into_operand()).checked()
        };
        self.or_fail(found().map_err(|error| error.context(format!("reindex along `{dim}`"))))
    }

    /// The values at the labels of `other` along every dimension that both have (xarray's `reindex_like`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.reindex_like(&t.isel("x", [3, 0])).to_f64()?, [4.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reindex_like(&self, other: &DataArray) -> Self {
        let shared: Vec<&Coord> = self.dims().iter().filter_map(|dim| labels_of(other, dim)).collect();
        shared.into_iter().fold(self.clone(), |array, coord| array.reindexed(coord.name(), coord, Fill::None, None))
    }

    fn as_labels(&self, dim: &str) -> Result<Coord> {
        self.check()?;
        if self.dims().len() != 1 {
            return Err(Error::mismatch(format!("labels of `{dim}` with the dimensions {:?}, not one", self.dims())));
        }
        let variable = Variable::from_block(Dims::new([dim])?, self.values()?.block().clone());
        Ok(Coord::new(dim, variable.with_attrs(self.attrs().clone())))
    }

    /// The dimension coordinate.
    pub(super) fn labels(&self, dim: &str) -> Result<&Coord> {
        self.dims().axis(dim)?;
        labels_of(self, dim).ok_or_else(|| {
            Error::invalid(format!("dimension `{dim}` has no labels")).hint("give it some with `with_coord`")
        })
    }

    #[track_caller]
    pub(super) fn reindexed(&self, dim: &str, labels: &Coord, fill: Fill, tolerance: Option<f64>) -> Self {
        let found = || -> Result<Self> {
            self.check()?;
            let positions = self.labels(dim)?.index()?.positions_of(&*labels.index()?, fill, tolerance)?;
            let missing = positions.contains(&-1);
            let array = match missing && self.dtype() != masked_dtype(self.dtype())? {
                true => self.cast(masked_dtype(self.dtype())?),
                false => self.clone(),
            };
            array.at_positions(dim, positions.into(), labels)
        };
        self.or_fail(found().map_err(|error| error.context(format!("reindex along `{dim}`"))))
    }

    /// The values at positions of a dimension, below zero missing, under new labels.
    #[track_caller]
    pub(super) fn at_positions(&self, dim: &str, positions: Arc<[i64]>, labels: &Coord) -> Result<Self> {
        let axis = self.dims().axis(dim)?;
        let take = |expr: &Expr| match expr.dims().position(dim) {
            Some(axis) if positions.contains(&-1) => {
                let dtype = masked_dtype(expr.dtype()).unwrap_or(expr.dtype());
                expr.cast(dtype).take(axis, positions.clone(), dim)
            }
            Some(axis) => expr.take(axis, positions.clone(), dim),
            None => expr.clone(),
        };
        let variable = self.variable.with_expr(self.variable.expr().take(axis, positions.clone(), dim));
        let mut coords = self.coords.filter(|coord| coord.name() != dim).map(|coord| coord.with_expr(take));
        coords.set(labels.clone());
        Self { name: self.name.clone(), variable, coords }.checked()
    }
}

/// Arrays one behind the other along a dimension: one that they have, or a new one in front (xarray's `concat`). Labels along other
/// dimensions must be the same; dtypes meet as in arithmetic; name and attributes are those of the first. Lazy.
///
/// ```
/// use terracube_cube::{DataArray, concat};
/// let a = DataArray::from_vec(["x"], &[2], vec![1, 2]).with_coord("x", vec![0, 1]);
/// let b = DataArray::from_vec(["x"], &[1], vec![3]).with_coord("x", vec![2]);
/// let both = concat(&[&a, &b], "x");
/// assert_eq!(both.to_vec::<i32>()?, [1, 2, 3]);
/// assert_eq!(both.coord("x").to_vec::<i32>()?, [0, 1, 2]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn concat(arrays: &[&DataArray], dim: &str) -> DataArray {
    DataArray::from_result(concatenated(arrays, dim).map_err(|error| error.context(format!("concat along `{dim}`"))))
}

#[track_caller]
fn concatenated(arrays: &[&DataArray], dim: &str) -> Result<DataArray> {
    let Some(first) = arrays.first() else { return Err(Error::invalid("nothing to concatenate")) };
    let is_new = arrays.iter().all(|array| !array.dims().contains(dim));
    // The labels along all other dimensions must be equal; along `dim` they are what is joined.
    let mut dtype = first.dtype();
    for (number, array) in arrays.iter().enumerate() {
        array.check()?;
        dtype = promote(dtype, array.dtype()).map_err(|error| error.context(format!("array {number}")))?;
        for other in array.dims().iter().filter(|name| *name != dim) {
            if let (Some(a), Some(b)) = (labels_of(first, other), labels_of(array, other)) {
                let equal = a.is_same(b) || a.index()?.same_as(&*b.index()?) == AxisMatch::Equal;
                if !equal {
                    let message = format!(
                        "array {number} has other labels along `{other}` than the first: {}, {}",
                        b.index()?.extent(),
                        a.index()?.extent()
                    );
                    return Err(Error::mismatch(message).hint("align them first: `align(&arrays, Join::Outer)`"));
                }
            }
        }
    }
    let order: Vec<String> = if is_new {
        std::iter::once(dim).chain(first.dims().iter()).map(ToOwned::to_owned).collect()
    } else {
        // An array without the dimension adds one position.
        let with = arrays.iter().find(|array| array.dims().contains(dim)).unwrap_or(first);
        with.dims().iter().map(ToOwned::to_owned).collect()
    };
    let parts: Vec<DataArray> = arrays
        .iter()
        .map(|array| {
            let array = if array.dims().contains(dim) { (*array).clone() } else { array.expand_dims(dim) };
            array.transpose(&order).checked()
        })
        .collect::<Result<_>>()?;
    let axis = parts[0].dims().axis(dim)?;
    let exprs = parts.iter().map(|part| part.variable.expr().cast(dtype)).collect();
    let expr = Expr::concat(exprs, axis);
    if let Some(error) = expr.error() {
        return Err(error.clone());
    }
    let coords = joined_coords(arrays, &parts, dim, is_new)?;
    let mut array = DataArray::from_expr(expr).with_attrs(first.attrs().clone());
    array.name = first.name.clone().filter(|name| arrays.iter().all(|other| other.name.as_ref() == Some(name)));
    array.coords = coords;
    Ok(array)
}

/// Coordinates along the dimension are joined; of the others those of the first stay if all agree on scalars.
fn joined_coords(arrays: &[&DataArray], parts: &[DataArray], dim: &str, is_new: bool) -> Result<Coords> {
    let mut coords = Coords::default();
    for coord in parts[0].coords.iter() {
        let name = coord.name();
        let others: Option<Vec<&Coord>> = parts.iter().map(|part| part.coords.get(name)).collect();
        let Some(all) = others else { continue };
        if coord.variable().dims().contains(dim) {
            let mut dtype = coord.variable().dtype();
            for other in &all {
                dtype = promote(dtype, other.variable().dtype())?;
            }
            let axis = coord.variable().dims().axis(dim)?;
            let exprs: Vec<Expr> = all.iter().map(|c| c.variable().expr().cast(dtype)).collect();
            let joined = Expr::concat(exprs, axis);
            let joined =
                if all.iter().all(|c| c.loaded().is_some()) { joined_in_memory(&all, dtype, axis)? } else { joined };
            coords.set(Coord::new(name, coord.variable().with_expr(joined)));
        } else if coord.variable().dims().is_empty() && is_new && !all_equal(&all)? {
            // A scalar that differs from array to array labels the new dimension.
            let blocks = all.iter().map(|c| c.values()?.reshape(&[1])).collect::<Result<Vec<_>>>()?;
            let mut dtype = blocks[0].dtype();
            for block in &blocks {
                dtype = promote(dtype, block.dtype())?;
            }
            let blocks = blocks.iter().map(|block| cast(block, dtype)).collect::<Result<Vec<_>>>()?;
            let along = Variable::from_block(Dims::new([dim])?, Block::concat(0, &blocks)?);
            coords.set(Coord::new(name, along.with_attrs(coord.variable().attrs().clone())));
        } else if arrays.iter().all(|array| array.coords.get(name).is_some()) {
            coords.set(coord.clone());
        }
    }
    Ok(coords)
}

#[track_caller]
fn joined_in_memory(coords: &[&Coord], dtype: DType, axis: usize) -> Result<Expr> {
    let blocks = coords.iter().map(|coord| cast(&coord.values()?, dtype)).collect::<Result<Vec<_>>>()?;
    Ok(Expr::constant(coords[0].variable().dims().clone(), Block::concat(axis, &blocks)?))
}

fn all_equal(coords: &[&Coord]) -> Result<bool> {
    let first = coords[0].values()?;
    for other in &coords[1..] {
        if !other.is_same(coords[0]) && !other.values()?.same_values(&first) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Datasets one behind the other along a dimension (xarray's `concat`): variables that have the dimension are joined, the others are
/// those of the first dataset; if none has it, every variable gets it.
///
/// ```
/// use terracube_cube::{DataArray, concat_datasets};
/// let part = |time: f64, v: f64| DataArray::from_vec(["time"], &[1], vec![v]).with_coord("time", vec![time]).named("t").to_dataset();
/// let joined = concat_datasets(&[&part(0.0, 5.0), &part(1.0, 7.0)], "time")?;
/// assert_eq!(joined.var("t").to_f64()?, [5.0, 7.0]);
/// assert_eq!(joined.coord("time").to_f64()?, [0.0, 1.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If a dataset lacks a variable of the first, or labels differ.
#[track_caller]
pub fn concat_datasets(datasets: &[&Dataset], dim: &str) -> Result<Dataset> {
    let Some(first) = datasets.first() else { return Err(Error::invalid("nothing to concatenate")) };
    let is_new = datasets.iter().all(|dataset| !dataset.dims().iter().any(|(name, _)| name == dim));
    let mut joined = Dataset::default().with_attrs(first.attrs().clone());
    for (name, variable) in first.variables() {
        let arrays: Vec<DataArray> = datasets.iter().map(|dataset| dataset.var(name)).collect();
        let references: Vec<&DataArray> = arrays.iter().collect();
        let array = match is_new || variable.dims().contains(dim) {
            true => concat(&references, dim).checked().map_err(|error| error.context(format!("`{name}`")))?,
            false => arrays[0].clone(),
        };
        joined = joined.with_var(name, &array)?;
    }
    Ok(joined)
}

/// The variables of several datasets in one (xarray's `merge`); a variable that several have must be the same there, or missing
/// nowhere but in one of them is filled from the other.
///
/// ```
/// use terracube_cube::{DataArray, Join, merge};
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).named("t").to_dataset();
/// let p = DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]).with_coord("x", vec![1, 2]).named("p").to_dataset();
/// let both = merge(&[&t, &p], Join::Inner)?;
/// assert_eq!((both.var("t").to_f64()?, both.var("p").to_f64()?), (vec![2.0], vec![5.0]));
/// assert!(merge(&[&t, &p], Join::Exact).is_err());
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If labels differ under [`Join::Exact`], or a variable stands twice with other values.
#[track_caller]
pub fn merge(datasets: &[&Dataset], join: Join) -> Result<Dataset> {
    placed(merged(datasets, join))
}

fn merged(datasets: &[&Dataset], join: Join) -> Result<Dataset> {
    let mut named: Vec<(String, DataArray)> = Vec::new();
    for dataset in datasets {
        for name in dataset.names() {
            let array = dataset.var(name);
            if let Some((_, held)) = named.iter().find(|(held, _)| held == name) {
                let same = held.variable.expr().id() == array.variable.expr().id()
                    || (held.dims() == array.dims() && held.values()?.block().same_values(array.values()?.block()));
                if !same {
                    return Err(Error::mismatch(format!("`{name}` stands in two datasets with other values"))
                        .hint("rename one of them, or drop it"));
                }
                continue;
            }
            named.push((name.to_owned(), array));
        }
    }
    let arrays: Vec<&DataArray> = named.iter().map(|(_, array)| array).collect();
    let arrays = aligned(&arrays, join)?;
    let attrs = datasets.first().map(|dataset| dataset.attrs().clone()).unwrap_or_default();
    named
        .iter()
        .zip(&arrays)
        .try_fold(Dataset::default().with_attrs(attrs), |merged, ((name, _), array)| merged.with_var(name, array))
}

/// Arrays over the same dims and labels, the values of each repeated along the dims it lacks (xarray's `broadcast`).
///
/// ```
/// use terracube_cube::{DataArray, broadcast};
/// let a = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
/// let b = DataArray::from_vec(["y"], &[2], vec![10.0, 20.0]);
/// let both = broadcast(&[&a, &b])?;
/// assert_eq!(both[0].shape(), [2, 2]);
/// assert_eq!((both[0].to_f64()?, both[1].to_f64()?), (vec![1.0, 1.0, 2.0, 2.0], vec![10.0, 20.0, 10.0, 20.0]));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If labels cannot be aligned.
pub fn broadcast(arrays: &[&DataArray]) -> Result<Vec<DataArray>> {
    let arrays = aligned(arrays, Join::Outer)?;
    let mut dims = Dims::none();
    let mut sizes: Vec<(String, u64)> = Vec::new();
    let mut coords = Coords::default();
    for array in &arrays {
        dims = dims.union(array.dims());
        for (dim, &len) in array.dims().iter().zip(array.shape()) {
            match sizes.iter().find(|(held, _)| held == dim) {
                Some((_, other)) if *other != len => {
                    return Err(Error::mismatch(format!("dimension `{dim}` has {other} positions and {len}")));
                }
                Some(_) => {}
                None => sizes.push((dim.to_owned(), len)),
            }
        }
        for coord in array.coords.iter().filter(|coord| coord.is_dimension()) {
            coords.set(coord.clone());
        }
    }
    let shape: Vec<u64> =
        dims.iter().filter_map(|dim| sizes.iter().find(|(held, _)| held == dim).map(|(_, len)| *len)).collect();
    arrays
        .iter()
        .map(|array| {
            let expr = array.variable.expr().broadcast_to(&dims, shape.clone());
            let mut all = array.coords.clone();
            coords.iter().for_each(|coord| all.set(coord.clone()));
            DataArray { name: array.name.clone(), variable: array.variable.with_expr(expr), coords: all }.checked()
        })
        .collect()
}
