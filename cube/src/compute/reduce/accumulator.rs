//! A partial reduction with its types erased.
use super::count::CountState;
use super::factory::{self, Described};
use super::layout::{AxisRole, Layout, Part};
use super::op::{ReduceOp, ReduceOptions};
use super::packed;
use super::state::State;
use crate::base::{Block, BlockData, DType, Error, Result};
use crate::compute::pointwise::{Unpack, cast, set_missing};

/// The state of one reduction over an array of cells: takes blocks in any order, merges with others, and ends in a block.
///
/// Its shape is that of the result: kept axes, and groups for grouped axes, in the order of the input's axes.
pub struct Accumulator {
    op: ReduceOp,
    options: ReduceOptions,
    input: DType,
    shape: Vec<usize>,
    state: Box<dyn State>,
    /// Counts beside the state, where a result needs at least so many values.
    guard: Option<Box<CountState>>,
    next_place: u64,
    /// The dtype of the result.
    output: DType,
}

/// A block on its way into an [`Accumulator`].
#[derive(Debug, Clone, Copy)]
pub struct Contribution<'a> {
    /// The values, of the dtype that the accumulator is for.
    pub block: &'a Block,
    /// What becomes of each of its axes.
    pub roles: &'a [AxisRole<'a>],
    /// Where its kept axes start in the accumulator: one number per accumulator axis, 0 for grouped axes, whose codes are absolute.
    pub at: &'a [usize],
    /// Its number along the reduced axes: decides what is first and last if blocks come out of order. Within a block C order counts.
    pub place: u64,
}

impl Accumulator {
    /// Empty cells of `shape` for values of dtype `input`.
    ///
    /// # Errors
    /// If the reduction is not defined for the dtype.
    pub fn new(op: ReduceOp, options: ReduceOptions, input: DType, shape: &[usize]) -> Result<Self> {
        let n_cells = shape.iter().product();
        let Described { make, .. } = factory::describe(op, options, input)?;
        let guarded = options.min_count.is_some_and(|n| n > 0)
            && (input.is_float() || input.is_time_like())
            && !matches!(op, ReduceOp::Count | ReduceOp::Any | ReduceOp::All);
        let guard = guarded.then(|| Box::new(CountState::new(n_cells, input, true)));
        let output = op.output_dtype(input)?;
        Ok(Self { op, options, input, shape: shape.to_vec(), state: make(n_cells), guard, next_place: 0, output })
    }

    /// Empty cells of `shape` for packed values of dtype `raw`, which are unpacked neither before nor while they are reduced: sums of
    /// them are exact, scale and offset are applied to the result. `None` where [`Accumulator::packs`] says no.
    ///
    /// # Errors
    /// Only for broken invariants.
    pub fn packed(op: ReduceOp, raw: DType, how: &Unpack, shape: &[usize]) -> Option<Result<Self>> {
        let options = ReduceOptions::default();
        let described = packed::describe(op, options, raw, how)?;
        Some(described.map(|Described { make, .. }| Self {
            op,
            options,
            input: raw,
            shape: shape.to_vec(),
            state: make(shape.iter().product()),
            guard: None,
            next_place: 0,
            output: how.out,
        }))
    }

    /// Bytes per cell of [`Accumulator::packed`]; `None` if packed values of dtype `raw` have to be unpacked for this reduction.
    pub fn packs(op: ReduceOp, options: ReduceOptions, raw: DType, how: &Unpack) -> Option<usize> {
        packed::describe(op, options, raw, how)?.ok().map(|described| described.bytes_per_cell)
    }

    /// The bytes that [`Accumulator::new`] takes for `n_cells` cells, with the counters that `min_count` needs included.
    /// The block that [`Accumulator::finish`] returns comes on top. 0 if the reduction is not defined for the dtype.
    pub fn n_bytes_for(op: ReduceOp, input: DType, n_cells: usize) -> usize {
        Self::n_bytes_with(op, ReduceOptions::default(), input, n_cells)
    }

    /// [`Accumulator::n_bytes_for`] under other options.
    pub fn n_bytes_with(op: ReduceOp, options: ReduceOptions, input: DType, n_cells: usize) -> usize {
        let bytes = |options| factory::describe(op, options, input).map_or(0, |described| described.bytes_per_cell);
        let most = bytes(options).max(bytes(ReduceOptions { skip_missing: false, ..options }));
        n_cells.saturating_mul(most + super::counts::COUNT_BYTES)
    }

    /// The reduction.
    pub fn op(&self) -> ReduceOp {
        self.op
    }

    /// The shape of the cells, and of the result.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Takes in a block: `roles` says what becomes of each of its axes, `at` where its kept axes start in the accumulator
    /// (one number per accumulator axis, 0 for grouped axes, whose codes are absolute).
    ///
    /// `first` and `last` take blocks in the order of the calls; see [`Accumulator::update_all`].
    ///
    /// # Errors
    /// If the dtype is another, or roles and shapes do not fit.
    pub fn update(&mut self, block: &Block, roles: &[AxisRole], at: &[usize]) -> Result<()> {
        self.update_all(&[Contribution { block, roles, at, place: self.next_place }])
    }

    /// Takes in several blocks. Where they meet the same cells those are loaded and stored once for several rows of values.
    ///
    /// # Errors
    /// As [`Accumulator::update`].
    pub fn update_all(&mut self, blocks: &[Contribution<'_>]) -> Result<()> {
        let mut parts = Vec::with_capacity(blocks.len());
        for &Contribution { block, roles, at, place } in blocks {
            if block.dtype() != self.input {
                let message = format!("`{}` of {} was given {}", self.op.name(), self.input, block.dtype());
                return Err(Error::internal(message));
            }
            let strides = match block.data() {
                BlockData::Fixed { strides, .. } => strides,
                BlockData::Text(_) => &crate::base::contiguous_strides(block.shape()),
            };
            parts.push(Part { block, layout: Layout::new(block.shape(), strides, roles, &self.shape, at)?, place });
            self.next_place = self.next_place.max(place.saturating_add(1));
        }
        self.state.update(&parts)?;
        self.guard.as_mut().map_or(Ok(()), |guard| guard.update(&parts))
    }

    /// Takes in another accumulator of the same reduction, dtype and shape.
    ///
    /// # Errors
    /// If it is of another kind.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        let same = (self.op, self.options, self.input) == (other.op, other.options, other.input);
        if !same || self.shape != other.shape {
            return Err(Error::internal(format!("merge of `{}` and `{}`", self.op.name(), other.op.name())));
        }
        self.state.merge(other.state)?;
        if let (Some(guard), Some(others)) = (&mut self.guard, other.guard) {
            guard.merge(others)?;
        }
        self.next_place = self.next_place.max(other.next_place);
        Ok(())
    }

    /// The result, of the dtype that [`ReduceOp::output_dtype`] says.
    ///
    /// # Errors
    /// If a cell of `min` or `max` of integers is empty, or a sum of durations does not fit its unit.
    pub fn finish(self) -> Result<Block> {
        let result = as_output(self.state.finish(&self.shape)?, self.output)?;
        match (self.guard, self.options.min_count) {
            (Some(guard), Some(least)) => set_missing(result, |cell| guard.get(cell) < least),
            _ => Ok(result),
        }
    }

    /// The state as blocks of one value per cell, to be spilled or sent. Their number and dtypes depend only on reduction,
    /// options and input dtype.
    ///
    /// # Errors
    /// Only for broken invariants.
    pub fn to_blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = self.state.blocks()?;
        if let Some(guard) = &self.guard {
            blocks.extend(guard.blocks()?);
        }
        Ok(blocks)
    }

    /// A new accumulator with the state of the one that [`Accumulator::to_blocks`] was called on.
    ///
    /// # Errors
    /// If the blocks are not of such a reduction.
    pub fn restored(mut self, blocks: &[Block]) -> Result<Self> {
        let n_guard = usize::from(self.guard.is_some());
        let n_state = blocks.len().saturating_sub(n_guard);
        self.state.restore(&blocks[..n_state])?;
        if let Some(guard) = &mut self.guard {
            guard.restore(&blocks[n_state..])?;
        }
        Ok(self)
    }
}

/// What a state holds as i64 or u64 in the dtype of the result, which holds it too.
fn as_output(block: Block, output: DType) -> Result<Block> {
    if block.dtype().storage() == output.storage() { block.reinterpret(output) } else { cast(&block, output) }
}
