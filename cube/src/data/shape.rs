//! Dimensions added and taken away; the ends of arrays.
use super::operand::Operand;
use super::{DataArray, Dataset};
use crate::base::{Dims, Error, Result};
use crate::plan::Expr;

impl DataArray {
    /// A new dimension of length 1 in front; a scalar coordinate of that name becomes its label (xarray's `expand_dims`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1, 2]).expand_dims("member");
    /// assert_eq!(t.shape(), [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expand_dims(&self, dim: &str) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        if self.dims().contains(dim) {
            return self.fail(Error::invalid(format!("there is a dimension `{dim}` already")));
        }
        let expr = self.variable.expr().expand(dim);
        let coords = self.coords.map(|coord| match coord.name() == dim && coord.variable().dims().is_empty() {
            true => coord.with_expr(|expr| expr.expand(dim)),
            false => coord.clone(),
        });
        Self { name: self.name.clone(), variable: self.variable.with_expr(expr), coords }
    }

    /// A new dimension in front with labels, along which the values repeat (xarray's `expand_dims(dim=labels)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// let members = DataArray::from_vec(["member"], &[2], vec![7, 8]);
    /// let wide = t.expand_dims_with(&members);
    /// assert_eq!((wide.shape(), wide.sel("member", 8).to_f64()?), (&[2u64, 2][..], vec![1.0, 2.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expand_dims_with(&self, labels: &DataArray) -> Self {
        if let Some(error) = self.error().or(labels.error()) {
            return self.fail(error.clone());
        }
        if labels.dims().len() != 1 {
            return self.fail(Error::mismatch(format!("labels with the dimensions {:?}, not one", labels.dims())));
        }
        let dim = labels.dims().name(0).clone();
        if self.dims().contains(&dim) {
            return self.fail(Error::invalid(format!("there is a dimension `{dim}` already")));
        }
        let built = Dims::new([&*dim].into_iter().chain(self.dims().iter())).map(|dims| {
            let shape = labels.shape().iter().chain(self.shape()).copied().collect();
            self.variable.expr().broadcast_to(&dims, shape)
        });
        match built {
            Ok(expr) => {
                let coords = self.coords.filter(|coord| coord.name() != &*dim);
                let array = Self { name: self.name.clone(), variable: self.variable.with_expr(expr), coords };
                array.with_coord_variable(&dim, labels.variable.clone())
            }
            Err(error) => self.fail(error),
        }
    }

    /// Without its dimensions of length 1, whose labels stay as scalar coordinates (xarray's `squeeze`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.isel("y", [1]).squeeze().dims().iter().collect::<Vec<_>>(), ["x"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn squeeze(&self) -> Self {
        let single: Vec<String> =
            self.dims().iter().zip(self.shape()).filter(|(_, len)| **len == 1).map(|(dim, _)| dim.to_owned()).collect();
        single.iter().fold(self.clone(), |array, dim| array.isel(dim, 0))
    }

    /// Without the named dimension, which must be of length 1 (xarray's `squeeze(dim)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]);
    /// assert_eq!(t.squeeze_dim("y").shape(), [2]);
    /// assert_eq!(t.squeeze_dim("x").error().unwrap().message(), "`x` has 2 positions and cannot be squeezed");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn squeeze_dim(&self, dim: &str) -> Self {
        match self.dims().axis(dim).map(|axis| self.shape()[axis]) {
            Ok(1) => self.isel(dim, 0),
            Ok(len) => self.fail(
                Error::invalid(format!("`{dim}` has {len} positions and cannot be squeezed"))
                    .hint("reduce it, or select one position"),
            ),
            Err(error) => self.fail(error),
        }
    }

    /// The first `n` positions of a dimension, or all if there are fewer (xarray's `head`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.head("x", 2).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn head(&self, dim: &str, n: u64) -> Self {
        self.isel(dim, 0..i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// The last `n` positions of a dimension, or all if there are fewer (xarray's `tail`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.tail("x", 1).to_f64()?, [4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn tail(&self, dim: &str, n: u64) -> Self {
        match self.dims().axis(dim) {
            Ok(axis) => self.isel(dim, self.shape()[axis].saturating_sub(n)..),
            Err(error) => self.fail(error),
        }
    }

    /// Every `n`-th position of a dimension (xarray's `thin`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![0, 1, 2, 3, 4]);
    /// assert_eq!(t.thin("x", 2).to_vec::<i32>()?, [0, 2, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn thin(&self, dim: &str, n: u32) -> Self {
        self.isel(dim, super::every(i64::from(n)))
    }

    /// The values repeated along the dims of `other` that this has not; the axes of `other` come first (xarray's `broadcast_like`, with
    /// exact labels).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.coord("x").broadcast_like(&t.transpose(["x", "y"])).isel("y", 0).to_f64()?, [5.0, 7.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn broadcast_like(&self, other: &DataArray) -> Self {
        if let Some(error) = self.error().or(other.error()) {
            return self.fail(error.clone());
        }
        let built = || -> Result<Self> {
            let (own, theirs, coords) = super::align::align(self, other)?;
            let dims = theirs.dims().union(own.dims());
            let len = |name: &str| {
                let of = |expr: &Expr| expr.dims().position(name).map(|axis| expr.shape()[axis]);
                of(&theirs).or_else(|| of(&own)).unwrap_or(1)
            };
            let expr = own.broadcast_to(&dims, dims.iter().map(len).collect());
            Ok(Self { name: self.name.clone(), variable: self.variable.with_expr(expr), coords })
        };
        self.or_fail(built())
    }

    /// An array of the same shape and labels with one value everywhere (xarray's `full_like`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.full_like(3.0).to_f64()?, [3.0; 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn full_like(&self, value: impl Operand) -> Self {
        let missing = self.unary(crate::compute::pointwise::UnaryOp::IsMissing);
        let never = &missing & &!&missing;
        self.where_else(never, value)
    }
}

impl Dataset {
    /// Without the dimensions of length 1 (xarray's `squeeze`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.squeeze().dims(), [("x".to_owned(), 2)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn squeeze(&self) -> Self {
        let single: Vec<String> = self.dims().into_iter().filter(|(_, len)| *len == 1).map(|(dim, _)| dim).collect();
        single.iter().fold(self.clone(), |dataset, dim| dataset.isel(dim, 0))
    }

    /// The first `n` positions of a dimension (xarray's `head`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.head("x", 1).var("t").to_f64()?, [1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn head(&self, dim: &str, n: u64) -> Self {
        self.isel(dim, 0..i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// The last `n` positions of a dimension (xarray's `tail`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.tail("x", 2).var("t").to_f64()?, [2.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn tail(&self, dim: &str, n: u64) -> Self {
        let len = self.dims().iter().find(|(name, _)| name == dim).map_or(0, |(_, len)| *len);
        self.isel(dim, len.saturating_sub(n)..)
    }

    /// Every `n`-th position of a dimension (xarray's `thin`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.thin("x", 2).var("t").to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn thin(&self, dim: &str, n: u32) -> Self {
        self.isel(dim, super::every(i64::from(n)))
    }
}
