//! `var` and `std` of anomalies, along the axis of their groups, in one pass over the values themselves: with a shift k for each group
//! of a cell, Σ(x - m(g))² = Σ(x - k(g))² - Σ over groups of (Σ(x - k(g)))² / n. Nothing has to be held until the means of the
//! groups are known, and the shift (the group's first value) keeps the squares as small as they are around the mean.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::counts::{COUNT_BYTES, Counts};
use super::factory::{Described, described};
use super::float_sums::two_sum;
use super::layout::{Part, ROWS, Rows, most_per_cell};
use super::moments::{Deviations, Spread, rebased};
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, DType, RecycledVec, Result};
use crate::compute::number::{Missing, Number, SkipNan};
use crate::compute::reader::Target;

/// The state for floats of dtype `input`, whose groups stand between `outer` and the other kept axes.
pub(super) fn describe(input: DType, spread: Spread, n_groups: usize, inner: usize) -> Result<Described> {
    match input {
        DType::F32 => made::<f32, false>(spread, n_groups, inner),
        _ => made::<f64, true>(spread, n_groups, inner),
    }
}

fn made<T: Target, const COMPENSATED: bool>(spread: Spread, n_groups: usize, inner: usize) -> Result<Described> {
    let bytes = Within::<T, SkipNan, COMPENSATED>::bytes(n_groups);
    described(bytes, move |n_cells| {
        let mut shifts = RecycledVec::zeros(n_cells * n_groups);
        shifts.fill(T::from_f64(f64::NAN));
        let errors = |n: usize| RecycledVec::zeros(if COMPENSATED { n } else { 0 });
        Within::<T, SkipNan, COMPENSATED> {
            counts: Counts::new(n_cells * n_groups),
            n_new: n_cells * n_groups,
            shifts,
            sums: RecycledVec::zeros(n_cells * n_groups),
            errors: errors(n_cells * n_groups),
            squares: RecycledVec::zeros(n_cells),
            square_errors: errors(n_cells),
            n_groups,
            inner: inner.max(1),
            spread,
            kind: PhantomData,
        }
    })
}

/// For every group of every cell the count, the shift and the sum of deviations from it; for every cell the sum of their squares.
struct Within<T: Target, M, const COMPENSATED: bool> {
    counts: Counts,
    /// The first value of each group of each cell; NaN before there is one.
    shifts: RecycledVec<T>,
    /// How many groups have none yet.
    n_new: usize,
    sums: RecycledVec<f64>,
    errors: RecycledVec<f64>,
    squares: RecycledVec<f64>,
    square_errors: RecycledVec<f64>,
    n_groups: usize,
    /// Cells that stand behind each other within a group.
    inner: usize,
    spread: Spread,
    kind: PhantomData<fn() -> M>,
}

impl<T: Target, M, const COMPENSATED: bool> Within<T, M, COMPENSATED> {
    fn bytes(n_groups: usize) -> usize {
        let wide = if COMPENSATED { 16 } else { 8 };
        wide + n_groups * (wide + COUNT_BYTES + size_of::<T>())
    }

    /// The cell that a cell of a group belongs to.
    fn cell(&self, in_group: usize) -> usize {
        in_group / (self.n_groups * self.inner) * self.inner + in_group % self.inner
    }

    /// Deviations of a group of a cell from its shift; the squares are those of the cell.
    fn deviations(&self, in_group: usize) -> Deviations {
        let sum_error = self.errors.get(in_group).copied().unwrap_or(0.0);
        Deviations { sum: self.sums[in_group], sum_error, ..Deviations::default() }
    }

    /// The sum of squares of a cell and its rounding error.
    fn add_square(&mut self, cell: usize, square: f64, error: f64) {
        let (sum, rounding) = two_sum(self.squares[cell], square);
        self.squares[cell] = sum;
        if COMPENSATED {
            self.square_errors[cell] += rounding + error;
        }
    }
}

impl<T: Target, M: Missing, const COMPENSATED: bool> Rows<T> for Within<T, M, COMPENSATED> {
    fn one(&mut self, cell: usize, value: T) {
        self.kept(cell, &[value]);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        self.kept_rows(cell, &[x]);
    }

    fn kept_rows(&mut self, in_group: usize, rows: &[&[T]]) {
        let len = rows[0].len();
        let cell = self.cell(in_group);
        let (group, cells) = (in_group..in_group + len, cell..cell + len);
        if self.n_new > 0 {
            for row in rows {
                self.n_new -= seed_row::<T, M>(&mut self.shifts[group.clone()], row);
            }
        }
        let none = || &mut [][..];
        let (errors, square_errors) = if COMPENSATED {
            (&mut self.errors[group.clone()], &mut self.square_errors[cells.clone()])
        } else {
            (none(), none())
        };
        let mut of = Cells {
            counts: &mut self.counts.low()[group.clone()],
            shifts: &self.shifts[group.clone()],
            sums: &mut self.sums[group],
            errors,
            squares: &mut self.squares[cells],
            square_errors,
        };
        match *rows {
            [a, b, c, d] => rows_of::<T, M, COMPENSATED, ROWS>(&mut of, [a, b, c, d]),
            _ => rows.iter().for_each(|row| rows_of::<T, M, COMPENSATED, 1>(&mut of, [row])),
        }
    }

    fn reduced(&mut self, in_group: usize, x: &[T]) {
        x.iter().for_each(|&value| self.one(in_group, value));
    }
}

impl<T: Target, M: Missing, const COMPENSATED: bool> State for Within<T, M, COMPENSATED> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        self.counts.reserve(most_per_cell(parts));
        let bytes = 8 + COUNT_BYTES + if COMPENSATED { 8 } else { 0 };
        drive_all::<T>(parts, self, bytes)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for in_group in 0..other.sums.len() {
            let n = other.counts.get(in_group);
            if n == 0 {
                continue;
            }
            let (mut theirs, old) = (other.deviations(in_group), other.shifts[in_group].to_f64());
            let new = self.shifts[in_group].to_f64();
            if new.is_nan() {
                self.shifts[in_group] = other.shifts[in_group];
                self.n_new -= 1;
            } else if new != old {
                theirs = rebased(theirs, n as f64, old, new);
                self.add_square(self.cell(in_group), theirs.square, theirs.square_error);
            }
            let (sum, rounding) = two_sum(self.sums[in_group], theirs.sum);
            self.sums[in_group] = sum;
            if COMPENSATED {
                self.errors[in_group] += rounding + theirs.sum_error;
            }
        }
        for (cell, &square) in other.squares.iter().enumerate() {
            self.add_square(cell, square, other.square_errors.get(cell).copied().unwrap_or(0.0));
        }
        self.counts.merge(&other.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let mut rest: Vec<f64> = self.squares.to_vec();
        let mut free = vec![0.0; rest.len()];
        rest.iter_mut().zip(self.square_errors.iter()).for_each(|(square, error)| *square += error);
        for in_group in (0..self.sums.len()).step_by(self.inner) {
            let cell = self.cell(in_group);
            for i in 0..self.inner {
                let n = self.counts.get(in_group + i);
                if n > 0 {
                    let all = self.deviations(in_group + i);
                    let (n, sum) = (n as f64, all.sum + all.sum_error);
                    rest[cell + i] -= sum * (sum / n);
                    free[cell + i] += n;
                }
            }
        }
        let value = |(rest, n): (f64, f64)| {
            let free = n - f64::from(self.spread.ddof);
            if n == 0.0 || free <= 0.0 {
                return f64::NAN;
            }
            // Rounding can leave a sum of squares a little below zero; NaN stays.
            let variance = (if rest < 0.0 { 0.0 } else { rest }) / free;
            if self.spread.root { variance.sqrt() } else { variance }
        };
        Block::new(shape, rest.into_iter().zip(free).map(|cell| T::from_f64(value(cell))).collect::<Vec<T>>())
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = vec![self.counts.block()?, column(&self.shifts)?, column(&self.sums)?, column(&self.squares)?];
        if COMPENSATED {
            blocks.extend([column(&self.errors)?, column(&self.square_errors)?]);
        }
        Ok(blocks)
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let (n_cells, n_in_groups) = (self.squares.len(), self.sums.len());
        self.counts.restore(blocks, 0)?;
        self.shifts = stored::<T>(blocks, 1, n_in_groups)?.into();
        self.sums = stored(blocks, 2, n_in_groups)?.into();
        self.squares = stored(blocks, 3, n_cells)?.into();
        if COMPENSATED {
            self.errors = stored(blocks, 4, n_in_groups)?.into();
            self.square_errors = stored(blocks, 5, n_cells)?.into();
        }
        self.n_new = self.shifts.iter().filter(|shift| shift.to_f64().is_nan()).count();
        Ok(())
    }
}

/// What rows of one group meet.
struct Cells<'a, T> {
    counts: &'a mut [u32],
    shifts: &'a [T],
    sums: &'a mut [f64],
    errors: &'a mut [f64],
    squares: &'a mut [f64],
    square_errors: &'a mut [f64],
}

/// Sets shifts that are not there yet to the values of a row; how many.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn seed_row<T: Number, M: Missing>(shifts: &mut [T], x: &[T]) -> usize {
    let mut n_seeded = 0;
    for (shift, &value) in shifts.iter_mut().zip(x) {
        let first = shift.to_f64().is_nan() & !M::missing(value);
        *shift = if first { value } else { *shift };
        n_seeded += usize::from(first);
    }
    n_seeded
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn rows_of<T: Number, M: Missing, const COMPENSATED: bool, const N: usize>(cells: &mut Cells<T>, rows: [&[T]; N]) {
    let n = cells.sums.len();
    let rows = rows.map(|row| &row[..n]);
    let (shifts, sums, squares) = (&cells.shifts[..n], &mut cells.sums[..n], &mut cells.squares[..n]);
    if COMPENSATED {
        let (errors, square_errors) = (&mut cells.errors[..n], &mut cells.square_errors[..n]);
        for i in 0..n {
            let shift = shifts[i].to_f64();
            for row in rows {
                let deviation = if M::missing(row[i]) { 0.0 } else { row[i].to_f64() - shift };
                let (sum, rounding) = two_sum(sums[i], deviation);
                sums[i] = sum;
                errors[i] += rounding;
                let (square, rounding) = two_sum(squares[i], deviation * deviation);
                squares[i] = square;
                square_errors[i] += rounding;
            }
        }
    } else {
        for i in 0..n {
            let (mut sum, mut square) = (sums[i], squares[i]);
            let shift = shifts[i].to_f64();
            for row in rows {
                let deviation = if M::missing(row[i]) { 0.0 } else { row[i].to_f64() - shift };
                sum += deviation;
                square += deviation * deviation;
            }
            (sums[i], squares[i]) = (sum, square);
        }
    }
    let counts = &mut cells.counts[..n];
    for i in 0..n {
        let mut present = 0;
        for row in rows {
            present += u32::from(!M::missing(row[i]));
        }
        counts[i] += present;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::base::{Block, DType};
    use crate::compute::reduce::{Accumulator, AxisRole, Contribution, ReduceOp};

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

    /// Updates from two halves that are merged, as workers do.
    fn spread(op: ReduceOp, block: &Block, codes: &[u32], n_groups: usize) -> Block {
        let roles = [AxisRole::Reduced, AxisRole::Kept];
        let [n, width] = *block.shape() else { panic!() };
        let new = || Accumulator::within(op, block.dtype(), &[width], 0, n_groups).unwrap();
        let half = |from: usize, n: usize| {
            let mut cells = new();
            let block = block.slice(&[(from, n, 1), (0, width, 1)]).unwrap();
            let codes = &codes[from..from + n];
            let part =
                Contribution { block: &block, roles: &roles, at: &[0], place: from as u64, codes: Some((0, codes)) };
            cells.update_all(&[part]).unwrap();
            cells
        };
        let mut whole = half(0, n / 3);
        whole.merge(half(n / 3, n - n / 3)).unwrap();
        whole.finish().unwrap()
    }

    #[test]
    fn equal_values_of_a_group_have_no_spread() {
        for n in [12, 240_000] {
            let codes: Vec<u32> = (0..n).map(|t| t % 4).collect();
            let values: Vec<f32> =
                (0..n * 5).map(|i| 271.3 + (i / 5 % 4 * 7000) as f32 + (i % 5) as f32 * 0.37).collect();
            let block = Block::new(&[n as usize, 5], values).unwrap();
            assert_eq!(spread(ReduceOp::Std { ddof: 0 }, &block, &codes, 4).values::<f32>().unwrap(), [0.0; 5]);
            let block = crate::compute::pointwise::cast(&block, DType::F64).unwrap();
            assert_eq!(spread(ReduceOp::Std { ddof: 0 }, &block, &codes, 4).values::<f64>().unwrap(), [0.0; 5]);
        }
    }

    #[test]
    fn a_small_spread_within_groups_that_are_far_apart_is_found() {
        let n = 30_000u32;
        let codes: Vec<u32> = (0..n).map(|t| t % 3).collect();
        // Within each group half of the values are 1/64 above the others, exactly.
        let values: Vec<f64> = (0..n).map(|t| f64::from(t % 3) * 1e9 + f64::from(t / 3 % 2) / 64.0).collect();
        let block = Block::new(&[n as usize, 1], values).unwrap();
        assert_eq!(spread(ReduceOp::Std { ddof: 0 }, &block, &codes, 3).values::<f64>().unwrap(), [1.0 / 128.0]);
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
                    // The means that are taken off in two passes are rounded.
                    let rounded = f64::EPSILON * f64::from(mean + 5.0) * expected.sqrt() * 8.0;
                    let relative = if double { 1e-14 } else { 1e-7 };
                    let close = (found - expected).abs() <= relative * expected.abs() + rounded.max(1e-25);
                    prop_assert!(close || (found.is_nan() && expected.is_nan()), "{} for {}", found, expected);
                }
            }
        }
    }
}
