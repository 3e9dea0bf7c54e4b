//! Statistics of two arrays.
use super::{DataArray, IntoDims};
use crate::base::DType;

impl DataArray {
    /// The sum of products over dimensions, missing values left out (xarray's `dot`, which spreads them).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let a = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// assert_eq!(a.dot(&a, "x").item()?, 5.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot(&self, other: &DataArray, dims: impl IntoDims) -> Self {
        (self * other).sum(dims)
    }

    /// The covariance over dimensions of the pairs of which neither is missing, divided by their count less 1 (xarray's `cov`). In f64;
    /// two passes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let a = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]);
    /// assert_eq!(a.cov(&(&a * 2.0), "x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cov(&self, other: &DataArray, dims: impl IntoDims) -> Self {
        self.covariance(other, dims, 1)
    }

    /// Pearson's correlation over dimensions of the pairs of which neither is missing (xarray's `corr`). In f64; two passes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let a = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]);
    /// assert!((a.corr(&(&a * -2.0), "x").item()? + 1.0).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn corr(&self, other: &DataArray, dims: impl IntoDims) -> Self {
        let names = dims.names();
        let (a, b) = self.pairs(other);
        let names = names.unwrap_or_else(|| a.dims().union(b.dims()).iter().map(ToOwned::to_owned).collect());
        a.covariance(&b, names.clone(), 0) / (a.std(names.clone()) * b.std(names))
    }

    #[track_caller]
    fn covariance(&self, other: &DataArray, dims: impl IntoDims, ddof: i64) -> Self {
        let names = dims.names();
        let (a, b) = self.pairs(other);
        let names = names.unwrap_or_else(|| a.dims().union(b.dims()).iter().map(ToOwned::to_owned).collect());
        let products = (&a - a.mean(names.clone())) * (&b - b.mean(names.clone()));
        products.sum(names.clone()).min_count(1) / (a.count(names) - ddof)
    }

    /// Both in f64, missing where either is.
    fn pairs(&self, other: &DataArray) -> (Self, Self) {
        let (a, b) = (self.cast(DType::F64), other.cast(DType::F64));
        (a.where_(b.not_missing()), b.where_(a.not_missing()))
    }
}
