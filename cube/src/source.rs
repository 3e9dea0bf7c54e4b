//! Where values come from: the seam between the engine and the readers.
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::base::{Block, ChunkGrid, DType, Region, Result};

/// What is needed to open a source again in another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// Which reader opens it: "zarr", "netcdf".
    pub reader: String,
    /// The URL, without secrets.
    pub url: String,
    /// The path of the variable within it.
    pub variable: String,
}

/// Bytes as they are stored, before any codec ran: the pieces that make up one region. `None` is a chunk that was never written.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    /// The pieces, in the source's own order.
    pub pieces: Vec<Option<Bytes>>,
}

impl Encoded {
    /// Bytes held.
    ///
    /// ```
    /// use terracube_cube::source::Encoded;
    /// let encoded = Encoded { pieces: vec![Some(vec![1u8, 2, 3].into()), None] };
    /// assert_eq!(encoded.n_bytes(), 3);
    /// ```
    pub fn n_bytes(&self) -> u64 {
        self.pieces.iter().flatten().map(|piece| piece.len() as u64).sum()
    }
}

/// A read that was asked for.
pub enum Fetch {
    /// Nothing to wait for.
    Ready(Result<Encoded>),
    /// Already on its way on the readers' runtime; can be polled anywhere; dropping it aborts the read.
    Pending(BoxFuture<'static, Result<Encoded>>),
    /// A read from a local disk: run by the worker that decodes, just before it does, so that the bytes are warm.
    Blocking(Box<dyn FnOnce() -> Result<Encoded> + Send>),
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Pending(_) => "Pending",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// An array that can be read region by region. Implementors give storage and codecs; the engine gives order, concurrency and memory.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// How to open it again elsewhere; `None` if that cannot be (in-memory sources).
    fn spec(&self) -> Option<SourceSpec> {
        None
    }

    /// The dtype of the stored values, before CF decoding.
    fn dtype(&self) -> DType;

    /// The chunks in which it is read; its shape is the array's. For sharded stores these are the inner chunks.
    fn grid(&self) -> &ChunkGrid;

    /// Whether `fetch` takes any part of a chunk (uncompressed data) or only whole chunks.
    fn reads_parts(&self) -> bool {
        false
    }

    /// Whether every read is done just before it is decoded ([`Fetch::Blocking`]), so that only one is in memory at a time; `false` if reads may be
    /// under way together.
    fn reads_late(&self) -> bool {
        false
    }

    /// An upper bound of the bytes that `fetch` of this region yields. More than this is an error of the data.
    fn encoded_bound(&self, region: &Region) -> u64;

    /// Scratch bytes that decoding this region takes beyond its input and its output.
    fn decode_scratch(&self, _region: &Region) -> u64 {
        0
    }

    /// Starts to read one chunk (or, if `reads_parts`, a part of one chunk).
    fn fetch(&self, region: &Region) -> Fetch;

    /// Turns what `fetch` gave for `region` into values: pure CPU, single-threaded, C order.
    ///
    /// # Errors
    /// If the bytes are damaged; the error names the chunk.
    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block>;
}

/// A source over values in memory, for literals and tests; cut into chunks as asked.
#[derive(Debug)]
pub struct MemorySource {
    block: Block,
    grid: ChunkGrid,
}

impl MemorySource {
    /// A source over `block` that is read in the chunks of `grid`, which must have the block's shape.
    ///
    /// ```
    /// use terracube_cube::{Attributes, Block, ChunkGrid, Coords, DataArray, Dims, Encoding, Variable};
    /// use terracube_cube::source::MemorySource;
    /// let source = MemorySource::new(Block::new(&[4], vec![1.0, 2.0, 3.0, 6.0])?, ChunkGrid::regular(&[4], &[2]));
    /// let variable = Variable::from_source(Dims::new(["x"])?, source, Attributes::new(), Encoding::default());
    /// let t = DataArray::new(Some("t"), variable, Coords::default());
    /// assert_eq!((t.chunks().n_chunks(), t.isel("x", 3).item()?), (2, 6.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn new(block: Block, grid: ChunkGrid) -> Arc<Self> {
        Arc::new(Self { block, grid })
    }
}

impl Source for MemorySource {
    fn dtype(&self) -> DType {
        self.block.dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_parts(&self) -> bool {
        true
    }

    fn encoded_bound(&self, _region: &Region) -> u64 {
        0
    }

    fn fetch(&self, _region: &Region) -> Fetch {
        Fetch::Ready(Ok(Encoded::default()))
    }

    fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
        self.block.region(region)
    }
}

/// Values that are worked out where they stand, as f64: for tests and measurements of arrays of any size.
pub struct SyntheticSource {
    grid: ChunkGrid,
    fill: Box<Fill>,
    reads_parts: bool,
}

/// Fills a box with its values in C order.
type Fill = dyn Fn(&Region, &mut [f64]) + Send + Sync;

impl SyntheticSource {
    /// A source that calls `fill` for each chunk, with its box and its values in C order.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{Attributes, ChunkGrid, Coords, DataArray, Dims, Encoding, Variable};
    /// use terracube_cube::source::SyntheticSource;
    /// let source = SyntheticSource::new(ChunkGrid::regular(&[1000], &[100]), |region, values| {
    ///     region.range(0).zip(values).for_each(|(position, value)| *value = position as f64);
    /// });
    /// let variable = Variable::from_source(Dims::new(["x"])?, Arc::new(source), Attributes::new(), Encoding::default());
    /// assert_eq!(DataArray::new(None, variable, Coords::default()).mean("x").item()?, 499.5);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn new(grid: ChunkGrid, fill: impl Fn(&Region, &mut [f64]) + Send + Sync + 'static) -> Self {
        Self { grid, fill: Box::new(fill), reads_parts: false }
    }

    /// The same source, read as data that is not compressed: any part of a chunk by itself.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// use terracube_cube::source::{Source, SyntheticSource};
    /// let source = SyntheticSource::new(ChunkGrid::single(&[10]), |_, values| values.fill(1.0));
    /// assert!(!source.reads_parts() && source.in_parts().reads_parts());
    /// ```
    #[must_use]
    pub fn in_parts(mut self) -> Self {
        self.reads_parts = true;
        self
    }
}

impl fmt::Debug for SyntheticSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyntheticSource{:?}", self.grid.shape())
    }
}

impl Source for SyntheticSource {
    fn dtype(&self) -> DType {
        DType::F64
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_parts(&self) -> bool {
        self.reads_parts
    }

    fn encoded_bound(&self, _region: &Region) -> u64 {
        0
    }

    fn fetch(&self, _region: &Region) -> Fetch {
        Fetch::Ready(Ok(Encoded::default()))
    }

    fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
        let extents = region.extents();
        let mut values = vec![0.0; extents.iter().product()];
        (self.fill)(region, &mut values);
        Block::new(&extents, values)
    }
}
