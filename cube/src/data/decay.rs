//! Exponentially weighted windows.
use super::DataArray;
use crate::base::{Error, Result};
use crate::compute::along::{AxisOp, Exponential, ExponentialOp, ExponentialPair};

/// How fast the weight of values goes, by one of pandas' measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// The length of a plain window of about the same effect: alpha = 2 / (span + 1).
    Span(f64),
    /// After how many positions a weight is halved: alpha = 1 - exp(-ln 2 / halflife).
    Halflife(f64),
    /// The centre of mass of the weights: alpha = 1 / (1 + com).
    CenterOfMass(f64),
    /// The weight of the newest value.
    Alpha(f64),
}

impl Decay {
    fn alpha(self) -> f64 {
        match self {
            Self::Span(span) => 2.0 / (span + 1.0),
            Self::Halflife(halflife) => 1.0 - (-std::f64::consts::LN_2 / halflife).exp(),
            Self::CenterOfMass(com) => 1.0 / (1.0 + com),
            Self::Alpha(alpha) => alpha,
        }
    }
}

/// A window over all values up to each whose weights decay (xarray's `rolling_exp`).
#[derive(Debug, Clone)]
pub struct ExponentialWindow {
    array: DataArray,
    dim: String,
    decay: Decay,
}

impl DataArray {
    /// An exponentially weighted window along a dimension: a value counts less with every position behind it (xarray's `rolling_exp`;
    /// pandas' `ewm(adjust=True)`). Missing values are left out; results are missing until the first value.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, f64::NAN]);
    /// assert_eq!(t.rolling_exp("x", Decay::Alpha(0.5)).mean().to_f64()?, [1.0, 3.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn rolling_exp(&self, dim: &str, decay: Decay) -> ExponentialWindow {
        ExponentialWindow { array: self.clone(), dim: dim.to_owned(), decay }
    }
}

impl ExponentialWindow {
    /// Weighted means: Σ (1-α)^(i-k) x_k / Σ (1-α)^(i-k).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// assert_eq!(t.rolling_exp("x", Decay::Alpha(0.5)).mean().to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> DataArray {
        self.of(ExponentialOp::Mean)
    }

    /// Weighted sums: Σ (1-α)^(i-k) x_k.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// assert_eq!(t.rolling_exp("x", Decay::Alpha(0.5)).sum().to_f64()?, [1.0, 4.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> DataArray {
        self.of(ExponentialOp::Sum)
    }

    /// Weighted variances, corrected for bias as in pandas' `ewm(...).var()`; missing until the second value.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let spread = t.rolling_exp("x", Decay::Alpha(0.5)).var().to_f64()?;
    /// assert!(spread[0].is_nan() && (spread[1] - 4.5).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var(&self) -> DataArray {
        self.of(ExponentialOp::Var)
    }

    /// The roots of [`ExponentialWindow::var`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let spread = t.rolling_exp("x", Decay::Alpha(0.5)).std().to_f64()?;
    /// assert!(spread[0].is_nan() && (spread[1] - 4.5f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std(&self) -> DataArray {
        self.of(ExponentialOp::Std)
    }

    /// Weighted covariances with another array (xarray's `rolling_exp(...).cov`), corrected for bias as [`ExponentialWindow::var`]; positions where
    /// either is missing are left out. f64; lazy; needs whole columns of both.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, 2.0]);
    /// let window = t.rolling_exp("x", Decay::Alpha(0.5));
    /// assert_eq!(window.cov(&t).isel("x", 1..).to_f64()?, window.var().isel("x", 1..).to_f64()?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cov(&self, other: &DataArray) -> DataArray {
        self.with(other, false)
    }

    /// Weighted correlations with another array (xarray's `rolling_exp(...).corr`); see [`ExponentialWindow::cov`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Decay};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, 2.0]);
    /// let with = t.rolling_exp("x", Decay::Alpha(0.5)).corr(&(&t * -2.0));
    /// assert!((with.isel("x", 2).item()? + 1.0).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn corr(&self, other: &DataArray) -> DataArray {
        self.with(other, true)
    }

    #[track_caller]
    fn with(&self, other: &DataArray, correlation: bool) -> DataArray {
        let built = || -> Result<DataArray> {
            let alpha = self.alpha()?;
            let pairs = self.array.side_by_side(&self.dim, &[other])?;
            pairs.along(&self.dim, AxisOp::ExponentialPair(ExponentialPair { alpha, correlation }))
        };
        self.array.or_fail(built().map_err(|error| error.context("rolling_exp")))
    }

    fn alpha(&self) -> Result<f64> {
        match self.decay.alpha() {
            alpha if alpha > 0.0 && alpha <= 1.0 => Ok(alpha),
            alpha => {
                let message =
                    format!("{:?} gives the newest value a weight of {alpha}, not one above 0 and up to 1", self.decay);
                Err(Error::invalid(message).hint("a span is at least 1, a half-life above 0"))
            }
        }
    }

    #[track_caller]
    fn of(&self, op: ExponentialOp) -> DataArray {
        match self.alpha() {
            Ok(alpha) => self.array.along(&self.dim, AxisOp::Exponential(Exponential { alpha, op })),
            Err(error) => self.array.fail(error),
        }
    }
}
