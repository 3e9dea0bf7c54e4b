//! What runs: stages, each one walk over a drive grid.
use std::collections::HashSet;

use super::Columns;
use crate::base::{ChunkGrid, DType, Dims};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::{Expr, GroupCodes};

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
    /// What comes out.
    pub outputs: Vec<StageOutput>,
    /// What operations along axes ask of tasks and tiles.
    pub(crate) columns: Columns,
    /// Nodes that several others of this stage use.
    pub shared: HashSet<usize>,
    /// Bytes that the largest task takes (encoded, decoded, scratch, tiles, finished blocks): an upper bound where chunks are aligned.
    pub task_bytes: u64,
    /// Bytes that accumulators and results for later stages take while it runs: an upper bound.
    pub live_bytes: u64,
    /// Encoded bytes that are read at most, with rereads.
    pub read_bytes: u64,
    /// Chunks of sources that are touched by one task of average position, times tasks: an estimate of reads.
    pub reads: u64,
}

/// One output of a stage.
#[derive(Debug)]
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
#[derive(Debug)]
pub enum OutputKind {
    /// Each task yields a finished block.
    Values,
    /// Each task contributes to an accumulator.
    Reduction(Reduction),
}

/// A reduction over axes of the drive grid.
#[derive(Debug)]
pub struct Reduction {
    /// What is reduced.
    pub input: Expr,
    /// What happens to each axis.
    pub roles: Vec<Role>,
    /// How.
    pub op: ReduceOp,
    /// Missing values.
    pub options: ReduceOptions,
    /// Bytes of one accumulator of the largest tile.
    pub tile_bytes: u64,
    /// How many accumulators of one tile may exist at a time.
    pub replicas: usize,
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
