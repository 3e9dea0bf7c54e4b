//! What a piece of an expression needs of its sources, and how the pieces are put together again.
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::inner::{reduced_box, with_all_groups};
use super::program::Resident;
use super::regions::input_regions;
use super::stage::Reduction;
use crate::base::{AxisChunks, Block, DType, Error, Region, Result};
use crate::plan::{AxisSlice, Expr, Op, deep};
use crate::source::Source;

/// A source and where a chunk of it starts: the identity of a piece.
pub(crate) type PieceKey = (usize, Vec<u64>);

/// One part of one chunk that a task reads.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub source: Arc<dyn Source>,
    /// What is read: the whole chunk, or the part that is used if the source reads parts.
    pub region: Region,
    /// The part of it that is used.
    pub used: Region,
}

impl Need {
    /// What is held of it once it is decoded: all, or the part that is used where that is at most half.
    pub fn held(&self) -> &Region {
        let worth_it = self.source.dtype() != DType::Utf8 && self.used.size().saturating_mul(2) <= self.region.size();
        if worth_it { &self.used } else { &self.region }
    }

    fn n_bytes(&self, region: &Region) -> u64 {
        region.size().saturating_mul(self.source.dtype().item_size() as u64)
    }
}

/// All that a task reads, each chunk once.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub pieces: HashMap<PieceKey, Need>,
    /// What was looked at: a plan is a graph, and walking it as a tree would take for ever.
    seen: HashSet<(usize, Region)>,
    /// What is asked of reductions that the task finishes by itself.
    pub asked: HashMap<usize, Region>,
}

impl Needs {
    /// Bytes that are decoded.
    pub fn decoded_bytes(&self) -> u64 {
        self.pieces.values().map(|need| need.n_bytes(&need.region)).sum()
    }

    /// Bytes that are held at a time, decoded: the parts that are used, and the whole of those that are being decoded, `at_once` of them.
    pub fn held_bytes(&self, at_once: u64) -> u64 {
        let held: u64 = self.pieces.values().map(|need| need.n_bytes(need.held())).sum();
        let cut = self.pieces.values().filter(|need| need.held() != &need.region);
        held.saturating_add(cut.map(|need| need.n_bytes(&need.region)).max().unwrap_or(0).saturating_mul(at_once))
    }

    /// Upper bound of the encoded bytes that are read.
    pub fn read_bytes(&self) -> u64 {
        self.pieces.values().map(|need| need.source.encoded_bound(&need.region)).sum()
    }

    /// Upper bound of the encoded bytes that are held at a time, with the scratch that decoding the largest takes: of all pieces that are read
    /// ahead, and of `at_once` of those that are read just before they are decoded.
    pub fn encoded_bytes(&self, at_once: u64) -> u64 {
        let (mut ahead, mut late) = (0u64, 0u64);
        for need in self.pieces.values() {
            let bound = need.source.encoded_bound(&need.region);
            if need.source.reads_late() { late = late.max(bound) } else { ahead = ahead.saturating_add(bound) }
        }
        let scratch = self.pieces.values().map(|need| need.source.decode_scratch(&need.region)).max().unwrap_or(0);
        ahead.saturating_add(late.saturating_add(scratch).saturating_mul(at_once))
    }
}

/// Decoded pieces by identity.
pub(crate) type Pieces = HashMap<PieceKey, (Region, Block)>;

pub(crate) fn source_id(source: &Arc<dyn Source>) -> usize {
    Arc::as_ptr(source).cast::<()>() as usize
}

/// If the expression is a source or a slice of one: the source, and the window of it that `region` asks for.
pub(super) fn window<'a>(expr: &'a Expr, region: &Region) -> Option<(&'a Arc<dyn Source>, Vec<AxisSlice>)> {
    let asked = region.ranges().iter().map(|r| AxisSlice { start: r.start, len: r.end - r.start, step: 1 });
    match expr.op() {
        Op::Read(source) => Some((source, asked.collect())),
        Op::Slice(input, axes) => match input.op() {
            Op::Read(source) => Some((source, asked.zip(axes).map(|(outer, inner)| outer.after(inner)).collect())),
            _ => None,
        },
        _ => None,
    }
}

/// Collects what `region` of `expr` needs that is not resident.
pub(crate) fn needs(expr: &Expr, region: &Region, resident: &Resident, found: &mut Needs) -> Result<()> {
    if region.is_empty() || resident.contains_key(&expr.id()) {
        return Ok(());
    }
    if !found.seen.insert((expr.id(), region.clone())) {
        return Ok(());
    }
    if let Some((source, window)) = window(expr, region) {
        for_each_piece(source.grid().axes(), &window, |chunk, _, inside| {
            let key = (source_id(source), chunk.iter().map(|range| range.start).collect());
            let whole = Region::new(chunk.to_vec());
            let used = Region::new(inside.iter().zip(&window).map(|(k, w)| covered(k, w)).collect());
            let part = if source.reads_parts() { used.clone() } else { whole };
            found
                .pieces
                .entry(key)
                .and_modify(|need| {
                    need.region = bounding(&need.region, &part);
                    need.used = bounding(&need.used, &used);
                })
                .or_insert_with(|| Need { source: source.clone(), region: part.clone(), used: used.clone() });
            Ok(())
        })?;
        return Ok(());
    }
    if let Some(reduction) = Reduction::of(expr) {
        let region = with_all_groups(expr, region);
        let region = found.asked.get(&expr.id()).map_or(region.clone(), |known| bounding(known, &region));
        found.asked.insert(expr.id(), region.clone());
        return deep(|| needs(&reduction.input, &reduced_box(&reduction, &region), resident, found));
    }
    for (input, region) in input_regions(expr, region, resident)? {
        deep(|| needs(input, &region, resident, found))?;
    }
    Ok(())
}

/// The values of a window of a source, from decoded pieces: a view if one piece holds it, else a copy.
pub(super) fn read_window(source: &Arc<dyn Source>, window: &[AxisSlice], pieces: &Pieces) -> Result<Block> {
    let shape: Vec<usize> = window.iter().map(|axis| axis.len as usize).collect();
    let mut parts: Vec<(Region, Block)> = Vec::new();
    let id = source_id(source);
    for_each_piece(source.grid().axes(), window, |chunk, target, inside| {
        let key = (id, chunk.iter().map(|range| range.start).collect());
        let Some((region, block)) = pieces.get(&key) else {
            return Err(Error::internal(format!("chunk at {:?} was not read", key.1)));
        };
        let axes: Vec<(usize, usize, isize)> = inside
            .iter()
            .zip(window)
            .zip(region.ranges())
            .map(|((k, w), held)| {
                ((w.start + k.start * w.step - held.start) as usize, (k.end - k.start) as usize, w.step as isize)
            })
            .collect();
        parts.push((Region::new(target.to_vec()), block.slice(&axes)?));
        Ok(())
    })?;
    if parts.len() == 1 {
        return parts.pop().map(|part| part.1).ok_or_else(|| Error::internal("no piece"));
    }
    Block::assemble(source.dtype(), &shape, &parts)
}

/// Calls `visit` for every chunk that holds a position of the window: (the chunk's box, the box it fills in the window, the
/// window positions per axis, which are the same ranges).
fn for_each_piece(
    axes: &[AxisChunks],
    window: &[AxisSlice],
    mut visit: impl FnMut(&[Range<u64>], &[Range<u64>], &[Range<u64>]) -> Result<()>,
) -> Result<()> {
    let per_axis: Vec<Vec<(Range<u64>, Range<u64>)>> =
        axes.iter().zip(window).map(|(chunks, window)| axis_pieces(chunks, window)).collect();
    if per_axis.iter().any(Vec::is_empty) {
        return Ok(());
    }
    let mut index = vec![0usize; per_axis.len()];
    let (mut chunk, mut inside) = (Vec::new(), Vec::new());
    loop {
        chunk.clear();
        inside.clear();
        for (axis, &i) in index.iter().enumerate() {
            chunk.push(per_axis[axis][i].0.clone());
            inside.push(per_axis[axis][i].1.clone());
        }
        visit(&chunk, &inside, &inside)?;
        let mut axis = index.len();
        loop {
            if axis == 0 {
                return Ok(());
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < per_axis[axis].len() {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The chunks of one axis that hold a position of the window, each with the window positions it holds.
fn axis_pieces(chunks: &AxisChunks, window: &AxisSlice) -> Vec<(Range<u64>, Range<u64>)> {
    let mut pieces = Vec::new();
    let mut k = 0;
    while k < window.len {
        let range = chunks.range(chunks.chunk_of(window.start + k * window.step));
        let end = (range.end.max(window.start + 1) - window.start).div_ceil(window.step).clamp(k + 1, window.len);
        pieces.push((range, k..end));
        k = end;
    }
    pieces
}

/// The source positions from the first to the last of window positions `k`.
fn covered(k: &Range<u64>, window: &AxisSlice) -> Range<u64> {
    window.start + k.start * window.step..window.start + (k.end - 1) * window.step + 1
}

fn bounding(a: &Region, b: &Region) -> Region {
    Region::new(a.ranges().iter().zip(b.ranges()).map(|(a, b)| a.start.min(b.start)..a.end.max(b.end)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chunks_with_a_position_are_touched() {
        let chunks = AxisChunks::regular(100, 10);
        let starts = |start, len, step| -> Vec<(u64, Range<u64>)> {
            let window = AxisSlice { start, len, step };
            axis_pieces(&chunks, &window).into_iter().map(|(chunk, k)| (chunk.start, k)).collect()
        };
        assert_eq!(starts(5, 10, 1), [(0, 0..5), (10, 5..10)]);
        assert_eq!(starts(3, 3, 40), [(0, 0..1), (40, 1..2), (80, 2..3)]);
        assert_eq!(starts(0, 4, 5), [(0, 0..2), (10, 2..4)]);
        assert_eq!(starts(0, 0, 1), []);
    }
}
