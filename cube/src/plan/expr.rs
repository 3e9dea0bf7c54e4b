//! The expression tree: closed operations with dims, shape, dtype and chunks fixed and checked when they are built.
use std::fmt;
use std::sync::Arc;

use super::fold::Fold;
use crate::base::{Block, ChunkGrid, DType, Dims, Error};
use crate::compute::along::AxisOp;
use crate::compute::pointwise::{BinaryOp, UnaryOp};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::source::Source;

/// Deeper plans come from loops without end: walking them would take more memory than data.
const DEEPEST: u32 = 20_000;

/// Runs one step of a walk over a plan on a stack that is long enough: plans are deeper than stacks are.
pub fn deep<R>(step: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(256 << 10, 4 << 20, step)
}

/// A lazy array: a node of the plan, shared by all that use it. Two clones are the same node.
///
/// A mistake made while building travels inside ([`Expr::error`]) and is returned by whatever computes it.
#[derive(Clone)]
pub struct Expr(Arc<Node>);

/// One operation with what is known of its result.
#[derive(Debug)]
pub struct Node {
    pub(super) op: Op,
    pub(super) dims: Dims,
    pub(super) shape: Vec<u64>,
    pub(super) dtype: DType,
    pub(super) grid: ChunkGrid,
    pub(super) error: Option<Error>,
    pub(super) depth: u32,
}

/// Every `step`-th position of an axis: `start`, `start + step`, ... (`len` of them; `step` is at least 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AxisSlice {
    /// First position.
    pub start: u64,
    /// Number of positions.
    pub len: u64,
    /// Distance of positions.
    pub step: u64,
}

impl AxisSlice {
    /// All of an axis.
    ///
    /// ```
    /// use terracube_cube::plan::AxisSlice;
    /// assert_eq!(AxisSlice::whole(5), AxisSlice { start: 0, len: 5, step: 1 });
    /// ```
    pub fn whole(len: u64) -> Self {
        Self { start: 0, len, step: 1 }
    }

    /// Whether this is all of an axis of `len` positions.
    ///
    /// ```
    /// use terracube_cube::plan::AxisSlice;
    /// assert!(AxisSlice::whole(5).is_whole(5) && !AxisSlice::whole(5).is_whole(6));
    /// ```
    pub fn is_whole(&self, len: u64) -> bool {
        self.start == 0 && self.step == 1 && self.len == len
    }

    /// This slice of what `inner` sliced before.
    ///
    /// ```
    /// use terracube_cube::plan::AxisSlice;
    /// let (outer, inner) = (AxisSlice { start: 1, len: 2, step: 2 }, AxisSlice { start: 10, len: 5, step: 3 });
    /// assert_eq!(outer.after(&inner), AxisSlice { start: 13, len: 2, step: 6 });
    /// ```
    #[must_use]
    pub fn after(&self, inner: &Self) -> Self {
        Self { start: inner.start + self.start * inner.step, len: self.len, step: self.step * inner.step }
    }
}

/// Which group every position of an axis belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCodes {
    /// One group per position; `u32::MAX` belongs to none.
    pub codes: Arc<[u32]>,
    /// The number of groups.
    pub n_groups: u32,
    /// The name of the dimension that the groups make.
    pub dim: Arc<str>,
}

/// What a node does. Closed: the engine knows every case.
#[derive(Debug)]
pub enum Op {
    /// Values of a source.
    Read(Arc<dyn Source>),
    /// Values in memory.
    Constant(Block),
    /// One value from one value.
    Unary(UnaryOp, Expr),
    /// One value from two, broadcast by dimension name.
    Binary(BinaryOp, Expr, Expr),
    /// `yes` where the condition holds, else `no`; all broadcast by name.
    Select {
        /// Truth values.
        condition: Expr,
        /// Values where it holds.
        yes: Expr,
        /// Values where it does not.
        no: Expr,
    },
    /// Missing where the condition does not hold.
    Mask {
        /// Truth values.
        condition: Expr,
        /// Values where it holds.
        input: Expr,
    },
    /// Another dtype.
    Cast(Expr, DType),
    /// Every n-th position of each axis.
    Slice(Expr, Vec<AxisSlice>),
    /// Positions of one axis in any order; below zero is missing. The axis takes the name of `dims`.
    Take(Expr, usize, Arc<[i64]>),
    /// Axis `i` of the result is axis `order[i]` of the input.
    Transpose(Expr, Vec<usize>),
    /// The same values under other dimension names.
    Rename(Expr),
    /// The same values with axes of length 1 added: axis `i` of the result is axis `source[i]` of the input, or new.
    Expand(Expr, Vec<Option<usize>>),
    /// The same values without axes of length 1; holds the axes that stay.
    Squeeze(Expr, Vec<usize>),
    /// Inputs one behind the other along an axis.
    Concat(Vec<Expr>, usize),
    /// A reduction over axes.
    Reduce {
        /// What is reduced.
        input: Expr,
        /// The axes that go, ascending.
        axes: Vec<usize>,
        /// How.
        op: ReduceOp,
        /// Missing values.
        options: ReduceOptions,
    },
    /// A reduction of every group of positions along an axis, and over further axes.
    GroupReduce {
        /// What is reduced.
        input: Expr,
        /// The grouped axis.
        axis: usize,
        /// The groups.
        groups: GroupCodes,
        /// Further axes that go, ascending.
        axes: Vec<usize>,
        /// How.
        op: ReduceOp,
        /// Missing values.
        options: ReduceOptions,
    },
    /// An operation along axes: `axes[0]` becomes that of the results, further ones go.
    Along {
        /// The values.
        input: Expr,
        /// The axes taken together, ascending.
        axes: Vec<usize>,
        /// What is done.
        op: AxisOp,
    },
    /// The values at points: positions of several axes taken together. The points stand where `axes[0]` stood; the others go.
    Points {
        /// The values.
        input: Expr,
        /// The axes that points are given on, ascending.
        axes: Vec<usize>,
        /// A position on each of the axes for every point, one point after the other; below zero the value is missing.
        places: Arc<[i64]>,
    },
    /// An axis as two, or two as one.
    Fold(Expr, usize, Fold),
    /// Nothing: building failed (the node holds the error).
    Failed,
}

impl Expr {
    pub(super) fn from_node(mut node: Node) -> Self {
        node.depth = 1 + node.op.inputs().iter().map(|input| input.0.depth).max().unwrap_or(0);
        if node.depth > DEEPEST && node.error.is_none() {
            let message = format!("the plan is {DEEPEST} operations deep");
            return Self::failed(
                Error::unsupported(message)
                    .hint("call `.compute()?` in between, or reduce over a dimension instead of a loop"),
            );
        }
        Self(Arc::new(node))
    }

    /// What the node does.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_cube::plan::Op;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert!(matches!(t.variable().expr().op(), Op::Constant(_)) && matches!(t.mean("x").variable().expr().op(), Op::Reduce { .. }));
    /// ```
    pub fn op(&self) -> &Op {
        &self.0.op
    }

    /// The dimensions; none if building failed.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 3.0]);
    /// assert_eq!(t.mean("y").variable().expr().dims().iter().collect::<Vec<_>>(), ["x"]);
    /// ```
    pub fn dims(&self) -> &Dims {
        &self.0.dims
    }

    /// The length of each axis.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 3.0]).mean("y").variable().expr().shape(), [2]);
    /// ```
    pub fn shape(&self) -> &[u64] {
        &self.0.shape
    }

    /// The dtype.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1i16, 3]).mean("x").variable().expr().dtype(), DType::F64);
    /// ```
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// The chunks in which the values come most cheaply.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).variable().expr().grid().n_chunks(), 1);
    /// ```
    pub fn grid(&self) -> &ChunkGrid {
        &self.0.grid
    }

    /// The mistake that was made while building this or anything it uses.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert!(t.variable().expr().error().is_none() && t.mean("y").variable().expr().error().is_some());
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.0.error.as_ref()
    }

    /// The number of values, saturating.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[2, 3], vec![0.0f32; 6]).variable().expr().size(), 6);
    /// ```
    pub fn size(&self) -> u64 {
        self.0.shape.iter().fold(1, |n, &len| n.saturating_mul(len))
    }

    /// Bytes of all values in memory, saturating.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[2, 3], vec![0.0f32; 6]).variable().expr().n_bytes(), 24);
    /// ```
    pub fn n_bytes(&self) -> u64 {
        self.size().saturating_mul(self.dtype().item_size() as u64)
    }

    /// The identity of the node: equal for clones, different for all else that is alive.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let x = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).variable().expr().clone();
    /// assert_eq!(x.id(), x.clone().id());
    /// ```
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// The nodes that this one uses, in order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// let mean = t.mean("x");
    /// assert_eq!(mean.variable().expr().inputs().len(), 1);
    /// assert!(t.variable().expr().inputs().is_empty());
    /// ```
    pub fn inputs(&self) -> Vec<&Expr> {
        self.op().inputs()
    }
}

impl Op {
    fn inputs(&self) -> Vec<&Expr> {
        match self {
            Op::Read(_) | Op::Constant(_) | Op::Failed => vec![],
            Op::Unary(_, input)
            | Op::Cast(input, _)
            | Op::Slice(input, _)
            | Op::Take(input, ..)
            | Op::Transpose(input, _)
            | Op::Rename(input)
            | Op::Expand(input, _)
            | Op::Squeeze(input, _)
            | Op::Fold(input, ..)
            | Op::Along { input, .. }
            | Op::Points { input, .. }
            | Op::Reduce { input, .. }
            | Op::GroupReduce { input, .. } => vec![input],
            Op::Binary(_, left, right) => vec![left, right],
            Op::Select { condition, yes, no } => vec![condition, yes, no],
            Op::Mask { condition, input } => vec![condition, input],
            Op::Concat(inputs, _) => inputs.iter().collect(),
        }
    }
}

impl Expr {
    /// Whether data of all chunks must meet here before a value is known.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert!(t.mean("x").variable().expr().is_reduction() && !t.variable().expr().is_reduction());
    /// ```
    pub fn is_reduction(&self) -> bool {
        matches!(self.op(), Op::Reduce { .. } | Op::GroupReduce { .. })
    }
}

// Dropping a long chain recurses too.
impl Drop for Node {
    fn drop(&mut self) {
        if self.depth > 1 {
            deep(|| drop(std::mem::replace(&mut self.op, Op::Failed)));
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr<{}>{:?}{:?}", self.dtype(), self.dims(), self.shape())
    }
}
