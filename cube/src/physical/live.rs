//! What accumulators take while a stage runs: how many are open at a time, how many copies of each may exist, which go to disk.
use std::sync::Arc;

use super::group_blocks::GroupBlocks;
use super::stage::{OutputKind, Reduction, Role, StageOutput, Walk};
use super::tile::UNIT_BYTES;
use crate::base::{ChunkGrid, DType};
use crate::plan::Expr;

/// Tasks that are on their way at most while reads wait for a network (the coordinator's bound).
pub(crate) const MOST_IN_FLIGHT: u64 = 32;

/// Accumulators of a task that take more leave the cache.
const LARGE_CELLS: u64 = 4 << 20;

/// Bytes that accumulators take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Live {
    /// In memory, at a time.
    pub memory: u64,
    /// On disk, at a time.
    pub disk: u64,
    /// Written to disk and read back over the whole stage: an estimate.
    pub traffic: u64,
}

/// How a stage's accumulators are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    /// The number of workers.
    pub n_workers: u64,
    /// Whether all workers share one task.
    pub wide: bool,
    /// Whether units have accumulators of their own.
    pub by_unit: bool,
    /// Bytes under which every worker may have a copy of its own.
    pub copies: u64,
    /// Bytes that accumulators which are not finished in order may take in memory; what is more goes to disk.
    pub spill_over: Option<u64>,
}

/// Sets size, number and place of the accumulators of every reduction; what they take. `None` if a task does not fit what may
/// be kept in memory.
pub(super) fn keep_accumulators(
    outputs: &mut [StageOutput],
    drive: &ChunkGrid,
    order: &[usize],
    walk: Option<&Walk>,
    keeping: Keeping,
) -> Option<Live> {
    let mut live = Live::default();
    let n_spilled = outputs.iter().filter(|output| spills(output, order, walk)).count().max(1) as u64;
    for output in outputs {
        let may_spill = spills(output, order, walk);
        let StageOutput { expr, kind: OutputKind::Reduction(reduction), .. } = output else { continue };
        if keeping.by_unit {
            // A unit cannot be smaller than one position with all its groups.
            let n_groups = reduction.roles.iter().map(|role| match role {
                Role::Grouped(groups) => u64::from(groups.n_groups),
                _ => 1,
            });
            reduction.tile_bytes = UNIT_BYTES.max(reduction.n_bytes_for(n_groups.product()));
            (reduction.replicas, reduction.blocks, reduction.memory_cap) = (1, None, None);
            // Beside its accumulators a unit has the block that they end in.
            let of_all = reduction.tile_bytes.saturating_mul(2 * keeping.n_workers);
            live.memory = live.memory.saturating_add(of_all);
            continue;
        }
        let sizes = sizes(reduction, expr, drive, order, walk, keeping.n_workers);
        let whole = sizes.tile.saturating_mul(sizes.open);
        reduction.tile_bytes = sizes.tile;
        reduction.blocks = sizes.blocks.clone();
        reduction.replicas = 1;
        reduction.memory_cap = None;
        let shared = if keeping.wide { keeping.n_workers } else { 1 };
        let workers = keeping.n_workers.min(sizes.contributions.max(shared));
        if whole.saturating_mul(workers) <= keeping.copies {
            reduction.replicas = workers as usize;
        }
        let mut memory = whole.saturating_mul(reduction.replicas as u64);
        if let Some(limit) = keeping.spill_over
            && may_spill
            && memory > limit / n_spilled
        {
            let cap = limit / n_spilled;
            // Every worker has what its task feeds in memory, whatever the cap says, and one more is read back at the end.
            if cap < sizes.tile.saturating_mul(sizes.touched * keeping.n_workers + 1) {
                return None;
            }
            reduction.replicas = 1;
            reduction.memory_cap = Some(cap);
            live.disk = live.disk.saturating_add(whole.saturating_sub(cap));
            live.traffic = live.traffic.saturating_add(sizes.visits.saturating_mul(sizes.tile).saturating_mul(2));
            memory = cap;
        }
        live.memory = live.memory.saturating_add(memory).saturating_add(sizes.finished);
    }
    Some(live)
}

/// Whether tasks hold all that feeds their cells, and so many cells that units of them are better finished one after the other.
pub(super) fn by_unit(outputs: &[StageOutput], drive: &ChunkGrid) -> bool {
    let mut bytes = 0u64;
    for output in outputs {
        let OutputKind::Reduction(reduction) = &output.kind else { return false };
        let axes = reduction.roles.iter().zip(drive.axes());
        if axes.clone().any(|(role, chunks)| !role.is_kept() && chunks.n_chunks() != 1) {
            return false;
        }
        let cells = axes.fold(1u64, |n, (role, chunks)| match role {
            Role::Kept => n.saturating_mul(chunks.largest()),
            Role::Reduced => n,
            Role::Grouped(groups) => n.saturating_mul(u64::from(groups.n_groups)),
        });
        bytes = bytes.saturating_add(reduction.n_bytes_for(cells));
    }
    bytes > LARGE_CELLS
}

/// Whether the accumulators of an output stand open for long, so that disk would help.
fn spills(output: &StageOutput, order: &[usize], walk: Option<&Walk>) -> bool {
    let OutputKind::Reduction(reduction) = &output.kind else { return false };
    // Strings have no fixed size on disk.
    reduction.input.dtype() != DType::Utf8
        && (!in_order(reduction, order) || (walk.is_some() && grouped(reduction).is_some()))
}

/// What is known of the accumulators of one reduction.
struct Sizes {
    /// Bytes of one.
    tile: u64,
    /// Bytes of the block that one ends in.
    finished: u64,
    /// Tiles that are begun and not finished at a time.
    open: u64,
    /// Tasks that feed a tile.
    contributions: u64,
    /// Tiles that one task feeds.
    touched: u64,
    /// How often a tile is taken up again over the whole stage, all tiles together.
    visits: u64,
    blocks: Option<Arc<GroupBlocks>>,
}

fn sizes(
    reduction: &Reduction,
    output: &Expr,
    drive: &ChunkGrid,
    order: &[usize],
    walk: Option<&Walk>,
    n_workers: u64,
) -> Sizes {
    let (mut cells, mut n_tiles, mut contributions, mut inner, mut column) = (1u64, 1u64, 1u64, 1u64, 1u64);
    let mut blocks = None;
    for (axis, (role, chunks)) in reduction.roles.iter().zip(drive.axes()).enumerate() {
        if !role.is_kept() {
            column = column.saturating_mul(chunks.n_chunks());
        }
        match role {
            Role::Kept => {
                cells = cells.saturating_mul(chunks.largest());
                n_tiles = n_tiles.saturating_mul(chunks.n_chunks());
            }
            Role::Reduced => {
                contributions = contributions.saturating_mul(chunks.n_chunks());
                inner = inner.saturating_mul(chunks.n_chunks());
            }
            Role::Grouped(groups) if walk.is_some_and(|walk| walk.axis == axis) => {
                let made = Arc::new(GroupBlocks::new(groups, chunks));
                cells = cells.saturating_mul(u64::from(made.size()));
                contributions = contributions
                    .saturating_mul((0..made.len() as u32).map(|b| made.contributions(b)).max().unwrap_or(1));
                blocks = Some(made);
            }
            Role::Grouped(groups) => {
                cells = cells.saturating_mul(u64::from(groups.n_groups));
                contributions = contributions.saturating_mul(chunks.n_chunks());
            }
        }
    }
    let in_flight = (2 * n_workers).max(MOST_IN_FLIGHT) + 2;
    // In the order of this output a tile is finished before the one after the next begins; else all stand open.
    let kept_open =
        if in_order(reduction, order) { (1 + in_flight.div_ceil(column.max(1))).min(n_tiles) } else { n_tiles };
    let n_blocks = blocks.as_ref().map_or(1, |blocks| blocks.len());
    let blocks_open = match (&blocks, walk) {
        (Some(blocks), Some(walk)) if in_order(reduction, order) => {
            blocks.most_open(&walk.order, in_flight.div_ceil(inner.max(1)))
        }
        _ => n_blocks,
    };
    let touched = blocks.as_ref().map_or(1, |blocks| blocks.most_touched());
    // Tasks one after the other that feed the same tile count once.
    let fastest = order.iter().rev().take_while(|&&axis| matches!(reduction.roles[axis], Role::Reduced));
    let run = fastest.fold(1u64, |n, &axis| n.saturating_mul(drive.axes()[axis].n_chunks().max(1)));
    Sizes {
        tile: reduction.n_bytes_for(cells),
        finished: cells.saturating_mul(output.dtype().item_size() as u64),
        open: kept_open.saturating_mul(blocks_open),
        contributions,
        touched,
        visits: (drive.n_chunks() / run.max(1)).saturating_mul(touched),
        blocks,
    }
}

/// Whether the walk finishes one tile of the kept axes after the other.
pub(super) fn in_order(reduction: &Reduction, order: &[usize]) -> bool {
    let leading = order.iter().take_while(|&&axis| reduction.roles[axis].is_kept()).count();
    leading == reduction.roles.iter().filter(|role| role.is_kept()).count()
}

/// The grouped axis of a reduction.
pub(super) fn grouped(reduction: &Reduction) -> Option<usize> {
    reduction.roles.iter().position(|role| matches!(role, Role::Grouped(_)))
}
