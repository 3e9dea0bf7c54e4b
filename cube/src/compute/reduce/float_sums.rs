//! Sums in f64 for `sum` and `mean`: plain for inputs that f64 holds with room to spare, compensated for the others.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::counts::{COUNT_BYTES, Counts};
use super::layout::{Part, ROWS, Rows, most_per_cell};
use super::state::{State, collected, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, DType, Error, RecycledVec, Result};
use crate::compute::number::{Missing, Number};
use crate::compute::reader::Target;

/// What is made of sum and count at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Sum,
    Mean,
}

/// Sum (and count, if `COUNT`) per cell. `COMPENSATED` carries the rounding errors of the sum in a second number.
pub(super) struct FloatSums<T, M, const COMPENSATED: bool, const COUNT: bool> {
    sums: RecycledVec<f64>,
    errors: RecycledVec<f64>,
    counts: Counts,
    ending: Ending,
    output: DType,
    kind: PhantomData<fn() -> (T, M)>,
}

impl<T, M, const COMPENSATED: bool, const COUNT: bool> FloatSums<T, M, COMPENSATED, COUNT> {
    pub(super) const BYTES: usize = 8 + if COMPENSATED { 8 } else { 0 } + if COUNT { COUNT_BYTES } else { 0 };

    pub(super) fn new(n_cells: usize, ending: Ending, output: DType) -> Self {
        Self {
            sums: RecycledVec::zeros(n_cells),
            errors: RecycledVec::zeros(if COMPENSATED { n_cells } else { 0 }),
            counts: Counts::new(if COUNT { n_cells } else { 0 }),
            ending,
            output,
            kind: PhantomData,
        }
    }

    fn value(&self, cell: usize) -> f64 {
        let sum = self.sums[cell];
        // The carried error is NaN once the sum is infinite; the sum itself is then right.
        let sum = if COMPENSATED && sum.is_finite() { sum + self.errors[cell] } else { sum };
        match self.ending {
            Ending::Sum => sum,
            Ending::Mean => sum / self.counts.get(cell) as f64,
        }
    }

    fn add(&mut self, cell: usize, sum: f64, error: f64) {
        if COMPENSATED {
            let (sum, rounding) = two_sum(self.sums[cell], sum);
            self.sums[cell] = sum;
            self.errors[cell] += rounding + error;
        } else {
            self.sums[cell] += sum;
        }
    }
}

impl<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool> Rows<T>
    for FloatSums<T, M, COMPENSATED, COUNT>
{
    #[inline]
    fn one(&mut self, cell: usize, value: T) {
        let missing = M::missing(value);
        self.add(cell, if missing { 0.0 } else { value.to_f64() }, 0.0);
        if COUNT {
            self.counts.low()[cell] += u32::from(!missing);
        }
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        let cells = cell..cell + x.len();
        let errors = if COMPENSATED { &mut self.errors[cells.clone()] } else { &mut [][..] };
        let counts = if COUNT { &mut self.counts.low()[cells.clone()] } else { &mut [][..] };
        kept_row::<T, M, COMPENSATED, COUNT>(&mut self.sums[cells], errors, counts, x);
    }

    fn kept_rows(&mut self, cell: usize, rows: &[&[T]]) {
        let Ok(rows) = <[&[T]; ROWS]>::try_from(rows) else { return rows.iter().for_each(|row| self.kept(cell, row)) };
        let cells = cell..cell + rows[0].len();
        let errors = if COMPENSATED { &mut self.errors[cells.clone()] } else { &mut [][..] };
        let counts = if COUNT { &mut self.counts.low()[cells.clone()] } else { &mut [][..] };
        several_rows::<T, M, COMPENSATED, COUNT>(&mut self.sums[cells], errors, counts, rows);
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        let (sum, error, count) = reduced_row::<T, M, COMPENSATED, COUNT>(x);
        self.add(cell, sum, error);
        if COUNT {
            self.counts.low()[cell] += count;
        }
    }
}

impl<T: Target, M: Missing, const COMPENSATED: bool, const COUNT: bool> State for FloatSums<T, M, COMPENSATED, COUNT> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        self.counts.reserve(most_per_cell(parts));
        drive_all::<T>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for cell in 0..self.sums.len() {
            self.add(cell, other.sums[cell], other.errors.get(cell).copied().unwrap_or(0.0));
        }
        self.counts.merge(&other.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        if let (false, Ending::Mean, Some(counts)) = (COMPENSATED, self.ending, self.counts.plain())
            && self.output == DType::F32
        {
            let mut out = crate::base::large::with_capacity(counts.len());
            means(&self.sums, counts, &mut out);
            return Block::new::<f32>(shape, out);
        }
        let values = (0..self.sums.len()).map(|cell| self.value(cell));
        match self.output {
            DType::F32 => Block::new::<f32>(shape, collected(values.map(|value| value as f32))),
            DType::F64 => Block::new::<f64>(shape, collected(values)),
            other => Err(Error::internal(format!("a float sum as {other}"))),
        }
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = vec![column(&self.sums)?];
        if COMPENSATED {
            blocks.push(column(&self.errors)?);
        }
        if COUNT {
            blocks.push(self.counts.block()?);
        }
        Ok(blocks)
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.sums.len();
        self.sums = stored(blocks, 0, n_cells)?.into();
        if COMPENSATED {
            self.errors = stored(blocks, 1, n_cells)?.into();
        }
        if COUNT {
            self.counts.restore(blocks, 1 + usize::from(COMPENSATED))?;
        }
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn means(sums: &[f64], counts: &[u32], out: &mut Vec<f32>) {
    out.extend(sums.iter().zip(counts).map(|(&sum, &n)| (sum / f64::from(n)) as f32));
}

/// The rounded sum and its rounding error (Knuth), exact for all finite sums.
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool>(
    sums: &mut [f64],
    errors: &mut [f64],
    counts: &mut [u32],
    x: &[T],
) {
    if COMPENSATED {
        for ((sum, error), &value) in sums.iter_mut().zip(errors.iter_mut()).zip(x) {
            let value = if M::missing(value) { 0.0 } else { value.to_f64() };
            let (total, rounding) = two_sum(*sum, value);
            *sum = total;
            *error += rounding;
        }
        if COUNT {
            for (count, &value) in counts.iter_mut().zip(x) {
                *count += u32::from(!M::missing(value));
            }
        }
    } else if COUNT {
        for ((sum, count), &value) in sums.iter_mut().zip(counts.iter_mut()).zip(x) {
            let missing = M::missing(value);
            *sum += if missing { 0.0 } else { value.to_f64() };
            *count += u32::from(!missing);
        }
    } else {
        for (sum, &value) in sums.iter_mut().zip(x) {
            *sum += if M::missing(value) { 0.0 } else { value.to_f64() };
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn several_rows<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool>(
    sums: &mut [f64],
    errors: &mut [f64],
    counts: &mut [u32],
    rows: [&[T]; ROWS],
) {
    let n = sums.len();
    let [a, b, c, d] = rows.map(|row| &row[..n]);
    if COMPENSATED {
        let errors = &mut errors[..n];
        for i in 0..n {
            let (mut sum, mut error) = (sums[i], errors[i]);
            for value in [a[i], b[i], c[i], d[i]] {
                let (total, rounding) = two_sum(sum, if M::missing(value) { 0.0 } else { value.to_f64() });
                sum = total;
                error += rounding;
            }
            (sums[i], errors[i]) = (sum, error);
        }
    } else {
        for i in 0..n {
            let mut sum = sums[i];
            for value in [a[i], b[i], c[i], d[i]] {
                sum += if M::missing(value) { 0.0 } else { value.to_f64() };
            }
            sums[i] = sum;
        }
    }
    if COUNT {
        let counts = &mut counts[..n];
        for i in 0..n {
            let present = [a[i], b[i], c[i], d[i]].map(|value| u32::from(!M::missing(value)));
            counts[i] += present[0] + present[1] + present[2] + present[3];
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool>(x: &[T]) -> (f64, f64, u32) {
    const LANES: usize = 32;
    let mut sums = [0f64; LANES];
    let mut errors = [0f64; LANES];
    let mut counts = [0u32; LANES];
    let (pieces, rest) = x.as_chunks::<LANES>();
    let mut last = [T::ZERO; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for piece in pieces {
        add_lanes::<T, M, COMPENSATED, COUNT, LANES>(&mut sums, &mut errors, &mut counts, piece);
    }
    // Zeros beyond the end add nothing; what they count is taken off again.
    let mut surplus = 0;
    if !rest.is_empty() {
        add_lanes::<T, M, COMPENSATED, COUNT, LANES>(&mut sums, &mut errors, &mut counts, &last);
        for &value in &last[rest.len()..] {
            surplus += u32::from(!M::missing(value));
        }
    }
    // Halves on halves: short rows would spend more on one lane after the other than on their values.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            if COMPENSATED {
                let (total, rounding) = two_sum(sums[lane], sums[lane + width]);
                sums[lane] = total;
                errors[lane] += errors[lane + width] + rounding;
            } else {
                sums[lane] += sums[lane + width];
            }
        }
        width /= 2;
    }
    (sums[0], errors[0], counts.iter().sum::<u32>().wrapping_sub(if COUNT { surplus } else { 0 }))
}

#[inline(always)]
fn add_lanes<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool, const LANES: usize>(
    sums: &mut [f64; LANES],
    errors: &mut [f64; LANES],
    counts: &mut [u32; LANES],
    x: &[T; LANES],
) {
    for lane in 0..LANES {
        let missing = M::missing(x[lane]);
        let value = if missing { 0.0 } else { x[lane].to_f64() };
        if COMPENSATED {
            let (total, rounding) = two_sum(sums[lane], value);
            sums[lane] = total;
            errors[lane] += rounding;
        } else {
            sums[lane] += value;
        }
        if COUNT {
            counts[lane] += u32::from(!missing);
        }
    }
}
