//! From a URL to bytes: local files, HTTP servers, object stores and stores in memory behind one type.
//!
//! | URL | what it opens |
//! |---|---|
//! | `data/a.zarr`, `~/a.zarr`, `file:///a.zarr` | a path on this machine |
//! | `http://`, `https://` | any web server; directories are listed only where the server speaks WebDAV |
//! | `s3://bucket/path` | S3 and everything that speaks its protocol ([`StoreOptions::endpoint`] or `AWS_ENDPOINT_URL`) |
//! | `gs://bucket/path`, `az://container/path` | Google and Azure: passed on to `object_store`, **untested** by us |
//! | `memory://name/path` | a store in this process, shared by all that name it |
mod address;
mod aws;
mod connect;
mod failure;
mod local;
#[cfg(feature = "icechunk")]
mod location;
mod mapped;
mod objects;
mod options;
mod reading;
mod reference_tables;
pub(crate) mod references;
mod remote;
mod templates;
mod zip;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use terracube_cube::{Error, Result};

pub use address::redact;
pub use options::StoreOptions;
pub use reading::Reading;

#[cfg(feature = "icechunk")]
pub(crate) use location::Where;
pub(crate) use objects::{Objects, read_only};
pub(crate) use reference_tables::are_described_by;

use address::Address;
use remote::Remote;

/// A place that holds objects by key: a directory, a web server, a bucket. A single file is a store whose only key is `""`.
///
/// Keys are relative, with `/` between their parts; the empty key is the place itself. Cheap to clone.
///
/// ```
/// use terracube_readers::store::{Store, StoreOptions};
/// let store = Store::open("memory://docs/a.zarr", &StoreOptions::default())?;
/// store.put("b/zarr.json", "{}").wait()?;
/// assert_eq!(store.get("b/zarr.json").wait()?.as_deref(), Some("{}".as_bytes()));
/// assert_eq!(store.get("c/zarr.json").wait()?, None);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    url: Arc<str>,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Local(Arc<Path>),
    Remote(Arc<Remote>),
    /// Objects within something else, below a key.
    Within(Arc<dyn Objects>, Arc<str>),
}

/// Something that stands directly under a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its last part, without slashes.
    pub name: String,
    /// Whether other keys stand under it.
    pub is_dir: bool,
}

/// A part of an object, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByteRange {
    /// From a start to an end (excluded).
    Of(Range<u64>),
    /// The last bytes.
    Last(u64),
}

impl ByteRange {
    /// The range in an object of `size` bytes; the end may lie past it.
    pub(crate) fn within(&self, size: u64) -> Range<u64> {
        match self {
            Self::Of(range) => range.start..range.end.max(range.start),
            Self::Last(n) if *n > size => 0..*n,
            Self::Last(n) => size - n..size,
        }
    }
}

impl Store {
    /// Opens a place. Nothing is read or sent yet.
    ///
    /// # Errors
    /// If the URL or an option cannot be understood, or credentials that were asked for are missing.
    pub fn open(url: &str, options: &StoreOptions) -> Result<Self> {
        let address = Address::parse(url)?;
        let url = Arc::from(address.shown());
        let place = match address {
            Address::Local(path) => Place::Local(path.into()),
            other => Place::Remote(Arc::new(connect::connect(&other, options)?)),
        };
        Ok(Self { url, place })
    }

    /// A store of objects that stand within something else.
    pub(crate) fn within(url: &str, objects: impl Objects + 'static) -> Self {
        Self { url: url.into(), place: Place::Within(Arc::new(objects), "".into()) }
    }

    /// The URL without user, password and query, for messages and specs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of a key, for messages.
    pub fn url_of(&self, key: &str) -> String {
        if key.is_empty() { self.url.to_string() } else { format!("{}/{key}", self.url.trim_end_matches('/')) }
    }

    /// The path if this is a place on this machine.
    pub fn local_path(&self) -> Option<&Path> {
        match &self.place {
            Place::Local(path) => Some(path),
            Place::Remote(_) | Place::Within(..) => None,
        }
    }

    /// Whether reads go through a network (or the store in memory).
    pub fn is_remote(&self) -> bool {
        match &self.place {
            Place::Local(_) => false,
            Place::Remote(_) => true,
            Place::Within(objects, _) => objects.is_remote(),
        }
    }

    /// The place under a key.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let key = key.trim_matches('/');
        if key.is_empty() {
            return self.clone();
        }
        let place = match &self.place {
            Place::Local(path) => Place::Local(path.join(key).into()),
            Place::Remote(remote) => Place::Remote(Arc::new(remote.child(key))),
            Place::Within(objects, root) => Place::Within(objects.clone(), below(root, key).into()),
        };
        Self { url: self.url_of(key).into(), place }
    }

    /// An object; `None` if it does not exist.
    pub fn get(&self, key: &str) -> Reading<Option<Bytes>> {
        self.get_at_most(key, u64::MAX)
    }

    /// An object of at most `limit` bytes; `None` if it does not exist. A larger one is an error, before its body is read.
    pub fn get_at_most(&self, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || local::get(&path, limit))
            }
            Place::Remote(remote) => remote.clone().get(key, limit),
            Place::Within(objects, root) => objects.clone().get(&below(root, key), limit),
        }
    }

    /// A part of an object; `None` if the object does not exist. A part that reaches past the end is an error.
    pub fn get_range(&self, key: &str, range: ByteRange) -> Reading<Option<Bytes>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || Ok(local::get_ranges(&path, &[range])?.and_then(|mut parts| parts.pop())))
            }
            Place::Remote(remote) => remote.clone().get_range(key, range),
            Place::Within(objects, root) => one(objects.clone().get_ranges(&below(root, key), vec![range])),
        }
    }

    /// Parts of an object, near ones joined into one request; `None` if the object does not exist.
    pub fn get_ranges(&self, key: &str, ranges: Vec<Range<u64>>) -> Reading<Option<Vec<Bytes>>> {
        self.get_ranges_of(key, ranges, None)
    }

    /// As [`get_ranges`](Self::get_ranges); an error if the object is no longer the one of this `version` (see
    /// [`start_versioned`](Self::start_versioned)).
    pub(crate) fn get_ranges_of(
        &self,
        key: &str,
        ranges: Vec<Range<u64>>,
        version: Option<Arc<str>>,
    ) -> Reading<Option<Vec<Bytes>>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                let ranges: Vec<ByteRange> = ranges.into_iter().map(ByteRange::Of).collect();
                Reading::local(move || local::get_ranges(&path, &ranges))
            }
            Place::Remote(remote) => remote.clone().get_ranges(key, ranges, version),
            Place::Within(objects, root) => {
                objects.clone().get_ranges(&below(root, key), ranges.into_iter().map(ByteRange::Of).collect())
            }
        }
    }

    /// The first `n` bytes of an object and its size, in one request; `None` if it does not exist. There are fewer bytes where the object
    /// has fewer, and all of them from a server that gives no parts.
    pub fn start(&self, key: &str, n: u64) -> Reading<Option<(Bytes, u64)>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || local::start(&path, n))
            }
            Place::Remote(remote) => {
                let read = remote.clone().start(key, n);
                let unversioned = async move { Ok(read.await?.map(|(bytes, size, _)| (bytes, size))) };
                Reading::Remote(Box::pin(unversioned))
            }
            Place::Within(..) => self.start_within(key, n),
        }
    }

    /// As [`start`](Self::start), with what a server says of the object's version: its ETag, or when it was changed.
    pub(crate) fn start_versioned(&self, key: &str, n: u64) -> Reading<Option<(Bytes, u64, Option<Arc<str>>)>> {
        match &self.place {
            Place::Remote(remote) => remote.clone().start(key, n),
            _ => {
                let read = self.start(key, n);
                Reading::local(move || Ok(read.wait()?.map(|(bytes, size)| (bytes, size, None))))
            }
        }
    }

    fn start_within(&self, key: &str, n: u64) -> Reading<Option<(Bytes, u64)>> {
        let (store, key) = (self.clone(), key.to_owned());
        let read = async move {
            let Some(size) = store.size(&key).await? else { return Ok(None) };
            let part = store.get_range(&key, ByteRange::Of(0..n.min(size))).await?;
            Ok(part.map(|bytes| (bytes, size)))
        };
        if self.is_remote() {
            Reading::Remote(crate::runtime::spawn(read))
        } else {
            Reading::local(move || crate::runtime::drive(read))
        }
    }

    /// Whether what is written here is found by others all at once, when it is committed.
    pub(crate) fn is_transaction(&self) -> bool {
        matches!(&self.place, Place::Within(objects, _) if objects.is_transaction())
    }

    /// Where headers of files are kept, if they are.
    pub(crate) fn header_cache(&self) -> Option<&Path> {
        match &self.place {
            Place::Remote(remote) => remote.header_cache.as_deref(),
            Place::Local(_) | Place::Within(..) => None,
        }
    }

    /// The size of an object in bytes; `None` if it does not exist.
    pub fn size(&self, key: &str) -> Reading<Option<u64>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || local::size(&path))
            }
            Place::Remote(remote) => remote.clone().size(key),
            Place::Within(objects, root) => objects.clone().size(&below(root, key)),
        }
    }

    /// What stands directly under a key, sorted by name; nothing if there is nothing.
    /// A web server that does not list gives [`terracube_cube::ErrorKind::Unsupported`].
    pub fn list(&self, key: &str) -> Reading<Vec<Entry>> {
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || local::list(&path))
            }
            Place::Remote(remote) => remote.clone().list(key),
            Place::Within(objects, root) => objects.clone().list(&below(root, key)),
        }
    }

    /// Writes an object whole, over one that may be there.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Reading<()> {
        let bytes = bytes.into();
        match &self.place {
            Place::Local(root) => {
                let path = local::path_of(root, key);
                Reading::local(move || local::put(&path, &bytes))
            }
            Place::Remote(remote) => remote.clone().put(key, bytes),
            Place::Within(objects, root) => objects.clone().put(&below(root, key), bytes),
        }
    }

    /// [`put`](Self::put) of what `write` writes: on this machine straight into the file, `buffered` bytes at
    /// once, elsewhere through memory.
    ///
    /// # Errors
    /// Those of `write`, with nothing written; or if the place refuses.
    pub(crate) fn put_through(
        &self,
        key: &str,
        buffered: usize,
        write: impl FnOnce(&mut dyn std::io::Write) -> Result<()>,
    ) -> Result<()> {
        if let Place::Local(root) = &self.place {
            return local::put_through(&local::path_of(root, key), buffered, write);
        }
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.put(key, bytes).wait()
    }

    /// Writes an object that is not there yet and that nobody looks for: on this machine without the detour over a temporary file.
    pub(crate) fn put_new(&self, key: &str, bytes: impl Into<Bytes>) -> Reading<()> {
        match &self.place {
            Place::Local(root) => {
                let (path, bytes) = (local::path_of(root, key), bytes.into());
                Reading::local(move || local::put_new(&path, &bytes))
            }
            Place::Remote(_) | Place::Within(..) => self.put(key, bytes),
        }
    }

    /// Writes an object unless there is one: whether it was written. A store that cannot tell is
    /// [`terracube_cube::ErrorKind::Unsupported`].
    pub(crate) fn put_if_absent(&self, key: &str, bytes: impl Into<Bytes>) -> Reading<bool> {
        let bytes = bytes.into();
        match &self.place {
            Place::Local(_) => Reading::local(|| Err(Error::internal("files of this machine are locked"))),
            Place::Remote(remote) => remote.clone().put_if_absent(key, bytes),
            Place::Within(objects, _) => Reading::failed(read_only(objects.what())),
        }
    }

    /// Moves everything here to another place of the same kind, over what is there, the object named `last` after all others.
    pub(crate) fn move_all(&self, to: &Self, last: &str) -> Reading<()> {
        match (&self.place, &to.place) {
            (Place::Remote(from), Place::Remote(to)) => from.clone().move_all(to.clone(), last),
            (Place::Local(from), Place::Local(to)) => {
                let (from, to) = (from.clone(), to.clone());
                Reading::local(move || local::move_into(&from, &to))
            }
            _ => Reading::local(|| Err(Error::internal("a place is moved within one store"))),
        }
    }

    /// Removes everything under a key, and the object of that key. Nothing need be there.
    pub fn remove_all(&self, key: &str) -> Reading<()> {
        match &self.place {
            Place::Local(root) => {
                let path: PathBuf = local::path_of(root, key);
                Reading::local(move || local::remove(&path))
            }
            Place::Remote(remote) => remote.clone().remove_all(key),
            Place::Within(objects, root) => objects.clone().remove_all(&below(root, key)),
        }
    }
}

// Only the shown URL: options may hold secrets.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.url)
    }
}

/// A key below another.
fn below(root: &str, key: &str) -> String {
    let key = key.trim_matches('/');
    match (root, key) {
        ("", key) => key.to_owned(),
        (root, "") => root.to_owned(),
        (root, key) => format!("{root}/{key}"),
    }
}

/// The only part of a read of one part.
fn one(reading: Reading<Option<Vec<Bytes>>>) -> Reading<Option<Bytes>> {
    match reading {
        Reading::Local(read) => Reading::local(move || Ok(read()?.and_then(|mut parts| parts.pop()))),
        Reading::Remote(read) => {
            Reading::Remote(Box::pin(async move { Ok(read.await?.and_then(|mut parts| parts.pop())) }))
        }
    }
}

pub(crate) fn too_large(what: &str, size: u64, limit: u64) -> Error {
    Error::corrupt(format!("{what} holds {size} bytes, but at most {limit} can belong there"))
        .hint("the object is damaged or is not what its metadata says")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every store must do.
    fn check_contract(store: &Store) {
        assert_eq!(store.get("a").wait().unwrap(), None);
        assert_eq!(store.size("a").wait().unwrap(), None);
        assert_eq!(store.list("").wait().unwrap(), []);
        store.put("d/b", "0123456789").wait().unwrap();
        store.put("a", "x").wait().unwrap();
        store.put("a", "xyz").wait().unwrap();
        assert_eq!(store.get("a").wait().unwrap().unwrap(), "xyz");
        assert_eq!(store.size("d/b").wait().unwrap(), Some(10));
        assert_eq!(store.start("d/b", 4).wait().unwrap().unwrap(), (Bytes::from("0123"), 10));
        assert_eq!(store.start("d/b", 40).wait().unwrap().unwrap(), (Bytes::from("0123456789"), 10));
        assert_eq!(store.start("none", 4).wait().unwrap(), None);
        store.put("empty", "").wait().unwrap();
        assert_eq!(store.start("empty", 4).wait().unwrap().unwrap(), (Bytes::new(), 0));
        store.remove_all("empty").wait().unwrap();
        let part = |range| store.get_range("d/b", range).wait();
        assert_eq!(part(ByteRange::Of(2..5)).unwrap().unwrap(), "234");
        assert_eq!(part(ByteRange::Last(3)).unwrap().unwrap(), "789");
        assert!(part(ByteRange::Of(8..12)).is_err());
        assert!(part(ByteRange::Last(12)).is_err());
        assert_eq!(store.get_range("none", ByteRange::Last(1)).wait().unwrap(), None);
        let parts = store.get_ranges("d/b", vec![7..9, 0..2, 1..3]).wait().unwrap().unwrap();
        assert_eq!(parts, ["78", "01", "12"]);
        assert_eq!(store.get_ranges("none", vec![0..1, 2..3]).wait().unwrap(), None);
        let listed = store.list("").wait().unwrap();
        assert_eq!(listed, [Entry { name: "a".into(), is_dir: false }, Entry { name: "d".into(), is_dir: true }]);
        assert_eq!(store.child("d").get("b").wait().unwrap().unwrap().len(), 10);
        assert_eq!(store.child("d/b").get("").wait().unwrap().unwrap().len(), 10);
        let error = store.get_at_most("d/b", 9).wait().unwrap_err().to_string();
        assert!(error.contains("holds 10 bytes, but at most 9"), "{error}");
        store.remove_all("d").wait().unwrap();
        store.remove_all("d").wait().unwrap();
        assert_eq!(store.list("").wait().unwrap().len(), 1);
        assert_eq!(futures::executor::block_on(async { store.get("a").await }).unwrap().unwrap(), "xyz");
    }

    #[test]
    fn stores_keep_the_contract() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        check_contract(&Store::open(path.to_str().unwrap(), &StoreOptions::default()).unwrap());
        check_contract(&Store::open("memory://contract/p", &StoreOptions::default()).unwrap());
    }
}
