//! Evaluating a piece of an expression from decoded pieces: element-wise chains run over tiles that stay in the cache.
use std::collections::{HashMap, HashSet};

use super::inner::InnerResults;
use super::leaf::{Pieces, read_window, window};
use super::regions::{PointBox, gap, input_regions, point_boxes, rows_of, take_runs};
use crate::base::{Assembly, Block, DType, Error, Region, Result};
use crate::compute::along::along;
use crate::compute::pointwise;
use crate::plan::{Expr, Fold, Op, deep};

/// Results of earlier stages, whole, by node.
pub(crate) type Resident = HashMap<usize, Block>;

/// What evaluation reads from.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    pub(crate) resident: &'a Resident,
    /// Results of reductions that the task has finished by itself.
    pub(crate) inner: &'a InnerResults,
    pub(crate) pieces: &'a Pieces,
    /// Nodes that several others use: their values are kept while a tile is worked on.
    pub(crate) shared: &'a HashSet<usize>,
}

/// Values of shared nodes for the tile that is worked on.
#[derive(Debug, Default)]
pub struct Memo(HashMap<usize, (Region, Block)>);

/// The values of `region` of `expr`.
///
/// # Errors
/// If a kernel refuses its input or the expression carries an error.
pub fn evaluate(expr: &Expr, region: &Region, environment: Environment<'_>, memo: &mut Memo) -> Result<Block> {
    if let Some(block) = environment.resident.get(&expr.id()) {
        return block.region(region);
    }
    if let Some((held, block)) = environment.inner.get(&expr.id()) {
        return block.region(&region.relative_to(held));
    }
    if region.is_empty() {
        return empty(expr.dtype(), &region.extents());
    }
    let shared = environment.shared.contains(&expr.id());
    if shared
        && let Some((held, block)) = memo.0.get(&expr.id())
        && held == region
    {
        return Ok(block.clone());
    }
    let block = deep(|| apply(expr, region, environment, memo))?;
    if shared {
        memo.0.insert(expr.id(), (region.clone(), block.clone()));
    }
    Ok(block)
}

fn apply(expr: &Expr, region: &Region, environment: Environment<'_>, memo: &mut Memo) -> Result<Block> {
    if let Some((source, window)) = window(expr, region) {
        return read_window(source, &window, environment.pieces);
    }
    let mut inputs = Vec::with_capacity(3);
    let needed = input_regions(expr, region, environment.resident)?;
    for (input, region) in &needed {
        inputs.push(evaluate(input, region, environment, memo)?);
    }
    let broadcast = |input: &Expr, block: &Block| {
        let source: Vec<Option<usize>> = expr.dims().iter().map(|name| input.dims().position(name)).collect();
        block.broadcast(&region.extents(), &source)
    };
    match (expr.op(), inputs.as_slice()) {
        (Op::Constant(block), _) => block.region(region),
        (Op::Unary(op, _), [x]) => pointwise::unary(op, x),
        (Op::Cast(_, dtype), [x]) => pointwise::cast(x, *dtype),
        (Op::Rename(_), [x]) => Ok(x.clone()),
        (Op::Binary(op, left, right), [a, b]) => pointwise::binary(*op, &broadcast(left, a)?, &broadcast(right, b)?),
        (Op::Select { condition, yes, no }, [c, a, b]) => {
            pointwise::select(&broadcast(condition, c)?, &broadcast(yes, a)?, &broadcast(no, b)?)
        }
        (Op::Mask { condition, input }, [c, x]) => pointwise::mask(&broadcast(condition, c)?, &broadcast(input, x)?),
        (Op::Slice(_, axes), [x]) => {
            let every: Vec<_> =
                axes.iter().zip(region.extents()).map(|(axis, len)| (0, len, axis.step as isize)).collect();
            x.slice(&every)
        }
        (Op::Transpose(_, order), [x]) => x.transpose(order),
        (Op::Expand(_, source), [x]) => x.broadcast(&region.extents(), source),
        (Op::Squeeze(..), [x]) => x.reshape(&region.extents()),
        (Op::Fold(input, axis, fold), [x]) => refold(x, input, *axis, *fold, region),
        (Op::Points { input, axes, places }, blocks) => {
            let boxes = point_boxes(input, axes, places, region.range(axes[0]), environment.resident);
            pick_points(expr.dtype(), region, axes, places, &boxes, blocks)
        }
        (Op::Along { input, axes, op }, [x]) => {
            let len = axes.iter().map(|&axis| input.shape()[axis]).product();
            let held = if axes.len() > 1 { 0..len } else { needed[0].1.range(axes[0]) };
            along(op, x, axes, &held, &region.range(axes[0]), len)
        }
        (Op::Concat(_, axis), blocks) => Block::concat(*axis, blocks),
        (Op::Take(input, axis, indices), blocks) => {
            let range = region.range(*axis);
            let indices = &indices[range.start as usize..range.end as usize];
            let runs = take_runs(indices, gap(input, *axis, environment.resident));
            take(*axis, indices, &runs, blocks, expr.dtype(), &region.extents())
        }
        _ => Err(Error::internal(format!("{expr:?} was given {} inputs", inputs.len()))),
    }
}

/// The positions `indices` from blocks that hold the runs of the axis.
fn take(
    axis: usize,
    indices: &[i64],
    runs: &[std::ops::Range<u64>],
    blocks: &[Block],
    dtype: DType,
    shape: &[usize],
) -> Result<Block> {
    if runs.is_empty() {
        return Block::filled(&Block::missing(dtype)?, shape);
    }
    let joined = Block::concat(axis, blocks)?;
    let mut starts = Vec::with_capacity(runs.len());
    let mut before = 0;
    for run in runs {
        starts.push(before as i64 - run.start as i64);
        before += run.end - run.start;
    }
    let moved: Vec<i64> = indices
        .iter()
        .map(|&index| match u64::try_from(index) {
            Ok(position) => index + starts[runs.partition_point(|run| run.end <= position)],
            Err(_) => -1,
        })
        .collect();
    joined.take(axis, &moved)
}

/// Whole rows of folded axes in their new form, and the box of them that is wanted.
fn refold(x: &Block, input: &Expr, axis: usize, fold: Fold, region: &Region) -> Result<Block> {
    let rows = rows_of(input, axis, fold, region);
    let n_rows = (rows.end - rows.start) as usize;
    let mut shape = x.shape()[..axis].to_vec();
    let mut every: Vec<(usize, usize, isize)> = region.extents().iter().map(|&len| (0, len, 1)).collect();
    let gone = match fold {
        Fold::Split(inner) => {
            shape.extend([n_rows, inner as usize]);
            every[axis + 1].0 = region.range(axis + 1).start as usize;
            1
        }
        Fold::Merge => {
            let inner = input.shape()[axis + 1];
            shape.push(n_rows * inner as usize);
            every[axis].0 = (region.range(axis).start - rows.start * inner) as usize;
            2
        }
    };
    shape.extend_from_slice(&x.shape()[axis + gone..]);
    x.reshape(&shape)?.slice(&every)
}

/// The values at points, from blocks that hold the boxes of points.
fn pick_points(
    dtype: DType,
    region: &Region,
    axes: &[usize],
    places: &[i64],
    boxes: &[PointBox],
    blocks: &[Block],
) -> Result<Block> {
    let first = region.range(axes[0]).start;
    let mut one = region.extents();
    one[axes[0]] = 1;
    let mut picked = Assembly::new(dtype, &region.extents());
    let target = |point: u64| Region::whole(&region.shape()).with(axes[0], point - first..point - first + 1);
    let missing = Block::filled(&Block::missing(dtype)?, &one)?;
    for point in region.range(axes[0]) {
        let start = point as usize * axes.len();
        if places[start..start + axes.len()].iter().any(|&at| at < 0) {
            picked.put(&target(point), &missing)?;
        }
    }
    for (box_, block) in boxes.iter().zip(blocks) {
        for point in box_.points.clone() {
            let start = point as usize * axes.len();
            let place = &places[start..start + axes.len()];
            if place.iter().any(|&at| at < 0) {
                continue;
            }
            let mut every: Vec<(usize, usize, isize)> = block.shape().iter().map(|&len| (0, len, 1)).collect();
            for ((&axis, &at), range) in axes.iter().zip(place).zip(&box_.ranges) {
                every[axis] = ((at as u64 - range.start) as usize, 1, 1);
            }
            picked.put(&target(point), &block.slice(&every)?.reshape(&one)?)?;
        }
    }
    picked.finish()
}

fn empty(dtype: DType, shape: &[usize]) -> Result<Block> {
    match dtype {
        DType::Utf8 => Block::from_strings(shape, std::iter::empty::<&str>()),
        _ => Block::from_buffer(dtype, shape, arrow_buffer::Buffer::from_vec(Vec::<u64>::new())),
    }
}
