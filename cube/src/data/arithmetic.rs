//! Arithmetic, comparison and choice, value by value, broadcast by dimension name.
use std::ops;

use super::align::align;
use super::operand::{Operand, OperandValue};
use super::{Attributes, Coords, DataArray};
use crate::base::{DType, Dims, Result};
use crate::compute::pointwise::{BinaryOp, UnaryOp};
use crate::compute::scalar::{self, Scalar};
use crate::plan::Expr;

impl DataArray {
    /// `op` on every pair of values; `self` stands left unless `swapped`.
    #[track_caller]
    pub(super) fn binary(&self, op: BinaryOp, other: impl Operand, swapped: bool) -> Self {
        match other.into_operand() {
            OperandValue::Literal(literal) => {
                let literal = match self.literal(&literal, op) {
                    Ok(literal) => literal,
                    Err(error) => return self.fail(error),
                };
                let own = self.variable.expr();
                self.with_values(if swapped { literal.binary(op, own) } else { own.binary(op, &literal) })
            }
            OperandValue::Array(other) => {
                let (left, right) = if swapped { (&other, self) } else { (self, &other) };
                Self::from_result(left.joined(right, |a, b| a.binary(op, b)))
            }
        }
    }

    #[track_caller]
    fn literal(&self, literal: &Scalar, op: BinaryOp) -> Result<Expr> {
        let dtype = scalar::weak_dtype(literal, self.dtype(), op)?;
        Ok(Expr::constant(Dims::none(), literal.to_block(dtype)?))
    }

    /// A node over two arrays after alignment; coordinates are united, attributes that differ are dropped.
    #[track_caller]
    fn joined(&self, other: &Self, build: impl FnOnce(&Expr, &Expr) -> Expr) -> Result<Self> {
        if let Some(error) = self.error().or(other.error()) {
            return Err(error.clone());
        }
        let (left, right, coords) = align(self, other)?;
        let expr = build(&left, &right);
        if let Some(error) = expr.error() {
            return Err(error.clone());
        }
        let name = self.name.clone().filter(|name| other.name.as_ref() == Some(name));
        let mut array = Self::from_expr(expr).with_attrs(common(self.attrs(), other.attrs()));
        array.name = name;
        array.coords = coords;
        Ok(array)
    }

    #[track_caller]
    pub(super) fn unary(&self, op: UnaryOp) -> Self {
        self.with_values(self.variable.expr().unary(op))
    }

    /// The values where `condition` holds, else missing (xarray's `where`). Integers become floats; `condition` is a bool array,
    /// broadcast by name.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 9.0]);
    /// assert_eq!(t.where_(t.gt(4.0)).count("x").to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn where_(&self, condition: impl std::borrow::Borrow<DataArray>) -> Self {
        let masked = self.joined(condition.borrow(), |values, condition| values.mask(condition));
        self.keeping(masked)
    }

    /// The values where `condition` holds, else those of `other` (an array or a literal).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.where_else(t.gt(1.5), 0.0).to_f64()?, [0.0, 2.0, 0.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn where_else(&self, condition: impl std::borrow::Borrow<DataArray>, other: impl Operand) -> Self {
        let chosen = match other.into_operand() {
            OperandValue::Literal(literal) => self.literal(&literal, BinaryOp::Add).and_then(|literal| {
                self.joined(condition.borrow(), |values, condition| condition.select(values, &literal))
            }),
            OperandValue::Array(other) => self.chosen(condition.borrow(), &other),
        };
        self.keeping(chosen)
    }

    #[track_caller]
    fn chosen(&self, condition: &Self, other: &Self) -> Result<Self> {
        let (yes, no, coords) = align(self, other)?;
        let (yes, no) = (Self::over(yes, coords.clone()), Self::over(no, coords));
        let (yes, holds, coords) = align(&yes, condition)?;
        // The condition as the first join left it meets the other values: both joins hold for all three.
        let (no, holds, mut all) = align(&no, &Self::over(holds, coords.clone()))?;
        let (yes, _, _) = align(&Self::over(yes, coords.clone()), &Self::over(no.clone(), all.clone()))?;
        for coord in coords.iter().filter(|coord| all.get(coord.name()).is_none()).cloned().collect::<Vec<_>>() {
            all.set(coord);
        }
        Self::over(holds.select(&yes, &no), all).checked()
    }

    #[track_caller]
    fn over(expr: Expr, coords: Coords) -> Self {
        let coords = coords.filter(|coord| coord.variable().dims().iter().all(|dim| expr.dims().contains(dim)));
        Self { coords, ..Self::from_expr(expr) }
    }

    /// `value` where values are missing (xarray's `fillna`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 3.0]);
    /// assert_eq!(t.fill_missing(0.0).to_f64()?, [1.0, 0.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn fill_missing(&self, value: impl Operand) -> Self {
        self.where_else(self.not_missing(), value)
    }

    /// Another dtype, as numpy's `astype`: floats to integers truncate.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.9, -1.9]);
    /// assert_eq!(t.cast(DType::I32).to_vec::<i32>()?, [1, -1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Self {
        self.with_values(self.variable.expr().cast(dtype))
    }

    /// Name and attributes of `self` on a result.
    #[track_caller]
    fn keeping(&self, result: Result<Self>) -> Self {
        match result {
            Ok(array) => Self { name: self.name.clone(), ..array }.with_attrs(self.attrs().clone()),
            Err(error) => self.fail(error),
        }
    }
}

/// Attributes that both have with the same value, and those that only one has (xarray's `drop_conflicts`).
fn common(left: &Attributes, right: &Attributes) -> Attributes {
    let agreed = left.iter().filter(|(name, value)| right.get(name).is_none_or(|other| other == *value));
    let added = right.iter().filter(|(name, _)| left.get(name).is_none());
    agreed.chain(added).map(|(name, value)| (name, value.clone())).collect()
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl DataArray {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, other: impl Operand) -> Self { self.binary(BinaryOp::$op, other, false) })*
        }
    };
}
comparisons! {
    /// Where values are greater (bool; xarray's `>`). Missing values compare false. Lazy.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!(t.gt(1.0).to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    gt => Gt;
    /// Where values are greater or equal (bool; xarray's `>=`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!(t.ge(2.0).to_vec::<u8>()?, [0, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ge => Ge;
    /// Where values are less (bool; xarray's `<`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!(t.lt(2.0).to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    lt => Lt;
    /// Where values are less or equal (bool; xarray's `<=`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!(t.le(2.0).to_vec::<u8>()?, [1, 1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    le => Le;
    /// Where values are equal (bool; xarray's `==`). A missing value equals nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!((t.eq_to(2.0).to_vec::<u8>()?, t.eq_to(&t).to_vec::<u8>()?), (vec![0, 1, 0], vec![1, 1, 0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    eq_to => Eq;
    /// Where values differ (bool; xarray's `!=`). A missing value differs from everything.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, f64::NAN]);
    /// assert_eq!((t.ne_to(2.0).to_vec::<u8>()?, t.ne_to(&t).to_vec::<u8>()?), (vec![1, 0, 1], vec![0, 0, 1]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ne_to => Ne;
    /// Values to a power (xarray's `**`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![2.0, 3.0]);
    /// assert_eq!(t.pow(2.0).to_f64()?, [4.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pow => Pow;
    /// The greater of two values; missing if one is (numpy's `maximum`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, f64::NAN]);
    /// let greater = t.maximum(2.0).to_f64()?;
    /// assert!(greater[..2] == [2.0, 4.0] && greater[2].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    maximum => Max;
    /// The lesser of two values; missing if one is (numpy's `minimum`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 4.0, f64::NAN]);
    /// let lesser = t.minimum(2.0).to_f64()?;
    /// assert!(lesser[..2] == [1.0, 2.0] && lesser[2].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    minimum => Min;
    /// Division rounded down (Python's `//`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![7, -7]);
    /// assert_eq!(t.floor_div(2).to_f64()?, [3.0, -4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    floor_div => FloorDiv;
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl DataArray {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> Self { self.unary(UnaryOp::$op) })*
        }
    };
}
functions! {
    /// Absolute values; the dtype stays (xarray's `abs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![-2, 3]).abs().to_vec::<i32>()?, [2, 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    abs => Abs;
    /// Square roots; NaN below zero.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let roots = DataArray::from_vec(["x"], &[2], vec![9.0, -1.0]).sqrt().to_f64()?;
    /// assert!(roots[0] == 3.0 && roots[1].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sqrt => Sqrt;
    /// Powers of e.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![0.0, f64::NEG_INFINITY]).exp().to_f64()?, [1.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    exp => Exp;
    /// Natural logarithms. NaN below zero (numpy's `log`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let logarithms = DataArray::from_vec(["x"], &[2], vec![1.0, -1.0]).ln().to_f64()?;
    /// assert!(logarithms[0] == 0.0 && logarithms[1].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ln => Ln;
    /// Decimal logarithms.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0, 1000.0]).log10().round(9).to_f64()?, [0.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    log10 => Log10;
    /// Sines of radians.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, std::f64::consts::FRAC_PI_2]);
    /// assert_eq!(t.sin().to_f64()?, [0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sin => Sin;
    /// Cosines of radians.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, std::f64::consts::PI]);
    /// assert_eq!(t.cos().to_f64()?, [1.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cos => Cos;
    /// Tangents of radians.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![0.0, std::f64::consts::FRAC_PI_4]);
    /// assert_eq!(t.tan().round(9).to_f64()?, [0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    tan => Tan;
    /// Cosines of degrees: the weights of latitudes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[3], vec![0.0, 60.0, 90.0]);
    /// assert_eq!(t.cos_deg().round(9).to_f64()?, [1.0, 0.5, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cos_deg => CosDeg;
    /// Where values are missing (bool; xarray's `isnull`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]);
    /// assert_eq!(t.is_missing().to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    is_missing => IsMissing;
    /// Where values are not missing (bool; xarray's `notnull`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]);
    /// assert_eq!(t.not_missing().to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    not_missing => NotMissing;
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident;)*) => {$(
        impl<T: Operand> ops::$trait<T> for DataArray {
            type Output = DataArray;
            #[track_caller]
            fn $method(self, other: T) -> DataArray { self.binary(BinaryOp::$op, other, false) }
        }
        impl<T: Operand> ops::$trait<T> for &DataArray {
            type Output = DataArray;
            #[track_caller]
            fn $method(self, other: T) -> DataArray { self.binary(BinaryOp::$op, other, false) }
        }
        operators!(@left $trait $method $op f64 f32 i32 i64);
    )*};
    (@left $trait:ident $method:ident $op:ident $($t:ty)*) => {$(
        impl ops::$trait<DataArray> for $t {
            type Output = DataArray;
            #[track_caller]
            fn $method(self, other: DataArray) -> DataArray { other.binary(BinaryOp::$op, self, true) }
        }
        impl ops::$trait<&DataArray> for $t {
            type Output = DataArray;
            #[track_caller]
            fn $method(self, other: &DataArray) -> DataArray { other.binary(BinaryOp::$op, self, true) }
        }
    )*};
}
operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
    Rem rem Rem;
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
}

impl ops::Not for DataArray {
    type Output = Self;
    #[track_caller]
    fn not(self) -> Self {
        self.unary(UnaryOp::Not)
    }
}

impl ops::Not for &DataArray {
    type Output = DataArray;
    #[track_caller]
    fn not(self) -> DataArray {
        self.unary(UnaryOp::Not)
    }
}

impl ops::Neg for DataArray {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.unary(UnaryOp::Neg)
    }
}

impl ops::Neg for &DataArray {
    type Output = DataArray;
    #[track_caller]
    fn neg(self) -> DataArray {
        self.unary(UnaryOp::Neg)
    }
}
