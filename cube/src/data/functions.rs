//! Functions value by value: numpy's names, as far as Rust has no word of its own.
use super::DataArray;
use super::operand::Operand;
use crate::base::{Block, Error, Result};
use crate::compute::pointwise::{BinaryOp, IsIn, UnaryOp};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl DataArray {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> Self { self.unary(UnaryOp::$op) })*
        }
    };
}
functions! {
    /// -1, 0 or 1; missing stays missing (numpy's `sign`).
    sign => Sign;
    /// `x * x` (numpy's `square`).
    square => Square;
    /// Cube roots.
    cbrt => Cbrt;
    /// Powers of 2.
    exp2 => Exp2;
    /// e to the x, less 1: exact near 0 (numpy's `expm1`).
    expm1 => ExpM1;
    /// Natural logarithms; NaN below zero (numpy's `log`; the same as `ln`).
    log => Ln;
    /// Natural logarithms of 1 + x: exact near 0 (numpy's `log1p`).
    log1p => Ln1p;
    /// Logarithms to base 2.
    log2 => Log2;
    /// Inverse sines, in radians (numpy's `arcsin`).
    asin => Asin;
    /// Inverse cosines, in radians (numpy's `arccos`).
    acos => Acos;
    /// Inverse tangents, in radians (numpy's `arctan`); see [`DataArray::atan2`].
    atan => Atan;
    /// Hyperbolic sines.
    sinh => Sinh;
    /// Hyperbolic cosines.
    cosh => Cosh;
    /// Hyperbolic tangents.
    tanh => Tanh;
    /// Inverse hyperbolic sines.
    asinh => Asinh;
    /// Inverse hyperbolic cosines.
    acosh => Acosh;
    /// Inverse hyperbolic tangents.
    atanh => Atanh;
    /// Sines of degrees.
    sin_deg => SinDeg;
    /// Tangents of degrees.
    tan_deg => TanDeg;
    /// Degrees to radians (numpy's `deg2rad`).
    deg2rad => ToRadians;
    /// Radians to degrees (numpy's `rad2deg`).
    rad2deg => ToDegrees;
    /// The nearest whole number below.
    floor => Floor;
    /// The nearest whole number above.
    ceil => Ceil;
    /// The whole part.
    trunc => Trunc;
    /// The nearest whole number, halves to even (numpy's `rint`); see [`DataArray::round`].
    rint => Round;
    /// Where values are neither infinite nor missing (bool; numpy's `isfinite`).
    is_finite => IsFinite;
    /// Where values are infinite (bool; numpy's `isinf`).
    is_infinite => IsInfinite;
}

macro_rules! of_two {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl DataArray {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, other: impl Operand) -> Self { self.binary(BinaryOp::$op, other, false) })*
        }
    };
}
of_two! {
    /// The angle of the point (`other`, `self`) in radians, from -pi to pi (numpy's `arctan2`).
    atan2 => Atan2;
    /// The length of the hypotenuse (numpy's `hypot`): wind speed from its components.
    hypot => Hypot;
    /// The rest of a division rounded down, with the sign of `other` (Python's `%`).
    rem => Rem;
}

impl DataArray {
    /// 1 / x (numpy's `reciprocal` of floats).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![2.0, 4.0]);
    /// assert_eq!(t.reciprocal().to_f64()?, [0.5, 0.25]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reciprocal(&self) -> Self {
        1.0 / self
    }

    /// The greater of two values; if one is missing the other (numpy's `fmax`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.fmax(&t.full_like(3.0)).to_f64()?, [3.0, 3.0, 3.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fmax(&self, other: &DataArray) -> Self {
        self.maximum(other).fill_missing(self).fill_missing(other)
    }

    /// The lesser of two values; if one is missing the other (numpy's `fmin`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.fmin(&t.full_like(3.0)).to_f64()?, [1.0, 2.0, 3.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fmin(&self, other: &DataArray) -> Self {
        self.minimum(other).fill_missing(self).fill_missing(other)
    }

    /// ln(e^a + e^b) without overflow (numpy's `logaddexp`).
    #[must_use]
    #[track_caller]
    pub fn logaddexp(&self, other: &DataArray) -> Self {
        self.maximum(other) + (-(self - other).abs()).exp().log1p()
    }

    /// The cross product of vectors of three components along a dimension (xarray's `cross`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let a = DataArray::from_vec(["xyz"], &[3], vec![1.0, 2.0, 3.0]);
    /// let b = DataArray::from_vec(["xyz"], &[3], vec![4.0, 5.0, 6.0]);
    /// assert_eq!(a.cross(&b, "xyz").to_f64()?, [-3.0, 6.0, -3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cross(&self, other: &DataArray, dim: &str) -> Self {
        for array in [self, other] {
            match array.dims().axis(dim).map(|axis| array.shape()[axis]) {
                Ok(3) => {}
                _ if array.error().is_some() => return array.clone(),
                Ok(len) => {
                    return self.fail(Error::invalid(format!("`cross` needs 3 components along `{dim}`, not {len}")));
                }
                Err(error) => return self.fail(error),
            }
        }
        let turned = |array: &Self, n: i64| array.roll(dim, n);
        turned(self, 2) * turned(other, 1) - turned(self, 1) * turned(other, 2)
    }

    /// Values rounded to `decimals` digits after the point, halves to even; negative counts digits before it (xarray's `round`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.256, 2.5, -0.5]);
    /// assert_eq!(t.round(0).to_f64()?, [1.0, 2.0, -0.0]);
    /// assert_eq!(t.round(2).to_f64()?, [1.26, 2.5, -0.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn round(&self, decimals: i32) -> Self {
        if decimals == 0 {
            return self.unary(UnaryOp::Round);
        }
        if !self.dtype().is_float() {
            return if decimals > 0 { self.unary(UnaryOp::Round) } else { self.rounded_integers(decimals) };
        }
        // numpy multiplies and divides by the same power, whichever is exact.
        let power = 10f64.powi(decimals.abs());
        let rounded = match decimals > 0 {
            true => (self * power).unary(UnaryOp::Round) / power,
            false => (self / power).unary(UnaryOp::Round) * power,
        };
        rounded.with_attrs(self.attrs().clone())
    }

    #[track_caller]
    fn rounded_integers(&self, decimals: i32) -> Self {
        let power = 10f64.powi(-decimals);
        ((self / power).unary(UnaryOp::Round) * power).cast(self.dtype()).with_attrs(self.attrs().clone())
    }

    /// Values below `least` become `least`, those above `most` become `most`; missing values stay (xarray's `clip`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![-1.0, 0.5, 9.0]);
    /// assert_eq!(t.clip(0.0, 1.0).to_f64()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn clip(&self, least: impl Operand, most: impl Operand) -> Self {
        self.maximum(least).minimum(most).keeping_name_and_attrs(self)
    }

    /// Where values are among those of a list (bool; xarray's `isin`). Missing values are never among them.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 5, 9]);
    /// assert_eq!(t.isin(&DataArray::from_vec(["list"], &[2], vec![9, 1])).to_vec::<u8>()?, [1, 0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isin(&self, list: &DataArray) -> Self {
        let looked_for = || -> Result<IsIn> {
            let values: Block = list.values()?.block().clone();
            IsIn::new(&values, self.dtype())
        };
        if self.error().is_some() {
            return self.clone();
        }
        match looked_for() {
            Ok(list) => self.unary(UnaryOp::IsIn(list)),
            Err(error) => self.fail(error.context("isin")),
        }
    }

    /// Calls `change` with the array: to keep a chain of calls going (xarray's `pipe`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.pipe(|t| t.max("x")).item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn pipe<T>(&self, change: impl FnOnce(&Self) -> T) -> T {
        change(self)
    }

    /// Looks at once whether a mistake was made so far, instead of at the end.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// t.mean("x").check()?;
    /// assert!(t.mean("y").check().is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`DataArray::error`] shows.
    pub fn check(&self) -> Result<&Self, Error> {
        match self.error() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    #[track_caller]
    pub(super) fn keeping_name_and_attrs(self, of: &Self) -> Self {
        if self.error().is_some() {
            return self;
        }
        Self { name: of.name.clone(), ..self }.with_attrs(of.attrs().clone())
    }
}
