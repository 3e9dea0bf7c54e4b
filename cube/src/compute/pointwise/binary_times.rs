//! Arithmetic and comparisons of times and durations. Both are brought to the finer unit; NaT spreads; overflow is an error.
use std::cell::Cell;

use super::binary::BinaryOp;
use super::cast::cast;
use super::compare::compare_times;
use super::promote::promote;
use super::rows::map2;
use crate::base::{Block, DType, Error, Kind, Result, TimeUnit};

/// The dtype of `a op b` where one of both is a time or a duration.
pub(super) fn times_dtype(op: BinaryOp, a: DType, b: DType) -> Result<DType> {
    use BinaryOp::{Add, Div, FloorDiv, Max, Min, Mul, Rem, Sub};
    let number = |kind| matches!(kind, Kind::Integer | Kind::Float);
    match (op, a.kind(), b.kind()) {
        (_, Kind::Time, Kind::Time) | (_, Kind::Duration, Kind::Duration) if op.is_comparison() => {
            promote(a, b).map(|_| DType::Bool)
        }
        (Sub, Kind::Time, Kind::Time) => match promote(a, b)? {
            DType::Time { unit, .. } => Ok(DType::Duration { unit }),
            other => Ok(other),
        },
        (Min | Max, Kind::Time, Kind::Time) => promote(a, b),
        (Add | Sub, Kind::Time, Kind::Duration) => with_finer_unit(a, b),
        (Add, Kind::Duration, Kind::Time) => with_finer_unit(b, a),
        (Add | Sub | Min | Max | Rem, Kind::Duration, Kind::Duration) => promote(a, b),
        (Div, Kind::Duration, Kind::Duration) => Ok(DType::F64),
        (FloorDiv, Kind::Duration, Kind::Duration) => Ok(DType::I64),
        (Mul | Div | FloorDiv, Kind::Duration, kind) if number(kind) => Ok(a),
        (Mul, kind, Kind::Duration) if number(kind) => Ok(b),
        (Add, Kind::Time, Kind::Time) => {
            Err(op.undefined(a, b).hint("times can be subtracted; add a duration to a time"))
        }
        (_, Kind::Time, kind) | (_, kind, Kind::Time) if number(kind) => {
            Err(op.undefined(a, b).hint("times compare with times and take durations, not plain numbers"))
        }
        (_, Kind::Time, Kind::Text) | (_, Kind::Text, Kind::Time) => {
            Err(op.undefined(a, b).hint("parse the string into a time first"))
        }
        _ => Err(op.undefined(a, b)),
    }
}

fn with_finer_unit(time: DType, duration: DType) -> Result<DType> {
    match (time, duration) {
        (DType::Time { unit, calendar }, DType::Duration { unit: other }) => {
            Ok(DType::Time { unit: unit.max(other), calendar })
        }
        _ => Err(Error::internal("a time and a duration")),
    }
}

fn unit_of(dtype: DType) -> Option<TimeUnit> {
    match dtype {
        DType::Time { unit, .. } | DType::Duration { unit } => Some(unit),
        _ => None,
    }
}

fn in_unit(x: &Block, unit: TimeUnit) -> Result<Block> {
    match x.dtype() {
        DType::Time { calendar, .. } => cast(x, DType::Time { unit, calendar }),
        _ => cast(x, DType::Duration { unit }),
    }
}

pub(super) fn binary_times(op: BinaryOp, a: &Block, b: &Block, output: DType) -> Result<Block> {
    let (Some(x), Some(y)) = (unit_of(a.dtype()), unit_of(b.dtype())) else {
        return scaled(op, a, b, output);
    };
    let (a, b) = (in_unit(a, x.max(y))?, in_unit(b, x.max(y))?);
    if op.is_comparison() {
        return compare_times(op, &a, &b);
    }
    match op {
        BinaryOp::Add => checked(&a, &b, output, i64::checked_add),
        BinaryOp::Sub => checked(&a, &b, output, i64::checked_sub),
        BinaryOp::Min => checked(&a, &b, output, |x, y| Some(x.min(y))),
        BinaryOp::Max => checked(&a, &b, output, |x, y| Some(x.max(y))),
        // By zero: NaT, or 0 as a count, as in numpy.
        BinaryOp::Rem => checked(&a, &b, output, |x, y| Some(if y == 0 { i64::MIN } else { floor_rest(x, y) })),
        BinaryOp::FloorDiv => map2::<i64, i64, i64>(&a, &b, output, &mut |x, y, out| {
            let quotient = |x: i64, y: i64| match x == i64::MIN || y == i64::MIN || y == 0 {
                true => 0,
                false => (x - floor_rest(x, y)).wrapping_div(y),
            };
            out.extend(x.iter().zip(y).map(|(&x, &y)| quotient(x, y)));
        }),
        BinaryOp::Div => map2::<i64, i64, f64>(&a, &b, output, &mut |x, y, out| {
            let number = |v: i64| if v == i64::MIN { f64::NAN } else { v as f64 };
            out.extend(x.iter().zip(y).map(|(&x, &y)| number(x) / number(y)));
        }),
        _ => Err(op.undefined(a.dtype(), b.dtype())),
    }
}

/// The rest with the sign of the divisor.
fn floor_rest(x: i64, y: i64) -> i64 {
    let rest = x.wrapping_rem(y);
    if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }
}

/// NaT where one of both is NaT.
fn checked(a: &Block, b: &Block, output: DType, f: fn(i64, i64) -> Option<i64>) -> Result<Block> {
    let overflow = Cell::new(false);
    let block = map2::<i64, i64, i64>(a, b, output, &mut |x, y, out| {
        out.extend(x.iter().zip(y).map(|(&x, &y)| match x == i64::MIN || y == i64::MIN {
            true => i64::MIN,
            false => f(x, y).unwrap_or_else(|| {
                overflow.set(true);
                i64::MIN
            }),
        }));
    })?;
    if overflow.get() { Err(too_far(output)) } else { Ok(block) }
}

fn too_far(output: DType) -> Error {
    Error::invalid(format!("a result does not fit 64 bits as {output}")).hint("cast both sides to a coarser unit first")
}

/// Durations times or by numbers, rounded toward zero as in numpy.
fn scaled(op: BinaryOp, a: &Block, b: &Block, output: DType) -> Result<Block> {
    let (duration, number) = if a.dtype().is_time_like() { (a, b) } else { (b, a) };
    if number.dtype().is_integer() && number.dtype() != DType::U64 {
        return match op {
            BinaryOp::Mul => checked_by(duration, number, output, i64::checked_mul),
            BinaryOp::Div => checked_by(duration, number, output, |x, y| Some(x.checked_div(y).unwrap_or(i64::MIN))),
            _ => checked_by(duration, number, output, |x, y| {
                Some(if y == 0 { i64::MIN } else { (x - floor_rest(x, y)).wrapping_div(y) })
            }),
        };
    }
    let overflow = Cell::new(false);
    let block = map2::<i64, f64, i64>(duration, number, output, &mut |x, y, out| {
        out.extend(x.iter().zip(y).map(|(&x, &y)| {
            let value = match op {
                BinaryOp::Mul => x as f64 * y,
                BinaryOp::Div => x as f64 / y,
                _ => (x as f64 / y).floor(),
            };
            if x == i64::MIN || value.is_nan() || y.is_infinite() || value.is_infinite() {
                return i64::MIN;
            }
            overflow.set(overflow.get() | (value.abs() >= 9.223_372_036_854_775e18));
            value as i64
        }));
    })?;
    if overflow.get() { Err(too_far(output)) } else { Ok(block) }
}

/// [`checked`] where only the first operand has NaT.
fn checked_by(a: &Block, b: &Block, output: DType, f: fn(i64, i64) -> Option<i64>) -> Result<Block> {
    let overflow = Cell::new(false);
    let block = map2::<i64, i64, i64>(a, b, output, &mut |x, y, out| {
        out.extend(x.iter().zip(y).map(|(&x, &y)| match x == i64::MIN {
            true => i64::MIN,
            false => f(x, y).unwrap_or_else(|| {
                overflow.set(true);
                i64::MIN
            }),
        }));
    })?;
    if overflow.get() { Err(too_far(output)) } else { Ok(block) }
}
