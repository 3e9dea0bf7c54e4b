//! One array on its way into a store.
use std::fmt;
use std::sync::Arc;

use terracube_cube::base::AxisChunks;
use terracube_cube::execute::{ArraySpec, Sink};
use terracube_cube::source::{Fetch, Source as _};
use terracube_cube::{Block, ChunkGrid, Error, Region, Result};

use super::encode::Encoder;
use super::{ArrayToWrite, Shared, each_chunk, lock};
use crate::write::WriteOptions;
use crate::zarr::ZarrSource;

/// Writes the chunks of one array, from any number of threads, in any order. Chunks that hold only the fill value are not written.
pub struct ZarrSink {
    shared: Arc<Shared>,
    name: String,
    encoder: Encoder,
    /// The boxes in which blocks come: each belongs to one chunk of the store, and no two to the same.
    grid: ChunkGrid,
    /// The array of the store into which blocks go, if it is there already.
    within: Option<Within>,
}

/// A part of an array that is there.
pub(super) struct Within {
    /// The position in the array of the first value that comes.
    pub origin: Vec<u64>,
    /// The lengths that the array will have.
    pub shape: Vec<u64>,
    pub old: Arc<ZarrSource>,
}

impl ZarrSink {
    pub(super) fn new(shared: Arc<Shared>, array: ArrayToWrite, options: &WriteOptions) -> Result<Self> {
        let name = array.name.clone();
        let shape = array.shape.clone();
        let encoder =
            Encoder::new(array, options).map_err(|error| error.context(format!("array `{name}` of {}", shared.url)))?;
        let grid = ChunkGrid::regular(&shape, &encoder.chunk_shape());
        Ok(Self { name, encoder, grid, shared, within: None })
    }

    /// A sink for values of `extent` that go into an array that is there.
    pub(super) fn within(shared: Arc<Shared>, name: &str, encoder: Encoder, extent: &[u64], within: Within) -> Self {
        let axes = extent.iter().zip(&within.origin).zip(encoder.chunk_shape());
        let axes = axes.map(|((&len, &origin), chunk)| axis_within(len, origin, chunk)).collect();
        Self { name: name.to_owned(), encoder, grid: ChunkGrid::new(axes), shared, within: Some(within) }
    }

    /// The chunks in which it takes blocks.
    pub fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    /// What describes the array so far.
    pub(super) fn node(&self) -> Result<super::Node> {
        self.encoder.node()
    }

    /// Writes one chunk. Writing it again replaces it.
    ///
    /// # Errors
    /// If the region is no chunk, the block does not fit it, a time cannot be written exactly, or the store refuses.
    pub fn write_block(&self, region: &Region, block: &Block) -> Result<()> {
        self.check(region)?;
        let chunk = self.chunk_of(region);
        let key = self.encoder.key(&chunk);
        let write = || -> Result<()> {
            if block.shape() != region.extents() {
                return Err(Error::internal(format!("a block of shape {:?} for {region:?}", block.shape())));
            }
            let mut stored = self.encoder.pack(block)?;
            if let Some(within) = &self.within {
                stored = self.completed(within, &chunk, region, stored)?;
            }
            let (store, key) = (&self.shared.out, format!("{}/{key}", self.name));
            // Chunks that wait beside the store must say so where they empty one of it.
            let may_be_left_out = self.within.is_none() || self.shared.replaces;
            match self.encoder.encode(&stored, may_be_left_out)? {
                Some(bytes) if self.shared.replaces => store.put(&key, bytes).wait(),
                Some(bytes) => store.put_new(&key, bytes).wait(),
                // One that a writer left who was stopped before its metadata.
                None if self.shared.replaces => store.remove_all(&key).wait(),
                None => Ok(()),
            }
        };
        write().map_err(|error| error.context(format!("array `{}` of {}, chunk {key}", self.name, self.shared.url)))
    }

    /// Writes all values, which are in memory.
    ///
    /// # Errors
    /// As [`write_block`](Self::write_block).
    pub(super) fn write_whole(&self, block: &Block) -> Result<()> {
        each_chunk(&self.grid, block, |region, part| self.write_block(region, part))?;
        self.complete()
    }

    /// Says that all chunks are written.
    ///
    /// # Errors
    /// If the array is not of this store, which cannot be; or a time is missing where the store has no fill value.
    pub fn complete(&self) -> Result<()> {
        let node = self.encoder.node()?;
        let mut arrays = lock(&self.shared.arrays);
        match arrays.iter_mut().find(|(name, _)| *name == self.name) {
            Some(entry) => entry.1 = Some(node),
            None => return Err(Error::internal(format!("array `{}` was never begun", self.name))),
        }
        Ok(())
    }

    fn check(&self, region: &Region) -> Result<()> {
        let axes = self.grid.axes();
        let is_chunk = region.rank() == axes.len()
            && region
                .ranges()
                .iter()
                .zip(axes)
                .all(|(range, axis)| range.start < axis.len() && axis.range(axis.chunk_of(range.start)) == *range);
        if is_chunk { Ok(()) } else { Err(Error::internal(format!("{region:?} is no chunk of array `{}`", self.name))) }
    }

    /// The index of the chunk in the store.
    fn chunk_of(&self, region: &Region) -> Vec<u64> {
        let start = |axis: usize| region.range(axis).start + self.within.as_ref().map_or(0, |w| w.origin[axis]);
        self.encoder.chunk_shape().iter().enumerate().map(|(axis, chunk)| start(axis) / chunk).collect()
    }

    /// The whole chunk: new values over those that are there.
    fn completed(&self, within: &Within, chunk: &[u64], region: &Region, new: Block) -> Result<Block> {
        let lengths = self.encoder.chunk_shape();
        let bounds = |shape: &[u64]| -> Region {
            let axes = chunk.iter().zip(&lengths).zip(shape);
            Region::new(axes.map(|((i, len), end)| (i * len).min(*end)..((i + 1) * len).min(*end)).collect())
        };
        let whole = bounds(&within.shape);
        let new_at = region.offset_by(&Region::new(within.origin.iter().map(|&at| at..at).collect()));
        if new_at == whole {
            return Ok(new);
        }
        let source = &within.old;
        let there = bounds(&source.grid().shape());
        let mut parts = Vec::new();
        if !there.is_empty() {
            for piece in source.grid().touching(&there) {
                let encoded = match source.fetch(&piece) {
                    Fetch::Ready(read) => read?,
                    Fetch::Blocking(read) => read()?,
                    Fetch::Pending(future) => crate::runtime::wait(future)?,
                };
                parts.push((piece.relative_to(&whole), source.decode(encoded, &piece)?));
            }
        }
        parts.push((new_at.relative_to(&whole), new));
        Block::assemble(source.dtype(), &whole.extents(), &parts)
    }
}

/// How an axis of new values is cut, so that no two pieces lie in one chunk of the store.
fn axis_within(len: u64, origin: u64, chunk: u64) -> AxisChunks {
    let first = (chunk - origin % chunk).min(len);
    let mut boundaries = vec![0];
    boundaries.extend((0..).map(|i| first + i * chunk).take_while(|&at| at < len).filter(|&at| at > 0));
    boundaries.push(len);
    boundaries.dedup();
    AxisChunks::from_boundaries(boundaries)
}

impl Sink for ZarrSink {
    fn chunks(&self) -> Option<ChunkGrid> {
        Some(self.grid.clone())
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        if spec.shape != self.grid.shape() || spec.dtype != self.encoder.takes() {
            let message = format!("array `{}` was to be {} {:?}", self.name, self.encoder.takes(), self.grid.shape());
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
        write!(f, "ZarrSink(`{}` of {})", self.name, self.shared.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_where_chunks_of_the_store_do() {
        let ends = |len, origin, chunk| {
            let axis = axis_within(len, origin, chunk);
            (0..axis.n_chunks()).map(|i| axis.range(i).end).collect::<Vec<_>>()
        };
        assert_eq!(ends(10, 0, 4), [4, 8, 10]);
        assert_eq!(ends(10, 3, 4), [1, 5, 9, 10]);
        assert_eq!(ends(1, 3, 4), [1]);
        assert_eq!(ends(3, 7, 4), [1, 3]);
    }
}
