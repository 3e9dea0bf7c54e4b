//! Where the chunks of a file stand, and that as references which kerchunk and its readers understand.
mod tables;

use std::fmt;

use serde_json::{Map, Value, json};
use terracube_cube::data::Attribute;
use terracube_cube::{Error, Result};

use crate::raw::{RawGroup, RawVariable};

/// What can say where its chunks stand, so that others can read them without the file's own structure.
pub trait ChunkIndexer: fmt::Debug + Send + Sync {
    /// The chunks of the array.
    ///
    /// # Errors
    /// If the list is damaged, or chunks are stored in a way that references cannot express.
    fn manifest(&self) -> Result<Manifest>;
}

/// The chunks of one array.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The file, without secrets.
    pub url: String,
    /// The stored type as numpy writes it ("<f4").
    pub dtype: String,
    /// The lengths of a chunk.
    pub chunk_shape: Vec<u64>,
    /// Codecs in the order in which they were applied, as numcodecs describes them.
    pub codecs: Vec<Value>,
    /// The chunks that are written: index, offset and length in bytes.
    pub chunks: Vec<(Vec<u64>, u64, u64)>,
}

/// References to all chunks of a file, and the variables that have none.
#[derive(Debug, Clone)]
pub struct References {
    /// Kerchunk's JSON, version 1: keys of a Zarr v2 store.
    pub json: Value,
    /// Variables that references cannot express, and why. They are left out.
    pub left_out: Vec<(String, Error)>,
}

/// The references of a group and all groups within it.
pub(crate) fn references(group: &RawGroup) -> References {
    let mut refs = Map::new();
    let mut left_out = Vec::new();
    collect(group, &mut refs, &mut left_out);
    References { json: json!({"version": 1, "refs": refs}), left_out }
}

fn collect(group: &RawGroup, refs: &mut Map<String, Value>, left_out: &mut Vec<(String, Error)>) {
    let prefix = match group.path.trim_matches('/') {
        "" => String::new(),
        path => format!("{path}/"),
    };
    let text = |value: Value| Value::String(value.to_string());
    refs.insert(format!("{prefix}.zgroup"), text(json!({"zarr_format": 2})));
    let attributes: Map<String, Value> =
        group.attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect();
    refs.insert(format!("{prefix}.zattrs"), text(attributes.into()));
    for variable in &group.variables {
        match of_variable(variable) {
            Ok((array, attributes, manifest)) => {
                let at = format!("{prefix}{}", variable.name);
                refs.insert(format!("{at}/.zarray"), text(array));
                refs.insert(format!("{at}/.zattrs"), text(attributes));
                for (index, offset, len) in &manifest.chunks {
                    let index: Vec<String> = index.iter().map(u64::to_string).collect();
                    let key = if index.is_empty() { "0".to_owned() } else { index.join(".") };
                    refs.insert(format!("{at}/{key}"), json!([manifest.url, offset, len]));
                }
            }
            Err(error) => left_out.push((format!("{prefix}{}", variable.name), error)),
        }
    }
    for inner in &group.groups {
        collect(inner, refs, left_out);
    }
}

fn of_variable(variable: &RawVariable) -> Result<(Value, Value, Manifest)> {
    if let Err(error) = &variable.data {
        return Err(error.clone());
    }
    let indexer = variable.chunks.as_ref().ok_or_else(|| {
        Error::unsupported(format!("`{}` is stored in a way that references cannot express", variable.name))
    })?;
    let mut manifest = indexer.manifest()?;
    let compressor = manifest.codecs.pop();
    let filters = if manifest.codecs.is_empty() { Value::Null } else { Value::from(manifest.codecs.clone()) };
    // In version 2 the fill value masks, so only a declared one may stand there.
    let fill = variable.attributes.get("_FillValue").map(Attribute::to_json).map_or(Value::Null, |value| match value {
        Value::Array(mut list) if list.len() == 1 => list.remove(0),
        value => value,
    });
    let array = json!({
        "zarr_format": 2, "shape": variable.shape, "chunks": manifest.chunk_shape.iter().map(|&n| n.max(1)).collect::<Vec<_>>(),
        "dtype": manifest.dtype, "order": "C", "fill_value": fill, "compressor": compressor, "filters": filters,
    });
    let mut attributes: Map<String, Value> = variable
        .attributes
        .iter()
        .filter(|(name, _)| *name != "_FillValue")
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    attributes.insert("_ARRAY_DIMENSIONS".into(), variable.dims.clone().into());
    Ok((array, attributes.into(), manifest))
}
