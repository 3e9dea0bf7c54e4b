//! `any` and `all`.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::layout::{Layout, Rows};
use super::state::{State, column, same, stored};
use crate::base::{Block, DType, Result};
use crate::compute::number::Number;

/// One truth value per cell: with `ALL` whether no value was zero, else whether one was not zero.
pub(super) struct Truth<T, const ALL: bool> {
    cells: Vec<u8>,
    kind: PhantomData<fn() -> T>,
}

impl<T, const ALL: bool> Truth<T, ALL> {
    pub(super) const BYTES: usize = 1;

    pub(super) fn new(n_cells: usize) -> Self {
        Self { cells: vec![u8::from(ALL); n_cells], kind: PhantomData }
    }
}

#[inline(always)]
fn joined<const ALL: bool>(a: u8, b: u8) -> u8 {
    if ALL { a & b } else { a | b }
}

impl<T: Number, const ALL: bool> Rows<T> for Truth<T, ALL> {
    fn one(&mut self, cell: usize, value: T) {
        self.cells[cell] = joined::<ALL>(self.cells[cell], u8::from(value != T::ZERO));
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        kept_row::<T, ALL>(&mut self.cells[cell..cell + x.len()], x);
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        let decided = x.iter().any(|&value| (value != T::ZERO) != ALL);
        self.cells[cell] = joined::<ALL>(self.cells[cell], u8::from(decided != ALL));
    }
}

impl<T: Number, const ALL: bool> State for Truth<T, ALL> {
    fn update(&mut self, block: &Block, layout: &Layout) -> Result<()> {
        layout.drive::<T>(block, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, &more)| *cell = joined::<ALL>(*cell, more));
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::with_dtype(DType::Bool, shape, self.cells)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.cells)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        self.cells = stored(blocks, 0, self.cells.len())?;
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, const ALL: bool>(cells: &mut [u8], x: &[T]) {
    for (cell, &value) in cells.iter_mut().zip(x) {
        *cell = joined::<ALL>(*cell, u8::from(value != T::ZERO));
    }
}
