//! Stored arrays one behind the other along an axis, read as one: no plan grows with the number of files.
use std::sync::Arc;

use bytes::Bytes;
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Block, ChunkGrid, DType, Error, Region, Result, base::AxisChunks};

use crate::runtime;

/// Sources joined along an axis that all have, or along a new one on which each has one position.
#[derive(Debug)]
pub(super) struct JoinedSource {
    parts: Vec<Arc<dyn Source>>,
    /// Where each part starts on the axis, and the length of the whole.
    starts: Vec<u64>,
    axis: usize,
    is_new: bool,
    grid: ChunkGrid,
}

impl JoinedSource {
    /// Joins sources of one dtype whose shapes differ along `axis` only.
    ///
    /// # Errors
    /// If there are none, or their shapes or dtypes do not fit.
    pub(super) fn new(parts: Vec<Arc<dyn Source>>, axis: usize, is_new: bool) -> Result<Self> {
        let Some(first) = parts.first() else { return Err(Error::internal("no parts to join")) };
        let mut starts = vec![0];
        for part in &parts {
            let axes = part.grid().axes();
            let len = if is_new { 1 } else { axes.get(axis).map_or(0, AxisChunks::len) };
            let fits = part.dtype() == first.dtype()
                && axes.len() == first.grid().rank()
                && axes
                    .iter()
                    .zip(first.grid().axes())
                    .enumerate()
                    .all(|(at, (a, b))| (!is_new && at == axis) || a.len() == b.len());
            if !fits {
                return Err(Error::internal("parts that do not fit together"));
            }
            starts.push(starts[starts.len() - 1] + len);
        }
        let grid = joined_grid(&parts, &starts, axis, is_new);
        Ok(Self { parts, starts, axis, is_new, grid })
    }

    /// What a region of the whole is made of: for each part that it touches, the part's number, the pieces to read of it, each of which
    /// lies in one of the part's chunks, and the part's share of the region.
    fn shares(&self, region: &Region) -> Vec<Share> {
        let along = region.range(self.axis);
        let first = self.starts.partition_point(|&start| start <= along.start).saturating_sub(1);
        let mut shares = Vec::new();
        for part in first..self.parts.len() {
            let (start, end) = (self.starts[part], self.starts[part + 1]);
            if start >= along.end {
                break;
            }
            if end <= along.start {
                continue;
            }
            let mut ranges = region.ranges().to_vec();
            let inside = along.start.max(start) - start..along.end.min(end) - start;
            if self.is_new {
                ranges.remove(self.axis);
            } else {
                ranges[self.axis] = inside;
            }
            let wanted = Region::new(ranges);
            let source = &self.parts[part];
            let pieces = source.grid().touching(&wanted);
            let pieces = pieces.map(|chunk| match source.reads_parts() {
                true => chunk.intersect(&wanted).unwrap_or(chunk),
                false => chunk,
            });
            shares.push(Share { part, pieces: pieces.collect(), wanted });
        }
        shares
    }

    /// The block of a share, with the joined axis.
    fn block(&self, share: &Share, mut blocks: Vec<Block>) -> Result<Block> {
        let block = match (&share.pieces[..], blocks.len()) {
            ([piece], 1) if *piece == share.wanted => blocks.remove(0),
            _ => {
                let cut = share.pieces.iter().zip(blocks).filter_map(|(piece, block)| {
                    let shared = piece.intersect(&share.wanted)?;
                    let placed = shared.relative_to(&share.wanted);
                    Some(block.region(&shared.relative_to(piece)).map(|block| (placed, block)))
                });
                let cut = cut.collect::<Result<Vec<_>>>()?;
                Block::assemble(self.dtype(), &share.wanted.extents(), &cut)?
            }
        };
        if !self.is_new {
            return Ok(block);
        }
        let mut shape = block.shape().to_vec();
        shape.insert(self.axis, 1);
        block.contiguous()?.reshape(&shape)
    }
}

struct Share {
    part: usize,
    pieces: Vec<Region>,
    wanted: Region,
}

impl Source for JoinedSource {
    fn spec(&self) -> Option<SourceSpec> {
        let first = self.parts.first()?.spec()?;
        let url = format!("{} and {} more", first.url, self.parts.len() - 1);
        Some(SourceSpec { reader: "many".into(), url, variable: first.variable })
    }

    fn dtype(&self) -> DType {
        self.parts[0].dtype()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn reads_parts(&self) -> bool {
        self.parts.iter().all(|part| part.reads_parts())
    }

    fn reads_late(&self) -> bool {
        self.parts.iter().all(|part| part.reads_late())
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        let shares = self.shares(region);
        let bound = |share: &Share| {
            share.pieces.iter().map(|piece| self.parts[share.part].encoded_bound(piece)).sum::<u64>()
                + 8 * share.pieces.len() as u64
        };
        shares.iter().map(bound).sum()
    }

    fn decode_scratch(&self, region: &Region) -> u64 {
        let shares = self.shares(region);
        let item = self.dtype().item_size() as u64;
        let pieces = || shares.iter().flat_map(|share| share.pieces.iter().map(move |piece| (share.part, piece)));
        let most = pieces().map(|(part, piece)| self.parts[part].decode_scratch(piece)).max().unwrap_or(0);
        match pieces().count() {
            1 => most,
            // All pieces are held while they are put together, and once more where a part's chunks are cut.
            _ => most + 2 * pieces().map(|(_, piece)| piece.size() * item).sum::<u64>(),
        }
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let shares = self.shares(region);
        let mut fetches: Vec<Fetch> = shares
            .iter()
            .flat_map(|share| share.pieces.iter().map(|piece| self.parts[share.part].fetch(piece)))
            .collect();
        if fetches.len() == 1
            && let Some(only) = fetches.pop()
        {
            return only;
        }
        if !fetches.iter().any(|fetch| matches!(fetch, Fetch::Pending(_))) {
            return Fetch::Blocking(Box::new(move || {
                let read = |fetch| match fetch {
                    Fetch::Ready(encoded) => encoded,
                    Fetch::Blocking(read) => read(),
                    Fetch::Pending(_) => Err(Error::internal("a local read that is pending")),
                };
                fetches.into_iter().map(read).collect::<Result<Vec<_>>>().map(packed)
            }));
        }
        let reads = fetches.into_iter().map(|fetch| async move {
            match fetch {
                Fetch::Ready(encoded) => encoded,
                Fetch::Pending(read) => read.await,
                Fetch::Blocking(read) => tokio::task::spawn_blocking(read)
                    .await
                    .unwrap_or_else(|_| Err(Error::internal("a read ended early"))),
            }
        });
        let reads = futures::future::try_join_all(reads.collect::<Vec<_>>());
        Fetch::Pending(runtime::spawn(async move { reads.await.map(packed) }))
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let shares = self.shares(region);
        let n_pieces: usize = shares.iter().map(|share| share.pieces.len()).sum();
        let mut encoded = if n_pieces == 1 { vec![encoded] } else { unpacked(encoded, n_pieces)? }.into_iter();
        let mut blocks = Vec::with_capacity(shares.len());
        for share in &shares {
            let source = &self.parts[share.part];
            let parts = share.pieces.iter().zip(&mut encoded).map(|(piece, encoded)| source.decode(encoded, piece));
            blocks.push(self.block(share, parts.collect::<Result<_>>()?)?);
        }
        if blocks.len() == 1
            && let Some(only) = blocks.pop()
        {
            return Ok(only);
        }
        Block::concat(self.axis, &blocks)
    }
}

/// Several answers as one: their numbers of pieces in front.
fn packed(all: Vec<Encoded>) -> Encoded {
    let counts: Vec<u8> = all.iter().flat_map(|encoded| (encoded.pieces.len() as u64).to_le_bytes()).collect();
    let pieces = all.into_iter().flat_map(|encoded| encoded.pieces);
    Encoded { pieces: std::iter::once(Some(Bytes::from(counts))).chain(pieces).collect() }
}

fn unpacked(encoded: Encoded, n: usize) -> Result<Vec<Encoded>> {
    let lost = || Error::internal("the pieces of joined files do not belong together");
    let mut pieces = encoded.pieces.into_iter();
    let counts = pieces.next().flatten().ok_or_else(lost)?;
    if counts.len() != 8 * n {
        return Err(lost());
    }
    let take = |count: &[u8; 8]| {
        let count = u64::from_le_bytes(*count) as usize;
        Encoded { pieces: pieces.by_ref().take(count).collect() }
    };
    Ok(counts.as_chunks::<8>().0.iter().map(take).collect())
}

/// The chunks of the parts one behind the other; along other axes theirs if they agree, else whole ones.
fn joined_grid(parts: &[Arc<dyn Source>], starts: &[u64], axis: usize, is_new: bool) -> ChunkGrid {
    let first = parts[0].grid();
    let other = |at: usize| {
        let chunks = &first.axes()[at];
        let agree = parts.iter().all(|part| part.grid().axes().get(at) == Some(chunks));
        if agree { chunks.clone() } else { AxisChunks::single(chunks.len()) }
    };
    let mut boundaries = vec![0];
    for (part, start) in parts.iter().zip(starts) {
        if is_new {
            boundaries.push(start + 1);
            continue;
        }
        let chunks = &part.grid().axes()[axis];
        boundaries.extend((0..chunks.n_chunks()).map(|chunk| start + chunks.range(chunk).end));
    }
    let along = AxisChunks::from_boundaries(boundaries);
    let mut axes: Vec<AxisChunks> = (0..first.rank()).filter(|&at| is_new || at != axis).map(other).collect();
    axes.insert(axis.min(axes.len()), along);
    ChunkGrid::new(axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read_region;
    use terracube_cube::source::MemorySource;

    #[test]
    fn any_region_of_the_whole_is_found_in_its_parts() {
        let part = |rows: std::ops::Range<i32>, chunk: [u64; 2]| -> Arc<dyn Source> {
            let values: Vec<i32> = rows.clone().flat_map(|row| (0..3).map(move |column| row * 10 + column)).collect();
            let shape = [rows.len(), 3];
            MemorySource::new(Block::new(&shape, values).unwrap(), ChunkGrid::regular(&[rows.len() as u64, 3], &chunk))
        };
        let parts = vec![part(0..4, [2, 3]), part(4..5, [1, 3]), part(5..8, [3, 2])];
        let joined = JoinedSource::new(parts.clone(), 0, false).unwrap();
        assert_eq!(joined.grid().shape(), [8, 3]);
        assert_eq!(joined.grid().axes()[0], AxisChunks::from_boundaries(vec![0, 2, 4, 5, 8]));
        for (rows, columns) in [(0..8, 0..3), (3..6, 1..3), (4..5, 0..1), (7..8, 2..3), (0..4, 0..3)] {
            let block = read_region(&joined, &Region::new(vec![rows.clone(), columns.clone()])).unwrap();
            let wanted: Vec<i32> =
                rows.flat_map(|row| columns.clone().map(move |column| (row * 10 + column) as i32)).collect();
            assert_eq!(block.contiguous().unwrap().values::<i32>().unwrap(), wanted);
        }
        let stacked = JoinedSource::new(vec![parts[0].clone(), part(10..14, [4, 1])], 0, true).unwrap();
        assert_eq!(stacked.grid().shape(), [2, 4, 3]);
        let block = read_region(&stacked, &Region::new(vec![0..2, 3..4, 1..3])).unwrap();
        assert_eq!(
            (block.shape(), block.contiguous().unwrap().values::<i32>().unwrap()),
            (&[2, 1, 2][..], &[31, 32, 131, 132][..])
        );
        assert!(JoinedSource::new(vec![parts[0].clone(), stacked_of_another_shape()], 0, true).is_err());
    }

    fn stacked_of_another_shape() -> Arc<dyn Source> {
        MemorySource::new(Block::new(&[2], vec![1i32, 2]).unwrap(), ChunkGrid::single(&[2]))
    }
}
