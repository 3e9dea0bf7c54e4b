//! Functions of the user's: over blocks, along dimensions, as reductions.
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::{DataArray, GroupBy, IntoDims};
use crate::base::{Block, DType, Error, Result};
use crate::compute::along::{AxisOp, LineFunction, Named, OwnBlocks, OwnFunction};
use crate::compute::reduce::{OwnId, OwnReduction, ReduceOp, ReduceOptions};

/// Functions along a dimension by name.
static REGISTERED: LazyLock<RwLock<HashMap<String, Arc<LineFunction>>>> = LazyLock::new(RwLock::default);

/// Registers a function from the values along a dimension to one number under a name, for [`DataArray::apply_named`]. A plan that uses
/// it by name can run in any process that registers the same; a closure cannot ("local only" in `explain()`).
///
/// ```
/// use terracube_cube::{DataArray, register_function};
/// register_function("spread", |values| values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min));
/// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]);
/// assert_eq!(t.apply_named("spread", "x").item()?, 4.0);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub fn register_function(name: &str, function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) {
    let mut known = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    known.insert(name.to_owned(), Arc::new(move |values| vec![function(values)]));
}

/// A reduction given by functions over a state of `N` numbers for each result: `init` is the state that has seen nothing, `update` takes
/// in a value, `merge` another state (chunks are reduced in any order, so the order must not matter), `finish` gives the result.
///
/// ```
/// use terracube_cube::{DataArray, Reduction};
/// let range = Reduction::new(
///     [f64::INFINITY, f64::NEG_INFINITY],
///     |state, x| *state = [state[0].min(x), state[1].max(x)],
///     |state, other| *state = [state[0].min(other[0]), state[1].max(other[1])],
///     |state| state[1] - state[0],
/// );
/// let t = DataArray::from_vec(["time", "x"], &[3, 2], vec![1.0, 5.0, 4.0, f64::NAN, 2.0, 6.0]);
/// assert_eq!(t.reduce_with(&range, "time").to_f64()?, [3.0, 1.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reduction(OwnId);

impl Reduction {
    /// A reduction of this process only; its functions are kept until the process ends.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Reduction};
    /// let largest = Reduction::new([f64::MIN], |s, x| s[0] = s[0].max(x), |s, other| s[0] = s[0].max(other[0]), |s| s[0]);
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 3.0]);
    /// assert_eq!(t.reduce_with(&largest, "x").item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn new<const N: usize>(
        init: [f64; N],
        update: impl Fn(&mut [f64; N], f64) + Send + Sync + 'static,
        merge: impl Fn(&mut [f64; N], &[f64; N]) + Send + Sync + 'static,
        finish: impl Fn(&[f64; N]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::kept(None, init, update, merge, finish)
    }

    /// A reduction with a name, by which other processes can find their own.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Reduction};
    /// Reduction::registered("sum of squares", [0.0], |s, x| s[0] += x * x, |s, other| s[0] += other[0], |s| s[0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![3.0, 4.0]);
    /// assert_eq!(t.reduce_with(&Reduction::named("sum of squares")?, "x").item()?, 25.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn registered<const N: usize>(
        name: &str,
        init: [f64; N],
        update: impl Fn(&mut [f64; N], f64) + Send + Sync + 'static,
        merge: impl Fn(&mut [f64; N], &[f64; N]) + Send + Sync + 'static,
        finish: impl Fn(&[f64; N]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::kept(Some(name.into()), init, update, merge, finish)
    }

    /// The reduction that was registered under a name.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Reduction};
    /// Reduction::registered("sum of cubes", [0.0], |s, x| s[0] += x * x * x, |s, other| s[0] += other[0], |s| s[0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// assert_eq!(t.reduce_with(&Reduction::named("sum of cubes")?, "x").item()?, 9.0);
    /// assert!(Reduction::named("sum of nothing").is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is none.
    #[track_caller]
    pub fn named(name: &str) -> Result<Self> {
        OwnId::named(name).map(Self)
    }

    #[track_caller]
    fn kept<const N: usize>(
        name: Option<Arc<str>>,
        init: [f64; N],
        update: impl Fn(&mut [f64; N], f64) + Send + Sync + 'static,
        merge: impl Fn(&mut [f64; N], &[f64; N]) + Send + Sync + 'static,
        finish: impl Fn(&[f64; N]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        // States are cut from one vector: each is `N` numbers long.
        let update = move |state: &mut [f64], x: f64| {
            if let Some(state) = state.first_chunk_mut() {
                update(state, x);
            }
        };
        let merge = move |state: &mut [f64], other: &[f64]| {
            if let (Some(state), Some(other)) = (state.first_chunk_mut(), other.first_chunk()) {
                merge(state, other);
            }
        };
        let finish = move |state: &[f64]| state.first_chunk().map_or(f64::NAN, &finish);
        let (update, merge, finish) = (Box::new(update), Box::new(merge), Box::new(finish));
        Self(OwnId::keep(OwnReduction { name, init: init.to_vec(), update, merge, finish }))
    }
}

impl DataArray {
    /// A reduction of the user's over dimensions, in f64, missing values left out (`.keep_nan()` hands them over as NaN). One pass,
    /// whatever the chunks; see [`Reduction`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Reduction};
    /// let mean_of_squares =
    ///     Reduction::new([0.0; 2], |s, x| *s = [s[0] + x * x, s[1] + 1.0], |s, o| *s = [s[0] + o[0], s[1] + o[1]], |s| s[0] / s[1]);
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 3.0, f64::NAN, 2.0]);
    /// assert_eq!(t.reduce_with(&mean_of_squares, "x").to_f64()?, [5.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reduce_with(&self, reduction: &Reduction, dims: impl IntoDims) -> Self {
        match dims.axes(self.dims()) {
            Ok(axes) => {
                let op = ReduceOp::Own(reduction.0);
                self.with_fewer_dims(self.variable.expr().reduce(axes, op, ReduceOptions::default()))
            }
            Err(error) => self.fail(error),
        }
    }

    /// A function of the values along a dimension (or of several taken together, in C order), missing ones NaN, that gives one number;
    /// the dimensions go (xarray's `apply_ufunc(..., input_core_dims=[dims], vectorize=True)`). Runs in this process only, on all
    /// cores; result in f64.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x", "day"], &[2, 3], vec![9.0, 12.0, 15.0, 8.0, 9.0, 11.0]);
    /// let degree_days = t.apply_along("day", |day| day.iter().map(|v| (v - 10.0).max(0.0)).sum());
    /// assert_eq!(degree_days.to_f64()?, [7.0, 1.0]);
    /// assert_eq!(t.apply_along(["x", "day"], |all| all.iter().sum()).item()?, 64.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply_along(&self, dims: impl IntoDims, function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        self.applied(dims, Arc::new(move |values| vec![function(values)]), None)
    }

    /// As [`DataArray::apply_along`], by the name under which a function was registered ([`register_function`]).
    ///
    /// ```
    /// use terracube_cube::{DataArray, register_function};
    /// register_function("span", |x| x.iter().cloned().fold(f64::MIN, f64::max) - x.iter().cloned().fold(f64::MAX, f64::min));
    /// let t = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 5.0]);
    /// assert_eq!(t.apply_named("span", "x").item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply_named(&self, name: &str, dims: impl IntoDims) -> Self {
        let known = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(name) {
            Some(function) => self.applied(dims, function.clone(), Some(name.into())),
            None => {
                let error = Error::unknown_name("registered function", name, known.keys().map(String::as_str));
                self.fail(error.hint("register it first: `register_function(name, |values| ...)`"))
            }
        }
    }

    #[track_caller]
    fn applied(&self, dims: impl IntoDims, function: Arc<LineFunction>, name: Option<Arc<str>>) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let axes = match dims.axes(self.dims()) {
            Ok(axes) if axes.is_empty() => return self.fail(Error::invalid("a function along no dimension")),
            Ok(axes) => axes,
            Err(error) => return self.fail(error),
        };
        let (first, dim) = (axes[0], self.dims().name(axes[0]).clone());
        let own = OwnFunction::new(function, Named(name), Some(1));
        self.with_fewer_dims(self.variable.expr().along(axes, AxisOp::Own(own), &dim).squeeze(&[first]))
    }

    /// A function of the values along a dimension that gives as many; labels stay.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 2.0]);
    /// assert_eq!(t.map_along("x", |line| line.iter().rev().copied().collect()).to_f64()?, [2.0, 1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map_along(&self, dim: &str, function: impl Fn(&[f64]) -> Vec<f64> + Send + Sync + 'static) -> Self {
        self.along(dim, AxisOp::Own(OwnFunction::new(Arc::new(function), Named(None), None)))
    }

    /// A function of every value by itself, in f64 (xarray's `apply_ufunc(..., vectorize=True)`). Runs in this process only.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.map_values(|v| v * v).to_f64()?, [1.0, 4.0, 9.0, 16.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map_values(&self, function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        let Some(dim) = self.dims().iter().last().map(ToOwned::to_owned) else {
            // A single value gets a dimension for as long as it takes.
            return self.expand_dims("value").map_values(function).isel("value", 0);
        };
        self.map_along(&dim, move |values: &[f64]| values.iter().map(|v| function(*v)).collect())
    }

    /// A function of whole blocks that gives blocks of the same shape, of dtype `output` (xarray's `map_blocks`, dask's). How the array
    /// is cut into blocks is the engine's to choose: the function must not depend on it. Runs in this process only.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, DataArray};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]);
    /// let halves = t.map_blocks(DType::F64, |block| Block::new(block.shape(), block.to_f64()?.iter().map(|v| v / 2.0).collect()));
    /// assert_eq!(halves.to_f64()?, [0.5, 1.0, 1.5]);
    /// assert!(halves.explain()?.contains("local only"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map_blocks(
        &self,
        output: DType,
        function: impl Fn(&Block) -> Result<Block> + Send + Sync + 'static,
    ) -> Self {
        let Some(dim) = self.dims().iter().last().map(ToOwned::to_owned) else {
            return self.expand_dims("value").map_blocks(output, function).isel("value", 0);
        };
        self.along(&dim, AxisOp::OwnBlocks(OwnBlocks::new(Arc::new(function), Named(None), output)))
    }
}

impl GroupBy {
    /// A reduction of the user's for every group; see [`Reduction`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Reduction};
    /// let squares = Reduction::new([0.0], |s, x| s[0] += x * x, |s, other| s[0] += other[0], |s| s[0]);
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").reduce_with(&squares).to_f64()?, [10.0, 25.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reduce_with(&self, reduction: &Reduction) -> DataArray {
        self.reduced(ReduceOp::Own(reduction.0))
    }

    /// A function of the values of each group, missing ones NaN, that gives one number (xarray's `groupby(...).map`). f64; runs in this
    /// process only. Needs whole columns.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 7.0]).with_coord("x", vec![7, 8, 7, 8]);
    /// let spans = t.group_by("x").apply(|values| values[values.len() - 1] - values[0]);
    /// assert_eq!(spans.to_f64()?, [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply(&self, function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> DataArray {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(error) => return self.array.fail(error.clone()),
        };
        let (codes, n) = (groups.codes.codes.clone(), groups.codes.n_groups);
        let of_line = move |line: &[f64]| {
            let mut members: Vec<Vec<f64>> = vec![Vec::new(); n as usize];
            for (&value, &code) in line.iter().zip(codes.iter()) {
                if let Some(group) = members.get_mut(code as usize) {
                    group.push(value);
                }
            }
            members.iter().map(|group| if group.is_empty() { f64::NAN } else { function(group) }).collect()
        };
        let own = OwnFunction::new(Arc::new(of_line), Named(None), Some(u64::from(n)));
        let expr = self.array.variable().expr().along(vec![groups.axis], AxisOp::Own(own), &groups.codes.dim);
        self.labelled(groups, expr)
    }
}
