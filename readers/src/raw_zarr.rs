//! A Zarr group in the form that decoding works on.
use std::sync::Arc;

use terracube_cube::data::Attribute;
use terracube_cube::source::Source;
use terracube_cube::{Block, DType, Result};

use crate::raw::{RawDim, RawGroup, RawStorage, RawVariable};
use crate::zarr::{ZarrArray, ZarrGroup};

/// The arrays of a group as variables; the groups within it are not read.
pub(crate) fn raw_group(group: &ZarrGroup) -> RawGroup {
    let variables: Vec<RawVariable> = group.arrays().iter().map(variable).collect();
    let mut dims: Vec<RawDim> = Vec::new();
    for (name, &len) in variables.iter().flat_map(|variable| variable.dims.iter().zip(&variable.shape)) {
        if !dims.iter().any(|dim| dim.name == *name) {
            dims.push(RawDim { name: name.clone(), len, unlimited: false });
        }
    }
    // Without NetCDF's own book-keeping, as xarray has it.
    let shown = group.attributes().iter().filter(|(name, _)| !name.to_ascii_lowercase().starts_with("_nc"));
    let attributes = shown.map(|(name, value)| (name.clone(), Attribute::from_json(value.clone())));
    RawGroup {
        path: format!("/{}", group.path()),
        dims,
        variables,
        attributes: attributes.collect(),
        groups: Vec::new(),
    }
}

fn variable(array: &ZarrArray) -> RawVariable {
    let source: Result<Arc<dyn Source>> = array.source().map(|source| source as Arc<dyn Source>);
    let metadata = array.metadata();
    let (chunks, shards) = chunks(metadata);
    let chunks = chunks.or_else(|| source.as_ref().ok().map(|source| source.grid().largest_chunk()));
    let codecs = match metadata.get("codecs") {
        Some(codecs) => codecs.clone(),
        None => serde_json::json!({ "compressor": metadata["compressor"], "filters": metadata["filters"] }),
    };
    RawVariable {
        name: array.name().to_owned(),
        dims: array.dims().to_vec(),
        shape: array.shape().to_vec(),
        attributes: array
            .attributes()
            .iter()
            .map(|(name, value)| (name.clone(), Attribute::from_json(value.clone())))
            .collect(),
        data: source,
        characters: false,
        storage: RawStorage {
            chunks,
            shards,
            codecs: Some(codecs),
            stored_type: structured(metadata),
            fill_value: array.mask_value().and_then(attribute),
        },
        chunks: None,
    }
}

/// The fields of a structured type: a list of name, type and perhaps shape in version 2, of names and types in the `struct` of version 3.
fn structured(metadata: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let fields = match (&metadata["dtype"], &metadata["data_type"]["configuration"]["fields"]) {
        (Value::Array(fields), _) | (_, Value::Array(fields)) => fields,
        _ => return None,
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let each = fields.iter().map(|field| match field {
        Value::Array(parts) => {
            let shape = parts.get(2).map(|shape| format!(" {shape}")).unwrap_or_default();
            let name = parts.first().map(text).unwrap_or_default();
            format!("{name}: {}{shape}", parts.get(1).map(text).unwrap_or_default())
        }
        other => format!("{}: {}", text(&other["name"]), text(&other["data_type"])),
    });
    Some(format!("compound {{{}}}", each.collect::<Vec<_>>().join(", ")))
}

/// The lengths of chunks and of shards, as the metadata says them.
fn chunks(metadata: &serde_json::Value) -> (Option<Vec<u64>>, Option<Vec<u64>>) {
    let lengths = |value: &serde_json::Value| -> Option<Vec<u64>> {
        value.as_array()?.iter().map(serde_json::Value::as_u64).collect()
    };
    let outer =
        lengths(&metadata["chunks"]).or_else(|| lengths(&metadata["chunk_grid"]["configuration"]["chunk_shape"]));
    let codecs = metadata["codecs"].as_array();
    let sharding = codecs.and_then(|codecs| codecs.iter().find(|codec| codec["name"] == "sharding_indexed"));
    match sharding.and_then(|codec| lengths(&codec["configuration"]["chunk_shape"])) {
        Some(inner) => (Some(inner), outer),
        None => (outer, None),
    }
}

/// A single value as an attribute.
fn attribute(block: &Block) -> Option<Attribute> {
    if let Some(text) = block.text() {
        return Some(Attribute::Text(text.iter().flatten().next()?.to_owned()));
    }
    Some(match block.dtype() {
        DType::I8 => Attribute::I8(block.values().ok()?.to_vec()),
        DType::I16 => Attribute::I16(block.values().ok()?.to_vec()),
        DType::I32 => Attribute::I32(block.values().ok()?.to_vec()),
        DType::I64 => Attribute::I64(block.values().ok()?.to_vec()),
        DType::U8 => Attribute::U8(block.values().ok()?.to_vec()),
        DType::U16 => Attribute::U16(block.values().ok()?.to_vec()),
        DType::U32 => Attribute::U32(block.values().ok()?.to_vec()),
        DType::U64 => Attribute::U64(block.values().ok()?.to_vec()),
        DType::F32 => Attribute::F32(block.values().ok()?.to_vec()),
        DType::F64 => Attribute::F64(block.values().ok()?.to_vec()),
        _ => return None,
    })
}
