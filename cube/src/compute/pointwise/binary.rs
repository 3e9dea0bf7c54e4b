//! Operations on two blocks: the rules of dtypes, and arithmetic of numbers. Times are in `binary_times.rs`.
use std::fmt;

use super::binary_times::{binary_times, times_dtype};
use super::compare::{compare, compare_text};
use super::promote::promote;
use super::rows::{Target, extend2, map2, same_shape};
use super::unary::plural;
use crate::base::{Block, DType, Error, Kind, Result, dispatch_numeric};

/// An operation on two arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a + b`; integers wrap; logical or of bool.
    Add,
    /// `a - b`; integers wrap.
    Sub,
    /// `a * b`; integers wrap; logical and of bool.
    Mul,
    /// `a / b`; f64 for integers.
    Div,
    /// `a / b` rounded down; integers by zero give 0.
    FloorDiv,
    /// The rest of [`BinaryOp::FloorDiv`], with the sign of `b`; integers by zero give 0.
    Rem,
    /// `a` to the power of `b`.
    Pow,
    /// The smaller value; missing if one of both is.
    Min,
    /// The larger value; missing if one of both is.
    Max,
    /// `a > b`.
    Gt,
    /// `a >= b`.
    Ge,
    /// `a < b`.
    Lt,
    /// `a <= b`.
    Le,
    /// `a == b`; missing values equal nothing.
    Eq,
    /// `a != b`; missing values differ from everything.
    Ne,
    /// Logical and of bool, bitwise of integers.
    And,
    /// Logical or of bool, bitwise of integers.
    Or,
    /// Exclusive or of bool, bitwise of integers.
    Xor,
}

impl BinaryOp {
    /// How the operation is written: "+", "min".
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "floor_div",
            Self::Rem => "%",
            Self::Pow => "pow",
            Self::Min => "min",
            Self::Max => "max",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
        }
    }

    /// Whether the result is bool whatever the operands.
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le | Self::Eq | Self::Ne)
    }

    /// The dtype of the result, as NumPy 2 has it for arrays. For literals see [`weak_dtype`](crate::compute::scalar::weak_dtype).
    ///
    /// # Errors
    /// If the operation is not defined for these dtypes.
    pub fn output_dtype(self, a: DType, b: DType) -> Result<DType> {
        let numeric = |dtype: DType| matches!(dtype.kind(), Kind::Bool | Kind::Integer | Kind::Float);
        if a == DType::Utf8 && b == DType::Utf8 && self.is_comparison() {
            return Ok(DType::Bool);
        }
        if a.is_time_like() || b.is_time_like() {
            return times_dtype(self, a, b);
        }
        if !numeric(a) || !numeric(b) {
            return Err(self.undefined(a, b));
        }
        if self.is_comparison() {
            return Ok(DType::Bool);
        }
        let common = promote(a, b)?;
        match self {
            Self::And | Self::Or | Self::Xor if common.is_float() => {
                Err(self.undefined(a, b).hint("compare first: `&`, `|` and `^` join truth values"))
            }
            Self::Sub if common == DType::Bool => {
                Err(self.undefined(a, b).hint("`a ^ b` says where truth values differ"))
            }
            Self::Div if !common.is_float() => Ok(DType::F64),
            Self::FloorDiv | Self::Rem | Self::Pow if common == DType::Bool => Ok(DType::I8),
            _ => Ok(common),
        }
    }

    pub(super) fn undefined(self, a: DType, b: DType) -> Error {
        let (left, right) = (plural(a), plural(b));
        let both = if left == right { left } else { format!("{left} and {right}") };
        Error::dtype(format!("`{}` is not defined for {both}", self.symbol()))
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// `a op b` value by value, for blocks of one shape (broadcast views are fine). The result stands in C order.
///
/// # Errors
/// If the shapes differ, the operation is not defined for the dtypes, an integer is raised to a negative power, or times overflow.
pub fn binary(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    same_shape(a, b)?;
    let output = op.output_dtype(a.dtype(), b.dtype())?;
    if a.dtype() == DType::Utf8 {
        return compare_text(op, a, b);
    }
    if a.dtype().is_time_like() || b.dtype().is_time_like() {
        return binary_times(op, a, b, output);
    }
    if op.is_comparison() {
        return compare(op, a, b);
    }
    if output == DType::Bool {
        return truth(op, a, b);
    }
    dispatch_numeric!(output, T => numbers::<T>(op, a, b, output), text => Err(op.undefined(a.dtype(), b.dtype())))
}

fn truth(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    let function: fn(u8, u8) -> u8 = match op {
        BinaryOp::Add | BinaryOp::Or | BinaryOp::Max => |x, y| x | y,
        BinaryOp::Mul | BinaryOp::And | BinaryOp::Min => |x, y| x & y,
        BinaryOp::Xor => |x, y| x ^ y,
        _ => return Err(op.undefined(a.dtype(), b.dtype())),
    };
    map2::<u8, u8, u8>(a, b, DType::Bool, &mut |x, y, out| match op {
        BinaryOp::Xor => extend2(out, x, y, |x, y| x ^ y),
        BinaryOp::Mul | BinaryOp::And | BinaryOp::Min => extend2(out, x, y, |x, y| x & y),
        _ => extend2(out, x, y, function),
    })
}

fn numbers<T: Target>(op: BinaryOp, a: &Block, b: &Block, output: DType) -> Result<Block> {
    match op {
        BinaryOp::Add => rows::<T>(a, b, output, T::plus),
        BinaryOp::Sub => rows::<T>(a, b, output, T::minus),
        BinaryOp::Mul => rows::<T>(a, b, output, T::times),
        BinaryOp::Div => match output {
            DType::F32 => rows::<f32>(a, b, output, |x, y| x / y),
            _ => rows::<f64>(a, b, output, |x, y| x / y),
        },
        BinaryOp::FloorDiv => rows::<T>(a, b, output, T::floor_div),
        BinaryOp::Rem => rows::<T>(a, b, output, T::remainder),
        BinaryOp::Pow => {
            refuse_negative_powers(b, output)?;
            rows::<T>(a, b, output, T::power)
        }
        // NaN on either side wins, as in numpy's minimum.
        BinaryOp::Min => rows::<T>(a, b, output, |x, y| if (x < y) | x.is_missing() { x } else { y }),
        BinaryOp::Max => rows::<T>(a, b, output, |x, y| if (x > y) | x.is_missing() { x } else { y }),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => match output.is_unsigned() {
            true => bits::<u64>(op, a, b, output),
            false => bits::<i64>(op, a, b, output),
        },
        _ => Err(op.undefined(a.dtype(), b.dtype())),
    }
}

fn rows<T: Target>(a: &Block, b: &Block, output: DType, f: impl Fn(T, T) -> T + Copy) -> Result<Block> {
    map2::<T, T, T>(a, b, output, &mut |x, y, out| extend2(out, x, y, f))
}

/// Bitwise operations in 64 bits, then narrowed: sign extension changes none of the bits that stay.
fn bits<W: Target + std::ops::BitAnd<Output = W> + std::ops::BitOr<Output = W> + std::ops::BitXor<Output = W>>(
    op: BinaryOp,
    a: &Block,
    b: &Block,
    output: DType,
) -> Result<Block> {
    let wide = match op {
        BinaryOp::And => rows::<W>(a, b, W::DTYPE, |x, y| x & y),
        BinaryOp::Or => rows::<W>(a, b, W::DTYPE, |x, y| x | y),
        _ => rows::<W>(a, b, W::DTYPE, |x, y| x ^ y),
    }?;
    super::cast(&wide, output)
}

fn refuse_negative_powers(exponents: &Block, output: DType) -> Result<()> {
    if output.is_float() || exponents.dtype().is_unsigned() || exponents.dtype() == DType::Bool {
        return Ok(());
    }
    let mut negative = false;
    map2::<i64, i64, u8>(exponents, exponents, DType::U8, &mut |x, _, _| negative |= x.iter().any(|&v| v < 0)).ok();
    if negative {
        return Err(
            Error::invalid("integers cannot be raised to negative powers").hint("cast the base to float64 first")
        );
    }
    Ok(())
}
