//! One golden file: a NetCDF file with its groups, a Zarr store with its arrays and groups, or a folder of files.
use std::path::Path;

use serde_json::{Map, Value};
use terracube::prelude::*;

use crate::commands;
use crate::describe::{self, Summary};
use crate::operations;
use crate::tally::Tally;

pub fn check(data: &Path, expected: &Value, tally: &mut Tally) {
    commands::check(data, expected, tally);
    match expected["format"].as_str() {
        Some("multifile") => folder(data, expected, tally),
        Some("zarr") => store(data, expected, tally),
        _ => groups(data, expected["groups"].as_object(), tally),
    }
}

fn store(data: &Path, expected: &Value, tally: &mut Tally) {
    for (path, array) in expected["arrays"].as_object().into_iter().flatten() {
        if array.get("error").is_none() {
            let found = raw_array(data, path);
            describe::array(&format!("array {path}"), found.as_ref(), n_attributes(data, path), array, tally);
        }
    }
    groups(data, expected["groups_xarray"].as_object(), tally);
}

fn groups(data: &Path, groups: Option<&Map<String, Value>>, tally: &mut Tally) {
    for (group, expected) in groups.into_iter().flatten() {
        if expected.get("error").is_some() || expected.get("errors").is_some() {
            continue; // the reference could not read it either
        }
        // Where the reference could not decode the times, or anything, it left that as it is; ours must open all the same.
        let decoded_with = expected["decoded_with"].as_str();
        if decoded_with.is_some() {
            let opens = open_group(data, group, Some(true)).map(|_| ()).map_err(|error| error.to_string());
            tally.check(&format!("{group} opens decoded"), opens);
        }
        let how = if decoded_with == Some("decode_cf=False") { None } else { Some(decoded_with.is_none()) };
        match (open_group(data, group, how), open_group(data, group, None)) {
            (Ok(decoded), Ok(raw)) => dataset(group, &decoded, &raw, expected, tally),
            (Err(error), _) | (_, Err(error)) => tally.check(&format!("{group} opens"), Err(error.to_string())),
        }
    }
}

fn dataset(group: &str, decoded: &Dataset, raw: &Dataset, expected: &Value, tally: &mut Tally) {
    tally.check(&format!("{group} opens"), Ok(()));
    let dims: Map<String, Value> = raw.dims().into_iter().map(|(name, n)| (name, n.into())).collect();
    let mut wanted = expected["dims"].as_object().cloned().unwrap_or_default();
    wanted.sort_keys();
    // A dimension that stands twice in a variable has a second name here.
    for variable in expected["variables"].as_object().into_iter().flatten().map(|(_, variable)| variable) {
        for (name, len) in describe::distinct_dims(&variable["dims"])
            .into_iter()
            .zip(variable["shape"].as_array().into_iter().flatten())
        {
            wanted.entry(name).or_insert_with(|| len.clone());
        }
    }
    wanted.sort_keys();
    let mut dims = dims;
    dims.sort_keys();
    tally.check(&format!("{group} dims"), describe::same(&Value::from(dims), &Value::from(wanted)));
    tally.check(
        &format!("{group} n_global_attrs"),
        describe::same(&raw.attrs().len().into(), &expected["n_global_attrs"]),
    );
    tally.check(&format!("{group} coords"), describe::same(&sorted(decoded.coords().names()), &expected["coords"]));
    tally.check(&format!("{group} data_vars"), describe::same(&sorted(decoded.names()), &expected["data_vars"]));
    for (name, wanted) in expected["variables"].as_object().into_iter().flatten() {
        describe::variable(&format!("{group} {name}"), &decoded.var(name), &raw.var(name), wanted, tally);
    }
    if let Some(wanted) = expected["ops"].as_object().filter(|ops| !ops.contains_key("error")) {
        operations::check(&format!("{group} ops"), decoded, wanted, tally);
    }
}

/// A golden of several files put together.
fn folder(data: &Path, expected: &Value, tally: &mut Tally) {
    let files: Vec<String> = expected["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|file| data.join(file).display().to_string())
        .collect();
    let how = expected["combine"].as_str().unwrap_or_default();
    let opened = if how.contains("'member'") {
        OpenMany::new().along_new("member").open(&files)
    } else if how.contains("'time_counter'") {
        OpenMany::new().in_order("time_counter").open(&files)
    } else {
        open_many(format!("{}/*.nc", data.display()))
    };
    let whole = match opened {
        Ok(whole) => whole,
        Err(error) => return tally.check("opens", Err(error.to_string())),
    };
    tally.check("opens", Ok(()));
    let mut dims: Map<String, Value> = whole.dims().into_iter().map(|(name, n)| (name, n.into())).collect();
    dims.sort_keys();
    let mut wanted = expected["dims"].as_object().cloned().unwrap_or_default();
    wanted.sort_keys();
    tally.check("/ dims", describe::same(&Value::from(dims), &Value::from(wanted)));
    tally.check("/ coords", describe::same(&sorted(whole.coords().names()), &expected["coords"]));
    tally.check("/ data_vars", describe::same(&sorted(whole.names()), &expected["data_vars"]));
    for (name, wanted) in expected["variables"].as_object().into_iter().flatten() {
        let variable = whole.var(name);
        let dims: Vec<Value> = variable.dims().iter().map(Value::from).collect();
        tally.check(&format!("/ {name} dims"), describe::same(&dims.into(), &wanted["dims"]));
        tally.check(&format!("/ {name} shape"), describe::same(&variable.shape().into(), &wanted["shape"]));
        match Summary::of(&variable) {
            Ok(summary) => summary.compare(&format!("/ {name}"), wanted, tally),
            Err(error) => tally.check(&format!("/ {name} reads"), Err(error)),
        }
    }
    if let Some(wanted) = expected["ops"].as_object().filter(|ops| !ops.contains_key("error")) {
        operations::check("/ ops", &whole, wanted, tally);
    }
}

/// `decode`: whether times are decoded too; `None` for values as they are stored.
fn open_group(path: &Path, group: &str, decode: Option<bool>) -> Result<Dataset, Error> {
    OpenOptions::new()
        .decode_cf(decode.is_some())
        .decode_times(decode == Some(true))
        .group(group)
        .open(&path.display().to_string())
}

/// An array of a Zarr store by its path, undecoded. The path "/" is a store that is itself an array.
fn raw_array(store: &Path, path: &str) -> Result<DataArray, Error> {
    let (group, name) = path.rsplit_once('/').unwrap_or(("/", path));
    let dataset = open_group(store, if group.is_empty() { "/" } else { group }, None)?;
    if path == "/" {
        let only = dataset.names().next().unwrap_or_default().to_owned();
        return Ok(dataset.var(&only));
    }
    Ok(dataset.var(name))
}

/// How many attributes an array of a Zarr store has: as read here, and the one of version 2 that names the dimensions, which is none of ours.
fn n_attributes(store: &Path, path: &str) -> Option<usize> {
    let (group, name) = path.rsplit_once('/').unwrap_or(("/", path));
    let raw = OpenOptions::new().group(group).open_raw(&store.display().to_string()).ok()?;
    let found = raw.variables.iter().find(|variable| variable.name == name || path == "/")?;
    let attributes = std::fs::read(store.join(path.trim_matches('/')).join(".zattrs"));
    let attributes: Value = attributes.ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    Some(found.attributes.len() + usize::from(attributes.get("_ARRAY_DIMENSIONS").is_some()))
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    Value::from(names)
}
