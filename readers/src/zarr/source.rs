//! An array as the engine reads it: fetch a chunk's bytes, decode them.
use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Block, ChunkGrid, DType, Error, Region, Result};
use zarrs::array::Array;

use super::decoder::Decoder;
use super::layout::Layout;
use super::value_type::ValueType;
use crate::runtime;
use crate::store::{Reading, Store};

/// A Zarr array. It is read in whole chunks; those of a sharded array are its inner chunks, each one range of its shard.
#[derive(Debug)]
pub struct ZarrSource {
    shared: Arc<Shared>,
    grid: ChunkGrid,
    value_type: ValueType,
    fill: Block,
}

/// What reads that are under way need too.
#[derive(Debug)]
struct Shared {
    store: Store,
    root: String,
    path: String,
    array: Array<()>,
    layout: Layout,
}

impl ZarrSource {
    #[expect(clippy::too_many_arguments, reason = "called in one place, with everything that describes an array")]
    pub(super) fn new(
        store: Store,
        root: &str,
        path: &str,
        array: Array<()>,
        layout: Layout,
        grid: ChunkGrid,
        value_type: ValueType,
        fill: Block,
    ) -> Self {
        let shared = Shared { store, root: root.to_owned(), path: path.to_owned(), array, layout };
        Self { shared: Arc::new(shared), grid, value_type, fill }
    }

    /// The value of chunks that were never written.
    pub fn fill_value(&self) -> &Block {
        &self.fill
    }

    /// The index of the chunk that holds a region.
    fn chunk_of(&self, region: &Region) -> Result<Vec<u64>> {
        let axes = self.grid.axes();
        let fits = region.rank() == axes.len()
            && region.ranges().iter().zip(axes).all(|(range, axis)| {
                range.start < range.end
                    && range.end <= axis.len()
                    && range.end <= axis.range(axis.chunk_of(range.start)).end
            });
        if !fits {
            return Err(Error::internal(format!("{region:?} is not within one chunk of `{}`", self.shared.path)));
        }
        Ok(region.ranges().iter().zip(axes).map(|(range, axis)| axis.chunk_of(range.start)).collect())
    }

    fn decoder_of(&self, chunk: &[u64]) -> Result<std::borrow::Cow<'_, Decoder>> {
        match &self.shared.layout {
            Layout::Regular { decoder } | Layout::Sharded { decoder, .. } => Ok(std::borrow::Cow::Borrowed(decoder)),
            Layout::Irregular { codecs } => {
                let array = &self.shared.array;
                let shape: Vec<NonZeroU64> = array
                    .chunk_shape(chunk)
                    .map_err(|error| Error::corrupt(format!("its chunks cannot be used: {error}")))?;
                Decoder::new(codecs.clone(), self.value_type, &shape, array.data_type(), array.fill_value())
                    .map(std::borrow::Cow::Owned)
            }
        }
    }
}

impl Source for ZarrSource {
    fn spec(&self) -> Option<SourceSpec> {
        let Shared { root, path, .. } = &*self.shared;
        Some(SourceSpec { reader: "zarr".into(), url: root.clone(), variable: path.clone() })
    }

    fn dtype(&self) -> DType {
        self.value_type.dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_late(&self) -> bool {
        !self.shared.store.is_remote()
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        let decoder = self.chunk_of(region).and_then(|chunk| self.decoder_of(&chunk));
        decoder.map_or(0, |decoder| decoder.encoded_bound())
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        let Ok(decoder) = self.chunk_of(region).and_then(|chunk| self.decoder_of(&chunk)) else { return 0 };
        // A chunk at the edge is decoded whole, then cut.
        let cut = decoder.shape() != region.extents();
        decoder.scratch() + if cut { decoder.decoded_size() } else { 0 }
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let limit = self.encoded_bound(region);
        match self.chunk_of(region) {
            Err(error) => Fetch::Ready(Err(error)),
            Ok(chunk) => self.shared.fetch(chunk, limit),
        }
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let chunk = self.chunk_of(region)?;
        let Some(Some(bytes)) = encoded.pieces.into_iter().next() else {
            return Block::filled(&self.fill, &region.extents());
        };
        let decoded = self.decoder_of(&chunk).and_then(|decoder| decoder.decode(&bytes));
        let block = decoded.map_err(|error| self.shared.at(&chunk, error))?;
        if block.shape() == region.extents() {
            return Ok(block);
        }
        let axes = region.ranges().iter().zip(self.grid.axes()).map(|(range, axis)| {
            let start = axis.range(axis.chunk_of(range.start)).start;
            ((range.start - start) as usize, (range.end - range.start) as usize, 1)
        });
        let part = block.slice(&axes.collect::<Vec<_>>())?;
        // Nearly all of the chunk: a view is worth the few bytes that it keeps.
        if part.len() >= block.len() / 16 * 15 { Ok(part) } else { part.contiguous() }
    }
}

impl Shared {
    fn fetch(self: &Arc<Self>, chunk: Vec<u64>, limit: u64) -> Fetch {
        let shared = self.clone();
        match &self.layout {
            Layout::Regular { .. } | Layout::Irregular { .. } => {
                let reading = self.store.get_at_most(self.array.chunk_key(&chunk).as_str(), limit);
                let finish = move |read: Result<Option<Bytes>>| match read {
                    Ok(bytes) => Ok(Encoded { pieces: vec![bytes] }),
                    Err(error) => Err(shared.at(&chunk, error)),
                };
                match reading {
                    Reading::Local(read) => Fetch::Blocking(Box::new(move || finish(read()))),
                    Reading::Remote(future) => Fetch::Pending(future.map(finish).boxed()),
                }
            }
            Layout::Sharded { .. } => {
                let read = async move {
                    let read = shared.fetch_inner(&chunk, limit).await;
                    read.map(|bytes| Encoded { pieces: vec![bytes] }).map_err(|error| shared.at(&chunk, error))
                };
                if self.store.is_remote() {
                    Fetch::Pending(runtime::spawn(read))
                } else {
                    Fetch::Blocking(Box::new(move || runtime::drive(read)))
                }
            }
        }
    }

    async fn fetch_inner(&self, chunk: &[u64], limit: u64) -> Result<Option<Bytes>> {
        let Layout::Sharded { shards, .. } = &self.layout else { return Err(Error::internal("no shards")) };
        let (shard, position) = shards.shape.place(chunk);
        let key = self.array.chunk_key(&shard);
        let Some(range) = shards.find(&self.store, key.as_str(), position).await? else { return Ok(None) };
        let size = range.end - range.start;
        if size > limit {
            return Err(Error::corrupt(format!(
                "its shard index gives it {size} bytes, but at most {limit} can belong to a chunk"
            )));
        }
        let Some(bytes) = self.store.get_range(key.as_str(), crate::store::ByteRange::Of(range)).await? else {
            return Err(Error::corrupt("its shard vanished after its index was read"));
        };
        Ok(Some(bytes))
    }

    /// An error with the array and the chunk in front.
    fn at(&self, chunk: &[u64], error: Error) -> Error {
        let key = match &self.layout {
            Layout::Sharded { shards, .. } => {
                let (shard, position) = shards.shape.place(chunk);
                format!("{} (inner chunk {position})", self.array.chunk_key(&shard))
            }
            _ => self.array.chunk_key(chunk).to_string(),
        };
        let array = if self.path.is_empty() { "the array" } else { &format!("array `{}` of", self.path) };
        error.context(format!("{array} {}, chunk {key}", self.root))
    }
}
