//! Reductions over dimensions.
use super::DataArray;
use super::coords::Coords;
use super::dims_argument::IntoDims;
use crate::base::{Error, Result};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::{Expr, Op};

impl DataArray {
    #[track_caller]
    fn reduced(&self, op: ReduceOp, dims: impl IntoDims) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let axes = match dims.axes(self.dims()) {
            Ok(axes) => axes,
            Err(error) => return self.fail(error),
        };
        let expr = self.variable.expr().reduce(axes, op, ReduceOptions::default());
        self.with_fewer_dims(expr)
    }

    /// Other values over some of the dims: coordinates of dims that went go too, scalar coordinates stay.
    #[track_caller]
    pub(super) fn with_fewer_dims(&self, expr: Expr) -> Self {
        let array = self.with_values(expr);
        let coords: Coords =
            array.coords.filter(|coord| coord.variable().dims().iter().all(|dim| array.dims().contains(dim)));
        Self { coords, ..array }
    }

    /// Changes the options of the reduction that was just built.
    #[track_caller]
    fn with_options(&self, what: &str, change: impl FnOnce(&mut ReduceOp, &mut ReduceOptions) -> Result<()>) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let rebuilt = match self.variable.expr().op() {
            Op::Reduce { input, axes, op, options } => {
                let (mut op, mut options) = (*op, *options);
                change(&mut op, &mut options).map(|()| input.reduce(axes.clone(), op, options))
            }
            Op::GroupReduce { input, axis, groups, axes, op, options } => {
                let (mut op, mut options) = (*op, *options);
                change(&mut op, &mut options)
                    .map(|()| input.group_reduce(*axis, groups.clone(), axes.clone(), op, options))
            }
            _ => Err(Error::invalid(format!("`.{what}` must directly follow a reduction"))
                .hint(format!("write `.mean(\"time\").{what}`"))),
        };
        match rebuilt {
            Ok(expr) => self.with_values(expr),
            Err(error) => self.fail(error),
        }
    }

    /// Lets the reduction before it give a missing value wherever one goes in (xarray's `skipna=False`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.sum("x").keep_nan().item()?.is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn keep_nan(&self) -> Self {
        self.with_options("keep_nan()", |_, options| {
            options.skip_missing = false;
            Ok(())
        })
    }

    /// Makes the reduction before it give a missing value where fewer than `n` values are not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.sum("x").min_count(4).item()?.is_nan());
    /// assert_eq!(t.sum("x").min_count(3).item()?, 7.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min_count(&self, n: u64) -> Self {
        self.with_options("min_count(n)", |_, options| {
            options.min_count = Some(n);
            Ok(())
        })
    }

    /// Sets the degrees of freedom of the `var` or `std` before it: it divides by the count less `n` (0 if not said).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert_eq!((t.var("x").item()?, t.var("x").ddof(1).item()?), (1.0, 2.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ddof(&self, n: u32) -> Self {
        self.with_options("ddof(n)", |op, _| match op {
            ReduceOp::Var { ddof } | ReduceOp::Std { ddof } => {
                *ddof = n;
                Ok(())
            }
            other => {
                Err(Error::invalid(format!("{other:?} has no degrees of freedom"))
                    .hint("`ddof` is for `var` and `std`"))
            }
        })
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl DataArray {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dims: impl IntoDims) -> Self { self.reduced($op, dims) })*
        }
    };
}
reductions! {
    /// Means over dimensions, missing values skipped: NaN where nothing is left. f32 is accumulated in f64 and returned as f32;
    /// integers give f64. Lazy (xarray's `mean`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[2, 2], vec![1.0f32, f32::NAN, 3.0, f32::NAN]);
    /// let mean = t.mean("time").to_vec::<f32>()?;
    /// assert!(mean[0] == 2.0 && mean[1].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean => ReduceOp::Mean;
    /// Sums over dimensions, missing values skipped: 0 of nothing. Integers give 64-bit integers.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, f64::NAN, 3.0, f64::NAN]);
    /// assert_eq!(t.sum("y").to_f64()?, [4.0, 0.0]);
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![100u8, 200]).sum("x").to_vec::<u64>()?, [300]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum => ReduceOp::Sum;
    /// Least values over dimensions, missing values skipped; the dtype stays (xarray's `min`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![4.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.min("y").to_f64()?, [3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min => ReduceOp::Min;
    /// Greatest values over dimensions, missing values skipped; the dtype stays (xarray's `max`).
    ///
    /// ```
    /// use terracube_cube::{ALL, DataArray};
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![4.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!((t.max("x").to_f64()?, t.max(ALL).item()?), (vec![4.0, 5.0], 5.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max => ReduceOp::Max;
    /// Variances over dimensions, missing values skipped; see [`DataArray::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]);
    /// assert_eq!((t.var("x").item()?, t.var("x").ddof(1).item()?), (4.0, 8.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    var => ReduceOp::Var { ddof: 0 };
    /// Standard deviations over dimensions, missing values skipped; see [`DataArray::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]);
    /// assert_eq!(t.std("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std => ReduceOp::Std { ddof: 0 };
    /// How many values are not missing (i64; xarray's `count`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]);
    /// assert_eq!(t.count("x").to_vec::<i64>()?, [2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count => ReduceOp::Count;
    /// Products over dimensions, missing values skipped: 1 of nothing. Integers give 64-bit integers.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![2.0, f64::NAN, 5.0]);
    /// assert_eq!(t.prod("x").item()?, 10.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    prod => ReduceOp::Prod;
    /// Whether any value holds (bool; xarray's `any`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]);
    /// assert_eq!(t.gt(2).any("x").to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    any => ReduceOp::Any;
    /// Whether all values hold (bool; xarray's `all`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 3, 3, 4]);
    /// assert_eq!(t.gt(2).all("x").to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    all => ReduceOp::All;
}
