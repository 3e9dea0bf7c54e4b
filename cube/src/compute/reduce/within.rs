//! `var` and `std` of anomalies, along the axis of their groups, in one pass over the values themselves: with a shift k for each cell,
//! Σ(x - m(g))² = Σ(x - k)² - Σ over groups of (Σ(x - k))² / n. Nothing has to be held until the means of the groups are known.
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
        DType::F32 => made::<f32, false>(spread, n_groups, inner, input),
        _ => made::<f64, true>(spread, n_groups, inner, DType::F64),
    }
}

fn made<T: Target, const COMPENSATED: bool>(
    spread: Spread,
    n_groups: usize,
    inner: usize,
    output: DType,
) -> Result<Described> {
    let bytes = Within::<T, SkipNan, COMPENSATED>::bytes(n_groups);
    described(bytes, move |n_cells| {
        let mut shifts = RecycledVec::zeros(n_cells);
        shifts.fill(f64::NAN);
        let errors = |n: usize| RecycledVec::zeros(if COMPENSATED { n } else { 0 });
        Within::<T, SkipNan, COMPENSATED> {
            counts: Counts::new(n_cells * n_groups),
            sums: RecycledVec::zeros(n_cells * n_groups),
            errors: errors(n_cells * n_groups),
            n_new: n_cells,
            shifts,
            squares: RecycledVec::zeros(n_cells),
            square_errors: errors(n_cells),
            n_groups,
            inner: inner.max(1),
            spread,
            output,
            kind: PhantomData,
        }
    })
}

/// Counts and sums for every group of every cell, squares of deviations from a shift for every cell.
struct Within<T, M, const COMPENSATED: bool> {
    counts: Counts,
    sums: RecycledVec<f64>,
    errors: RecycledVec<f64>,
    /// The first value of each cell; NaN before there is one.
    shifts: RecycledVec<f64>,
    /// How many cells have none yet.
    n_new: usize,
    squares: RecycledVec<f64>,
    square_errors: RecycledVec<f64>,
    n_groups: usize,
    /// Cells that stand behind each other within a group.
    inner: usize,
    spread: Spread,
    output: DType,
    kind: PhantomData<fn() -> (T, M)>,
}

impl<T, M, const COMPENSATED: bool> Within<T, M, COMPENSATED> {
    fn bytes(n_groups: usize) -> usize {
        let wide = if COMPENSATED { 16 } else { 8 };
        8 + wide + n_groups * (wide + COUNT_BYTES)
    }

    /// The cell that a cell of a group belongs to.
    fn cell(&self, in_group: usize) -> usize {
        in_group / (self.n_groups * self.inner) * self.inner + in_group % self.inner
    }

    fn error(errors: &[f64], at: usize) -> f64 {
        errors.get(at).copied().unwrap_or(0.0)
    }
}

impl<T: Number, M: Missing, const COMPENSATED: bool> Within<T, M, COMPENSATED> {
    /// Gives cells without a shift their first value.
    fn seed(&mut self, cell: usize, rows: &[&[T]]) {
        for row in rows {
            self.n_new -= seed_row::<T, M>(&mut self.shifts[cell..cell + row.len()], row);
        }
    }
}

impl<T: Number, M: Missing, const COMPENSATED: bool> Rows<T> for Within<T, M, COMPENSATED> {
    fn one(&mut self, cell: usize, value: T) {
        self.kept(cell, &[value]);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        self.kept_rows(cell, &[x]);
    }

    fn kept_rows(&mut self, in_group: usize, rows: &[&[T]]) {
        let len = rows[0].len();
        let cell = self.cell(in_group);
        if self.n_new > 0 {
            self.seed(cell, rows);
        }
        let (group, cells) = (in_group..in_group + len, cell..cell + len);
        let none = || &mut [][..];
        let (errors, square_errors) = if COMPENSATED {
            (&mut self.errors[group.clone()], &mut self.square_errors[cells.clone()])
        } else {
            (none(), none())
        };
        let mut of = Cells {
            counts: &mut self.counts.low()[group.clone()],
            sums: &mut self.sums[group],
            errors,
            shifts: &self.shifts[cells.clone()],
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
        // Sums of deviations of each cell of the other from its own shift.
        let mut theirs = vec![Deviations::default(); self.squares.len()];
        let mut counts = vec![0u64; self.squares.len()];
        for in_group in 0..other.sums.len() {
            let cell = other.cell(in_group);
            let n = other.counts.get(in_group);
            if n > 0 {
                let error = Self::error(&other.errors, in_group);
                theirs[cell].sum += deviation(other.sums[in_group], error, n as f64, other.shifts[cell]);
                counts[cell] += n;
            }
            let (sum, rounding) = two_sum(self.sums[in_group], other.sums[in_group]);
            self.sums[in_group] = sum;
            if COMPENSATED {
                self.errors[in_group] += rounding + other.errors[in_group];
            }
        }
        for (cell, mut more) in theirs.into_iter().enumerate().filter(|&(cell, _)| counts[cell] > 0) {
            (more.square, more.square_error) = (other.squares[cell], Self::error(&other.square_errors, cell));
            if self.shifts[cell].is_nan() {
                self.shifts[cell] = other.shifts[cell];
                self.n_new = self.n_new.saturating_sub(usize::from(!other.shifts[cell].is_nan()));
            } else if self.shifts[cell] != other.shifts[cell] {
                more = rebased(more, counts[cell] as f64, other.shifts[cell], self.shifts[cell]);
            }
            let (square, rounding) = two_sum(self.squares[cell], more.square);
            self.squares[cell] = square;
            if COMPENSATED {
                self.square_errors[cell] += rounding + more.square_error;
            }
        }
        self.counts.merge(&other.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let mut rest: Vec<f64> = self.squares.to_vec();
        // What is left of a sum of squares that is all taken off again, where groups hold equal values.
        let noise = |squares: f64, n: f64| if COMPENSATED { 0.0 } else { 4.0 * f64::EPSILON * n.sqrt() * squares };
        let mut free = vec![0.0; rest.len()];
        rest.iter_mut().zip(self.square_errors.iter()).for_each(|(square, error)| *square += error);
        for in_group in (0..self.sums.len()).step_by(self.inner) {
            let cell = self.cell(in_group);
            for i in 0..self.inner {
                let n = self.counts.get(in_group + i);
                if n > 0 {
                    let n = n as f64;
                    let error = Self::error(&self.errors, in_group + i);
                    let sum = deviation(self.sums[in_group + i], error, n, self.shifts[cell + i]);
                    rest[cell + i] -= sum * sum / n;
                    free[cell + i] += n;
                }
            }
        }
        let value = |((rest, n), squares): ((f64, f64), &f64)| {
            let free = n - f64::from(self.spread.ddof);
            if n == 0.0 || free <= 0.0 {
                return f64::NAN;
            }
            // Rounding can leave a sum of squares a little off zero; NaN stays.
            let variance = (if rest < noise(*squares, n) { 0.0 } else { rest }) / free;
            if self.spread.root { variance.sqrt() } else { variance }
        };
        let values = rest.into_iter().zip(free).zip(self.squares.iter()).map(value);
        match self.output {
            DType::F32 => Block::new(shape, values.map(|value| value as f32).collect()),
            _ => Block::new(shape, values.collect::<Vec<f64>>()),
        }
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = vec![self.counts.block()?, column(&self.sums)?, column(&self.shifts)?, column(&self.squares)?];
        if COMPENSATED {
            blocks.extend([column(&self.errors)?, column(&self.square_errors)?]);
        }
        Ok(blocks)
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let (n_cells, n_in_groups) = (self.squares.len(), self.sums.len());
        self.counts.restore(blocks, 0)?;
        self.sums = stored(blocks, 1, n_in_groups)?.into();
        self.shifts = stored(blocks, 2, n_cells)?.into();
        self.squares = stored(blocks, 3, n_cells)?.into();
        if COMPENSATED {
            self.errors = stored(blocks, 4, n_in_groups)?.into();
            self.square_errors = stored(blocks, 5, n_cells)?.into();
        }
        self.n_new = self.shifts.iter().filter(|shift| shift.is_nan()).count();
        Ok(())
    }
}

/// The sum of `n` deviations from a shift, from the sum of the values and its rounding error.
fn deviation(sum: f64, error: f64, n: f64, shift: f64) -> f64 {
    let shifted = n * shift;
    (sum - shifted) - n.mul_add(shift, -shifted) + error
}

/// What rows of one group meet.
struct Cells<'a> {
    counts: &'a mut [u32],
    sums: &'a mut [f64],
    errors: &'a mut [f64],
    shifts: &'a [f64],
    squares: &'a mut [f64],
    square_errors: &'a mut [f64],
}

/// Sets shifts that are not there yet to the values of a row; how many.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn seed_row<T: Number, M: Missing>(shifts: &mut [f64], x: &[T]) -> usize {
    let mut n_seeded = 0;
    for (shift, &value) in shifts.iter_mut().zip(x) {
        let first = shift.is_nan() & !M::missing(value);
        *shift = if first { value.to_f64() } else { *shift };
        n_seeded += usize::from(first);
    }
    n_seeded
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn rows_of<T: Number, M: Missing, const COMPENSATED: bool, const N: usize>(cells: &mut Cells, rows: [&[T]; N]) {
    let n = cells.sums.len();
    let rows = rows.map(|row| &row[..n]);
    let (sums, shifts, squares) = (&mut cells.sums[..n], &cells.shifts[..n], &mut cells.squares[..n]);
    if COMPENSATED {
        let (errors, square_errors) = (&mut cells.errors[..n], &mut cells.square_errors[..n]);
        for i in 0..n {
            for row in rows {
                let missing = M::missing(row[i]);
                let value = row[i].to_f64();
                let (sum, rounding) = two_sum(sums[i], if missing { 0.0 } else { value });
                sums[i] = sum;
                errors[i] += rounding;
                let deviation = if missing { 0.0 } else { value - shifts[i] };
                let (square, rounding) = two_sum(squares[i], deviation * deviation);
                squares[i] = square;
                square_errors[i] += rounding;
            }
        }
    } else {
        for i in 0..n {
            let (mut sum, mut square) = (sums[i], squares[i]);
            for row in rows {
                let missing = M::missing(row[i]);
                let value = row[i].to_f64();
                sum += if missing { 0.0 } else { value };
                let deviation = if missing { 0.0 } else { value - shifts[i] };
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

    #[test]
    fn equal_values_of_a_group_have_no_spread() {
        let codes: Vec<u32> = (0..12).map(|t| t % 4).collect();
        let values: Vec<f32> = (0..12 * 50).map(|i| 271.3 + (i / 50 % 4 * 7) as f32 + (i % 50) as f32 * 0.37).collect();
        let block = Block::new(&[12, 50], values).unwrap();
        let roles = [AxisRole::Reduced, AxisRole::Kept];
        let mut cells = Accumulator::within(ReduceOp::Std { ddof: 0 }, DType::F32, &[50], 0, 4).unwrap();
        let part = Contribution { block: &block, roles: &roles, at: &[0], place: 0, codes: Some((0, &codes)) };
        cells.update_all(&[part]).unwrap();
        assert_eq!(cells.finish().unwrap().values::<f32>().unwrap(), [0.0; 50]);
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
