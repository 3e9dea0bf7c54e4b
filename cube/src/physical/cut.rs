//! In which boxes a stage walks: chunks joined where they are small, cut where that makes tasks smaller.
use super::inner::{inner_bytes, whole_dims};
use super::leaf::{Needs, needs};
use super::program::Resident;
use super::stage::{OutputKind, Reduction, Role, StageOutput};
use super::{Columns, Means};
use crate::base::{AxisChunks, ChunkGrid, Result};
use crate::plan::Expr;

/// Drive chunks are joined up to this size, so that the cost of a task is small beside its work.
const SMALL_TASK: u64 = 2 << 20;

/// Chunks are joined along groups up to this size, so that accumulators which leave the cache are met by several rows at a time.
const GROUPED_TASK: u64 = 12 << 20;
/// Accumulators of fewer bytes stay in the cache anyway.
const CACHED_CELLS: u64 = 512 << 10;

/// Bytes of tiles in work per task: a few operands of an element-wise chain.
pub(crate) const TILE_SCRATCH: u64 = 2 << 20;

/// What one task takes, in bytes; of the largest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TaskSize {
    /// All that it holds.
    pub bytes: u64,
    /// Chunks that it reads.
    pub reads: u64,
    /// Encoded bytes of them.
    pub encoded: u64,
    /// Decoded bytes of them.
    pub decoded: u64,
}

/// Tasks of at least this many decoded bytes, out of several chunks for every worker, are shared by all workers: half a dozen such tasks
/// at a time would take memory that one does not, and leave workers idle at the end.
const WIDE_TASK: u64 = 48 << 20;

impl TaskSize {
    /// Whether all workers share one task.
    pub fn is_wide(&self, n_workers: u64) -> bool {
        self.decoded >= WIDE_TASK && self.reads >= 4 * n_workers
    }
}

/// The drive grid of outputs that ride together, and what a task of it takes. A task that takes more than `share` is cut, as long as
/// that makes it smaller.
pub(super) fn drive_grid(
    outputs: &[StageOutput],
    wanted: Option<&ChunkGrid>,
    resident: &Resident,
    inner: &[(Expr, Reduction)],
    columns: &Columns,
    means: Means,
) -> Result<(ChunkGrid, TaskSize)> {
    let share = means.memory / (2 * means.n_workers + 2);
    if let Some(grid) = wanted {
        return Ok((grid.clone(), task_size(outputs, grid, resident, inner, means.n_workers)?));
    }
    let widest = outputs.iter().map(|output| output.walked().dtype().item_size() as u64).max().unwrap_or(8);
    let finest = outputs.iter().map(|output| output.walked().grid()).max_by_key(|grid| grid.n_chunks());
    let finest = finest.cloned().unwrap_or_else(|| ChunkGrid::new(vec![]));
    let dims = outputs.first().map(|output| output.walked().dims().clone());
    let whole = whole_dims(inner);
    let is_whole =
        |axis: usize| columns.never_cut[axis] || dims.as_ref().is_some_and(|dims| whole.contains(&**dims.name(axis)));
    let axes = finest.axes().iter().enumerate();
    let joined = axes.map(|(axis, cut)| if is_whole(axis) { AxisChunks::single(cut.len()) } else { cut.clone() });
    let joined = ChunkGrid::new(joined.collect());
    if let Some(whole) = whole_groups(outputs, &joined) {
        let size = task_size(outputs, &whole, resident, inner, means.n_workers)?;
        if size.is_wide(means.n_workers) && size.bytes <= means.memory / 2 || size.bytes <= share {
            return Ok((whole, size));
        }
    }
    let read = task_size(outputs, &joined, resident, inner, means.n_workers)?.decoded;
    let joined = join_small(joined, widest, read);
    let mut drive = join_groups(joined, outputs, widest, 4 * means.n_workers);
    let mut task = task_size(outputs, &drive, resident, inner, means.n_workers)?;
    while task.bytes.saturating_sub(TILE_SCRATCH) > share {
        let mut better = None;
        for axis in axes_to_cut(&drive, columns).into_iter().filter(|&axis| !is_whole(axis)) {
            let Some(smaller) = halved(&drive, |cut| cut == axis) else { continue };
            let size = task_size(outputs, &smaller, resident, inner, means.n_workers)?;
            // Half a chunk is decoded as a whole: cutting a few of them brings nothing but reads. Of many, only the parts are held.
            if size.bytes.saturating_sub(TILE_SCRATCH) <= (task.bytes - TILE_SCRATCH) / 4 * 3 {
                better = Some((smaller, size));
                break;
            }
        }
        let Some(found) = better else { break };
        (drive, task) = found;
    }
    Ok((drive, task))
}

/// What the largest task of a drive grid takes.
pub(super) fn task_size(
    outputs: &[StageOutput],
    drive: &ChunkGrid,
    resident: &Resident,
    inner: &[(Expr, Reduction)],
    n_workers: u64,
) -> Result<TaskSize> {
    // The largest chunk of an axis may be anywhere if chunks are irregular; looking at the largest of each is an upper bound.
    let index: Vec<u64> = drive.axes().iter().map(largest_index).collect();
    let Some(region) = drive.region(&index) else { return Ok(TaskSize::default()) };
    let mut found = Needs::default();
    let mut finished = 0u64;
    for output in outputs {
        needs(output.walked(), &region, resident, &mut found)?;
        if matches!(output.kind, OutputKind::Values) {
            finished += region.size().saturating_mul(output.dtype().item_size() as u64);
        }
    }
    let (encoded, decoded) = (found.read_bytes(), found.decoded_bytes());
    let mut size = TaskSize { bytes: 0, reads: found.pieces.len() as u64, encoded, decoded };
    let at_once = if size.is_wide(n_workers) { n_workers } else { 1 };
    let held = found.encoded_bytes(at_once).saturating_add(found.held_bytes(at_once));
    size.bytes = held.saturating_add(finished).saturating_add(TILE_SCRATCH).saturating_add(inner_bytes(inner, &found));
    Ok(size)
}

/// The grid with the whole of a grouped axis in each task, where accumulators of its groups would take more than the values themselves.
fn whole_groups(outputs: &[StageOutput], grid: &ChunkGrid) -> Option<ChunkGrid> {
    let mut grouped = None;
    let (mut cells, mut values) = (0u64, 0u64);
    for output in outputs {
        let OutputKind::Reduction(reduction) = &output.kind else { return None };
        let mut gone = reduction.roles.iter().enumerate().filter(|(_, role)| !role.is_kept());
        let (Some((axis, role)), None) = (gone.next(), gone.next()) else { return None };
        if grouped.is_some_and(|other| other != axis) {
            return None;
        }
        grouped = Some(axis);
        let kept = reduction.roles.iter().zip(grid.axes()).filter(|(role, _)| role.is_kept());
        let kept = kept.fold(1u64, |n, (_, chunks)| n.saturating_mul(chunks.largest()));
        let n_groups = if let Role::Grouped(groups) = role { u64::from(groups.n_groups) } else { 1 };
        cells = cells.saturating_add(reduction.n_bytes_for(kept.saturating_mul(n_groups)));
        let column = kept.saturating_mul(grid.axes()[axis].len());
        values = values.max(column.saturating_mul(reduction.input.dtype().item_size() as u64));
    }
    let axis = grouped?;
    let worth = values >= SMALL_TASK && cells > values / 2 && grid.axes()[axis].n_chunks() > 1;
    let mut axes = grid.axes().to_vec();
    axes[axis] = AxisChunks::single(axes[axis].len());
    worth.then(|| ChunkGrid::new(axes))
}

/// The axes in the order in which cutting them is tried: long chunks first, those that operations run along last.
fn axes_to_cut(grid: &ChunkGrid, columns: &Columns) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..grid.rank()).collect();
    axes.sort_by_key(|&axis| (columns.kept_whole[axis], std::cmp::Reverse(grid.axes()[axis].largest())));
    axes
}

/// The grid with the longest chunks of the axes that `may` be cut cut in two.
pub(super) fn halved(grid: &ChunkGrid, may: impl Fn(usize) -> bool) -> Option<ChunkGrid> {
    let mut axes = grid.axes().to_vec();
    let candidates = axes.iter_mut().enumerate().filter(|(axis, _)| may(*axis));
    let (_, longest) = candidates.max_by_key(|(_, axis)| axis.largest())?;
    let (len, chunk) = (longest.len(), longest.largest());
    if chunk < 2 {
        return None;
    }
    *longest = AxisChunks::regular(len, chunk.div_ceil(2));
    Some(ChunkGrid::new(axes))
}

fn largest_index(axis: &AxisChunks) -> u64 {
    match axis {
        AxisChunks::Regular { .. } => 0,
        AxisChunks::Irregular(_) => {
            let length = |index: &u64| axis.range(*index).end - axis.range(*index).start;
            (0..axis.n_chunks()).max_by_key(length).unwrap_or(0)
        }
    }
}

/// Chunks joined along the fastest axes until a task is worth its cost. A task for one chunk decodes `read` bytes, which may be far more
/// than the chunk has where only a part of what is stored is wanted.
fn join_small(grid: ChunkGrid, item_size: u64, read: u64) -> ChunkGrid {
    let mut axes = grid.axes().to_vec();
    let own = axes.iter().fold(item_size, |n, chunks| n.saturating_mul(chunks.largest().max(1)));
    let times_read = (read / own.max(1)).max(1);
    for axis in (0..axes.len()).rev() {
        let per_value = item_size.saturating_mul(times_read);
        let bytes = axes.iter().fold(per_value, |n, chunks| n.saturating_mul(chunks.largest().max(1)));
        if bytes >= SMALL_TASK {
            break;
        }
        if let AxisChunks::Regular { len, chunk } = axes[axis] {
            let times = (SMALL_TASK / bytes.max(1)).max(1);
            axes[axis] = AxisChunks::regular(len, chunk.saturating_mul(times).min(len.max(1)));
        }
    }
    ChunkGrid::new(axes)
}

/// Chunks joined along a grouped axis whose groups are met by less than one row of a chunk each, or little more: as long as `least`
/// tasks are left.
fn join_groups(grid: ChunkGrid, outputs: &[StageOutput], item_size: u64, least: u64) -> ChunkGrid {
    let reductions = outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Reduction(reduction) => Some(reduction),
        OutputKind::Values => None,
    });
    let grouped = reductions.flat_map(|reduction| {
        let axes = reduction.roles.iter().enumerate();
        let grouped = axes.filter_map(move |(axis, role)| match role {
            Role::Grouped(groups) => Some((reduction, axis, groups)),
            _ => None,
        });
        grouped.chain(reduction.within().map(|(axis, groups)| (reduction, axis, groups)))
    });
    let largest = grid.largest_chunk();
    let bytes = largest.iter().fold(item_size, |n, &len| n.saturating_mul(len));
    for (reduction, axis, groups) in grouped {
        let AxisChunks::Regular { len, chunk } = grid.axes()[axis] else { continue };
        let rows = |times: u64| {
            let some = &groups.codes[..chunk.saturating_mul(times).min(len) as usize];
            let distinct: std::collections::HashSet<u32> = some.iter().copied().collect();
            (some.len() / distinct.len().max(1), distinct.len() as u64)
        };
        let kept = reduction.roles.iter().zip(&largest).filter(|(role, _)| role.is_kept());
        let (few, n_groups) = rows(1);
        let cells = kept.fold(n_groups, |n, (_, &len)| n.saturating_mul(len));
        if few > 1 || cells.saturating_mul(12) < CACHED_CELLS {
            continue;
        }
        let fits = |times: &u64| {
            bytes.saturating_mul(*times) <= GROUPED_TASK
                && grid.n_chunks() / times >= least
                && rows(*times).0 as u64 >= *times
        };
        if let Some(times) = [4, 2].into_iter().find(fits) {
            let mut axes = grid.axes().to_vec();
            axes[axis] = AxisChunks::regular(len, chunk.saturating_mul(times));
            return ChunkGrid::new(axes);
        }
    }
    grid
}
