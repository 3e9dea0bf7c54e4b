//! `first` and `last`: the value that is not missing at the first or last place. Blocks have places, values within one C order.
use std::any::Any;
use std::marker::PhantomData;

use super::layout::Part;
use super::state::{State, column, same, stored};
use crate::base::{Block, BlockData, Error, ErrorKind, Result};
use crate::compute::number::{Missing, Number};
use crate::compute::reader::{Reader, Target};

/// The place of a cell without value.
const NOWHERE: u64 = u64::MAX;

/// Whether a value at `new` replaces one at `old`.
fn replaces(last: bool, new: u64, old: u64) -> bool {
    old == NOWHERE || if last { new >= old } else { new < old }
}

/// The picked number per cell and the place of its block.
pub(super) struct Picked<T, M> {
    values: Vec<T>,
    places: Vec<u64>,
    last: bool,
    missing: Option<T>,
    kind: PhantomData<fn() -> M>,
}

impl<T: Number, M: Missing> Picked<T, M> {
    pub(super) const BYTES: usize = size_of::<T>() + 8;

    /// `missing` stands for empty cells; without it they are an error.
    pub(super) fn new(n_cells: usize, last: bool, missing: Option<T>) -> Self {
        Self { values: vec![T::ZERO; n_cells], places: vec![NOWHERE; n_cells], last, missing, kind: PhantomData }
    }
}

impl<T: Target, M: Missing> State for Picked<T, M> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        for part in parts {
            let reader = Reader::<T>::new(part.block)?;
            let (place, last) = (part.place.min(NOWHERE - 1), self.last);
            part.layout.in_order(|at, cell| {
                let value = reader.value(at);
                if !M::missing(value) && replaces(last, place, self.places[cell]) {
                    (self.values[cell], self.places[cell]) = (value, place);
                }
            });
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for cell in 0..self.values.len() {
            if other.places[cell] != NOWHERE && replaces(self.last, other.places[cell], self.places[cell]) {
                (self.values[cell], self.places[cell]) = (other.values[cell], other.places[cell]);
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        let Self { mut values, places, missing, .. } = *self;
        for (value, &place) in values.iter_mut().zip(&places) {
            if place == NOWHERE {
                *value = missing.ok_or_else(|| {
                    Error::new(ErrorKind::Empty, "the first or last of no integers at all does not exist")
                        .hint("select a part that has values, or cast to float64 first: then it is NaN")
                })?;
            }
        }
        Block::new(shape, values)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![column(&self.values)?, column(&self.places)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.values.len();
        (self.values, self.places) = (stored(blocks, 0, n_cells)?, stored(blocks, 1, n_cells)?);
        Ok(())
    }
}

/// The picked string per cell; empty cells give "".
pub(super) struct PickedText {
    values: Vec<String>,
    places: Vec<u64>,
    last: bool,
}

impl PickedText {
    /// An estimate, because strings have any length.
    pub(super) const BYTES: usize = 24 + 16 + 8;

    pub(super) fn new(n_cells: usize, last: bool) -> Self {
        Self { values: vec![String::new(); n_cells], places: vec![NOWHERE; n_cells], last }
    }
}

impl State for PickedText {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        for part in parts {
            let BlockData::Text(array) = part.block.data() else {
                return Err(Error::internal("numbers picked as strings"));
            };
            let (place, last) = (part.place.min(NOWHERE - 1), self.last);
            part.layout.in_order(|at, cell| {
                if replaces(last, place, self.places[cell]) {
                    array.value(at as usize).clone_into(&mut self.values[cell]);
                    self.places[cell] = place;
                }
            });
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        for (cell, value) in other.values.into_iter().enumerate() {
            if other.places[cell] != NOWHERE && replaces(self.last, other.places[cell], self.places[cell]) {
                (self.values[cell], self.places[cell]) = (value, other.places[cell]);
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        Block::from_strings(shape, &self.values)
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        Ok(vec![Block::from_strings(&[self.values.len()], &self.values)?, column(&self.places)?])
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.values.len();
        let text = blocks.first().and_then(Block::text).filter(|_| blocks[0].len() == n_cells);
        let text = text.ok_or_else(|| Error::internal("a partial reduction lacks its strings"))?;
        self.values = (0..n_cells).map(|i| text.value(i).to_owned()).collect();
        self.places = stored(blocks, 1, n_cells)?;
        Ok(())
    }
}
