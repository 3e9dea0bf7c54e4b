//! `min` and `max`: exact, in the dtype of the input.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::layout::{Part, Rows};
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, Error, ErrorKind, Result};
use crate::compute::number::{Missing, Number};
use crate::compute::reader::Target;

/// Which of two values is kept.
pub(super) trait Pick: Copy + Send + Sync + 'static {
    /// Whether `a` wins over `b`; false if either is NaN.
    fn wins<T: Number>(a: T, b: T) -> bool;
    /// What every value wins over or equals.
    fn worst<T: Number>() -> T;
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Smallest;
#[derive(Debug, Clone, Copy)]
pub(super) struct Largest;

impl Pick for Smallest {
    #[inline(always)]
    fn wins<T: Number>(a: T, b: T) -> bool {
        a < b
    }
    fn worst<T: Number>() -> T {
        T::HIGHEST
    }
}
impl Pick for Largest {
    #[inline(always)]
    fn wins<T: Number>(a: T, b: T) -> bool {
        a > b
    }
    fn worst<T: Number>() -> T {
        T::LOWEST
    }
}

/// Best value per cell. `M` says what is missing; `spread` whether missing values are skipped or spread.
pub(super) struct Extremes<T, M, P> {
    best: Vec<T>,
    /// Bit 0: a value was seen. Bit 1: a missing value was seen.
    seen: Vec<u8>,
    skip: bool,
    /// What stands for a missing result; `None` if the dtype has none.
    missing: Option<T>,
    kind: PhantomData<fn() -> (M, P)>,
}

impl<T: Number, M: Missing, P: Pick> Extremes<T, M, P> {
    pub(super) const BYTES: usize = size_of::<T>() + 1;

    pub(super) fn new(n_cells: usize, skip: bool, missing: Option<T>) -> Self {
        Self { best: vec![P::worst(); n_cells], seen: vec![0; n_cells], skip, missing, kind: PhantomData }
    }
}

impl<T: Number, M: Missing, P: Pick> Rows<T> for Extremes<T, M, P> {
    #[inline]
    fn one(&mut self, cell: usize, value: T) {
        let missing = M::missing(value);
        if !missing && P::wins(value, self.best[cell]) {
            self.best[cell] = value;
        }
        self.seen[cell] |= 1 + u8::from(missing);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        let cells = cell..cell + x.len();
        kept_row::<T, M, P>(&mut self.best[cells.clone()], &mut self.seen[cells], x);
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        let (best, missing) = reduced_row::<T, M, P>(x);
        if P::wins(best, self.best[cell]) {
            self.best[cell] = best;
        }
        let some_valid = u8::from(missing < x.len());
        self.seen[cell] |= some_valid | (u8::from(missing > 0) << 1);
    }
}

impl<T: Target, M: Missing, P: Pick> State for Extremes<T, M, P> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        drive_all::<T>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for (best, &theirs) in self.best.iter_mut().zip(&other.best) {
            if P::wins(theirs, *best) {
                *best = theirs;
            }
        }
        self.seen.iter_mut().zip(&other.seen).for_each(|(seen, more)| *seen |= more);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let Self { mut best, seen, skip, missing, .. } = *self;
        let unusable = |seen: u8| seen & 1 == 0 || (!skip && seen & 2 != 0);
        match missing {
            Some(missing) => best.iter_mut().zip(&seen).for_each(|(best, &seen)| {
                if unusable(seen) {
                    *best = missing;
                }
            }),
            None if seen.contains(&0) => {
                return Err(Error::new(
                    ErrorKind::Empty,
                    "the smallest or largest of no integers at all does not exist",
                )
                .hint("select a part that has values, or cast to float64 first: then it is NaN"));
            }
            None => {}
        }
        Block::new(shape, best)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.best)?, column(&self.seen)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.best.len();
        (self.best, self.seen) = (stored(blocks, 0, n_cells)?, stored(blocks, 1, n_cells)?);
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, M: Missing, P: Pick>(best: &mut [T], seen: &mut [u8], x: &[T]) {
    for ((best, seen), &value) in best.iter_mut().zip(seen.iter_mut()).zip(x) {
        let missing = M::missing(value);
        *best = if !missing & P::wins(value, *best) { value } else { *best };
        *seen |= 1 + u8::from(missing);
    }
}

/// The best value (the worst there is if all are missing) and the number of missing ones.
#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Number, M: Missing, P: Pick>(x: &[T]) -> (T, usize) {
    const LANES: usize = 32;
    let mut best = [P::worst::<T>(); LANES];
    let mut missing = [0u32; LANES];
    let (pieces, rest) = x.as_chunks::<LANES>();
    for piece in pieces {
        for lane in 0..LANES {
            let skipped = M::missing(piece[lane]);
            best[lane] = if !skipped & P::wins(piece[lane], best[lane]) { piece[lane] } else { best[lane] };
            missing[lane] += u32::from(skipped);
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        let skipped = M::missing(value);
        best[lane] = if !skipped & P::wins(value, best[lane]) { value } else { best[lane] };
        missing[lane] += u32::from(skipped);
    }
    let one = best.iter().fold(P::worst::<T>(), |a, &b| if P::wins(b, a) { b } else { a });
    (one, missing.iter().map(|&n| n as usize).sum())
}
