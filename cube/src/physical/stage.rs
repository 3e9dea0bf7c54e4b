//! What runs: stages, each one walk over a drive grid.
use std::collections::HashSet;
use std::sync::Arc;

use super::{Columns, GroupBlocks};
use crate::base::{ChunkGrid, DType, Dims, Result};
use crate::compute::reduce::{Accumulator, ReduceOp, ReduceOptions};
use crate::compute::{BinaryOp, UnaryOp, Unpack};
use crate::plan::{Expr, GroupCodes, Op};

/// A whole computation: stages that run one after another.
#[derive(Debug)]
pub struct PhysicalPlan {
    /// What was asked for, optimised.
    pub roots: Vec<Expr>,
    /// The stages in order.
    pub stages: Vec<Stage>,
}

/// One walk over a drive grid: every drive chunk is one task, which reads what it needs and feeds every output.
#[derive(Debug)]
pub struct Stage {
    /// The dimensions that are walked.
    pub dims: Dims,
    /// The boxes of the tasks.
    pub drive: ChunkGrid,
    /// The axes from the slowest to the fastest: what feeds one accumulator stands together.
    pub order: Vec<usize>,
    /// Another order of the chunks of one axis than as they are stored.
    pub walk: Option<Walk>,
    /// How many tasks may be begun before the first has ended, if a sink holds memory for each.
    pub most_at_once: Option<usize>,
    /// What comes out.
    pub outputs: Vec<StageOutput>,
    /// What operations along axes ask of tasks and tiles.
    pub(crate) columns: Columns,
    /// Reductions that every task finishes by itself, each after those that it needs.
    pub inner: Vec<(Expr, Reduction)>,
    /// Nodes that several others of this stage use.
    pub shared: HashSet<usize>,
    /// Whether every unit of tiles has accumulators of its own and finishes them: where a task holds all that feeds its cells.
    pub by_unit: bool,
    /// Whether a task is so large that all workers share one, instead of having one each.
    pub wide: bool,
    /// Bytes that the largest task takes (encoded, decoded, scratch, tiles, finished blocks): an upper bound where chunks are aligned.
    pub task_bytes: u64,
    /// Bytes that accumulators and results for later stages take while it runs: an upper bound.
    pub live_bytes: u64,
    /// Bytes of results of this and earlier stages that later ones use, held while this one runs.
    pub kept_bytes: u64,
    /// Results of earlier stages that nobody needs any more once this one has run.
    pub drops: Vec<usize>,
    /// How it was made to fit the budget.
    pub fitting: Fitting,
    /// Encoded bytes that are read at most, with rereads.
    pub read_bytes: u64,
    /// Bytes that are decoded at most, with rereads.
    pub decoded_bytes: u64,
    /// Chunks of sources that are touched by one task of average position, times tasks: an estimate of reads.
    pub reads: u64,
}

impl Stage {
    /// How many tasks run at a time.
    pub fn at_a_time(&self, n_workers: u64) -> u64 {
        if self.wide { 1 } else { n_workers.min(self.drive.n_chunks().max(1)) }
    }
}

/// An order of the chunks of one axis.
#[derive(Debug, Clone)]
pub struct Walk {
    /// The axis.
    pub axis: usize,
    /// The indices of its chunks in the order in which they are walked.
    pub order: Arc<[u64]>,
}

/// How the accumulators of a stage were made to fit the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fitting {
    /// In how many parts the largest chunk was cut, so that its accumulators are smaller: each part reads it again.
    pub columns: u64,
    /// Whether chunks of the same groups are walked together.
    pub by_group: bool,
    /// Bytes of accumulators that are on disk at a time; 0 without spilling.
    pub disk_bytes: u64,
    /// Bytes written to disk and read back over the whole stage: an estimate.
    pub disk_traffic: u64,
    /// Whether results that could have been made in one pass were separated.
    pub separated: bool,
}

/// One output of a stage.
#[derive(Debug, Clone)]
pub struct StageOutput {
    /// The node whose values these are.
    pub expr: Expr,
    /// How they come about.
    pub kind: OutputKind,
    /// Which roots of the plan they are.
    pub roots: Vec<usize>,
    /// Whether a later stage uses them.
    pub resident: bool,
}

/// How an output comes about.
#[derive(Debug, Clone)]
pub enum OutputKind {
    /// Each task yields a finished block.
    Values,
    /// Each task contributes to an accumulator.
    Reduction(Reduction),
}

/// A reduction over axes of the drive grid.
#[derive(Debug, Clone)]
pub struct Reduction {
    /// What is reduced.
    pub input: Expr,
    /// What happens to each axis.
    pub roles: Vec<Role>,
    /// How.
    pub op: ReduceOp,
    /// Missing values.
    pub options: ReduceOptions,
    /// What stands between `input` and what is reduced, if the reduction takes care of it.
    pub raw: Option<Box<Raw>>,
    /// Bytes of one accumulator of the largest tile.
    pub tile_bytes: u64,
    /// How many accumulators of one tile may exist at a time.
    pub replicas: usize,
    /// The groups in blocks, each with accumulators of its own; `None` if one accumulator holds all groups.
    pub blocks: Option<Arc<GroupBlocks>>,
    /// Accumulators that nobody works on go to disk while all take more than this many bytes.
    pub memory_cap: Option<u64>,
}

impl Reduction {
    /// What a reducing node does; `None` for other nodes.
    pub fn of(expr: &Expr) -> Option<Self> {
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
            _ => return None,
        };
        let (input, raw) = Self::of_raw(&input, op, options).unwrap_or((input, None));
        Some(Self { input, roles, op, options, raw, tile_bytes: 0, replicas: 1, blocks: None, memory_cap: None })
    }

    /// [`Reduction::of`] for a spread of anomalies that takes the values themselves; `None` for other nodes.
    pub fn of_anomaly(expr: &Expr) -> Option<Self> {
        let (values, axis, groups) = anomaly_of(expr)?;
        let raw = Some(Box::new(Raw::Anomaly { axis, groups: groups.clone() }));
        Some(Self { input: values.clone(), raw, ..Self::of(expr)? })
    }

    /// The values below an input that unpacks or widens them, if they can be reduced as they are.
    fn of_raw(input: &Expr, op: ReduceOp, options: ReduceOptions) -> Option<(Expr, Option<Box<Raw>>)> {
        let (below, raw) = match input.op() {
            Op::Unary(UnaryOp::Unpack(how), below) => (below, Raw::Packed(how.clone())),
            Op::Cast(below, DType::F64) if below.dtype() == DType::F32 => (below, Raw::Narrow),
            _ => return None,
        };
        let takes = match &raw {
            Raw::Packed(how) => Accumulator::packs(op, options, below.dtype(), how),
            Raw::Narrow | Raw::Anomaly { .. } => Accumulator::widens(op, options),
        };
        takes.map(|_| (below.clone(), Some(Box::new(raw))))
    }

    /// The axis whose groups' means are taken off before its spread is taken, and the groups.
    pub fn within(&self) -> Option<(usize, &GroupCodes)> {
        match self.raw.as_deref() {
            Some(Raw::Anomaly { axis, groups }) => Some((*axis, groups)),
            _ => None,
        }
    }

    /// Empty cells of `shape`.
    ///
    /// # Errors
    /// If the reduction is not defined for its input.
    pub fn accumulator(&self, shape: &[usize]) -> Result<Accumulator> {
        let input = self.input.dtype();
        let made = match self.raw.as_deref() {
            Some(Raw::Packed(how)) => Accumulator::packed(self.op, input, how, shape),
            Some(Raw::Narrow) => Some(Accumulator::widening(self.op, self.options, shape)),
            Some(Raw::Anomaly { axis, groups }) => {
                // All axes but this one are kept: it stands before as many of them as its number says.
                Some(Accumulator::within(self.op, input, shape, *axis, groups.n_groups as usize))
            }
            None => None,
        };
        made.unwrap_or_else(|| Accumulator::new(self.op, self.options, input, shape))
    }

    /// Bytes that an accumulator of so many cells takes.
    pub fn n_bytes_for(&self, n_cells: u64) -> u64 {
        let input = self.input.dtype();
        if let Some((_, groups)) = self.within() {
            let n_cells = usize::try_from(n_cells).unwrap_or(usize::MAX);
            return Accumulator::n_bytes_within(self.op, input, n_cells, groups.n_groups as usize) as u64;
        }
        let per_cell = match self.raw.as_deref() {
            Some(Raw::Packed(how)) => Accumulator::packs(self.op, self.options, input, how),
            Some(Raw::Narrow) => Accumulator::widens(self.op, self.options),
            Some(Raw::Anomaly { .. }) | None => None,
        };
        match per_cell {
            Some(per_cell) => n_cells.saturating_mul(per_cell as u64),
            None => Accumulator::n_bytes_for(self.op, input, usize::try_from(n_cells).unwrap_or(usize::MAX)) as u64,
        }
    }
}

/// What a stage evaluates of the inputs of a node: `anomalies`: spreads of anomalies take the values themselves.
pub(super) fn needed(expr: &Expr, anomalies: bool) -> Vec<&Expr> {
    anomaly_of(expr).filter(|_| anomalies).map_or_else(|| expr.inputs(), |(values, ..)| vec![values])
}

/// If a node is the variance or standard deviation of values less the means of their groups, over the axis of the groups: the
/// values, the axis and the groups.
fn anomaly_of(expr: &Expr) -> Option<(&Expr, usize, &GroupCodes)> {
    let Op::Reduce { input, axes, op: ReduceOp::Var { .. } | ReduceOp::Std { .. }, options } = expr.op() else {
        return None;
    };
    let Op::Binary(BinaryOp::Sub, values, taken) = input.op() else { return None };
    let Op::Take(means, at, indices) = taken.op() else { return None };
    let Op::GroupReduce { input: of, axis, groups, axes: others, op: ReduceOp::Mean, options: of_means } = means.op()
    else {
        return None;
    };
    let usual = ReduceOptions::default();
    let same = of.id() == values.id() && **axes == [*axis] && at == axis && others.is_empty();
    let float = values.dtype() == input.dtype() && matches!(input.dtype(), DType::F32 | DType::F64);
    let plain = *options == usual && *of_means == usual && float;
    let order = taken.dims() == values.dims() && input.dims() == values.dims();
    let place = |code: u32| if code == u32::MAX { -1 } else { i64::from(code) };
    let whole = || indices.iter().copied().eq(groups.codes.iter().copied().map(place));
    (same && plain && order && whole()).then_some((values, *axis, groups))
}

/// What makes the values that are reduced out of those that a reduction takes.
#[derive(Debug, Clone)]
pub enum Raw {
    /// They are packed.
    Packed(Unpack),
    /// They are f32, to be reduced as f64.
    Narrow,
    /// Means of groups along the axis that goes are taken off before their spread is taken.
    Anomaly {
        /// The axis.
        axis: usize,
        /// The groups of its positions.
        groups: GroupCodes,
    },
}

/// What a reduction does with an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It stays.
    Kept,
    /// It goes.
    Reduced,
    /// Its positions are sorted into groups.
    Grouped(GroupCodes),
}

impl Role {
    /// Whether the axis stays as it is.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept)
    }
}

impl StageOutput {
    /// The expression that tasks evaluate: the values themselves, or what is reduced.
    pub fn walked(&self) -> &Expr {
        match &self.kind {
            OutputKind::Values => &self.expr,
            OutputKind::Reduction(reduction) => &reduction.input,
        }
    }

    /// The dtype of what comes out.
    pub fn dtype(&self) -> DType {
        self.expr.dtype()
    }
}
