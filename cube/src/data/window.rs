//! Windows that move along a dimension.
use std::sync::Arc;

use super::{DataArray, concat};
use crate::base::{DType, Error, Result};
use crate::compute::along::{AxisOp, Named, OwnWindow, Rolling, RollingOp, WindowFunction, WindowPlace, one_quantile};

/// Constructed windows are as many shifted arrays as they have positions.
const MOST_SHIFTS: u64 = 4096;

/// A window that moves along a dimension (xarray's `rolling`). A result needs a full window unless [`RollingWindow::min_periods`] says
/// otherwise. Windows are never made: memory is that of the data and its result, and a border of one window.
///
/// ```
/// use terracube_cube::DataArray;
/// let t = DataArray::from_vec(["time"], &[5], vec![1.0, 2.0, 6.0, 4.0, 2.0]);
/// let smooth = t.rolling("time", 3).centered().min_periods(2).mean();
/// assert_eq!(smooth.to_f64()?, [1.5, 3.0, 4.0, 4.0, 3.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RollingWindow {
    array: DataArray,
    dim: String,
    window: u64,
    /// Further dimensions with the lengths of the window along them.
    more: Vec<(String, u64)>,
    centered: bool,
    min_periods: Option<u64>,
    ddof: u32,
}

impl DataArray {
    /// A window of `window` positions that moves along a dimension; each result stands at its end.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).sum().to_f64()?, [1.0, 3.0, 2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn rolling(&self, dim: &str, window: u64) -> RollingWindow {
        let dim = dim.to_owned();
        RollingWindow { array: self.clone(), dim, window, more: vec![], centered: false, min_periods: None, ddof: 0 }
    }

    /// Windows from the start of a dimension to each position (xarray's `cumulative`); 1 value is enough for a result.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![4.0, 2.0, 3.0]);
    /// assert_eq!(t.cumulative("x").mean().to_f64()?, [4.0, 3.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn cumulative(&self, dim: &str) -> RollingWindow {
        let len = self.dims().axis(dim).map_or(1, |axis| self.shape()[axis]);
        self.rolling(dim, len).min_periods(1)
    }
}

impl RollingWindow {
    /// A window over a further dimension (xarray's `rolling(lat=3, lon=3)`). Sums, means, counts and extremes go along one dimension after
    /// the other; all else sees whole windows, [`RollingWindow::construct`]ed.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]);
    /// let sums = t.rolling("y", 2).and("x", 2).min_periods(3).sum();
    /// assert_eq!(sums.fillna(-1.0).to_f64()?, [-1.0, -1.0, -1.0, -1.0, 12.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn and(&self, dim: &str, window: u64) -> Self {
        let mut more = self.more.clone();
        more.push((dim.to_owned(), window));
        Self { more, ..self.clone() }
    }

    /// Results stand in the middle of their windows (for an even length the later of the two middles).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]);
    /// assert_eq!(t.rolling("x", 3).centered().min_periods(1).mean().to_f64()?, [1.5, 3.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn centered(&self) -> Self {
        Self { centered: true, ..self.clone() }
    }

    /// Windows with at least `n` values that are not missing give a result; also those at the ends, which are shorter.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).mean().to_f64()?, [1.0, 1.5, 2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min_periods(&self, n: u64) -> Self {
        Self { min_periods: Some(n), ..self.clone() }
    }

    /// Variances and standard deviations divide by the count less `n`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert_eq!(t.rolling("x", 2).ddof(1).var().isel("x", 1..).to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ddof(&self, n: u32) -> Self {
        Self { ddof: n, ..self.clone() }
    }

    /// A function of the values of each window that are not missing, in their order (xarray's `rolling(...).reduce`). f64; runs in this
    /// process only.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 5.0, 2.0, 4.0]);
    /// let spread = t.rolling("x", 2).min_periods(1).reduce(|window| window[window.len() - 1] - window[0]);
    /// assert_eq!(spread.to_f64()?, [0.0, 4.0, -3.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reduce(&self, function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> DataArray {
        self.own(Arc::new(function), Named(None))
    }

    /// A quantile of each window, missing values left out, by linear interpolation (f64).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]);
    /// assert_eq!(t.rolling("x", 3).quantile(0.25).isel("x", 2..).to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> DataArray {
        if !(0.0..=1.0).contains(&q) {
            return self.array.fail(Error::invalid(format!("quantile {q} is not between 0 and 1")));
        }
        let quantile = move |window: &[f64]| {
            if window.is_empty() { f64::NAN } else { one_quantile(window, q) }
        };
        self.own(Arc::new(quantile), Named(Some(format!("quantile {q}").into())))
    }

    /// Where the greatest value of each window stands, counted from the window's first position, also where that lies before the axis; the first of
    /// equal ones, missing values left out (f64; xarray's `rolling(...).argmax()`). Reads a border of one window.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 5.0, 2.0, 3.0]);
    /// assert_eq!(t.rolling("x", 3).argmax().isel("x", 2..).to_f64()?, [1.0, 0.0]);
    /// assert_eq!(t.rolling("x", 3).min_periods(1).argmin().to_f64()?, [2.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(&self) -> DataArray {
        self.place(true)
    }

    /// Where the least value of each window stands; see [`RollingWindow::argmax`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![4.0, 1.0, 2.0]);
    /// assert_eq!(t.rolling("x", 2).argmin().isel("x", 1..).to_f64()?, [1.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmin(&self) -> DataArray {
        self.place(false)
    }

    #[track_caller]
    fn place(&self, greatest: bool) -> DataArray {
        let wrong = self.checked().and_then(|()| match self.more.first() {
            Some((dim, _)) => {
                Err(Error::unsupported(format!("the place of an extreme in windows over `{}` and `{dim}`", self.dim))
                    .hint("`construct` the windows and take `argmax_over`"))
            }
            None => Ok(()),
        });
        if let Err(error) = wrong {
            return self.array.fail(error.context("rolling"));
        }
        let min_periods = self.min_periods.unwrap_or(self.window);
        let place = WindowPlace { greatest, window: self.window, centered: self.centered, min_periods };
        self.array.along(&self.dim, AxisOp::WindowPlace(place))
    }

    /// Products of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![2.0, 5.0, 3.0]);
    /// assert_eq!(t.rolling("x", 2).prod().isel("x", 1..).to_f64()?, [10.0, 15.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod(&self) -> DataArray {
        self.own(Arc::new(|window: &[f64]| window.iter().product()), Named(Some("product".into())))
    }

    /// The windows themselves: a further dimension for each one of the window, last, under the given names (xarray's
    /// `rolling(...).construct`). What a window reaches beyond the ends is missing. Nothing is built before it is needed, and then only the
    /// windows of one task; but every value is met once for every position of a window, so prefer the statistics here where they do.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 4.0]);
    /// let windows = t.rolling("x", 2).construct(["window"]);
    /// assert_eq!((windows.shape(), windows.fillna(0.0).to_f64()?), (&[3u64, 2][..], vec![0.0, 1.0, 1.0, 2.0, 2.0, 4.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn construct<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> DataArray {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self.array.or_fail(self.constructed(&names).map_err(|error| error.context("construct")))
    }

    #[track_caller]
    fn constructed(&self, names: &[String]) -> Result<DataArray> {
        self.checked()?;
        let windows = self.windows();
        if names.len() != windows.len() {
            return Err(Error::invalid(format!("{} names for windows over {} dimensions", names.len(), windows.len())));
        }
        let n_shifts = windows.iter().fold(1u64, |n, (_, window)| n.saturating_mul(*window));
        if n_shifts > MOST_SHIFTS {
            let message = format!("windows of {n_shifts} positions, at most {MOST_SHIFTS} are constructed");
            return Err(
                Error::unsupported(message).hint("use `mean()`, `max()` and the others, or `reduce` with a closure")
            );
        }
        windows.iter().zip(names).try_fold(self.array.clone(), |array, ((dim, window), name)| {
            let before = if self.centered { window - 1 - (window - 1) / 2 } else { window - 1 } as i64;
            let moved: Vec<DataArray> = (0..*window as i64).map(|k| array.shift(dim, before - k)).collect();
            let joined = concat(&moved.iter().collect::<Vec<_>>(), name).checked()?;
            let order: Vec<&str> = array.dims().iter().chain([name.as_str()]).collect();
            let joined = joined.transpose(order).checked()?;
            Ok(DataArray { name: self.array.name.clone(), ..joined })
        })
    }

    fn windows(&self) -> Vec<(&str, u64)> {
        std::iter::once((&*self.dim, self.window)).chain(self.more.iter().map(|(dim, n)| (&**dim, *n))).collect()
    }

    /// A function of the values of windows over several dimensions, which are constructed for it.
    #[track_caller]
    fn own_box(&self, function: Arc<WindowFunction>) -> Result<DataArray> {
        let names: Vec<String> = (0..=self.more.len()).map(|k| format!("positions of window {k}")).collect();
        let all = self.windows().iter().map(|(_, window)| window).product();
        let least = self.min_periods.unwrap_or(all) as usize;
        let of_window = move |window: &[f64]| {
            let held: Vec<f64> = window.iter().copied().filter(|value| !value.is_nan()).collect();
            if held.len() < least { f64::NAN } else { function(&held) }
        };
        let result = self.constructed(&names)?.apply_along(names.as_slice(), of_window).checked()?;
        Ok(result.keeping_name_and_attrs(&self.array))
    }

    #[track_caller]
    fn own(&self, function: Arc<WindowFunction>, name: Named) -> DataArray {
        if let Err(error) = self.checked() {
            return self.array.fail(error);
        }
        if !self.more.is_empty() {
            return self.array.or_fail(self.own_box(function).map_err(|error| error.context("rolling")));
        }
        let min_periods = self.min_periods.unwrap_or(self.window);
        let own = OwnWindow { function, name, window: self.window, centered: self.centered, min_periods };
        self.array.along(&self.dim, AxisOp::OwnWindow(own))
    }

    #[track_caller]
    fn of(&self, op: RollingOp) -> DataArray {
        if let Err(error) = self.checked() {
            return self.array.fail(error);
        }
        if !self.more.is_empty() {
            return self.array.or_fail(self.over_several(op).map_err(|error| error.context("rolling")));
        }
        let rolling = Rolling {
            op,
            window: self.window,
            centered: self.centered,
            min_periods: self.min_periods.unwrap_or(self.window),
        };
        self.array.along(&self.dim, AxisOp::Rolling(rolling))
    }

    /// A window over several dimensions is one window after the other: of sums, and of how many values there are.
    #[track_caller]
    fn over_several(&self, op: RollingOp) -> Result<DataArray> {
        let all = self.windows();
        let through = |array: &DataArray, op: RollingOp| {
            all.iter().fold(array.clone(), |array, (dim, window)| {
                let one = Self { array, dim: (*dim).to_owned(), window: *window, more: vec![], ..self.clone() };
                one.min_periods(1).of(op)
            })
        };
        let wide = self.array.cast(DType::F64);
        let count = through(&wide.notnull().cast(DType::F64), RollingOp::Sum);
        let sum = || through(&wide.fillna(0.0), RollingOp::Sum);
        let result = match op {
            RollingOp::Sum => sum(),
            RollingOp::Mean => sum() / &count,
            RollingOp::Count => count.clone(),
            RollingOp::Min | RollingOp::Max => through(&wide, op),
            RollingOp::Median => return self.own_box(Arc::new(median)).map(|found| self.like_values(&found)),
            RollingOp::Var { ddof } => {
                return self
                    .own_box(Arc::new(move |window| variance(window, ddof)))
                    .map(|found| self.like_values(&found));
            }
            RollingOp::Std { ddof } => {
                let spread = move |window: &[f64]| variance(window, ddof).sqrt();
                return self.own_box(Arc::new(spread)).map(|found| self.like_values(&found));
            }
        };
        let least = self.min_periods.unwrap_or(all.iter().map(|(_, window)| window).product());
        let dtype = if self.array.dtype() == DType::F32 && op != RollingOp::Count { DType::F32 } else { DType::F64 };
        result.where_(count.ge(least as f64)).cast(dtype).keeping_name_and_attrs(&self.array).checked()
    }

    #[track_caller]
    fn like_values(&self, found: &DataArray) -> DataArray {
        if self.array.dtype() == DType::F32 { found.cast(DType::F32) } else { found.clone() }
    }

    fn checked(&self) -> Result<()> {
        let all: u64 = self.more.iter().fold(self.window, |n, (_, more)| n.saturating_mul(*more));
        let len = self.array.dims().axis(&self.dim).map(|axis| self.array.shape()[axis]);
        let wrong = match (len, self.window, self.min_periods) {
            (Err(_), ..) => None,
            (Ok(_), 0, _) => Some("a window needs 1 position at least".to_owned()),
            (Ok(len), window, _) if window > len => {
                Some(format!("a window of {window} on `{}`, which has {len}", self.dim))
            }
            (.., Some(n)) if n > all => Some(format!("min_periods({n}) of a window of {all}")),
            (_, _, Some(0)) => Some("min_periods(0): a result needs 1 value at least".to_owned()),
            _ => None,
        };
        wrong.map_or(Ok(()), |wrong| Err(Error::invalid(wrong)))
    }
}

fn median(window: &[f64]) -> f64 {
    if window.is_empty() { f64::NAN } else { one_quantile(window, 0.5) }
}

fn variance(window: &[f64], ddof: u32) -> f64 {
    let n = window.len() as f64;
    let mean = window.iter().sum::<f64>() / n;
    let free = n - f64::from(ddof);
    if free > 0.0 { window.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / free } else { f64::NAN }
}

macro_rules! windows {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl RollingWindow {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> DataArray {
                let op: fn(u32) -> RollingOp = $op;
                self.of(op(self.ddof))
            })*
        }
    };
}
windows! {
    /// Sums of the windows, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).sum().to_f64()?, [1.0, 3.0, 2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum => |_| RollingOp::Sum;
    /// Means of the windows, missing values left out (xarray's `rolling(...).mean()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 5.0]);
    /// let means = t.rolling("x", 2).mean().to_f64()?;
    /// assert!(means[0].is_nan() && means[1..] == [2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean => |_| RollingOp::Mean;
    /// Least values of the windows, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 5.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).min().to_f64()?, [3.0, 1.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min => |_| RollingOp::Min;
    /// Greatest values of the windows, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 5.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).max().to_f64()?, [3.0, 3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max => |_| RollingOp::Max;
    /// Variances of the windows; see [`RollingWindow::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).var().to_f64()?, [0.0, 4.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    var => |ddof| RollingOp::Var { ddof };
    /// Standard deviations of the windows; see [`RollingWindow::ddof`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).std().to_f64()?, [0.0, 2.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std => |ddof| RollingOp::Std { ddof };
    /// How many values of the windows are not missing (f64).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!(t.rolling("x", 2).min_periods(1).count().to_f64()?, [1.0, 2.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count => |_| RollingOp::Count;
    /// Medians of the windows, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 9.0, 2.0, 4.0]);
    /// assert_eq!(t.rolling("x", 3).min_periods(1).median().to_f64()?, [1.0, 5.0, 2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    median => |_| RollingOp::Median;
}
