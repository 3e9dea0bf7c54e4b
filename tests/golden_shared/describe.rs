//! One variable against its golden description: shape, types, attributes, ends, statistics, and the hash of its undecoded values.
use serde_json::Value;
use sha2::{Digest, Sha256};
use terracube::prelude::*;

use crate::support::calendar::microseconds;
use crate::support::{Observed, float};
use crate::tally::Tally;

/// Statistics are sums of many values: the reference adds them in another order.
const RELATIVE: f64 = 1e-9;

/// What is compared of a variable, computed once.
pub struct Summary {
    dtype: DType,
    values: Observed,
}

impl Summary {
    pub fn of(variable: &DataArray) -> Result<Self, String> {
        let array = variable.values().map_err(|error| error.to_string())?;
        Ok(Self { dtype: variable.dtype(), values: Observed::of(&array)? })
    }

    /// Type, ends and statistics, of decoded values.
    pub fn compare(&self, name: &str, expected: &Value, tally: &mut Tally) {
        if let Some(dtype) = expected["dtype"].as_str() {
            tally.check(&format!("{name} dtype"), same_dtype(self.dtype, dtype, expected["kind"].as_str()));
        }
        let n = self.values.len();
        let from_float = expected["raw_dtype"].as_str().is_some_and(|dtype| dtype.starts_with("float"));
        for (field, position) in [("first", Some(0)), ("last", n.checked_sub(1)), ("second", Some(1))] {
            if let (Some(wanted), Some(i)) = (expected.get(field), position.filter(|i| *i < n)) {
                tally.check(&format!("{name} {field}"), self.same_value(i, wanted, from_float));
            }
        }
        if let (DType::Time { calendar, .. }, Some(wanted)) = (self.dtype, expected["calendar"].as_str()) {
            tally.check(&format!("{name} calendar"), same_calendar(calendar.name(), wanted));
        }
        if let Some(wanted) = expected.get("count") {
            tally.check(&format!("{name} count"), same(&self.count().into(), wanted));
        }
        self.compare_statistics(name, expected, tally);
    }

    fn compare_statistics(&self, name: &str, expected: &Value, tally: &mut Tally) {
        let Some(values) = self.values.to_f64() else { return };
        let present: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
        let n = present.len() as f64;
        let mean = present.iter().sum::<f64>() / n;
        let std = (present.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let least = present.iter().copied().fold(f64::INFINITY, f64::min);
        let most = present.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = least.abs().max(most.abs());
        for (field, found, slack) in
            [("min", least, 0.0), ("max", most, 0.0), ("mean", mean, scale), ("std", std, scale)]
        {
            if let Some(wanted) = expected.get(field).and_then(float) {
                tally.check(&format!("{name} {field}"), near(found, wanted, slack));
            }
        }
    }

    fn count(&self) -> usize {
        match &self.values {
            Observed::Time(values) => values.iter().flatten().count(),
            Observed::Text(values) => values.len(),
            other => other.to_f64().map_or(0, |values| values.iter().filter(|v| !v.is_nan()).count()),
        }
    }

    fn same_value(&self, i: usize, expected: &Value, from_float: bool) -> Result<(), String> {
        let equal = match (&self.values, self.dtype) {
            (Observed::Time(values), DType::Time { calendar, .. }) => {
                let wanted = expected.as_str().and_then(|text| microseconds(text, calendar.name()));
                // A fraction of a day or hour in f64 is worth about a microsecond, which the reference cuts and ours rounds.
                match (values[i], wanted) {
                    (Some(found), Some(wanted)) if from_float => (found - wanted).abs() <= 1,
                    (found, wanted) => found == wanted,
                }
            }
            (Observed::Time(values), _) => values[i].map(|v| v as f64 / 1e6) == expected.as_f64(),
            // Where the reference masks the fill value of text, a blank, ours stays text (correctness.md).
            (Observed::Text(values), _) if expected.is_null() => values[i].trim().is_empty(),
            (Observed::Text(values), _) => expected.as_str() == Some(values[i].trim_end_matches('\0')),
            (Observed::Bool(values), _) => expected.as_bool() == Some(values[i]),
            (Observed::Integer(values), _) => {
                expected.as_i64().map(i128::from).or(expected.as_u64().map(i128::from)) == Some(values[i])
            }
            (numbers, _) => {
                let (found, wanted) =
                    (numbers.to_f64().map_or(f64::NAN, |v| v[i]), float(expected).unwrap_or(f64::NAN));
                found == wanted || (found.is_nan() && expected.is_null())
            }
        };
        if equal { Ok(()) } else { Err(format!("{}, expected {expected}", self.values.show(i))) }
    }
}

/// A variable, decoded and as stored.
pub fn variable(name: &str, decoded: &DataArray, raw: &DataArray, expected: &Value, tally: &mut Tally) {
    let dims: Vec<Value> = decoded.dims().iter().map(Value::from).collect();
    tally.check(&format!("{name} dims"), same(&dims.into(), &Value::from(distinct_dims(&expected["dims"]))));
    tally.check(&format!("{name} shape"), same(&decoded.shape().into(), &expected["shape"]));
    tally.check(&format!("{name} n_attrs"), same(&decoded.attrs().len().into(), &expected["n_attrs"]));
    match Summary::of(decoded) {
        Ok(summary) => summary.compare(name, expected, tally),
        Err(error) => tally.check(&format!("{name} reads"), Err(error)),
    }
    if let Some(wanted) = expected.get("raw_n_attrs") {
        tally.check(&format!("{name} raw_n_attrs"), same(&raw.attrs().len().into(), wanted));
    }
    if let Some(wanted) = expected["raw_dtype"].as_str() {
        tally.check(&format!("{name} raw_dtype"), same_dtype(raw.dtype(), wanted, None));
    }
    if let Some(wanted) = expected["raw_sha256"].as_str() {
        tally.check(&format!("{name} raw_sha256"), same_hash(raw, wanted));
    }
}

/// The dimensions of the reference, where a name that stands twice is `x_2` the second time: ours on purpose (correctness.md).
pub fn distinct_dims(dims: &Value) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    let names: Vec<&str> = dims.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (axis, name) in names.iter().enumerate() {
        let before = names[..axis].iter().filter(|other| *other == name).count();
        distinct.push(if before == 0 { (*name).to_owned() } else { format!("{name}_{}", before + 1) });
    }
    distinct
}

/// An array of a Zarr store, as stored, of which the store's own documents hold `n_attrs` attributes.
pub fn array(
    name: &str,
    found: Result<&DataArray, &Error>,
    n_attrs: Option<usize>,
    expected: &Value,
    tally: &mut Tally,
) {
    let array = match found {
        Ok(array) => array,
        Err(error) => return tally.check(&format!("{name} opens"), Err(error.to_string())),
    };
    tally.check(&format!("{name} shape"), same(&array.shape().into(), &expected["shape"]));
    if let Some(n_attrs) = n_attrs {
        tally.check(&format!("{name} n_attrs"), same(&n_attrs.into(), &expected["n_attrs"]));
    }
    match Summary::of(array) {
        Ok(summary) => {
            summary.compare(name, expected, tally);
            if let Some(values) = expected["values"].as_array() {
                let wrong = (0..values.len()).find_map(|i| summary.same_value(i, &values[i], false).err());
                tally.check(&format!("{name} values"), wrong.map_or(Ok(()), Err));
            }
        }
        Err(error) => tally.check(&format!("{name} reads"), Err(error)),
    }
    if let Some(wanted) = expected["raw_sha256"].as_str() {
        tally.check(&format!("{name} raw_sha256"), same_hash(array, wanted));
    }
}

pub fn same(found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found}, expected {expected}")) }
}

/// Equal, or within the relative tolerance of the larger of the two (or of `scale`, the size of what was added up).
pub fn near(found: f64, expected: f64, scale: f64) -> Result<(), String> {
    let slack = RELATIVE * found.abs().max(expected.abs()) + RELATIVE * 1e-3 * scale;
    if found == expected || (found - expected).abs() <= slack || (found.is_nan() && expected.is_nan()) {
        Ok(())
    } else {
        Err(format!("{found}, expected {expected}"))
    }
}

fn same_dtype(found: DType, expected: &str, kind: Option<&str>) -> Result<(), String> {
    let equal = match found {
        DType::Time { .. } => kind == Some("time"),
        DType::Duration { .. } => expected.starts_with("timedelta64"),
        DType::Utf8 => {
            expected == "object"
                || expected.starts_with("StringDType")
                || expected.contains('S')
                || expected.contains('U')
        }
        other => other.name() == expected,
    };
    if equal { Ok(()) } else { Err(format!("{found}, expected {expected}")) }
}

fn same_calendar(found: &str, expected: &str) -> Result<(), String> {
    let one = |name: &str| matches!(name, "standard" | "gregorian" | "proleptic_gregorian");
    if found == expected || (one(found) && one(expected)) {
        Ok(())
    } else {
        Err(format!("{found}, expected {expected}"))
    }
}

/// SHA-256 of the undecoded values in C order, little-endian.
fn same_hash(raw: &DataArray, expected: &str) -> Result<(), String> {
    let array = raw.values().map_err(|error| error.to_string())?;
    let bytes: Vec<u8> = match (Observed::of(&array)?, raw.dtype()) {
        (Observed::F32(v), _) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        (Observed::F64(v), _) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        (Observed::Bool(v), _) => v.into_iter().map(u8::from).collect(),
        (Observed::Integer(v), dtype) => v.iter().flat_map(|x| x.to_le_bytes()[..dtype.item_size()].to_vec()).collect(),
        (other, dtype) => return Err(format!("no hash of {dtype}: {} values", other.len())),
    };
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected { Ok(()) } else { Err("the stored values differ".to_owned()) }
}
