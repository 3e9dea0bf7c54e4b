//! A partial reduction with its types erased.
use super::count::CountState;
use super::factory::{self, Described};
use super::layout::{AxisRole, Layout, Part};
use super::moments::Spread;
use super::op::{ReduceOp, ReduceOptions};
use super::packed;
use super::state::State;
use super::within;
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
    /// Where groups stand among the kept axes and how many there are, for spreads within them.
    within: Option<(usize, usize)>,
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
    /// For [`Accumulator::within`]: the axis that goes, and the group of each of its positions.
    pub codes: Option<(usize, &'a [u32])>,
}

impl Accumulator {
    /// Empty cells of `shape` for values of dtype `input`.
    ///
    /// # Errors
    /// If the reduction is not defined for the dtype.
    pub fn new(op: ReduceOp, options: ReduceOptions, input: DType, shape: &[usize]) -> Result<Self> {
        Self::made(op, options, input, shape, factory::describe(op, options, input)?, op.output_dtype(input)?)
    }

    fn made(
        op: ReduceOp,
        options: ReduceOptions,
        input: DType,
        shape: &[usize],
        Described { make, .. }: Described,
        output: DType,
    ) -> Result<Self> {
        let n_cells = shape.iter().product();
        let guarded = options.min_count.is_some_and(|n| n > 0)
            && (input.is_float() || input.is_time_like())
            && !matches!(op, ReduceOp::Count | ReduceOp::Any | ReduceOp::All);
        let guard = guarded.then(|| Box::new(CountState::new(n_cells, input, true)));
        let (shape, state) = (shape.to_vec(), make(n_cells));
        Ok(Self { op, options, input, shape, state, guard, within: None, next_place: 0, output })
    }

    /// Empty cells of `shape` for the variance or standard deviation of values less the mean of their group, over the one axis that goes:
    /// it has `n_groups` groups and stands before kept axis `position`. Every contribution says which groups its positions belong to.
    ///
    /// # Errors
    /// If values are not floats.
    pub fn within(op: ReduceOp, input: DType, shape: &[usize], position: usize, n_groups: usize) -> Result<Self> {
        let inner = shape.get(position..).map(|inner| inner.iter().product());
        let spread = Spread::of(op).filter(|_| input.is_float());
        let (Some(inner), Some(spread)) = (inner, spread) else {
            return Err(Error::internal(format!("`{}` of {input} within groups", op.name())));
        };
        let described = within::describe(input, spread, n_groups, inner)?;
        let made = Self::made(op, ReduceOptions::default(), input, shape, described, input)?;
        Ok(Self { within: Some((position, n_groups)), ..made })
    }

    /// Bytes that [`Accumulator::within`] takes for `n_cells` cells.
    pub fn n_bytes_within(op: ReduceOp, input: DType, n_cells: usize, n_groups: usize) -> usize {
        let described = Spread::of(op).and_then(|spread| within::describe(input, spread, n_groups, 1).ok());
        n_cells.saturating_mul(described.map_or(0, |described| described.bytes_per_cell))
    }

    /// Empty cells of `shape` for f32 values that are reduced as if they had been cast to f64 before.
    ///
    /// # Errors
    /// Where [`Accumulator::widens`] says no.
    pub fn widening(op: ReduceOp, options: ReduceOptions, shape: &[usize]) -> Result<Self> {
        let described = factory::widening(op, options);
        let described = described.ok_or_else(|| Error::internal(format!("`{}` does not widen", op.name())))??;
        Self::made(op, options, DType::F32, shape, described, DType::F64)
    }

    /// Bytes per cell of [`Accumulator::widening`], with the counters that `min_count` needs; `None` if values have to be cast first.
    pub fn widens(op: ReduceOp, options: ReduceOptions) -> Option<usize> {
        Some(factory::widening(op, options)?.ok()?.bytes_per_cell + super::counts::COUNT_BYTES)
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
            within: None,
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
        self.update_all(&[Contribution { block, roles, at, place: self.next_place, codes: None }])
    }

    /// Takes in several blocks. Where they meet the same cells those are loaded and stored once for several rows of values.
    ///
    /// # Errors
    /// As [`Accumulator::update`].
    pub fn update_all(&mut self, blocks: &[Contribution<'_>]) -> Result<()> {
        let mut parts = Vec::with_capacity(blocks.len());
        for &Contribution { block, roles, at, place, codes } in blocks {
            if block.dtype() != self.input {
                let message = format!("`{}` of {} was given {}", self.op.name(), self.input, block.dtype());
                return Err(Error::internal(message));
            }
            let strides = match block.data() {
                BlockData::Fixed { strides, .. } => strides,
                BlockData::Text(_) => &crate::base::contiguous_strides(block.shape()),
            };
            let layout = match (self.within, codes) {
                (None, _) => Layout::new(block.shape(), strides, roles, &self.shape, at)?,
                (Some((position, n_groups)), Some((axis, codes))) => {
                    let (mut roles, mut shape, mut at) = (roles.to_vec(), self.shape.clone(), at.to_vec());
                    roles[axis] = AxisRole::Grouped(codes);
                    shape.insert(position, n_groups);
                    at.insert(position, 0);
                    Layout::new(block.shape(), strides, &roles, &shape, &at)?
                }
                _ => return Err(Error::internal("values without groups for a spread within groups")),
            };
            parts.push(Part { block, layout, place });
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
