//! How nodes are built: every constructor checks its inputs and fixes dims, shape, dtype and chunks.
use std::panic::Location;
use std::sync::Arc;

use super::expr::{AxisSlice, Expr, GroupCodes, Node, Op};
use crate::base::{AxisChunks, Block, ChunkGrid, DType, Dims, Error, Result};
use crate::compute::pointwise::{self, BinaryOp, UnaryOp};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::source::Source;

/// Chunks of inputs that disagree are joined up to this size; beyond it the finer chunks are taken and data is read again.
const LARGEST_JOINED_CHUNK: u64 = 128 << 20;

impl Expr {
    /// The values of a source. An error if `dims` and the source differ in rank.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{ChunkGrid, Dims};
    /// use terracube_cube::plan::Expr;
    /// use terracube_cube::source::SyntheticSource;
    /// let source = || Arc::new(SyntheticSource::new(ChunkGrid::regular(&[10], &[4]), |_, values| values.fill(1.0)));
    /// assert_eq!(Expr::read(Dims::new(["x"])?, source()).grid().n_chunks(), 3);
    /// assert!(Expr::read(Dims::new(["y", "x"])?, source()).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn read(dims: Dims, source: Arc<dyn Source>) -> Self {
        let (grid, dtype) = (source.grid().clone(), source.dtype());
        if dims.len() != grid.rank() {
            let message = format!("{dims:?} names {} dimensions of an array of {}", dims.len(), grid.rank());
            return Self::failed(Error::corrupt(message));
        }
        Self::node(Op::Read(source), dims, grid.shape(), dtype, grid)
    }

    /// Values in memory, in one chunk.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["x"])?, Block::new(&[2], vec![1.0f32, 2.0])?);
    /// assert_eq!((x.shape(), x.dtype()), (&[2u64][..], DType::F32));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn constant(dims: Dims, block: Block) -> Self {
        if dims.len() != block.rank() {
            let message = format!("{dims:?} names {} dimensions of an array of {}", dims.len(), block.rank());
            return Self::failed(Error::invalid(message));
        }
        let shape: Vec<u64> = block.shape().iter().map(|&len| len as u64).collect();
        let (dtype, grid) = (block.dtype(), ChunkGrid::single(&shape));
        Self::node(Op::Constant(block), dims, shape, dtype, grid)
    }

    /// Nothing but an error.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// use terracube_cube::plan::Expr;
    /// assert_eq!(Expr::failed(Error::invalid("a window of 0")).error().unwrap().message(), "a window of 0");
    /// ```
    #[track_caller]
    pub fn failed(error: Error) -> Self {
        Self::failed_with_shape(Dims::none(), vec![], DType::F64, error)
    }

    /// An array of known shape whose values cannot be had.
    #[track_caller]
    pub fn failed_with_shape(dims: Dims, shape: Vec<u64>, dtype: DType, error: Error) -> Self {
        let grid = ChunkGrid::single(&shape);
        let error = Some(error.at(Location::caller()));
        Self::from_node(Node { op: Op::Failed, dims, shape, dtype, grid, error, depth: 0 })
    }

    /// The expression, or one that carries the error.
    #[track_caller]
    pub fn from_result(result: Result<Self>) -> Self {
        // A closure would not know who called.
        match result {
            Ok(expr) => expr,
            Err(error) => Self::failed(error),
        }
    }

    /// The expression; a mistake in it that has no place yet is the caller's.
    #[track_caller]
    pub(crate) fn placed(self) -> Self {
        match self.error() {
            Some(error) if error.place().is_none() => {
                Self::failed_with_shape(self.dims().clone(), self.shape().to_vec(), self.dtype(), error.clone())
            }
            _ => self,
        }
    }

    /// One value from one value.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims};
    /// use terracube_cube::compute::pointwise::UnaryOp;
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["x"])?, Block::new(&[2], vec![4i16, 9])?);
    /// assert_eq!(x.unary(UnaryOp::Sqrt).dtype(), DType::F32);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn unary(&self, op: UnaryOp) -> Self {
        match op.output_dtype(self.dtype()) {
            Ok(dtype) => self.like(Op::Unary(op, self.clone()), dtype),
            Err(error) => self.fail(error),
        }
    }

    /// One value from two, broadcast by dimension name: the dims of `self`, then those that only `other` has.
    ///
    /// ```
    /// use terracube_cube::{Block, Dims};
    /// use terracube_cube::compute::pointwise::BinaryOp;
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["x"])?, Block::new(&[2], vec![1.0, 2.0])?);
    /// let y = Expr::constant(Dims::new(["y"])?, Block::new(&[3], vec![1.0, 2.0, 3.0])?);
    /// assert_eq!(x.binary(BinaryOp::Add, &y).shape(), [2, 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn binary(&self, op: BinaryOp, other: &Self) -> Self {
        let built = op.output_dtype(self.dtype(), other.dtype()).and_then(|dtype| {
            let (dims, shape, grid) = broadcast(&[self, other])?;
            Ok(Self::node(Op::Binary(op, self.clone(), other.clone()), dims, shape, dtype, grid))
        });
        self.or_earlier(&[other], built)
    }

    /// `yes` where this holds, else `no`.
    #[track_caller]
    pub fn select(&self, yes: &Self, no: &Self) -> Self {
        let built =
            self.check_condition().and_then(|()| pointwise::promote(yes.dtype(), no.dtype())).and_then(|dtype| {
                let (dims, shape, grid) = broadcast(&[yes, no, self])?;
                let op = Op::Select { condition: self.clone(), yes: yes.clone(), no: no.clone() };
                Ok(Self::node(op, dims, shape, dtype, grid))
            });
        self.or_earlier(&[yes, no], built)
    }

    /// These values where `condition` holds, else missing. Integers become floats.
    #[track_caller]
    pub fn mask(&self, condition: &Self) -> Self {
        let built =
            condition.check_condition().and_then(|()| pointwise::masked_dtype(self.dtype())).and_then(|dtype| {
                let (dims, shape, grid) = broadcast(&[self, condition])?;
                let op = Op::Mask { condition: condition.clone(), input: self.clone() };
                Ok(Self::node(op, dims, shape, dtype, grid))
            });
        self.or_earlier(&[condition], built)
    }

    /// Another dtype.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["x"])?, Block::new(&[2], vec![1.0, 2.0])?);
    /// assert_eq!(x.cast(DType::I8).dtype(), DType::I8);
    /// assert!(x.cast(DType::Utf8).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Self {
        if dtype == self.dtype() {
            return self.clone();
        }
        match Block::missing(self.dtype()).and_then(|value| pointwise::cast(&value, dtype)) {
            Ok(_) => self.like(Op::Cast(self.clone(), dtype), dtype),
            Err(error) => self.fail(error),
        }
    }

    /// Every n-th position of each axis. Slices of slices are merged at once.
    #[track_caller]
    pub fn slice(&self, axes: Vec<AxisSlice>) -> Self {
        let inside = axes.len() == self.shape().len()
            && axes.iter().zip(self.shape()).all(|(axis, &len)| {
                axis.step >= 1 && axis.start <= len && (axis.len == 0 || axis.start + (axis.len - 1) * axis.step < len)
            });
        if !inside {
            return self.fail(Error::internal(format!("slice {axes:?} of shape {:?}", self.shape())));
        }
        if axes.iter().zip(self.shape()).all(|(axis, &len)| axis.is_whole(len)) {
            return self.clone();
        }
        if let Op::Slice(input, inner) = self.op() {
            return input.slice(axes.iter().zip(inner).map(|(outer, inner)| outer.after(inner)).collect());
        }
        let shape = axes.iter().map(|axis| axis.len).collect();
        let cut = self.grid().axes().iter().zip(&axes).map(|(c, axis)| c.slice(axis.start, axis.len, axis.step));
        let grid = ChunkGrid::new(cut.collect());
        self.derived(Op::Slice(self.clone(), axes), self.dims().clone(), shape, self.dtype(), grid)
    }

    /// Positions of one axis in any order, repeats allowed; below zero is missing. The axis is named `dim` from then on.
    #[track_caller]
    pub fn take(&self, axis: usize, indices: Arc<[i64]>, dim: &str) -> Self {
        let Some(&len) = self.shape().get(axis) else {
            return self.fail(Error::internal(format!("take on axis {axis} of {:?}", self.dims())));
        };
        if let Some(bad) = indices.iter().find(|&&index| index >= len as i64) {
            return self.fail(Error::invalid(format!("position {bad} on `{}` of {len}", self.dims().name(axis))));
        }
        let names: Vec<&str> =
            self.dims().iter().enumerate().map(|(a, name)| if a == axis { dim } else { name }).collect();
        let dims = match Dims::new(names) {
            Ok(dims) => dims,
            Err(error) => return self.fail(error),
        };
        let mut shape = self.shape().to_vec();
        shape[axis] = indices.len() as u64;
        let mut axes = self.grid().axes().to_vec();
        // Chunks along the axis follow those of the input as far as the indices walk through it in order.
        axes[axis] = take_chunks(&axes[axis], &indices);
        self.derived(Op::Take(self.clone(), axis, indices), dims, shape, self.dtype(), ChunkGrid::new(axes))
    }

    /// Axis `i` of the result is axis `order[i]` of this one.
    ///
    /// ```
    /// use terracube_cube::{Block, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["y", "x"])?, Block::new(&[1, 2], vec![1.0, 2.0])?).transpose(vec![1, 0]);
    /// assert_eq!((x.dims(), x.shape()), (&Dims::new(["x", "y"])?, &[2u64, 1][..]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn transpose(&self, order: Vec<usize>) -> Self {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted.iter().copied().ne(0..self.shape().len()) {
            return self.fail(Error::internal(format!("{order:?} is no order of {:?}", self.dims())));
        }
        if order.is_sorted() {
            return self.clone();
        }
        let dims = Expr::from_names(order.iter().map(|&axis| &**self.dims().name(axis)));
        let shape = order.iter().map(|&axis| self.shape()[axis]).collect();
        let grid = ChunkGrid::new(order.iter().map(|&axis| self.grid().axes()[axis].clone()).collect());
        match dims {
            Ok(dims) => self.derived(Op::Transpose(self.clone(), order), dims, shape, self.dtype(), grid),
            Err(error) => self.fail(error),
        }
    }

    /// The same values under other dimension names.
    #[track_caller]
    pub fn rename(&self, dims: Dims) -> Self {
        if dims.len() != self.dims().len() {
            return self.fail(Error::internal(format!("{dims:?} for {:?}", self.dims())));
        }
        if &dims == self.dims() {
            return self.clone();
        }
        self.derived(Op::Rename(self.clone()), dims, self.shape().to_vec(), self.dtype(), self.grid().clone())
    }

    /// A new axis of length 1 in front.
    #[track_caller]
    pub fn expand(&self, dim: &str) -> Self {
        let dims = match Expr::from_names(std::iter::once(dim).chain(self.dims().iter())) {
            Ok(dims) => dims,
            Err(error) => return self.fail(error),
        };
        let shape = std::iter::once(1).chain(self.shape().iter().copied()).collect();
        self.broadcast_to(&dims, shape)
    }

    /// The same values repeated along the dims that this has not; `dims` hold all of this one's, in any order.
    #[track_caller]
    pub fn broadcast_to(&self, dims: &Dims, shape: Vec<u64>) -> Self {
        let source: Vec<Option<usize>> = dims.iter().map(|name| self.dims().position(name)).collect();
        let missing = self.dims().iter().find(|name| !dims.contains(name));
        let wrong = source.iter().zip(&shape).any(|(from, len)| from.is_some_and(|axis| self.shape()[axis] != *len));
        if missing.is_some() || wrong || shape.len() != dims.len() {
            return self.fail(Error::internal(format!("{self:?} broadcast to {dims:?} {shape:?}")));
        }
        if dims == self.dims() {
            return self.clone();
        }
        let axes = source.iter().zip(&shape).map(|(from, &len)| match from {
            Some(axis) => self.grid().axes()[*axis].clone(),
            None => AxisChunks::single(len),
        });
        let grid = ChunkGrid::new(axes.collect());
        self.derived(Op::Expand(self.clone(), source), dims.clone(), shape, self.dtype(), grid)
    }

    /// Without the given axes, which must be of length 1.
    ///
    /// ```
    /// use terracube_cube::{Block, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["y", "x"])?, Block::new(&[1, 2], vec![1.0, 2.0])?);
    /// assert_eq!(x.squeeze(&[0]).shape(), [2]);
    /// assert!(x.squeeze(&[1]).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: &[usize]) -> Self {
        if let Some(&axis) = axes.iter().find(|&&axis| self.shape().get(axis) != Some(&1)) {
            return self.fail(Error::internal(format!("squeeze of axis {axis} of shape {:?}", self.shape())));
        }
        if axes.is_empty() {
            return self.clone();
        }
        let kept: Vec<usize> = (0..self.shape().len()).filter(|axis| !axes.contains(axis)).collect();
        let shape = kept.iter().map(|&axis| self.shape()[axis]).collect();
        let grid = ChunkGrid::new(kept.iter().map(|&axis| self.grid().axes()[axis].clone()).collect());
        self.derived(Op::Squeeze(self.clone(), kept), self.dims().without(axes), shape, self.dtype(), grid)
    }

    /// Inputs one behind the other along `axis`: same dims, same dtype, same lengths elsewhere.
    #[track_caller]
    pub fn concat(inputs: Vec<Self>, axis: usize) -> Self {
        let Some(first) = inputs.first().cloned() else {
            return Self::failed(Error::invalid("nothing to concatenate"));
        };
        if let Some(error) = inputs.iter().find_map(Self::error) {
            return Self::failed(error.clone());
        }
        if inputs.len() == 1 {
            return first;
        }
        if axis >= first.shape().len() {
            return Self::failed(Error::internal(format!("concat along axis {axis} of {first:?}")));
        }
        let fits = |input: &Self| {
            input.dims() == first.dims()
                && input.dtype() == first.dtype()
                && (0..first.shape().len()).all(|a| a == axis || input.shape()[a] == first.shape()[a])
        };
        if let Some(bad) = inputs.iter().find(|input| input.error().is_none() && !fits(input)) {
            return first.fail(Error::mismatch(format!("{bad:?} does not continue {first:?}")));
        }
        let mut boundaries = vec![0];
        let mut shape = first.shape().to_vec();
        shape[axis] = 0;
        for input in &inputs {
            let chunks = &input.grid().axes()[axis];
            boundaries.extend((0..chunks.n_chunks()).map(|index| shape[axis] + chunks.range(index).end));
            shape[axis] += input.shape()[axis];
        }
        let mut axes = first.grid().axes().to_vec();
        axes[axis] = AxisChunks::from_boundaries(boundaries);
        let (dims, dtype) = (first.dims().clone(), first.dtype());
        let rest: Vec<&Self> = inputs[1..].iter().collect();
        let built = Ok(Self::node(Op::Concat(inputs.clone(), axis), dims, shape, dtype, ChunkGrid::new(axes)));
        first.or_earlier(&rest, built)
    }

    /// A reduction over `axes` (ascending). Over no axis at all it still applies, value by value.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims};
    /// use terracube_cube::compute::{ReduceOp, ReduceOptions};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["y", "x"])?, Block::new(&[1, 2], vec![1, 2])?);
    /// let mean = x.reduce(vec![1], ReduceOp::Mean, ReduceOptions::default());
    /// assert_eq!((mean.shape(), mean.dtype(), mean.is_reduction()), (&[1u64][..], DType::F64, true));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce(&self, axes: Vec<usize>, op: ReduceOp, options: ReduceOptions) -> Self {
        let dtype = match op.output_dtype(self.dtype()) {
            Ok(dtype) => dtype,
            Err(error) => return self.fail(error),
        };
        let kept: Vec<usize> = (0..self.shape().len()).filter(|axis| !axes.contains(axis)).collect();
        let shape = kept.iter().map(|&axis| self.shape()[axis]).collect();
        let grid = ChunkGrid::new(kept.iter().map(|&axis| self.grid().axes()[axis].clone()).collect());
        let dims = self.dims().without(&axes);
        self.derived(Op::Reduce { input: self.clone(), axes, op, options }, dims, shape, dtype, grid)
    }

    /// A reduction of every group along `axis`, and over the further `axes`. The axis becomes the dimension of the groups.
    #[track_caller]
    pub fn group_reduce(
        &self,
        axis: usize,
        groups: GroupCodes,
        axes: Vec<usize>,
        op: ReduceOp,
        options: ReduceOptions,
    ) -> Self {
        let dtype = match op.output_dtype(self.dtype()) {
            Ok(dtype) => dtype,
            Err(error) => return self.fail(error),
        };
        if self.shape().get(axis) != Some(&(groups.codes.len() as u64)) {
            return self.fail(Error::internal(format!("{} group codes for axis {axis}", groups.codes.len())));
        }
        let mut names = Vec::new();
        let (mut shape, mut grid) = (Vec::new(), Vec::new());
        for (a, name) in self.dims().iter().enumerate().filter(|(a, _)| !axes.contains(a)) {
            names.push(if a == axis { &*groups.dim } else { name });
            shape.push(if a == axis { u64::from(groups.n_groups) } else { self.shape()[a] });
            let chunks = self.grid().axes()[a].clone();
            grid.push(if a == axis { AxisChunks::single(u64::from(groups.n_groups)) } else { chunks });
        }
        let dims = match Dims::new(names) {
            Ok(dims) => dims,
            Err(error) => return self.fail(error),
        };
        let op = Op::GroupReduce { input: self.clone(), axis, groups, axes, op, options };
        self.derived(op, dims, shape, dtype, ChunkGrid::new(grid))
    }

    fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Dims> {
        Dims::new(names)
    }

    fn check_condition(&self) -> Result<()> {
        if self.dtype() == DType::Bool || self.error().is_some() {
            return Ok(());
        }
        Err(Error::dtype(format!("a condition must be bool, this is {}", self.dtype()))
            .hint("compare first: `.gt(0.0)`, `.eq_to(1)`, `.is_missing()`"))
    }

    #[track_caller]
    fn node(op: Op, dims: Dims, shape: Vec<u64>, dtype: DType, grid: ChunkGrid) -> Self {
        Self::from_node(Node { op, dims, shape, dtype, grid, error: None, depth: 0 })
    }

    #[track_caller]
    fn derived(&self, op: Op, dims: Dims, shape: Vec<u64>, dtype: DType, grid: ChunkGrid) -> Self {
        Self::from_node(Node { op, dims, shape, dtype, grid, error: self.error().cloned(), depth: 0 })
    }

    #[track_caller]
    fn like(&self, op: Op, dtype: DType) -> Self {
        self.derived(op, self.dims().clone(), self.shape().to_vec(), dtype, self.grid().clone())
    }

    /// An earlier error stays: the first mistake is the one to show.
    #[track_caller]
    fn fail(&self, error: Error) -> Self {
        Self::failed(self.error().cloned().unwrap_or(error))
    }

    #[track_caller]
    fn or_earlier(&self, others: &[&Self], built: Result<Self>) -> Self {
        match self.error().or_else(|| others.iter().find_map(|other| other.error())) {
            Some(error) => Self::failed(error.clone()),
            None => Self::from_result(built),
        }
    }
}

/// Dims, shape and chunks of values broadcast by name.
fn broadcast(inputs: &[&Expr]) -> Result<(Dims, Vec<u64>, ChunkGrid)> {
    let dims = inputs.iter().fold(Dims::none(), |dims, input| dims.union(input.dims()));
    let item_size = inputs.iter().map(|input| input.dtype().item_size() as u64).max().unwrap_or(8);
    let (mut shape, mut axes): (Vec<u64>, Vec<AxisChunks>) = (Vec::new(), Vec::new());
    for name in dims.iter() {
        let having: Vec<(u64, &AxisChunks)> = inputs
            .iter()
            .filter_map(|input| {
                input.dims().position(name).map(|axis| (input.shape()[axis], &input.grid().axes()[axis]))
            })
            .collect();
        let len = having.first().map_or(1, |first| first.0);
        if let Some(other) = having.iter().find(|other| other.0 != len) {
            let message = format!("dimension `{name}` has {len} positions in one array and {} in the other", other.0);
            return Err(Error::mismatch(message).hint("select the same part of both, or align them first"));
        }
        shape.push(len);
        // One chunk says nothing about how data is cut (constants, small coordinates): the others decide.
        let mut cuts: Vec<&AxisChunks> = having.iter().map(|h| h.1).filter(|c| c.n_chunks() > 1).collect();
        cuts.dedup();
        axes.push(match cuts.as_slice() {
            [] => AxisChunks::single(len),
            [only] => (*only).clone(),
            several => join_chunks(several),
        });
    }
    let joined = ChunkGrid::new(axes);
    let chunk_bytes = joined.largest_chunk().iter().fold(item_size, |n, &len| n.saturating_mul(len));
    if chunk_bytes <= LARGEST_JOINED_CHUNK {
        return Ok((dims, shape, joined));
    }
    // Too large: follow the finest input on each axis and read some chunks of the others more than once.
    let finest = dims.iter().zip(joined.axes()).map(|(name, joined)| {
        let cuts = inputs.iter().filter_map(|i| i.dims().position(name).map(|axis| &i.grid().axes()[axis]));
        cuts.max_by_key(|cut| cut.n_chunks()).unwrap_or(joined).clone()
    });
    let grid = ChunkGrid::new(finest.collect());
    Ok((dims, shape, grid))
}

/// Chunks that end only where all inputs' chunks end.
fn join_chunks(inputs: &[&AxisChunks]) -> AxisChunks {
    if let [AxisChunks::Regular { len, chunk: a }, AxisChunks::Regular { chunk: b, .. }] = inputs {
        let (mut x, mut y) = (*a, *b);
        while y != 0 {
            (x, y) = (y, x % y);
        }
        return AxisChunks::regular(*len, (a / x).saturating_mul(*b).min(*len));
    }
    let mut boundaries: Vec<u64> = vec![0];
    let first = inputs[0];
    for index in 0..first.n_chunks() {
        let end = first.range(index).end;
        let everywhere =
            inputs[1..].iter().all(|other| end == other.len() || other.range(other.chunk_of(end)).start == end);
        if everywhere {
            boundaries.push(end);
        }
    }
    AxisChunks::from_boundaries(boundaries)
}

fn take_chunks(input: &AxisChunks, indices: &[i64]) -> AxisChunks {
    let len = indices.len() as u64;
    if input.n_chunks() <= 1 || len == 0 {
        return AxisChunks::single(len);
    }
    let mut boundaries = vec![0];
    let mut chunk = None;
    for (position, &index) in indices.iter().enumerate() {
        let now = u64::try_from(index).ok().map(|index| input.chunk_of(index));
        if position > 0 && now != chunk {
            boundaries.push(position as u64);
        }
        chunk = now;
    }
    boundaries.push(len);
    // Indices that jump about would give chunks of one position: then follow the size of the input's chunks.
    if boundaries.len() as u64 > 2 * input.n_chunks() + 1 {
        return AxisChunks::regular(len, input.largest());
    }
    AxisChunks::from_boundaries(boundaries)
}
