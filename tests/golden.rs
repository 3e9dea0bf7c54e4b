//! The committed golden cases: every store of tests/golden/data, opened, decoded and computed on, against whole expected values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde_json::Value;
use support::{Observed, Tolerance, pipeline};
use terracube::prelude::*;

/// Fewer cases than this mean that the test itself is broken.
const LEAST_CASES: usize = 1800;

#[test]
fn every_case_is_as_expected() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = std::fs::read_to_string(folder.join("cases.json")).expect("tests/golden/cases.json");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("valid JSON");
    let only = std::env::var("GOLDEN_ONLY").unwrap_or_default();
    let mut datasets: HashMap<String, Dataset> = HashMap::new();
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases.iter().filter(|case| case["name"].as_str().unwrap().contains(&only)) {
        let store = case["store"].as_str().unwrap();
        let group = case["group"].as_str().unwrap_or("/");
        let key = format!("{store} {group}");
        let checked = match datasets.get(&key) {
            Some(dataset) => check(dataset, case),
            None => {
                let opened =
                    OpenOptions::new().group(group).open(&folder.join("data").join(store).display().to_string());
                opened.map_err(|error| format!("does not open: {error}")).and_then(|dataset| {
                    let checked = check(&dataset, case);
                    datasets.insert(key, dataset);
                    checked
                })
            }
        };
        match checked {
            Ok(()) => *passed.entry(case["section"].as_str().unwrap_or("open").to_owned()).or_default() += 1,
            Err(why) => failures.push(format!("{}: {why}", case["name"].as_str().unwrap())),
        }
    }
    let n_passed: usize = passed.values().sum();
    println!("golden cases: {n_passed} passed, {} failed; passed by section: {passed:?}", failures.len());
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(n_passed >= LEAST_CASES || !only.is_empty(), "only {n_passed} cases ran, expected at least {LEAST_CASES}");
}

fn check(dataset: &Dataset, case: &Value) -> Result<(), String> {
    match case.get("steps") {
        None => check_opened(dataset, &case["expect"]),
        Some(steps) => check_values(&pipeline::run(dataset, steps.as_array().unwrap()), case),
    }
}

fn check_values(lazy: &DataArray, case: &Value) -> Result<(), String> {
    let expect = &case["expect"];
    let array = lazy.values().map_err(|error| error.to_string())?;
    let dims: Vec<Value> = lazy.dims().iter().map(Value::from).collect();
    same("dims", &Value::from(dims), &expect["dims"])?;
    let shape: Vec<Value> = array.shape().iter().map(|n| (*n as u64).into()).collect();
    same("shape", &Value::from(shape), &expect["shape"])?;
    let declared = lazy.dtype();
    same("dtype", &dtype_name(array.dtype()).into(), &expect["dtype"])?;
    same("declared dtype", &dtype_name(declared).into(), &expect["dtype"])?;
    if let (DType::Time { calendar, .. }, Some(expected)) = (array.dtype(), expect["calendar"].as_str()) {
        let proleptic = |name: &str| matches!(name, "standard" | "gregorian" | "proleptic_gregorian");
        if calendar.name() != expected && !(proleptic(calendar.name()) && proleptic(expected)) {
            return Err(format!("calendar {}, expected {expected}", calendar.name()));
        }
    }
    match Observed::of(&array)?.difference(expect["values"].as_array().unwrap(), Tolerance::of(case)) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

fn check_opened(dataset: &Dataset, expect: &Value) -> Result<(), String> {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        Value::from(names)
    };
    same("variables", &sorted(dataset.names().map(ToOwned::to_owned).collect()), &expect["variables"])?;
    same("coords", &sorted(dataset.coords().names().map(ToOwned::to_owned).collect()), &expect["coords"])?;
    let dims: BTreeMap<String, u64> = dataset.dims().into_iter().collect();
    let expected: BTreeMap<String, u64> = serde_json::from_value(expect["dims"].clone()).unwrap();
    if dims != expected {
        return Err(format!("dimensions {dims:?}, expected {expected:?}"));
    }
    for (name, value) in expect["attributes"].as_object().unwrap() {
        let found = dataset.attrs().get(name).map(ToString::to_string);
        same(&format!("attribute `{name}`"), &found.into(), value)?;
    }
    for (variable, attributes) in expect["variable_attributes"].as_object().unwrap() {
        for (name, value) in attributes.as_object().unwrap() {
            let found = dataset.var(variable).attrs().get(name).map(ToString::to_string);
            same(&format!("attribute `{name}` of `{variable}`"), &found.into(), value)?;
        }
    }
    Ok(())
}

fn same(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} {found}, expected {expected}")) }
}

fn dtype_name(dtype: DType) -> String {
    match dtype {
        DType::Time { .. } => "time".to_owned(),
        other => other.name(),
    }
}
