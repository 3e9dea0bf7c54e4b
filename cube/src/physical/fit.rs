//! Making a stage fit the budget: by the order of its walk, by columns, by disk, or by more passes; whichever moves the fewest bytes.
use std::collections::{HashMap, HashSet};

use super::cut::{TaskSize, drive_grid, halved, task_size};
use super::inner::inner_of;
use super::live::{Keeping, Live, by_unit, grouped, keep_accumulators};
use super::program::Resident;
use super::stage::{Fitting, OutputKind, Reduction, Role, Stage, StageOutput, Walk};
use super::{Columns, GroupBlocks, Means};
use crate::base::{ChunkGrid, Result};
use crate::plan::Expr;

/// Chunks are cut in at most two to the power of this many columns.
const MOST_CUTS: u32 = 12;

/// Disk is about this much slower than decoding the same bytes again.
const DISK_COST: u64 = 2;

/// What rides together, before it is known how.
pub(super) struct Group<'a> {
    pub outputs: Vec<StageOutput>,
    pub wanted: Option<&'a ChunkGrid>,
    pub resident: &'a Resident,
    /// Reductions that every task finishes by itself, and those of the whole plan.
    pub inner: Vec<(Expr, Reduction)>,
    pub inner_ids: &'a HashSet<usize>,
    /// Bytes of memory for tasks and accumulators, and of disk.
    pub means: Means,
}

/// One way to run a group.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    by_group: bool,
    spill: bool,
}

/// The stages that compute a group of outputs: one if it fits. If nothing fits the plainest is returned; running it is refused.
pub(super) fn stages(group: &Group<'_>) -> Result<Vec<Stage>> {
    let columns = group.columns();
    let (drive, mut task) =
        drive_grid(&group.outputs, group.wanted, group.resident, &group.inner, &columns, group.means)?;
    task.bytes = task.bytes.saturating_add(columns.column_bytes);
    let plain = group.build(&drive, task, Way::default(), None)?;
    let Some(plain) = plain else { return Ok(vec![]) };
    if group.fits(&plain) || !group.has_reductions() {
        return Ok(vec![plain]);
    }
    let mut best: Option<(u64, Vec<Stage>)> = None;
    let mut offer = |stages: Vec<Stage>| {
        let cost = stages.iter().fold(0u64, |sum, stage| sum.saturating_add(cost(stage)));
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, stages));
        }
    };
    let can_group = group.reductions().any(|reduction| grouped(reduction).is_some());
    for by_group in [false, true].into_iter().filter(|by_group| can_group || !by_group) {
        for spill in [false, true].into_iter().filter(|spill| group.means.disk > 0 || !spill) {
            if let Some(stage) = group.first_that_fits(&drive, task, Way { by_group, spill })? {
                offer(vec![stage]);
            }
        }
    }
    if group.outputs.len() > 1 {
        let mut separated = Vec::new();
        for output in &group.outputs {
            let alone = Group {
                outputs: vec![output.clone()],
                inner: inner_of(std::slice::from_ref(output), group.inner_ids),
                ..*group
            };
            separated.extend(stages(&alone)?);
        }
        if separated.iter().all(|stage| group.fits(stage)) {
            separated.iter_mut().for_each(|stage| stage.fitting.separated = true);
            offer(separated);
        }
    }
    Ok(best.map_or_else(|| vec![plain], |(_, stages)| stages))
}

impl Group<'_> {
    fn reductions(&self) -> impl Iterator<Item = &Reduction> {
        self.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Reduction(reduction) => Some(reduction),
            OutputKind::Values => None,
        })
    }

    /// What operations along axes ask for.
    fn columns(&self) -> Columns {
        self.outputs.first().map_or_else(Columns::default, |output| Columns::of(&self.outputs, output.walked().dims()))
    }

    fn has_reductions(&self) -> bool {
        self.reductions().next().is_some()
    }

    /// Whether every worker can have a task beside all that is live.
    fn fits(&self, stage: &Stage) -> bool {
        let tasks = stage.at_a_time(self.means.n_workers);
        let needed = stage.live_bytes.saturating_add(stage.task_bytes.saturating_mul(tasks));
        needed <= self.means.memory && stage.fitting.disk_bytes <= self.means.disk
    }

    /// The stage with as few columns as make it fit.
    fn first_that_fits(&self, drive: &ChunkGrid, task: TaskSize, way: Way) -> Result<Option<Stage>> {
        let (mut drive, mut task) = (drive.clone(), task);
        for cuts in 0..=MOST_CUTS {
            let at_a_time = if task.is_wide(self.means.n_workers) { 1 } else { self.means.n_workers };
            let room = task.bytes.saturating_mul(at_a_time);
            let spill_over = way.spill.then(|| self.means.memory.saturating_sub(room) / 4 * 3);
            if let Some(mut stage) = self.build(&drive, task, way, spill_over)? {
                stage.fitting.columns = 1 << cuts;
                if self.fits(&stage) {
                    return Ok(Some(stage));
                }
            }
            if self.wanted.is_some() {
                break;
            }
            let largest = self.largest();
            let columns = self.columns();
            let kept =
                |axis: usize| !columns.never_cut[axis] && largest.is_some_and(|largest| largest.roles[axis].is_kept());
            let Some(smaller) = halved(&drive, kept) else { break };
            task = task_size(&self.outputs, &smaller, self.resident, &self.inner, self.means.n_workers)?;
            task.bytes = task.bytes.saturating_add(columns.column_bytes);
            drive = smaller;
        }
        Ok(None)
    }

    /// The reduction with the largest result.
    fn largest(&self) -> Option<&Reduction> {
        let sized = self.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Reduction(reduction) => Some((output.expr.n_bytes(), reduction)),
            OutputKind::Values => None,
        });
        sized.max_by_key(|(bytes, _)| *bytes).map(|(_, reduction)| reduction)
    }

    /// The stage that walks `drive`; `None` if accumulators of a task do not fit `spill_over`.
    fn build(&self, drive: &ChunkGrid, task: TaskSize, way: Way, spill_over: Option<u64>) -> Result<Option<Stage>> {
        let mut outputs = self.outputs.clone();
        let order = self.drive_order(drive.rank());
        let walk = if way.by_group { self.walk(drive) } else { None };
        let wide = task.is_wide(self.means.n_workers);
        let by_unit = walk.is_none() && by_unit(&outputs, drive);
        let keeping =
            Keeping { n_workers: self.means.n_workers, wide, by_unit, copies: self.means.memory / 20, spill_over };
        let Some(live) = keep_accumulators(&mut outputs, drive, &order, walk.as_ref(), keeping) else {
            return Ok(None);
        };
        let Live { memory, disk, traffic } = live;
        let n_tasks = drive.n_chunks();
        let fitting =
            Fitting { columns: 1, by_group: way.by_group, disk_bytes: disk, disk_traffic: traffic, separated: false };
        Ok(Some(Stage {
            dims: outputs[0].walked().dims().clone(),
            order,
            most_at_once: None,
            walk,
            columns: self.columns(),
            inner: self.inner.clone(),
            shared: shared_nodes(&outputs),
            outputs,
            by_unit,
            wide,
            task_bytes: task.bytes,
            live_bytes: memory,
            kept_bytes: 0,
            drops: Vec::new(),
            fitting,
            read_bytes: task.encoded.saturating_mul(n_tasks),
            decoded_bytes: task.decoded.saturating_mul(n_tasks),
            reads: task.reads.saturating_mul(n_tasks),
            drive: drive.clone(),
        }))
    }

    /// The axes from the slowest to the fastest: those that the largest reduction keeps come first, then its groups.
    fn drive_order(&self, rank: usize) -> Vec<usize> {
        let largest = self.largest();
        let speed = |axis: usize| match largest.map(|reduction| &reduction.roles[axis]) {
            Some(Role::Kept) => 0,
            Some(Role::Grouped(_)) => 1,
            Some(Role::Reduced) | None => 2,
        };
        let mut order: Vec<usize> = (0..rank).collect();
        order.sort_by_key(|&axis| speed(axis));
        order
    }

    /// The chunks of the grouped axis of the largest grouped reduction, those of the same groups together.
    fn walk(&self, drive: &ChunkGrid) -> Option<Walk> {
        let sized = self.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Reduction(reduction) => Some((output.expr.n_bytes(), reduction, grouped(reduction)?)),
            OutputKind::Values => None,
        });
        let (_, reduction, axis) = sized.max_by_key(|(bytes, ..)| *bytes)?;
        let Role::Grouped(groups) = &reduction.roles[axis] else { return None };
        Some(Walk { axis, order: GroupBlocks::new(groups, &drive.axes()[axis]).walk() })
    }
}

/// Bytes moved by a stage: read, decoded, to disk and back.
fn cost(stage: &Stage) -> u64 {
    let disk = stage.fitting.disk_traffic.saturating_mul(DISK_COST);
    stage.read_bytes.saturating_add(stage.decoded_bytes).saturating_add(disk)
}

/// Nodes that more than one node or output of the stage uses: worth keeping while a tile is worked on.
fn shared_nodes(outputs: &[StageOutput]) -> HashSet<usize> {
    let mut uses: HashMap<usize, u32> = HashMap::new();
    let mut stack: Vec<Expr> = Vec::new();
    for output in outputs {
        stack.push(output.walked().clone());
    }
    while let Some(expr) = stack.pop() {
        let count = uses.entry(expr.id()).or_default();
        *count += 1;
        if *count == 1 && !expr.is_reduction() {
            stack.extend(expr.inputs().into_iter().cloned());
        }
    }
    uses.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id).collect()
}
