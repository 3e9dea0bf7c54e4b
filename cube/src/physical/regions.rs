//! Which box of its inputs a box of a node needs: the one place where positions are carried down the tree.
use std::ops::Range;

use super::program::Resident;
use crate::base::{Error, Region, Result};
use crate::plan::{Expr, Fold, Op};

/// The boxes of the inputs that `region` of `expr` needs, in the order of evaluation. `Take` may need several of one input.
pub(super) fn input_regions<'a>(
    expr: &'a Expr,
    region: &Region,
    resident: &Resident,
) -> Result<Vec<(&'a Expr, Region)>> {
    Ok(match expr.op() {
        Op::Read(_) | Op::Constant(_) => vec![],
        Op::Unary(_, input) | Op::Cast(input, _) | Op::Rename(input) => vec![(input, region.clone())],
        Op::Binary(_, left, right) => {
            vec![(left, of_input(expr, left, region)), (right, of_input(expr, right, region))]
        }
        Op::Select { condition, yes, no } => {
            [condition, yes, no].into_iter().map(|input| (input, of_input(expr, input, region))).collect()
        }
        Op::Mask { condition, input } => {
            [condition, input].into_iter().map(|input| (input, of_input(expr, input, region))).collect()
        }
        Op::Slice(input, axes) => {
            let ranges = region.ranges().iter().zip(axes).map(|(range, axis)| {
                let start = axis.start + range.start * axis.step;
                start..if range.end > range.start { axis.start + (range.end - 1) * axis.step + 1 } else { start }
            });
            vec![(input, Region::new(ranges.collect()))]
        }
        Op::Take(input, axis, indices) => {
            let range = region.range(*axis);
            let runs = take_runs(&indices[range.start as usize..range.end as usize], gap(input, *axis, resident));
            runs.into_iter().map(|run| (input, region.with(*axis, run))).collect()
        }
        Op::Transpose(input, order) => {
            let mut ranges = vec![0..0; order.len()];
            for (axis, &from) in order.iter().enumerate() {
                ranges[from] = region.range(axis);
            }
            vec![(input, Region::new(ranges))]
        }
        Op::Expand(input, source) => {
            let mut ranges = vec![0..0; input.shape().len()];
            for (axis, from) in source.iter().enumerate() {
                if let Some(from) = from {
                    ranges[*from] = region.range(axis);
                }
            }
            vec![(input, Region::new(ranges))]
        }
        Op::Squeeze(input, kept) => {
            let mut ranges = vec![0..1; input.shape().len()];
            for (axis, &from) in kept.iter().enumerate() {
                ranges[from] = region.range(axis);
            }
            vec![(input, Region::new(ranges))]
        }
        Op::Concat(inputs, axis) => {
            let mut start = 0;
            let mut touched = Vec::new();
            for input in inputs {
                let own = start..start + input.shape()[*axis];
                let asked = region.range(*axis);
                let both = asked.start.max(own.start)..asked.end.min(own.end);
                if both.start < both.end {
                    touched.push((input, region.with(*axis, both.start - start..both.end - start)));
                }
                start = own.end;
            }
            touched
        }
        Op::Points { input, axes, places } => {
            let of_points = region.range(axes[0]);
            let boxes = point_boxes(input, axes, places, of_points, resident);
            let of_others = |axis: usize| region.range(axis - axes[1..].iter().filter(|&&gone| gone < axis).count());
            let with = |box_: PointBox| {
                let of = |axis: usize| {
                    axes.iter().position(|&a| a == axis).map_or_else(|| of_others(axis), |k| box_.ranges[k].clone())
                };
                (input, Region::new((0..input.shape().len()).map(of).collect()))
            };
            boxes.into_iter().map(with).collect()
        }
        Op::Fold(input, axis, fold) => {
            let mut ranges: Vec<Range<u64>> = region.ranges()[..*axis].to_vec();
            let rows = rows_of(input, *axis, *fold, region);
            match fold {
                Fold::Split(inner) => ranges.push(rows.start * inner..rows.end * inner),
                Fold::Merge => ranges.extend([rows, 0..input.shape()[*axis + 1]]),
            }
            let made = if *fold == Fold::Merge { 1 } else { 2 };
            ranges.extend_from_slice(&region.ranges()[*axis + made..]);
            vec![(input, Region::new(ranges))]
        }
        Op::Along { input, axes, op } => {
            let mut ranges: Vec<Range<u64>> = Vec::with_capacity(input.shape().len());
            let mut position = 0;
            for (axis, &len) in input.shape().iter().enumerate() {
                if axes[1..].contains(&axis) {
                    ranges.push(0..len);
                    continue;
                }
                let asked = region.range(position);
                position += 1;
                ranges.push(match axis == axes[0] {
                    true if axes.len() > 1 => 0..len,
                    true => op.reads(&asked, len),
                    false => asked,
                });
            }
            vec![(input, Region::new(ranges))]
        }
        Op::Reduce { .. } | Op::GroupReduce { .. } => return Err(Error::internal("a reduction that was not computed")),
        Op::Failed => {
            return Err(expr
                .error()
                .cloned()
                .unwrap_or_else(|| Error::internal("a failed expression without an error")));
        }
    })
}

/// The positions of the outer one of two folded axes that a box needs.
pub(super) fn rows_of(input: &Expr, axis: usize, fold: Fold, region: &Region) -> Range<u64> {
    let range = region.range(axis);
    match fold {
        Fold::Split(_) => range,
        Fold::Merge => {
            let inner = input.shape()[axis + 1].max(1);
            range.start / inner..range.end.div_ceil(inner)
        }
    }
}

/// Points that stand in one chunk of the input, and the box on their axes that holds them.
pub(super) struct PointBox {
    pub(super) points: Range<u64>,
    pub(super) ranges: Vec<Range<u64>>,
}

/// Runs of points whose values lie in one chunk (any number of chunks of what is in memory); points without a place are in none.
pub(super) fn point_boxes(
    input: &Expr,
    axes: &[usize],
    places: &[i64],
    points: Range<u64>,
    resident: &Resident,
) -> Vec<PointBox> {
    let anywhere = resident.contains_key(&input.id()) || matches!(input.op(), Op::Constant(_));
    let chunk_of = |place: &[i64]| -> Vec<u64> {
        if anywhere {
            return vec![];
        }
        axes.iter().zip(place).map(|(&axis, &at)| input.grid().axes()[axis].chunk_of(at as u64)).collect()
    };
    let mut boxes: Vec<(Vec<u64>, PointBox)> = Vec::new();
    for point in points {
        let start = point as usize * axes.len();
        let place = &places[start..start + axes.len()];
        if place.iter().any(|&at| at < 0) {
            continue;
        }
        let chunk = chunk_of(place);
        match boxes.last_mut() {
            Some((held, last)) if *held == chunk => {
                last.points.end = point + 1;
                for (range, &at) in last.ranges.iter_mut().zip(place) {
                    *range = range.start.min(at as u64)..range.end.max(at as u64 + 1);
                }
            }
            _ => {
                let ranges = place.iter().map(|&at| at as u64..at as u64 + 1).collect();
                boxes.push((chunk, PointBox { points: point..point + 1, ranges }));
            }
        }
    }
    boxes.into_iter().map(|(_, box_)| box_).collect()
}

/// The box of an input that is broadcast by name into `expr`.
pub(super) fn of_input(expr: &Expr, input: &Expr, region: &Region) -> Region {
    let range = |name: &str| expr.dims().position(name).map_or(0..0, |axis| region.range(axis));
    Region::new(input.dims().iter().map(range).collect())
}

/// Positions further apart than this are read by themselves: a chunk of the input, or anything if it is in memory.
pub(super) fn gap(input: &Expr, axis: usize, resident: &Resident) -> u64 {
    if resident.contains_key(&input.id()) || matches!(input.op(), Op::Constant(_)) {
        return u64::MAX;
    }
    input.grid().axes()[axis].largest().max(1)
}

/// The runs of positions that hold all `indices`, ascending; a new run where more than `gap` positions lie between.
pub(super) fn take_runs(indices: &[i64], gap: u64) -> Vec<Range<u64>> {
    let mut sorted: Vec<u64> = indices.iter().filter_map(|&index| u64::try_from(index).ok()).collect();
    sorted.sort_unstable();
    let mut runs: Vec<Range<u64>> = Vec::new();
    for index in sorted {
        match runs.last_mut() {
            Some(run) if index.saturating_sub(run.end) < gap => run.end = run.end.max(index + 1),
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_all_indices() {
        assert_eq!(take_runs(&[5, -1, 3, 4, 90, 3], 10), [3..6, 90..91]);
        assert_eq!(take_runs(&[5, 90], u64::MAX), std::iter::once(5..91).collect::<Vec<_>>());
        assert!(take_runs(&[-1], 4).is_empty());
    }
}
