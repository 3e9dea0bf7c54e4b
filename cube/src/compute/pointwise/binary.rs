//! Operations on two blocks: the rules of dtypes, and arithmetic of numbers. Times are in `binary_times.rs`.
use std::fmt;
use std::ops::{BitAnd, BitOr, BitXor};

use super::binary_times::{binary_times, times_dtype};
use super::cast::cast;
use super::compare::{compare, compare_text};
use super::promote::promote;
use super::rows::{Target, extend2, map2, map2_narrow, same_shape};
use super::unary::plural;
use crate::base::{Block, DType, Error, Kind, Result};

/// An operation on two arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a + b`; integers wrap; logical or of bool; one text behind the other.
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
    /// The angle of the point (b, a) in radians, from -pi to pi.
    Atan2,
    /// The length of the hypotenuse.
    Hypot,
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
    ///
    /// ```
    /// use terracube_cube::compute::pointwise::BinaryOp;
    /// assert_eq!((BinaryOp::Add.symbol(), BinaryOp::Pow.symbol()), ("+", "pow"));
    /// ```
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "floor_div",
            Self::Rem => "%",
            Self::Pow => "pow",
            Self::Atan2 => "atan2",
            Self::Hypot => "hypot",
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
    ///
    /// ```
    /// use terracube_cube::compute::pointwise::BinaryOp;
    /// assert!(BinaryOp::Ge.is_comparison() && !BinaryOp::And.is_comparison());
    /// ```
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le | Self::Eq | Self::Ne)
    }

    /// The dtype of the result, as NumPy 2 has it for arrays. For literals see [`weak_dtype`](crate::compute::scalar::weak_dtype).
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::compute::pointwise::BinaryOp;
    /// assert_eq!(BinaryOp::Div.output_dtype(DType::I32, DType::I32)?, DType::F64);
    /// assert_eq!(BinaryOp::Gt.output_dtype(DType::F32, DType::I16)?, DType::Bool);
    /// assert!(BinaryOp::Add.output_dtype(DType::Utf8, DType::F64).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the operation is not defined for these dtypes.
    pub fn output_dtype(self, a: DType, b: DType) -> Result<DType> {
        let numeric = |dtype: DType| matches!(dtype.kind(), Kind::Bool | Kind::Integer | Kind::Float);
        if a == DType::Utf8 && b == DType::Utf8 && self.is_comparison() {
            return Ok(DType::Bool);
        }
        // One text behind the other.
        if a == DType::Utf8 && b == DType::Utf8 && self == Self::Add {
            return Ok(DType::Utf8);
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
            Self::Atan2 | Self::Hypot if !common.is_float() => {
                Ok(if common.item_size() <= 2 { DType::F32 } else { DType::F64 })
            }
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
/// ```
/// use terracube_cube::Block;
/// use terracube_cube::compute::pointwise::{BinaryOp, binary};
/// let sums = binary(BinaryOp::Add, &Block::new(&[2], vec![1, 2])?, &Block::new(&[2], vec![10, 20])?)?;
/// assert_eq!(sums.values::<i32>()?, [11, 22]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If the shapes differ, the operation is not defined for the dtypes, an integer is raised to a negative power, or times overflow.
pub fn binary(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    same_shape(a, b)?;
    let output = op.output_dtype(a.dtype(), b.dtype())?;
    if output == DType::Utf8 {
        return joined(a, b);
    }
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
    numbers(op, a, b, output)
}

fn joined(a: &Block, b: &Block) -> Result<Block> {
    let (Some(x), Some(y)) = (a.text(), b.text()) else { return Err(Error::internal("numbers joined as strings")) };
    Block::from_strings(a.shape(), (0..a.len()).map(|i| [x.value(i), y.value(i)].concat()))
}

fn truth(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    map2::<u8, u8, u8>(a, b, DType::Bool, &mut |x, y, out| match op {
        BinaryOp::Xor => extend2(out, x, y, |x, y| x ^ y),
        BinaryOp::Mul | BinaryOp::And | BinaryOp::Min => extend2(out, x, y, |x, y| x & y),
        _ => extend2(out, x, y, |x, y| x | y),
    })
}

fn numbers(op: BinaryOp, a: &Block, b: &Block, output: DType) -> Result<Block> {
    if op == BinaryOp::Pow {
        refuse_negative_powers(b, output)?;
    }
    let signed = &mut |x: &[i64], y: &[i64], out: &mut Vec<i64>| integers(op, x, y, out);
    let unsigned = &mut |x: &[u64], y: &[u64], out: &mut Vec<u64>| integers(op, x, y, out);
    match output {
        DType::F32 => map2::<f32, f32, f32>(a, b, output, &mut |x, y, out| arithmetic(op, x, y, out)),
        DType::F64 => map2::<f64, f64, f64>(a, b, output, &mut |x, y, out| arithmetic(op, x, y, out)),
        DType::I8 => map2_narrow::<i64, i8>(a, b, output, signed),
        DType::I16 => map2_narrow::<i64, i16>(a, b, output, signed),
        DType::I32 => map2_narrow::<i64, i32>(a, b, output, signed),
        DType::I64 => map2::<i64, i64, i64>(a, b, output, signed),
        DType::U8 => map2_narrow::<u64, u8>(a, b, output, unsigned),
        DType::U16 => map2_narrow::<u64, u16>(a, b, output, unsigned),
        DType::U32 => map2_narrow::<u64, u32>(a, b, output, unsigned),
        DType::U64 => map2::<u64, u64, u64>(a, b, output, unsigned),
        _ => Err(op.undefined(a.dtype(), b.dtype())),
    }
}

/// Appends `x op y`; operations that [`BinaryOp::output_dtype`] refuses do not come here.
fn arithmetic<T: Target>(op: BinaryOp, x: &[T], y: &[T], out: &mut Vec<T>) {
    match op {
        BinaryOp::Add => extend2(out, x, y, T::plus),
        BinaryOp::Sub => extend2(out, x, y, T::minus),
        BinaryOp::Mul => extend2(out, x, y, T::times),
        BinaryOp::Div => extend2(out, x, y, T::over),
        // Calls into the maths library, or loops: nothing to gain from wide registers.
        BinaryOp::FloorDiv => out.extend(x.iter().zip(y).map(|(&x, &y)| x.floor_div(y))),
        BinaryOp::Rem => out.extend(x.iter().zip(y).map(|(&x, &y)| x.remainder(y))),
        BinaryOp::Pow => out.extend(x.iter().zip(y).map(|(&x, &y)| x.power(y))),
        BinaryOp::Atan2 => out.extend(x.iter().zip(y).map(|(&x, &y)| T::from_f64(x.to_f64().atan2(y.to_f64())))),
        BinaryOp::Hypot => out.extend(x.iter().zip(y).map(|(&x, &y)| T::from_f64(x.to_f64().hypot(y.to_f64())))),
        // NaN on either side wins, as in numpy's minimum.
        BinaryOp::Min => extend2(out, x, y, |x, y| if (x < y) | x.is_missing() { x } else { y }),
        _ => extend2(out, x, y, |x, y| if (x > y) | x.is_missing() { x } else { y }),
    }
}

/// [`arithmetic`] and bitwise operations in 64 bits; narrowing the results gives what the narrow type would have given.
fn integers<W>(op: BinaryOp, x: &[W], y: &[W], out: &mut Vec<W>)
where
    W: Target + BitAnd<Output = W> + BitOr<Output = W> + BitXor<Output = W>,
{
    match op {
        BinaryOp::And => extend2(out, x, y, |x, y| x & y),
        BinaryOp::Or => extend2(out, x, y, |x, y| x | y),
        BinaryOp::Xor => extend2(out, x, y, |x, y| x ^ y),
        _ => arithmetic(op, x, y, out),
    }
}

fn refuse_negative_powers(exponents: &Block, output: DType) -> Result<()> {
    if output.is_float() || exponents.dtype().is_unsigned() || exponents.dtype() == DType::Bool {
        return Ok(());
    }
    let exponents = cast(exponents, DType::I64)?.contiguous()?;
    if exponents.values::<i64>()?.iter().any(|&exponent| exponent < 0) {
        return Err(
            Error::invalid("integers cannot be raised to negative powers").hint("cast the base to float64 first")
        );
    }
    Ok(())
}
