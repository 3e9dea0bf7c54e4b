//! Windows, blocks and weights for every variable of a dataset.
use super::{Boundary, Coarsened, DataArray, Dataset, IntoDims, RollingWindow, Weighted};

/// A window that moves along a dimension of every variable that has it (xarray's `Dataset.rolling`); see [`RollingWindow`].
///
/// ```
/// use terracube_cube::DataArray;
/// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 8.0]).named("t").to_dataset();
/// assert_eq!(ds.rolling("x", 2).min_periods(1).mean().var("t").to_f64()?, [1.0, 2.0, 5.5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DatasetRolling {
    dataset: Dataset,
    dim: String,
    window: u64,
    centered: bool,
    min_periods: Option<u64>,
    ddof: u32,
}

/// Blocks of neighbours along dimensions of every variable that has them (xarray's `Dataset.coarsen`); see [`Coarsened`].
#[derive(Debug, Clone)]
pub struct DatasetCoarsened {
    dataset: Dataset,
    windows: Vec<(String, u64)>,
    boundary: Boundary,
}

/// Weights for every variable of a dataset (xarray's `Dataset.weighted`); see [`Weighted`].
#[derive(Debug, Clone)]
pub struct DatasetWeighted {
    dataset: Dataset,
    weights: DataArray,
}

impl Dataset {
    /// A window of `window` positions that moves along a dimension.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.rolling("x", 2).min_periods(1).max().var("t").to_f64()?, [1.0, 2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn rolling(&self, dim: &str, window: u64) -> DatasetRolling {
        let dim = dim.to_owned();
        DatasetRolling { dataset: self.clone(), dim, window, centered: false, min_periods: None, ddof: 0 }
    }

    /// Windows from the start of a dimension to each position (xarray's `cumulative`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.cumulative("x").mean().var("t").to_f64()?, [1.0, 3.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn cumulative(&self, dim: &str) -> DatasetRolling {
        let len = self.dims().iter().find(|(held, _)| held == dim).map_or(1, |(_, len)| *len);
        self.rolling(dim, len).min_periods(1)
    }

    /// Blocks of `window` neighbours along a dimension.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.coarsen("x", 2).trim().mean().var("t").to_f64()?, [1.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn coarsen(&self, dim: &str, window: u64) -> DatasetCoarsened {
        DatasetCoarsened { dataset: self.clone(), windows: vec![(dim.to_owned(), window)], boundary: Boundary::Exact }
    }

    /// Weights for the reduction that follows (xarray's `weighted`). Lazy.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[2], vec![3.0, 1.0]);
    /// assert_eq!(dataset.weighted(&weights).mean("x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn weighted(&self, weights: &DataArray) -> DatasetWeighted {
        DatasetWeighted { dataset: self.clone(), weights: weights.clone() }
    }
}

impl DatasetRolling {
    /// Results stand in the middle of their windows (xarray's `rolling(..., center=True)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 3).centered().mean().var("t").isel("x", 1).item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn centered(&self) -> Self {
        Self { centered: true, ..self.clone() }
    }

    /// Windows with at least `n` values that are not missing give a result (xarray's `min_periods`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 3).min_periods(1).mean().var("t").to_f64()?, [1.0, 1.5, 3.0]);
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
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).ddof(1).var().var("t").isel("x", 1).item()?, 8.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ddof(&self, n: u32) -> Self {
        Self { ddof: n, ..self.clone() }
    }

    /// A quantile of each window, linear between values (f64); see [`RollingWindow::quantile`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 3).quantile(0.75).var("t").isel("x", 2).item()?, 3.5);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> Dataset {
        self.of(|window| window.quantile(q))
    }

    #[track_caller]
    fn of(&self, statistic: impl Fn(&RollingWindow) -> DataArray) -> Dataset {
        self.dataset.each_along(&self.dim, |array| {
            let window = array.rolling(&self.dim, self.window).ddof(self.ddof);
            let window = if self.centered { window.centered() } else { window };
            statistic(&self.min_periods.map_or(window.clone(), |n| window.min_periods(n)))
        })
    }
}

impl DatasetCoarsened {
    /// Blocks along a further dimension (xarray's `coarsen(x=2, y=2)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("y", 2).and("x", 2).mean().var("t").to_f64()?, [3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn and(&self, dim: &str, window: u64) -> Self {
        let mut windows = self.windows.clone();
        windows.push((dim.to_owned(), window));
        Self { windows, ..self.clone() }
    }

    /// Positions that do not fill a block are left out (xarray's `boundary="trim"`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).trim().sum().var("t").to_f64()?, [3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn trim(&self) -> Self {
        Self { boundary: Boundary::Trim, ..self.clone() }
    }

    /// The last block may be shorter (xarray's `boundary="pad"`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).pad().sum().var("t").to_f64()?, [3.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(&self) -> Self {
        Self { boundary: Boundary::Pad, ..self.clone() }
    }

    #[track_caller]
    fn of(&self, statistic: impl Fn(&Coarsened) -> DataArray) -> Dataset {
        let sizes = self.dataset.dims();
        let unknown = self.windows.iter().find(|(dim, _)| !sizes.iter().any(|(held, _)| held == dim));
        if let Some((dim, _)) = unknown {
            // Says what there is.
            return self.dataset.each_along(dim, DataArray::clone);
        }
        self.dataset.each(|array| {
            let mut own = self.windows.iter().filter(|(dim, _)| array.dims().contains(dim));
            let (dim, window) = own.next()?;
            let blocks = own.fold(array.coarsen(dim, *window), |blocks, (dim, window)| blocks.and(dim, *window));
            Some(statistic(&match self.boundary {
                Boundary::Exact => blocks,
                Boundary::Trim => blocks.trim(),
                Boundary::Pad => blocks.pad(),
            }))
        })
    }
}

macro_rules! statistics {
    ($of:ident, $inner:ident: $($(#[$doc:meta])* $name:ident;)*) => {
        impl $of {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> Dataset { self.of($inner::$name) })*
        }
    };
}
statistics! { DatasetRolling, RollingWindow:
    /// Sums of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).sum().var("t").to_f64()?, [1.0, 3.0, 8.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum;
    /// Means of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).mean().var("t").to_f64()?, [1.0, 1.5, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean;
    /// Least values of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![3.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).min().var("t").to_f64()?, [3.0, 2.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min;
    /// Greatest values of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![3.0, 2.0, 6.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).max().var("t").to_f64()?, [3.0, 3.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max;
    /// Variances of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).var().var("t").to_f64()?, [0.0, 4.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    var;
    /// Standard deviations of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).std().var("t").to_f64()?, [0.0, 2.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std;
    /// How many values of the windows are not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 2).min_periods(1).count().var("t").to_f64()?, [1.0, 2.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count;
    /// Medians of the windows.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 9.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rolling("x", 3).min_periods(1).median().var("t").to_f64()?, [1.0, 5.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    median;
}
statistics! { DatasetCoarsened, Coarsened:
    /// The mean of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, f64::NAN, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).mean().var("t").to_f64()?, [2.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean;
    /// The sum of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, f64::NAN, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).sum().var("t").to_f64()?, [4.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum;
    /// The least value of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, 4.0, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).min().var("t").to_f64()?, [1.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min;
    /// The greatest value of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, 4.0, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).max().var("t").to_f64()?, [3.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max;
    /// How many values of every block are not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, f64::NAN, 9.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).count().var("t").to_vec::<i64>()?, [2, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count;
    /// The median of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 9.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 3).median().var("t").to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    median;
    /// The standard deviation of every block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, 5.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.coarsen("x", 2).std().var("t").to_f64()?, [1.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std;
}

macro_rules! weighted {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl DatasetWeighted {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dims: impl IntoDims) -> Dataset {
                self.dataset.over_own(&dims, |array, own| Weighted::$name(&array.weighted(&self.weights), own))
            })*
        }
    };
}
weighted! {
    /// Weighted means of every variable over those of the dims that it has.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 9.0]);
    /// assert_eq!(dataset.weighted(&weights).mean("x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean;
    /// Weighted sums.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 9.0]);
    /// assert_eq!(dataset.weighted(&weights).sum("x").var("t").item()?, 8.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum;
    /// Weighted variances.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[2], vec![3.0, 1.0]);
    /// assert_eq!(dataset.weighted(&weights).var("x").var("t").item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    var;
    /// Weighted standard deviations.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[2], vec![1.0, 1.0]);
    /// assert_eq!(dataset.weighted(&weights).std("x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std;
    /// Sums of the weights of values that are not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).named("t").to_dataset();
    /// let weights = DataArray::from_vec(["x"], &[3], vec![3.0, 1.0, 9.0]);
    /// assert_eq!(dataset.weighted(&weights).sum_of_weights("x").var("t").item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum_of_weights;
}
