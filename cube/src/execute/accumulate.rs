//! Accumulators of a reduction, by output tile: shared by all workers, finished as soon as the last contribution is in.
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::base::{Block, ChunkGrid, Region, Result};
use crate::compute::reduce::{Accumulator, AxisRole};
use crate::physical::{Reduction, Role};

/// The open accumulators of one reduction.
pub(super) struct Accumulators {
    tiles: Mutex<HashMap<Vec<u64>, Tile>>,
    returned: Condvar,
    /// How many drive chunks feed one tile.
    contributions: u64,
}

struct Tile {
    idle: Vec<Accumulator>,
    existing: usize,
    remaining: u64,
}

impl Accumulators {
    pub fn new(reduction: &Reduction, drive: &ChunkGrid) -> Self {
        let fed = reduction.roles.iter().zip(drive.axes()).filter(|(role, _)| !role.is_kept());
        let contributions = fed.fold(1u64, |n, (_, axis)| n.saturating_mul(axis.n_chunks()));
        Self { tiles: Mutex::default(), returned: Condvar::new(), contributions }
    }

    /// An accumulator of the tile that nobody else works on: an idle one, a new one, or the first that is given back.
    /// Whoever holds one is computing and waits for nothing, so this wait ends.
    pub fn check_out(&self, reduction: &Reduction, tile: &[u64], shape: &[usize]) -> Result<Accumulator> {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let state = tiles.entry(tile.to_vec()).or_insert_with(|| Tile {
                idle: Vec::new(),
                existing: 0,
                remaining: self.contributions,
            });
            if let Some(accumulator) = state.idle.pop() {
                return Ok(accumulator);
            }
            if state.existing < reduction.replicas.max(1) {
                let made = new_accumulator(reduction, shape)?;
                state.existing += 1;
                return Ok(made);
            }
            tiles = self.returned.wait(tiles).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives an accumulator back after one contribution; the finished block if that was the last.
    pub fn check_in(&self, tile: &[u64], accumulator: Accumulator) -> Result<Option<Block>> {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = tiles.get_mut(tile) else { return Ok(None) };
        state.idle.push(accumulator);
        state.remaining = state.remaining.saturating_sub(1);
        if state.remaining > 0 {
            self.returned.notify_all();
            return Ok(None);
        }
        let idle = tiles.remove(tile).map(|state| state.idle).unwrap_or_default();
        drop(tiles);
        let mut idle = idle.into_iter();
        let Some(mut total) = idle.next() else { return Ok(None) };
        for part in idle {
            total.merge(part)?;
        }
        Ok(Some(total.finish()?))
    }

    /// Gives an accumulator up after a failure, so that whoever waits for one goes on.
    pub fn abandon(&self, tile: &[u64], accumulator: Accumulator) {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = tiles.get_mut(tile) {
            state.idle.push(accumulator);
        }
        self.returned.notify_all();
    }
}

pub(super) fn new_accumulator(reduction: &Reduction, shape: &[usize]) -> Result<Accumulator> {
    Accumulator::new(reduction.op, reduction.options, reduction.input.dtype(), shape)
}

/// Which tile a drive chunk feeds (its index on the kept axes), the box that the tile fills in the output, and the accumulator's shape.
pub(super) fn tile_of(reduction: &Reduction, index: &[u64], region: &Region) -> (Vec<u64>, Region) {
    let (mut tile, mut ranges) = (Vec::new(), Vec::new());
    for (axis, role) in reduction.roles.iter().enumerate() {
        match role {
            Role::Kept => {
                tile.push(index[axis]);
                ranges.push(region.range(axis));
            }
            Role::Grouped(groups) => ranges.push(0..u64::from(groups.n_groups)),
            Role::Reduced => {}
        }
    }
    (tile, Region::new(ranges))
}

/// Feeds one block, which covers `part` of the drive grid, to the accumulator of a tile that begins at `tile`'s start.
pub(super) fn feed(
    reduction: &Reduction,
    accumulator: &mut Accumulator,
    block: &Block,
    part: &Region,
    tile: &Region,
) -> Result<()> {
    let mut at = Vec::with_capacity(tile.rank());
    let mut roles = Vec::with_capacity(reduction.roles.len());
    for (axis, role) in reduction.roles.iter().enumerate() {
        roles.push(match role {
            Role::Kept => {
                at.push((part.range(axis).start - tile.range(at.len()).start) as usize);
                AxisRole::Kept
            }
            Role::Grouped(groups) => {
                at.push(0);
                let range = part.range(axis);
                AxisRole::Grouped(&groups.codes[range.start as usize..range.end as usize])
            }
            Role::Reduced => AxisRole::Reduced,
        });
    }
    // Where the part stands along what goes: `first` and `last` need the order, whoever comes first.
    let gone = reduction.roles.iter().enumerate().filter(|(_, role)| !role.is_kept());
    let place = gone.fold(0u64, |place, (axis, _)| {
        place.saturating_mul(reduction.input.shape()[axis]).saturating_add(part.range(axis).start)
    });
    accumulator.update_at_place(block, &roles, &at, place)
}
