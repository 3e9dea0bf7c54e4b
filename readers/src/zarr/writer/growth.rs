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
/// If it cannot be read or written, or an array has neither the shape that the append found nor the one that it was to have: somebody
/// else has changed the store since, and it is left as it is.
pub(super) fn mend(store: &Store) -> Result<()> {
    let Some(journal) = document(store, JOURNAL)? else { return Ok(()) };
    let shapes = |field: &str| -> Option<Shapes> { serde_json::from_value(journal[field].clone()).ok() };
    let (before, after) = match (shapes("before"), shapes("after")) {
        (Some(before), Some(after)) if before.keys().eq(after.keys()) => (before, after),
        _ => return Err(unusable(store, "is no journal of an append")),
    };
    let there = shapes_there(store, &after)?;
    let is =
        |shapes: &Shapes, (name, shape): &(String, Value)| shapes.get(name).is_some_and(|known| *shape == json!(known));
    if let Some((name, shape)) = there.iter().find(|one| !is(&before, one) && !is(&after, one)) {
        let what = format!("tells of an append that broke off, but `{name}` has had another shape since: {shape}");
        return Err(unusable(store, &what));
    }
    // A writer that died behind the last array has grown them all.
    let has_all = there.iter().take(after.len()).all(|one| is(&after, one));
    let whole = if has_all { &after } else { &before };
    if !there.iter().all(|one| is(whole, one)) {
        tracing::warn!(url = store.url(), "an append was interrupted while arrays grew; they are of one length again");
        let gathered = gathered(store, whole)?.into_iter().filter(|(_, holds)| *holds).map(|(document, _)| document);
        for (key, document) in with_shapes(store, whole)?.into_iter().chain(gathered) {
            store.put(&key, pretty(&document)?).wait()?;
        }
    }
    store.remove_all(JOURNAL).wait()
}

fn unusable(store: &Store, what: &str) -> Error {
    Error::corrupt(format!("{} {what}", store.url_of(JOURNAL)))
        .hint("remove that file if the arrays of the store are of one length")
}

/// The shapes of arrays by their own documents, then by those at the root.
fn shapes_there(store: &Store, named: &Shapes) -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for name in named.keys() {
        let (_, node) = node(store, name)?.ok_or_else(|| vanished(name))?;
        found.push((name.clone(), node["shape"].clone()));
    }
    for root in ["zarr.json", ".zmetadata"] {
        let Some(mut document) = document(store, root)? else { continue };
        let Some(nodes) = nodes_of(root, &mut document) else { continue };
        for name in named.keys() {
            let shapes = [name.clone(), format!("{name}/.zarray")].into_iter().filter_map(|key| nodes.get(&key));
            found.extend(shapes.map(|node| (name.clone(), node["shape"].clone())));
        }
    }
    Ok(found)
}

/// The nodes that a document at the root gathers.
fn nodes_of<'a>(root: &str, document: &'a mut Value) -> Option<&'a mut Value> {
    match root {
        "zarr.json" => document.pointer_mut("/consolidated_metadata/metadata"),
        _ => document.get_mut("metadata"),
    }
}

fn vanished(name: &str) -> Error {
    Error::corrupt(format!("the metadata of `{name}` has vanished"))
}

/// Keys and documents.
type Documents = Vec<(String, Value)>;

/// The documents of arrays with other shapes.
fn with_shapes(store: &Store, shapes: &Shapes) -> Result<Documents> {
    let changed = |(name, shape): (&String, &Vec<u64>)| {
        let (key, mut node) = node(store, name)?.ok_or_else(|| vanished(name))?;
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
        let Some(nodes) = nodes_of(root, &mut document) else { continue };
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
