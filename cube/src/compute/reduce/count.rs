//! `count`: how many values are not missing.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::counts::Counts;
use super::layout::{Part, Rows, most_per_cell};
use super::state::{State, same};
use super::together::drive_all;
use crate::base::{Block, DType, Result};
use crate::compute::number::{Missing, Number, SkipNan, SkipNat, SkipNothing};

/// Number of values per cell.
pub(super) struct CountState {
    counts: Counts,
    input: DType,
    skip: bool,
}

impl CountState {
    pub(super) const BYTES: usize = super::counts::COUNT_BYTES;

    pub(super) fn new(n_cells: usize, input: DType, skip: bool) -> Self {
        Self { counts: Counts::new(n_cells), input, skip }
    }

    pub(super) fn get(&self, cell: usize) -> u64 {
        self.counts.get(cell)
    }
}

struct CountRows<'a, M>(&'a mut [u32], PhantomData<M>);

impl<T: Number, M: Missing> Rows<T> for CountRows<'_, M> {
    fn one(&mut self, cell: usize, value: T) {
        self.0[cell] += u32::from(!M::missing(value));
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        kept_row::<T, M>(&mut self.0[cell..cell + x.len()], x);
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        self.0[cell] += reduced_row::<T, M>(x);
    }
}

impl State for CountState {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        let counts = self.counts.reserve(most_per_cell(parts));
        match (self.input, self.skip) {
            (DType::F32, true) => drive_all::<f32>(parts, &mut CountRows(counts, PhantomData::<SkipNan>), Self::BYTES),
            (DType::F64, true) => drive_all::<f64>(parts, &mut CountRows(counts, PhantomData::<SkipNan>), Self::BYTES),
            (input, true) if input.is_time_like() => {
                drive_all::<i64>(parts, &mut CountRows(counts, PhantomData::<SkipNat>), Self::BYTES)
            }
            _ => {
                let mut rows = CountRows(counts, PhantomData::<SkipNothing>);
                parts.iter().try_for_each(|part| part.layout.drive_positions(&mut rows, Self::BYTES))
            }
        }
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        self.counts.merge(&same::<Self>(other)?.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::new(shape, (0..self.counts.len()).map(|cell| self.counts.get(cell) as i64).collect())
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![self.counts.block()?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        self.counts.restore(blocks, 0)
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<T: Number, M: Missing>(counts: &mut [u32], x: &[T]) {
    for (count, &value) in counts.iter_mut().zip(x) {
        *count += u32::from(!M::missing(value));
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Number, M: Missing>(x: &[T]) -> u32 {
    x.iter().map(|&value| u32::from(!M::missing(value))).sum()
}
