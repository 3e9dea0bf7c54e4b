//! What only the C library of HDF5 reads: values that stand in other datasets or files, filters that are plug-ins. Feature `hdf5-c`.
//!
//! The library has one lock for all; blocks of it are read one after the other, and decoding has nothing left to do.
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use hdf5_metno::{Dataset, File, Hyperslab, SliceOrIndex};
use terracube_cube::base::{Block, ChunkGrid, DType, Region};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Error, Result};

use super::super::guard::guarded;
use super::super::item::Item;
use super::Hdf5;

/// A variable of numbers that the C library reads.
pub(super) struct LibrarySource(Arc<Opened>);

struct Opened {
    hdf: Arc<Hdf5>,
    /// The file on this machine.
    file: std::path::PathBuf,
    path: String,
    dtype: DType,
    grid: ChunkGrid,
    /// Opened by the first read.
    dataset: OnceLock<Result<Dataset>>,
}

impl LibrarySource {
    /// The dataset at `path`, whose values have the shape of `grid`.
    ///
    /// # Errors
    /// If the file is not on this machine, or its values are no numbers.
    pub(super) fn new(hdf: Arc<Hdf5>, path: &str, item: &Item, grid: ChunkGrid) -> Result<Self> {
        let file = hdf.bytes.local_path().ok_or_else(|| {
            Error::unsupported("the C library of HDF5 reads files of this machine only").hint("get a copy of the file")
        })?;
        if !item.is_number() {
            return Err(Error::unsupported("the C library of HDF5 is asked for numbers only"));
        }
        let (file, dtype) = (file.to_owned(), item.dtype());
        Ok(Self(Arc::new(Opened { hdf, file, path: path.to_owned(), dtype, grid, dataset: OnceLock::new() })))
    }
}

impl Opened {
    fn dataset(&self) -> Result<&Dataset> {
        let dataset = self.dataset.get_or_init(|| {
            let file = File::open(&self.file).map_err(|error| self.failed(&error))?;
            file.dataset(&self.path).map_err(|error| self.failed(&error))
        });
        dataset.as_ref().map_err(Clone::clone)
    }

    /// The values of a region in the byte order of this machine.
    fn read(&self, region: &Region) -> Result<Vec<u8>> {
        let name = self.hdf.bytes.name();
        guarded(name, || {
            let dataset = self.dataset()?;
            let ranges =
                region.ranges().iter().map(|range| SliceOrIndex::from(range.start as usize..range.end as usize));
            let slab = Hyperslab::from(ranges.collect::<Vec<_>>());
            macro_rules! values {
                ($t:ty) => {{
                    // A scalar has nothing to choose from.
                    let values: Vec<$t> = match region.ranges() {
                        [] => dataset.read_raw::<$t>(),
                        _ => dataset
                            .as_reader()
                            .read_slice::<$t, _, ndarray::IxDyn>(slab)
                            .map(|array| array.as_standard_layout().into_owned().into_raw_vec_and_offset().0),
                    }
                    .map_err(|error| self.failed(&error))?;
                    Ok(values.into_iter().flat_map(<$t>::to_ne_bytes).collect())
                }};
            }
            match self.dtype {
                DType::I8 => values!(i8),
                DType::I16 => values!(i16),
                DType::I32 => values!(i32),
                DType::I64 => values!(i64),
                DType::U8 => values!(u8),
                DType::U16 => values!(u16),
                DType::U32 => values!(u32),
                DType::U64 => values!(u64),
                DType::F32 => values!(f32),
                DType::F64 => values!(f64),
                dtype => Err(Error::internal(format!("{dtype} asked of the C library of HDF5"))),
            }
        })
    }

    fn failed(&self, error: &hdf5_metno::Error) -> Error {
        Error::io(format!("the C library of HDF5 says: {error}"))
            .hint("filters that are plug-ins are looked for in HDF5_PLUGIN_PATH, files of values beside this one")
    }
}

impl fmt::Debug for LibrarySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LibrarySource({} in {})", self.0.path, self.0.hdf.bytes.name())
    }
}

impl Source for LibrarySource {
    fn spec(&self) -> Option<SourceSpec> {
        Some(SourceSpec { reader: "netcdf".into(), url: self.0.hdf.bytes.name().into(), variable: self.0.path.clone() })
    }

    fn dtype(&self) -> DType {
        self.0.dtype
    }

    fn grid(&self) -> &ChunkGrid {
        &self.0.grid
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        region.size() * self.0.dtype.item_size() as u64
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        // What the library gives, before it is bytes.
        self.encoded_bound(region)
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let (source, region) = (self.0.clone(), region.clone());
        Fetch::Blocking(Box::new(move || {
            let values = source.read(&region)?;
            Ok(Encoded { pieces: vec![Some(Bytes::from(values))] })
        }))
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let values = encoded.pieces.into_iter().flatten().next().unwrap_or_default();
        let big_endian = cfg!(target_endian = "big");
        Item::Number { dtype: self.0.dtype, big_endian }.decode(values, &region.extents())
    }
}
