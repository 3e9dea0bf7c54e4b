//! Chunks that lie across those in which values are computed: filled piece by piece, and handed on as soon as they are complete.
//!
//! The other way, computing each chunk by itself, decodes a chunk of a source once for every chunk that touches it. Here everything is
//! computed once, in the order that leaves the fewest chunks half filled.
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::{ArraySpec, Sink};
use crate::base::{Allowance, AxisChunks, Block, ChunkGrid, DType, Error, Region, Result, SharedAssembly};

/// A sink for chunks of a grid of its own, before one that takes these.
pub struct GatheredSink {
    sink: Arc<dyn Sink>,
    grid: ChunkGrid,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dtype: Option<DType>,
    /// Chunks that are not complete, by the number of each.
    open: HashMap<Vec<u64>, Arc<Open>>,
    /// Memory of chunks that are complete serves the next ones.
    _kept: Option<Allowance>,
}

/// A chunk that is being filled.
struct Open {
    region: Region,
    values: SharedAssembly,
    n_filled: AtomicU64,
}

impl GatheredSink {
    /// Before `sink`, which takes the chunks of `grid`. `None` where that saves nothing: where each of the chunks in which values are
    /// `computed` lies in one chunk of `grid`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{ChunkGrid, Sink};
    /// use terracube_cube::execute::{GatheredSink, MemorySink};
    /// let sink = || -> Arc<dyn Sink> { Arc::new(MemorySink::new()) };
    /// let (wide, narrow) = (ChunkGrid::regular(&[8], &[4]), ChunkGrid::regular(&[8], &[2]));
    /// assert!(GatheredSink::before(sink(), &narrow, &wide).is_some());
    /// assert!(GatheredSink::before(sink(), &wide, &narrow).is_none());
    /// ```
    pub fn before(sink: Arc<dyn Sink>, grid: &ChunkGrid, computed: &ChunkGrid) -> Option<Self> {
        let saves = computed.shape() == grid.shape()
            && computed.axes().iter().zip(grid.axes()).any(|(from, to)| Crossing::of(from, to).touched > 1);
        saves.then(|| Self { sink, grid: grid.clone(), state: Mutex::default() })
    }

    /// The order of axes, slowest first, in which the fewest chunks are open at a time.
    fn best_order(&self, computed: &ChunkGrid) -> Vec<usize> {
        let axes = self.crossings(computed);
        let mut order: Vec<usize> = (0..axes.len()).collect();
        if axes.len() > MOST_AXES {
            order.sort_by_key(|&axis| (axes[axis].carries, std::cmp::Reverse(axes[axis].touched)));
            return order;
        }
        let mut best = (n_open(&axes, &order), order.clone());
        each_order(&mut order, 0, &mut |order| {
            let n = n_open(&axes, order);
            if n < best.0 {
                best = (n, order.to_vec());
            }
        });
        best.1
    }

    fn crossings(&self, computed: &ChunkGrid) -> Vec<Crossing> {
        computed.axes().iter().zip(self.grid.axes()).map(|(from, to)| Crossing::of(from, to)).collect()
    }

    fn chunk_bytes(&self, dtype: DType) -> u64 {
        self.grid.largest_chunk().iter().fold(dtype.item_size() as u64, |n, &len| n.saturating_mul(len))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunk with a number, begun if it is not.
    fn opened(&self, number: &[u64]) -> Result<Arc<Open>> {
        let mut state = self.state();
        if let Some(open) = state.open.get(number) {
            return Ok(open.clone());
        }
        let (Some(dtype), Some(region)) = (state.dtype, self.grid.region(number)) else {
            return Err(Error::internal("written before it was begun, or outside of its array"));
        };
        let values = SharedAssembly::reusing(dtype, &region.extents());
        let open = Arc::new(Open { region, values, n_filled: AtomicU64::new(0) });
        state.open.insert(number.to_vec(), open.clone());
        Ok(open)
    }

    /// Puts the part of a block that lies in a chunk into it. The chunk, if that was the last of it.
    fn fill(&self, chunk: &Region, region: &Region, block: &Block) -> Result<Option<Open>> {
        let number: Vec<u64> =
            chunk.ranges().iter().zip(self.grid.axes()).map(|(range, axis)| axis.chunk_of(range.start)).collect();
        let open = self.opened(&number)?;
        let Some(part) = open.region.intersect(region) else { return Ok(None) };
        open.values.put(&part.relative_to(&open.region), &block.region(&part.relative_to(region))?)?;
        if open.add(&part) {
            self.state().open.remove(&number);
        }
        // Others may be about to let go of it: the last of them hands it on.
        Ok(Arc::into_inner(open).filter(Open::is_complete))
    }
}

impl Open {
    /// Counts a piece; whether the chunk is complete.
    fn add(&self, part: &Region) -> bool {
        self.n_filled.fetch_add(part.size(), Ordering::AcqRel) + part.size() == self.region.size()
    }

    fn is_complete(&self) -> bool {
        self.n_filled.load(Ordering::Acquire) == self.region.size()
    }
}

/// Workers want to find their next box, however short the fastest axis is.
const LEAST_AT_ONCE: u64 = 8;

fn n_fastest(drive: &ChunkGrid, order: &[usize]) -> u64 {
    order.last().map_or(1, |&axis| drive.axes()[axis].n_chunks()).max(1)
}

/// Boxes of one row along the fastest axis touch the same chunks, if those are long: this many may be begun.
fn at_once(drive: &ChunkGrid, order: &[usize]) -> u64 {
    n_fastest(drive, order).max(LEAST_AT_ONCE)
}

/// More axes than this are put into an order without trying them all.
const MOST_AXES: usize = 6;

/// How chunks in which values are computed lie to those that are wanted, along one axis.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    /// Chunks that are wanted.
    all: u64,
    /// The most of them that one computed chunk touches.
    touched: u64,
    /// Whether a wanted chunk is begun by one computed chunk and continued by the next.
    carries: bool,
}

impl Crossing {
    fn of(from: &AxisChunks, to: &AxisChunks) -> Self {
        let (mut touched, mut carries) = (1, false);
        for number in 0..from.n_chunks() {
            let range = from.range(number);
            let touching = to.touching(&range);
            touched = touched.max(touching.end - touching.start);
            carries |= number > 0 && !is_start(to, range.start);
        }
        Self { all: to.n_chunks().max(1), touched, carries }
    }
}

/// Whether a chunk starts at a position.
fn is_start(axis: &AxisChunks, at: u64) -> bool {
    axis.range(axis.chunk_of(at)).start == at
}

/// How many chunks are open at a time, at most, if the axes are walked in an order, the slowest first. Of a step along the slowest axis:
/// the chunks that it carries on, for all positions of the other axes (one that ends in it is closed before its successor
/// is begun there), and those that it touches, each for what is open along the others.
fn n_open(axes: &[Crossing], order: &[usize]) -> u64 {
    let mut rest = 1u64;
    let (mut open, mut is_fastest) = (1u64, true);
    for &axis in order.iter().rev() {
        let Crossing { all, touched, carries } = axes[axis];
        let carried = if carries && !is_fastest { rest } else { 0 };
        open = touched.saturating_mul(open).saturating_add(carried).min(rest.saturating_mul(all));
        rest = rest.saturating_mul(all);
        is_fastest = false;
    }
    open
}

fn each_order(order: &mut [usize], fixed: usize, visit: &mut impl FnMut(&[usize])) {
    if fixed == order.len() {
        return visit(order);
    }
    for next in fixed..order.len() {
        order.swap(fixed, next);
        each_order(order, fixed + 1, visit);
        order.swap(fixed, next);
    }
}

impl Sink for GatheredSink {
    fn order(&self, drive: &ChunkGrid) -> Option<Vec<usize>> {
        Some(self.best_order(drive))
    }

    fn at_once(&self, drive: &ChunkGrid, order: &[usize]) -> Option<usize> {
        Some(usize::try_from(at_once(drive, order)).unwrap_or(usize::MAX))
    }

    /// The chunks that are open at a time if boxes come one after the other, and those of as many rows of boxes as may be begun: boxes end nearly in
    /// the order in which they are begun.
    fn held_bytes(&self, spec: &ArraySpec) -> u64 {
        let axes = self.crossings(&spec.grid);
        let at_once = at_once(&spec.grid, &spec.order);
        let n_fastest = n_fastest(&spec.grid, &spec.order);
        // What one row of boxes along the fastest axis touches, all together.
        let along = |(axis, crossing): (usize, &Crossing)| match spec.order.last() == Some(&axis) {
            true => crossing.touched.saturating_mul(n_fastest).min(crossing.all),
            false => crossing.touched,
        };
        let column = axes.iter().enumerate().map(along).fold(1, u64::saturating_mul);
        let columns = at_once.div_ceil(n_fastest);
        let open = n_open(&axes, &spec.order).saturating_add(columns.saturating_mul(column));
        let n_chunks = open.min(self.grid.n_chunks());
        n_chunks.saturating_mul(self.chunk_bytes(spec.dtype)).saturating_add(self.sink.held_bytes(spec))
    }

    fn begin(&self, spec: &ArraySpec) -> Result<()> {
        let kept = usize::try_from(self.held_bytes(spec)).unwrap_or(0);
        *self.state() = State { dtype: Some(spec.dtype), _kept: Some(Allowance::of(kept)), ..State::default() };
        self.sink.begin(&ArraySpec { grid: self.grid.clone(), ..spec.clone() })
    }

    /// Chunks that become complete are written by all workers: several become so at once.
    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        let mut complete = Vec::new();
        for chunk in self.grid.touching(region) {
            complete.extend(self.fill(&chunk, region, block)?);
        }
        let write = |Open { region, values, .. }: Open| self.sink.write(&region, &values.finish()?);
        if complete.len() < 2 {
            return complete.into_iter().try_for_each(write);
        }
        complete.into_par_iter().with_max_len(1).try_for_each(write)
    }

    fn finish(&self) -> Result<()> {
        let state = std::mem::take(&mut *self.state());
        if state.open.is_empty() { self.sink.finish() } else { Err(Error::internal("chunks that are not complete")) }
    }
}

impl fmt::Debug for GatheredSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatheredSink({:?} chunks)", self.grid.largest_chunk())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many chunks are open at most if boxes come one after the other.
    fn walked(from: &ChunkGrid, to: &ChunkGrid, order: &[usize]) -> u64 {
        let counts = from.counts();
        let mut left: HashMap<Region, u64> = HashMap::new();
        let mut most = 0;
        for n in 0..from.n_chunks() {
            let mut index = vec![0; order.len()];
            let mut rest = n;
            for &axis in order.iter().rev() {
                index[axis] = rest % counts[axis];
                rest /= counts[axis];
            }
            let region = from.region(&index).unwrap();
            for chunk in to.touching(&region) {
                *left.entry(chunk.clone()).or_insert(chunk.size()) -= chunk.intersect(&region).unwrap().size();
            }
            most = most.max(left.values().filter(|left| **left > 0).count() as u64);
            left.retain(|_, left| *left > 0);
        }
        assert!(left.is_empty());
        most
    }

    #[test]
    fn no_more_chunks_are_open_than_was_said() {
        let axis = |len, chunk| AxisChunks::regular(len, chunk);
        let uneven = AxisChunks::from_boundaries(vec![0, 1, 7, 8, 20]);
        let choices = [
            (axis(20, 3), axis(20, 20)),
            (axis(20, 20), axis(20, 3)),
            (axis(20, 6), axis(20, 4)),
            (axis(20, 4), axis(20, 4)),
            (axis(20, 2), axis(20, 7)),
            (uneven, axis(20, 5)),
        ];
        for a in &choices {
            for b in &choices {
                for c in &choices {
                    let grid = |side: fn(&(AxisChunks, AxisChunks)) -> &AxisChunks| {
                        ChunkGrid::new([a, b, c].map(|pair| side(pair).clone()).to_vec())
                    };
                    let (from, to) = (grid(|pair| &pair.0), grid(|pair| &pair.1));
                    let axes: Vec<Crossing> = [a, b, c].map(|(from, to)| Crossing::of(from, to)).to_vec();
                    let mut bounds = Vec::new();
                    each_order(&mut [0, 1, 2], 0, &mut |order| {
                        // Between two boxes; while one is put in, its own are open too.
                        let (found, said) = (walked(&from, &to, order), n_open(&axes, order));
                        assert!(found <= said, "{from:?} {to:?} {order:?}: {found} of {said}");
                        bounds.push(said);
                    });
                    assert_eq!(bounds.len(), 6);
                }
            }
        }
    }

    #[test]
    fn series_out_of_maps_need_a_band() {
        let sink: Arc<dyn Sink> = Arc::new(super::super::MemorySink::new());
        let (maps, series) = (ChunkGrid::regular(&[1440, 361, 720], &[24, 121, 240]), [1440, 19, 72]);
        let series = ChunkGrid::regular(&[1440, 361, 720], &series);
        let gathered = GatheredSink::before(sink.clone(), &series, &maps).unwrap();
        assert_eq!(gathered.best_order(&maps).last(), Some(&0), "time is the fastest");
        assert!(n_open(&gathered.crossings(&maps), &gathered.best_order(&maps)) <= 60);
        // Each computed chunk lies in one that is wanted.
        let days = ChunkGrid::regular(&[1440, 361, 720], &[48, 121, 720]);
        assert!(GatheredSink::before(sink.clone(), &maps, &maps).is_none());
        assert!(GatheredSink::before(sink, &days, &maps).is_none());
    }
}
