//! Dimensions, variables, types, chunks, codecs, attributes of every group; of the values only the ends of time coordinates.
use serde_json::{Map, Value, json};
use terracube_cube::data::{Attributes, Dataset, Variable};
use terracube_cube::{DType, Result};

use super::first_value;
use crate::cf::{CfOptions, decode};
use crate::open::OpenOptions;
use crate::raw::{RawGroup, RawVariable};

/// Describes all groups of a store or file.
///
/// Gives `{"url", "format", "groups": {"/": {"dims", "unlimited_dims", "n_global_attrs", "attrs", "coords", "data_vars", "variables"}}}`; a
/// group or variable that is damaged has an `error` instead of what is not known.
///
/// ```
/// # use terracube_cube::DataArray;
/// # use terracube_readers::{OpenOptions, WriteData, inspect};
/// # DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).named("t").write("memory://docs/info.zarr")?;
/// let info = inspect::info("memory://docs/info.zarr", &OpenOptions::new())?;
/// assert_eq!(info["groups"]["/"]["variables"]["t"]["dtype"], "float64");
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// As [`crate::open`].
pub fn info(url: &str, options: &OpenOptions) -> Result<Value> {
    let (format, groups) = options.open_groups(url)?;
    let mut described = Map::new();
    for (path, raw, decoded) in &groups {
        let group = match (raw, decoded) {
            (Ok(raw), Ok(decoded)) => group(raw, decoded),
            (Err(error), _) | (_, Err(error)) => json!({"error": error.to_string()}),
        };
        described.insert(path.clone(), group);
    }
    Ok(json!({"url": crate::store::redact(url), "format": format, "groups": described}))
}

fn group(raw: &RawGroup, decoded: &Dataset) -> Value {
    // As they are stored: dimensions that only count characters too, and attributes that decoding takes.
    let stored = decode(raw, &CfOptions { decode: false, ..CfOptions::default() }).variables;
    let mut dims: Map<String, Value> = Map::new();
    for (dim, &len) in stored.iter().flat_map(|variable| variable.dims.iter().zip(&variable.shape)) {
        dims.entry(dim).or_insert_with(|| len.into());
    }
    let mut unlimited: Vec<&str> =
        raw.dims.iter().filter(|dim| dim.unlimited && dims.contains_key(&dim.name)).map(|dim| &dim.name[..]).collect();
    unlimited.sort_unstable();
    let variables: Map<String, Value> = raw
        .variables
        .iter()
        .zip(&stored)
        .map(|(variable, stored)| {
            let held = held(decoded, &variable.name);
            (variable.name.clone(), described(variable, stored.attributes.len(), held))
        })
        .collect();
    json!({
        "dims": dims,
        "unlimited_dims": unlimited,
        "n_global_attrs": raw.attributes.len(),
        "attrs": attributes(&raw.attributes),
        "coords": sorted(decoded.coords().names()),
        "data_vars": sorted(decoded.names()),
        "n_bytes": decoded.n_bytes(),
        "variables": variables,
    })
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn held<'a>(dataset: &'a Dataset, name: &str) -> Option<&'a Variable> {
    let data = dataset.variables().find(|(known, _)| *known == name).map(|(_, variable)| variable);
    data.or_else(|| dataset.coords().get(name).map(|coord| coord.variable()))
}

fn described(raw: &RawVariable, raw_n_attrs: usize, decoded: Option<&Variable>) -> Value {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| _ = fields.insert(name.to_owned(), value);
    if let Some(variable) = decoded {
        set("dims", variable.dims().iter().collect::<Vec<_>>().into());
        set("shape", variable.shape().to_vec().into());
        set("dtype", variable.dtype().name().into());
        set("n_attrs", variable.attrs().len().into());
        set("attrs", attributes(variable.attrs()).into());
        set("n_bytes", variable.expr().n_bytes().into());
        set("n_chunks", variable.chunks().n_chunks().into());
        set("encoding", encoding(variable).into());
        times(variable, &mut set);
        if let Some(error) = variable.error() {
            set("error", error.to_string().into());
        }
    }
    match &raw.data {
        Ok(source) if raw.characters => {
            set("raw_dtype", if source.dtype() == DType::U8 { "|S1".into() } else { Value::Null })
        }
        Ok(source) => set("raw_dtype", source.dtype().name().into()),
        Err(error) => set("error", error.to_string().into()),
    }
    if let Some(stored_type) = &raw.storage.stored_type {
        set("stored_type", stored_type.clone().into());
    }
    set("raw_shape", raw.shape.clone().into());
    set("raw_n_attrs", raw_n_attrs.into());
    if let Some(chunks) = &raw.storage.chunks {
        set("chunks", chunks.clone().into());
    }
    if let Some(shards) = &raw.storage.shards {
        set("shards", shards.clone().into());
    }
    if let Some(codecs) = &raw.storage.codecs {
        set("codecs", codecs.clone());
    }
    Value::Object(fields)
}

/// Unit and calendar of times, and how far a 1-D coordinate reaches.
fn times(variable: &Variable, set: &mut impl FnMut(&str, Value)) {
    let DType::Time { calendar, .. } = variable.dtype() else { return };
    set("kind", "time".into());
    set("calendar", calendar.name().into());
    set("units", variable.encoding().fields().units.map_or(Value::Null, Value::from));
    let is_coordinate = variable.dims().len() == 1 && variable.error().is_none() && variable.shape() != [0];
    if !is_coordinate {
        return;
    }
    let end = |at: i64| {
        let array = terracube_cube::DataArray::new(None, variable.clone(), Default::default());
        let one = array.isel(variable.dims().name(0), at);
        one.values().and_then(|values| first_value(&values)).unwrap_or(Value::Null)
    };
    set("first", end(0));
    set("last", end(-1));
}

fn attributes(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}

/// How the values are stored, as far as it is known; chunks and codecs stand beside it.
fn encoding(variable: &Variable) -> Map<String, Value> {
    let fields = variable.encoding().fields();
    let known = [
        ("dtype", fields.dtype.map(|dtype| dtype.name().into())),
        ("fill_value", fields.fill_value.map(|value| value.to_json())),
        ("missing_value", fields.missing_value.map(|value| value.to_json())),
        ("scale_factor", fields.scale_factor.map(|value| value.to_json())),
        ("add_offset", fields.add_offset.map(|value| value.to_json())),
        ("units", fields.units.map(Value::from)),
        ("calendar", fields.calendar.map(Value::from)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
