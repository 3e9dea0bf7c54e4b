//! One axis as two, two as one; C order.
use std::sync::Arc;

use super::expr::{Expr, Node, Op};
use crate::base::{AxisChunks, ChunkGrid, Dims, Error};

/// How an axis is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// The axis becomes two, the second of this length.
    Split(u64),
    /// The axis and the one behind it become one.
    Merge,
}

impl Expr {
    /// The axis as two: `names` are those of the outer one and of the inner one, which has `inner` positions.
    ///
    /// ```
    /// use terracube_cube::{Block, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["x"])?, Block::new(&[6], vec![0; 6])?).split(0, 3, ["block", "member"]);
    /// assert_eq!((x.dims(), x.shape()), (&Dims::new(["block", "member"])?, &[2u64, 3][..]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn split(&self, axis: usize, inner: u64, names: [&str; 2]) -> Self {
        let len = self.shape().get(axis).copied().unwrap_or(0);
        if self.error().is_some() || inner == 0 || len % inner != 0 || axis >= self.shape().len() {
            return self.folded_badly();
        }
        self.refolded(axis, Fold::Split(inner), &names, &[len / inner, inner])
    }

    /// The axis and the one behind it as one under a new name.
    ///
    /// ```
    /// use terracube_cube::{Block, Dims};
    /// use terracube_cube::plan::Expr;
    /// let x = Expr::constant(Dims::new(["y", "x"])?, Block::new(&[2, 3], vec![0; 6])?).merge(0, "cell");
    /// assert_eq!((x.dims(), x.shape()), (&Dims::new(["cell"])?, &[6u64][..]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn merge(&self, axis: usize, name: &str) -> Self {
        if self.error().is_some() || axis + 1 >= self.shape().len() {
            return self.folded_badly();
        }
        self.refolded(axis, Fold::Merge, &[name], &[self.shape()[axis] * self.shape()[axis + 1]])
    }

    /// The same folding of another input.
    #[track_caller]
    pub(crate) fn fold_like(&self, folded: &Self, axis: usize, fold: Fold) -> Self {
        match fold {
            Fold::Split(inner) => self.split(axis, inner, [folded.dims().name(axis), folded.dims().name(axis + 1)]),
            Fold::Merge => self.merge(axis, folded.dims().name(axis)),
        }
    }

    #[track_caller]
    fn folded_badly(&self) -> Self {
        Self::failed(self.error().cloned().unwrap_or_else(|| Error::internal(format!("axes of {self:?} folded"))))
    }

    #[track_caller]
    fn refolded(&self, axis: usize, fold: Fold, names: &[&str], lens: &[u64]) -> Self {
        let gone = if fold == Fold::Merge { 2 } else { 1 };
        let old: Vec<Arc<str>> = (0..self.dims().len()).map(|a| self.dims().name(a).clone()).collect();
        let mut all: Vec<Arc<str>> = old[..axis].to_vec();
        all.extend(names.iter().map(|name| Arc::from(*name)));
        all.extend_from_slice(&old[axis + gone..]);
        let mut shape = self.shape()[..axis].to_vec();
        shape.extend_from_slice(lens);
        shape.extend_from_slice(&self.shape()[axis + gone..]);
        let mut grid: Vec<AxisChunks> = self.grid().axes()[..axis].to_vec();
        // Rows of the inner axis stay together.
        match fold {
            Fold::Split(inner) => {
                let rows = self.grid().axes()[axis].largest().div_ceil(inner).max(1);
                grid.extend([AxisChunks::regular(lens[0], rows), AxisChunks::single(inner)]);
            }
            Fold::Merge => {
                let rows = self.grid().axes()[axis].largest().max(1);
                grid.push(AxisChunks::regular(lens[0], rows.saturating_mul(self.shape()[axis + 1]).max(1)));
            }
        }
        grid.extend_from_slice(&self.grid().axes()[axis + gone..]);
        match Dims::new(&all) {
            Ok(dims) => {
                let op = Op::Fold(self.clone(), axis, fold);
                let grid = ChunkGrid::new(grid);
                Self::from_node(Node { op, dims, shape, dtype: self.dtype(), grid, error: None, depth: 0 })
            }
            Err(error) => Self::failed(error),
        }
    }
}
