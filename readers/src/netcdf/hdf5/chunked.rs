//! Chunked datasets: the chunk index is read once, chunks are fetched by offset and decoded without a lock.
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use hdf5_reader::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5_reader::chunk_index::{
    ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage, single_chunk_entry,
};
use hdf5_reader::error::{Error as ParseError, Result as Parsed};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};
use terracube_cube::base::{AxisChunks, Block, ChunkGrid, DType, Region, recycled_bytes, recycled_vec};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Error, Result};

use super::super::guard::guarded;
use super::super::item::Item;
use super::Hdf5;
use super::filters::Filters;
use super::objects::Stored;
use crate::manifest::{ChunkIndexer, Manifest};

/// Stored chunks smaller than this are read in groups.
const GROUP_BYTES: u64 = 256 << 10;
/// A chunk may hold at most what HDF5 itself allows.
const MAX_CHUNK_BYTES: u64 = u32::MAX as u64;

/// A chunked variable. Remote reads hold a handle of their own.
pub(super) struct ChunkedSource(Arc<Chunked>);

struct Chunked {
    hdf: Arc<Hdf5>,
    path: String,
    stored: Stored,
    item: Item,
    filters: Filters,
    /// The chunks as stored.
    chunks: ChunkGrid,
    chunk_shape: Vec<u64>,
    /// The chunks as read: groups of stored ones.
    grid: ChunkGrid,
    index: OnceLock<Result<Vec<Place>>>,
}

/// Where a chunk stands; sorted by number.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    start: u64,
    size: u64,
    mask: u32,
}

impl ChunkedSource {
    pub(super) fn new(hdf: Arc<Hdf5>, path: &str, stored: Stored, item: Item, shape: &[u64]) -> Result<Self> {
        let Ok(DataLayout::Chunked { dims, .. }) = &stored.layout else {
            return Err(Error::internal("a layout without chunks"));
        };
        let chunk_shape: Vec<u64> = dims.iter().map(|&n| u64::from(n)).collect();
        if chunk_shape.len() != shape.len() || chunk_shape.contains(&0) {
            return Err(hdf.corrupt(format!("chunks of shape {chunk_shape:?} do not fit an array of shape {shape:?}")));
        }
        let bytes = chunk_shape.iter().try_fold(item.size() as u64, |n, &len| n.checked_mul(len));
        if bytes.is_none_or(|bytes| bytes > MAX_CHUNK_BYTES) {
            return Err(hdf.corrupt(format!("chunks of shape {chunk_shape:?} are larger than HDF5 allows")));
        }
        let filters = Filters::new(stored.filters.clone())?;
        let chunks = ChunkGrid::regular(shape, &chunk_shape);
        let grid = grouped(shape, &chunk_shape, item.size() as u64);
        Ok(Self(Arc::new(Chunked {
            hdf,
            path: path.to_owned(),
            stored,
            item,
            filters,
            chunks,
            chunk_shape,
            grid,
            index: OnceLock::new(),
        })))
    }
}

impl Chunked {
    fn chunk_bytes(&self) -> u64 {
        self.chunk_shape.iter().product::<u64>() * self.item.size() as u64
    }

    fn index(&self) -> Result<&[Place]> {
        let index = self.index.get_or_init(|| {
            let place = || format!("variable `{}` of {}", self.path, self.hdf.bytes.name());
            guarded(self.hdf.bytes.name(), || self.read_index()).map_err(|error| error.context(place()))
        });
        index.as_deref().map_err(Clone::clone)
    }

    fn read_index(&self) -> Result<Vec<Place>> {
        let entries = self.entries().map_err(|error| self.hdf.corrupt(format!("the list of chunks: {error}")))?;
        let counts = self.chunks.counts();
        let mut places = Vec::with_capacity(entries.len());
        for entry in entries {
            let aligned = entry.offsets.len() == counts.len()
                && entry.offsets.iter().zip(&self.chunk_shape).all(|(offset, chunk)| offset % chunk == 0);
            if !aligned {
                return Err(self.hdf.corrupt(format!("a chunk at {:?} is not on the grid of chunks", entry.offsets)));
            }
            // What was cut off by shrinking the array may still be in the index.
            if entry.offsets.iter().zip(&self.stored.shape).any(|(offset, len)| offset >= len) {
                continue;
            }
            let index = entry.offsets.iter().zip(&self.chunk_shape).map(|(offset, chunk)| offset / chunk);
            let number = index.zip(&counts).fold(0u64, |number, (i, count)| number * count + i);
            let size = if entry.size == 0 { self.chunk_bytes() } else { entry.size };
            places.push(Place { number, start: self.hdf.base + entry.address, size, mask: entry.filter_mask });
        }
        places.sort_by_key(|place| place.number);
        Ok(places)
    }

    fn entries(&self) -> Parsed<Vec<ChunkEntry>> {
        let Ok(DataLayout::Chunked { address, dims, chunk_indexing, .. }) = &self.stored.layout else {
            return Ok(Vec::new());
        };
        let (storage, address) = (self.hdf.file.storage(), *address);
        let (offsets, lengths) = (self.hdf.offset_size(), self.hdf.length_size());
        let (shape, rank) = (&self.stored.shape, self.stored.shape.len());
        if Cursor::is_undefined_offset(address, offsets) {
            return Ok(Vec::new());
        }
        match chunk_indexing {
            None => {
                let leaves =
                    collect_btree_v1_leaves_storage(storage, address, offsets, lengths, Some(rank as u32), dims, None)?;
                let entry = |(key, address)| match key {
                    BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } if offsets.len() >= rank => {
                        offsets.truncate(rank);
                        Ok(ChunkEntry { address, size: u64::from(chunk_size), filter_mask, offsets })
                    }
                    _ => Err(ParseError::InvalidData("a key that belongs to no chunk".into())),
                };
                leaves.into_iter().map(entry).collect()
            }
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
                Ok(vec![single_chunk_entry(address, *filtered_size, *filters, rank)])
            }
            Some(ChunkIndexing::BTreeV2) => {
                collect_v2_chunk_entries_storage(storage, address, offsets, lengths, rank as u32, dims, None)
            }
            Some(ChunkIndexing::Implicit) => {
                collect_implicit_chunk_entries(address, shape, dims, self.item.size(), None, storage.len())
            }
            Some(ChunkIndexing::FixedArray { .. }) => {
                collect_fixed_array_chunk_entries_storage(storage, address, offsets, lengths, shape, dims, None)
            }
            Some(ChunkIndexing::ExtensibleArray { .. }) => {
                let max = self.stored.max_shape.as_deref();
                collect_extensible_array_chunk_entries_storage(
                    storage, address, offsets, lengths, shape, max, dims, None,
                )
            }
        }
    }

    /// The stored chunks that touch a region, in C order: number and box (cut at the array's end).
    fn touched(&self, region: &Region) -> impl Iterator<Item = (u64, Region)> {
        let counts = self.chunks.counts();
        self.chunks.touching(region).map(move |chunk| {
            let index = chunk.ranges().iter().zip(&self.chunk_shape).map(|(range, len)| range.start / len);
            (index.zip(&counts).fold(0, |number, (i, count)| number * count + i), chunk)
        })
    }

    fn place(index: &[Place], number: u64) -> Option<Place> {
        index.binary_search_by_key(&number, |place| place.number).ok().and_then(|at| index.get(at)).copied()
    }

    fn ranges(&self, region: &Region) -> Result<Vec<Option<Range<u64>>>> {
        let index = self.index()?;
        Ok(self
            .touched(region)
            .map(|(number, _)| Self::place(index, number).map(|p| p.start..p.start + p.size))
            .collect())
    }

    /// The plain bytes of a chunk, of the full chunk shape.
    fn plain(&self, bytes: &Bytes, mask: u32) -> Result<Bytes> {
        let size = self.chunk_bytes() as usize;
        let plain = if self.filters.is_empty() {
            bytes.clone()
        } else {
            recycled_bytes(self.filters.undo(bytes, mask, size, self.item.size())?)
        };
        if plain.len() < size {
            return Err(Error::corrupt(format!("it holds {} bytes instead of {size}", plain.len())));
        }
        Ok(plain.slice(..size))
    }
}

impl ChunkIndexer for ChunkedSource {
    fn manifest(&self) -> Result<Manifest> {
        let Chunked { hdf, chunks, chunk_shape, filters, item, .. } = &*self.0;
        let places = self.0.index()?;
        if places.iter().any(|place| place.mask != 0) {
            return Err(Error::unsupported("some of its chunks skip filters, which references cannot express"));
        }
        let counts = chunks.counts();
        let index = |number: u64| {
            let mut rest = number;
            let mut index: Vec<u64> = counts
                .iter()
                .rev()
                .map(|&count| {
                    let i = rest % count.max(1);
                    rest /= count.max(1);
                    i
                })
                .collect();
            index.reverse();
            index
        };
        Ok(Manifest {
            url: hdf.bytes.name().to_owned(),
            dtype: item.numpy_name()?,
            chunk_shape: chunk_shape.clone(),
            codecs: filters.numcodecs(item.size())?,
            chunks: places.iter().map(|place| (index(place.number), place.start, place.size)).collect(),
        })
    }
}

impl fmt::Debug for ChunkedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkedSource({} in {})", self.0.path, self.0.hdf.bytes.name())
    }
}

impl Source for ChunkedSource {
    fn spec(&self) -> Option<SourceSpec> {
        Some(SourceSpec { reader: "netcdf".into(), url: self.0.hdf.bytes.name().into(), variable: self.0.path.clone() })
    }

    fn dtype(&self) -> DType {
        self.0.item.dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.0.grid
    }

    fn reads_late(&self) -> bool {
        !self.0.hdf.bytes.is_remote()
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        match self.0.index.get() {
            Some(Ok(index)) => self
                .0
                .touched(region)
                .filter_map(|(number, _)| Chunked::place(index, number))
                .map(|place| place.size)
                .sum(),
            // Before the index is read (the first fetch does it): codecs add little to what they cannot compress.
            _ => {
                let chunk = self.0.chunk_bytes();
                let n: u64 = self
                    .0
                    .chunks
                    .axes()
                    .iter()
                    .zip(region.ranges())
                    .map(|(axis, range)| {
                        let touching = axis.touching(range);
                        touching.end - touching.start
                    })
                    .product();
                n.saturating_mul(chunk + chunk / 64 + 4096)
            }
        }
    }

    fn decode_scratch(&self, _region: &Region) -> u64 {
        // Two filters deep: what one gives and what the next makes of it.
        2 * self.0.chunk_bytes()
    }

    fn fetch(&self, region: &Region) -> Fetch {
        if self.0.index.get().is_some() {
            return match self.0.ranges(region) {
                Ok(ranges) => self.0.hdf.bytes.fetch(ranges),
                Err(error) => Fetch::Ready(Err(error)),
            };
        }
        let (source, region) = (self.0.clone(), region.clone());
        if !self.0.hdf.bytes.is_remote() {
            return Fetch::Blocking(Box::new(move || match source.hdf.bytes.fetch(source.ranges(&region)?) {
                Fetch::Ready(encoded) => encoded,
                Fetch::Blocking(read) => read(),
                Fetch::Pending(_) => Err(Error::internal("a local read that is pending")),
            }));
        }
        Fetch::Pending(crate::runtime::spawn(async move {
            let (reader, region) = (source.clone(), region);
            // The index is read by a parser that blocks.
            let ranges = tokio::task::spawn_blocking(move || reader.ranges(&region));
            let ranges =
                ranges.await.unwrap_or_else(|_| Err(Error::internal("the read of a chunk index ended early")))?;
            source.hdf.bytes.read_all(ranges).await
        }))
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let index = self.0.index()?;
        let extents = region.extents();
        let size = self.0.item.size();
        let stored = Region::whole(&self.0.stored.shape);
        let touched: Vec<(u64, Region)> = self.0.touched(region).collect();
        if touched.len() != encoded.pieces.len() {
            return Err(Error::internal(format!("the pieces of `{}` do not belong to {region:?}", self.0.path)));
        }
        let fail = |error: Error, chunk: &Region| {
            error.context(format!("variable `{}` of {}, chunk {chunk:?}", self.0.path, self.0.hdf.bytes.name()))
        };
        let plain = |piece: &Bytes, number: u64, chunk: &Region| {
            let mask = Chunked::place(index, number).map_or(0, |place| place.mask);
            self.0.plain(piece, mask).map_err(|error| fail(error, chunk))
        };
        // One whole chunk: its bytes are the block.
        if let [(number, chunk)] = &touched[..]
            && chunk == region
            && region.shape() == self.0.chunk_shape
            && stored.contains(region)
            && let Some(Some(piece)) = encoded.pieces.first()
        {
            return self.0.item.decode(plain(piece, *number, chunk)?, &extents);
        }
        let fill =
            self.0.stored.fill.as_ref().filter(|fill| fill.len() == size).cloned().unwrap_or_else(|| vec![0; size]);
        let n_values: usize = extents.iter().product();
        let mut values = recycled_vec(size * n_values);
        if encoded.pieces.iter().all(Option::is_some) && stored.contains(region) {
            // All of it is written over.
            values.resize(size * n_values, 0);
        } else {
            (0..n_values).for_each(|_| values.extend_from_slice(&fill));
        }
        for ((number, chunk), piece) in touched.iter().zip(encoded.pieces) {
            let Some(piece) = piece else { continue };
            let chunk_bytes = plain(&piece, *number, chunk)?;
            // Past what is stored, an array that has grown holds fill values.
            if let Some(shared) = chunk.intersect(region).and_then(|shared| shared.intersect(&stored)) {
                copy(&chunk_bytes, chunk, &self.0.chunk_shape, &mut values, region, &shared, size);
            }
        }
        self.0.item.decode(recycled_bytes(values), &extents)
    }
}

/// Copies the box `shared` from a chunk (at `chunk`, of `chunk_shape`) into the values of `region`; both in C order.
fn copy(
    from: &[u8],
    chunk: &Region,
    chunk_shape: &[u64],
    to: &mut [u8],
    region: &Region,
    shared: &Region,
    size: usize,
) {
    let rank = shared.rank();
    let (Some(inner), region_shape) = (rank.checked_sub(1), region.shape()) else {
        to.copy_from_slice(&from[..size]);
        return;
    };
    let run = shared.shape()[inner] as usize * size;
    let at = |position: &[u64], origin: &Region, shape: &[u64]| {
        let offset =
            position.iter().zip(origin.ranges()).zip(shape).fold(0, |offset, ((p, o), n)| offset * n + (p - o.start));
        offset as usize * size
    };
    let mut position: Vec<u64> = shared.ranges().iter().map(|range| range.start).collect();
    loop {
        let (source, target) = (at(&position, chunk, chunk_shape), at(&position, region, &region_shape));
        to[target..target + run].copy_from_slice(&from[source..source + run]);
        let mut axis = inner;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            position[axis] += 1;
            if position[axis] < shared.range(axis).end {
                break;
            }
            position[axis] = shared.range(axis).start;
        }
    }
}

/// Groups of small chunks, from the innermost axis outwards.
pub(super) fn grouped(shape: &[u64], chunk: &[u64], item_size: u64) -> ChunkGrid {
    let mut bytes = chunk.iter().product::<u64>() * item_size;
    let mut axes = vec![AxisChunks::single(0); shape.len()];
    for axis in (0..shape.len()).rev() {
        let count = shape[axis].div_ceil(chunk[axis]).max(1);
        let times = (GROUP_BYTES / bytes.max(1)).clamp(1, count);
        axes[axis] = AxisChunks::regular(shape[axis], chunk[axis] * times);
        bytes *= times;
    }
    ChunkGrid::new(axes)
}
