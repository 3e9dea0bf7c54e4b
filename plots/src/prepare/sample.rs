//! Fewer positions of a long axis, chosen before anything is read.
use terracube_cube::data::{Coord, IntoPosition as _};
use terracube_cube::{DataArray, every};

/// Every `step`-th position of an axis, from the middle of the first `step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub step: u64,
    start: u64,
    length: u64,
}

impl Sample {
    /// So that at most `most` positions are left of `length`.
    pub fn new(length: u64, most: u64) -> Self {
        let step = length.div_ceil(most.max(1)).max(1);
        // The middle of the first `step` positions, or of all if they are fewer.
        Self { step, start: (step / 2).min(length.saturating_sub(1) / 2), length }
    }

    /// How many positions are left.
    pub fn n(&self) -> u64 {
        (self.length - self.start).div_ceil(self.step)
    }

    /// The array with only those positions.
    pub fn of(&self, array: &DataArray, dim: &str) -> DataArray {
        if self.step == 1 {
            return array.clone();
        }
        array.isel(dim, every(self.step as i64).of(self.start as i64..self.length as i64).into_position())
    }

    /// The labels at those positions.
    pub fn pick<T: Copy>(&self, labels: &[T]) -> Vec<T> {
        labels.iter().skip(self.start as usize).step_by(self.step as usize).copied().collect()
    }

    /// Of the edges of all cells, those of the groups that each position stands for. The last group takes what is left over.
    pub fn pick_edges(&self, edges: &[f64]) -> Vec<f64> {
        let n = self.n() as usize;
        let mut picked: Vec<f64> = edges.iter().step_by(self.step as usize).take(n).copied().collect();
        picked.extend(edges.last());
        picked
    }
}

/// The dimension coordinate of a dimension, if there is one.
pub(crate) fn coord_of<'a>(array: &'a DataArray, dim: &str) -> Option<&'a Coord> {
    array.coords().get(dim).filter(|coord| coord.is_dimension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_position_stands_for_its_group() {
        let rows: &[(u64, u64, &[u64])] = &[
            (5, 10, &[0, 1, 2, 3, 4]),
            (10, 5, &[1, 3, 5, 7, 9]),
            (10, 4, &[1, 4, 7]),
            (11, 4, &[1, 4, 7, 10]),
            (3, 1, &[1]),
            (1, 1, &[0]),
        ];
        for (length, most, expected) in rows {
            let sample = Sample::new(*length, *most);
            let all: Vec<u64> = (0..*length).collect();
            let got = sample.pick(&all);
            assert_eq!(&got, expected, "{length} to {most}");
            assert_eq!(got.len() as u64, sample.n());
            let edges: Vec<f64> = (0..=*length).map(|i| i as f64 - 0.5).collect();
            let edges = sample.pick_edges(&edges);
            assert_eq!(edges.len() as u64, sample.n() + 1);
            for (position, pair) in got.iter().zip(edges.windows(2)) {
                assert!(pair[0] < *position as f64 && (*position as f64) < pair[1], "{length} to {most}");
            }
        }
        let array = DataArray::from_vec(["x"], &[10], (0..10).collect::<Vec<i64>>());
        assert_eq!(Sample::new(10, 4).of(&array, "x").to_vec::<i64>().unwrap(), [1, 4, 7]);
    }
}
