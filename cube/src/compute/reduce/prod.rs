//! `prod`: products in f64 for floats, in 64 bits (wrapping as in numpy) for integers.
use std::any::Any;
use std::marker::PhantomData;

use super::layout::{Part, Rows};
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, DType, Result};
use crate::compute::number::{Missing, Number};
use crate::compute::reader::Target;

/// Product per cell in `W`: i64, u64 or f64, to which values are widened when they are read.
pub(super) struct Products<W, M> {
    products: Vec<W>,
    output: DType,
    kind: PhantomData<fn() -> M>,
}

impl<W: Number, M> Products<W, M> {
    pub(super) const BYTES: usize = 8;

    pub(super) fn new(n_cells: usize, output: DType) -> Self {
        Self { products: vec![W::ONE; n_cells], output, kind: PhantomData }
    }
}

impl<W: Number, M: Missing> Rows<W> for Products<W, M> {
    #[inline]
    fn one(&mut self, cell: usize, value: W) {
        let factor = if M::missing(value) { W::ONE } else { value };
        self.products[cell] = self.products[cell].times(factor);
    }

    fn kept(&mut self, cell: usize, x: &[W]) {
        x.iter().enumerate().for_each(|(i, &value)| self.one(cell + i, value));
    }

    fn reduced(&mut self, cell: usize, x: &[W]) {
        x.iter().for_each(|&value| self.one(cell, value));
    }
}

impl<W: Target, M: Missing> State for Products<W, M> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        drive_all::<W>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        self.products.iter_mut().zip(&other.products).for_each(|(product, &more)| *product = product.times(more));
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        if self.output == DType::F32 {
            return Block::new::<f32>(shape, self.products.iter().map(|product| product.to_f64() as f32).collect());
        }
        Block::new(shape, self.products)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.products)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        self.products = stored(blocks, 0, self.products.len())?;
        Ok(())
    }
}
