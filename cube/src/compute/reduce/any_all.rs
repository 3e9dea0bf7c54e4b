//! `any` and `all`.
use std::any::Any;

use multiversion::multiversion;

use super::layout::{Part, Rows};
use super::state::{State, column, same, stored};
use crate::base::{Block, DType, Result};
use crate::compute::pointwise::cast;

/// One truth value per cell: with `ALL` whether no value was zero, else whether one was not zero.
pub(super) struct Truth<const ALL: bool> {
    cells: Vec<u8>,
}

impl<const ALL: bool> Truth<ALL> {
    pub(super) const BYTES: usize = 1;

    pub(super) fn new(n_cells: usize) -> Self {
        Self { cells: vec![u8::from(ALL); n_cells] }
    }
}

#[inline(always)]
fn joined<const ALL: bool>(a: u8, b: u8) -> u8 {
    if ALL { a & b } else { a | b }
}

impl<const ALL: bool> Rows<u8> for Truth<ALL> {
    fn one(&mut self, cell: usize, value: u8) {
        self.cells[cell] = joined::<ALL>(self.cells[cell], u8::from(value != 0));
    }

    fn kept(&mut self, cell: usize, x: &[u8]) {
        kept_row::<ALL>(&mut self.cells[cell..cell + x.len()], x);
    }

    fn reduced(&mut self, cell: usize, x: &[u8]) {
        let decided = x.iter().any(|&value| (value != 0) != ALL);
        self.cells[cell] = joined::<ALL>(self.cells[cell], u8::from(decided != ALL));
    }
}

impl<const ALL: bool> State for Truth<ALL> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        for Part { block, layout, .. } in parts {
            // A cast gives a block in C order, for which the layout may not hold; bool needs none.
            if block.dtype() == DType::Bool {
                layout.drive::<u8>(block, self, Self::BYTES)?;
            } else {
                layout.drive_recast(&cast(block, DType::Bool)?, self, Self::BYTES)?;
            }
        }
        Ok(())
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

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<const ALL: bool>(cells: &mut [u8], x: &[u8]) {
    for (cell, &value) in cells.iter_mut().zip(x) {
        *cell = joined::<ALL>(*cell, u8::from(value != 0));
    }
}
