//! Exact sums and products of integers in 64 bits (wrapping as in numpy), and exact sums of times and durations in 128 bits.
use std::any::Any;

use multiversion::multiversion;

use super::counts::{COUNT_BYTES, Counts};
use super::float_sums::Ending;
use super::layout::{Part, Rows, most_per_cell};
use super::state::{State, column, same, stored};
use super::together::drive_all;
use crate::base::{Block, Error, Result};
use crate::compute::number::Number;
use crate::compute::reader::Target;

/// Sum per cell in `W`: i64 or u64, to which narrower integers are widened when they are read.
pub(super) struct IntegerSums<W> {
    sums: Vec<W>,
}

impl<W: Number> IntegerSums<W> {
    pub(super) const BYTES: usize = 8;

    pub(super) fn new(n_cells: usize) -> Self {
        Self { sums: vec![W::ZERO; n_cells] }
    }
}

impl<W: Number> Rows<W> for IntegerSums<W> {
    #[inline]
    fn one(&mut self, cell: usize, value: W) {
        self.sums[cell] = self.sums[cell].plus(value);
    }

    fn kept(&mut self, cell: usize, x: &[W]) {
        kept_row(&mut self.sums[cell..cell + x.len()], x);
    }

    fn reduced(&mut self, cell: usize, x: &[W]) {
        self.sums[cell] = self.sums[cell].plus(reduced_row(x));
    }
}

impl<W: Target> State for IntegerSums<W> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        drive_all::<W>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, &more)| *sum = sum.plus(more));
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::new(shape, self.sums)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.sums)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        self.sums = stored(blocks, 0, self.sums.len())?;
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn kept_row<W: Number>(sums: &mut [W], x: &[W]) {
    for (sum, &value) in sums.iter_mut().zip(x) {
        *sum = sum.plus(value);
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<W: Number>(x: &[W]) -> W {
    x.iter().fold(W::ZERO, |sum, &value| sum.plus(value))
}

/// Sum and count per cell of times or durations; with `skip` NaT is left out, else it spreads.
pub(super) struct TimeSums {
    sums: Vec<i128>,
    counts: Counts,
    spoilt: Vec<u8>,
    skip: bool,
    ending: Ending,
}

impl TimeSums {
    pub(super) const BYTES: usize = 16 + COUNT_BYTES + 1;

    pub(super) fn new(n_cells: usize, skip: bool, ending: Ending) -> Self {
        Self { sums: vec![0; n_cells], counts: Counts::new(n_cells), spoilt: vec![0; n_cells], skip, ending }
    }

    fn value(&self, cell: usize) -> Result<i64> {
        let (sum, count) = (self.sums[cell], i128::from(self.counts.get(cell)));
        if self.spoilt[cell] != 0 || (self.ending == Ending::Mean && count == 0) {
            return Ok(i64::MIN);
        }
        let value = match self.ending {
            Ending::Sum => sum,
            Ending::Mean => (2 * sum + count).div_euclid(2 * count),
        };
        match i64::try_from(value) {
            Ok(value) if value != i64::MIN => Ok(value),
            _ => Err(Error::invalid("a sum of durations does not fit 64 bits in its unit")
                .hint("cast to a coarser unit before summing")),
        }
    }
}

impl Rows<i64> for TimeSums {
    #[inline]
    fn one(&mut self, cell: usize, value: i64) {
        let missing = value == i64::MIN;
        self.sums[cell] += if missing { 0 } else { i128::from(value) };
        self.counts.low()[cell] += u32::from(!missing);
        self.spoilt[cell] |= u8::from(missing && !self.skip);
    }

    fn kept(&mut self, cell: usize, x: &[i64]) {
        x.iter().enumerate().for_each(|(i, &value)| self.one(cell + i, value));
    }

    fn reduced(&mut self, cell: usize, x: &[i64]) {
        x.iter().for_each(|&value| self.one(cell, value));
    }
}

impl State for TimeSums {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        self.counts.reserve(most_per_cell(parts));
        drive_all::<i64>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
        self.spoilt.iter_mut().zip(&other.spoilt).for_each(|(spoilt, more)| *spoilt |= more);
        self.counts.merge(&other.counts);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::new(shape, (0..self.sums.len()).map(|cell| self.value(cell)).collect::<Result<Vec<i64>>>()?)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let high: Vec<i64> = self.sums.iter().map(|sum| (sum >> 64) as i64).collect();
        let low: Vec<u64> = self.sums.iter().map(|&sum| sum as u64).collect();
        Ok(vec![column(&high)?, column(&low)?, self.counts.block()?, column(&self.spoilt)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.sums.len();
        let (high, low) = (stored::<i64>(blocks, 0, n_cells)?, stored::<u64>(blocks, 1, n_cells)?);
        self.sums = high.iter().zip(&low).map(|(&high, &low)| (i128::from(high) << 64) | i128::from(low)).collect();
        self.counts.restore(blocks, 2)?;
        self.spoilt = stored(blocks, 3, n_cells)?;
        Ok(())
    }
}
