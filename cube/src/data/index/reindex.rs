//! Where the labels of another axis stand on this one.
use std::cmp::Ordering;

use super::align::{between, comparable};
use super::{Index, Inner};
use crate::base::{Error, Result};

/// Which label stands for one that is not on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// None: it is missing.
    None,
    /// The nearest; of two that are equally near the larger.
    Nearest,
    /// The last that is smaller (xarray's `ffill`, `pad`).
    Before,
    /// The first that is larger (xarray's `bfill`).
    After,
}

impl Index {
    /// For every label of `wanted` its position on this axis, or -1. `tolerance` is in units of the labels (counts for times).
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Fill, Index, IndexHints};
    /// let index = |labels: Vec<f64>| Index::build("x", &Block::new(&[labels.len()], labels)?, IndexHints::default());
    /// let (own, wanted) = (index(vec![10.0, 20.0])?, index(vec![20.0, 24.0])?);
    /// assert_eq!(own.positions_of(&wanted, Fill::None, None)?, [1, -1]);
    /// assert_eq!(own.positions_of(&wanted, Fill::Nearest, Some(5.0))?, [1, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If labels stand twice here, or cannot be compared.
    pub fn positions_of(&self, wanted: &Self, fill: Fill, tolerance: Option<f64>) -> Result<Vec<i64>> {
        let (own, theirs) = (&*self.0, &*wanted.0);
        if !comparable(own, theirs) && !own.is_nothing() {
            return Err(Error::mismatch(format!(
                "the axis `{}` has labels of {}, and labels of {} cannot be looked up on it",
                own.dim, own.dtype, theirs.dtype
            )));
        }
        if let Some(position) = own.duplicate {
            let message = format!("`{}` has {} twice, again at position {position}", own.dim, own.text(position));
            return Err(Error::mismatch(message).hint("drop the duplicates first: `drop_duplicates`"));
        }
        if fill != Fill::None && matches!(own.keys, super::Keys::Text(_)) {
            return Err(Error::invalid(format!("`{}` has strings, none of which is near to another", own.dim)));
        }
        Ok((0..wanted.len()).map(|position| own.place(theirs, position, fill, tolerance)).collect())
    }
}

impl Inner {
    fn is_nothing(&self) -> bool {
        self.n_ranks() == 0
    }

    fn place(&self, wanted: &Self, at: usize, fill: Fill, tolerance: Option<f64>) -> i64 {
        let n = self.n_ranks();
        let compare = |rank: usize| between(self, self.position(rank), wanted, at);
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = low.midpoint(high);
            if compare(middle) == Ordering::Less { low = middle + 1 } else { high = middle }
        }
        if low < n && compare(low) == Ordering::Equal {
            return self.position(low) as i64;
        }
        let distance = |rank: usize| self.distance(rank, wanted, at);
        let rank = match fill {
            Fill::None => None,
            Fill::Before => low.checked_sub(1),
            Fill::After => (low < n).then_some(low),
            Fill::Nearest => match (low.checked_sub(1), (low < n).then_some(low)) {
                (Some(before), Some(after)) => Some(if distance(before) < distance(after) { before } else { after }),
                (before, after) => before.or(after),
            },
        };
        let near = rank.filter(|&rank| tolerance.is_none_or(|most| distance(rank) <= most));
        near.map_or(-1, |rank| self.position(rank) as i64)
    }

    /// In units of this axis.
    fn distance(&self, rank: usize, wanted: &Self, at: usize) -> f64 {
        let scale = match (self.dtype, wanted.dtype) {
            (crate::base::DType::Time { unit: own, .. }, crate::base::DType::Time { unit: theirs, .. }) => {
                own.per_second() as f64 / theirs.per_second() as f64
            }
            _ => 1.0,
        };
        (self.keys.number(self.position(rank)) - wanted.keys.number(at) * scale).abs()
    }
}
