//! The bytes of one file: read in place from a local disk, a remote store or memory.
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use terracube_cube::base::{recycled_bytes, recycled_vec_of_len};
use terracube_cube::source::{Encoded, Fetch};
use terracube_cube::{Error, ErrorKind, Result};

use super::header_cache::HeaderCache;
use crate::runtime;
use crate::store::Store;

/// What is read and kept of a remote file when it is opened: headers stand in front, and small files are read whole by it.
pub(super) const HEAD: u64 = 256 << 10;

/// A file that is read by ranges. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FileBytes {
    place: Place,
    /// The first bytes of a remote file.
    head: Bytes,
    len: u64,
    name: Arc<str>,
    /// The state of a remote file when it was opened: parts of another state are refused.
    version: Option<Arc<str>>,
    /// What metadata was read, on disk from the last time.
    cache: Option<Arc<HeaderCache>>,
}

#[derive(Debug, Clone)]
enum Place {
    Local(Arc<LocalFile>),
    Remote(Store),
    Memory(Bytes),
}

impl FileBytes {
    /// The file at which a store points.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    pub fn open(store: &Store) -> Result<Self> {
        let name: Arc<str> = store.url().into();
        let missing = || Error::new(ErrorKind::NotFound, format!("{name} does not exist"));
        if let Some(path) = store.local_path() {
            let file = File::open(path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => missing(),
                std::io::ErrorKind::PermissionDenied => {
                    Error::new(ErrorKind::Denied, format!("cannot read {name}: {error}"))
                }
                _ => Error::io(format!("cannot read {name}: {error}")),
            })?;
            let len = file.metadata().map_err(|error| Error::io(format!("cannot read {name}: {error}")))?.len();
            return Ok(Self {
                place: Place::Local(Arc::new(LocalFile::keep(path, file))),
                head: Bytes::new(),
                len,
                name,
                version: None,
                cache: None,
            });
        }
        let (head, len, version) = store.start_versioned("", HEAD).wait()?.ok_or_else(missing)?;
        // What is no larger than its head is read by the request that asks for its version.
        let cache = match (&version, store.header_cache()) {
            (Some(version), Some(directory)) if len > head.len() as u64 => {
                Some(HeaderCache::open(directory, &name, version, len))
            }
            _ => None,
        };
        Ok(Self { place: Place::Remote(store.clone()), head, len, name, version, cache })
    }

    /// A file in memory, for tests and for files inside others.
    pub fn memory(name: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            len: bytes.len() as u64,
            place: Place::Memory(bytes),
            head: Bytes::new(),
            name: name.into(),
            version: None,
            cache: None,
        }
    }

    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The URL or path without secrets, for messages and specs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether reads go through a network.
    pub fn is_remote(&self) -> bool {
        matches!(self.place, Place::Remote(_))
    }

    /// The path of a file of this machine.
    pub(super) fn local_path(&self) -> Option<&Path> {
        match &self.place {
            Place::Local(file) => Some(&file.path),
            _ => None,
        }
    }

    /// Reads one range; waits for it. For metadata: what is read of a remote file is kept for the next time.
    ///
    /// # Errors
    /// If it reaches past the end, or the read fails.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.check(&range)?;
        if let Some(bytes) = self.in_head(&range) {
            return Ok(bytes);
        }
        match &self.place {
            Place::Local(file) => file.read(&self.name, &range),
            Place::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
            Place::Remote(store) => {
                if let Some(kept) = self.cache.as_ref().and_then(|cache| cache.get(&range)) {
                    return Ok(kept);
                }
                let start = range.start;
                let read = store.get_ranges_of("", vec![range], self.version.clone()).wait()?;
                let bytes = read.and_then(|mut parts| parts.pop()).ok_or_else(|| self.vanished())?;
                if let Some(cache) = &self.cache {
                    cache.put(start, &bytes);
                }
                Ok(bytes)
            }
        }
    }

    /// Starts to read several ranges; `None` gives no piece.
    pub fn fetch(&self, ranges: Vec<Option<Range<u64>>>) -> Fetch {
        if let Some(Err(error)) = ranges.iter().flatten().map(|range| self.check(range)).find(Result::is_err) {
            return Fetch::Ready(Err(error));
        }
        let file = self.clone();
        match &self.place {
            Place::Remote(_) if ranges.iter().flatten().all(|range| self.in_head(range).is_some()) => {
                Fetch::Ready(self.read_local(&ranges))
            }
            Place::Remote(_) => Fetch::Pending(runtime::spawn(async move { file.read_all(ranges).await })),
            Place::Local(_) => Fetch::Blocking(Box::new(move || file.read_local(&ranges))),
            Place::Memory(_) => Fetch::Ready(self.read_local(&ranges)),
        }
    }

    /// Reads several ranges concurrently.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_all(&self, ranges: Vec<Option<Range<u64>>>) -> Result<Encoded> {
        let Place::Remote(store) = &self.place else { return self.read_local(&ranges) };
        let mut pieces: Vec<Option<Bytes>> =
            ranges.iter().map(|range| range.as_ref().and_then(|range| self.in_head(range))).collect();
        let open = || (0..ranges.len()).filter(|&i| pieces[i].is_none());
        let wanted: Vec<(usize, Range<u64>)> = open().filter_map(|i| Some((i, ranges[i].clone()?))).collect();
        if wanted.is_empty() {
            return Ok(Encoded { pieces });
        }
        for (_, range) in &wanted {
            self.check(range)?;
        }
        let (places, wanted): (Vec<usize>, Vec<Range<u64>>) = wanted.into_iter().unzip();
        let parts = store.get_ranges_of("", wanted, self.version.clone()).await?.ok_or_else(|| self.vanished())?;
        for (place, part) in places.into_iter().zip(parts) {
            pieces[place] = Some(part);
        }
        Ok(Encoded { pieces })
    }

    fn in_head(&self, range: &Range<u64>) -> Option<Bytes> {
        let inside = range.start <= range.end && range.end <= self.head.len() as u64;
        inside.then(|| self.head.slice(range.start as usize..range.end as usize))
    }

    fn read_local(&self, ranges: &[Option<Range<u64>>]) -> Result<Encoded> {
        let pieces = ranges.iter().map(|range| range.clone().map(|range| self.read(range)).transpose());
        Ok(Encoded { pieces: pieces.collect::<Result<_>>()? })
    }

    fn check(&self, range: &Range<u64>) -> Result<()> {
        if range.end <= self.len && range.start <= range.end {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "{} is truncated: it holds {} bytes, but its header points to bytes {}..{}",
            self.name, self.len, range.start, range.end
        ))
        .hint("get the file again"))
    }

    fn vanished(&self) -> Error {
        Error::new(ErrorKind::NotFound, format!("{} no longer exists", self.name))
    }
}

/// A file on a disk. A process may hold few files open: beyond some number they are opened anew for each read.
#[derive(Debug)]
struct LocalFile {
    path: PathBuf,
    kept: Option<File>,
}

/// Files that are kept open at most, of all that were opened; 1024 are allowed by default.
const MOST_KEPT: usize = 256;
static N_KEPT: AtomicUsize = AtomicUsize::new(0);

impl LocalFile {
    fn keep(path: &Path, file: File) -> Self {
        let is_room = N_KEPT.fetch_add(1, Ordering::Relaxed) < MOST_KEPT;
        if !is_room {
            N_KEPT.fetch_sub(1, Ordering::Relaxed);
        }
        Self { path: path.to_owned(), kept: is_room.then_some(file) }
    }

    fn read(&self, name: &str, range: &Range<u64>) -> Result<Bytes> {
        let mut bytes = recycled_vec_of_len::<u8>((range.end - range.start) as usize);
        let read = match &self.kept {
            Some(file) => file.read_exact_at(&mut bytes, range.start),
            None => File::open(&self.path).and_then(|file| file.read_exact_at(&mut bytes, range.start)),
        };
        read.map_err(|error| Error::io(format!("cannot read {name}: {error}")))?;
        Ok(recycled_bytes(bytes))
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if self.kept.is_some() {
            N_KEPT.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
