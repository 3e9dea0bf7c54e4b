//! What `terracube info --json` and `terracube stats --json` print, by the functions that they call, against a golden file.
use std::path::Path;

use serde_json::{Map, Value};
use terracube::prelude::*;
use terracube::readers::inspect;

use crate::describe::{distinct_dims, near, same, same_calendar, same_dtype, same_instant};
use crate::support::calendar::microseconds;
use crate::support::float;
use crate::tally::Tally;

pub fn check(data: &Path, expected: &Value, tally: &mut Tally) {
    let groups = expected["groups"].as_object().or_else(|| expected["groups_xarray"].as_object());
    let Some(groups) = groups else { return };
    let wanted: Vec<(&String, &Value)> =
        groups.iter().filter(|(_, group)| group.get("error").is_none() && group.get("errors").is_none()).collect();
    if wanted.is_empty() {
        return;
    }
    let url = data.display().to_string();
    // Only where the reference decoded everything are its decoded values those of the commands, which decode by default.
    let options = OpenOptions::new();
    let (info, stats) = match (inspect::info(&url, &options), inspect::stats(&url, &options, None)) {
        (Ok(info), Ok(stats)) => (info, stats),
        (Err(error), _) | (_, Err(error)) => return tally.check("info and stats", Err(error.to_string())),
    };
    for (path, expected) in wanted {
        let (info, stats) = (&info["groups"][path], &stats["groups"][path]);
        let is_decoded = expected.get("decoded_with").is_none();
        group(&format!("info {path}"), info, expected, is_decoded, tally);
        for (name, wanted) in expected["variables"].as_object().into_iter().flatten() {
            if wanted.get("error").is_some() {
                continue;
            }
            variable(&format!("info {path} {name}"), &info["variables"][name], wanted, is_decoded, tally);
            if is_decoded {
                let fill = &info["variables"][name]["encoding"]["fill_value"];
                numbers(&format!("stats {path} {name}"), &stats["variables"][name], fill, wanted, tally);
            }
        }
    }
}

fn group(name: &str, found: &Value, expected: &Value, is_decoded: bool, tally: &mut Tally) {
    let mut wanted = expected["dims"].as_object().cloned().unwrap_or_default();
    for variable in expected["variables"].as_object().into_iter().flatten().map(|(_, variable)| variable) {
        let lengths = variable["shape"].as_array().into_iter().flatten();
        for (dim, len) in distinct_dims(&variable["dims"]).into_iter().zip(lengths) {
            wanted.entry(dim).or_insert_with(|| len.clone());
        }
    }
    tally.check(&format!("{name} dims"), same(&sorted(&found["dims"]), &sorted(&Value::Object(wanted))));
    tally.check(&format!("{name} n_global_attrs"), same(&found["n_global_attrs"], &expected["n_global_attrs"]));
    tally.check(&format!("{name} unlimited_dims"), same(&found["unlimited_dims"], &expected["unlimited_dims"]));
    if is_decoded {
        tally.check(&format!("{name} coords"), same(&found["coords"], &expected["coords"]));
        tally.check(&format!("{name} data_vars"), same(&found["data_vars"], &expected["data_vars"]));
    }
}

fn variable(name: &str, found: &Value, expected: &Value, is_decoded: bool, tally: &mut Tally) {
    let mut check = |field: &str, outcome: Result<(), String>| tally.check(&format!("{name} {field}"), outcome);
    if is_decoded {
        check("dims", same(&found["dims"], &Value::from(distinct_dims(&expected["dims"]))));
        check("shape", same(&found["shape"], &expected["shape"]));
        check("n_attrs", same(&found["n_attrs"], &expected["n_attrs"]));
        if let Some(dtype) = expected["dtype"].as_str() {
            check("dtype", same_dtype(found["dtype"].as_str().unwrap_or_default(), dtype, expected["kind"].as_str()));
        }
        if expected["kind"] == "time" {
            let calendar = found["calendar"].as_str().unwrap_or_default();
            check("calendar", same_calendar(calendar, expected["calendar"].as_str().unwrap_or_default()));
            check("units", same(&found["units"], &expected["units"]));
        }
    }
    for field in ["raw_shape", "raw_n_attrs"] {
        if let Some(wanted) = expected.get(field) {
            check(field, same(&found[field], wanted));
        }
    }
    if let Some(wanted) = expected["raw_dtype"].as_str() {
        check("raw_dtype", same_dtype(found["raw_dtype"].as_str().unwrap_or_default(), wanted, None));
    }
    for field in ["chunks", "shards"] {
        if let Some(wanted) = expected.get(field) {
            check(field, same(&found[field], wanted));
        }
    }
}

fn numbers(name: &str, found: &Value, fill: &Value, expected: &Value, tally: &mut Tally) {
    if let Some(error) = found["error"].as_str() {
        return tally.check(&format!("{name} reads"), Err(error.to_owned()));
    }
    let size = |field: &str| expected.get(field).and_then(float).map_or(0.0, f64::abs);
    let scale = size("min").max(size("max"));
    if let Some(wanted) = expected.get("count") {
        tally.check(&format!("{name} count"), same(&found["count"], wanted));
    }
    for (field, slack) in [("min", 0.0), ("max", 0.0), ("mean", scale), ("std", scale)] {
        if let Some(wanted) = expected.get(field).and_then(float) {
            let value = float(&found[field]).ok_or_else(|| format!("{}, expected {wanted}", found[field]));
            tally.check(&format!("{name} {field}"), value.and_then(|value| near(value, wanted, slack)));
        }
    }
    for field in ["first", "last"] {
        if let Some(wanted) = expected.get(field) {
            tally.check(&format!("{name} {field}"), same_end(&found[field], wanted, fill, expected));
        }
    }
}

/// One value: times as instants of their calendar, text without the NULs that fill it up, numbers exactly.
fn same_end(found: &Value, wanted: &Value, fill: &Value, expected: &Value) -> Result<(), String> {
    if expected["kind"] == "time" {
        let calendar = expected["calendar"].as_str().unwrap_or("standard");
        let instant = |value: &Value| value.as_str().and_then(|text| microseconds(text, calendar));
        let is_from_float = expected["raw_dtype"].as_str().is_some_and(|dtype| dtype.starts_with("float"));
        let is_same = same_instant(instant(found), instant(wanted), is_from_float);
        return if is_same { Ok(()) } else { same(found, wanted) };
    }
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => Ok(()),
        // The reference masks text that is the declared fill value, ours leaves it text (correctness.md).
        (Value::String(_), Value::Null) if found == fill => Ok(()),
        (Value::String(a), Value::String(b)) if a.trim_end_matches('\0') == b => Ok(()),
        _ => same(found, wanted),
    }
}

fn sorted(object: &Value) -> Value {
    let mut object: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
    object.sort_keys();
    object.into()
}
