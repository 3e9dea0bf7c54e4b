//! Operations on one block.
use std::fmt;

use super::cast::cast;
use super::decode_time::{DecodeTime, decode_time};
use super::format_time::FormatTime;
use super::is_in::IsIn;
use super::lookup::Lookup;
use super::missing::{is_missing, require_present};
use super::round_time::RoundTime;
use super::rows::{Target, extend1, map1};
use super::text_op::TextOp;
use super::time_field::{TimeField, time_field};
use super::unpack::{Unpack, unpack};
use crate::base::{Block, DType, Error, Kind, Result};

macro_rules! unary_ops {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// An operation on one array. Mathematical functions take integers of up to 16 bits and bool to f32, wider ones to f64
        /// (numpy takes 8-bit ones to float16, which we do not have).
        #[derive(Debug, Clone, PartialEq)]
        pub enum UnaryOp {
            $($(#[$doc])* $name,)*
            /// CF unpacking: mask, scale, offset.
            Unpack(Unpack),
            /// CF time decoding.
            DecodeTime(DecodeTime),
            /// A field of times: year, month, season.
            TimeField(TimeField),
            /// Times at whole steps.
            RoundTime(RoundTime),
            /// Times as text.
            FormatTime(FormatTime),
            /// An operation on strings.
            Text(TextOp),
            /// Whether the value is one of a list.
            IsIn(IsIn),
            /// The label at each position; missing below zero.
            Lookup(Lookup),
        }

        impl UnaryOp {
            /// The name of the method: "sqrt", "cos_deg".
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unpack(_) => "unpack",
                    Self::DecodeTime(_) => "decode_time",
                    Self::TimeField(field) => field.name(),
                    Self::RoundTime(round) => round.name(),
                    Self::FormatTime(_) => "strftime",
                    Self::Text(op) => op.name(),
                    Self::IsIn(_) => "isin",
                    Self::Lookup(_) => "labels",
                }
            }
        }
    };
}
unary_ops! {
    /// `-x`; integers wrap.
    Neg = "-";
    /// Logical not of bool, bitwise not of integers.
    Not = "!";
    /// Absolute value.
    Abs = "abs";
    /// -1, 0 or 1; NaN stays.
    Sign = "sign";
    /// `x * x`.
    Square = "square";
    /// Square root.
    Sqrt = "sqrt";
    /// Cube root.
    Cbrt = "cbrt";
    /// e to the x.
    Exp = "exp";
    /// 2 to the x.
    Exp2 = "exp2";
    /// e to the x, less 1.
    ExpM1 = "exp_m1";
    /// Natural logarithm.
    Ln = "ln";
    /// Natural logarithm of 1 + x.
    Ln1p = "ln_1p";
    /// Logarithm to base 2.
    Log2 = "log2";
    /// Logarithm to base 10.
    Log10 = "log10";
    /// Sine of radians.
    Sin = "sin";
    /// Cosine of radians.
    Cos = "cos";
    /// Tangent of radians.
    Tan = "tan";
    /// Inverse sine, in radians.
    Asin = "asin";
    /// Inverse cosine, in radians.
    Acos = "acos";
    /// Inverse tangent, in radians.
    Atan = "atan";
    /// Hyperbolic sine.
    Sinh = "sinh";
    /// Hyperbolic cosine.
    Cosh = "cosh";
    /// Hyperbolic tangent.
    Tanh = "tanh";
    /// Inverse hyperbolic sine.
    Asinh = "asinh";
    /// Inverse hyperbolic cosine.
    Acosh = "acosh";
    /// Inverse hyperbolic tangent.
    Atanh = "atanh";
    /// Sine of degrees.
    SinDeg = "sin_deg";
    /// Cosine of degrees.
    CosDeg = "cos_deg";
    /// Tangent of degrees.
    TanDeg = "tan_deg";
    /// Degrees to radians.
    ToRadians = "to_radians";
    /// Radians to degrees.
    ToDegrees = "to_degrees";
    /// The nearest integer below.
    Floor = "floor";
    /// The nearest integer above.
    Ceil = "ceil";
    /// The nearest integer, halves to even.
    Round = "round";
    /// The integer part.
    Trunc = "trunc";
    /// Whether the value is NaN or NaT. Integers, bool and strings are never missing.
    IsMissing = "is_missing";
    /// Whether the value is neither NaN nor NaT.
    NotMissing = "not_missing";
    /// Whether the value is neither infinite nor missing.
    IsFinite = "is_finite";
    /// Whether the value is infinite.
    IsInfinite = "is_infinite";
    /// The value itself; an error if one is missing.
    RequirePresent = "require_present";
}

impl UnaryOp {
    /// The dtype of the result.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::compute::pointwise::UnaryOp;
    /// assert_eq!((UnaryOp::Sqrt.output_dtype(DType::I16)?, UnaryOp::Sqrt.output_dtype(DType::I32)?), (DType::F32, DType::F64));
    /// assert!(UnaryOp::Sqrt.output_dtype(DType::Utf8).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the operation is not defined for values of `x`.
    pub fn output_dtype(&self, x: DType) -> Result<DType> {
        let kind = x.kind();
        match self {
            Self::Unpack(unpack) => unpack.output_dtype(x),
            Self::DecodeTime(decode) => decode.output_dtype(x),
            Self::TimeField(field) => field.output_dtype(x),
            Self::RoundTime(round) => round.output_dtype(x),
            Self::FormatTime(format) => format.output_dtype(x),
            Self::Text(op) => op.output_dtype(x),
            Self::IsIn(list) => list.output_dtype(x),
            Self::Lookup(labels) => labels.output_dtype(x),
            Self::IsMissing | Self::NotMissing => Ok(DType::Bool),
            Self::IsFinite | Self::IsInfinite if kind != Kind::Text => Ok(DType::Bool),
            Self::RequirePresent => Ok(x),
            Self::Not if matches!(kind, Kind::Bool | Kind::Integer) => Ok(x),
            Self::Neg | Self::Sign | Self::Square if x.is_numeric() => Ok(x),
            Self::Neg if kind == Kind::Bool => Err(self.undefined(x).hint("`!x` is the logical not")),
            Self::Neg | Self::Abs if kind == Kind::Duration => Ok(x),
            Self::Abs if matches!(kind, Kind::Bool | Kind::Integer | Kind::Float) => Ok(x),
            Self::Floor | Self::Ceil | Self::Round | Self::Trunc
                if matches!(kind, Kind::Bool | Kind::Integer | Kind::Float) =>
            {
                Ok(x)
            }
            Self::Not | Self::Neg | Self::Sign | Self::Square | Self::Abs => Err(self.undefined(x)),
            _ if kind == Kind::Float => Ok(x),
            _ if matches!(kind, Kind::Bool | Kind::Integer) => {
                Ok(if x.item_size() <= 2 { DType::F32 } else { DType::F64 })
            }
            _ => Err(self.undefined(x)),
        }
    }

    fn undefined(&self, x: DType) -> Error {
        Error::dtype(format!("`{}` is not defined for {}", self.name(), plural(x)))
    }
}

impl fmt::Display for UnaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What values of a dtype are called in messages.
pub(super) fn plural(dtype: DType) -> String {
    match dtype.kind() {
        Kind::Bool => "truth values".to_owned(),
        Kind::Integer => format!("integers ({dtype})"),
        Kind::Float => format!("numbers ({dtype})"),
        Kind::Text => "strings".to_owned(),
        Kind::Time => format!("times ({dtype})"),
        Kind::Duration => format!("durations ({dtype})"),
    }
}

/// `op` of every value. The result stands in C order.
///
/// ```
/// use terracube_cube::Block;
/// use terracube_cube::compute::pointwise::{UnaryOp, unary};
/// assert_eq!(unary(&UnaryOp::Sqrt, &Block::new(&[2], vec![4.0, 9.0])?)?.values::<f64>()?, [2.0, 3.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If the operation is not defined for the dtype, or (time decoding) a value cannot be represented.
pub fn unary(op: &UnaryOp, x: &Block) -> Result<Block> {
    let output = op.output_dtype(x.dtype())?;
    match op {
        UnaryOp::Unpack(how) => return unpack(how, x),
        UnaryOp::DecodeTime(how) => return decode_time(how, x),
        UnaryOp::TimeField(field) => return time_field(*field, x),
        UnaryOp::RoundTime(round) => return round.of(x),
        UnaryOp::FormatTime(format) => return format.of(x),
        UnaryOp::Text(op) => return op.of(x),
        UnaryOp::IsIn(list) => return list.holds(x),
        UnaryOp::Lookup(labels) => return labels.of(x),
        UnaryOp::IsMissing => return is_missing(x, true),
        UnaryOp::NotMissing => return is_missing(x, false),
        UnaryOp::RequirePresent => return require_present(x),
        UnaryOp::IsFinite if x.dtype().is_float() => {
            return map1::<f64, u8>(x, output, &mut |x, out| extend1(out, x, |v| u8::from(v.is_finite())));
        }
        UnaryOp::IsFinite => return is_missing(x, false),
        UnaryOp::IsInfinite if x.dtype().is_float() => {
            return map1::<f64, u8>(x, output, &mut |x, out| extend1(out, x, |v| u8::from(v.is_infinite())));
        }
        UnaryOp::IsInfinite => {
            return Block::filled(&Block::scalar(0u8).reinterpret(DType::Bool)?, x.shape())?.contiguous();
        }
        UnaryOp::Not if output == DType::Bool => {
            return map1::<u8, u8>(x, output, &mut |x, out| extend1(out, x, |v| u8::from(v == 0)));
        }
        // Integers are their own floor.
        UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Round | UnaryOp::Trunc if !output.is_float() => {
            return x.contiguous();
        }
        UnaryOp::Abs if output == DType::Bool || output.is_unsigned() => return x.contiguous(),
        UnaryOp::Sign if output.is_unsigned() => return cast(&cast(x, DType::Bool)?, output),
        _ => {}
    }
    match output {
        DType::F32 => float32(op, x),
        DType::F64 => float64(op, x),
        // In 64 bits, then narrowed, which is what the narrow type would give: sign extension commutes with all of these.
        // NaT is its own negative and absolute value.
        _ => {
            let wide = map1::<i64, i64>(x, DType::I64, &mut |x, out| integers(op, x, out))?;
            if output.is_time_like() { wide.reinterpret(output) } else { cast(&wide, output) }
        }
    }
}

fn integers(op: &UnaryOp, x: &[i64], out: &mut Vec<i64>) {
    match op {
        UnaryOp::Not => extend1(out, x, |v| !v),
        UnaryOp::Neg => extend1(out, x, i64::wrapping_neg),
        UnaryOp::Sign => extend1(out, x, i64::signum),
        UnaryOp::Square => extend1(out, x, |v: i64| v.wrapping_mul(v)),
        _ => extend1(out, x, i64::wrapping_abs),
    }
}

macro_rules! float_ops {
    ($name:ident, $t:ty, $dtype:expr) => {
        fn $name(op: &UnaryOp, x: &Block) -> Result<Block> {
            let function: fn($t) -> $t = match op {
                UnaryOp::Neg => return inlined(x, $dtype, |v: $t| -v),
                UnaryOp::Abs => return inlined(x, $dtype, <$t>::abs),
                UnaryOp::Sign => {
                    return inlined(x, $dtype, |v: $t| {
                        if v > 0.0 {
                            1.0
                        } else if v < 0.0 {
                            -1.0
                        } else {
                            v
                        }
                    })
                }
                UnaryOp::Square => return inlined(x, $dtype, |v: $t| v * v),
                UnaryOp::Sqrt => return inlined(x, $dtype, <$t>::sqrt),
                UnaryOp::Floor => return inlined(x, $dtype, <$t>::floor),
                UnaryOp::Ceil => return inlined(x, $dtype, <$t>::ceil),
                UnaryOp::Round => return inlined(x, $dtype, <$t>::round_ties_even),
                UnaryOp::Trunc => return inlined(x, $dtype, <$t>::trunc),
                UnaryOp::ToRadians => return inlined(x, $dtype, |v: $t| v * (std::f64::consts::PI / 180.0) as $t),
                UnaryOp::ToDegrees => return inlined(x, $dtype, |v: $t| v * (180.0 / std::f64::consts::PI) as $t),
                UnaryOp::Cbrt => <$t>::cbrt,
                UnaryOp::Exp => <$t>::exp,
                UnaryOp::Exp2 => <$t>::exp2,
                UnaryOp::Asinh => <$t>::asinh,
                UnaryOp::Acosh => <$t>::acosh,
                UnaryOp::Atanh => <$t>::atanh,
                UnaryOp::ExpM1 => <$t>::exp_m1,
                UnaryOp::Ln => <$t>::ln,
                UnaryOp::Ln1p => <$t>::ln_1p,
                UnaryOp::Log2 => <$t>::log2,
                UnaryOp::Log10 => <$t>::log10,
                UnaryOp::Sin => <$t>::sin,
                UnaryOp::Cos => <$t>::cos,
                UnaryOp::Tan => <$t>::tan,
                UnaryOp::Asin => <$t>::asin,
                UnaryOp::Acos => <$t>::acos,
                UnaryOp::Atan => <$t>::atan,
                UnaryOp::Sinh => <$t>::sinh,
                UnaryOp::Cosh => <$t>::cosh,
                UnaryOp::Tanh => <$t>::tanh,
                UnaryOp::SinDeg => |v| of_degrees(v.into(), f64::sin) as $t,
                UnaryOp::CosDeg => |v| of_degrees(v.into(), f64::cos) as $t,
                UnaryOp::TanDeg => |v| of_degrees(v.into(), f64::tan) as $t,
                _ => return Err(op.undefined(x.dtype())),
            };
            map1::<$t, $t>(x, $dtype, &mut |x, out| out.extend(x.iter().map(|&v| function(v))))
        }
    };
}
float_ops!(float32, f32, DType::F32);
float_ops!(float64, f64, DType::F64);

fn inlined<T: Target>(x: &Block, dtype: DType, f: impl Fn(T) -> T + Copy) -> Result<Block> {
    map1::<T, T>(x, dtype, &mut |x, out| extend1(out, x, f))
}

fn of_degrees(degrees: f64, f: fn(f64) -> f64) -> f64 {
    f(degrees * (std::f64::consts::PI / 180.0))
}
