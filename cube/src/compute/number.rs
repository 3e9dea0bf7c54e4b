//! What kernels need to know about the Rust types that values are held in, beyond [`Element`].
use crate::base::Element;

/// Arithmetic of one stored type. Integers wrap as in numpy.
pub(crate) trait Number: Element + Default + PartialEq {
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The smallest value; -inf for floats. For times it is NaT.
    const LOWEST: Self;
    /// The largest value; +inf for floats.
    const HIGHEST: Self;
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
    /// `self / other`; for integers [`Number::floor_div`].
    fn over(self, other: Self) -> Self;
    /// Division rounded down; integers by zero give 0 as in numpy.
    fn floor_div(self, other: Self) -> Self;
    /// Remainder with the sign of the divisor; integers by zero give 0 as in numpy.
    fn remainder(self, other: Self) -> Self;
    /// Power; integers with a negative exponent give 0 (callers refuse them).
    fn power(self, other: Self) -> Self;
}

macro_rules! integer_number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LOWEST: Self = <$t>::MIN;
            const HIGHEST: Self = <$t>::MAX;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self.wrapping_sub(other) }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
            #[inline(always)]
            fn over(self, other: Self) -> Self { self.floor_div(other) }
            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let quotient = self.wrapping_div(other);
                let inexact = self.wrapping_rem(other) != 0;
                #[allow(unused_comparisons)]
                let opposite = (self < 0) != (other < 0);
                if inexact && opposite { quotient.wrapping_sub(1) } else { quotient }
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let rest = self.wrapping_rem(other);
                #[allow(unused_comparisons)]
                let opposite = (rest < 0) != (other < 0);
                if rest != 0 && opposite { rest.wrapping_add(other) } else { rest }
            }
            #[inline(always)]
            fn power(self, other: Self) -> Self {
                #[allow(unused_comparisons)]
                if other < 0 {
                    return 0;
                }
                let (mut base, mut left, mut product) = (self, other, 1 as $t);
                while left > 0 {
                    if left & 1 == 1 {
                        product = product.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    left >>= 1;
                }
                product
            }
        }
    )*};
}
integer_number!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! float_number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$t>::NEG_INFINITY;
            const HIGHEST: Self = <$t>::INFINITY;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self + other }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self - other }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self * other }
            #[inline(always)]
            fn over(self, other: Self) -> Self { self / other }
            // numpy's npy_divmod: the quotient of the exact remainder, then snapped to the nearest integer below.
            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                if other == 0.0 {
                    return self / other;
                }
                let mut rest = self % other;
                let mut quotient = (self - rest) / other;
                if rest != 0.0 && ((other < 0.0) != (rest < 0.0)) {
                    quotient -= 1.0;
                    rest += other;
                }
                let _ = rest;
                if quotient == 0.0 {
                    return (0.0 as $t).copysign(self / other);
                }
                let floor = quotient.floor();
                if quotient - floor > 0.5 { floor + 1.0 } else { floor }
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                let rest = self % other;
                if rest == 0.0 {
                    return (0.0 as $t).copysign(other);
                }
                if (other < 0.0) != (rest < 0.0) { rest + other } else { rest }
            }
            #[inline(always)]
            fn power(self, other: Self) -> Self { self.powf(other) }
        }
    )*};
}
float_number!(f32, f64);

/// Conversion as Rust's `as`: integers wrap, floats to integers truncate and saturate, NaN gives 0.
pub(crate) trait CastTo<U>: Copy {
    /// The converted value.
    fn cast_to(self) -> U;
}

macro_rules! casts {
    ($($from:ty),*) => {$( casts!(@to $from => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64); )*};
    (@to $from:ty => $($to:ty),*) => {$(
        impl CastTo<$to> for $from {
            #[inline(always)]
            #[allow(clippy::unnecessary_cast)]
            fn cast_to(self) -> $to { self as $to }
        }
    )*};
}
casts!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

/// What a reduction takes as missing.
pub(crate) trait Missing: Copy + Send + Sync + 'static {
    /// Whether `value` is left out.
    fn missing<T: Number>(value: T) -> bool;
}

/// NaN is missing; integers never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SkipNan;
/// Nothing is missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SkipNothing;
/// The smallest integer is missing: NaT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SkipNat;

impl Missing for SkipNan {
    #[inline(always)]
    fn missing<T: Number>(value: T) -> bool {
        value.is_missing()
    }
}
impl Missing for SkipNothing {
    #[inline(always)]
    fn missing<T: Number>(_: T) -> bool {
        false
    }
}
impl Missing for SkipNat {
    #[inline(always)]
    fn missing<T: Number>(value: T) -> bool {
        value == T::LOWEST
    }
}
