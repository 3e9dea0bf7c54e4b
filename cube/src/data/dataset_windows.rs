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

    /// Weights for the reduction that follows.
    #[must_use]
    pub fn weighted(&self, weights: &DataArray) -> DatasetWeighted {
        DatasetWeighted { dataset: self.clone(), weights: weights.clone() }
    }
}

impl DatasetRolling {
    /// Results stand in the middle of their windows.
    #[must_use]
    #[track_caller]
    pub fn centered(&self) -> Self {
        Self { centered: true, ..self.clone() }
    }

    /// Windows with at least `n` values that are not missing give a result.
    #[must_use]
    #[track_caller]
    pub fn min_periods(&self, n: u64) -> Self {
        Self { min_periods: Some(n), ..self.clone() }
    }

    /// Variances and standard deviations divide by the count less `n`.
    #[must_use]
    #[track_caller]
    pub fn ddof(&self, n: u32) -> Self {
        Self { ddof: n, ..self.clone() }
    }

    /// A quantile of each window.
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
    /// Blocks along a further dimension.
    #[must_use]
    #[track_caller]
    pub fn and(&self, dim: &str, window: u64) -> Self {
        let mut windows = self.windows.clone();
        windows.push((dim.to_owned(), window));
        Self { windows, ..self.clone() }
    }

    /// Positions that do not fill a block are left out.
    #[must_use]
    #[track_caller]
    pub fn trim(&self) -> Self {
        Self { boundary: Boundary::Trim, ..self.clone() }
    }

    /// The last block may be shorter.
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
    sum;
    /// Means of the windows.
    mean;
    /// Least values of the windows.
    min;
    /// Greatest values of the windows.
    max;
    /// Variances of the windows.
    var;
    /// Standard deviations of the windows.
    std;
    /// How many values of the windows are not missing.
    count;
    /// Medians of the windows.
    median;
}
statistics! { DatasetCoarsened, Coarsened:
    /// The mean of every block.
    mean;
    /// The sum of every block.
    sum;
    /// The least value of every block.
    min;
    /// The greatest value of every block.
    max;
    /// How many values of every block are not missing.
    count;
    /// The median of every block.
    median;
    /// The standard deviation of every block.
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
    mean;
    /// Weighted sums.
    sum;
    /// Weighted variances.
    var;
    /// Weighted standard deviations.
    std;
    /// Sums of the weights of values that are not missing.
    sum_of_weights;
}
