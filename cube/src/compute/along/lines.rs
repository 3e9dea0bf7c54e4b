//! Blocks as lines: the values along the axes, one line behind the other.
use crate::base::{Block, DType, Element, Result};
use crate::compute::number::CastTo;
use crate::compute::pointwise::cast;

/// Lines of `len` values each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a, T> {
    pub(super) values: &'a [T],
    pub(super) len: usize,
    /// How many lines there are (known also if they have no values).
    pub(super) n: usize,
}

impl<'a, T> Lines<'a, T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        let (values, len) = (self.values, self.len);
        (0..self.n).map(move |line| &values[line * len..(line + 1) * len])
    }
}

/// Numbers that lines are worked on in: f64, i64 or u64 where that is exact, f32 where values are compared only.
pub(super) trait LineNumber: Element + CastTo<f64> {
    const AS: DType;
}

impl LineNumber for f64 {
    const AS: DType = DType::F64;
}

impl LineNumber for f32 {
    const AS: DType = DType::F32;
}

impl LineNumber for i64 {
    const AS: DType = DType::I64;
}

impl LineNumber for u64 {
    const AS: DType = DType::U64;
}

/// Reads the values along `axes` (ascending) as lines, lets `work` append `n_out` results for each, and puts those in place of
/// `axes[0]`; the other axes go.
pub(super) fn map_lines<T: LineNumber>(
    x: &Block,
    axes: &[usize],
    n_out: usize,
    output: DType,
    work: impl FnOnce(Lines<'_, T>, &mut Vec<T>) -> Result<()>,
) -> Result<Block> {
    map_lines_to(x, axes, n_out, output, work)
}

/// [`map_lines`] with results of another type.
pub(super) fn map_lines_to<T: LineNumber, U: Element>(
    x: &Block,
    axes: &[usize],
    n_out: usize,
    output: DType,
    work: impl FnOnce(Lines<'_, T>, &mut Vec<U>) -> Result<()>,
) -> Result<Block> {
    let others: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = others.iter().chain(axes).copied().collect();
    let moved = x.transpose(&order)?;
    let stored =
        if moved.dtype().is_time_like() { moved.contiguous()?.reinterpret(DType::I64)? } else { cast(&moved, T::AS)? };
    let plain = stored.contiguous()?;
    let n_lines: usize = others.iter().map(|&axis| x.shape()[axis]).product();
    let len: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let mut out = Vec::with_capacity(n_lines * n_out);
    work(Lines { values: plain.values::<T>()?, len, n: n_lines }, &mut out)?;
    let mut shape: Vec<usize> = others.iter().map(|&axis| x.shape()[axis]).collect();
    shape.push(n_out);
    let block = Block::new(&shape, out)?;
    let block = if output.is_time_like() { block.reinterpret(output)? } else { cast(&block, output)? };
    // The results stand last; they belong where `axes[0]` was among those that stay.
    let place = others.iter().filter(|&&axis| axis < axes[0]).count();
    let mut back: Vec<usize> = (0..others.len()).collect();
    back.insert(place, others.len());
    block.transpose(&back)
}
