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
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let signs = DataArray::from_vec(["x"], &[3], vec![-2.5, 0.0, f64::NAN]).sign().to_f64()?;
    /// assert!(signs[..2] == [-1.0, 0.0] && signs[2].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sign => Sign;
    /// `x * x` (numpy's `square`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![-3.0, 0.5]).square().to_f64()?, [9.0, 0.25]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    square => Square;
    /// Cube roots.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![-8.0, 27.0]).cbrt().round(9).to_f64()?, [-2.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cbrt => Cbrt;
    /// Powers of 2.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![3.0, -1.0]).exp2().to_f64()?, [8.0, 0.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    exp2 => Exp2;
    /// e to the x, less 1: exact near 0 (numpy's `expm1`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![0.0, 1e-12]).expm1().to_f64()?, [0.0, 1e-12f64.exp_m1()]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    expm1 => ExpM1;
    /// Natural logarithms; NaN below zero (numpy's `log`; the same as `ln`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0, std::f64::consts::E]).log().to_f64()?, [0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    log => Ln;
    /// Natural logarithms of 1 + x: exact near 0 (numpy's `log1p`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![0.0, 1e-20]).log1p().to_f64()?, [0.0, 1e-20]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    log1p => Ln1p;
    /// Logarithms to base 2.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![8.0, 0.5]).log2().to_f64()?, [3.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    log2 => Log2;
    /// Inverse sines, in radians (numpy's `arcsin`). NaN beyond 1.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let angles = DataArray::from_vec(["x"], &[3], vec![0.0, 1.0, 2.0]).asin().rad2deg().round(9).to_f64()?;
    /// assert!(angles[..2] == [0.0, 90.0] && angles[2].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    asin => Asin;
    /// Inverse cosines, in radians (numpy's `arccos`). NaN beyond 1.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let angles = DataArray::from_vec(["x"], &[3], vec![1.0, 0.5, 2.0]).acos().rad2deg().round(9).to_f64()?;
    /// assert!(angles[..2] == [0.0, 60.0] && angles[2].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    acos => Acos;
    /// Inverse tangents, in radians (numpy's `arctan`); see [`DataArray::atan2`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::INFINITY]);
    /// assert_eq!(t.atan().rad2deg().round(9).to_f64()?, [45.0, 90.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    atan => Atan;
    /// Hyperbolic sines.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, 2.0f64.ln()]);
    /// assert_eq!(t.sinh().round(9).to_f64()?, [0.0, 0.75]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sinh => Sinh;
    /// Hyperbolic cosines.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, 2.0f64.ln()]);
    /// assert_eq!(t.cosh().round(9).to_f64()?, [1.0, 1.25]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cosh => Cosh;
    /// Hyperbolic tangents.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, 2.0f64.ln()]);
    /// assert_eq!(t.tanh().round(9).to_f64()?, [0.0, 0.6]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    tanh => Tanh;
    /// Inverse hyperbolic sines.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, 0.75]);
    /// assert_eq!(t.asinh().exp().round(9).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    asinh => Asinh;
    /// Inverse hyperbolic cosines.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 1.25]);
    /// assert_eq!(t.acosh().exp().round(9).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    acosh => Acosh;
    /// Inverse hyperbolic tangents.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, 0.6]);
    /// assert_eq!(t.atanh().exp().round(9).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    atanh => Atanh;
    /// Sines of degrees.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![30.0, 90.0]).sin_deg().round(9).to_f64()?, [0.5, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sin_deg => SinDeg;
    /// Tangents of degrees.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![0.0, 45.0]).tan_deg().round(9).to_f64()?, [0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    tan_deg => TanDeg;
    /// Degrees to radians (numpy's `deg2rad`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[1], vec![180.0]).deg2rad().item()?, std::f64::consts::PI);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    deg2rad => ToRadians;
    /// Radians to degrees (numpy's `rad2deg`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[1], vec![std::f64::consts::PI]).rad2deg().item()?, 180.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    rad2deg => ToDegrees;
    /// The nearest whole number below.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.7, -1.2]).floor().to_f64()?, [1.0, -2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    floor => Floor;
    /// The nearest whole number above.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.2, -1.7]).ceil().to_f64()?, [2.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ceil => Ceil;
    /// The whole part.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.7, -1.7]).trunc().to_f64()?, [1.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    trunc => Trunc;
    /// The nearest whole number, halves to even (numpy's `rint`); see [`DataArray::round`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[3], vec![0.5, 1.5, 2.7]).rint().to_f64()?, [0.0, 2.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    rint => Round;
    /// Where values are neither infinite nor missing (bool; numpy's `isfinite`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::INFINITY, f64::NAN]);
    /// assert_eq!(t.is_finite().to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    is_finite => IsFinite;
    /// Where values are infinite (bool; numpy's `isinf`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NEG_INFINITY, f64::NAN]);
    /// assert_eq!(t.is_infinite().to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
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
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let v = DataArray::from_vec(["x"], &[2], vec![1.0, 0.0]);
    /// assert_eq!(v.atan2(-1.0).rad2deg().round(9).to_f64()?, [135.0, 180.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    atan2 => Atan2;
    /// The length of the hypotenuse (numpy's `hypot`): wind speed from its components.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let u = DataArray::from_vec(["x"], &[2], vec![3.0, -5.0]);
    /// let v = DataArray::from_vec(["x"], &[2], vec![4.0, 12.0]);
    /// assert_eq!(u.hypot(&v).to_f64()?, [5.0, 13.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    hypot => Hypot;
    /// The rest of a division rounded down, with the sign of `other` (Python's `%`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["lon"], &[2], vec![-30.0, 370.0]).rem(360.0).to_f64()?, [330.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
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
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1000.0]);
    /// assert!((t.logaddexp(&t).item()? - (1000.0 + 2.0f64.ln())).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
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
