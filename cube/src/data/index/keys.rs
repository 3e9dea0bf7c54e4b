//! The labels of an axis, and the view of them in ascending order that every search goes through.
use std::cmp::Ordering;

use arrow_array::{Array as _, LargeStringArray};

use crate::base::{Block, DType, Error, Result, dispatch_numeric};

/// The labels in stored order, in the type they are compared in.
#[derive(Debug)]
pub(super) enum Keys {
    /// Floats (f32 widened, which is exact) and cyclic longitudes.
    Number(Vec<f64>),
    /// Integers, truth values, counts of times and durations.
    Integer(Vec<i64>),
    /// Strings.
    Text(LargeStringArray),
}

/// A label to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Number(f64),
    Integer(i64),
    Text(String),
}

impl Keys {
    /// The values of a 1-D block; `as_numbers` widens integers to floats.
    #[track_caller]
    pub(super) fn read(block: &Block, as_numbers: bool) -> Result<Self> {
        let dtype = block.dtype();
        if let Some(text) = block.text() {
            return Ok(Self::Text(text.clone()));
        }
        if dtype.is_float() || (as_numbers && dtype.is_numeric()) {
            return Ok(Self::Number(block.to_f64()?));
        }
        let block = block.contiguous()?;
        if dtype == DType::U64 {
            let values = block.values::<u64>()?.iter().map(|&value| i64::try_from(value));
            return values.collect::<Result<_, _>>().map(Self::Integer).map_err(|_| {
                Error::unsupported("labels above 9223372036854775807").hint("cast the coordinate to float64")
            });
        }
        dispatch_numeric!(dtype, T => {
            // Exact: floats and u64 went before, the rest fits i64.
            let values = block.values::<T>()?;
            Ok(Self::Integer(values.iter().map(|&value| whole(value)).collect()))
        }, text => Err(Error::internal("an index over strings without text")))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// How the label at a position compares with a key. Labels and keys of different types are never compared.
    pub(super) fn compare(&self, position: usize, key: &Key) -> Ordering {
        match (self, key) {
            (Self::Number(values), Key::Number(key)) => values[position].partial_cmp(key).unwrap_or(Ordering::Greater),
            (Self::Integer(values), Key::Integer(key)) => values[position].cmp(key),
            (Self::Text(values), Key::Text(key)) => values.value(position).cmp(key),
            _ => Ordering::Less,
        }
    }

    /// How two labels compare; missing ones are not asked for.
    pub(super) fn compare_positions(&self, a: usize, b: usize) -> Ordering {
        match self {
            // `partial_cmp`, so that -0.0 and 0.0 are one label.
            Self::Number(values) => values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal),
            Self::Integer(values) => values[a].cmp(&values[b]),
            Self::Text(values) => values.value(a).cmp(values.value(b)),
        }
    }

    /// A label as a number, for distances; NaN for strings.
    pub(super) fn number(&self, position: usize) -> f64 {
        match self {
            Self::Number(values) => values[position],
            Self::Integer(values) => values[position] as f64,
            Self::Text(_) => f64::NAN,
        }
    }
}

/// Integers of at most 64 bits as i64, through the two conversions that every element has.
fn whole<T: arrow_buffer::ArrowNativeType>(value: T) -> i64 {
    value.to_i64().unwrap_or(i64::MIN)
}

/// How labels are stored.
#[derive(Debug)]
pub(super) enum Order {
    Ascending,
    Descending,
    /// Positions in ascending order of their labels, without missing ones.
    Unsorted {
        sorted: Vec<usize>,
        /// The first position whose label breaks the order, or is missing.
        inversion: usize,
    },
}

impl Order {
    #[track_caller]
    pub(super) fn of(keys: &Keys, is_missing: impl Fn(usize) -> bool) -> Self {
        let mut direction = Ordering::Equal;
        for position in 0..keys.len() {
            let broken = is_missing(position)
                || (position > 0 && {
                    let step = keys.compare_positions(position - 1, position);
                    let turned = step != Ordering::Equal && direction != Ordering::Equal && step != direction;
                    direction = if direction == Ordering::Equal { step } else { direction };
                    turned
                });
            if broken {
                let mut sorted: Vec<usize> = (0..keys.len()).filter(|&p| !is_missing(p)).collect();
                sorted.sort_by(|&a, &b| keys.compare_positions(a, b));
                return Self::Unsorted { sorted, inversion: position };
            }
        }
        if direction == Ordering::Greater { Self::Descending } else { Self::Ascending }
    }

    /// How many labels can be found among `len`: all but the missing ones.
    pub(super) fn n_ranks(&self, len: usize) -> usize {
        match self {
            Self::Unsorted { sorted, .. } => sorted.len(),
            _ => len,
        }
    }

    /// The position of the label that is `rank`-th in ascending order.
    pub(super) fn position(&self, rank: usize, len: usize) -> usize {
        match self {
            Self::Ascending => rank,
            Self::Descending => len - 1 - rank,
            Self::Unsorted { sorted, .. } => sorted[rank],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_found_and_the_first_inversion_named() {
        let check = |values: &[f64], expected: &str| {
            let keys = Keys::Number(values.to_vec());
            let order = Order::of(&keys, |p| values[p].is_nan());
            let ascending: Vec<f64> =
                (0..order.n_ranks(keys.len())).map(|rank| keys.number(order.position(rank, keys.len()))).collect();
            assert!(ascending.is_sorted(), "{ascending:?}");
            let found = match order {
                Order::Ascending => "ascending".into(),
                Order::Descending => "descending".into(),
                Order::Unsorted { inversion, .. } => format!("unsorted at {inversion}"),
            };
            assert_eq!(found, expected, "{values:?}");
        };
        check(&[], "ascending");
        check(&[1.0, 1.0], "ascending");
        check(&[1.0, 2.0, 2.0, 3.0], "ascending");
        check(&[3.0, 3.0, 1.0], "descending");
        check(&[1.0, 3.0, 2.0], "unsorted at 2");
        check(&[3.0, 1.0, 1.0, 2.0], "unsorted at 3");
        check(&[1.0, f64::NAN, 2.0], "unsorted at 1");
    }
}
