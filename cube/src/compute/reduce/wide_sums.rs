//! Exact integer sums: 64 bits per cell, widened to 128 before they could overflow.
use super::state::column;
use crate::base::{Block, RecycledVec, Result};

/// After so many values of at most 33 bits a sum is moved to its wide half.
const MOST: u64 = 1 << 30;

/// One sum per cell.
pub(super) struct WideSums {
    low: RecycledVec<i64>,
    /// What was moved out of `low`; only there once a sum could have overflowed.
    high: Option<Vec<i128>>,
    /// The most values that one cell can have in `low`.
    used: u64,
}

impl WideSums {
    pub(super) fn zeros(n_cells: usize) -> Self {
        Self { low: RecycledVec::zeros(n_cells), high: None, used: 0 }
    }

    /// Makes room for `most_per_cell` more values in every cell.
    pub(super) fn reserve(&mut self, most_per_cell: u64) {
        if self.used.saturating_add(most_per_cell) > MOST && self.used > 0 {
            self.widen();
        }
        self.used = self.used.saturating_add(most_per_cell);
    }

    /// The sums to add to, whose room was reserved.
    pub(super) fn low(&mut self) -> &mut [i64] {
        &mut self.low
    }

    /// All sums, if 64 bits hold them.
    pub(super) fn plain(&self) -> Option<&[i64]> {
        self.high.is_none().then_some(&*self.low)
    }

    pub(super) fn get(&self, cell: usize) -> i128 {
        i128::from(self.low[cell]) + self.high.as_ref().map_or(0, |high| high[cell])
    }

    pub(super) fn to_f64(&self, cell: usize) -> f64 {
        match &self.high {
            None => self.low[cell] as f64,
            Some(_) => to_f64(self.get(cell)),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.high.is_none() && self.used.saturating_add(other.used) <= MOST {
            self.low.iter_mut().zip(other.low.iter()).for_each(|(sum, more)| *sum += more);
            self.used += other.used;
            return;
        }
        let high = self.widen();
        high.iter_mut().enumerate().for_each(|(cell, sum)| *sum += other.get(cell));
    }

    /// High and low halves, as blocks of i64 and u64.
    pub(super) fn blocks(&self) -> Result<[Block; 2]> {
        let sums = || (0..self.low.len()).map(|cell| self.get(cell));
        let high: Vec<i64> = sums().map(|sum| (sum >> 64) as i64).collect();
        let low: Vec<u64> = sums().map(|sum| sum as u64).collect();
        Ok([column(&high)?, column(&low)?])
    }

    /// What [`WideSums::blocks`] gave.
    pub(super) fn restored(high: &[i64], low: &[u64]) -> Self {
        let sums = high.iter().zip(low).map(|(&high, &low)| (i128::from(high) << 64) | i128::from(low));
        Self { low: RecycledVec::zeros(low.len()), high: Some(sums.collect()), used: 0 }
    }

    fn widen(&mut self) -> &mut Vec<i128> {
        let n_cells = self.low.len();
        let high = self.high.get_or_insert_with(|| vec![0; n_cells]);
        high.iter_mut().zip(self.low.iter_mut()).for_each(|(high, low)| *high += i128::from(std::mem::take(low)));
        self.used = 0;
        high
    }
}

/// The nearest float: faster where 64 bits hold the value.
pub(super) fn to_f64(value: i128) -> f64 {
    i64::try_from(value).map_or(value as f64, |value| value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_pass_64_bits() {
        let mut sums = WideSums::zeros(2);
        for _ in 0..5 {
            sums.reserve(MOST);
            sums.low()[1] += i64::MAX;
        }
        assert_eq!((sums.get(0), sums.get(1)), (0, 5 * i128::from(i64::MAX)));
        let blocks = sums.blocks().unwrap();
        let mut again = WideSums::restored(blocks[0].values::<i64>().unwrap(), blocks[1].values::<u64>().unwrap());
        again.merge(&sums);
        let mut small = WideSums::zeros(2);
        small.reserve(1);
        small.low()[1] -= 7;
        again.merge(&small);
        small.merge(&again);
        assert_eq!(small.get(1), 10 * i128::from(i64::MAX) - 14);
    }
}
