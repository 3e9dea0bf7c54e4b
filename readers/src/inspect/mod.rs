//! What a dataset is and what its values amount to, as JSON: `terracube info --json` and `terracube stats --json`.
//!
//! Fields are named as in the files of expected values that this is held against: `dims`, `raw_dtype`, `n_attrs`, `chunks`, `count`,
//! `mean`, ... Missing numbers are null, infinite ones "inf" and "-inf", times are ISO 8601 in their own calendar.
mod info;
mod stats;

use serde_json::Value;
use terracube_cube::data::Array;
use terracube_cube::{DType, Result};

pub use info::info;
pub use stats::{dataset_stats, stats};

/// The first value of an array in memory, as JSON; null if there is none.
fn first_value(array: &Array) -> Result<Value> {
    Ok(match array.dtype() {
        DType::Utf8 => array.to_strings()?.into_iter().next().map_or(Value::Null, Value::from),
        DType::Bool => array.to_vec::<u8>()?.first().map_or(Value::Null, |&truth| Value::from(truth != 0)),
        DType::Time { unit, calendar } => match array.to_vec::<i64>()?.first() {
            Some(&count) if count != i64::MIN => calendar.format(count, unit).into(),
            _ => Value::Null,
        },
        DType::Duration { unit } => match array.to_vec::<i64>()?.first() {
            Some(&count) if count != i64::MIN => (count as f64 / unit.per_second() as f64).into(),
            _ => Value::Null,
        },
        DType::I64 => array.to_vec::<i64>()?.first().map_or(Value::Null, |&v| v.into()),
        DType::U64 => array.to_vec::<u64>()?.first().map_or(Value::Null, |&v| v.into()),
        dtype if dtype.is_integer() => array.to_f64()?.first().map_or(Value::Null, |&v| (v as i64).into()),
        _ => array.to_f64()?.first().map_or(Value::Null, |&v| float(v)),
    })
}

fn float(value: f64) -> Value {
    match value {
        _ if value.is_nan() => Value::Null,
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => value.into(),
    }
}
