//! The seam between the erased [`Accumulator`](super::Accumulator) and the typed states of the reductions.
use std::any::Any;

use super::layout::Part;
use crate::base::{Block, Error, Result};

/// The typed state of one reduction over cells in C order.
pub(super) trait State: Any + Send {
    /// Takes in blocks, all of them for the same cells.
    fn update(&mut self, parts: &[Part]) -> Result<()>;
    /// Takes in another state of the same type and number of cells.
    fn merge(&mut self, other: Box<dyn Any>) -> Result<()>;
    /// The results, one per cell.
    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block>;
    /// The state as blocks with one value per cell; their number and dtypes depend on the reduction and its input dtype only.
    fn blocks(&self) -> Result<Vec<Block>>;
    /// Replaces the state by what [`State::blocks`] gave.
    fn restore(&mut self, blocks: &[Block]) -> Result<()>;
}

/// The other state as `S`.
pub(super) fn same<S: 'static>(other: Box<dyn Any>) -> Result<Box<S>> {
    other.downcast().map_err(|_| Error::internal("two different reductions were merged"))
}

/// Block `index` of a stored state as values of `T`, of which there must be `n_cells`.
pub(super) fn stored<T: crate::base::Element>(blocks: &[Block], index: usize, n_cells: usize) -> Result<Vec<T>> {
    let block = blocks.get(index).ok_or_else(|| Error::internal("a partial reduction lacks a block"))?.contiguous()?;
    let values = block.values::<T>()?;
    if values.len() != n_cells {
        return Err(Error::internal(format!("a partial reduction of {} cells for {n_cells}", values.len())));
    }
    Ok(values.to_vec())
}

/// Results on large pages.
pub(super) fn collected<T: crate::base::Element>(values: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut all = crate::base::large::with_capacity(values.len());
    all.extend(values);
    all
}

/// One value per cell as a block.
pub(super) fn column<T: crate::base::Element>(values: &[T]) -> Result<Block> {
    Block::new(&[values.len()], values.to_vec())
}
