//! Building a selection of points.
use std::sync::Arc;

use super::expr::{Expr, Node, Op};
use crate::base::{AxisChunks, ChunkGrid, Dims, Error};

impl Expr {
    /// The values at points. `places` holds a position on each of `axes` (ascending) for every point; below zero the value is missing.
    /// The points stand where `axes[0]` stood, under the name `dim`. Cheapest if points of one chunk follow one another.
    #[track_caller]
    pub fn points(&self, axes: Vec<usize>, places: Arc<[i64]>, dim: &str) -> Self {
        if let Some(error) = self.error() {
            return Self::failed(error.clone());
        }
        let ascending = axes.windows(2).all(|pair| pair[0] < pair[1]);
        let on_axis = |(k, &at): (usize, &i64)| at < self.shape()[axes[k % axes.len()]] as i64;
        if axes.is_empty()
            || !ascending
            || axes.iter().any(|&axis| axis >= self.shape().len())
            || !places.len().is_multiple_of(axes.len())
            || !places.iter().enumerate().all(on_axis)
        {
            return Self::failed(Error::internal(format!("points on axes {axes:?} of {self:?}")));
        }
        let n = (places.len() / axes.len()) as u64;
        let (mut names, mut shape, mut grid): (Vec<Arc<str>>, Vec<u64>, Vec<AxisChunks>) = (vec![], vec![], vec![]);
        for (a, name) in self.dims().iter().enumerate().filter(|(a, _)| !axes[1..].contains(a)) {
            let is_points = a == axes[0];
            names.push(if is_points { dim.into() } else { name.into() });
            shape.push(if is_points { n } else { self.shape()[a] });
            grid.push(if is_points { self.chunks_of_points(&axes, &places, n) } else { self.grid().axes()[a].clone() });
        }
        match Dims::new(&names) {
            Ok(dims) => {
                let op = Op::Points { input: self.clone(), axes, places };
                let grid = ChunkGrid::new(grid);
                Self::from_node(Node { op, dims, shape, dtype: self.dtype(), grid, error: None, depth: 0 })
            }
            Err(error) => Self::failed(error),
        }
    }

    /// A chunk of points ends where the next lies in another chunk of the values.
    fn chunks_of_points(&self, axes: &[usize], places: &[i64], n: u64) -> AxisChunks {
        let chunk = |point: &[i64]| -> Vec<u64> {
            axes.iter().zip(point).map(|(&axis, &at)| self.grid().axes()[axis].chunk_of(at.max(0) as u64)).collect()
        };
        let mut boundaries = vec![0];
        let mut held: Option<Vec<u64>> = None;
        for (k, point) in places.chunks(axes.len()).enumerate() {
            let now = chunk(point);
            if held.as_ref().is_some_and(|held| *held != now) {
                boundaries.push(k as u64);
            }
            held = Some(now);
        }
        boundaries.push(n);
        if n == 0 { AxisChunks::single(0) } else { AxisChunks::from_boundaries(boundaries) }
    }
}
