//! Building operations along axes.
use std::sync::Arc;

use super::expr::{Expr, Node, Op};
use crate::base::{AxisChunks, ChunkGrid, Dims, Error};
use crate::compute::along::AxisOp;

/// Where results need only their neighbourhood, chunks along the axis are joined up to this size, so that edges are read twice rarely.
const JOINED: u64 = 32 << 20;

impl Expr {
    /// An operation along `axes` (ascending). `axes[0]` becomes the axis of the results under the name `dim`; the others go.
    #[track_caller]
    pub fn along(&self, axes: Vec<usize>, op: AxisOp, dim: &str) -> Self {
        if let Some(error) = self.error() {
            return Self::failed(error.clone());
        }
        let ascending = axes.windows(2).all(|pair| pair[0] < pair[1]);
        let Some((&axis, more)) =
            axes.split_first().filter(|_| ascending && axes.iter().all(|&a| a < self.shape().len()))
        else {
            return Self::failed(Error::internal(format!("`{}` along axes {axes:?} of {self:?}", op.name())));
        };
        let dtype = match op.output_dtype(self.dtype()) {
            Ok(dtype) => dtype,
            Err(error) => return Self::failed(error),
        };
        let len = axes.iter().map(|&a| self.shape()[a]).product();
        let n_out = op.output_len(len);
        let (mut names, mut shape, mut grid): (Vec<Arc<str>>, Vec<u64>, Vec<AxisChunks>) = (vec![], vec![], vec![]);
        for (a, name) in self.dims().iter().enumerate().filter(|(a, _)| !more.contains(a)) {
            names.push(if a == axis { dim.into() } else { name.into() });
            shape.push(if a == axis { n_out } else { self.shape()[a] });
            let own = &self.grid().axes()[a];
            grid.push(match a == axis {
                true if op.is_local() && n_out == len => joined(own, self.grid(), axis, dtype.item_size() as u64),
                true => AxisChunks::single(n_out),
                false => own.clone(),
            });
        }
        let dims = match Dims::new(&names) {
            Ok(dims) => dims,
            Err(error) => return Self::failed(error),
        };
        let op = Op::Along { input: self.clone(), axes, op };
        Self::from_node(Node { op, dims, shape, dtype, grid: ChunkGrid::new(grid), error: None, depth: 0 })
    }
}

/// Several chunks of an axis as one.
fn joined(own: &AxisChunks, grid: &ChunkGrid, axis: usize, item_size: u64) -> AxisChunks {
    let others = grid
        .largest_chunk()
        .iter()
        .enumerate()
        .filter(|(a, _)| *a != axis)
        .fold(item_size, |n, (_, len)| n.saturating_mul(*len));
    match own {
        AxisChunks::Regular { len, chunk } => {
            let times = (JOINED / others.saturating_mul(*chunk).max(1)).max(1);
            AxisChunks::regular(*len, chunk.saturating_mul(times).min((*len).max(1)))
        }
        AxisChunks::Irregular(_) => own.clone(),
    }
}
