//! Values that stand uncompressed in a file at computable offsets: NetCDF classic variables and contiguous HDF5 datasets.
use std::ops::Range;

use bytes::Bytes;
use terracube_cube::base::{AxisChunks, Block, ChunkGrid, DType, Region, recycled_bytes, recycled_vec};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Error, Result};

use super::bytes::FileBytes;
use super::item::Item;
use crate::manifest::{ChunkIndexer, Manifest};

/// Runs of bytes whose gap is not larger than this are read in one go.
const JOIN_GAP: u64 = 64 << 10;
/// The engine reads in chunks of about this size; being uncompressed, it may ask for parts of them.
const CHUNK_BYTES: u64 = 8 << 20;

/// Where the value at a position stands: `offset + Σ position·stride` bytes.
#[derive(Debug, Clone)]
pub(super) struct FlatSource {
    pub file: FileBytes,
    pub variable: String,
    pub item: Item,
    pub shape: Vec<u64>,
    pub offset: u64,
    /// Bytes from one position to the next, per axis.
    pub strides: Vec<u64>,
    grid: ChunkGrid,
}

impl FlatSource {
    /// A source over values in C order from `offset` on; `record` is the distance of records on the first axis, where it differs.
    ///
    /// # Errors
    /// If the offsets do not fit 64 bits.
    pub(super) fn new(
        file: FileBytes,
        variable: &str,
        item: Item,
        shape: Vec<u64>,
        offset: u64,
        record: Option<u64>,
    ) -> Result<Self> {
        let overflow = || Error::corrupt(format!("the values of `{variable}` would need more than 2^64 bytes"));
        let mut strides = vec![0; shape.len()];
        let mut step = item.size() as u64;
        for axis in (0..shape.len()).rev() {
            strides[axis] = if axis == 0 { record.unwrap_or(step) } else { step };
            step = strides[axis].checked_mul(shape[axis].max(1)).ok_or_else(overflow)?;
        }
        offset.checked_add(step).ok_or_else(overflow)?;
        let grid = grid(&shape, item.size());
        Ok(Self { file, variable: variable.to_owned(), item, shape, offset, strides, grid })
    }

    /// The byte offset after the last value.
    pub(super) fn end(&self) -> u64 {
        if self.shape.contains(&0) {
            return self.offset;
        }
        let last: u64 = self.shape.iter().zip(&self.strides).map(|(len, stride)| (len - 1) * stride).sum();
        self.offset + last + self.item.size() as u64
    }

    /// The bytes that stand together, and the number of axes outside of them.
    fn run_length(&self, region: &Region) -> (u64, usize) {
        let mut length = self.item.size() as u64;
        let mut outer = region.rank();
        // An axis is part of the run if all axes within it are whole and its positions touch.
        while outer > 0 && self.strides[outer - 1] == length {
            outer -= 1;
            let extent = region.range(outer);
            length *= extent.end - extent.start;
        }
        (length, outer)
    }

    /// The runs of bytes of a region in C order: where each starts, and the length that all share.
    fn runs(&self, region: &Region) -> (Vec<u64>, u64) {
        let (length, outer) = self.run_length(region);
        let first = self.offset + region.ranges().iter().zip(&self.strides).map(|(r, s)| r.start * s).sum::<u64>();
        let mut starts = vec![first];
        for axis in 0..outer {
            let extent = region.range(axis);
            let count = (extent.end - extent.start) as usize;
            let mut next = Vec::with_capacity(starts.len() * count);
            for start in &starts {
                next.extend((0..count as u64).map(|i| start + i * self.strides[axis]));
            }
            starts = next;
        }
        (starts, length)
    }

    /// The ranges to read: runs joined over small gaps.
    fn spans(starts: &[u64], length: u64) -> Vec<Range<u64>> {
        let mut spans: Vec<Range<u64>> = Vec::new();
        for &start in starts {
            match spans.last_mut() {
                Some(span) if start >= span.start && start.saturating_sub(span.end) <= JOIN_GAP => {
                    span.end = span.end.max(start + length);
                }
                _ => spans.push(start..start + length),
            }
        }
        spans
    }
}

impl Source for FlatSource {
    fn spec(&self) -> Option<SourceSpec> {
        Some(SourceSpec { reader: "netcdf".into(), url: self.file.name().into(), variable: self.variable.clone() })
    }

    fn dtype(&self) -> DType {
        self.item.dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_parts(&self) -> bool {
        true
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        if region.is_empty() {
            return 0;
        }
        let size = self.item.size() as u64;
        let extent: u64 =
            region.ranges().iter().zip(&self.strides).map(|(r, stride)| (r.end - r.start - 1) * stride).sum::<u64>()
                + size;
        // A gap between two runs is read only if it is small.
        let n_runs = region.size() * size / self.run_length(region).0;
        extent.min(region.size() * size + n_runs * JOIN_GAP)
    }

    fn fetch(&self, region: &Region) -> Fetch {
        if region.is_empty() {
            return Fetch::Ready(Ok(Encoded::default()));
        }
        let (starts, length) = self.runs(region);
        self.file.fetch(Self::spans(&starts, length).into_iter().map(Some).collect())
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let shape = region.extents();
        if region.is_empty() {
            return self.item.decode(Bytes::new(), &shape);
        }
        let (starts, length) = self.runs(region);
        let spans = Self::spans(&starts, length);
        let lost = || Error::internal(format!("the pieces of `{}` do not belong to {region:?}", self.variable));
        let pieces: Vec<_> = encoded.pieces.into_iter().flatten().collect();
        if spans.len() != pieces.len() || pieces.iter().zip(&spans).any(|(p, s)| p.len() as u64 != s.end - s.start) {
            return Err(lost());
        }
        if starts.len() == 1 {
            return self.item.decode(pieces.into_iter().next().ok_or_else(lost)?, &shape);
        }
        let mut values = recycled_vec(starts.len() * length as usize);
        let mut at = 0;
        for start in starts {
            // Runs and spans were made in the same order, so the span of a run is this one or the next.
            while spans.get(at).is_some_and(|span| start < span.start || start + length > span.end) {
                at += 1;
            }
            let (span, piece) = spans.get(at).zip(pieces.get(at)).ok_or_else(lost)?;
            let from = (start - span.start) as usize;
            values.extend_from_slice(&piece[from..from + length as usize]);
        }
        self.item.decode(recycled_bytes(values), &shape)
    }
}

impl ChunkIndexer for FlatSource {
    /// Rows of the first axis: one for each record, or as many as make a chunk.
    fn manifest(&self) -> Result<Manifest> {
        let size = self.item.size() as u64;
        let row = self.shape.iter().skip(1).product::<u64>() * size;
        let touching = self.strides.first().is_none_or(|&stride| stride == row);
        let mut chunk_shape = self.shape.clone();
        let mut chunks = Vec::new();
        match chunk_shape.first_mut() {
            None => chunks.push((Vec::new(), self.offset, size)),
            Some(_) if self.shape.contains(&0) => {}
            Some(rows) => {
                // Every chunk must be whole, as Zarr has no shorter ones: a number of rows that divides them.
                let most = if touching { (CHUNK_BYTES / row.max(1)).clamp(1, *rows) } else { 1 };
                let n = (1..=most).rev().find(|n| *rows % n == 0).unwrap_or(1);
                let count = *rows / n;
                *rows = n;
                let inner = vec![0; self.shape.len() - 1];
                chunks.extend((0..count).map(|i| {
                    let index = std::iter::once(i).chain(inner.iter().copied()).collect();
                    (index, self.offset + i * n * self.strides[0], n * row)
                }));
            }
        }
        let dtype = self.item.numpy_name()?;
        Ok(Manifest { url: self.file.name().to_owned(), dtype, chunk_shape, codecs: Vec::new(), chunks })
    }
}

pub(super) fn grid(shape: &[u64], item_size: usize) -> ChunkGrid {
    let mut inner = item_size.max(1) as u64;
    let mut axes = vec![AxisChunks::single(0); shape.len()];
    for axis in (0..shape.len()).rev() {
        let chunk = (CHUNK_BYTES / inner.max(1)).clamp(1, shape[axis].max(1));
        axes[axis] = AxisChunks::regular(shape[axis], chunk);
        // Once an axis is cut, the ones outside it are cut into single positions.
        inner = if chunk < shape[axis] { CHUNK_BYTES } else { inner.saturating_mul(shape[axis].max(1)) };
    }
    ChunkGrid::new(axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read_region;

    fn source(shape: &[u64], record: Option<u64>) -> FlatSource {
        let bytes: Vec<u8> = (0..2000u32).map(|i| (i % 251) as u8).collect();
        let file = FileBytes::memory("m", bytes);
        FlatSource::new(file, "v", Item::Number { dtype: DType::U8, big_endian: true }, shape.to_vec(), 10, record)
            .unwrap()
    }

    #[test]
    fn regions_of_contiguous_and_record_data_are_found() {
        let flat = source(&[4, 5, 6], None);
        let block = read_region(&flat, &Region::new(vec![1..3, 2..4, 1..6])).unwrap();
        let expected: Vec<u8> = (1..3)
            .flat_map(|i| (2..4).flat_map(move |j| (1..6).map(move |k| ((10 + i * 30 + j * 6 + k) % 251) as u8)))
            .collect();
        assert_eq!(block.values::<u8>().unwrap(), expected);
        let records = source(&[3, 4], Some(100));
        let block = read_region(&records, &Region::whole(&[3, 4])).unwrap();
        assert_eq!(block.values::<u8>().unwrap(), [10, 11, 12, 13, 110, 111, 112, 113, 210, 211, 212, 213]);
        assert_eq!(records.end(), 214);
        assert!(read_region(&records, &Region::new(vec![0..0, 0..4])).unwrap().is_empty());
    }

    #[test]
    fn a_region_past_the_end_says_truncated() {
        let error = read_region(&source(&[3000], None), &Region::whole(&[3000])).unwrap_err();
        assert!(error.to_string().contains("m is truncated"), "{error}");
    }
}
