//! Slices go down to what they slice, so that only the chunks they touch are read and computed.
use std::sync::Arc;

use super::Memory;
use crate::plan::{AxisSlice, Expr, Fold, Op};

/// For a slice: the same operation over sliced inputs. `None` for all else, and for slices that lie on a source already.
pub(super) fn apply(expr: &Expr, slices: &mut Memory) -> Option<Expr> {
    let Op::Slice(input, axes) = expr.op() else { return None };
    Some(match input.op() {
        Op::Read(_) | Op::Slice(..) | Op::Failed => return None,
        Op::Constant(block) => {
            let every: Vec<_> =
                axes.iter().map(|axis| (axis.start as usize, axis.len as usize, axis.step as isize)).collect();
            match block.slice(&every) {
                Ok(block) => Expr::constant(expr.dims().clone(), block),
                Err(error) => Expr::failed(error),
            }
        }
        Op::Unary(op, x) => slices.of(x, axes.clone()).unary(op.clone()),
        Op::Cast(x, dtype) => slices.of(x, axes.clone()).cast(*dtype),
        Op::Rename(x) => slices.of(x, axes.clone()).rename(expr.dims().clone()),
        Op::Binary(op, a, b) => by_name(slices, input, a, axes).binary(*op, &by_name(slices, input, b, axes)),
        Op::Select { condition, yes, no } => by_name(slices, input, condition, axes)
            .select(&by_name(slices, input, yes, axes), &by_name(slices, input, no, axes)),
        Op::Mask { condition, input: x } => {
            by_name(slices, input, x, axes).mask(&by_name(slices, input, condition, axes))
        }
        Op::Transpose(x, order) => {
            let mut moved = axes.clone();
            for (axis, &from) in order.iter().enumerate() {
                moved[from] = axes[axis];
            }
            slices.of(x, moved).transpose(order.clone())
        }
        Op::Take(x, axis, indices) => {
            let taken = axes[*axis];
            let picked: Arc<[i64]> = indices
                .iter()
                .copied()
                .skip(taken.start as usize)
                .step_by(taken.step as usize)
                .take(taken.len as usize)
                .collect();
            let mut rest = axes.clone();
            rest[*axis] = AxisSlice::whole(x.shape()[*axis]);
            slices.of(x, rest).take(*axis, picked, expr.dims().name(*axis))
        }
        Op::Expand(x, source) => {
            let rest = axes.iter().zip(source).filter_map(|(axis, from)| from.map(|from| (from, *axis)));
            let mut own: Vec<AxisSlice> = x.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            rest.for_each(|(from, axis)| own[from] = axis);
            slices.of(x, own).broadcast_to(expr.dims(), expr.shape().to_vec())
        }
        Op::Squeeze(x, kept) => {
            let mut all: Vec<AxisSlice> = x.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            for (axis, &from) in kept.iter().enumerate() {
                all[from] = axes[axis];
            }
            let gone: Vec<usize> = (0..x.shape().len()).filter(|axis| !kept.contains(axis)).collect();
            slices.of(x, all).squeeze(&gone)
        }
        Op::Concat(inputs, axis) => concat(slices, inputs, *axis, axes)?,
        Op::Points { input: x, axes: used, places } => {
            let first = used[0];
            let asked = axes[first];
            let picked: Arc<[i64]> = (0..asked.len)
                .flat_map(|k| {
                    let start = (asked.start + k * asked.step) as usize * used.len();
                    places[start..start + used.len()].iter().copied()
                })
                .collect();
            let mut inner: Vec<AxisSlice> = x.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            let stay = (0..inner.len()).filter(|axis| *axis == first || !used.contains(axis));
            for (position, axis) in stay.enumerate().filter(|(_, axis)| *axis != first).collect::<Vec<_>>() {
                inner[axis] = axes[position];
            }
            slices.of(x, inner).points(used.clone(), picked, expr.dims().name(first))
        }
        Op::Fold(x, axis, fold) => {
            // Only what is cut of other axes goes down.
            let (own, made) = if *fold == Fold::Merge { (2, 1) } else { (1, 2) };
            let whole = |axis: usize| AxisSlice::whole(x.shape()[axis]);
            let mut inner = axes[..*axis].to_vec();
            inner.extend((*axis..*axis + own).map(whole));
            inner.extend_from_slice(&axes[*axis + made..]);
            if inner.iter().zip(x.shape()).all(|(axis, &len)| axis.is_whole(len)) {
                return None;
            }
            let folded = slices.of(x, inner).fold_like(input, *axis, *fold);
            let mut outer: Vec<AxisSlice> = folded.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            outer[*axis..*axis + made].copy_from_slice(&axes[*axis..*axis + made]);
            folded.slice(outer)
        }
        Op::Along { input: x, axes: used, op } => {
            // What is cut of other axes is never computed; the axis of the results is cut afterwards.
            let first = used[0];
            let mut inner: Vec<AxisSlice> = x.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            let stay: Vec<usize> = (0..inner.len()).filter(|axis| *axis == first || !used.contains(axis)).collect();
            for (position, &axis) in stay.iter().enumerate().filter(|(_, axis)| **axis != first) {
                inner[axis] = axes[position];
            }
            if inner.iter().zip(x.shape()).all(|(axis, &len)| axis.is_whole(len)) {
                return None;
            }
            let made = slices.of(x, inner).along(used.clone(), op.clone(), expr.dims().name(first));
            let mut outer: Vec<AxisSlice> = made.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            outer[first] = axes[first];
            made.slice(outer)
        }
        Op::Reduce { input: x, axes: gone, op, options } => {
            slices.of(x, refill(x, axes, gone)).reduce(gone.clone(), *op, *options)
        }
        Op::GroupReduce { input: x, axis, groups, axes: gone, op, options } => {
            let position = expr.dims().position(&groups.dim)?;
            let of_groups = axes[position];
            let mut inner = refill(x, axes, gone);
            inner[*axis] = AxisSlice::whole(x.shape()[*axis]);
            if inner.iter().zip(x.shape()).all(|(axis, &len)| axis.is_whole(len)) {
                return None;
            }
            let reduced = slices.of(x, inner).group_reduce(*axis, groups.clone(), gone.clone(), *op, *options);
            let mut outer: Vec<AxisSlice> = reduced.shape().iter().map(|&len| AxisSlice::whole(len)).collect();
            outer[position] = of_groups;
            reduced.slice(outer)
        }
    })
}

/// The input of a broadcast node, sliced on the axes that it has.
fn by_name(slices: &mut Memory, node: &Expr, input: &Expr, axes: &[AxisSlice]) -> Expr {
    let own = input.dims().iter().zip(input.shape());
    let own =
        own.map(|(name, &len)| node.dims().position(name).map_or(AxisSlice::whole(len), |axis| axes[axis])).collect();
    slices.of(input, own)
}

/// Slices of a reduction's result, as slices of its input: all of the axes that go.
fn refill(input: &Expr, axes: &[AxisSlice], gone: &[usize]) -> Vec<AxisSlice> {
    let mut rest = axes.iter();
    let whole = |axis: usize| AxisSlice::whole(input.shape()[axis]);
    (0..input.shape().len())
        .map(|axis| if gone.contains(&axis) { whole(axis) } else { rest.next().copied().unwrap_or(whole(axis)) })
        .collect()
}

/// Only the inputs that the slice touches, each sliced.
fn concat(slices: &mut Memory, inputs: &[Expr], axis: usize, axes: &[AxisSlice]) -> Option<Expr> {
    let asked = axes[axis];
    let mut before = 0;
    let mut kept = Vec::new();
    let mut k = 0;
    for input in inputs {
        let end = before + input.shape()[axis];
        let first = asked.start + k * asked.step;
        if k < asked.len && first < end {
            let n = (end - first).div_ceil(asked.step).min(asked.len - k);
            let mut own = axes.to_vec();
            own[axis] = AxisSlice { start: first - before, len: n, step: asked.step };
            kept.push(slices.of(input, own));
            k += n;
        }
        before = end;
    }
    // An empty slice touches nothing: it is left as it is.
    (!kept.is_empty()).then(|| Expr::concat(kept, axis))
}
