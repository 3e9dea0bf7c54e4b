//! The committed golden cases: every store of tests/golden/data, opened, decoded and computed on, against whole expected values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use support::{Observed, Tolerance, pipeline};
use terracube::cube::Encoding;
use terracube::cube::base::{AxisChunks, ChunkGrid};
use terracube::cube::source::MemorySource;
use terracube::prelude::*;

/// Fewer cases than this mean that the test itself is broken.
const LEAST_CASES: usize = 3800;

/// A row of the table of features, with the sections of cases that belong to it and what is left out for a reason.
#[derive(Deserialize)]
struct Row {
    row: String,
    sections: Vec<String>,
    #[serde(default)]
    unsupported: Vec<Unsupported>,
}

#[derive(Deserialize)]
struct Unsupported {
    what: String,
    reason: String,
}

#[test]
fn every_case_is_as_expected() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let cases: Vec<Value> = serde_json::from_str(&read("cases.json")).expect("valid JSON");
    let rows: Vec<Row> = serde_json::from_str(&read("rows.json")).expect("valid JSON");
    let only = std::env::var("GOLDEN_ONLY").unwrap_or_default();
    let mut datasets: HashMap<String, Opened> = HashMap::new();
    let mut counts: HashMap<&str, [usize; 2]> = HashMap::new();
    let mut failures = Vec::new();
    for case in cases.iter().filter(|case| case["name"].as_str().unwrap().contains(&only)) {
        let path = folder.join("data").join(case["store"].as_str().unwrap()).display().to_string();
        let group = case["group"].as_str().unwrap_or("/");
        let opened = datasets.entry(format!("{path} {group}")).or_insert_with(|| Opened::new(&path, group));
        let section = case["section"].as_str().unwrap_or("open");
        let failed = opened.check(case, &path).err();
        counts.entry(section).or_default()[usize::from(failed.is_some())] += 1;
        failures.extend(failed.map(|why| format!("{}: {why}", case["name"].as_str().unwrap())));
    }
    report(&rows, &counts);
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
    let n_passed: usize = counts.values().map(|[passed, _]| passed).sum();
    assert!(n_passed >= LEAST_CASES || !only.is_empty(), "only {n_passed} cases ran, expected at least {LEAST_CASES}");
    let homeless: Vec<&&str> = counts
        .keys()
        .filter(|section| !rows.iter().any(|row| row.sections.iter().any(|held| held == **section)))
        .collect();
    assert!(homeless.is_empty(), "sections that belong to no row of rows.json: {homeless:?}");
    let empty: Vec<&str> = rows
        .iter()
        .filter(|row| {
            row.unsupported.is_empty() && !row.sections.iter().any(|section| counts.contains_key(section.as_str()))
        })
        .map(|row| &*row.row)
        .collect();
    assert!(empty.is_empty() || !only.is_empty(), "rows without a case and without a reason: {empty:?}");
}

/// What `make cases` shows.
fn report(rows: &[Row], counts: &HashMap<&str, [usize; 2]>) {
    println!("{:<40} {:>6} {:>7} {:>7}  not supported", "row", "cases", "passed", "failed");
    let mut total = [0, 0, 0];
    for row in rows {
        let of = |which: usize| -> usize {
            row.sections.iter().filter_map(|section| counts.get(section.as_str())).map(|count| count[which]).sum()
        };
        let (passed, failed) = (of(0), of(1));
        println!("{:<40} {:>6} {passed:>7} {failed:>7}  {}", row.row, passed + failed, row.unsupported.len());
        row.unsupported.iter().for_each(|one| println!("    - {}: {}", one.what, one.reason));
        total = [total[0] + passed, total[1] + failed, total[2] + row.unsupported.len()];
    }
    println!("cases: {} passed, {} failed, {} unsupported", total[0], total[1], total[2]);
}

/// A store, and its values again in memory, cut into chunks of another size: results must not depend on it.
struct Opened {
    stored: std::result::Result<Dataset, String>,
    cut: std::result::Result<Dataset, String>,
}

impl Opened {
    fn new(path: &str, group: &str) -> Self {
        let said = |error: Error| format!("does not open: {error}");
        let stored = OpenOptions::new().group(group).open(path).map_err(said);
        let cut = stored.clone().and_then(|dataset| in_odd_chunks(&dataset).map_err(said));
        Self { stored, cut }
    }

    fn check(&self, case: &Value, path: &str) -> std::result::Result<(), String> {
        let Some(steps) = case.get("steps").and_then(Value::as_array) else {
            return check_opened(self.stored.as_ref().map_err(Clone::clone)?, &case["expect"]);
        };
        let run = |dataset: &std::result::Result<Dataset, String>| {
            check_values(&pipeline::run_at(dataset.as_ref().map_err(Clone::clone)?, steps, path), case)
        };
        run(&self.stored)?;
        run(&self.cut).map_err(|why| format!("in other chunks: {why}"))
    }
}

/// The variables in memory, in chunks of 5 along the first axis, 3 along the second, 2 along all others.
fn in_odd_chunks(dataset: &Dataset) -> Result<Dataset> {
    let mut variables = Vec::new();
    for (name, variable) in dataset.variables() {
        let block = dataset.var(name).values()?.block().clone();
        let sizes = [5u64, 3];
        let axes = variable.shape().iter().enumerate();
        let axes =
            axes.map(|(axis, &len)| AxisChunks::regular(len, sizes.get(axis).copied().unwrap_or(2).min(len.max(1))));
        let source = MemorySource::new(block, ChunkGrid::new(axes.collect()));
        let (dims, attrs) = (variable.dims().clone(), variable.attrs().clone());
        variables.push((name.to_owned(), Variable::from_source(dims, source, attrs, Encoding::default())));
    }
    let coords: Vec<String> = dataset.coords().names().map(ToOwned::to_owned).collect();
    variables.extend(dataset.coords().iter().map(|coord| (coord.name().to_owned(), coord.variable().clone())));
    Dataset::new(variables, coords.iter().map(String::as_str), dataset.attrs().clone())
}

fn check_values(lazy: &DataArray, case: &Value) -> std::result::Result<(), String> {
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

fn check_opened(dataset: &Dataset, expect: &Value) -> std::result::Result<(), String> {
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

fn same(what: &str, found: &Value, expected: &Value) -> std::result::Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} {found}, expected {expected}")) }
}

fn dtype_name(dtype: DType) -> String {
    match dtype {
        DType::Time { .. } => "time".to_owned(),
        other => other.name(),
    }
}
