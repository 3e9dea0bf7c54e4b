//! The dtype in which two dtypes meet, as NumPy 2 has it.
use crate::base::{DType, Error, Kind, Result};

/// The smallest dtype that holds the values of both: NumPy 2's `result_type`. Times and durations meet in the finer unit.
///
/// ```
/// use terracube_cube::DType;
/// use terracube_cube::compute::pointwise::promote;
/// assert_eq!((promote(DType::I8, DType::U8)?, promote(DType::I32, DType::F32)?), (DType::I16, DType::F64));
/// assert!(promote(DType::Utf8, DType::F64).is_err());
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If there is none: strings with numbers, times of different calendars.
pub fn promote(a: DType, b: DType) -> Result<DType> {
    use DType::{F32, F64, I16, I32, I64, U8, U16, U32, U64};
    if a == b {
        return Ok(a);
    }
    match (a, b) {
        (DType::Time { unit: x, calendar: c }, DType::Time { unit: y, calendar: d }) => {
            return if c == d {
                Ok(DType::Time { unit: x.max(y), calendar: c })
            } else {
                Err(Error::mismatch(format!("times of the calendars {} and {} do not meet", c.name(), d.name()))
                    .hint("convert one of them to the other's calendar first"))
            };
        }
        (DType::Duration { unit: x }, DType::Duration { unit: y }) => return Ok(DType::Duration { unit: x.max(y) }),
        _ => {}
    }
    let numeric = |dtype: DType| matches!(dtype.kind(), Kind::Bool | Kind::Integer | Kind::Float);
    if !numeric(a) || !numeric(b) {
        return Err(Error::dtype(format!("{a} and {b} have no dtype in common")).hint("cast one of them first"));
    }
    if a == DType::Bool {
        return Ok(b);
    }
    if b == DType::Bool {
        return Ok(a);
    }
    if a.is_float() || b.is_float() {
        let narrow = |dtype: DType| dtype == F32 || (dtype.is_integer() && dtype.item_size() <= 2);
        return Ok(if narrow(a) && narrow(b) { F32 } else { F64 });
    }
    if a.is_unsigned() == b.is_unsigned() {
        return Ok(if a.item_size() >= b.item_size() { a } else { b });
    }
    let (signed, unsigned) = if a.is_unsigned() { (b, a) } else { (a, b) };
    if signed.item_size() > unsigned.item_size() {
        return Ok(signed);
    }
    Ok(match unsigned {
        U8 => I16,
        U16 => I32,
        U32 => I64,
        U64 => F64,
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Calendar, TimeUnit};

    #[test]
    fn dtypes_meet_as_in_numpy() {
        use DType::*;
        // numpy.result_type of every pair, in the order of `all`
        let all = [Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64];
        let expected = [
            [Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64],
            [I8, I8, I16, I32, I64, I16, I32, I64, F64, F32, F64],
            [I16, I16, I16, I32, I64, I16, I32, I64, F64, F32, F64],
            [I32, I32, I32, I32, I64, I32, I32, I64, F64, F64, F64],
            [I64, I64, I64, I64, I64, I64, I64, I64, F64, F64, F64],
            [U8, I16, I16, I32, I64, U8, U16, U32, U64, F32, F64],
            [U16, I32, I32, I32, I64, U16, U16, U32, U64, F32, F64],
            [U32, I64, I64, I64, I64, U32, U32, U32, U64, F64, F64],
            [U64, F64, F64, F64, F64, U64, U64, U64, U64, F64, F64],
            [F32, F32, F32, F64, F64, F32, F32, F64, F64, F32, F64],
            [F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, F64],
        ];
        for (a, row) in all.iter().zip(expected) {
            for (b, expected) in all.iter().zip(row) {
                assert_eq!(promote(*a, *b).unwrap(), expected, "{a} with {b}");
            }
        }
    }

    #[test]
    fn times_meet_in_the_finer_unit() {
        let time = |unit, calendar| DType::Time { unit, calendar };
        let (s, ns) = (time(TimeUnit::S, Calendar::NoLeap), time(TimeUnit::Ns, Calendar::NoLeap));
        assert_eq!(promote(s, ns).unwrap(), ns);
        assert!(promote(s, time(TimeUnit::S, Calendar::Julian)).is_err());
        assert!(promote(DType::Utf8, DType::F32).is_err());
    }
}
