//! Groups: what a store holds.
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use terracube_cube::{Error, ErrorKind, Result};

use super::ZarrArray;
use super::document::{Document, Version, parse_json};
use crate::store::{Reading, Store, are_described_by};

/// The most bytes that the metadata of one node may have.
const NODE_LIMIT: u64 = 64 << 20;
/// The most bytes that consolidated metadata may have.
const CONSOLIDATED_LIMIT: u64 = 1 << 30;

/// A group of arrays and of further groups, opened: its metadata is read, no values are.
#[derive(Debug, Clone)]
pub struct ZarrGroup {
    store: Store,
    path: String,
    attributes: Map<String, Value>,
    arrays: Vec<ZarrArray>,
    groups: Vec<String>,
    consolidated: Option<Arc<Consolidated>>,
}

/// All nodes below the root of a store, by path, from one document.
type Consolidated = Vec<(String, Result<Document>)>;

impl ZarrGroup {
    /// Opens the group at the root of `store`. If an array stands there, it is the only array of the result, named by the end of the URL.
    ///
    /// An array with metadata that cannot be used (an unknown codec, say) is among [`arrays`](Self::arrays); only its source is an error.
    ///
    /// # Errors
    /// If nothing stands there, or it is not Zarr, or cannot be reached, or the server lists no directories and the store is not consolidated.
    pub fn open(store: &Store) -> Result<Self> {
        match Self::open_or_tables(store)? {
            Root::Group(group) => Ok(group),
            Root::Tables(_) => Err(Error::unsupported(format!("{} holds references in Parquet tables", store.url()))
                .hint("open it with `open`, which reads them")),
        }
    }

    /// As [`open`](Self::open), or the description of references in Parquet, if that is what stands there.
    pub(crate) fn open_or_tables(store: &Store) -> Result<Root> {
        let node = Node::read(store, "")?;
        match node.tables {
            Some(described) => Ok(Root::Tables(described)),
            None => Self::of_node(store, "", node).map(Root::Group),
        }
    }

    /// Opens a group below this one; parts of the path are joined by `/`.
    ///
    /// # Errors
    /// If there is no such group, with a suggestion.
    pub fn group(&self, path: &str) -> Result<Self> {
        let path = path.trim_matches('/');
        let full = join(&self.path, path);
        if path.is_empty() {
            return Ok(self.clone());
        }
        if let Some(nodes) = &self.consolidated {
            return match nodes.iter().find(|(node, _)| *node == full) {
                Some((_, Ok(document))) if document.array.is_none() => self.open_consolidated(&full, document, nodes),
                Some((_, Err(error))) => Err(error.clone()),
                _ if nodes.iter().any(|(node, _)| is_below(node, &full)) => {
                    self.open_consolidated(&full, &Document::v2(None, None), nodes)
                }
                _ => Err(Error::unknown_name("group", path, self.groups.iter().map(String::as_str))),
            };
        }
        Self::open_at(&self.store, &full).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::unknown_name("group", path, self.groups.iter().map(String::as_str)),
            _ => error,
        })
    }

    /// The store that it is in.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its path within the store, without slashes at its ends; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its attributes, in their order. The numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity".
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// The arrays directly in it, sorted by name.
    pub fn arrays(&self) -> &[ZarrArray] {
        &self.arrays
    }

    /// An array directly in it.
    ///
    /// # Errors
    /// If there is none of this name, with a suggestion.
    pub fn array(&self, name: &str) -> Result<&ZarrArray> {
        let found = self.arrays.iter().find(|array| array.name() == name);
        found.ok_or_else(|| Error::unknown_name("array", name, self.arrays.iter().map(ZarrArray::name)))
    }

    /// The names of the groups directly in it, sorted.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    fn open_at(store: &Store, path: &str) -> Result<Self> {
        Self::of_node(store, path, Node::read(store, path)?)
    }

    fn of_node(store: &Store, path: &str, root: Node) -> Result<Self> {
        let mut group = Self {
            store: store.clone(),
            path: path.to_owned(),
            attributes: root.document.attributes.clone(),
            arrays: Vec::new(),
            groups: Vec::new(),
            consolidated: None,
        };
        if root.document.array.is_some() {
            group.attributes.clear();
            let name = store.url_of(path).trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let name = name.strip_suffix(".zarr").map(str::to_owned).unwrap_or(name);
            group.set_arrays(vec![(name, path.to_owned(), Ok(root.document))]);
            return Ok(group);
        }
        if let Some(nodes) = root.consolidated {
            let nodes = nodes.into_iter().map(|(node, document)| (join(path, &node), document)).collect();
            return group.open_consolidated(path, &root.document, &Arc::new(nodes));
        }
        let mut arrays = Vec::new();
        for (name, document) in read_children(store, path, root.document.version)? {
            match document {
                Ok(document) if document.array.is_none() => group.groups.push(name),
                other => arrays.push((name.clone(), join(path, &name), other)),
            }
        }
        group.set_arrays(arrays);
        if root.is_implicit && group.arrays.is_empty() && group.groups.is_empty() {
            return Err(nothing_there(store, path));
        }
        Ok(group)
    }

    fn open_consolidated(&self, path: &str, document: &Document, nodes: &Arc<Consolidated>) -> Result<Self> {
        let mut group = Self {
            store: self.store.clone(),
            path: path.to_owned(),
            attributes: document.attributes.clone(),
            arrays: Vec::new(),
            groups: Vec::new(),
            consolidated: Some(nodes.clone()),
        };
        let (mut arrays, mut groups) = (Vec::new(), BTreeMap::new());
        for (node, document) in nodes.iter() {
            if !is_below(node, path) {
                continue;
            }
            let below = if path.is_empty() { &node[..] } else { &node[path.len() + 1..] };
            match (below.split_once('/'), document) {
                // A group may be missing where something below it is not.
                (Some((child, _)), _) => _ = groups.insert(child.to_owned(), ()),
                (None, Ok(document)) if document.array.is_none() => _ = groups.insert(below.to_owned(), ()),
                (None, document) => arrays.push((below.to_owned(), node.clone(), document.clone())),
            }
        }
        arrays.sort_by(|a, b| a.0.cmp(&b.0));
        group.groups = groups.into_keys().collect();
        group.set_arrays(arrays);
        Ok(group)
    }

    fn set_arrays(&mut self, arrays: Vec<(String, String, Result<Document>)>) {
        self.arrays = arrays
            .into_iter()
            .map(|(name, path, document)| ZarrArray::new(&self.store, name, path, document))
            .collect();
        ZarrArray::name_missing_dims(&mut self.arrays);
    }
}

/// What stands at the root of a store.
pub(crate) enum Root {
    /// Zarr.
    Group(ZarrGroup),
    /// The description of references in Parquet tables.
    Tables(Value),
}

/// What stands at the place that is opened.
struct Node {
    document: Document,
    consolidated: Option<Consolidated>,
    /// Whether no document says that this is a group.
    is_implicit: bool,
    /// What says that this is no store, but references in tables.
    tables: Option<Value>,
}

impl Node {
    fn read(store: &Store, path: &str) -> Result<Self> {
        // All at once: over a network the longest of them is what it costs.
        let names = ["zarr.json", ".zmetadata", ".zarray", ".zgroup", ".zattrs"];
        let readings: Vec<_> =
            names.iter().map(|name| store.get_at_most(&join(path, name), CONSOLIDATED_LIMIT)).collect();
        let mut found = Vec::new();
        let mut refused = None;
        for (name, reading) in names.iter().zip(readings) {
            let url = store.url_of(&join(path, name));
            found.push(match reading.wait() {
                Ok(bytes) => bytes.map(|bytes| parse_json(&bytes, &url)),
                // A server may refuse to say that something is not there.
                Err(error) if error.kind() == ErrorKind::Denied => {
                    refused.get_or_insert(error);
                    None
                }
                Err(error) => return Err(error),
            });
        }
        let mut take = |position: usize| found[position].take().transpose();
        if let Some(json) = take(0)? {
            let consolidated = json.pointer("/consolidated_metadata/metadata").and_then(Value::as_object).map(v3_nodes);
            let document = Document::v3(json).map_err(|error| error.context(store.url_of(&join(path, "zarr.json"))))?;
            return Ok(Self { document, consolidated, is_implicit: false, tables: None });
        }
        let (consolidated, array, group, attributes) = (take(1)?, take(2)?, take(3)?, take(4)?);
        if let Some(json) = consolidated {
            if are_described_by(&json) {
                let document = Document::v2(None, None);
                return Ok(Self { document, consolidated: None, is_implicit: false, tables: Some(json) });
            }
            let url = store.url_of(&join(path, ".zmetadata"));
            let nodes = json
                .get("metadata")
                .and_then(Value::as_object)
                .ok_or_else(|| Error::corrupt(format!("{url} holds no `metadata`")))?;
            let (document, nodes) = v2_nodes(nodes);
            return Ok(Self { document, consolidated: Some(nodes), is_implicit: false, tables: None });
        }
        if array.is_some() || group.is_some() {
            let document = Document::v2(array, attributes);
            return Ok(Self { document, consolidated: None, is_implicit: false, tables: None });
        }
        match refused {
            Some(error) => Err(error),
            None => Self::implicit(store, path),
        }
    }

    /// A directory without metadata counts as a group if there is Zarr directly in it.
    fn implicit(store: &Store, path: &str) -> Result<Self> {
        let is_there = match store.list(path).wait() {
            Ok(entries) => entries.iter().any(|entry| entry.is_dir),
            Err(error) if error.kind() == ErrorKind::Unsupported => false,
            Err(error) => return Err(error),
        };
        if !is_there {
            return Err(nothing_there(store, path));
        }
        Ok(Self { document: Document::v2(None, None), consolidated: None, is_implicit: true, tables: None })
    }
}

/// The nodes directly below a group, by listing. All are asked for at once, first for what is likely there.
fn read_children(store: &Store, path: &str, version: Version) -> Result<Vec<(String, Result<Document>)>> {
    let entries = store.list(path).wait().map_err(|error| match error.kind() {
        ErrorKind::Unsupported => error.hint(
            "the store has no consolidated metadata, which would make listing needless: write it (`zarr.consolidate_metadata`), \
             or open one array by its own URL",
        ),
        _ => error,
    })?;
    let names: Vec<String> =
        entries.into_iter().filter(|e| e.is_dir && !e.name.starts_with('.')).map(|e| e.name).collect();
    let other = if version == Version::V3 { Version::V2 } else { Version::V3 };
    let (found, left) = read_nodes(store, path, names, version)?;
    let (others, _) = read_nodes(store, path, left, other)?;
    let mut children: Vec<_> = found.into_iter().chain(others).collect();
    children.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(children)
}

/// The nodes of one version of the format, and the names that are none. A document that cannot be parsed is an error of that node only.
fn read_nodes(store: &Store, path: &str, names: Vec<String>, version: Version) -> Result<(Nodes, Vec<String>)> {
    let files: &[&str] = if version == Version::V3 { &["zarr.json"] } else { &[".zarray", ".zgroup", ".zattrs"] };
    let started: Vec<(String, Vec<_>)> = names
        .into_iter()
        .map(|name| {
            let read = |file: &&str| store.get_at_most(&format!("{}/{file}", join(path, &name)), NODE_LIMIT);
            let readings = files.iter().map(read).collect();
            (name, readings)
        })
        .collect();
    let (mut nodes, mut left) = (Nodes::new(), Vec::new());
    for (name, readings) in started {
        let mut found = Vec::with_capacity(files.len());
        for (file, reading) in files.iter().zip(readings) {
            let reading: Reading<Option<Bytes>> = reading;
            let url = store.url_of(&format!("{}/{file}", join(path, &name)));
            found.push(reading.wait()?.map(|bytes| parse_json(&bytes, &url)));
        }
        let mut found = found.into_iter();
        let document = match (version, found.next().flatten(), found.next().flatten(), found.next().flatten()) {
            (Version::V3, Some(json), ..) => json.and_then(Document::v3),
            (Version::V2, Some(array), _, attributes) => {
                array.and_then(|array| Ok(Document::v2(Some(array), attributes.transpose()?)))
            }
            (Version::V2, None, Some(_), attributes) => attributes.transpose().map(|read| Document::v2(None, read)),
            // Chunks, for example.
            _ => {
                left.push(name);
                continue;
            }
        };
        nodes.push((name, document));
    }
    Ok((nodes, left))
}

/// Nodes by name.
type Nodes = Vec<(String, Result<Document>)>;

fn v3_nodes(nodes: &Map<String, Value>) -> Consolidated {
    nodes.iter().map(|(path, json)| (path.trim_matches('/').to_owned(), Document::v3(json.clone()))).collect()
}

/// The root and the nodes below it, from keys such as `a/b/.zarray`.
fn v2_nodes(files: &Map<String, Value>) -> (Document, Consolidated) {
    let mut root = Document::v2(None, None);
    let mut nodes = Consolidated::new();
    for (key, json) in files {
        let (path, file) = key.rsplit_once('/').unwrap_or(("", key));
        let attributes = || files.get(&join(path, ".zattrs")).cloned();
        let document = match file {
            ".zarray" => Document::v2(Some(json.clone()), attributes()),
            ".zgroup" => Document::v2(None, attributes()),
            _ => continue,
        };
        if path.is_empty() {
            root = document;
        } else {
            nodes.push((path.to_owned(), Ok(document)));
        }
    }
    debug_assert!(root.version == Version::V2);
    (root, nodes)
}

fn nothing_there(store: &Store, path: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("no Zarr store at {}", store.url_of(path)))
        .hint("there is no zarr.json, .zgroup, .zarray or .zmetadata: check the path")
}

fn is_below(node: &str, path: &str) -> bool {
    !node.is_empty()
        && (path.is_empty()
            || (node.len() > path.len() && node.starts_with(path) && node.as_bytes()[path.len()] == b'/'))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
