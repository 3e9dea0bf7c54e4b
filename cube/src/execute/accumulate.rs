//! Accumulators of a reduction, by output tile: shared by all workers, finished as soon as the last contribution is in, on disk
//! between two contributions where memory is short.
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::spill::{SpillFile, Spilled};
use crate::base::{Block, ChunkGrid, Error, Region, Result};
use crate::compute::reduce::{Accumulator, AxisRole, Contribution};
use crate::physical::{Reduction, Role};

/// The open accumulators of one reduction.
pub(super) struct Accumulators {
    state: Mutex<State>,
    returned: Condvar,
    /// How many drive chunks feed one tile, over the axes that go without groups in blocks.
    contributions: u64,
    spill: Arc<SpillFile>,
}

#[derive(Default)]
struct State {
    tiles: HashMap<TileKey, Tile>,
    /// Accumulators in memory, those that workers have included.
    in_memory: u64,
    /// Counts check-ins: the tile that was used longest ago goes to disk first.
    clock: u64,
    /// Why nothing more will be given back.
    failed: Option<Error>,
}

/// A tile: its index on the kept axes, and the block of groups (0 if groups are not in blocks).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TileKey {
    kept: Vec<u64>,
    block: u32,
}

/// A tile that a drive chunk feeds.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub key: TileKey,
    /// The box that it fills in the output.
    pub region: Region,
    /// The groups that it holds, if groups are in blocks.
    groups: Option<Range<u32>>,
}

#[derive(Default)]
struct Tile {
    idle: Vec<Accumulator>,
    on_disk: Vec<Spilled>,
    existing: usize,
    /// Contributions that are in.
    done: u64,
    used: u64,
}

impl Accumulators {
    pub fn new(reduction: &Reduction, drive: &ChunkGrid, spill: Arc<SpillFile>) -> Self {
        let fed = reduction.roles.iter().zip(drive.axes()).filter(|(role, _)| match role {
            Role::Kept => false,
            Role::Reduced => true,
            Role::Grouped(_) => reduction.blocks.is_none(),
        });
        let contributions = fed.fold(1u64, |n, (_, axis)| n.saturating_mul(axis.n_chunks()));
        Self { state: Mutex::default(), returned: Condvar::new(), contributions, spill }
    }

    /// An accumulator of the tile that nobody else works on: an idle one, one from disk, a new one, or the first that is given back.
    /// Whoever holds one is computing and waits for nothing but tiles that come later in the order of outputs and blocks, so this
    /// wait ends.
    pub fn check_out(&self, reduction: &Reduction, target: &Target) -> Result<Accumulator> {
        let mut state = self.lock();
        loop {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            let tile = state.tiles.entry(target.key.clone()).or_default();
            if let Some(accumulator) = tile.idle.pop() {
                return Ok(accumulator);
            }
            let spilled = tile.on_disk.pop();
            if spilled.is_some() || tile.existing < reduction.replicas.max(1) {
                tile.existing += usize::from(spilled.is_none());
                let made = self.make(&mut state, reduction, target, spilled);
                if let Err(error) = &made {
                    // Others may wait for the accumulator that is lost.
                    state.failed = Some(error.clone());
                    self.returned.notify_all();
                }
                return made;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn make(
        &self,
        state: &mut State,
        reduction: &Reduction,
        target: &Target,
        spilled: Option<Spilled>,
    ) -> Result<Accumulator> {
        self.make_room(state, reduction)?;
        state.in_memory += 1;
        match spilled {
            Some(spilled) => reduction.accumulator(&target.region.extents())?.restored(&self.spill.read(spilled)?),
            None => reduction.accumulator(&target.region.extents()),
        }
    }

    /// Gives an accumulator back in the middle of a contribution.
    pub fn give_back(&self, target: &Target, accumulator: Accumulator) {
        let mut state = self.lock();
        state.clock += 1;
        let clock = state.clock;
        if let Some(tile) = state.tiles.get_mut(&target.key) {
            tile.idle.push(accumulator);
            tile.used = clock;
        }
        self.returned.notify_all();
    }

    /// Gives an accumulator back after one contribution; the finished block if that was the last.
    pub fn check_in(&self, reduction: &Reduction, target: &Target, accumulator: Accumulator) -> Result<Option<Block>> {
        let mut state = self.lock();
        state.clock += 1;
        let (clock, all) = (state.clock, self.contributions_to(reduction, target));
        let Some(tile) = state.tiles.get_mut(&target.key) else { return Ok(None) };
        tile.idle.push(accumulator);
        tile.used = clock;
        tile.done += 1;
        if tile.done < all {
            self.returned.notify_all();
            return Ok(None);
        }
        let Some(tile) = state.tiles.remove(&target.key) else { return Ok(None) };
        state.in_memory = state.in_memory.saturating_sub(tile.idle.len() as u64);
        drop(state);
        let mut parts = tile.idle.into_iter();
        let Some(mut total) = parts.next() else { return Ok(None) };
        for part in parts {
            total.merge(part)?;
        }
        for spilled in tile.on_disk {
            let read = self.spill.read(spilled)?;
            total.merge(reduction.accumulator(&target.region.extents())?.restored(&read)?)?;
        }
        Ok(Some(total.finish()?))
    }

    /// Gives an accumulator up after a failure, so that whoever waits for one goes on.
    pub fn abandon(&self, target: &Target, accumulator: Accumulator) {
        if let Some(tile) = self.lock().tiles.get_mut(&target.key) {
            tile.idle.push(accumulator);
        }
        self.returned.notify_all();
    }

    /// Writes what was used longest ago to disk until one more accumulator fits. What workers have at hand stays: there is always
    /// room for that.
    fn make_room(&self, state: &mut State, reduction: &Reduction) -> Result<()> {
        let Some(cap) = reduction.memory_cap else { return Ok(()) };
        while (state.in_memory + 1).saturating_mul(reduction.tile_bytes) > cap {
            let idle = state.tiles.values_mut().filter(|tile| !tile.idle.is_empty());
            let Some(oldest) = idle.min_by_key(|tile| tile.used) else { return Ok(()) };
            let Some(accumulator) = oldest.idle.pop() else { return Ok(()) };
            let spilled = self.spill.write(&accumulator.to_blocks()?)?;
            oldest.on_disk.push(spilled);
            state.in_memory -= 1;
        }
        Ok(())
    }

    fn contributions_to(&self, reduction: &Reduction, target: &Target) -> u64 {
        let of_block = reduction.blocks.as_ref().map_or(1, |blocks| blocks.contributions(target.key.block));
        self.contributions.saturating_mul(of_block)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tiles that a drive chunk feeds, in ascending order.
pub(super) fn targets_of(reduction: &Reduction, index: &[u64], region: &Region) -> Vec<Target> {
    let grouped = reduction.roles.iter().position(|role| matches!(role, Role::Grouped(_)));
    match (&reduction.blocks, grouped) {
        (Some(blocks), Some(axis)) => blocks
            .of_chunk(index[axis])
            .iter()
            .map(|&block| target(reduction, index, region, block, Some(blocks.groups(block))))
            .collect(),
        _ => vec![target(reduction, index, region, 0, None)],
    }
}

/// The tile of a block of groups that a drive chunk feeds, or would feed.
pub(super) fn target(
    reduction: &Reduction,
    index: &[u64],
    region: &Region,
    block: u32,
    groups: Option<Range<u32>>,
) -> Target {
    let (mut kept, mut ranges) = (Vec::new(), Vec::new());
    for (axis, role) in reduction.roles.iter().enumerate() {
        match role {
            Role::Kept => {
                kept.push(index[axis]);
                ranges.push(region.range(axis));
            }
            Role::Grouped(all) => {
                let Range { start, end } = groups.clone().unwrap_or(0..all.n_groups);
                ranges.push(u64::from(start)..u64::from(end));
            }
            Role::Reduced => {}
        }
    }
    Target { key: TileKey { kept, block }, region: Region::new(ranges), groups }
}

/// The target of an accumulator that holds `region` of a result by itself.
pub(super) fn whole_target(region: &Region) -> Target {
    Target { key: TileKey { kept: Vec::new(), block: 0 }, region: region.clone(), groups: None }
}

/// Feeds blocks, each of which covers its box of the drive grid, to the accumulator of a tile.
pub(super) fn feed(
    reduction: &Reduction,
    accumulator: &mut Accumulator,
    parts: &[(Region, Block)],
    target: &Target,
) -> Result<()> {
    let moved: Vec<Option<Vec<u32>>> = parts.iter().map(|(part, _)| moved_codes(reduction, part, target)).collect();
    let placed: Vec<Placed> =
        parts.iter().zip(&moved).map(|((part, _), moved)| placed(reduction, part, moved.as_deref(), target)).collect();
    let blocks: Vec<Contribution> = parts
        .iter()
        .zip(&placed)
        .map(|((part, block), Placed { roles, at, place })| {
            let codes = reduction.within().map(|(axis, groups)| {
                let range = part.range(axis);
                (axis, &groups.codes[range.start as usize..range.end as usize])
            });
            Contribution { block, roles, at, place: *place, codes }
        })
        .collect();
    accumulator.update_all(&blocks)
}

/// How a part meets the cells of a tile.
struct Placed<'a> {
    roles: Vec<AxisRole<'a>>,
    at: Vec<usize>,
    /// Where it stands along what goes: `first` and `last` need the order, whoever comes first.
    place: u64,
}

fn placed<'a>(reduction: &'a Reduction, part: &Region, moved: Option<&'a [u32]>, target: &Target) -> Placed<'a> {
    let mut at = Vec::with_capacity(target.region.rank());
    let mut roles = Vec::with_capacity(reduction.roles.len());
    for (axis, role) in reduction.roles.iter().enumerate() {
        roles.push(match role {
            Role::Kept => {
                at.push((part.range(axis).start - target.region.range(at.len()).start) as usize);
                AxisRole::Kept
            }
            Role::Grouped(groups) => {
                at.push(0);
                let range = part.range(axis);
                AxisRole::Grouped(moved.unwrap_or(&groups.codes[range.start as usize..range.end as usize]))
            }
            Role::Reduced => AxisRole::Reduced,
        });
    }
    let gone = reduction.roles.iter().enumerate().filter(|(_, role)| !role.is_kept());
    let place = gone.fold(0u64, |place, (axis, _)| {
        place.saturating_mul(reduction.input.shape()[axis]).saturating_add(part.range(axis).start)
    });
    Placed { roles, at, place }
}

/// The codes of a part counted from the first group of the tile; those of other tiles belong to none.
fn moved_codes(reduction: &Reduction, part: &Region, target: &Target) -> Option<Vec<u32>> {
    let held = target.groups.as_ref()?;
    let (axis, groups) = reduction.roles.iter().enumerate().find_map(|(axis, role)| match role {
        Role::Grouped(groups) => Some((axis, groups)),
        _ => None,
    })?;
    let range = part.range(axis);
    let codes = &groups.codes[range.start as usize..range.end as usize];
    Some(codes.iter().map(|code| if held.contains(code) { code - held.start } else { u32::MAX }).collect())
}
