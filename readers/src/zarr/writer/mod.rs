//! Writing Zarr version 3 stores: chunks first, metadata last, so that what can be opened is complete.
mod dataset;
mod encode;
mod options;
mod sink;
mod target;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use terracube_cube::{Block, Error, Region, Result};

pub use dataset::WriteZarr;
pub use options::{ArrayToWrite, WriteOptions, default_chunks};
pub use sink::ZarrSink;

use crate::store::StoreOptions;
use target::Target;

/// Writes one group of arrays as a Zarr version 3 store with consolidated metadata.
///
/// On this machine the store is written beside its place and renamed to it by [`finish`](Self::finish): whoever looks there finds what was
/// there before, or all of the new store. In an object store, which cannot rename, the metadata of the root is written last. A writer
/// that is dropped before it is finished removes what it wrote.
///
/// ```
/// use terracube_cube::{Block, DType};
/// use terracube_readers::store::{Store, StoreOptions};
/// use terracube_readers::zarr::{ArrayToWrite, WriteOptions, ZarrGroup, ZarrWriter};
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
}

/// What the sinks of one store share.
struct Shared {
    target: Target,
    options: WriteOptions,
    attributes: Mutex<Map<String, Value>>,
    /// The metadata of the arrays, in the order in which they were begun; `Null` until an array is finished.
    arrays: Mutex<Vec<(String, Value)>>,
    is_finished: AtomicBool,
}

impl ZarrWriter {
    /// Begins a store at `url`. Its place must be free, unless [`WriteOptions::overwrite`] was called.
    ///
    /// # Errors
    /// [`Exists`](terracube_cube::ErrorKind::Exists) if something is there; or if the place cannot be written to.
    pub fn create(url: &str, store: &StoreOptions, options: WriteOptions) -> Result<Self> {
        let target = Target::create(url, store, options.overwrite)?;
        let shared = Shared {
            target,
            options,
            attributes: Mutex::default(),
            arrays: Mutex::default(),
            is_finished: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sets the attributes of the group.
    pub fn set_attributes(&self, attributes: Map<String, Value>) {
        *lock(&self.shared.attributes) = attributes;
    }

    /// The sink of one more array. Its blocks may come from several threads.
    ///
    /// # Errors
    /// If the name is taken or cannot be one, or shape, dimensions, chunks and codecs do not fit together.
    pub fn array(&self, array: ArrayToWrite) -> Result<ZarrSink> {
        let name = array.name.clone();
        if name.is_empty()
            || name.contains('/')
            || name == "."
            || name == ".."
            || name.starts_with("__")
            || name == "zarr.json"
        {
            return Err(Error::invalid(format!("an array of a Zarr store cannot be named `{name}`")));
        }
        let sink = ZarrSink::new(self.shared.clone(), array)?;
        let mut arrays = lock(&self.shared.arrays);
        if arrays.iter().any(|(taken, _)| *taken == name) {
            return Err(Error::invalid(format!("there are two arrays named `{name}` to write")));
        }
        arrays.push((name, Value::Null));
        Ok(sink)
    }

    /// Writes an array that is in memory.
    ///
    /// # Errors
    /// As [`array`](Self::array), or if it cannot be written.
    pub fn write_whole(&self, array: ArrayToWrite, block: &Block) -> Result<()> {
        let sink = self.array(array)?;
        let grid = sink.grid().clone();
        for region in grid.touching(&Region::whole(&grid.shape())) {
            let axes: Vec<_> =
                region.ranges().iter().map(|r| (r.start as usize, (r.end - r.start) as usize, 1)).collect();
            sink.write_block(&region, &block.slice(&axes)?)?;
        }
        sink.complete()
    }

    /// Writes the metadata and puts the store in its place.
    ///
    /// # Errors
    /// If an array was begun and not finished, or something cannot be written; what was there before is then still there.
    pub fn finish(self) -> Result<()> {
        let shared = &self.shared;
        let arrays = std::mem::take(&mut *lock(&shared.arrays));
        if let Some((name, _)) = arrays.iter().find(|(_, metadata)| metadata.is_null()) {
            return Err(Error::internal(format!("array `{name}` was begun and not finished")));
        }
        let store = shared.target.store();
        for (name, metadata) in &arrays {
            store.put_new(&format!("{name}/zarr.json"), pretty(metadata)?).wait()?;
        }
        let root = json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": std::mem::take(&mut *lock(&shared.attributes)),
            "consolidated_metadata": {
                "kind": "inline",
                "must_understand": false,
                "metadata": arrays.into_iter().collect::<Map<String, Value>>(),
            },
        });
        store.put_new("zarr.json", pretty(&root)?).wait()?;
        shared.target.put_in_place()?;
        shared.is_finished.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if !self.is_finished.load(Ordering::SeqCst) {
            self.target.discard();
        }
    }
}

impl fmt::Debug for ZarrWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZarrWriter({})", self.shared.target.url())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pretty(json: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(json).map_err(|error| Error::internal(format!("metadata that is no JSON: {error}")))
}
