//! Chunks that lie across those of the source: several are brought together, so that each chunk of the source is decoded once and not for
//! every chunk that it touches.
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use terracube_cube::base::AxisChunks;
use terracube_cube::execute::{ArraySpec, Sink};
use terracube_cube::{Block, ChunkGrid, Region, Result};

use super::ZarrSink;

/// A sink that takes boxes of several chunks and writes these side by side.
pub(super) struct JoinedSink {
    sink: Arc<ZarrSink>,
    grid: ChunkGrid,
}

impl JoinedSink {
    /// A sink for boxes of at most `most` bytes, if that means less decoding of chunks of `source`.
    pub(super) fn new(sink: Arc<ZarrSink>, source: &ChunkGrid, item_size: u64, most: u64) -> Option<Self> {
        let grid = joined(sink.grid(), source, item_size, most)?;
        Some(Self { sink, grid })
    }
}

/// Boxes of chunks of `wanted` that fit into `most` bytes and touch the fewest chunks of `source`, each box counted for itself.
fn joined(wanted: &ChunkGrid, source: &ChunkGrid, item_size: u64, most: u64) -> Option<ChunkGrid> {
    let shape = wanted.shape();
    if source.shape() != shape || shape.contains(&0) {
        return None;
    }
    let chunks = wanted.largest_chunk();
    // By axis: lengths of boxes, and how many chunks of the source they touch.
    let choices: Vec<Vec<(u64, u64)>> = (0..chunks.len())
        .map(|axis| {
            let n = shape[axis].div_ceil(chunks[axis]);
            let mut lengths: Vec<u64> = box_counts(n).map(|count| n.div_ceil(count) * chunks[axis]).collect();
            lengths.dedup();
            let choice = |len: u64| (len, touches(len, source, axis));
            let alone = touches(chunks[axis], source, axis);
            lengths.into_iter().map(choice).filter(|&(len, found)| len == chunks[axis] || found < alone).collect()
        })
        .collect();
    let mut best = Best { n_touched: u64::MAX, bytes: u64::MAX, lengths: chunks.clone() };
    best.search(&choices, &mut Vec::new(), 1, item_size, most);
    let alone = (0..chunks.len()).map(|axis| touches(chunks[axis], source, axis)).fold(1, u64::saturating_mul);
    // A little less decoding is not worth more memory.
    let is_worth_it = best.n_touched <= alone / 2;
    let grid = || shape.iter().zip(&best.lengths).map(|(&len, &n)| AxisChunks::regular(len, n)).collect();
    is_worth_it.then(|| ChunkGrid::new(grid()))
}

/// Numbers of boxes that `n` chunks are put into: not all of them, so that the search stays short.
fn box_counts(n: u64) -> impl Iterator<Item = u64> {
    (1..=8).chain([10, 12, 16, 24, 32, 64, 256]).take_while(move |&count| count < n).chain([n])
}

struct Best {
    n_touched: u64,
    bytes: u64,
    lengths: Vec<u64>,
}

impl Best {
    fn search(&mut self, left: &[Vec<(u64, u64)>], chosen: &mut Vec<u64>, n_touched: u64, bytes: u64, most: u64) {
        if bytes > most || n_touched > self.n_touched {
            return;
        }
        let Some((axis, rest)) = left.split_first() else {
            if (n_touched, bytes) < (self.n_touched, self.bytes) {
                *self = Self { n_touched, bytes, lengths: chosen.clone() };
            }
            return;
        };
        for &(len, touched) in axis {
            chosen.push(len);
            self.search(rest, chosen, n_touched.saturating_mul(touched), bytes.saturating_mul(len), most);
            chosen.pop();
        }
    }
}

/// How many chunks of the source boxes of these lengths touch along an axis, all together.
fn touches(len: u64, source: &ChunkGrid, axis: usize) -> u64 {
    let chunks = &source.axes()[axis];
    let (n_boxes, n_chunks) = (chunks.len().div_ceil(len), chunks.n_chunks());
    match chunks {
        AxisChunks::Regular { chunk, .. } if len.is_multiple_of(*chunk) || n_boxes == 1 => n_chunks,
        AxisChunks::Regular { chunk, .. } if chunk.is_multiple_of(len) => n_boxes,
        _ if n_boxes == 1 => n_chunks,
        // Each border of either begins something new.
        _ => n_boxes + n_chunks - 1,
    }
}

impl Sink for JoinedSink {
    fn chunks(&self) -> Option<ChunkGrid> {
        Some(self.grid.clone())
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        self.sink.begin(spec)
    }

    /// Chunks are cut out, packed and encoded by all workers: whoever brings a box this large works alone.
    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        let chunks: Vec<Region> = self.sink.grid().touching(region).collect();
        chunks.par_iter().try_for_each(|chunk| {
            let part = block.region(&chunk.relative_to(region))?;
            self.sink.write_block(chunk, &part)
        })
    }

    fn finish(&self) -> Result<()> {
        self.sink.complete()
    }
}

impl fmt::Debug for JoinedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinedSink({:?} in {:?})", self.sink, self.grid.largest_chunk())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_where_that_saves_decoding_and_memory_allows() {
        let check = |shape: &[u64], source: &[u64], wanted: &[u64], most: u64, expected: Option<&[u64]>| {
            let (source, wanted) = (ChunkGrid::regular(shape, source), ChunkGrid::regular(shape, wanted));
            let found = joined(&wanted, &source, 4, most).map(|grid| grid.largest_chunk());
            assert_eq!(found.as_deref(), expected, "{shape:?} {most}");
        };
        // Time series out of maps: all of it at once, or as much as may be held.
        check(&[1440, 361, 720], &[24, 361, 720], &[1440, 19, 72], 2 << 30, Some(&[1440, 361, 720]));
        check(&[1440, 361, 720], &[24, 361, 720], &[1440, 19, 72], 400 << 20, Some(&[1440, 190, 360]));
        check(&[1440, 361, 720], &[24, 361, 720], &[1440, 19, 72], 1 << 20, None);
        check(&[1440, 361, 720], &[24, 361, 720], &[1440, 19, 72], 20 << 20, Some(&[1440, 19, 144]));
        // What fits is left alone.
        check(&[100, 100], &[10, 10], &[10, 10], 1 << 30, None);
        check(&[100, 100], &[10, 10], &[20, 50], 1 << 30, None);
        check(&[100, 100], &[20, 50], &[10, 10], 1 << 30, Some(&[20, 50]));
        check(&[0, 5], &[1, 1], &[1, 5], 1 << 30, None);
    }
}
