//! CF times: numbers in some unit since some epoch, as exact counts since 1970.
use std::cell::Cell;

use super::rows::map1;
use crate::base::{Block, DType, Error, Kind, Result};
use crate::compute::scalar::Scalar;

/// How stored numbers become times or durations: `raw * numerator / denominator + epoch` counts of `out`'s unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DecodeTime {
    /// With `denominator`: how many counts of the target unit one stored unit is ("hours" to s: 3600/1; "us" to ms: 1/1000).
    pub numerator: i64,
    /// See `numerator`; at least 1.
    pub denominator: i64,
    /// The epoch ("days since 1850-01-01") in counts of the target unit since 1970-01-01; 0 for durations.
    pub epoch: i64,
    /// Stored values that mean missing.
    pub missing: Vec<Scalar>,
    /// The time or duration dtype of the result.
    pub out: DType,
}

impl DecodeTime {
    /// [`DecodeTime::out`], if values of `raw` can be decoded to it.
    ///
    /// # Errors
    /// If `raw` is not numeric or `out` neither time nor duration.
    pub fn output_dtype(&self, raw: DType) -> Result<DType> {
        if raw.is_numeric() && self.out.is_time_like() && self.denominator > 0 {
            return Ok(self.out);
        }
        Err(Error::dtype(format!("{raw} cannot be decoded to {}", self.out))
            .hint("times are stored as numbers in a unit"))
    }
}

/// Integers exactly, rounded to the nearest count where the unit does not divide; floats rounded to the nearest count.
pub(super) fn decode_time(how: &DecodeTime, raw: &Block) -> Result<Block> {
    let out_of_range = Cell::new(None);
    let block = if raw.dtype().kind() == Kind::Float {
        let missing: Vec<f64> = how.missing.iter().filter_map(Scalar::as_f64).collect();
        map1::<f64, i64>(raw, how.out, &mut |x, out| {
            out.extend(x.iter().map(|&v| {
                if v.is_nan() || missing.contains(&v) {
                    return i64::MIN;
                }
                from_float(how, v).unwrap_or_else(|| {
                    out_of_range.set(Some(v));
                    i64::MIN
                })
            }));
        })?
    } else {
        let missing: Vec<i128> = how.missing.iter().filter_map(integer_of).collect();
        let decode = |v: i128| {
            if missing.contains(&v) {
                return i64::MIN;
            }
            from_integer(how, v).unwrap_or_else(|| {
                out_of_range.set(Some(v as f64));
                i64::MIN
            })
        };
        if raw.dtype() == DType::U64 {
            map1::<u64, i64>(raw, how.out, &mut |x, out| out.extend(x.iter().map(|&v| decode(v.into()))))?
        } else {
            map1::<i64, i64>(raw, how.out, &mut |x, out| out.extend(x.iter().map(|&v| decode(v.into()))))?
        }
    };
    match out_of_range.get() {
        None => Ok(block),
        Some(value) => Err(Error::corrupt(format!("the stored time {value} does not fit {}", how.out))
            .hint("it may be a fill value that the file does not declare; a coarser time unit reaches farther")),
    }
}

fn integer_of(scalar: &Scalar) -> Option<i128> {
    match *scalar {
        Scalar::Int(v) => Some(v.into()),
        Scalar::UInt(v) => Some(v.into()),
        Scalar::Float(v) if v.fract() == 0.0 && v.abs() < 1e30 => Some(v as i128),
        _ => None,
    }
}

fn from_integer(how: &DecodeTime, raw: i128) -> Option<i64> {
    let counts = divide_rounded(raw.checked_mul(how.numerator.into())?, how.denominator.into());
    valid(counts.checked_add(how.epoch.into())?)
}

/// The whole units exactly, and the fraction in f64: 53 bits are enough for both.
fn from_float(how: &DecodeTime, raw: f64) -> Option<i64> {
    if !raw.is_finite() || raw.abs() > 1e25 {
        return None;
    }
    let (whole, fraction) = (raw.trunc(), raw.fract());
    let scaled = (whole as i128).checked_mul(how.numerator.into())?;
    let denominator = i128::from(how.denominator);
    let (counts, rest) = (scaled.div_euclid(denominator), scaled.rem_euclid(denominator));
    let part = (rest as f64 + fraction * how.numerator as f64) / how.denominator as f64;
    valid(counts.checked_add(part.round_ties_even() as i128)?.checked_add(how.epoch.into())?)
}

/// Halves to even.
fn divide_rounded(value: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (value.div_euclid(divisor), value.rem_euclid(divisor));
    let up = 2 * rest > divisor || (2 * rest == divisor && quotient % 2 != 0);
    quotient + i128::from(up)
}

fn valid(counts: i128) -> Option<i64> {
    i64::try_from(counts).ok().filter(|&counts| counts != i64::MIN)
}
