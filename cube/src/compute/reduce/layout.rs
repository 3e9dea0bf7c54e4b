//! How a block's values meet an accumulator's cells: loops reordered, joined and blocked so that the innermost works on plain slices.
use crate::base::{Block, Error, Result, contiguous_strides};
use crate::compute::reader::{Reader, Target};

/// What a reduction does along one axis of the block it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisRole<'a> {
    /// The axis stays: one accumulator axis, in order.
    Kept,
    /// The axis goes away.
    Reduced,
    /// The axis becomes groups: one accumulator axis of the groups' number. One code per position of the *block's* axis;
    /// `u32::MAX` drops the position.
    Grouped(&'a [u32]),
}

/// The code of a position that belongs to no group.
pub(super) const DROPPED: u32 = u32::MAX;

/// The cells touched between two visits of the same cell should stay in this many bytes: a share of the first-level cache, or of the
/// second-level one where groups need more.
pub(super) const CACHE_BYTES: usize = 24 * 1024;
const GROUPED_CACHE_BYTES: usize = 256 * 1024;
/// Longest and shortest row handed to a kernel.
pub(super) const LONGEST_ROW: usize = 4096;
pub(super) const SHORTEST_ROW: usize = 256;

/// How many rows for the same cells are handed over together, so that cells are loaded and stored once for all of them.
pub(super) const ROWS: usize = 4;

/// What a typed state does with rows of values. Cells are indices in C order of the accumulator's shape.
pub(super) trait Rows<T> {
    /// One value for one cell.
    fn one(&mut self, cell: usize, value: T);
    /// `x[i]` for cell `cell + i`.
    fn kept(&mut self, cell: usize, x: &[T]);
    /// Rows of one length for the same cells, one after the other. At most [`ROWS`] at a time.
    fn kept_rows(&mut self, cell: usize, rows: &[&[T]]) {
        rows.iter().for_each(|row| self.kept(cell, row));
    }
    /// All of `x`, in order, for one cell.
    fn reduced(&mut self, cell: usize, x: &[T]);
}

/// One block's loops over one accumulator.
pub(super) struct Layout<'a> {
    axes: Vec<Axis<'a>>,
    pub(super) first_cell: isize,
    /// The most values that one cell can receive.
    pub(super) most_per_cell: u64,
}

/// A block with its loops.
pub(super) struct Part<'a> {
    pub(super) block: &'a Block,
    pub(super) layout: Layout<'a>,
    /// Where it stands among all blocks, for reductions where that counts.
    pub(super) place: u64,
}

/// The most values that one cell can receive from all parts.
pub(super) fn most_per_cell(parts: &[Part]) -> u64 {
    parts.iter().fold(0, |most, part| most.saturating_add(part.layout.most_per_cell))
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Axis<'a> {
    pub(super) len: usize,
    /// Stride of the values.
    pub(super) x: isize,
    /// Stride of the cells; 0 if reduced, per code if grouped.
    pub(super) cell: isize,
    pub(super) codes: Option<&'a [u32]>,
}

impl Axis<'_> {
    pub(super) fn is_kept(&self) -> bool {
        self.codes.is_none() && self.cell != 0
    }
}

impl<'a> Layout<'a> {
    /// The loops of a block of `shape` and `strides` over an accumulator of `cells_shape`, whose kept axes start at `at`.
    pub(super) fn new(
        shape: &[usize],
        strides: &[isize],
        roles: &[AxisRole<'a>],
        cells_shape: &[usize],
        at: &[usize],
    ) -> Result<Self> {
        let n_kept = roles.iter().filter(|role| **role != AxisRole::Reduced).count();
        if roles.len() != shape.len() || n_kept != cells_shape.len() || at.len() != n_kept {
            return Err(Error::internal(format!(
                "a block of shape {shape:?} with {} roles does not fit an accumulator of shape {cells_shape:?}",
                roles.len()
            )));
        }
        let cell_strides = contiguous_strides(cells_shape);
        let (mut axes, mut first_cell, mut most_per_cell, mut k) = (Vec::with_capacity(shape.len()), 0, 1u64, 0);
        for (axis, role) in roles.iter().enumerate() {
            let (len, x) = (shape[axis], strides[axis]);
            let (cell, codes) = match *role {
                AxisRole::Reduced => {
                    most_per_cell = most_per_cell.saturating_mul(len as u64);
                    (0, None)
                }
                AxisRole::Kept => {
                    if at[k] + len > cells_shape[k] {
                        return Err(Error::internal(format!(
                            "positions {}..{} of {} cells",
                            at[k],
                            at[k] + len,
                            cells_shape[k]
                        )));
                    }
                    first_cell += at[k] as isize * cell_strides[k];
                    k += 1;
                    (cell_strides[k - 1], None)
                }
                AxisRole::Grouped(codes) => {
                    let wrong = codes.iter().find(|&&code| code != DROPPED && code as usize >= cells_shape[k]);
                    if codes.len() != len || at[k] != 0 || wrong.is_some() {
                        return Err(Error::internal(format!(
                            "{} group codes for {len} positions and {} groups",
                            codes.len(),
                            cells_shape[k]
                        )));
                    }
                    most_per_cell = most_per_cell.saturating_mul(len as u64);
                    k += 1;
                    (cell_strides[k - 1], Some(codes))
                }
            };
            axes.push(Axis { len, x, cell, codes });
        }
        Ok(Self { axes, first_cell, most_per_cell })
    }

    /// Whether there is no value at all.
    pub(super) fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.len == 0)
    }

    /// Hands every value of `block`, read as `T`, to `rows`; `bytes_per_cell` is what a cell takes in memory.
    pub(super) fn drive<T: Target>(&self, block: &Block, rows: &mut dyn Rows<T>, bytes_per_cell: usize) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut reader = Reader::<T>::new(block)?;
        let mut axes = self.loops();
        let inner = axes.pop().unwrap_or(Axis { len: 1, x: 1, cell: 0, codes: None });
        if let Some(codes) = inner.codes {
            visit(&axes, 0, self.first_cell, &mut |x, cell| scatter(rows, &mut reader, x, cell, &inner, codes));
        } else if inner.cell == 0 {
            visit(&axes, 0, self.first_cell, &mut |x, cell| {
                for_pieces(&mut reader, x, inner.x, inner.len, usize::MAX, |_, row| rows.reduced(cell as usize, row));
            });
        } else if inner.cell == 1 {
            let (outer_kept, mut others): (Vec<_>, Vec<_>) = axes.into_iter().partition(Axis::is_kept);
            let row_len = row_len(&others, inner.len, bytes_per_cell);
            // Rows along an axis that goes meet the same cells.
            let again = others.pop_if(|axis| axis.codes.is_none() && axis.cell == 0);
            let again = again.unwrap_or(Axis { len: 1, x: 0, cell: 0, codes: None });
            visit(&outer_kept, 0, self.first_cell, &mut |x, cell| {
                for from in (0..inner.len).step_by(row_len) {
                    let len = row_len.min(inner.len - from);
                    visit(&others, x + from as isize * inner.x, cell + from as isize, &mut |x, cell| {
                        for first in (0..again.len).step_by(ROWS) {
                            let n_rows = ROWS.min(again.len - first);
                            let (row, stride) =
                                reader.rows(x + first as isize * again.x, again.x, n_rows, inner.x, len);
                            let each: [&[T]; ROWS] = std::array::from_fn(|k| match k < n_rows {
                                true => &row[k * stride..][..len],
                                false => &[],
                            });
                            rows.kept_rows(cell as usize, &each[..n_rows]);
                        }
                    });
                }
            });
        } else {
            visit(&axes, 0, self.first_cell, &mut |x, cell| {
                for i in 0..inner.len as isize {
                    rows.one((cell + i * inner.cell) as usize, reader.value(x + i * inner.x));
                }
            });
        }
        Ok(())
    }

    /// Adds one value of 1 per position, whatever the block holds: for counts of what is never missing.
    pub(super) fn drive_positions(&self, rows: &mut dyn Rows<u8>, bytes_per_cell: usize) -> Result<()> {
        let shape: Vec<usize> = self.axes.iter().map(|axis| axis.len).collect();
        let ones = Block::filled(&Block::scalar(1u8), &shape)?;
        let axes = self.axes.iter().map(|axis| Axis { x: 0, ..*axis }).collect();
        Layout { axes, ..*self }.drive::<u8>(&ones, rows, bytes_per_cell)
    }

    /// [`Layout::drive`] for a copy of the block in C order.
    pub(super) fn drive_recast(&self, copy: &Block, rows: &mut dyn Rows<u8>, bytes_per_cell: usize) -> Result<()> {
        let strides = contiguous_strides(copy.shape());
        let axes = self.axes.iter().zip(strides).map(|(axis, x)| Axis { x, ..*axis }).collect();
        Layout { axes, ..*self }.drive::<u8>(copy, rows, bytes_per_cell)
    }

    /// Calls `each` with (position counted from the block's first value, cell) in C order of the block: for reductions where
    /// order counts.
    pub(super) fn in_order(&self, mut each: impl FnMut(isize, usize)) {
        if self.axes.iter().all(|axis| axis.len > 0) {
            visit(&self.axes, 0, self.first_cell, &mut |x, cell| each(x, cell as usize));
        }
    }

    /// The axes in memory order, joined where they can be; the last is the innermost.
    pub(super) fn loops(&self) -> Vec<Axis<'a>> {
        let mut axes: Vec<Axis> =
            self.axes.iter().copied().filter(|axis| axis.len > 1 || axis.codes.is_some()).collect();
        axes.sort_by_key(|axis| {
            std::cmp::Reverse(if axis.x == 0 || axis.len == 1 { usize::MAX } else { axis.x.unsigned_abs() })
        });
        let mut joined: Vec<Axis> = Vec::with_capacity(axes.len());
        for axis in axes {
            let len = axis.len as isize;
            match joined.last_mut() {
                Some(outer)
                    if outer.codes.is_none()
                        && axis.codes.is_none()
                        && outer.x == axis.x * len
                        && outer.cell == axis.cell * len =>
                {
                    *outer = Axis { len: outer.len * axis.len, ..axis };
                }
                _ => joined.push(axis),
            }
        }
        // Kept rows want neighbouring cells: reading values with a stride costs less than writing cells with one.
        if joined.last().is_some_and(|inner| inner.is_kept() && inner.cell != 1)
            && let Some(unit) = joined.iter().position(|axis| axis.is_kept() && axis.cell == 1 && axis.len >= 8)
        {
            let axis = joined.remove(unit);
            joined.push(axis);
        }
        joined
    }
}

/// The length of rows, so that the cells between two visits stay in the cache.
fn row_len(others: &[Axis], inner: usize, bytes_per_cell: usize) -> usize {
    let mut visits = 1usize;
    let mut touched = 1usize;
    for axis in others {
        visits = visits.saturating_mul(axis.len);
        if let Some(codes) = axis.codes {
            let mut distinct: Vec<u32> = codes.iter().copied().filter(|&code| code != DROPPED).collect();
            distinct.sort_unstable();
            distinct.dedup();
            touched *= distinct.len().max(1);
        }
    }
    let bytes = if touched > 1 { GROUPED_CACHE_BYTES } else { CACHE_BYTES };
    if visits <= touched {
        return inner.min(LONGEST_ROW); // no cell is visited twice
    }
    (bytes / bytes_per_cell.max(1) / touched).clamp(SHORTEST_ROW, LONGEST_ROW)
}

/// Calls `each` with (position of a value, cell) for every position of `axes`, the last innermost; dropped positions are left out.
pub(super) fn visit(axes: &[Axis], x: isize, cell: isize, each: &mut dyn FnMut(isize, isize)) {
    let Some((axis, inner)) = axes.split_first() else { return each(x, cell) };
    for i in 0..axis.len {
        let step = match axis.codes {
            None => i as isize,
            Some(codes) if codes[i] == DROPPED => continue,
            Some(codes) => codes[i] as isize,
        };
        visit(inner, x + i as isize * axis.x, cell + step * axis.cell, each);
    }
}

/// `len` values from `x` in steps of `step`, as slices of at most `longest`.
#[inline]
fn for_pieces<T: Target>(
    reader: &mut Reader<T>,
    x: isize,
    step: isize,
    len: usize,
    longest: usize,
    mut each: impl FnMut(usize, &[T]),
) {
    let longest = longest.min(reader.longest(step));
    let mut from = 0;
    while from < len {
        let n = longest.min(len - from);
        each(from, reader.piece(x + from as isize * step, step, n));
        from += n;
    }
}

/// A row along a grouped axis: runs of equal codes go to their cell together.
fn scatter<T: Target>(
    rows: &mut dyn Rows<T>,
    reader: &mut Reader<T>,
    x: isize,
    cell: isize,
    inner: &Axis,
    codes: &[u32],
) {
    let mut from = 0isize;
    for run in codes.chunk_by(|a, b| a == b) {
        let (code, len) = (run[0], run.len() as isize);
        if code != DROPPED {
            let cell = (cell + code as isize * inner.cell) as usize;
            if len < 8 {
                (from..from + len).for_each(|i| rows.one(cell, reader.value(x + i * inner.x)));
            } else {
                for_pieces(reader, x + from * inner.x, inner.x, run.len(), usize::MAX, |_, row| {
                    rows.reduced(cell, row)
                });
            }
        }
        from += len;
    }
}
