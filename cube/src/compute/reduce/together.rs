//! Several blocks for the same cells at once: rows that meet the same cells are handed over together, whichever block they stand in, so
//! that accumulators larger than the cache pass through it once for several rows.
use super::layout::{Axis, CACHE_BYTES, LONGEST_ROW, Part, ROWS, Rows, SHORTEST_ROW, visit};
use crate::base::Result;
use crate::compute::reader::{PIECE, Reader, Target};

/// Hands every value of all parts, read as `T`, to `rows`; `bytes_per_cell` is what a cell takes in memory.
pub(super) fn drive_all<T: Target>(parts: &[Part], rows: &mut dyn Rows<T>, bytes_per_cell: usize) -> Result<()> {
    match Together::of(parts) {
        Some(together) => together.drive(parts, rows, bytes_per_cell),
        None => parts.iter().try_for_each(|part| part.layout.drive(part.block, rows, bytes_per_cell)),
    }
}

/// Parts with the same loops but for the one axis that goes.
struct Together<'a> {
    first_cell: isize,
    /// Kept axes around the rows.
    around: Vec<Axis<'a>>,
    /// Along the rows, whose cells stand side by side.
    inner: Axis<'a>,
    rows: Vec<Row>,
}

/// A row of values.
#[derive(Clone, Copy)]
struct Row {
    /// Its first cell, counted from that of the parts.
    cell: isize,
    part: usize,
    /// Its first value.
    x: isize,
}

impl<'a> Together<'a> {
    /// How the parts go together; `None` if they do not, or if nothing would be gained.
    fn of(parts: &[Part<'a>]) -> Option<Self> {
        let mut found: Option<Self> = None;
        for (number, part) in parts.iter().enumerate().filter(|(_, part)| !part.layout.is_empty()) {
            let mut axes = part.layout.loops();
            let inner = axes.pop().filter(|inner| inner.codes.is_none() && inner.cell == 1)?;
            let (around, gone): (Vec<_>, Vec<_>) = axes.into_iter().partition(Axis::is_kept);
            let gone = match gone[..] {
                // An axis of length one is no loop.
                [] if parts.len() > 1 => Axis { len: 1, x: 0, cell: 0, codes: None },
                [gone] if gone.codes.is_some() || parts.len() > 1 => gone,
                _ => return None,
            };
            let first_cell = part.layout.first_cell;
            let new = || Self { first_cell, around: around.clone(), inner, rows: Vec::new() };
            let together = found.get_or_insert_with(new);
            let same = |a: &Axis, b: &Axis| (a.len, a.x, a.cell) == (b.len, b.x, b.cell);
            let fits = together.around.len() == around.len()
                && together.around.iter().zip(&around).all(|(a, b)| same(a, b))
                && same(&together.inner, &inner)
                && first_cell == together.first_cell;
            if !fits {
                return None;
            }
            for position in 0..gone.len {
                let cell = match gone.codes {
                    None => 0,
                    Some(codes) if codes[position] == super::layout::DROPPED => continue,
                    Some(codes) => codes[position] as isize * gone.cell,
                };
                together.rows.push(Row { cell, part: number, x: position as isize * gone.x });
            }
        }
        // Stable: the rows of a cell keep their order.
        found.iter_mut().for_each(|found| found.rows.sort_by_key(|row| row.cell));
        found
    }

    fn drive<T: Target>(&self, parts: &[Part], rows: &mut dyn Rows<T>, bytes_per_cell: usize) -> Result<()> {
        let readers = parts.iter().map(|part| Reader::<T>::new(part.block)).collect::<Result<Vec<_>>>()?;
        let plain = readers.iter().all(|reader| reader.longest(self.inner.x) == usize::MAX);
        let runs: Vec<&[Row]> = self.rows.chunk_by(|a, b| a.cell == b.cell).collect();
        let again = runs.iter().any(|run| run.len() > ROWS);
        let longest = if again { (CACHE_BYTES / bytes_per_cell.max(1)).max(SHORTEST_ROW) } else { LONGEST_ROW };
        let row_len = longest.min(if plain { LONGEST_ROW } else { PIECE });
        let mut scratch = vec![T::ZERO; if plain { 0 } else { ROWS * row_len }];
        visit(&self.around, 0, self.first_cell, &mut |x, cell| {
            for from in (0..self.inner.len).step_by(row_len) {
                let len = row_len.min(self.inner.len - from);
                let (x, cell) = (x + from as isize * self.inner.x, cell + from as isize);
                for some in runs.iter().flat_map(|run| run.chunks(ROWS)) {
                    if !plain {
                        for (row, out) in some.iter().zip(scratch.chunks_exact_mut(row_len)) {
                            readers[row.part].fill(x + row.x, self.inner.x, &mut out[..len]);
                        }
                    }
                    let slices: [&[T]; ROWS] = std::array::from_fn(|k| match some.get(k) {
                        Some(row) if plain => readers[row.part].plain(x + row.x, len),
                        Some(_) => &scratch[k * row_len..][..len],
                        None => &[],
                    });
                    rows.kept_rows((cell + some[0].cell) as usize, &slices[..some.len()]);
                }
            }
        });
        Ok(())
    }
}
