//! Comparisons: NaN and NaT are unequal to everything, and neither smaller nor larger.
use super::binary::BinaryOp;
use super::promote::promote;
use super::rows::{Target, extend2, map2};
use crate::base::{Block, DType, Error, Result};

/// A comparison of numbers or bool, in the dtype in which both meet.
pub(super) fn compare(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    match (a.dtype(), b.dtype()) {
        // i64 and u64 meet in f64, which would take neighbours for equal.
        (DType::U64, other) if other.is_integer() && !other.is_unsigned() => {
            mixed(op, a, b, |x: u64, y: i64| (x.into(), y.into()))
        }
        (other, DType::U64) if other.is_integer() && !other.is_unsigned() => {
            mixed(op, a, b, |x: i64, y: u64| (x.into(), y.into()))
        }
        (x, y) => match promote(x, y)? {
            DType::F32 => ordered::<f32>(op, a, b),
            DType::F64 => ordered::<f64>(op, a, b),
            DType::U64 => ordered::<u64>(op, a, b),
            _ => ordered::<i64>(op, a, b),
        },
    }
}

fn mixed<A: Target, B: Target>(op: BinaryOp, a: &Block, b: &Block, widen: fn(A, B) -> (i128, i128)) -> Result<Block> {
    map2::<A, B, u8>(a, b, DType::Bool, &mut |x, y, out| {
        out.extend(x.iter().zip(y).map(|(&x, &y)| {
            let (x, y) = widen(x, y);
            u8::from(holds(op, x.cmp(&y)))
        }));
    })
}

fn ordered<T: Target>(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    match op {
        BinaryOp::Gt => rows::<T>(a, b, |x, y| x > y),
        BinaryOp::Ge => rows::<T>(a, b, |x, y| x >= y),
        BinaryOp::Lt => rows::<T>(a, b, |x, y| x < y),
        BinaryOp::Le => rows::<T>(a, b, |x, y| x <= y),
        BinaryOp::Eq => rows::<T>(a, b, |x, y| x == y),
        BinaryOp::Ne => rows::<T>(a, b, |x, y| x != y),
        _ => Err(op.undefined(a.dtype(), b.dtype())),
    }
}

fn rows<T: Target>(a: &Block, b: &Block, f: impl Fn(T, T) -> bool + Copy) -> Result<Block> {
    map2::<T, T, u8>(a, b, DType::Bool, &mut |x, y, out| extend2(out, x, y, |x, y| u8::from(f(x, y))))
}

/// A comparison of counts of one unit; `i64::MIN` is NaT.
pub(super) fn compare_times(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    map2::<i64, i64, u8>(a, b, DType::Bool, &mut |x, y, out| {
        extend2(out, x, y, |x, y| {
            let valid = (x != i64::MIN) & (y != i64::MIN);
            u8::from(if valid { holds(op, x.cmp(&y)) } else { op == BinaryOp::Ne })
        });
    })
}

/// A comparison of strings by their bytes, which is the order of code points.
pub(super) fn compare_text(op: BinaryOp, a: &Block, b: &Block) -> Result<Block> {
    let (Some(x), Some(y)) = (a.text(), b.text()) else { return Err(Error::internal("numbers compared as strings")) };
    let found = (0..a.len()).map(|i| u8::from(holds(op, x.value(i).cmp(y.value(i)))));
    Block::with_dtype(DType::Bool, a.shape(), found.collect())
}

#[inline(always)]
fn holds(op: BinaryOp, order: std::cmp::Ordering) -> bool {
    match op {
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Ge => order.is_ge(),
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Eq => order.is_eq(),
        _ => order.is_ne(),
    }
}
