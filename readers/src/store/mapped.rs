//! Stores whose objects are parts of other objects: references to chunks (kerchunk), and zip archives. They can only be read.
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use terracube_cube::{Error, ErrorKind, Result};

use super::{ByteRange, Entry, Reading, Store, too_large};
use crate::runtime;

/// All objects by key.
pub(crate) struct Mapped {
    objects: BTreeMap<String, Object>,
    files: Vec<Target>,
    /// What it is, for messages: "a zip archive".
    what: &'static str,
}

/// Where the bytes of an object stand.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// Here.
    Inline(Bytes),
    /// A part of a file, or all of it.
    Part {
        /// Which of the files.
        file: usize,
        /// Offset and length in bytes.
        range: Option<(u64, u64)>,
    },
    /// An entry of the zip archive that is the only file.
    Zipped(super::zip::Entry),
}

/// A file that holds objects. Its store is made when it is first read.
pub(crate) struct Target {
    url: String,
    make: Box<dyn Fn() -> Result<Store> + Send + Sync>,
    made: Mutex<Option<Store>>,
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
    pub(crate) fn new(objects: BTreeMap<String, Object>, files: Vec<Target>, what: &'static str) -> Self {
        Self { objects, files, what }
    }

    /// Whether reads go through a network.
    pub(super) fn is_remote(&self) -> bool {
        self.files.iter().any(|file| file.url.contains("://") && !file.url.starts_with("file://"))
    }

    pub(super) fn get(self: &Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        self.read(key, move |mapped, object, key| async move {
            let size = object.known_size();
            if size.is_some_and(|size| size > limit) {
                return Err(too_large(&key, size.unwrap_or(0), limit));
            }
            match object {
                Object::Inline(bytes) => Ok(bytes),
                Object::Part { file, range: None } => {
                    let file = &mapped.files[file];
                    let read = file.store()?.get_at_most("", limit).await?;
                    read.ok_or_else(|| file.vanished(&key))
                }
                Object::Part { file, range: Some((start, len)) } => {
                    mapped.part(file, start..start.saturating_add(len), &key).await
                }
                Object::Zipped(entry) => {
                    let read = |range: Range<u64>| mapped.part(0, range, &key);
                    entry.read(read).await
                }
            }
        })
    }

    pub(super) fn get_ranges(self: &Arc<Self>, key: &str, ranges: Vec<ByteRange>) -> Reading<Option<Vec<Bytes>>> {
        self.read(key, move |mapped, object, key| async move {
            let (file, offset, len) = match object {
                Object::Part { file, range: Some((offset, len)) } => (file, offset, len),
                Object::Zipped(entry) if entry.is_stored() => {
                    let offset = entry.data_offset(|range: Range<u64>| mapped.part(0, range, &key)).await?;
                    (0, offset, entry.size)
                }
                Object::Part { file, range: None } => {
                    let store = mapped.files[file].store()?;
                    let mut parts = Vec::with_capacity(ranges.len());
                    for range in ranges {
                        let part = store.get_range("", range).await?;
                        parts.push(part.ok_or_else(|| mapped.files[file].vanished(&key))?);
                    }
                    return Ok(parts);
                }
                whole => {
                    let bytes = match whole {
                        Object::Inline(bytes) => bytes,
                        Object::Zipped(entry) => entry.read(|range| mapped.part(0, range, &key)).await?,
                        Object::Part { .. } => return Err(Error::internal("a part that is none")),
                    };
                    let cut = |range: &ByteRange| {
                        let inside = checked(range, bytes.len() as u64, &key)?;
                        Ok(bytes.slice(inside.start as usize..inside.end as usize))
                    };
                    return ranges.iter().map(cut).collect();
                }
            };
            let inside: Vec<Range<u64>> =
                ranges.iter().map(|range| checked(range, len, &key)).collect::<Result<_>>()?;
            let outside = inside.into_iter().map(|range| offset + range.start..offset + range.end).collect();
            let read = mapped.files[file].store()?.get_ranges("", outside).await?;
            read.ok_or_else(|| mapped.files[file].vanished(&key))
        })
    }

    pub(super) fn size(self: &Arc<Self>, key: &str) -> Reading<Option<u64>> {
        self.read(key, move |mapped, object, key| async move {
            match (object.known_size(), object) {
                (Some(size), _) => Ok(size),
                (None, Object::Part { file, .. }) => {
                    let size = mapped.files[file].store()?.size("").await?;
                    size.ok_or_else(|| mapped.files[file].vanished(&key))
                }
                _ => Err(Error::internal("an object without a size")),
            }
        })
    }

    /// The first `n` bytes and the size of the whole.
    pub(super) fn start(self: &Arc<Self>, key: &str, n: u64) -> Reading<Option<(Bytes, u64)>> {
        let (mapped, key) = (self.clone(), key.to_owned());
        let read = async move {
            let Some(size) = mapped.size(&key).await? else { return Ok(None) };
            let parts = mapped.get_ranges(&key, vec![ByteRange::Of(0..n.min(size))]).await?;
            Ok(parts.and_then(|mut parts| parts.pop()).map(|bytes| (bytes, size)))
        };
        if self.is_remote() {
            Reading::Remote(runtime::spawn(read))
        } else {
            Reading::local(move || runtime::drive(read))
        }
    }

    pub(super) fn list(&self, key: &str) -> Vec<Entry> {
        let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
        let mut entries: Vec<Entry> = Vec::new();
        let mut from = prefix.clone();
        // One step for each entry, however much stands below it.
        while let Some((found, _)) = self.objects.range(from.clone()..).next() {
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

    pub(super) fn read_only<T: Send + 'static>(&self) -> Reading<T> {
        let what = self.what;
        Reading::local(move || {
            Err(Error::new(ErrorKind::Unsupported, format!("{what} cannot be written"))
                .hint("write to a directory or bucket"))
        })
    }

    fn read<T, W, F>(self: &Arc<Self>, key: &str, work: W) -> Reading<Option<T>>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Self>, Object, String) -> F + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let Some(object) = self.objects.get(key).cloned() else { return Reading::local(|| Ok(None)) };
        let waits = match &object {
            Object::Inline(_) => false,
            Object::Part { file, .. } => self.files[*file].is_remote(),
            Object::Zipped(_) => self.is_remote(),
        };
        let read = work(self.clone(), object, key.to_owned());
        if waits {
            return Reading::Remote(runtime::spawn(async move { read.await.map(Some) }));
        }
        Reading::local(move || runtime::drive(read).map(Some))
    }

    async fn part(&self, file: usize, range: Range<u64>, key: &str) -> Result<Bytes> {
        let target = &self.files[file];
        let read = target.store()?.get_ranges("", vec![range]).await?;
        read.and_then(|mut parts| parts.pop()).ok_or_else(|| target.vanished(key))
    }
}

impl Object {
    fn known_size(&self) -> Option<u64> {
        match self {
            Self::Inline(bytes) => Some(bytes.len() as u64),
            Self::Part { range, .. } => range.map(|(_, len)| len),
            Self::Zipped(entry) => Some(entry.size),
        }
    }
}

impl Target {
    fn is_remote(&self) -> bool {
        self.url.contains("://") && !self.url.starts_with("file://")
    }

    fn vanished(&self, key: &str) -> Error {
        Error::new(ErrorKind::NotFound, format!("{} does not exist, but `{key}` is said to stand in it", self.url))
            .hint("the references may be older than the files")
    }
}

fn checked(range: &ByteRange, len: u64, key: &str) -> Result<Range<u64>> {
    let inside = range.within(len);
    if inside.end <= len {
        return Ok(inside);
    }
    Err(Error::corrupt(format!("`{key}` holds {len} bytes, but bytes {}..{} were asked for", inside.start, inside.end)))
}
