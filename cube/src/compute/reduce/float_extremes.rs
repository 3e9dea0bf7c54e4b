//! `min` and `max` of floats with missing values skipped: a cell is NaN until it has seen a value, so that it needs no other mark.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::layout::{Part, ROWS, Rows};
use super::min_max::Pick;
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, Result};
use crate::compute::number::Number;
use crate::compute::reader::Target;

/// Best value per cell; NaN where nothing was seen.
pub(super) struct FloatExtremes<T, P> {
    best: Vec<T>,
    kind: PhantomData<fn() -> P>,
}

impl<T: Number, P: Pick> FloatExtremes<T, P> {
    pub(super) const BYTES: usize = size_of::<T>();

    pub(super) fn new(n_cells: usize) -> Self {
        Self { best: vec![T::from_f64(f64::NAN); n_cells], kind: PhantomData }
    }
}

/// The better of two values; the other one if one is NaN.
#[inline(always)]
fn better<T: Number, P: Pick>(best: T, value: T) -> T {
    if P::wins(value, best) | best.is_missing() { value } else { best }
}

impl<T: Number, P: Pick> Rows<T> for FloatExtremes<T, P> {
    #[inline]
    fn one(&mut self, cell: usize, value: T) {
        self.best[cell] = better::<T, P>(self.best[cell], value);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        kept_row::<T, P>(&mut self.best[cell..cell + x.len()], x);
    }

    fn kept_rows(&mut self, cell: usize, rows: &[&[T]]) {
        match <[&[T]; ROWS]>::try_from(rows) {
            Ok(rows) => several_rows::<T, P>(&mut self.best[cell..cell + rows[0].len()], rows),
            Err(_) => rows.iter().for_each(|row| self.kept(cell, row)),
        }
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        self.one(cell, reduced_row::<T, P>(x));
    }
}

impl<T: Target, P: Pick> State for FloatExtremes<T, P> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        drive_all::<T>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        kept_row::<T, P>(&mut self.best, &same::<Self>(other)?.best);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::new(shape, self.best)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.best)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        self.best = stored(blocks, 0, self.best.len())?;
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, P: Pick>(best: &mut [T], x: &[T]) {
    for (best, &value) in best.iter_mut().zip(x) {
        *best = better::<T, P>(*best, value);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn several_rows<T: Number, P: Pick>(best: &mut [T], rows: [&[T]; ROWS]) {
    let n = best.len();
    let [a, b, c, d] = rows.map(|row| &row[..n]);
    for i in 0..n {
        let (ab, cd) = (better::<T, P>(a[i], b[i]), better::<T, P>(c[i], d[i]));
        best[i] = better::<T, P>(best[i], better::<T, P>(ab, cd));
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Number, P: Pick>(x: &[T]) -> T {
    const LANES: usize = 64;
    let mut best = [T::from_f64(f64::NAN); LANES];
    let (pieces, rest) = x.as_chunks::<LANES>();
    for piece in pieces {
        for lane in 0..LANES {
            best[lane] = better::<T, P>(best[lane], piece[lane]);
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        best[lane] = better::<T, P>(best[lane], value);
    }
    best.iter().fold(T::from_f64(f64::NAN), |one, &other| better::<T, P>(one, other))
}
