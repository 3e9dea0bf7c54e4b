//! The last step of an append: the arrays of a store become longer, all of them or none.
//!
//! Where metadata is gathered at the root, that document is the one moment at which everything grows. Where it is not, the arrays grow one
//! after the other, and a writer that dies in between leaves them of different lengths: a journal that is written before says what they
//! were, and whoever writes next puts that back.
use std::collections::BTreeMap;

use serde_json::{Value, json};
use terracube_cube::{Error, Result};

use super::pretty;
use crate::store::Store;
use crate::zarr::ZarrGroup;

/// What the arrays were and will be, while they grow.
pub(super) const JOURNAL: &str = ".terracube-append";

type Shapes = BTreeMap<String, Vec<u64>>;

/// Writes new shapes: those of the arrays, then the metadata that is gathered at the root.
pub(super) fn grow(store: &Store, group: &ZarrGroup, lengths: &[(String, Vec<u64>)]) -> Result<()> {
    let after: Shapes = lengths.iter().cloned().collect();
    let documents = with_shapes(store, &after)?;
    let gathered = gathered(store, &after)?;
    let grows_at_once = gathered.iter().any(|(_, is_there)| *is_there) || after.len() < 2 || store.is_transaction();
    if !grows_at_once {
        let before: Shapes =
            after.keys().map(|name| Ok((name.clone(), group.array(name)?.shape().to_vec()))).collect::<Result<_>>()?;
        store.put(JOURNAL, pretty(&json!({"before": before, "after": after}))?).wait()?;
    }
    for (key, document) in documents.iter().chain(gathered.iter().map(|(document, _)| document)) {
        store.put(key, pretty(document)?).wait()?;
    }
    if !grows_at_once {
        store.remove_all(JOURNAL).wait()?;
    }
    Ok(())
}

/// Puts back what an append left half grown.
///
/// # Errors
/// If it cannot be read or written; the store is then as it was.
pub(super) fn mend(store: &Store) -> Result<()> {
    let Some(journal) = document(store, JOURNAL)? else { return Ok(()) };
    let shapes = |field: &str| -> Option<Shapes> { serde_json::from_value(journal[field].clone()).ok() };
    let (Some(before), Some(after)) = (shapes("before"), shapes("after")) else {
        return Err(Error::corrupt(format!("{} is no journal of an append", store.url_of(JOURNAL)))
            .hint("remove it, if the arrays of the store are of one length"));
    };
    let mut has_all = true;
    for (name, shape) in &after {
        let found = node(store, name)?.map(|(_, node)| node["shape"] == json!(shape));
        has_all = has_all && found == Some(true);
    }
    // A writer that died behind the last array has grown them all.
    if !has_all {
        tracing::warn!(url = store.url(), "an append was interrupted while arrays grew; they are put back");
        for (key, document) in with_shapes(store, &before)? {
            store.put(&key, pretty(&document)?).wait()?;
        }
    }
    store.remove_all(JOURNAL).wait()
}

/// Keys and documents.
type Documents = Vec<(String, Value)>;

/// The documents of arrays with other shapes.
fn with_shapes(store: &Store, shapes: &Shapes) -> Result<Documents> {
    let changed = |(name, shape): (&String, &Vec<u64>)| {
        let (key, mut node) =
            node(store, name)?.ok_or_else(|| Error::corrupt(format!("the metadata of `{name}` has vanished")))?;
        node["shape"] = json!(shape);
        Ok((key, node))
    };
    shapes.iter().map(changed).collect()
}

/// The document of an array, and its key.
fn node(store: &Store, name: &str) -> Result<Option<(String, Value)>> {
    for key in [format!("{name}/zarr.json"), format!("{name}/.zarray")] {
        if let Some(node) = document(store, &key)? {
            return Ok(Some((key, node)));
        }
    }
    Ok(None)
}

/// The documents at the root with other shapes, and whether they hold any of them.
fn gathered(store: &Store, shapes: &Shapes) -> Result<Vec<((String, Value), bool)>> {
    let mut found = Vec::new();
    for root in ["zarr.json", ".zmetadata"] {
        let Some(mut document) = document(store, root)? else { continue };
        let nodes = match root {
            "zarr.json" => document.pointer_mut("/consolidated_metadata/metadata"),
            _ => document.get_mut("metadata"),
        };
        let Some(nodes) = nodes else { continue };
        let mut holds = false;
        for (name, shape) in shapes {
            for node in [name.clone(), format!("{name}/.zarray")] {
                if let Some(node) = nodes.get_mut(&node) {
                    node["shape"] = json!(shape);
                    holds = true;
                }
            }
        }
        found.push(((root.to_owned(), document), holds));
    }
    Ok(found)
}

fn document(store: &Store, key: &str) -> Result<Option<Value>> {
    let bytes = store.get(key).wait()?;
    bytes.map(|bytes| crate::zarr::parse_json(&bytes, &store.url_of(key))).transpose()
}
