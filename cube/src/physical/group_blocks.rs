//! Groups in blocks, so that accumulators of a few groups are open at a time, and the walk that brings chunks of the same groups together.
use std::ops::Range;
use std::sync::Arc;

use crate::base::AxisChunks;
use crate::plan::GroupCodes;

/// The groups of an axis in blocks of equal size, and which blocks every drive chunk of the axis feeds.
#[derive(Debug)]
pub struct GroupBlocks {
    size: u32,
    n_groups: u32,
    /// The blocks of all chunks, one chunk after the other; `ends[i]` is where those of chunk `i` end.
    touched: Vec<u32>,
    ends: Vec<usize>,
    contributions: Vec<u64>,
}

impl GroupBlocks {
    /// Blocks about as large as the number of groups that one chunk holds. The cost is that of looking at every code once.
    pub fn new(groups: &GroupCodes, chunks: &AxisChunks) -> Self {
        let of_chunk = |index: u64| {
            let range = chunks.range(index);
            let mut codes: Vec<u32> = groups.codes[range.start as usize..range.end as usize].to_vec();
            codes.sort_unstable();
            codes.dedup();
            codes.retain(|&code| code < groups.n_groups);
            codes
        };
        let size = (0..chunks.n_chunks()).map(|index| of_chunk(index).len()).max().unwrap_or(1).max(1) as u32;
        let n_blocks = groups.n_groups.div_ceil(size) as usize;
        let (mut touched, mut ends, mut contributions) = (Vec::new(), Vec::new(), vec![0; n_blocks]);
        for index in 0..chunks.n_chunks() {
            let start = touched.len();
            touched.extend(of_chunk(index).into_iter().map(|code| code / size));
            let mut kept = start;
            for at in start..touched.len() {
                if at == start || touched[at] != touched[kept - 1] {
                    touched[kept] = touched[at];
                    kept += 1;
                }
            }
            touched.truncate(kept);
            touched[start..].iter().for_each(|&block| contributions[block as usize] += 1);
            ends.push(kept);
        }
        Self { size, n_groups: groups.n_groups, touched, ends, contributions }
    }

    /// How many blocks there are.
    pub fn len(&self) -> u64 {
        self.contributions.len() as u64
    }

    /// Whether there are no groups at all.
    pub fn is_empty(&self) -> bool {
        self.contributions.is_empty()
    }

    /// How many groups there are.
    pub fn n_groups(&self) -> u32 {
        self.n_groups
    }

    /// Groups in a block; the last may hold fewer.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The groups of a block.
    pub fn groups(&self, block: u32) -> Range<u32> {
        block * self.size..((block + 1) * self.size).min(self.n_groups)
    }

    /// The blocks that a chunk of the axis feeds, ascending.
    pub fn of_chunk(&self, index: u64) -> &[u32] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.touched[start..self.ends[index]]
    }

    /// How many chunks of the axis feed a block.
    pub fn contributions(&self, block: u32) -> u64 {
        self.contributions[block as usize]
    }

    /// The most blocks that one chunk feeds.
    pub fn most_touched(&self) -> u64 {
        (0..self.ends.len() as u64).map(|index| self.of_chunk(index).len()).max().unwrap_or(0) as u64
    }

    /// All chunks of the axis, those of the same blocks together.
    pub fn walk(&self) -> Arc<[u64]> {
        let mut order: Vec<u64> = (0..self.ends.len() as u64).collect();
        order.sort_by_key(|&index| self.of_chunk(index).first().copied().unwrap_or(u32::MAX));
        order.into()
    }

    /// The most blocks that are begun and not finished at a time if chunks come in the order of `walk`, `window` of them at once.
    pub fn most_open(&self, walk: &[u64], window: u64) -> u64 {
        let mut first = vec![u64::MAX; self.contributions.len()];
        let mut last = vec![0u64; self.contributions.len()];
        for (position, &index) in walk.iter().enumerate() {
            for &block in self.of_chunk(index) {
                let (block, position) = (block as usize, position as u64);
                first[block] = first[block].min(position);
                last[block] = last[block].max(position);
            }
        }
        let mut change = vec![0i64; walk.len() + 1];
        for (first, last) in first.into_iter().zip(last).filter(|(first, _)| *first < u64::MAX) {
            change[first.saturating_sub(window) as usize] += 1;
            change[last as usize + 1] -= 1;
        }
        let mut open = 0;
        change.into_iter().fold(0, |most, step| {
            open += step;
            most.max(open)
        }) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(codes: &[u32], n_groups: u32, chunk: u64) -> GroupBlocks {
        let groups = GroupCodes { codes: codes.into(), n_groups, dim: "g".into() };
        GroupBlocks::new(&groups, &AxisChunks::regular(codes.len() as u64, chunk))
    }

    #[test]
    fn chunks_of_one_position_walk_group_by_group() {
        let codes: Vec<u32> = (0..12).map(|index| index % 4).collect();
        let blocks = blocks(&codes, 5, 1);
        assert_eq!((blocks.size(), blocks.len(), blocks.most_touched()), (1, 5, 1));
        assert_eq!(*blocks.walk(), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        assert_eq!((0..5).map(|block| blocks.contributions(block)).collect::<Vec<_>>(), [3, 3, 3, 3, 0]);
        assert_eq!(blocks.most_open(&blocks.walk(), 0), 1);
        assert_eq!(blocks.most_open(&blocks.walk(), 1), 2);
        let stored: Vec<u64> = (0..12).collect();
        assert_eq!(blocks.most_open(&stored, 0), 4);
    }

    #[test]
    fn chunks_of_several_groups_share_blocks_and_dropped_positions_feed_none() {
        let codes = [0, 1, 2, 3, u32::MAX, u32::MAX, 0, 1, 2, 3, 4, 4];
        let blocks = blocks(&codes, 5, 2);
        assert_eq!((blocks.size(), blocks.len()), (2, 3));
        assert_eq!(blocks.groups(2), 4..5);
        assert_eq!(*blocks.walk(), [0, 3, 1, 4, 5, 2]);
        assert!(blocks.of_chunk(2).is_empty());
    }
}
