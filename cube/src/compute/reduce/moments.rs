//! `var` and `std` in one pass: per cell the count, a shift (its first value) and the sums of deviations from it and of their squares.
//!
//! The shift keeps the squares small, so that subtracting the squared mean loses little. Inputs wider than f32 carry the
//! rounding errors of both sums.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::counts::{COUNT_BYTES, Counts};
use super::float_sums::two_sum;
use super::layout::{Part, ROWS, Rows, most_per_cell};
use super::op::ReduceOp;
use super::state::{State, collected, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, DType, Error, RecycledVec, Result};
use crate::compute::number::{Missing, Number};
use crate::compute::reader::Target;

/// Moments per cell.
pub(super) struct Moments<T, M, const COMPENSATED: bool> {
    counts: Counts,
    shifts: RecycledVec<f64>,
    sums: RecycledVec<f64>,
    squares: RecycledVec<f64>,
    sum_errors: RecycledVec<f64>,
    square_errors: RecycledVec<f64>,
    ending: Spread,
    output: DType,
    kind: PhantomData<fn() -> (T, M)>,
}

/// What is made of the moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) ddof: u32,
    /// The square root.
    pub(super) root: bool,
}

impl Spread {
    /// What a reduction makes of moments; `None` if it is not one of them.
    pub(super) fn of(op: ReduceOp) -> Option<Self> {
        match op {
            ReduceOp::Var { ddof } => Some(Self { ddof, root: false }),
            ReduceOp::Std { ddof } => Some(Self { ddof, root: true }),
            _ => None,
        }
    }
}

/// Sums of deviations and of their squares, each with its rounding error.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deviations {
    pub(super) sum: f64,
    pub(super) square: f64,
    pub(super) sum_error: f64,
    pub(super) square_error: f64,
}

impl<T, M, const COMPENSATED: bool> Moments<T, M, COMPENSATED> {
    pub(super) const BYTES: usize = COUNT_BYTES + 24 + if COMPENSATED { 16 } else { 0 };

    pub(super) fn new(n_cells: usize, ending: Spread, output: DType) -> Self {
        let column = || RecycledVec::zeros(n_cells);
        let errors = || RecycledVec::zeros(if COMPENSATED { n_cells } else { 0 });
        Self {
            counts: Counts::new(n_cells),
            shifts: column(),
            sums: column(),
            squares: column(),
            sum_errors: errors(),
            square_errors: errors(),
            ending,
            output,
            kind: PhantomData,
        }
    }

    fn add(&mut self, cell: usize, more: Deviations) {
        if COMPENSATED {
            let (sum, rounding) = two_sum(self.sums[cell], more.sum);
            self.sums[cell] = sum;
            self.sum_errors[cell] += rounding + more.sum_error;
            let (square, rounding) = two_sum(self.squares[cell], more.square);
            self.squares[cell] = square;
            self.square_errors[cell] += rounding + more.square_error;
        } else {
            self.sums[cell] += more.sum;
            self.squares[cell] += more.square;
        }
    }

    fn deviations(&self, cell: usize) -> Deviations {
        let error = |errors: &[f64]| errors.get(cell).copied().unwrap_or(0.0);
        Deviations {
            sum: self.sums[cell],
            square: self.squares[cell],
            sum_error: error(&self.sum_errors),
            square_error: error(&self.square_errors),
        }
    }

    fn value(&self, cell: usize) -> f64 {
        let all = self.deviations(cell);
        let n = self.counts.get(cell) as f64;
        let (sum, square) = (all.sum + all.sum_error, all.square + all.square_error);
        let free = n - f64::from(self.ending.ddof);
        if n == 0.0 || free <= 0.0 {
            return f64::NAN;
        }
        let rest = square - sum * (sum / n);
        // Rounding can leave a sum of squares a little below zero; NaN stays.
        let variance = (if rest < 0.0 { 0.0 } else { rest }) / free;
        if self.ending.root { variance.sqrt() } else { variance }
    }
}

impl<T: Number, M: Missing, const COMPENSATED: bool> Rows<T> for Moments<T, M, COMPENSATED> {
    #[inline]
    fn one(&mut self, cell: usize, value: T) {
        if M::missing(value) {
            return;
        }
        let value = value.to_f64();
        if self.counts.get(cell) == 0 {
            self.shifts[cell] = value;
        }
        self.counts.low()[cell] += 1;
        let deviation = value - self.shifts[cell];
        self.add(cell, Deviations { sum: deviation, square: deviation * deviation, ..Deviations::default() });
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        let cells = cell..cell + x.len();
        if !self.counts.all_low() {
            // Whether a cell is new then takes a look at both halves of its count.
            return x.iter().enumerate().for_each(|(i, &value)| self.one(cell + i, value));
        }
        let none = || &mut [][..];
        let (sum_errors, square_errors) = if COMPENSATED {
            (&mut self.sum_errors[cells.clone()], &mut self.square_errors[cells.clone()])
        } else {
            (none(), none())
        };
        let shifts = &mut self.shifts[cells.clone()];
        let counts = &mut self.counts.low()[cells.clone()];
        if counts.contains(&0) {
            seed_row::<T, M>(shifts, counts, x);
        }
        kept_row::<T, M, COMPENSATED>(
            counts,
            shifts,
            &mut self.sums[cells.clone()],
            &mut self.squares[cells],
            sum_errors,
            square_errors,
            x,
        );
    }

    fn kept_rows(&mut self, cell: usize, rows: &[&[T]]) {
        let four = <[&[T]; ROWS]>::try_from(rows).ok().filter(|_| self.counts.all_low() && !COMPENSATED);
        let Some(rows) = four else { return rows.iter().for_each(|row| self.kept(cell, row)) };
        let cells = cell..cell + rows[0].len();
        let shifts = &mut self.shifts[cells.clone()];
        let counts = &mut self.counts.low()[cells.clone()];
        if counts.contains(&0) {
            // The last row first: what stands at the end is the first value that is there.
            rows.iter().rev().for_each(|row| seed_row::<T, M>(shifts, counts, row));
        }
        several_rows::<T, M>(counts, shifts, &mut self.sums[cells.clone()], &mut self.squares[cells], rows);
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        if self.counts.get(cell) == 0 {
            let Some(first) = x.iter().find(|&&value| !M::missing(value)) else { return };
            self.shifts[cell] = first.to_f64();
        }
        let (count, deviations) = reduced_row::<T, M, COMPENSATED>(self.shifts[cell], x);
        self.counts.low()[cell] += count;
        self.add(cell, deviations);
    }
}

impl<T: Target, M: Missing, const COMPENSATED: bool> State for Moments<T, M, COMPENSATED> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        self.counts.reserve(most_per_cell(parts));
        drive_all::<T>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for cell in 0..self.sums.len() {
            let n = other.counts.get(cell);
            if n == 0 {
                continue;
            }
            let mut theirs = other.deviations(cell);
            if self.counts.get(cell) == 0 {
                self.shifts[cell] = other.shifts[cell];
            } else if self.shifts[cell] != other.shifts[cell] {
                theirs = rebased(theirs, n as f64, other.shifts[cell], self.shifts[cell]);
            }
            self.add(cell, theirs);
        }
        self.counts.merge(&other.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let values = (0..self.sums.len()).map(|cell| self.value(cell));
        match self.output {
            DType::F32 => Block::new::<f32>(shape, collected(values.map(|value| value as f32))),
            DType::F64 => Block::new::<f64>(shape, collected(values)),
            other => Err(Error::internal(format!("a variance as {other}"))),
        }
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = vec![self.counts.block()?, column(&self.shifts)?, column(&self.sums)?, column(&self.squares)?];
        if COMPENSATED {
            blocks.extend([column(&self.sum_errors)?, column(&self.square_errors)?]);
        }
        Ok(blocks)
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.sums.len();
        self.counts.restore(blocks, 0)?;
        self.shifts = stored(blocks, 1, n_cells)?.into();
        self.sums = stored(blocks, 2, n_cells)?.into();
        self.squares = stored(blocks, 3, n_cells)?.into();
        if COMPENSATED {
            self.sum_errors = stored(blocks, 4, n_cells)?.into();
            self.square_errors = stored(blocks, 5, n_cells)?.into();
        }
        Ok(())
    }
}

/// Deviations of `n` values from another shift: Σ(x-k') = Σ(x-k) + n·d and Σ(x-k')² = Σ(x-k)² + 2·d·Σ(x-k) + n·d², d = k-k'.
pub(super) fn rebased(from: Deviations, n: f64, old: f64, new: f64) -> Deviations {
    let (shift, shift_error) = two_sum(old, -new);
    let (sum_part, sum_part_error) = two_product(n, shift);
    let (sum, sum_rounding) = two_sum(from.sum, sum_part);
    let sum_error = from.sum_error + sum_rounding + sum_part_error + n * shift_error;
    // d·(2·Σ(x-k) + n·d) = d·(Σ(x-k) + Σ(x-k'))
    let (twice, twice_error) = two_sum(from.sum, sum);
    let twice_error = twice_error + from.sum_error + sum_error;
    let (square_part, square_part_error) = two_product(shift, twice);
    let (square, square_rounding) = two_sum(from.square, square_part);
    let square_error =
        from.square_error + square_rounding + square_part_error + shift * twice_error + shift_error * twice;
    Deviations { sum, square, sum_error, square_error }
}

/// The rounded product and its rounding error.
#[inline(always)]
pub(super) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// Sets the shift of cells that have no value yet to their first one.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn seed_row<T: Number, M: Missing>(shifts: &mut [f64], counts: &[u32], x: &[T]) {
    for ((shift, &count), &value) in shifts.iter_mut().zip(counts).zip(x) {
        *shift = if (count == 0) & !M::missing(value) { value.to_f64() } else { *shift };
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, M: Missing, const COMPENSATED: bool>(
    counts: &mut [u32],
    shifts: &[f64],
    sums: &mut [f64],
    squares: &mut [f64],
    sum_errors: &mut [f64],
    square_errors: &mut [f64],
    x: &[T],
) {
    let n = x.len();
    let (counts, shifts, sums, squares) = (&mut counts[..n], &shifts[..n], &mut sums[..n], &mut squares[..n]);
    if COMPENSATED {
        let (sum_errors, square_errors) = (&mut sum_errors[..n], &mut square_errors[..n]);
        for i in 0..n {
            let missing = M::missing(x[i]);
            let deviation = if missing { 0.0 } else { x[i].to_f64() - shifts[i] };
            let (sum, rounding) = two_sum(sums[i], deviation);
            sums[i] = sum;
            sum_errors[i] += rounding;
            let (square, rounding) = two_sum(squares[i], deviation * deviation);
            squares[i] = square;
            square_errors[i] += rounding;
        }
        for i in 0..n {
            counts[i] += u32::from(!M::missing(x[i]));
        }
    } else {
        for i in 0..n {
            let missing = M::missing(x[i]);
            let deviation = if missing { 0.0 } else { x[i].to_f64() - shifts[i] };
            sums[i] += deviation;
            squares[i] += deviation * deviation;
            counts[i] += u32::from(!missing);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn several_rows<T: Number, M: Missing>(
    counts: &mut [u32],
    shifts: &[f64],
    sums: &mut [f64],
    squares: &mut [f64],
    rows: [&[T]; ROWS],
) {
    let n = counts.len();
    let [a, b, c, d] = rows.map(|row| &row[..n]);
    let (shifts, sums, squares) = (&shifts[..n], &mut sums[..n], &mut squares[..n]);
    for i in 0..n {
        let (mut sum, mut square) = (sums[i], squares[i]);
        for value in [a[i], b[i], c[i], d[i]] {
            let deviation = if M::missing(value) { 0.0 } else { value.to_f64() - shifts[i] };
            sum += deviation;
            square += deviation * deviation;
        }
        (sums[i], squares[i]) = (sum, square);
    }
    for i in 0..n {
        let present = [a[i], b[i], c[i], d[i]].map(|value| u32::from(!M::missing(value)));
        counts[i] += present[0] + present[1] + present[2] + present[3];
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Number, M: Missing, const COMPENSATED: bool>(shift: f64, x: &[T]) -> (u32, Deviations) {
    const LANES: usize = 16;
    let mut lanes = Lanes::<LANES>::default();
    let (pieces, rest) = x.as_chunks::<LANES>();
    for piece in pieces {
        for (lane, &value) in piece.iter().enumerate() {
            lanes.add::<T, M, COMPENSATED>(lane, shift, value);
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        lanes.add::<T, M, COMPENSATED>(lane, shift, value);
    }
    let mut all = Deviations::default();
    for lane in 0..LANES {
        let (sum, rounding) = two_sum(all.sum, lanes.sums[lane]);
        all.sum = sum;
        all.sum_error += rounding + lanes.sum_errors[lane];
        let (square, rounding) = two_sum(all.square, lanes.squares[lane]);
        all.square = square;
        all.square_error += rounding + lanes.square_errors[lane];
    }
    (lanes.counts.iter().sum(), all)
}

struct Lanes<const N: usize> {
    counts: [u32; N],
    sums: [f64; N],
    squares: [f64; N],
    sum_errors: [f64; N],
    square_errors: [f64; N],
}

impl<const N: usize> Default for Lanes<N> {
    fn default() -> Self {
        Self { counts: [0; N], sums: [0.0; N], squares: [0.0; N], sum_errors: [0.0; N], square_errors: [0.0; N] }
    }
}

impl<const N: usize> Lanes<N> {
    #[inline(always)]
    fn add<T: Number, M: Missing, const COMPENSATED: bool>(&mut self, lane: usize, shift: f64, value: T) {
        let missing = M::missing(value);
        let deviation = if missing { 0.0 } else { value.to_f64() - shift };
        let square = deviation * deviation;
        self.counts[lane] += u32::from(!missing);
        if COMPENSATED {
            let (sum, rounding) = two_sum(self.sums[lane], deviation);
            self.sums[lane] = sum;
            self.sum_errors[lane] += rounding;
            let (total, rounding) = two_sum(self.squares[lane], square);
            self.squares[lane] = total;
            self.square_errors[lane] += rounding;
        } else {
            self.sums[lane] += deviation;
            self.squares[lane] += square;
        }
    }
}
