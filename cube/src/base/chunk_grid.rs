//! How axes are cut into chunks: symbolic, so that a billion chunks cost nothing.
use std::ops::Range;
use std::sync::Arc;

use super::Region;

/// How one axis is cut.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AxisChunks {
    /// Chunks of `chunk` positions (at least 1), the last one shorter if `len` is no multiple.
    Regular {
        /// Positions on the axis.
        len: u64,
        /// Positions per chunk.
        chunk: u64,
    },
    /// The starts of the chunks and the length at the end: strictly increasing from 0, at least two entries unless the axis is empty.
    Irregular(Arc<[u64]>),
}

impl AxisChunks {
    /// Chunks of `chunk` positions; 0 counts as 1.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// let axis = AxisChunks::regular(10, 4);
    /// assert_eq!((axis.n_chunks(), axis.range(2)), (3, 8..10));
    /// ```
    pub fn regular(len: u64, chunk: u64) -> Self {
        Self::Regular { len, chunk: chunk.max(1) }
    }

    /// One chunk.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!((AxisChunks::single(10).n_chunks(), AxisChunks::single(10).range(0)), (1, 0..10));
    /// ```
    pub fn single(len: u64) -> Self {
        Self::regular(len, len)
    }

    /// Chunks that start at the given boundaries (0 first, the length last); found to be regular where they are.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!(AxisChunks::from_boundaries(vec![0, 4, 8, 10]), AxisChunks::regular(10, 4));
    /// assert_eq!(AxisChunks::from_boundaries(vec![0, 3, 10]).range(1), 3..10);
    /// ```
    pub fn from_boundaries(boundaries: Vec<u64>) -> Self {
        let len = boundaries.last().copied().unwrap_or(0);
        if boundaries.len() < 2 {
            return Self::single(len);
        }
        let chunk = boundaries[1] - boundaries[0];
        let regular = boundaries.windows(2).enumerate().all(|(position, pair)| {
            pair[1] - pair[0] == chunk || (position + 2 == boundaries.len() && pair[1] - pair[0] < chunk)
        });
        if regular { Self::regular(len, chunk) } else { Self::Irregular(boundaries.into()) }
    }

    /// Positions on the axis.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!(AxisChunks::from_boundaries(vec![0, 3, 10]).len(), 10);
    /// ```
    pub fn len(&self) -> u64 {
        match self {
            Self::Regular { len, .. } => *len,
            Self::Irregular(boundaries) => boundaries.last().copied().unwrap_or(0),
        }
    }

    /// Whether the axis has no positions.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert!(AxisChunks::single(0).is_empty() && !AxisChunks::single(1).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of chunks.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!((AxisChunks::regular(10, 4).n_chunks(), AxisChunks::regular(0, 4).n_chunks()), (3, 0));
    /// ```
    pub fn n_chunks(&self) -> u64 {
        match self {
            Self::Regular { len, chunk } => len.div_ceil(*chunk),
            Self::Irregular(boundaries) => boundaries.len().saturating_sub(1) as u64,
        }
    }

    /// The positions of one chunk; empty if `index` is past the last.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// let axis = AxisChunks::regular(10, 4);
    /// assert_eq!((axis.range(0), axis.range(2)), (0..4, 8..10));
    /// assert!(axis.range(3).is_empty());
    /// ```
    pub fn range(&self, index: u64) -> Range<u64> {
        match self {
            Self::Regular { len, chunk } => {
                index.saturating_mul(*chunk).min(*len)..(index + 1).saturating_mul(*chunk).min(*len)
            }
            Self::Irregular(boundaries) => {
                let index = index as usize;
                match (boundaries.get(index), boundaries.get(index + 1)) {
                    (Some(start), Some(end)) => *start..*end,
                    _ => self.len()..self.len(),
                }
            }
        }
    }

    /// The chunk that holds a position, which must be on the axis.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!((AxisChunks::regular(10, 4).chunk_of(7), AxisChunks::from_boundaries(vec![0, 3, 10]).chunk_of(3)), (1, 1));
    /// ```
    pub fn chunk_of(&self, position: u64) -> u64 {
        match self {
            Self::Regular { chunk, .. } => position / chunk,
            Self::Irregular(boundaries) => {
                boundaries.partition_point(|&start| start <= position).saturating_sub(1) as u64
            }
        }
    }

    /// The indices of the chunks that touch `range`.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!((AxisChunks::regular(10, 4).touching(&(3..5)), AxisChunks::regular(10, 4).touching(&(5..5))), (0..2, 0..0));
    /// ```
    pub fn touching(&self, range: &Range<u64>) -> Range<u64> {
        if range.start >= range.end || self.is_empty() {
            return 0..0;
        }
        self.chunk_of(range.start)..self.chunk_of((range.end - 1).min(self.len() - 1)) + 1
    }

    /// Positions in the largest chunk.
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!((AxisChunks::regular(10, 4).largest(), AxisChunks::from_boundaries(vec![0, 3, 10]).largest()), (4, 7));
    /// ```
    pub fn largest(&self) -> u64 {
        match self {
            Self::Regular { len, chunk } => *len.min(chunk),
            Self::Irregular(boundaries) => boundaries.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0),
        }
    }

    /// The same chunks seen through the positions `start`, `start + step`, ... (`len` of them, `step` at least 1).
    ///
    /// ```
    /// use terracube_cube::base::AxisChunks;
    /// assert_eq!(AxisChunks::regular(12, 4).slice(4, 4, 2), AxisChunks::regular(4, 2));
    /// ```
    #[must_use]
    pub fn slice(&self, start: u64, len: u64, step: u64) -> Self {
        if let Self::Regular { chunk, .. } = self
            && start.is_multiple_of(*chunk)
            && (chunk.is_multiple_of(step) || len * step <= *chunk)
        {
            return Self::regular(len, (chunk / step).max(1).min(len.max(1)));
        }
        if len == 0 {
            return Self::single(0);
        }
        let last = start + (len - 1) * step;
        let mut boundaries = vec![0];
        for index in self.touching(&(start..last + 1)) {
            let end = self.range(index).end.min(last + 1);
            let position = (end - start).div_ceil(step).min(len);
            if boundaries.last() != Some(&position) {
                boundaries.push(position);
            }
        }
        Self::from_boundaries(boundaries)
    }
}

/// How an array is cut into chunks, axis by axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChunkGrid {
    axes: Vec<AxisChunks>,
}

impl ChunkGrid {
    /// A grid from its axes.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// use terracube_cube::base::AxisChunks;
    /// let grid = ChunkGrid::new(vec![AxisChunks::single(3), AxisChunks::regular(10, 4)]);
    /// assert_eq!((grid.shape(), grid.counts()), (vec![3, 10], vec![1, 3]));
    /// ```
    pub fn new(axes: Vec<AxisChunks>) -> Self {
        Self { axes }
    }

    /// Chunks of `chunk` positions per axis; both lists must be of the same length.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[3, 4]).counts(), [1, 3]);
    /// ```
    pub fn regular(shape: &[u64], chunk: &[u64]) -> Self {
        Self { axes: shape.iter().zip(chunk).map(|(&len, &chunk)| AxisChunks::regular(len, chunk)).collect() }
    }

    /// One chunk.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::single(&[3, 10]).n_chunks(), 1);
    /// ```
    pub fn single(shape: &[u64]) -> Self {
        Self { axes: shape.iter().map(|&len| AxisChunks::single(len)).collect() }
    }

    /// The axes.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[3, 4]).axes()[1].n_chunks(), 3);
    /// ```
    pub fn axes(&self) -> &[AxisChunks] {
        &self.axes
    }

    /// The number of axes.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[3, 4]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.axes.len()
    }

    /// The lengths of the axes.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[3, 4]).shape(), [3, 10]);
    /// ```
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(AxisChunks::len).collect()
    }

    /// Positions per axis of the largest chunk.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[8, 4]).largest_chunk(), [3, 4]);
    /// ```
    pub fn largest_chunk(&self) -> Vec<u64> {
        self.axes.iter().map(AxisChunks::largest).collect()
    }

    /// The number of chunks per axis.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[1, 4]).counts(), [3, 3]);
    /// ```
    pub fn counts(&self) -> Vec<u64> {
        self.axes.iter().map(AxisChunks::n_chunks).collect()
    }

    /// The number of chunks, saturating; 1 for a scalar.
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!((ChunkGrid::regular(&[3, 10], &[1, 4]).n_chunks(), ChunkGrid::single(&[]).n_chunks()), (9, 1));
    /// ```
    pub fn n_chunks(&self) -> u64 {
        self.axes.iter().fold(1, |n, axis| n.saturating_mul(axis.n_chunks()))
    }

    /// The box of a chunk; `None` if the index lies outside the grid or has another rank.
    ///
    /// ```
    /// use terracube_cube::{ChunkGrid, Region};
    /// let grid = ChunkGrid::regular(&[3, 10], &[1, 4]);
    /// assert_eq!(grid.region(&[2, 2]), Some(Region::new(vec![2..3, 8..10])));
    /// assert_eq!(grid.region(&[3, 0]), None);
    /// ```
    pub fn region(&self, index: &[u64]) -> Option<Region> {
        (index.len() == self.rank() && index.iter().zip(&self.axes).all(|(&i, axis)| i < axis.n_chunks()))
            .then(|| Region::new(index.iter().zip(&self.axes).map(|(&i, axis)| axis.range(i)).collect()))
    }

    /// The index of the `n`-th chunk in C order (last axis fastest).
    ///
    /// ```
    /// use terracube_cube::ChunkGrid;
    /// assert_eq!(ChunkGrid::regular(&[3, 10], &[1, 4]).unravel(4), [1, 1]);
    /// ```
    pub fn unravel(&self, n: u64) -> Vec<u64> {
        let mut rest = n;
        let mut index = vec![0; self.rank()];
        for (axis, chunks) in self.axes.iter().enumerate().rev() {
            let count = chunks.n_chunks().max(1);
            index[axis] = rest % count;
            rest /= count;
        }
        index
    }

    /// The boxes of the chunks that touch `region`, in C order. Lazy: nothing is collected.
    ///
    /// ```
    /// use terracube_cube::{ChunkGrid, Region};
    /// let grid = ChunkGrid::regular(&[10], &[4]);
    /// let boxes: Vec<Region> = grid.touching(&Region::new(vec![3..9])).collect();
    /// assert_eq!(boxes.iter().map(|region| region.range(0)).collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
    /// ```
    pub fn touching<'a>(&'a self, region: &Region) -> impl Iterator<Item = Region> + 'a {
        let spans: Vec<Range<u64>> =
            self.axes.iter().zip(region.ranges()).map(|(axis, range)| axis.touching(range)).collect();
        let total = spans.iter().fold(1u64, |n, span| n.saturating_mul(span.end - span.start));
        (0..total).map(move |n| {
            let mut rest = n;
            let mut ranges = vec![0..0; spans.len()];
            for (axis, span) in spans.iter().enumerate().rev() {
                let count = span.end - span.start;
                ranges[axis] = self.axes[axis].range(span.start + rest % count);
                rest /= count;
            }
            Region::new(ranges)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_axis_and_its_slices() {
        let axis = AxisChunks::regular(10, 4);
        assert_eq!(axis.n_chunks(), 3);
        assert_eq!(axis.range(2), 8..10);
        assert_eq!(axis.touching(&(3..9)), 0..3);
        let rows: &[(u64, u64, u64, &[u64])] =
            &[(0, 10, 1, &[4, 4, 2]), (2, 6, 1, &[2, 4]), (1, 3, 3, &[1, 2]), (0, 5, 2, &[2, 2, 1]), (4, 4, 1, &[4])];
        for (start, len, step, sizes) in rows {
            let cut = axis.slice(*start, *len, *step);
            let got: Vec<u64> = (0..cut.n_chunks()).map(|i| cut.range(i).end - cut.range(i).start).collect();
            assert_eq!(&got, sizes, "{start} {len} {step}");
        }
    }

    #[test]
    fn a_billion_chunks_cost_nothing() {
        let grid = ChunkGrid::regular(&[1_000_000_000, 10], &[1, 10]);
        assert_eq!(grid.n_chunks(), 1_000_000_000);
        assert_eq!(grid.touching(&Region::new(vec![5..7, 0..1])).count(), 2);
        assert_eq!(grid.region(&[999_999_999, 0]).unwrap(), Region::new(vec![999_999_999..1_000_000_000, 0..10]));
        assert!(grid.region(&[0]).is_none());
    }
}
