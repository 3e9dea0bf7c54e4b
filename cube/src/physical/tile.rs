//! Cutting the box of a task into tiles that stay in the cache.
use std::ops::Range;

use crate::base::{AxisChunks, ChunkGrid, Region};

/// Bytes of one tile of one operand: a few of them fit a core's second-level cache.
const TILE_BYTES: u64 = 192 << 10;

/// Bytes of a column of tiles that is worked on twice: a core's share of the last-level cache.
const COLUMN_BYTES: u64 = 12 << 20;

/// Bytes of the accumulators of a unit that has its own.
pub(super) const UNIT_BYTES: u64 = 512 << 10;

/// Chunks of fewer bytes are brought together before they are worked on.
const LEAST_CHUNK: u64 = 64 << 10;

/// How a box is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiling<'a> {
    /// The chunks that values come in: tiles do not cross their borders, so that they can be views, unless chunks are small.
    pub chunks: Option<&'a ChunkGrid>,
    /// Bytes that a position takes.
    pub item_size: usize,
    /// The axes of the units: cut first, from the outside in, because tiles of them touch few accumulator cells.
    pub outer: &'a [bool],
    /// Whether tiles are whole chunks: for kernels that cut by themselves.
    pub whole: bool,
    /// Whether all tiles of a unit are worked on twice, so that a unit should stay in the cache.
    pub twice: bool,
    /// Bytes of accumulators for one position of the outer axes, if each unit has accumulators of its own: they should stay in the
    /// cache.
    pub cells: Option<u64>,
}

impl Tiling<'_> {
    /// The tiles that make up `region`, in units: tiles of one unit hold the same positions of the outer axes. Units and the tiles
    /// of each are in C order.
    pub fn units(&self, region: &Region) -> Vec<Vec<Region>> {
        let whole: Vec<Vec<Range<u64>>> = match self.chunks {
            Some(chunks) if self.bytes(&chunks.largest_chunk()) >= LEAST_CHUNK => {
                chunks.axes().iter().zip(region.ranges()).map(|(axis, range)| cut_at_chunks(axis, range)).collect()
            }
            _ => region.ranges().iter().map(|range| vec![range.clone()]).collect(),
        };
        let steps = self.steps(region, &whole);
        let cuts: Vec<Vec<Range<u64>>> = whole
            .iter()
            .zip(&steps)
            .map(|(ranges, &step)| ranges.iter().flat_map(|range| cut(range, step)).collect())
            .collect();
        let units = product(&cuts, |axis| self.outer[axis]);
        let tiles = product(&cuts, |axis| !self.outer[axis]);
        let joined = |unit: &[Range<u64>], tile: &[Range<u64>]| {
            let (mut unit, mut tile) = (unit.iter(), tile.iter());
            let next = self.outer.iter().filter_map(|&outer| if outer { unit.next() } else { tile.next() });
            Region::new(next.cloned().collect())
        };
        let of_unit = |unit: &Vec<Range<u64>>| tiles.iter().map(|tile| joined(unit, tile)).collect();
        units.iter().map(of_unit).collect()
    }

    /// How long tiles are along each axis at most.
    fn steps(&self, region: &Region, whole: &[Vec<Range<u64>>]) -> Vec<u64> {
        let longest = |ranges: &Vec<Range<u64>>| ranges.iter().map(|range| range.end - range.start).max().unwrap_or(0);
        let mut steps: Vec<u64> = whole.iter().map(longest).collect();
        let rank = steps.len();
        let last = rank.saturating_sub(1);
        // The innermost axis is cut last, so that runs stay long.
        let outer = || (0..last).filter(|&axis| self.outer[axis]);
        if !self.whole {
            let order = outer().chain((0..last).filter(|&axis| !self.outer[axis])).chain((rank > 0).then_some(last));
            for axis in order {
                let total = self.bytes(&steps);
                if total <= TILE_BYTES {
                    break;
                }
                steps[axis] = (steps[axis].saturating_mul(TILE_BYTES) / total).max(1);
            }
        }
        if self.twice {
            let column = |steps: &[u64]| -> Vec<u64> {
                let extent = |axis: usize| if self.outer[axis] { steps[axis] } else { region.shape()[axis] };
                (0..rank).map(extent).collect()
            };
            for axis in outer() {
                let total = self.bytes(&column(&steps));
                if total > COLUMN_BYTES {
                    steps[axis] = (steps[axis].saturating_mul(COLUMN_BYTES) / total).max(1);
                }
            }
        }
        if let Some(bytes) = self.cells {
            for axis in outer().chain((rank > 0 && self.outer[last]).then_some(last)) {
                let positions = (0..rank).filter(|&axis| self.outer[axis]).map(|axis| steps[axis]);
                let total = positions.fold(bytes, |n, len| n.saturating_mul(len));
                if total > UNIT_BYTES {
                    let n_parts = total.div_ceil(UNIT_BYTES).min(steps[axis]);
                    steps[axis] = steps[axis].div_ceil(n_parts.max(1)).max(1);
                }
            }
        }
        steps
    }

    fn bytes(&self, shape: &[u64]) -> u64 {
        shape.iter().fold(self.item_size as u64, |n, &len| n.saturating_mul(len))
    }
}

/// The parts of `range` in the chunks of an axis.
fn cut_at_chunks(axis: &AxisChunks, range: &Range<u64>) -> Vec<Range<u64>> {
    let clipped = |index: u64| {
        let chunk = axis.range(index);
        chunk.start.max(range.start)..chunk.end.min(range.end)
    };
    axis.touching(range).map(clipped).filter(|part| !part.is_empty()).collect()
}

fn cut(range: &Range<u64>, step: u64) -> impl Iterator<Item = Range<u64>> + use<> {
    let (start, end, step) = (range.start, range.end, step.max(1));
    (start..end).step_by(step as usize).map(move |at| at..at.saturating_add(step).min(end))
}

/// All combinations of the ranges of some axes, the last fastest.
fn product(cuts: &[Vec<Range<u64>>], wanted: impl Fn(usize) -> bool) -> Vec<Vec<Range<u64>>> {
    let mut all = vec![Vec::new()];
    for (_, ranges) in cuts.iter().enumerate().filter(|(axis, _)| wanted(*axis)) {
        let longer = |some: Vec<Range<u64>>| {
            ranges.iter().map(move |range| some.iter().cloned().chain([range.clone()]).collect::<Vec<_>>())
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(region: &Region, outer: &[bool], chunks: Option<&ChunkGrid>, twice: bool) -> Vec<Vec<Region>> {
        let units = Tiling { chunks, item_size: 4, outer, whole: false, twice, cells: None }.units(region);
        let tiles: Vec<&Region> = units.iter().flatten().collect();
        assert_eq!(tiles.iter().map(|tile| tile.size()).sum::<u64>(), region.size());
        assert!(tiles.iter().all(|tile| tile.size() * 4 <= TILE_BYTES && region.contains(tile)));
        let side_by_side = |a: &Region, b: &Region| a.intersect(b).is_none_or(|both| both.is_empty());
        assert!(tiles.windows(2).all(|pair| side_by_side(pair[0], pair[1])));
        for unit in &units {
            let of = |tile: &Region| -> Vec<Range<u64>> {
                let kept = outer.iter().zip(tile.ranges()).filter(|(outer, _)| **outer);
                kept.map(|(_, range)| range.clone()).collect()
            };
            assert!(unit.iter().all(|tile| of(tile) == of(&unit[0])));
        }
        units
    }

    #[test]
    fn tiles_cover_the_region_once_and_are_small() {
        for (region, outer) in [
            (Region::new(vec![24..48, 0..121, 240..480]), vec![false, true, true]),
            (Region::whole(&[1_000_000]), vec![false]),
            (Region::new(vec![0..3, 0..0]), vec![true, true]),
            (Region::new(vec![]), vec![]),
        ] {
            cut_up(&region, &outer, None, false);
        }
    }

    #[test]
    fn tiles_stay_within_chunks_that_are_worth_it() {
        let region = Region::new(vec![10..200, 0..121, 240..480]);
        let outer = [false, true, true];
        let chunks = ChunkGrid::regular(&[1440, 361, 720], &[24, 121, 240]);
        let units = cut_up(&region, &outer, Some(&chunks), false);
        assert!(units.iter().flatten().all(|tile| chunks.touching(tile).count() == 1));
        assert_eq!(units[0].iter().map(|tile| tile.range(0)).collect::<Vec<_>>()[..2], [10..24, 24..48]);
        let tiny = ChunkGrid::regular(&[1440, 361, 720], &[1, 1, 240]);
        assert_eq!(cut_up(&region, &outer, Some(&tiny), false).len(), cut_up(&region, &outer, None, false).len());
    }

    #[test]
    fn units_that_are_worked_on_twice_stay_in_the_cache() {
        let region = Region::new(vec![0..1440, 0..121, 0..240]);
        let chunks = ChunkGrid::regular(&[1440, 361, 720], &[24, 121, 240]);
        let units = cut_up(&region, &[false, true, true], Some(&chunks), true);
        let bytes = |unit: &Vec<Region>| unit.iter().map(|tile| tile.size() * 4).sum::<u64>();
        assert!(units.iter().all(|unit| bytes(unit) <= COLUMN_BYTES && unit.len() == 60));
    }

    #[test]
    fn units_with_accumulators_of_their_own_are_small() {
        let region = Region::new(vec![0..731, 0..120, 0..240]);
        let outer = [false, true, true];
        let tiling =
            Tiling { chunks: None, item_size: 2, outer: &outer, whole: true, twice: false, cells: Some(366 * 12) };
        let units = tiling.units(&region);
        assert_eq!(units.iter().flatten().map(Region::size).sum::<u64>(), region.size());
        assert!(units.iter().all(|unit| unit.len() == 1 && unit[0].size() / 731 * 366 * 12 <= UNIT_BYTES));
    }
}
