//! Writing Zarr stores: chunks first, metadata last, so that what can be opened is complete.
mod array;
mod encode;
mod growth;
mod joined;
mod metadata;
mod sink;
mod target;
mod update;
mod whole;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use terracube_cube::{Block, Error, Region, Result};

pub use array::{ArrayToWrite, default_chunks};
pub use sink::ZarrSink;
pub(crate) use update::write_into;
#[cfg(feature = "icechunk")]
pub(crate) use update::write_into_transaction;
pub(crate) use whole::write_new;
#[cfg(feature = "icechunk")]
pub(crate) use whole::write_new_within;

use crate::store::{Store, StoreOptions};
use crate::write::{Mode, WriteOptions};
use metadata::Node;
use target::Target;

/// Writes one group of arrays as a Zarr store.
///
/// On this machine the store is written beside its place and renamed to it by [`finish`](Self::finish): whoever looks there finds what was
/// there before, or all of the new store. In an object store, which cannot rename, the metadata of the root is written last, and a mark
/// keeps other writers away. A writer that is dropped before it is finished removes what it wrote.
///
/// ```
/// use terracube_cube::{Block, DType};
/// use terracube_readers::WriteOptions;
/// use terracube_readers::store::{Store, StoreOptions};
/// use terracube_readers::zarr::{ArrayToWrite, ZarrGroup, ZarrWriter};
///
/// let writer = ZarrWriter::create("memory://docs/written.zarr", &StoreOptions::default(), WriteOptions::default())?;
/// let array = ArrayToWrite::new("t", ["x"], [3], DType::F32).attribute("units", "K");
/// writer.write_whole(array, &Block::new(&[3], vec![1.0f32, 2.0, f32::NAN])?)?;
/// writer.finish()?;
///
/// let group = ZarrGroup::open(&Store::open("memory://docs/written.zarr", &StoreOptions::default())?)?;
/// assert_eq!(group.array("t")?.attributes()["units"], "K");
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub struct ZarrWriter {
    shared: Arc<Shared>,
    options: WriteOptions,
    attributes: Mutex<Map<String, Value>>,
}

/// What the sinks of one store share.
struct Shared {
    /// The URL of the store, for messages.
    url: String,
    /// Where chunks go.
    out: Store,
    /// Whether chunks take the place of others, which readers may be looking at.
    replaces: bool,
    /// The arrays in the order in which they were begun; `None` until one is finished.
    arrays: Mutex<Vec<(String, Option<Node>)>>,
    /// Where a new store is going; what was written is removed if it never gets there. A transaction has none.
    target: Option<Target>,
}

impl ZarrWriter {
    /// Begins a store at `url`. Its place must be free, unless [`WriteOptions::overwrite`] was called.
    ///
    /// # Errors
    /// [`Exists`](terracube_cube::ErrorKind::Exists) if something is there; or if the place cannot be written to.
    pub fn create(url: &str, store: &StoreOptions, options: WriteOptions) -> Result<Self> {
        let target = Target::create(url, store, options.mode == Mode::Overwrite, options.take_over)?;
        let shared = Shared {
            url: target.url().to_owned(),
            out: target.store().clone(),
            replaces: false,
            arrays: Mutex::default(),
            target: Some(target),
        };
        Ok(Self { shared: Arc::new(shared), options, attributes: Mutex::default() })
    }

    /// Begins a store within a transaction, in which everything is found once it is committed.
    #[cfg(feature = "icechunk")]
    pub(crate) fn within(place: &Store, options: WriteOptions) -> Result<Self> {
        let (files, _) = metadata::files(&[], Map::new(), &options);
        for (key, json) in &files {
            place.put(key, pretty(json)?).wait()?;
        }
        let shared = Shared {
            url: place.url().to_owned(),
            out: place.clone(),
            replaces: false,
            arrays: Mutex::default(),
            target: None,
        };
        Ok(Self { shared: Arc::new(shared), options, attributes: Mutex::default() })
    }

    /// Sets the attributes of the group.
    pub fn set_attributes(&self, attributes: Map<String, Value>) {
        *lock(&self.attributes) = attributes;
    }

    /// The sink of one more array. Its blocks may come from several threads.
    ///
    /// # Errors
    /// If the name is taken or cannot be one, or shape, dimensions, chunks and codecs do not fit together.
    pub fn array(&self, array: ArrayToWrite) -> Result<ZarrSink> {
        let name = array.name.clone();
        let is_reserved =
            name.starts_with("__") || name.starts_with(".z") || name == crate::write::MARK || name == growth::JOURNAL;
        if name.is_empty() || name.contains('/') || name == "." || name == ".." || name == "zarr.json" || is_reserved {
            return Err(Error::invalid(format!("an array of a Zarr store cannot be named `{name}`")));
        }
        let sink = ZarrSink::new(self.shared.clone(), array, &self.options)?;
        self.shared.begin(&name)?;
        if self.shared.out.is_transaction() {
            // Chunks belong to an array that is there; what its values add to its attributes comes at the end.
            let (files, root) = metadata::files(&[(name, sink.node()?)], Map::new(), &self.options);
            for (key, json) in files.iter().filter(|(key, _)| *key != root) {
                self.shared.out.put(key, pretty(json)?).wait()?;
            }
        }
        Ok(sink)
    }

    /// Writes an array that is in memory.
    ///
    /// # Errors
    /// As [`array`](Self::array), or if it cannot be written.
    pub fn write_whole(&self, array: ArrayToWrite, block: &Block) -> Result<()> {
        self.array(array)?.write_whole(block)
    }

    /// Writes the metadata and puts the store in its place.
    ///
    /// # Errors
    /// If an array was begun and not finished, or something cannot be written; what was there before is then still there.
    pub fn finish(self) -> Result<()> {
        let shared = &self.shared;
        let attributes = std::mem::take(&mut *lock(&self.attributes));
        let (files, root) = metadata::files(&shared.finished()?, attributes, &self.options);
        for (key, json) in &files {
            shared.out.put_new(key, pretty(json)?).wait()?;
        }
        match &shared.target {
            Some(target) => target.put_in_place(&root),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn begin(&self, name: &str) -> Result<()> {
        let mut arrays = lock(&self.arrays);
        if arrays.iter().any(|(taken, _)| *taken == name) {
            return Err(Error::invalid(format!("there are two arrays named `{name}` to write")));
        }
        arrays.push((name.to_owned(), None));
        Ok(())
    }

    /// The arrays, all of which must be complete.
    fn finished(&self) -> Result<Vec<(String, Node)>> {
        let whole = |(name, node): (String, Option<Node>)| match node {
            Some(node) => Ok((name, node)),
            None => Err(Error::internal(format!("array `{name}` was begun and not finished"))),
        };
        std::mem::take(&mut *lock(&self.arrays)).into_iter().map(whole).collect()
    }
}

impl fmt::Debug for ZarrWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZarrWriter({})", self.shared.url)
    }
}

/// The boxes of a grid as slices of a block, one after the other.
fn each_chunk(
    grid: &terracube_cube::ChunkGrid,
    block: &Block,
    mut write: impl FnMut(&Region, &Block) -> Result<()>,
) -> Result<()> {
    for region in grid.touching(&Region::whole(&grid.shape())) {
        write(&region, &block.region(&region)?)?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pretty(json: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(json).map_err(|error| Error::internal(format!("metadata that is no JSON: {error}")))
}
