//! Two indexes of the same dimension: are they equal, and what do they share.
use std::cmp::Ordering;
use std::sync::Arc;

use super::values::nanoseconds_per;
use super::{Index, Inner, Keys};
use crate::base::{DType, Error, ErrorKind, Result};
use crate::data::positions::Positions;

/// Axes that differ by less than this part of a cell were meant to be equal.
const NEARLY: f64 = 1e-3;

/// How two axes compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AxisMatch {
    /// The same labels in the same order.
    Equal,
    /// Some labels differ, and all the differing ones that have a neighbour within 1e-3 of a cell were meant to be it.
    NearlyEqual {
        /// The largest such difference, in cells.
        cells: f64,
    },
    /// Different labels, or another order.
    Different,
}

impl Index {
    /// How this axis compares with another. Costs nothing if both are clones of one index.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{AxisMatch, Index, IndexHints};
    /// let index = |labels: Vec<f64>| Index::build("x", &Block::new(&[labels.len()], labels)?, IndexHints::default());
    /// assert_eq!(index(vec![0.0, 1.0])?.same_as(&index(vec![0.0, 1.0])?), AxisMatch::Equal);
    /// assert_eq!(index(vec![0.0, 1.0])?.same_as(&index(vec![0.0, 2.0])?), AxisMatch::Different);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn same_as(&self, other: &Self) -> AxisMatch {
        if Arc::ptr_eq(&self.0, &other.0) || self.equals(other) {
            return AxisMatch::Equal;
        }
        match nearly(&self.0, &other.0) {
            Some(cells) => AxisMatch::NearlyEqual { cells },
            None => AxisMatch::Different,
        }
    }

    /// What both axes share: positions on this one, in its order, and the positions of the same labels on the other.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// let index = |labels: Vec<f64>| Index::build("x", &Block::new(&[labels.len()], labels)?, IndexHints::default());
    /// let (here, there) = index(vec![10.0, 20.0, 30.0])?.intersect(&index(vec![20.0, 30.0, 40.0])?)?;
    /// assert_eq!((here.to_vec(), there.to_vec()), (vec![1, 2], vec![0, 1]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the labels cannot be compared, are nearly equal (see [`Index::same_as`]), stand twice on an axis, or none is shared.
    pub fn intersect(&self, other: &Self) -> Result<(Positions, Positions)> {
        let (a, b) = (&*self.0, &*other.0);
        let dim = &a.dim;
        let axes = || format!("here {}, there {}", a.extent(), b.extent());
        match self.same_as(other) {
            AxisMatch::Equal => {
                let whole = Positions::from_list((0..self.len() as u64).collect());
                return Ok((whole.clone(), whole));
            }
            AxisMatch::NearlyEqual { cells } => {
                return Err(Error::mismatch(format!("the axes `{dim}` differ by {cells:.1e} of a cell: {}", axes()))
                    .hint("they were probably meant to be equal: use `.align_nearest(tolerance)`"));
            }
            AxisMatch::Different => {}
        }
        if !comparable(a, b) {
            return Err(Error::mismatch(format!(
                "the axes `{dim}` have labels of {} and of {}, which cannot be compared",
                a.dtype, b.dtype
            )));
        }
        for side in [a, b] {
            if let Some(position) = side.duplicate {
                return Err(Error::mismatch(format!(
                    "the axes `{dim}` differ and cannot be aligned: {} stands twice, again at position {position}",
                    side.text(position)
                ))
                .hint("make the labels unique first"));
            }
        }
        let mut pairs = merged(a, b);
        if pairs.is_empty() {
            return Err(Error::new(ErrorKind::Empty, format!("the axes `{dim}` share no label: {}", axes()))
                .hint("select or regrid one of them onto the other"));
        }
        pairs.sort_unstable();
        let (mine, theirs) = pairs.into_iter().map(|(i, j)| (i as u64, j as u64)).unzip();
        Ok((Positions::from_list(mine), Positions::from_list(theirs)))
    }

    fn equals(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        let len = self.len();
        if len != other.len() || !comparable(a, b) {
            return false;
        }
        let same = |i: usize| between(a, i, b, i) == Ordering::Equal;
        // The last label first: axes of the same start and another step differ there.
        len == 0 || (same(len - 1) && (0..len).all(same))
    }
}

/// Pairs of positions with equal labels. Both axes have unique labels.
fn merged(a: &Inner, b: &Inner) -> Vec<(usize, usize)> {
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < a.n_ranks() && j < b.n_ranks() {
        let (here, there) = (a.position(i), b.position(j));
        let order = between(a, here, b, there);
        if order == Ordering::Equal {
            pairs.push((here, there));
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    pairs
}

pub(super) fn comparable(a: &Inner, b: &Inner) -> bool {
    match (a.dtype, b.dtype) {
        (DType::Time { calendar: a, .. }, DType::Time { calendar: b, .. }) => {
            a == b || (a.is_standard() && b.is_standard())
        }
        (a, b) => a.kind() == b.kind() || (a.is_numeric() && b.is_numeric()),
    }
}

/// How two labels of comparable axes compare; missing ones are equal to each other and above all others.
pub(super) fn between(a: &Inner, i: usize, b: &Inner, j: usize) -> Ordering {
    match (&a.keys, &b.keys) {
        (Keys::Text(x), Keys::Text(y)) => x.value(i).cmp(y.value(j)),
        (Keys::Integer(x), Keys::Integer(y)) => match (a.dtype, b.dtype) {
            (
                DType::Time { unit: p, .. } | DType::Duration { unit: p },
                DType::Time { unit: q, .. } | DType::Duration { unit: q },
            ) if p != q => {
                let missing = (x[i] == i64::MIN).cmp(&(y[j] == i64::MIN));
                let scaled = |count: i64, unit| i128::from(count) * nanoseconds_per(unit);
                let both = x[i] == i64::MIN && y[j] == i64::MIN;
                if both { Ordering::Equal } else { missing.then(scaled(x[i], p).cmp(&scaled(y[j], q))) }
            }
            _ => x[i].cmp(&y[j]),
        },
        _ => {
            let (x, y) = (a.keys.number(i), b.keys.number(j));
            x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
        }
    }
}

/// The largest difference in cells between labels that are not equal but within [`NEARLY`] of a cell; `None` if there are none.
fn nearly(a: &Inner, b: &Inner) -> Option<f64> {
    let is_float = |side: &Inner| side.dtype.is_float();
    if !(is_float(a) || is_float(b)) || !comparable(a, b) || a.n_ranks() == 0 || b.n_ranks() == 0 {
        return None;
    }
    let cell = smallest_step(a).min(smallest_step(b));
    let mut largest = None;
    for rank in 0..a.n_ranks() {
        let (_, distance) = b.nearest_rank(a.keys.number(a.position(rank)));
        let cells = distance / cell;
        if distance > 0.0 && cells < NEARLY {
            largest = Some(largest.unwrap_or(0.0_f64).max(cells));
        }
    }
    largest
}

/// The smallest distance between two labels. An axis with one label has cells as large as the label.
fn smallest_step(side: &Inner) -> f64 {
    let label = |rank: usize| side.keys.number(side.position(rank));
    let steps = (1..side.n_ranks()).map(|rank| label(rank) - label(rank - 1)).filter(|step| *step > 0.0);
    let smallest = steps.fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { label(0).abs().max(f64::MIN_POSITIVE) }
}
