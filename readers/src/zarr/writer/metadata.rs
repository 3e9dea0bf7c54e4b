//! The documents of a store, in both versions of the format.
use base64::Engine as _;
use serde_json::{Map, Value, json};
use terracube_cube::data::{Attribute, Attributes};

use crate::write::{WriteOptions, ZarrVersion};

/// What describes one array.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// `zarr.json` without attributes, or `.zarray`.
    pub document: Value,
    pub attributes: Map<String, Value>,
}

/// The files of a new store by key, in the order in which they are to be written, and the key of the one that makes it a store.
pub(super) fn files(
    arrays: &[(String, Node)],
    attributes: Map<String, Value>,
    options: &WriteOptions,
) -> (Vec<(String, Value)>, String) {
    match options.version {
        ZarrVersion::V3 => {
            let whole = |node: &Node| {
                let mut document = node.document.clone();
                document["attributes"] = node.attributes.clone().into();
                document
            };
            let mut files: Vec<(String, Value)> =
                arrays.iter().map(|(name, node)| (format!("{name}/zarr.json"), whole(node))).collect();
            let mut root = json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
            if options.consolidated {
                let nodes: Map<String, Value> = arrays.iter().map(|(name, node)| (name.clone(), whole(node))).collect();
                root["consolidated_metadata"] = json!({"kind": "inline", "must_understand": false, "metadata": nodes});
            }
            files.push(("zarr.json".into(), root));
            (files, "zarr.json".into())
        }
        ZarrVersion::V2 => {
            let mut files = Vec::with_capacity(2 * arrays.len() + 3);
            for (name, node) in arrays {
                files.push((format!("{name}/.zarray"), node.document.clone()));
                files.push((format!("{name}/.zattrs"), node.attributes.clone().into()));
            }
            files.push((".zattrs".into(), attributes.into()));
            files.push((".zgroup".into(), json!({"zarr_format": 2})));
            if options.consolidated {
                let all: Map<String, Value> = files.iter().cloned().collect();
                files.push((".zmetadata".into(), json!({"zarr_consolidated_format": 1, "metadata": all})));
            }
            (files, ".zgroup".into())
        }
    }
}

/// A fill value as a document says it.
pub(super) fn fill_json(fill: &Attribute) -> Value {
    match fill.to_json() {
        Value::Array(mut list) if list.len() == 1 => list.remove(0),
        other => other,
    }
}

/// Attributes as version 3 has them: xarray wants the bytes of a float's `_FillValue`, in base64, because JSON lacks NaN.
pub(super) fn v3_attributes(attributes: &Attributes) -> Map<String, Value> {
    let coded = |name: &str, value: &Attribute| match (name, value) {
        ("_FillValue", Attribute::F32(_) | Attribute::F64(_)) => {
            let bytes = value.number().unwrap_or(f64::NAN).to_le_bytes();
            base64::engine::general_purpose::STANDARD.encode(bytes).into()
        }
        _ => value.to_json(),
    };
    attributes.iter().map(|(name, value)| (name.to_owned(), coded(name, value))).collect()
}
