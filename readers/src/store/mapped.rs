//! Stores whose objects are parts of other objects: references to chunks (kerchunk), and zip archives. They can only be read.
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use terracube_cube::{Error, ErrorKind, Result};

use super::objects::{Objects, checked};
use super::{ByteRange, Entry, Reading, Store, too_large};
use crate::runtime;

/// All objects by key.
pub(crate) struct Mapped {
    objects: BTreeMap<String, Object>,
    is_remote: bool,
    what: &'static str,
}

/// Where the bytes of an object stand.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// Here.
    Inline(Bytes),
    /// A part of a file, or all of it.
    Part {
        /// Which file.
        file: Arc<Target>,
        /// Offset and length in bytes.
        range: Option<(u64, u64)>,
    },
    /// An entry of a zip archive.
    Zipped(Arc<Target>, super::zip::Entry),
}

/// A file that holds objects. Its store is made when it is first read.
pub(crate) struct Target {
    url: String,
    make: Box<dyn Fn() -> Result<Store> + Send + Sync>,
    made: Mutex<Option<Store>>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.url)
    }
}

impl Target {
    pub(crate) fn new(url: String, make: impl Fn() -> Result<Store> + Send + Sync + 'static) -> Self {
        Self { url, make: Box::new(make), made: Mutex::new(None) }
    }

    fn store(&self) -> Result<Store> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*made {
            return Ok(store.clone());
        }
        let store = (self.make)()?;
        *made = Some(store.clone());
        Ok(store)
    }
}

impl Mapped {
    pub(crate) fn new(objects: BTreeMap<String, Object>, what: &'static str) -> Self {
        Self { is_remote: objects.values().any(Object::is_remote), objects, what }
    }

    fn read<T, W, F>(&self, key: &str, work: W) -> Reading<Option<T>>
    where
        T: Send + 'static,
        W: FnOnce(Object, String) -> F,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let Some(object) = self.objects.get(key).cloned() else { return Reading::local(|| Ok(None)) };
        let waits = object.is_remote();
        let read = work(object, key.to_owned());
        if waits {
            return Reading::Remote(runtime::spawn(async move { read.await.map(Some) }));
        }
        Reading::local(move || runtime::drive(read).map(Some))
    }
}

impl Objects for Mapped {
    fn what(&self) -> &'static str {
        self.what
    }

    fn is_remote(&self) -> bool {
        self.is_remote
    }

    fn get(self: Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        self.read(key, move |object, key| async move { object.get(&key, limit).await })
    }

    fn get_ranges(self: Arc<Self>, key: &str, ranges: Vec<ByteRange>) -> Reading<Option<Vec<Bytes>>> {
        self.read(key, move |object, key| async move { object.get_ranges(&key, ranges).await })
    }

    fn size(self: Arc<Self>, key: &str) -> Reading<Option<u64>> {
        self.read(key, move |object, key| async move { object.size(&key).await })
    }

    fn list(self: Arc<Self>, key: &str) -> Reading<Vec<Entry>> {
        let entries = listed(&self.objects, key);
        Reading::local(move || Ok(entries))
    }
}

/// What stands directly under a key.
pub(super) fn listed<T>(objects: &BTreeMap<String, T>, key: &str) -> Vec<Entry> {
    let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
    let mut entries: Vec<Entry> = Vec::new();
    let mut from = prefix.clone();
    // One step for each entry, however much stands below it.
    while let Some((found, _)) = objects.range(from.clone()..).next() {
        let Some(rest) = found.strip_prefix(&prefix) else { break };
        match rest.split_once('/') {
            Some((name, _)) => {
                entries.push(Entry { name: name.to_owned(), is_dir: true });
                // '0' follows '/'.
                from = format!("{prefix}{name}0");
            }
            None => {
                entries.push(Entry { name: rest.to_owned(), is_dir: false });
                from = format!("{found}\0");
            }
        }
    }
    entries.sort();
    entries.dedup();
    entries
}

impl Object {
    fn is_remote(&self) -> bool {
        match self {
            Self::Inline(_) => false,
            Self::Part { file, .. } | Self::Zipped(file, _) => file.is_remote(),
        }
    }

    /// All bytes, at most `limit`.
    pub(super) async fn get(self, key: &str, limit: u64) -> Result<Bytes> {
        if let Some(size) = self.known_size().filter(|&size| size > limit) {
            return Err(too_large(key, size, limit));
        }
        match self {
            Self::Inline(bytes) => Ok(bytes),
            Self::Part { file, range: None } => {
                let read = file.store()?.get_at_most("", limit).await?;
                read.ok_or_else(|| file.vanished(key))
            }
            Self::Part { file, range: Some((start, len)) } => file.part(start..start.saturating_add(len), key).await,
            Self::Zipped(file, entry) => entry.read(|range: Range<u64>| file.part(range, key)).await,
        }
    }

    /// Parts of the object.
    pub(super) async fn get_ranges(self, key: &str, ranges: Vec<ByteRange>) -> Result<Vec<Bytes>> {
        let (file, offset, len) = match self {
            Self::Part { file, range: Some((offset, len)) } => (file, offset, len),
            Self::Zipped(file, entry) if entry.is_stored() => {
                let offset = entry.data_offset(|range: Range<u64>| file.part(range, key)).await?;
                (file, offset, entry.size)
            }
            Self::Part { file, range: None } => {
                let store = file.store()?;
                let mut parts = Vec::with_capacity(ranges.len());
                for range in ranges {
                    let part = store.get_range("", range).await?;
                    parts.push(part.ok_or_else(|| file.vanished(key))?);
                }
                return Ok(parts);
            }
            whole => {
                let bytes = whole.get(key, u64::MAX).await?;
                let cut = |range: &ByteRange| {
                    let inside = checked(range, bytes.len() as u64, key)?;
                    Ok(bytes.slice(inside.start as usize..inside.end as usize))
                };
                return ranges.iter().map(cut).collect();
            }
        };
        let inside: Vec<Range<u64>> = ranges.iter().map(|range| checked(range, len, key)).collect::<Result<_>>()?;
        let outside = inside.into_iter().map(|range| offset + range.start..offset + range.end).collect();
        let read = file.store()?.get_ranges("", outside).await?;
        read.ok_or_else(|| file.vanished(key))
    }

    /// Bytes in all.
    pub(super) async fn size(self, key: &str) -> Result<u64> {
        match (self.known_size(), self) {
            (Some(size), _) => Ok(size),
            (None, Self::Part { file, .. }) => {
                let size = file.store()?.size("").await?;
                size.ok_or_else(|| file.vanished(key))
            }
            _ => Err(Error::internal("an object without a size")),
        }
    }

    fn known_size(&self) -> Option<u64> {
        match self {
            Self::Inline(bytes) => Some(bytes.len() as u64),
            Self::Part { range, .. } => range.map(|(_, len)| len),
            Self::Zipped(_, entry) => Some(entry.size),
        }
    }
}

impl Target {
    /// Whether it is read through a network.
    pub(super) fn is_remote(&self) -> bool {
        self.url.contains("://") && !self.url.starts_with("file://")
    }

    async fn part(&self, range: Range<u64>, key: &str) -> Result<Bytes> {
        let read = self.store()?.get_ranges("", vec![range]).await?;
        read.and_then(|mut parts| parts.pop()).ok_or_else(|| self.vanished(key))
    }

    fn vanished(&self, key: &str) -> Error {
        Error::new(ErrorKind::NotFound, format!("{} does not exist, but `{key}` is said to stand in it", self.url))
            .hint("the references may be older than the files")
    }
}
