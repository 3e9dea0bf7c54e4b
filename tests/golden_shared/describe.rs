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
    /// Text that is declared to mean missing.
    fill: Option<String>,
    /// Whether times are stored as floats.
    is_from_float: bool,
}

impl Summary {
    pub fn of(variable: &DataArray) -> Result<Self, String> {
        let array = variable.values().map_err(|error| error.to_string())?;
        let fields = variable.encoding().fields();
        let fill = fields.fill_value.and_then(|fill| fill.as_text().map(str::to_owned));
        let is_from_float = fields.dtype.is_some_and(|dtype| dtype == DType::F32 || dtype == DType::F64);
        Ok(Self { dtype: variable.dtype(), values: Observed::of(&array)?, fill, is_from_float })
    }

    /// Type, ends and statistics, of decoded values.
    pub fn compare(&self, name: &str, expected: &Value, tally: &mut Tally) {
        if let Some(dtype) = expected["dtype"].as_str() {
            tally.check(&format!("{name} dtype"), same_dtype(&self.dtype.name(), dtype, expected["kind"].as_str()));
        }
        let n = self.values.len();
        for (field, position) in [("first", Some(0)), ("last", n.checked_sub(1)), ("second", Some(1))] {
            if let (Some(wanted), Some(i)) = (expected.get(field), position.filter(|i| *i < n)) {
                tally.check(&format!("{name} {field}"), self.same_value(i, wanted));
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

    fn same_value(&self, i: usize, expected: &Value) -> Result<(), String> {
        let equal = match (&self.values, self.dtype) {
            (Observed::Time(values), DType::Time { calendar, .. }) => {
                let wanted = expected.as_str().and_then(|text| microseconds(text, calendar.name()));
                same_instant(values[i], wanted, self.is_from_float)
            }
            (Observed::Time(values), _) => values[i].map(|v| v as f64 / 1e6) == expected.as_f64(),
            // The reference masks text that is the declared fill value, ours leaves it text (correctness.md).
            (Observed::Text(values), _) if expected.is_null() => self.fill.as_deref() == Some(&values[i]),
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
        tally.check(&format!("{name} raw_dtype"), same_dtype(&raw.dtype().name(), wanted, None));
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
                let wrong = (0..values.len()).find_map(|i| summary.same_value(i, &values[i]).err());
                tally.check(&format!("{name} values"), wrong.map_or(Ok(()), Err));
            }
        }
        Err(error) => tally.check(&format!("{name} reads"), Err(error)),
    }
    if let Some(wanted) = expected["raw_sha256"].as_str() {
        tally.check(&format!("{name} raw_sha256"), same_hash(array, wanted));
    }
}

/// Whether an instant in microseconds is the expected one. Those that are stored as floats have nanoseconds in the reference, which its
/// text cuts off; ours are rounded: the same, or one more.
pub fn same_instant(found: Option<i128>, wanted: Option<i128>, is_from_float: bool) -> bool {
    match (found, wanted) {
        (Some(found), Some(wanted)) if is_from_float => (0..=1).contains(&(found - wanted)),
        (found, wanted) => found == wanted,
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

/// Whether a dtype of ours, by its name, is what numpy calls `expected`. Times have the unit that loses nothing here (SEMANTICS), and the
/// reference's text has several names.
pub fn same_dtype(found: &str, expected: &str, kind: Option<&str>) -> Result<(), String> {
    let is_text = || expected == "object" || expected.starts_with("StringDType") || expected.starts_with(['|', '<']);
    let equal = match found {
        time if time.starts_with("datetime64") || time.starts_with("time[") => kind == Some("time"),
        duration if duration.starts_with("timedelta64") => expected.starts_with("timedelta64"),
        "string" | "|S1" => is_text(),
        other => other == expected,
    };
    if equal { Ok(()) } else { Err(format!("{found}, expected {expected}")) }
}

pub fn same_calendar(found: &str, expected: &str) -> Result<(), String> {
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
