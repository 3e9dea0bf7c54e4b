//! Groups of positions along a dimension: climatologies and anomalies.
use std::ops;
use std::panic::Location;
use std::sync::Arc;

use super::coords::Coord;
use super::time_component::time_component;
use super::{DataArray, Variable};
use crate::base::{Block, DType, Dims, Error, ErrorKind, Result};
use crate::compute::pointwise::{self, BinaryOp};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::GroupCodes;

/// An array whose positions along one dimension are sorted into groups (xarray's `groupby`). Missing keys are dropped, groups are in
/// order of their labels. A mistake made on the way travels inside.
///
/// ```
/// use terracube_cube::DataArray;
/// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 5.0]).with_coord("x", vec![7, 8, 7, 8]);
/// let mean = t.group_by("x").mean();
/// assert_eq!(mean.to_f64()?, [2.0, 3.5]);
/// let anomaly = t.group_by("x") - &mean;
/// assert_eq!(anomaly.to_f64()?, [-1.0, -1.5, 1.0, 1.5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupBy {
    pub(super) array: DataArray,
    pub(super) groups: Result<Groups>,
    pub(super) options: ReduceOptions,
    ddof: u32,
    /// The array as it was before several dimensions of it were joined to one, and the names of those.
    joined: Option<(DataArray, Vec<String>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Groups {
    pub(super) axis: usize,
    pub(super) codes: GroupCodes,
    pub(super) labels: Block,
}

impl DataArray {
    /// Groups by a component of times ("time.month", "time.season", "time.year", "time.dayofyear", "time.hour", "time.day",
    /// "time.minute", "time.second", "time.dayofweek", "time.quarter") or by the values of a 1-D coordinate. Reads that coordinate.
    /// A coordinate over several dimensions groups over all of them together.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").max().to_f64()?, [5.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn group_by(&self, key: &str) -> GroupBy {
        if let Some(coord) = self.coords.get(key).filter(|coord| coord.variable().dims().len() > 1) {
            let grouped = || -> Result<GroupBy> {
                let (codes, labels) = sort_out(&coord.values()?)?;
                self.grouped_over(coord.variable().dims(), codes, labels, key)
            };
            return GroupBy::or_failed(self, grouped().map_err(|error| error.context(format!("group_by(\"{key}\")"))));
        }
        let groups = match self.error() {
            Some(error) => Err(error.clone()),
            None => self.groups(key).map_err(|error| error.context(format!("group_by(\"{key}\")"))),
        };
        GroupBy::new(self, groups)
    }

    /// Groups by a code for every position over `dims` (in C order), which are joined to one if they are several.
    pub(super) fn grouped_over(&self, dims: &Dims, codes: Vec<u32>, labels: Block, name: &str) -> Result<GroupBy> {
        let codes = GroupCodes { codes: codes.into(), n_groups: labels.len() as u32, dim: name.into() };
        if dims.len() == 1 {
            let axis = self.dims().axis(dims.name(0))?;
            return Ok(GroupBy::new(self, Ok(Groups { axis, codes, labels })));
        }
        let names: Vec<String> = dims.iter().map(ToOwned::to_owned).collect();
        if names.is_empty() {
            return Err(Error::invalid("groups need a dimension, this key has none"));
        }
        // No label of a position says anything about its group.
        let plain = Self {
            coords: self.coords.filter(|coord| !coord.variable().dims().iter().any(|dim| dims.contains(dim))),
            ..self.clone()
        };
        let array = plain.stack("joined positions", &names).checked()?;
        let axis = array.dims().len() - 1;
        let groups = GroupBy::new(&array, Ok(Groups { axis, codes, labels }));
        Ok(GroupBy { joined: Some((self.clone(), names)), ..groups })
    }

    pub(super) fn groups(&self, key: &str) -> Result<Groups> {
        let (coord, dim, values) = match self.coords.get(key) {
            Some(coord) => (coord, key, coord.values()?),
            None => {
                let (name, field) = key.rsplit_once('.').unwrap_or((key, ""));
                let unknown = || Error::unknown_name("coordinate", name, self.coords.names());
                let coord = self.coords.get(name).ok_or_else(unknown)?;
                if field.is_empty() {
                    return Err(unknown());
                }
                (coord, field, time_component(name, field, &coord.values()?)?)
            }
        };
        if values.rank() != 1 {
            let message = format!("coordinate `{}` has {} dimensions, groups need one", coord.name(), values.rank());
            return Err(Error::unsupported(message));
        }
        let axis = self.dims().axis(coord.variable().dims().name(0))?;
        let (codes, labels) = sort_out(&values)?;
        let n_groups = labels.len() as u32;
        Ok(Groups { axis, codes: GroupCodes { codes: codes.into(), n_groups, dim: dim.into() }, labels })
    }
}

/// For every value the place of its group (`u32::MAX` if it is missing), and the labels of the groups in order.
pub(super) fn sort_out(values: &Block) -> Result<(Vec<u32>, Block)> {
    if let Some(texts) = values.text() {
        let mut labels: Vec<&str> = (0..values.len()).map(|i| texts.value(i)).filter(|text| !text.is_empty()).collect();
        labels.sort_unstable();
        labels.dedup();
        let place = |i| labels.binary_search(&texts.value(i)).map_or(u32::MAX, |place| place as u32);
        return Ok(((0..values.len()).map(place).collect(), Block::from_strings(&[labels.len()], &labels)?));
    }
    let values = values.contiguous()?;
    let dtype = values.dtype();
    crate::base::dispatch_numeric!(dtype, T => {
        let all = values.values::<T>()?;
        let is_missing = |value: T| crate::base::Element::is_missing(value) || value.missing_time();
        let mut labels: Vec<T> = all.iter().copied().filter(|&value| !is_missing(value)).collect();
        let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
        labels.sort_unstable_by(order);
        labels.dedup();
        if labels.len() >= u32::MAX as usize {
            return Err(Error::unsupported("more than four billion groups"));
        }
        let place = |value: &T| {
            if is_missing(*value) { return u32::MAX; }
            labels.binary_search_by(|label| order(label, value)).map_or(u32::MAX, |place| place as u32)
        };
        let codes = all.iter().map(place).collect();
        Ok((codes, Block::with_dtype(dtype, &[labels.len()], labels)?))
    }, text => Err(Error::internal("strings are sorted out above")))
}

/// Whether an i64 is the missing time.
trait MissingTime {
    fn missing_time(&self) -> bool;
}

impl<T: crate::base::Element> MissingTime for T {
    fn missing_time(&self) -> bool {
        // Only i64 holds times and their components, and only its smallest value is this number.
        T::DTYPE == DType::I64 && self.to_i64() == Some(i64::MIN)
    }
}

impl GroupBy {
    #[track_caller]
    pub(super) fn new(array: &DataArray, groups: Result<Groups>) -> Self {
        let groups = match array.error() {
            Some(error) => Err(error.clone()),
            None => match groups {
                Ok(groups) => Ok(groups),
                Err(error) => Err(error.at(Location::caller())),
            },
        };
        Self { array: array.clone(), groups, options: ReduceOptions::default(), ddof: 0, joined: None }
    }

    /// What was built, or groups of the array that carry the mistake.
    #[track_caller]
    pub(super) fn or_failed(array: &DataArray, built: Result<Self>) -> Self {
        match built {
            Ok(groups) => groups,
            Err(error) => Self::new(array, Err(error)),
        }
    }

    /// Results of groups with fewer than `n` values that are not missing are missing: `resample("time", "YS").min_count(10).mean()`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").min_count(2).mean().fillna(-1.0).to_f64()?, [3.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min_count(&self, n: u64) -> Self {
        Self { options: ReduceOptions { min_count: Some(n), ..self.options }, ..self.clone() }
    }

    /// A missing value in a group makes its result missing (xarray's `skipna=False`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).with_coord("x", vec![7, 7, 8]);
    /// assert_eq!(t.group_by("x").keep_nan().mean().fillna(-1.0).to_f64()?, [-1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn keep_nan(&self) -> Self {
        Self { options: ReduceOptions { skip_missing: false, ..self.options }, ..self.clone() }
    }

    /// Variances and standard deviations divide by the count less `n`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).with_coord("x", vec![7, 7]);
    /// assert_eq!(t.group_by("x").ddof(1).var().to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ddof(&self, n: u32) -> Self {
        Self { ddof: n, ..self.clone() }
    }

    /// Whether several dimensions were joined to one.
    pub(super) fn is_joined(&self) -> bool {
        self.joined.is_some()
    }

    /// The number of groups; 0 if a mistake was made.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!((t.group_by("x").n_groups(), t.group_by("y").n_groups()), (2, 0));
    /// ```
    pub fn n_groups(&self) -> usize {
        self.groups.as_ref().map_or(0, |groups| groups.labels.len())
    }

    /// The mistake that was made while grouping. Reductions return it too.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert!(t.group_by("x").error().is_none() && t.group_by("y").error().is_some());
    /// assert!(t.group_by("y").mean().to_f64().is_err());
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.groups.as_ref().err()
    }

    #[track_caller]
    pub(super) fn reduced(&self, op: ReduceOp) -> DataArray {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(error) => return self.array.fail(error.clone()),
        };
        let expr = self.array.variable().expr();
        let op = match op {
            ReduceOp::Var { .. } => ReduceOp::Var { ddof: self.ddof },
            ReduceOp::Std { .. } => ReduceOp::Std { ddof: self.ddof },
            other => other,
        };
        let expr = expr.group_reduce(groups.axis, groups.codes.clone(), vec![], op, self.options);
        self.labelled(groups, expr)
    }

    /// Values of groups as an array with the labels of the groups.
    #[track_caller]
    pub(super) fn labelled(&self, groups: &Groups, expr: crate::plan::Expr) -> DataArray {
        let mut array = self.array.with_fewer_dims(expr);
        if array.error().is_none() {
            // Where groups take the name of the dimension, what labelled its positions does not label them.
            let dim = self.array.dims().name(groups.axis).clone();
            array.coords = array.coords.filter(|coord| !coord.variable().dims().contains(&dim));
            array.coords.set(groups.coord(&groups.codes.dim));
        }
        array
    }

    /// The members' values and those of their groups in `other`, which must have the dimension of the groups.
    #[track_caller]
    fn binary(&self, op: BinaryOp, other: &DataArray) -> DataArray {
        DataArray::from_result(self.against(op, other))
    }

    #[track_caller]
    fn against(&self, op: BinaryOp, other: &DataArray) -> Result<DataArray> {
        let groups = self.groups.as_ref().map_err(Clone::clone)?;
        if let Some(error) = other.error() {
            return Err(error.clone());
        }
        let key = &*groups.codes.dim;
        let dim = self.array.dims().name(groups.axis).clone();
        let axis = other.dims().axis(key).map_err(|error| {
            error.hint(format!("the other array must hold one value per group: it needs the dimension `{key}`"))
        })?;
        let places = match other.coords().get(key) {
            Some(coord) => groups.places_in(&coord.values()?, key)?,
            None if other.shape()[axis] == groups.labels.len() as u64 => (0..groups.labels.len() as i64).collect(),
            None => {
                let message = format!(
                    "`{key}` of the other array has no labels, and {} positions for {} groups",
                    other.shape()[axis],
                    groups.labels.len()
                );
                return Err(Error::mismatch(message)
                    .hint(format!("give it the labels of its groups: `.with_coord(\"{key}\", ...)`")));
            }
        };
        let indices: Arc<[i64]> =
            groups.codes.codes.iter().map(|&code| places.get(code as usize).copied().unwrap_or(-1)).collect();
        // Members without a group become missing, which integers cannot say.
        let expr = other.variable().expr();
        let expr = match indices.contains(&-1) && expr.dtype().is_integer() {
            true => expr.cast(DType::F64),
            false => expr.clone(),
        };
        let mut spread = other.with_fewer_dims(expr.take(axis, indices, &dim));
        // What labels the groups does not label their members.
        spread.coords = spread
            .coords
            .filter(|coord| other.coords().get(coord.name()).is_none_or(|held| !held.variable().dims().contains(key)));
        let mut array = self.array.binary(op, &spread, false).checked()?;
        array.name = self.array.name.clone();
        if let Some((whole, names)) = &self.joined {
            return array.taken_apart(whole, names);
        }
        if key != &*dim {
            let labels: Arc<[i64]> =
                groups.codes.codes.iter().map(|&code| if code == u32::MAX { -1 } else { i64::from(code) }).collect();
            // Integers cannot say that a member has no group.
            let values = match labels.contains(&-1) && groups.labels.dtype().is_integer() {
                true => pointwise::cast(&groups.labels, DType::F64)?,
                false => groups.labels.clone(),
            };
            let along = Variable::from_block(Dims::new([&*dim])?, values.take(0, &labels)?);
            array.coords.set(Coord::new(key, along));
        }
        Ok(array)
    }
}

impl DataArray {
    /// Joined dimensions as they were before: values of this, coordinates and order of dimensions of `whole`.
    #[track_caller]
    fn taken_apart(&self, whole: &Self, names: &[String]) -> Result<Self> {
        let mut expr = self.variable.expr().clone();
        let axis = expr.shape().len() - 1;
        for k in (1..names.len()).rev() {
            let before = if k == 1 { names[0].clone() } else { format!("{} and before", names[k - 1]) };
            let len = whole.shape()[whole.dims().axis(&names[k])?];
            expr = expr.split(axis, len, [&before, &names[k]]);
        }
        let apart = Self::from_expr(expr).checked()?;
        let array = apart.transpose(whole.dims().iter()).checked()?;
        Ok(Self { name: self.name.clone(), coords: whole.coords.clone(), ..array }.with_attrs(self.attrs().clone()))
    }
}

impl Groups {
    pub(super) fn coord(&self, name: &str) -> Coord {
        let dims = Dims::new([name]).unwrap_or_else(|_| Dims::none());
        Coord::new(name, Variable::from_block(dims, self.labels.clone()))
    }

    /// Where each group stands in the labels of another array; an error for a group that is not there.
    fn places_in(&self, labels: &Block, key: &str) -> Result<Vec<i64>> {
        let missing = |label: String| {
            Error::new(ErrorKind::NotFound, format!("group {label} of `{key}` is not in the other array"))
                .hint("compute the group means over data that holds every group")
        };
        if let (Some(own), Some(other)) = (self.labels.text(), labels.text()) {
            let find = |i: usize| (0..labels.len()).position(|k| other.value(k) == own.value(i));
            return (0..self.labels.len())
                .map(|i| find(i).map(|k| k as i64).ok_or_else(|| missing(format!("\"{}\"", own.value(i)))))
                .collect();
        }
        if self.labels.dtype() == labels.dtype() && labels.dtype().storage() == DType::I64 {
            let (own, other) = (self.labels.contiguous()?, labels.contiguous()?);
            return places(own.values::<i64>()?, other.values::<i64>()?, missing);
        }
        places(&self.labels.to_f64()?, &labels.to_f64()?, missing)
    }
}

/// Where each of `own` stands in `other`.
fn places<T: PartialEq + ToString>(own: &[T], other: &[T], missing: impl Fn(String) -> Error) -> Result<Vec<i64>> {
    own.iter()
        .map(|label| {
            let place = other.iter().position(|candidate| candidate == label);
            place.map(|k| k as i64).ok_or_else(|| missing(label.to_string()))
        })
        .collect()
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl GroupBy {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> DataArray { self.reduced($op) })*
        }
    };
}
reductions! {
    /// The mean of every group, missing values skipped. The grouped dimension becomes that of the groups. Lazy; one pass.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// let means = t.group_by("x").mean();
    /// assert_eq!((means.to_f64()?, means.coord("x").to_f64()?), (vec![2.0, 5.0], vec![7.0, 8.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean => ReduceOp::Mean;
    /// The sum of every group, missing values skipped: 0 of nothing (xarray's `groupby(...).sum()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").sum().to_f64()?, [4.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum => ReduceOp::Sum;
    /// The least value of every group, missing values skipped (xarray's `groupby(...).min()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").min().to_f64()?, [1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min => ReduceOp::Min;
    /// The greatest value of every group, missing values skipped (xarray's `groupby(...).max()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").max().to_f64()?, [3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max => ReduceOp::Max;
    /// The variance of every group; see [`DataArray::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").var().to_f64()?, [4.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    var => ReduceOp::Var { ddof: 0 };
    /// The standard deviation of every group; see [`DataArray::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").std().to_f64()?, [2.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std => ReduceOp::Std { ddof: 0 };
    /// How many values of every group are not missing (i64; xarray's `groupby(...).count()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").count().to_vec::<i64>()?, [2, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count => ReduceOp::Count;
    /// The product of every group, missing values skipped: 1 of nothing (xarray's `groupby(...).prod()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![2.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").prod().to_f64()?, [6.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    prod => ReduceOp::Prod;
    /// The first value of every group that is not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![f64::NAN, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").first().to_f64()?, [3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    first => ReduceOp::First;
    /// The last value of every group that is not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").last().to_f64()?, [1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    last => ReduceOp::Last;
    /// Whether any value of every group holds (bool).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 5]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.gt(2).group_by("x").any().to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    any => ReduceOp::Any;
    /// Whether all values of every group hold (bool).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 3, 5]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.gt(2).group_by("x").all().to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    all => ReduceOp::All;
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        operators!(@one $trait $method $op GroupBy, DataArray);
        operators!(@one $trait $method $op GroupBy, &DataArray);
        operators!(@one $trait $method $op &GroupBy, DataArray);
        operators!(@one $trait $method $op &GroupBy, &DataArray);
    )*};
    (@one $trait:ident $method:ident $op:ident $left:ty, $right:ty) => {
        impl ops::$trait<$right> for $left {
            type Output = DataArray;
            #[track_caller]
            fn $method(self, other: $right) -> DataArray { GroupBy::binary(&self, BinaryOp::$op, &other) }
        }
    };
}
operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
}
