//! `var` and `std` of anomalies, along the axis of their groups, in one pass over the values themselves: with a shift k for each cell,
//! Σ(x - m(g))² = Σ(x - k)² - Σ over groups of (Σ(x - k))² / n. Nothing has to be held until the means of the groups are known.
use multiversion::multiversion;

use super::accumulator::{Accumulator, Contribution};
use super::layout::AxisRole;
use super::op::{ReduceOp, ReduceOptions};
use crate::base::{Block, DType, Error, Result};

/// Blocks are taken in parts of this many bytes, which the second of both sums finds in the cache.
const PART_BYTES: usize = 512 << 10;

/// The groups of the axis that goes, beside the moments of each cell.
pub(super) struct Within {
    /// Sums and counts by group; the groups stand at `position` among the kept axes.
    means: Accumulator,
    position: usize,
    n_groups: usize,
}

impl Within {
    pub(super) fn new(input: DType, shape: &[usize], position: usize, n_groups: usize) -> Result<Self> {
        let mut cells = shape.to_vec();
        cells.insert(position, n_groups);
        let means = Accumulator::new(ReduceOp::Mean, ReduceOptions::default(), input, &cells)?;
        Ok(Self { means, position, n_groups })
    }

    /// Bytes for every cell.
    pub(super) fn bytes_per_cell(input: DType, n_groups: usize) -> usize {
        Accumulator::n_bytes_for(ReduceOp::Mean, input, n_groups)
    }

    pub(super) fn update(&mut self, blocks: &[Contribution<'_>]) -> Result<()> {
        let mut all = Vec::with_capacity(blocks.len());
        for contribution in blocks {
            let Some((axis, codes)) = contribution.codes else {
                return Err(Error::internal("values without groups for a spread within groups"));
            };
            let mut roles = contribution.roles.to_vec();
            roles[axis] = AxisRole::Grouped(codes);
            let mut at = contribution.at.to_vec();
            at.insert(self.position, 0);
            all.push((contribution, roles, at));
        }
        let grouped = all.iter().map(|(contribution, roles, at)| Contribution { roles, at, ..**contribution });
        self.means.update_all(&grouped.collect::<Vec<_>>())
    }

    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        self.means.merge(other.means)
    }

    pub(super) fn blocks(&self) -> Result<Vec<Block>> {
        self.means.to_blocks()
    }

    pub(super) fn restored(self, blocks: &[Block]) -> Result<Self> {
        Ok(Self { means: self.means.restored(blocks)?, ..self })
    }

    /// The spread of every cell; `moments` are the blocks of its moments: counts, shifts, sums, squares and their errors.
    pub(super) fn finish(self, moments: &[Block], shape: &[usize], op: ReduceOp, output: DType) -> Result<Block> {
        let [counts, shifts, _, squares, errors @ ..] = moments else {
            return Err(Error::internal("a spread without moments"));
        };
        let (counts, shifts) = (counts.values::<u64>()?, shifts.values::<f64>()?);
        let mut rest = squares.values::<f64>()?.to_vec();
        if let [_, errors] = errors {
            rest.iter_mut().zip(errors.values::<f64>()?).for_each(|(square, error)| *square += error);
        }
        let groups = self.means.to_blocks()?;
        let (sums, of_groups) = (&groups[0], &groups[groups.len() - 1]);
        let (sums, of_groups) = (sums.values::<f64>()?, of_groups.values::<u64>()?);
        let none = vec![0.0; if groups.len() == 2 { sums.len() } else { 0 }];
        let errors = if groups.len() == 2 { &none } else { groups[1].values::<f64>()? };
        let inner: usize = shape[self.position..].iter().product();
        for start in (0..sums.len()).step_by(inner.max(1)) {
            // Cells of one group, for all positions of the axes behind that of the groups.
            let cell = start / (self.n_groups * inner) * inner;
            let (group, cells) = (start..start + inner, cell..cell + inner);
            let (sums, errors) = (&sums[group.clone()], &errors[group.clone()]);
            take_off(&mut rest[cells.clone()], &shifts[cells], sums, errors, &of_groups[group]);
        }
        let (ReduceOp::Var { ddof } | ReduceOp::Std { ddof }) = op else {
            return Err(Error::internal(format!("`{}` within groups", op.name())));
        };
        let root = matches!(op, ReduceOp::Std { .. });
        let value = |(&rest, &n): (&f64, &u64)| {
            let free = n as f64 - f64::from(ddof);
            if n == 0 || free <= 0.0 {
                return f64::NAN;
            }
            // Rounding can leave a sum of squares a little below zero; NaN stays.
            let variance = (if rest < 0.0 { 0.0 } else { rest }) / free;
            if root { variance.sqrt() } else { variance }
        };
        let values = rest.iter().zip(counts).map(value);
        match output {
            DType::F32 => Block::new(shape, values.map(|value| value as f32).collect()),
            _ => Block::new(shape, values.collect::<Vec<f64>>()),
        }
    }
}

/// Contributions cut along their slowest kept axis, if all fill the same cells: each part goes to both sums while it is in the cache.
pub(super) fn in_parts(
    blocks: &[Contribution<'_>],
    mut each: impl FnMut(&[Contribution<'_>]) -> Result<()>,
) -> Result<()> {
    let Some(first) = blocks.first() else { return Ok(()) };
    let kept: Vec<usize> = (0..first.roles.len()).filter(|&axis| first.roles[axis] == AxisRole::Kept).collect();
    let extents = |one: &Contribution<'_>| kept.iter().map(|&axis| one.block.shape()[axis]).collect::<Vec<_>>();
    let alike = blocks.iter().all(|one| one.at == first.at && extents(one) == extents(first));
    let (Some(&axis), true) = (kept.first().filter(|_| kept.len() > 1), alike) else { return each(blocks) };
    let len = first.block.shape()[axis];
    let bytes: usize = blocks.iter().map(|one| one.block.len() * one.block.dtype().item_size()).sum();
    let step = (len * PART_BYTES / bytes.max(1)).clamp(1, len.max(1));
    for from in (0..len).step_by(step) {
        let n = step.min(len - from);
        let mut at = first.at.to_vec();
        at[0] += from;
        let part = |one: &Contribution<'_>| {
            let mut axes: Vec<(usize, usize, isize)> = one.block.shape().iter().map(|&len| (0, len, 1)).collect();
            axes[axis] = (from, n, 1);
            one.block.slice(&axes)
        };
        let parts = blocks.iter().map(part).collect::<Result<Vec<_>>>()?;
        let parts = blocks.iter().zip(&parts).map(|(one, block)| Contribution { block, at: &at, ..*one });
        each(&parts.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Takes (Σ(x - k))² / n of one group off the squares of its cells.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn take_off(rest: &mut [f64], shifts: &[f64], sums: &[f64], errors: &[f64], counts: &[u64]) {
    let n_cells = rest.len();
    let (shifts, sums, errors, counts) = (&shifts[..n_cells], &sums[..n_cells], &errors[..n_cells], &counts[..n_cells]);
    for i in 0..n_cells {
        let n = counts[i] as f64;
        let (shifted, rounding) = (n * shifts[i], n.mul_add(shifts[i], -(n * shifts[i])));
        let deviation = (sums[i] - shifted) - rounding + errors[i];
        // An empty group has nothing to take off, and 0 / 0 would make a gap of it.
        rest[i] -= deviation * deviation / if counts[i] == 0 { 1.0 } else { n };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The spread of what is left of values by group, as it is defined: two passes in f64.
    fn expected(values: &[f64], codes: &[u32], ddof: u32) -> f64 {
        let present: Vec<(f64, u32)> = values
            .iter()
            .copied()
            .zip(codes.iter().copied())
            .filter(|(x, code)| !x.is_nan() && *code != u32::MAX)
            .collect();
        let mean = |group: u32| {
            let all: Vec<f64> = present.iter().filter(|(_, code)| *code == group).map(|(x, _)| *x).collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        let squares: f64 = present.iter().map(|&(x, code)| (x - mean(code)).powi(2)).sum();
        let free = present.len() as f64 - f64::from(ddof);
        if present.is_empty() || free <= 0.0 { f64::NAN } else { squares / free }
    }

    proptest! {
        #[test]
        fn spreads_within_groups_are_those_of_two_passes(
            values in prop::collection::vec(prop::option::weighted(0.9, -5.0f32..5.0), 7 * 6),
            codes in prop::collection::vec(0u32..4, 7),
            mean in prop::sample::select(vec![0.0f32, 280.0, 1e5]),
            ddof in 0u32..3,
            cut in 1usize..6,
            double in any::<bool>(),
        ) {
            let codes: Vec<u32> = codes.into_iter().map(|code| if code == 3 { u32::MAX } else { code }).collect();
            let values: Vec<f32> = values.into_iter().map(|x| x.map_or(f32::NAN, |x| x + mean)).collect();
            let narrow = Block::new(&[7, 2, 3], values.clone()).unwrap();
            let dtype = if double { DType::F64 } else { DType::F32 };
            let block = crate::compute::pointwise::cast(&narrow, dtype).unwrap();
            let roles = [AxisRole::Reduced, AxisRole::Kept, AxisRole::Kept];
            let rows = |from: usize, n: usize| block.slice(&[(from, n, 1), (0, 2, 1), (0, 3, 1)]).unwrap();
            let (first, second) = (rows(0, cut), rows(cut, 7 - cut));
            let part = |block, from: usize, n: usize| Contribution {
                block, roles: &roles, at: &[0, 0], place: from as u64, codes: Some((0, &codes[from..from + n])),
            };
            let new = || Accumulator::within(ReduceOp::Var { ddof }, dtype, &[2, 3], 0, 3).unwrap();
            let mut together = new();
            together.update_all(&[part(&first, 0, cut), part(&second, cut, 7 - cut)]).unwrap();
            let (mut one, mut two) = (new(), new());
            one.update_all(&[part(&first, 0, cut)]).unwrap();
            two.update_all(&[part(&second, cut, 7 - cut)]).unwrap();
            let mut merged = new().restored(&one.to_blocks().unwrap()).unwrap();
            merged.merge(two).unwrap();
            for done in [together, merged] {
                let found = done.finish().unwrap();
                prop_assert_eq!(found.dtype(), dtype);
                let found = crate::compute::pointwise::cast(&found, DType::F64).unwrap();
                for (cell, &found) in found.values::<f64>().unwrap().iter().enumerate() {
                    let column: Vec<f64> = (0..7).map(|t| f64::from(values[t * 6 + cell])).collect();
                    let expected = expected(&column, &codes, ddof);
                    let close = (found - expected).abs() <= 1e-6 * expected.abs() + 1e-9 * f64::from(mean.max(1.0));
                    prop_assert!(close || (found.is_nan() && expected.is_nan()), "{} for {}", found, expected);
                }
            }
        }
    }
}
