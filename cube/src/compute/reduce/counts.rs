//! How many values each cell has received: 32 bits beside the sums, widened before they could overflow.
use super::state::stored;
use crate::base::{Block, RecycledVec, Result};

/// One count per cell.
pub(super) struct Counts {
    low: RecycledVec<u32>,
    /// What was moved out of `low`; only there once a cell may have received 2^32 values.
    high: Option<Vec<u64>>,
    /// The most values that one cell can have in `low`.
    used: u64,
}

/// Bytes per cell.
pub(super) const COUNT_BYTES: usize = 4;

impl Counts {
    pub(super) fn new(n_cells: usize) -> Self {
        Self { low: RecycledVec::zeros(n_cells), high: None, used: 0 }
    }

    /// The counters to add to, none of which may receive more than `most_per_cell`.
    pub(super) fn reserve(&mut self, most_per_cell: u64) -> &mut [u32] {
        if self.used.saturating_add(most_per_cell) > u64::from(u32::MAX) {
            let high = self.high.get_or_insert_with(|| vec![0; self.low.len()]);
            for (high, low) in high.iter_mut().zip(&mut *self.low) {
                *high += u64::from(std::mem::take(low));
            }
            self.used = 0;
        }
        self.used += most_per_cell;
        &mut self.low
    }

    /// The counters whose room was reserved.
    pub(super) fn low(&mut self) -> &mut [u32] {
        &mut self.low
    }

    /// Whether no cell has received anything yet but what is in [`Counts::low`].
    pub(super) fn all_low(&self) -> bool {
        self.high.is_none()
    }

    /// All counts, if 32 bits hold them.
    pub(super) fn plain(&self) -> Option<&[u32]> {
        self.high.is_none().then_some(&*self.low)
    }

    pub(super) fn get(&self, cell: usize) -> u64 {
        u64::from(self.low[cell]) + self.high.as_ref().map_or(0, |high| high[cell])
    }

    pub(super) fn len(&self) -> usize {
        self.low.len()
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let sums: Vec<u64> = (0..self.len()).map(|cell| self.get(cell) + other.get(cell)).collect();
        self.set(sums);
    }

    pub(super) fn block(&self) -> Result<Block> {
        Block::new(&[self.len()], (0..self.len()).map(|cell| self.get(cell)).collect())
    }

    pub(super) fn restore(&mut self, blocks: &[Block], index: usize) -> Result<()> {
        self.set(stored::<u64>(blocks, index, self.len())?);
        Ok(())
    }

    fn set(&mut self, counts: Vec<u64>) {
        let most = counts.iter().copied().max().unwrap_or(0);
        if most <= u64::from(u32::MAX) {
            self.low = counts.iter().map(|&count| count as u32).collect::<Vec<_>>().into();
            (self.high, self.used) = (None, most);
        } else {
            self.low = RecycledVec::zeros(counts.len());
            (self.high, self.used) = (Some(counts), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_pass_32_bits() {
        let mut counts = Counts::new(2);
        for _ in 0..3 {
            counts.reserve(u64::from(u32::MAX) - 1)[1] += u32::MAX - 1;
        }
        assert_eq!((counts.get(0), counts.get(1)), (0, 3 * (u64::from(u32::MAX) - 1)));
        let mut other = Counts::new(2);
        other.restore(&[counts.block().unwrap()], 0).unwrap();
        other.merge(&counts);
        assert_eq!(other.get(1), 6 * (u64::from(u32::MAX) - 1));
    }
}
