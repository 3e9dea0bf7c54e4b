//! `prod`: products in f64 for floats, in 64 bits (wrapping as in numpy) for integers.
use std::any::Any;
use std::marker::PhantomData;

use super::layout::{Layout, Rows};
use super::state::{State, column, same, stored};
use crate::base::{Block, DType, Result};
use crate::compute::number::{CastTo, Missing, Number};

/// Product per cell of values of `T`, in `W` (i64, u64 or f64).
pub(super) struct Products<T, W, M> {
    products: Vec<W>,
    output: DType,
    kind: PhantomData<fn() -> (T, M)>,
}

impl<T, W: Number, M> Products<T, W, M> {
    pub(super) const BYTES: usize = 8;

    pub(super) fn new(n_cells: usize, output: DType) -> Self {
        Self { products: vec![W::ONE; n_cells], output, kind: PhantomData }
    }
}

impl<T: Number + CastTo<W>, W: Number, M: Missing> Rows<T> for Products<T, W, M> {
    #[inline]
    fn one(&mut self, cell: usize, value: T) {
        let factor = if M::missing(value) { W::ONE } else { value.cast_to() };
        self.products[cell] = self.products[cell].times(factor);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        x.iter().enumerate().for_each(|(i, &value)| self.one(cell + i, value));
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        x.iter().for_each(|&value| self.one(cell, value));
    }
}

impl<T: Number + CastTo<W>, W: Number, M: Missing> State for Products<T, W, M> {
    fn update(&mut self, block: &Block, layout: &Layout) -> Result<()> {
        layout.drive::<T>(block, self, Self::BYTES)
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
