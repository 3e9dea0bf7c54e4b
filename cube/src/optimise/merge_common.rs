//! Nodes that do the same to the same are one node, so that it is read and computed once.
use std::collections::HashMap;

use crate::base::{Block, BlockData};
use crate::plan::{Expr, Op};

/// Constants are compared by value up to this many bytes.
const LARGEST_CONSTANT: usize = 1 << 16;

/// What was seen so far, by kind of operation and inputs; few nodes share a place.
#[derive(Default)]
pub(super) struct Seen(HashMap<Place, Vec<Expr>>);

#[derive(PartialEq, Eq, Hash)]
struct Place {
    kind: std::mem::Discriminant<Op>,
    inputs: Vec<usize>,
    shape: Vec<u64>,
}

impl Seen {
    /// The first node that does the same as this one, whose inputs are merged already: the node itself if there is none.
    pub fn merged(&mut self, expr: &Expr) -> Expr {
        if expr.error().is_some() {
            return expr.clone();
        }
        let place = Place {
            kind: std::mem::discriminant(expr.op()),
            inputs: expr.inputs().iter().map(|input| input.id()).collect(),
            shape: expr.shape().to_vec(),
        };
        let known = self.0.entry(place).or_default();
        if let Some(same) = known.iter().find(|other| same(other, expr)) {
            return same.clone();
        }
        known.push(expr.clone());
        expr.clone()
    }
}

/// Whether two nodes of the same kind over the same inputs do the same. What is not listed is never merged.
fn same(a: &Expr, b: &Expr) -> bool {
    if (a.dims(), a.dtype(), a.grid()) != (b.dims(), b.dtype(), b.grid()) {
        return false;
    }
    match (a.op(), b.op()) {
        (Op::Read(x), Op::Read(y)) => {
            std::ptr::addr_eq(std::sync::Arc::as_ptr(x), std::sync::Arc::as_ptr(y))
                || (x.spec().is_some() && x.spec() == y.spec())
        }
        (Op::Constant(x), Op::Constant(y)) => equal(x, y),
        (Op::Unary(x, _), Op::Unary(y, _)) => x == y,
        (Op::Binary(x, ..), Op::Binary(y, ..)) => x == y,
        (Op::Cast(_, x), Op::Cast(_, y)) => x == y,
        (Op::Slice(_, x), Op::Slice(_, y)) => x == y,
        (Op::Take(_, axis, x), Op::Take(_, other, y)) => axis == other && x == y,
        (Op::Transpose(_, x), Op::Transpose(_, y)) | (Op::Squeeze(_, x), Op::Squeeze(_, y)) => x == y,
        (Op::Expand(_, x), Op::Expand(_, y)) => x == y,
        (Op::Along { axes, op, .. }, Op::Along { axes: others, op: other, .. }) => axes == others && op == other,
        (Op::Points { axes, places, .. }, Op::Points { axes: others, places: other, .. }) => {
            axes == others && places == other
        }
        (Op::Concat(_, x), Op::Concat(_, y)) => x == y,
        (Op::Select { .. }, Op::Select { .. })
        | (Op::Mask { .. }, Op::Mask { .. })
        | (Op::Rename(_), Op::Rename(_)) => true,
        (Op::Reduce { axes, op, options, .. }, Op::Reduce { axes: others, op: other, options: with, .. }) => {
            (axes, op, options) == (others, other, with)
        }
        (
            Op::GroupReduce { axis, groups, axes, op, options, .. },
            Op::GroupReduce { axis: along, groups: sorted, axes: others, op: other, options: with, .. },
        ) => (axis, groups, axes, op, options) == (along, sorted, others, other, with),
        _ => false,
    }
}

fn equal(a: &Block, b: &Block) -> bool {
    let bytes = |block: &Block| -> Option<Vec<u8>> {
        let n_bytes = block.len().checked_mul(block.dtype().item_size())?;
        if n_bytes > LARGEST_CONSTANT {
            return None;
        }
        match block.contiguous().ok()?.data() {
            BlockData::Fixed { buffer, offset, .. } => {
                let start = offset.unsigned_abs() * block.dtype().item_size();
                buffer.as_slice().get(start..start + n_bytes).map(<[u8]>::to_vec)
            }
            BlockData::Text(_) => None,
        }
    };
    match (bytes(a), bytes(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}
