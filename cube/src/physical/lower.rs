//! Cutting a plan into stages. The cost depends on the number of operations, never on the number of chunks.
use std::collections::{HashMap, HashSet};

use super::Columns;
use super::leaf::{Needs, needs, source_id};
use super::program::Resident;
use super::stage::{OutputKind, PhysicalPlan, Reduction, Role, Stage, StageOutput};
use crate::base::{AxisChunks, Block, ChunkGrid, Dims, Region, Result};
use crate::compute::reduce::Accumulator;
use crate::plan::{Expr, Op};

/// Drive chunks are joined up to this size, so that the cost of a task is small beside its work.
const SMALL_TASK: u64 = 2 << 20;

/// Tasks that are on their way at most while reads wait for a network (the coordinator's bound).
pub(crate) const MOST_IN_FLIGHT: u64 = 32;

/// Bytes of tiles in work per task: a few operands of an element-wise chain.
const TILE_SCRATCH: u64 = 2 << 20;

/// Cuts the plan of `roots` into stages. `chunks` gives, per root, the boxes in which its sink wants blocks, if it cares.
///
/// # Errors
/// If an expression carries an error.
pub fn lower(roots: &[Expr], chunks: &[Option<ChunkGrid>], n_workers: usize, budget: u64) -> Result<PhysicalPlan> {
    for root in roots {
        if let Some(error) = root.error() {
            return Err(error.clone());
        }
    }
    let mut levels = Levels::default();
    roots.iter().for_each(|root| levels.visit(root));
    let mut outputs: Vec<(usize, Option<ChunkGrid>, StageOutput)> = Vec::new();
    for (expr, level) in levels.reductions {
        outputs.push((level, None, reduction(expr)));
    }
    for (index, root) in roots.iter().enumerate() {
        let wanted = chunks.get(index).cloned().flatten();
        if wanted.is_some() && root.is_reduction() {
            // Tiles of a reduction are cut like its input: for a sink with chunks of its own they are brought together first.
            levels.used.insert(root.id());
        } else if let Some(found) = outputs.iter_mut().find(|(_, grid, output)| {
            output.expr.id() == root.id() && (matches!(output.kind, OutputKind::Reduction(_)) || *grid == wanted)
        }) {
            found.2.roots.push(index);
            continue;
        }
        let output = StageOutput { expr: root.clone(), kind: OutputKind::Values, roots: vec![index], resident: false };
        outputs.push((levels.known[&root.id()], wanted, output));
    }
    for (_, _, output) in &mut outputs {
        let reduced = matches!(output.kind, OutputKind::Reduction(_));
        output.resident = reduced && levels.used.contains(&output.expr.id());
    }
    let mut groups: Vec<Group> = Vec::new();
    for (level, wanted, output) in outputs {
        let sources = sources_of(output.walked());
        let fits = |group: &&mut Group| {
            group.level == level
                && group.wanted == wanted
                && group.outputs[0].walked().dims() == output.walked().dims()
                && group.outputs[0].walked().shape() == output.walked().shape()
                && (!group.sources.is_disjoint(&sources) || (sources.is_empty() && group.sources.is_empty()))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => {
                group.sources.extend(sources);
                group.outputs.push(output);
            }
            None => groups.push(Group { level, wanted, sources, outputs: vec![output] }),
        }
    }
    groups.sort_by_key(|group| group.level);
    // Only whether a node is resident matters here, not its values.
    let resident: Resident = levels.used.iter().map(|&id| (id, Block::scalar(0u8))).collect();
    let stages = groups
        .into_iter()
        .map(|group| stage(group.outputs, group.wanted, &resident, n_workers, budget))
        .collect::<Result<_>>()?;
    Ok(PhysicalPlan { roots: roots.to_vec(), stages })
}

struct Group {
    level: usize,
    wanted: Option<ChunkGrid>,
    sources: HashSet<usize>,
    outputs: Vec<StageOutput>,
}

/// In which pass every node can be had: reductions end a pass.
#[derive(Default)]
struct Levels {
    known: HashMap<usize, usize>,
    reductions: Vec<(Expr, usize)>,
    /// Reductions that other nodes use.
    used: HashSet<usize>,
}

impl Levels {
    fn visit(&mut self, expr: &Expr) {
        if self.known.contains_key(&expr.id()) {
            return;
        }
        let mut level = 0;
        for input in expr.inputs() {
            self.visit(input);
            level = level.max(self.known[&input.id()]);
            if input.is_reduction() {
                self.used.insert(input.id());
            }
        }
        if expr.is_reduction() {
            self.reductions.push((expr.clone(), level));
            level += 1;
        }
        self.known.insert(expr.id(), level);
    }
}

fn reduction(expr: Expr) -> StageOutput {
    let (input, roles, op, options) = match expr.op() {
        Op::Reduce { input, axes, op, options } => {
            let role = |axis| if axes.contains(&axis) { Role::Reduced } else { Role::Kept };
            (input.clone(), (0..input.shape().len()).map(role).collect(), *op, *options)
        }
        Op::GroupReduce { input, axis, groups, axes, op, options } => {
            let role = |a: usize| {
                if a == *axis {
                    return Role::Grouped(groups.clone());
                }
                if axes.contains(&a) { Role::Reduced } else { Role::Kept }
            };
            (input.clone(), (0..input.shape().len()).map(role).collect(), *op, *options)
        }
        _ => return StageOutput { expr, kind: OutputKind::Values, roots: vec![], resident: true },
    };
    let kind = OutputKind::Reduction(Reduction { input, roles, op, options, tile_bytes: 0, replicas: 1 });
    StageOutput { expr, kind, roots: vec![], resident: true }
}

/// Sources that are read to evaluate `expr`, reductions inside it taken as known.
fn sources_of(expr: &Expr) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut seen = HashSet::new();
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        if !seen.insert(expr.id()) {
            continue;
        }
        if let Op::Read(source) = expr.op() {
            found.insert(source_id(source));
        }
        if !expr.is_reduction() {
            stack.extend(expr.inputs());
        }
    }
    found
}

fn stage(
    mut outputs: Vec<StageOutput>,
    wanted: Option<ChunkGrid>,
    resident: &Resident,
    n_workers: usize,
    budget: u64,
) -> Result<Stage> {
    let dims: Dims = outputs[0].walked().dims().clone();
    let widest = outputs.iter().map(|output| output.walked().dtype().item_size() as u64).max().unwrap_or(8);
    let fixed = wanted.is_some();
    let mut drive = match wanted {
        Some(grid) => grid,
        None => {
            let finest = outputs.iter().map(|output| output.walked().grid()).max_by_key(|grid| grid.n_chunks());
            join_small(finest.cloned().unwrap_or_else(|| ChunkGrid::new(vec![])), widest)
        }
    };
    let columns = Columns::of(&outputs, &dims);
    if !fixed {
        drive = uncut(&drive, &columns);
    }
    let order = drive_order(&outputs, drive.rank());
    // A task that takes more than its share is cut, as long as that makes it smaller.
    let share = budget / (2 * n_workers as u64 + 2);
    let (mut task, mut probe) = task_bytes(&outputs, &drive, resident)?;
    while task.saturating_sub(TILE_SCRATCH) > share && !fixed {
        let mut better = None;
        for axis in axes_to_cut(&drive, &columns) {
            let Some(smaller) = halved(&drive, axis) else { continue };
            let (bytes, reads) = task_bytes(&outputs, &smaller, resident)?;
            // Half a chunk is decoded as a whole: cutting that brings nothing but reads.
            if bytes.saturating_sub(TILE_SCRATCH) <= (task - TILE_SCRATCH) / 4 * 3 {
                better = Some((smaller, bytes, reads));
                break;
            }
        }
        let Some(found) = better else { break };
        (drive, task, probe) = found;
    }
    let task = task.saturating_add(columns.column_bytes);
    let live_bytes = accumulators(&mut outputs, &drive, &order, n_workers, budget);
    let shared = shared_nodes(&outputs);
    let n_tasks = drive.n_chunks();
    Ok(Stage {
        dims,
        columns,
        order,
        outputs,
        shared,
        task_bytes: task,
        live_bytes,
        read_bytes: probe.1.saturating_mul(n_tasks),
        reads: probe.0.saturating_mul(n_tasks),
        drive,
    })
}

/// The axes from the slowest to the fastest: those that the largest reduction keeps come first.
fn drive_order(outputs: &[StageOutput], rank: usize) -> Vec<usize> {
    let largest = outputs
        .iter()
        .filter_map(|output| match &output.kind {
            OutputKind::Reduction(reduction) => Some((output.expr.n_bytes(), reduction)),
            OutputKind::Values => None,
        })
        .max_by_key(|(bytes, _)| *bytes);
    let kept = |axis: &usize| largest.is_some_and(|(_, reduction)| reduction.roles[*axis].is_kept());
    let mut order: Vec<usize> = (0..rank).filter(kept).collect();
    order.extend((0..rank).filter(|axis| !kept(axis)));
    order
}

/// Bytes of the largest task, and (chunks, encoded bytes) that it reads.
fn task_bytes(outputs: &[StageOutput], drive: &ChunkGrid, resident: &Resident) -> Result<(u64, (u64, u64))> {
    // The largest chunk of an axis may be anywhere if chunks are irregular; looking at the largest of each is an upper bound.
    let index: Vec<u64> = drive.axes().iter().map(largest_index).collect();
    let Some(region) = drive.region(&index) else { return Ok((0, (0, 0))) };
    let mut found = Needs::default();
    let mut finished = 0u64;
    for output in outputs {
        needs(output.walked(), &region, resident, &mut found)?;
        if matches!(output.kind, OutputKind::Values) {
            finished += region.size().saturating_mul(output.dtype().item_size() as u64);
        }
    }
    let encoded = found.encoded_bytes();
    let bytes = encoded.saturating_add(found.decoded_bytes()).saturating_add(finished).saturating_add(TILE_SCRATCH);
    Ok((bytes, (found.pieces.len() as u64, encoded)))
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

/// Chunks joined along the fastest axes until a task is worth its cost.
fn join_small(grid: ChunkGrid, item_size: u64) -> ChunkGrid {
    let mut axes = grid.axes().to_vec();
    for axis in (0..axes.len()).rev() {
        let bytes = axes.iter().fold(item_size, |n, chunks| n.saturating_mul(chunks.largest().max(1)));
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

/// The grid without cuts along axes of which every part of a result needs all.
fn uncut(grid: &ChunkGrid, columns: &Columns) -> ChunkGrid {
    let axes = grid.axes().iter().zip(&columns.never_cut);
    ChunkGrid::new(
        axes.map(|(axis, &whole)| if whole { AxisChunks::single(axis.len()) } else { axis.clone() }).collect(),
    )
}

/// The axes in the order in which cutting them is tried: long chunks first, those that operations run along last.
fn axes_to_cut(grid: &ChunkGrid, columns: &Columns) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..grid.rank()).filter(|&axis| !columns.never_cut[axis]).collect();
    axes.sort_by_key(|&axis| (columns.kept_whole[axis], std::cmp::Reverse(grid.axes()[axis].largest())));
    axes
}

/// The grid with the chunks of an axis cut in two.
fn halved(grid: &ChunkGrid, axis: usize) -> Option<ChunkGrid> {
    let mut axes = grid.axes().to_vec();
    let longest = &mut axes[axis];
    let (len, chunk) = (longest.len(), longest.largest());
    if chunk < 2 {
        return None;
    }
    *longest = AxisChunks::regular(len, chunk.div_ceil(2));
    Some(ChunkGrid::new(axes))
}

/// Sets the size and the number of accumulators of every reduction; the bytes that all of them may take at a time.
fn accumulators(outputs: &mut [StageOutput], drive: &ChunkGrid, order: &[usize], n_workers: usize, budget: u64) -> u64 {
    let mut live = 0u64;
    for output in outputs {
        let OutputKind::Reduction(reduction) = &mut output.kind else { continue };
        let (mut cells, mut n_tiles, mut contributions) = (1u64, 1u64, 1u64);
        for (role, axis) in reduction.roles.iter().zip(drive.axes()) {
            match role {
                Role::Kept => {
                    cells = cells.saturating_mul(axis.largest());
                    n_tiles = n_tiles.saturating_mul(axis.n_chunks());
                }
                Role::Reduced => contributions = contributions.saturating_mul(axis.n_chunks()),
                Role::Grouped(groups) => {
                    cells = cells.saturating_mul(u64::from(groups.n_groups));
                    contributions = contributions.saturating_mul(axis.n_chunks());
                }
            }
        }
        let bytes = Accumulator::n_bytes_for(reduction.op, reduction.input.dtype(), cells as usize) as u64;
        let workers = (n_workers as u64).min(contributions.max(1));
        // In the order of this output a tile is finished before the one after the next begins; else all stand open.
        let own_order = order.iter().take_while(|&&axis| reduction.roles[axis].is_kept()).count();
        let in_order = own_order == reduction.roles.iter().filter(|role| role.is_kept()).count();
        let in_flight = (2 * n_workers as u64).max(MOST_IN_FLIGHT) + 2;
        let open = if in_order { (1 + in_flight.div_ceil(contributions.max(1))).min(n_tiles) } else { n_tiles };
        // Copies per worker only where they are small: a budget has better uses.
        let copied = bytes.saturating_mul(workers).saturating_mul(open) <= budget / 20;
        reduction.replicas = if copied { workers as usize } else { 1 };
        reduction.tile_bytes = bytes;
        let finished = cells.saturating_mul(output.expr.dtype().item_size() as u64);
        live = live
            .saturating_add(bytes.saturating_mul(reduction.replicas as u64).saturating_mul(open))
            .saturating_add(finished);
    }
    live
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

/// The box of the `n`-th task of a stage, in drive order, and its index.
pub(crate) fn task_region(stage: &Stage, n: u64) -> (Vec<u64>, Region) {
    let axes = stage.drive.axes();
    let mut index = vec![0; axes.len()];
    let mut rest = n;
    for &axis in stage.order.iter().rev() {
        let count = axes[axis].n_chunks().max(1);
        index[axis] = rest % count;
        rest /= count;
    }
    let region = Region::new(index.iter().zip(axes).map(|(&i, axis)| axis.range(i)).collect());
    (index, region)
}
