//! Shards: where their inner chunks lie. The index of a shard is read once and kept.
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use terracube_cube::{Error, Result};
use tokio::sync::OnceCell;
use zarrs::array::codec::ShardingIndexLocation;
use zarrs::array::{
    ArrayToBytesCodecTraits as _, BytesRepresentation, ChunkShape, CodecChain, CodecOptions, FillValue, data_type,
};

use super::decoder::guarded;
use crate::store::{ByteRange, Store};

/// The most bytes of indexes that one array keeps.
const KEPT_BYTES: u64 = 32 << 20;

/// How many inner chunks a shard has on each axis.
#[derive(Debug, Clone)]
pub(super) struct ShardShape(Vec<u64>);

impl ShardShape {
    /// From the shapes of shards and of their chunks, which must divide them.
    pub fn new(shard: &[NonZeroU64], chunk: &[NonZeroU64]) -> Result<Self> {
        let divides = shard.len() == chunk.len() && shard.iter().zip(chunk).all(|(s, c)| s.get() % c.get() == 0);
        if !divides {
            return Err(Error::corrupt(format!(
                "its shards of shape {shard:?} are no multiple of their chunks {chunk:?}"
            )));
        }
        Ok(Self(shard.iter().zip(chunk).map(|(s, c)| s.get() / c.get()).collect()))
    }

    /// The shard of an inner chunk, and the position of the chunk in the shard's index.
    pub fn place(&self, chunk: &[u64]) -> (Vec<u64>, usize) {
        let shard = chunk.iter().zip(&self.0).map(|(i, n)| i / n).collect();
        let position = chunk.iter().zip(&self.0).fold(0, |position, (i, n)| position * n + i % n);
        (shard, position as usize)
    }

    fn n_chunks(&self) -> u64 {
        self.0.iter().fold(1, |all, n| all.saturating_mul(*n))
    }
}

/// Offsets and lengths in one shard, in C order of its chunks; `None` if the shard does not exist.
type Index = Option<Arc<[u64]>>;
type Cell = Arc<OnceCell<Index>>;

/// Reads and keeps the indexes of shards.
pub(super) struct ShardIndexes {
    pub shape: ShardShape,
    codecs: CodecChain,
    index_shape: ChunkShape,
    encoded_size: u64,
    location: ShardingIndexLocation,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    cells: HashMap<String, Cell>,
    order: VecDeque<String>,
}

impl ShardIndexes {
    /// Indexes that are encoded by `codecs`.
    pub fn new(shape: ShardShape, codecs: CodecChain, location: ShardingIndexLocation) -> Result<Self> {
        let two = NonZeroU64::MIN.saturating_add(1);
        let index_shape: ChunkShape = shape.0.iter().filter_map(|&n| NonZeroU64::new(n)).chain([two]).collect();
        let fill = FillValue::from(u64::MAX);
        let size = guarded(|| {
            codecs
                .encoded_representation(&index_shape, &data_type::uint64(), &fill)
                .map_err(|error| Error::corrupt(format!("the codecs of its shard index do not fit: {error}")))
        })?;
        let BytesRepresentation::FixedSize(encoded_size) = size else {
            return Err(Error::corrupt("its shard index is compressed, so that its place is not known"));
        };
        Ok(Self { shape, codecs, index_shape, encoded_size, location, kept: Mutex::default() })
    }

    /// Where the chunk at `position` of the shard's index lies; `None` if it was never written.
    ///
    /// # Errors
    /// If the index cannot be read or is damaged.
    pub async fn find(&self, store: &Store, shard_key: &str, position: usize) -> Result<Option<Range<u64>>> {
        // Readers of one shard that come together share one read; a failed one is not kept.
        let cell = self.cell(shard_key);
        let index = cell.get_or_try_init(|| self.read(store, shard_key)).await?;
        let Some(index) = index else { return Ok(None) };
        let (offset, len) = (index[2 * position], index[2 * position + 1]);
        if offset == u64::MAX && len == u64::MAX {
            return Ok(None);
        }
        match offset.checked_add(len) {
            Some(end) => Ok(Some(offset..end)),
            None => Err(Error::corrupt(format!("its shard index places a chunk at byte {offset} with {len} bytes"))),
        }
    }

    async fn read(&self, store: &Store, shard_key: &str) -> Result<Index> {
        let range = match self.location {
            ShardingIndexLocation::Start => ByteRange::Of(0..self.encoded_size),
            ShardingIndexLocation::End => ByteRange::Last(self.encoded_size),
        };
        let Some(encoded) =
            store.get_range(shard_key, range).await.map_err(|error| error.context("its shard index"))?
        else {
            return Ok(None);
        };
        guarded(|| {
            let damaged =
                |why: String| Error::corrupt(format!("its shard index is damaged: {why}")).hint("get the data again");
            let options = CodecOptions::default().with_concurrent_target(1);
            let fill = FillValue::from(u64::MAX);
            let decoded = self
                .codecs
                .decode((&encoded[..]).into(), &self.index_shape, &data_type::uint64(), &fill, &options)
                .map_err(|error| damaged(error.to_string()))?;
            let bytes = decoded.into_fixed().map_err(|error| damaged(error.to_string()))?;
            let numbers: Arc<[u64]> =
                bytes.as_chunks::<8>().0.iter().map(|number| u64::from_ne_bytes(*number)).collect();
            if numbers.len() as u64 != 2 * self.shape.n_chunks() {
                return Err(damaged(format!("{} numbers for {} chunks", numbers.len(), self.shape.n_chunks())));
            }
            Ok(Some(numbers))
        })
    }

    fn cell(&self, shard_key: &str) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = kept.cells.get(shard_key) {
            return cell.clone();
        }
        let most = (KEPT_BYTES / (16 * self.shape.n_chunks().max(1))).max(8) as usize;
        while kept.order.len() >= most {
            let oldest = kept.order.pop_front().unwrap_or_default();
            kept.cells.remove(&oldest);
        }
        let cell = Cell::default();
        kept.order.push_back(shard_key.to_owned());
        kept.cells.insert(shard_key.to_owned(), cell.clone());
        cell
    }
}

impl fmt::Debug for ShardIndexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShardIndexes({:?})", self.shape.0)
    }
}
