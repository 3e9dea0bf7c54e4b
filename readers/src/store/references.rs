//! References to chunks, as kerchunk writes them in JSON: keys of a Zarr store that stand for parts of other files.
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use bytes::Bytes;
use serde_json::Value;
use terracube_cube::{Error, ErrorKind, Result};

use super::mapped::{Mapped, Object, Target};
use super::templates::{Templates, generated};
use super::{Store, StoreOptions};

/// What they are, for messages.
pub(super) const WHAT: &str = "a set of references";
/// References larger than this are not read.
const MAX_BYTES: u64 = 2 << 30;

impl Store {
    /// The store that the references at this place describe (kerchunk's JSON, versions 0 and 1). The files that they point to are
    /// opened when they are read, with the same `options`.
    ///
    /// # Errors
    /// If there is nothing, it holds no references, or they come from afar and point to files of this machine, unless `options` allow it.
    pub fn references(&self, options: &StoreOptions) -> Result<Self> {
        let json = self.get_at_most("", MAX_BYTES).wait()?;
        let json = json.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("{} does not exist", self.url())))?;
        let parsed: Value = serde_json::from_slice(&json)
            .map_err(|error| Error::corrupt(format!("{} is no JSON: {error}", self.url())))?;
        let mapped = parse(parsed, self, options).map_err(|error| error.context(self.url().to_owned()))?;
        Ok(Self::within(self.url(), mapped))
    }
}

/// Whether JSON that begins so may hold references.
pub(crate) fn looks_like_references(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    text.trim_start().starts_with('{')
        && ["\"refs\"", "\".zgroup\"", "\".zmetadata\"", ".zarray\"", "zarr.json\"", "\"version\""]
            .iter()
            .any(|key| text.contains(key))
}

fn parse(json: Value, place: &Store, options: &StoreOptions) -> Result<Mapped> {
    let Value::Object(mut whole) = json else { return Err(Error::corrupt("these are no references")) };
    let templates = whole.remove("templates").and_then(|templates| templates.as_object().cloned()).unwrap_or_default();
    let templates = Templates::new(&templates);
    let rules = match whole.remove("gen") {
        Some(Value::Array(rules)) => rules,
        _ => Vec::new(),
    };
    let mut refs = match whole.remove("refs") {
        Some(Value::Object(refs)) => refs,
        Some(_) => return Err(Error::corrupt("its `refs` are no map of keys")),
        None => whole,
    };
    for rule in &rules {
        generated(rule, &templates, &mut refs).map_err(|error| error.context("a rule of `gen`"))?;
    }
    let files = Files::new(place, options);
    let mut objects = BTreeMap::new();
    for (key, value) in refs {
        let object = object(&value, &templates, &files).map_err(|error| error.context(format!("reference `{key}`")))?;
        if let Some(object) = object {
            objects.insert(key.trim_start_matches('/').to_owned(), object);
        }
    }
    if objects.is_empty() {
        return Err(Error::corrupt("it holds no references"));
    }
    Ok(Mapped::new(objects, WHAT))
}

fn object(value: &Value, templates: &Templates, files: &Files) -> Result<Option<Object>> {
    let wrong = || Error::corrupt(format!("{value} is neither text nor [url] nor [url, offset, length]"));
    Ok(Some(match value {
        Value::String(text) => Object::Inline(match text.strip_prefix("base64:") {
            Some(encoded) => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
                decoded.map_err(|error| Error::corrupt(format!("its base64 is damaged: {error}")))?.into()
            }
            None => Bytes::from(text.clone()),
        }),
        Value::Object(_) => Object::Inline(value.to_string().into()),
        Value::Array(list) => {
            let url = list.first().and_then(Value::as_str).ok_or_else(wrong)?;
            let file = files.target(&templates.filled(url, &[])?)?;
            match (list.len(), list.get(1).and_then(Value::as_u64), list.get(2).and_then(Value::as_u64)) {
                (1, ..) => Object::Part { file, range: None },
                (3, Some(offset), Some(len)) => {
                    offset.checked_add(len).ok_or_else(wrong)?;
                    Object::Part { file, range: Some((offset, len)) }
                }
                _ => return Err(wrong()),
            }
        }
        // As kerchunk's own reader has it: nothing there.
        Value::Null => return Ok(None),
        _ => return Err(wrong()),
    }))
}

/// The files that references point to, each once.
pub(super) struct Files {
    known: Mutex<HashMap<String, Arc<Target>>>,
    place: Store,
    options: StoreOptions,
    /// One client for each server or bucket.
    roots: Arc<Mutex<HashMap<String, Store>>>,
}

impl Files {
    /// Files that references at `place` may point to.
    pub(super) fn new(place: &Store, options: &StoreOptions) -> Self {
        Self { known: Mutex::default(), place: place.clone(), options: options.clone(), roots: Arc::default() }
    }

    /// The file of a URL.
    ///
    /// # Errors
    /// If references from afar may not reach it.
    pub(super) fn target(&self, url: &str) -> Result<Arc<Target>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.get(url) {
            return Ok(target.clone());
        }
        let full = self.resolved(url)?;
        let (roots, options) = (self.roots.clone(), self.options.clone());
        let target = full.clone();
        let target = Arc::new(Target::new(super::redact(&full), move || opened(&target, &roots, &options)));
        known.insert(url.to_owned(), target.clone());
        Ok(target)
    }

    /// The URL or path; one without a scheme stands beside the references. References that came from afar reach no file of this machine.
    fn resolved(&self, url: &str) -> Result<String> {
        let is_local = !url.contains("://") || url.starts_with("file:") || url.starts_with("local:");
        if !is_local {
            return Ok(url.to_owned());
        }
        let path = url.trim_start_matches("local://").trim_start_matches("file://");
        let is_relative = !path.starts_with('/') && !path.starts_with('~') && url == path;
        if let Some(own) = self.place.local_path() {
            let folder = own.parent().filter(|_| is_relative);
            // As kerchunk has it, relative to where the program runs, unless the file stands beside the references.
            let beside = folder.map(|folder| folder.join(path)).filter(|path| path.exists());
            return Ok(beside.map_or_else(|| path.to_owned(), |path| path.to_string_lossy().into_owned()));
        }
        if is_relative && !path.split('/').any(|part| part == "..") {
            let folder = self.place.url().rsplit_once('/').map_or("", |(folder, _)| folder);
            return Ok(format!("{folder}/{path}"));
        }
        if self.options.allow_local_references {
            return Ok(path.to_owned());
        }
        Err(Error::new(
            ErrorKind::Denied,
            format!("it points to `{path}` on this machine, but the references come from elsewhere"),
        )
        .hint("if you trust them: `StoreOptions::allow_local_references()`"))
    }
}

fn opened(url: &str, roots: &Mutex<HashMap<String, Store>>, options: &StoreOptions) -> Result<Store> {
    let Some((scheme, rest)) = url.split_once("://") else { return Store::open(url, options) };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A query belongs to one file.
    if path.contains(['?', '#', '%']) {
        return Store::open(url, options);
    }
    let root = format!("{scheme}://{host}");
    let mut roots = roots.lock().unwrap_or_else(PoisonError::into_inner);
    let store = match roots.get(&root) {
        Some(store) => store.clone(),
        None => {
            let store = Store::open(&root, options)?;
            roots.insert(root, store.clone());
            store
        }
    };
    Ok(store.child(path))
}
