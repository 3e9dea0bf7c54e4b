//! Missing values: found, filled, dropped.
use super::combine::{Join, aligned};
use super::operand::{Operand, OperandValue};
use super::{DataArray, Dataset};
use crate::base::{Error, Result};

impl DataArray {
    /// Where values are missing (bool; xarray's name for [`DataArray::is_missing`]).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.isnull().to_vec::<u8>()?, [0, 0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isnull(&self) -> Self {
        self.is_missing()
    }

    /// Where values are not missing (bool; xarray's name for [`DataArray::not_missing`]).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.notnull().to_vec::<u8>()?, [1, 1, 0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn notnull(&self) -> Self {
        self.not_missing()
    }

    /// `value` where values are missing: a literal, or an array whose labels this one's are looked up in (xarray's `fillna`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]);
    /// assert_eq!(t.fillna(0.0).to_f64()?, [1.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fillna(&self, value: impl Operand) -> Self {
        match value.into_operand() {
            OperandValue::Array(other) => {
                let fitted = aligned(&[self, &other], Join::Left).map(|mut both| both.swap_remove(1));
                self.fill_missing(Self::from_result(fitted)).keeping_name_and_attrs(self)
            }
            literal @ OperandValue::Literal(_) => self.fill_missing(literal),
        }
    }

    /// The values of this array, and those of `other` where they are missing or this one has no such labels: labels of both
    /// (xarray's `combine_first`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.combine_first(&(t.fillna(0.0) + 9.0)).to_f64()?, [1.0, 2.0, 9.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn combine_first(&self, other: &DataArray) -> Self {
        match aligned(&[self, other], Join::Outer) {
            Ok(both) => both[0].fill_missing(&both[1]).keeping_name_and_attrs(self),
            Err(error) => self.fail(error),
        }
    }

    /// Without the positions of a dimension at which any value is missing. Computes which they are: a terminal call (xarray's
    /// `dropna`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.dropna("x")?.coord("x").to_f64()?, [0.0, 1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `compute`.
    #[track_caller]
    pub fn dropna(&self, dim: &str) -> Result<Self> {
        self.without_missing(dim, |count, all| count == all)
    }

    /// Without the positions of a dimension at which all values are missing. Computes which they are: a terminal call (xarray's
    /// `dropna(how="all")`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, f64::NAN, 3.0, f64::NAN]);
    /// assert_eq!(t.dropna_all("x")?.to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `compute`.
    #[track_caller]
    pub fn dropna_all(&self, dim: &str) -> Result<Self> {
        self.without_missing(dim, |count, _| count > 0)
    }

    #[track_caller]
    fn without_missing(&self, dim: &str, keep: impl Fn(i64, i64) -> bool) -> Result<Self> {
        self.check()?;
        let axis = self.dims().axis(dim)?;
        let others: Vec<String> = self.dims().iter().filter(|name| *name != dim).map(ToOwned::to_owned).collect();
        let counts = self.count(others).to_vec::<i64>()?;
        let all = self.shape().iter().enumerate().filter(|(a, _)| *a != axis).map(|(_, len)| *len as i64).product();
        let kept: Vec<i64> = (0..counts.len()).filter(|&i| keep(counts[i], all)).map(|i| i as i64).collect();
        if kept.is_empty() {
            return Err(Error::new(
                crate::base::ErrorKind::Empty,
                format!("no position of `{dim}` is without missing values"),
            ));
        }
        self.isel(dim, kept).checked()
    }
}

impl Dataset {
    /// `value` where values are missing, in every variable (xarray's `fillna`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.where_(ds.var("t").gt(1.5)).fillna(0.0).var("t").to_f64()?, [0.0, 2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fillna(&self, value: f64) -> Self {
        self.map(|array| if array.dtype().is_float() { array.fillna(value) } else { array.clone() })
    }
}

impl Operand for OperandValue {
    fn into_operand(self) -> OperandValue {
        self
    }
}
