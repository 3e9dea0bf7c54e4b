//! One array on its way into a store.
use std::fmt;
use std::sync::Arc;

use terracube_cube::execute::{ArraySpec, Sink};
use terracube_cube::{Block, ChunkGrid, Error, Region, Result};

use super::encode::Encoder;
use super::{ArrayToWrite, Shared, lock};

/// Writes the chunks of one array, from any number of threads, in any order. Chunks that hold only the fill value are not written.
pub struct ZarrSink {
    shared: Arc<Shared>,
    name: String,
    encoder: Encoder,
    grid: ChunkGrid,
}

impl ZarrSink {
    pub(super) fn new(shared: Arc<Shared>, array: ArrayToWrite) -> Result<Self> {
        let (name, url) = (array.name.clone(), shared.target.url());
        let chunks = array.chunk_shape();
        let grid = ChunkGrid::regular(&array.shape, &chunks);
        let encoder = Encoder::new(array, chunks, &shared.options)
            .map_err(|error| error.context(format!("array `{name}` of {url}")))?;
        Ok(Self { name, encoder, grid, shared })
    }

    /// The chunks in which it takes blocks.
    pub fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    /// Writes one chunk. Writing it again replaces it.
    ///
    /// # Errors
    /// If the region is no chunk, the block does not fit it, a time cannot be written exactly, or the store refuses.
    pub fn write_block(&self, region: &Region, block: &Block) -> Result<()> {
        let chunk = self.chunk_of(region)?;
        let key = self.encoder.key(&chunk);
        let write = || -> Result<()> {
            if block.shape() != region.extents() {
                return Err(Error::internal(format!("a block of shape {:?} for {region:?}", block.shape())));
            }
            match self.encoder.encode(block)? {
                Some(bytes) => self.shared.target.store().put_new(&format!("{}/{key}", self.name), bytes).wait(),
                None => Ok(()),
            }
        };
        write().map_err(|error| {
            error.context(format!("array `{}` of {}, chunk {key}", self.name, self.shared.target.url()))
        })
    }

    /// Says that all chunks are written.
    ///
    /// # Errors
    /// If the array is not of this store, which cannot be.
    pub fn complete(&self) -> Result<()> {
        let metadata = self.encoder.metadata();
        let mut arrays = lock(&self.shared.arrays);
        match arrays.iter_mut().find(|(name, _)| *name == self.name) {
            Some(entry) => entry.1 = metadata,
            None => return Err(Error::internal(format!("array `{}` was never begun", self.name))),
        }
        Ok(())
    }

    fn chunk_of(&self, region: &Region) -> Result<Vec<u64>> {
        let axes = self.grid.axes();
        let is_chunk = region.rank() == axes.len()
            && region
                .ranges()
                .iter()
                .zip(axes)
                .all(|(range, axis)| range.start < axis.len() && axis.range(axis.chunk_of(range.start)) == *range);
        if !is_chunk {
            return Err(Error::internal(format!("{region:?} is no chunk of array `{}`", self.name)));
        }
        Ok(region.ranges().iter().zip(axes).map(|(range, axis)| axis.chunk_of(range.start)).collect())
    }
}

impl Sink for ZarrSink {
    fn chunks(&self) -> Option<ChunkGrid> {
        Some(self.grid.clone())
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        if spec.shape != self.grid.shape() || spec.dtype != self.encoder.dtype() {
            let message = format!("array `{}` was to be {} {:?}", self.name, self.encoder.dtype(), self.grid.shape());
            return Err(Error::internal(format!("{message}, but {} {:?} comes", spec.dtype, spec.shape)));
        }
        Ok(())
    }

    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        self.write_block(region, block)
    }

    /// Marks the array as complete; the store gets its metadata by [`ZarrWriter::finish`](super::ZarrWriter::finish).
    fn finish(&self) -> Result<()> {
        self.complete()
    }
}

impl fmt::Debug for ZarrSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZarrSink(`{}` of {})", self.name, self.shared.target.url())
    }
}
