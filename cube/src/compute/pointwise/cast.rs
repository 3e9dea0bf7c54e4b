//! Values in another dtype.
use std::cell::Cell;

use super::rows::{Target, extend1, map1};
use crate::base::{Block, DType, Error, Kind, Result, TimeUnit, dispatch_numeric};

/// The values in another dtype, as numpy's `astype`: floats to integers truncate (out of range saturates, NaN gives 0),
/// integers wrap, anything to bool asks whether it is not zero, times and durations to coarser units round down, to numbers
/// give their counts (NaT as NaN for floats). Values of the dtype already are returned as they are.
///
/// ```
/// use terracube_cube::{Block, DType};
/// use terracube_cube::compute::pointwise::cast;
/// let whole = cast(&Block::new(&[3], vec![1.9, -1.9, 300.0])?, DType::U8)?;
/// assert_eq!(whole.values::<u8>()?, [1, 0, 255]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// Between strings and anything else, between calendars, between times and durations, and where a finer unit overflows.
pub fn cast(x: &Block, to: DType) -> Result<Block> {
    let from = x.dtype();
    if from == to {
        return Ok(x.clone());
    }
    match (from.kind(), to.kind()) {
        (Kind::Text, _) | (_, Kind::Text) => Err(Error::dtype(format!("{from} cannot be cast to {to}"))
            .hint("strings are neither parsed nor written by a cast")),
        (Kind::Time, Kind::Time) | (Kind::Duration, Kind::Duration) => cast_unit(x, to),
        (Kind::Time, Kind::Duration) | (Kind::Duration, Kind::Time) => {
            Err(Error::dtype(format!("{from} cannot be cast to {to}"))
                .hint("subtract a time from times to get durations, add durations to a time to get times"))
        }
        (Kind::Time | Kind::Duration, Kind::Float) => {
            let counts = map1::<i64, f64>(x, DType::F64, &mut |x, out| {
                extend1(out, x, |v| if v == i64::MIN { f64::NAN } else { v as f64 });
            })?;
            cast(&counts, to)
        }
        (Kind::Float, Kind::Time | Kind::Duration) => map1::<f64, i64>(x, to, &mut |x, out| {
            extend1(out, x, |v| if v.is_nan() { i64::MIN } else { v as i64 });
        }),
        (_, Kind::Bool) => dispatch_numeric!(from, T => map1::<T, u8>(x, to, &mut |x, out| {
            extend1(out, x, |v| u8::from(v != T::default()));
        }), text => Err(Error::internal("strings as truth values"))),
        _ => dispatch_numeric!(to, T => numbers::<T>(x, to), text => Err(Error::internal("numbers as strings"))),
    }
}

fn numbers<T: Target>(x: &Block, to: DType) -> Result<Block> {
    map1::<T, T>(x, to, &mut |x, out| out.extend_from_slice(x))
}

fn cast_unit(x: &Block, to: DType) -> Result<Block> {
    let (from_unit, to_unit) = match (x.dtype(), to) {
        (DType::Time { unit: a, calendar: c }, DType::Time { unit: b, calendar: d }) => {
            if c != d {
                return Err(Error::dtype(format!("times of the calendar {} cannot be cast to {}", c.name(), d.name()))
                    .hint("a date need not exist in another calendar; convert calendars explicitly"));
            }
            (a, b)
        }
        (DType::Duration { unit: a }, DType::Duration { unit: b }) => (a, b),
        (from, _) => return Err(Error::internal(format!("units of {from} and {to}"))),
    };
    rescale(x, from_unit, to_unit, to)
}

/// Counts of one unit as counts of another.
fn rescale(x: &Block, from: TimeUnit, to_unit: TimeUnit, to: DType) -> Result<Block> {
    let (have, want) = (from.per_second(), to_unit.per_second());
    if want <= have {
        let divisor = have / want;
        return map1::<i64, i64>(x, to, &mut |x, out| {
            extend1(out, x, |v| if v == i64::MIN { v } else { v.div_euclid(divisor) });
        });
    }
    let factor = want / have;
    let too_large = Cell::new(None);
    let block = map1::<i64, i64>(x, to, &mut |x, out| {
        out.extend(x.iter().map(|&v| {
            if v == i64::MIN {
                return v;
            }
            v.checked_mul(factor).unwrap_or_else(|| {
                too_large.set(Some(v));
                i64::MIN
            })
        }));
    })?;
    match too_large.get() {
        None => Ok(block),
        Some(value) => Err(Error::invalid(format!(
            "{value} {} since 1970 does not fit 64 bits in {}",
            from.name(),
            to_unit.name()
        ))
        .hint("nanoseconds reach from 1677 to 2262: keep a coarser unit")),
    }
}
