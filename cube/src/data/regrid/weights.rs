//! Which old cells make a new one, and with which weights.
use crate::base::{Error, Result};
use crate::compute::along::{Blend, BlendMissing};

/// The entries of a sparse matrix, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rows {
    pub(super) starts: Vec<usize>,
    pub(super) positions: Vec<u32>,
    pub(super) weights: Vec<f64>,
}

impl Rows {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self { starts: vec![0], ..Self::default() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// A further row; entries of no weight are left out.
    pub(super) fn push(&mut self, entries: impl IntoIterator<Item = (u32, f64)>) {
        for (position, weight) in entries.into_iter().filter(|(_, weight)| *weight != 0.0) {
            self.positions.push(position);
            self.weights.push(weight);
        }
        self.starts.push(self.positions.len());
    }

    pub(super) fn blend(&self, missing: BlendMissing) -> Blend {
        Blend {
            starts: self.starts.as_slice().into(),
            positions: self.positions.as_slice().into(),
            weights: self.weights.as_slice().into(),
            missing,
        }
    }
}

/// An axis of labels on which values stand, ascending or descending; on a circle or not.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) labels: Vec<f64>,
    pub(super) cyclic: bool,
}

impl Axis {
    #[track_caller]
    pub(super) fn new(name: &str, labels: Vec<f64>, cyclic: bool) -> Result<Self> {
        let n = labels.len();
        let rises = labels.windows(2).all(|pair| pair[0] < pair[1]);
        let falls = labels.windows(2).all(|pair| pair[0] > pair[1]);
        if n == 0 || !(rises || falls) || labels.iter().any(|label| !label.is_finite()) {
            return Err(Error::invalid(format!("the labels of `{name}` neither rise nor fall throughout"))
                .hint("call `sortby` and `drop_duplicates` first"));
        }
        Ok(Self { labels, cyclic })
    }

    /// The two positions around a place and how far it is on the way from the first to the second; `None` outside.
    pub(super) fn between(&self, place: f64) -> Option<(usize, usize, f64)> {
        let n = self.labels.len();
        if !place.is_finite() {
            return None;
        }
        let rises = n < 2 || self.labels[n - 1] > self.labels[0];
        let (low, high) = if rises { (0, n - 1) } else { (n - 1, 0) };
        let (least, most) = (self.labels[low], self.labels[high]);
        let place = if self.cyclic { least + (place - least).rem_euclid(360.0) } else { place };
        // Rounding of bounds and of angles must not push a place off the axis.
        let slack = 1e-9 * (most - least).abs().max(1.0);
        if place < least - slack || place > most + slack {
            let over = self.cyclic.then(|| (high, low, (place - most) / (least + 360.0 - most)));
            return over;
        }
        let place = place.clamp(least, most);
        let above = match rises {
            true => self.labels.partition_point(|&label| label < place),
            false => self.labels.partition_point(|&label| label > place),
        };
        if above == 0 || self.labels.get(above) == Some(&place) {
            return Some((above.min(n - 1), above.min(n - 1), 0.0));
        }
        let (a, b) = (above - 1, above);
        Some((a, b, (place - self.labels[a]) / (self.labels[b] - self.labels[a])))
    }

    /// The position of the nearest label; of two equally near ones that further up, as in selections. Places outside of the cells at the ends have
    /// none.
    pub(super) fn nearest(&self, place: f64) -> Option<usize> {
        if let Some((a, b, part)) = self.between(place) {
            // Over the seam the second label is the one further up, whatever its number.
            let n = self.labels.len();
            let over = a.abs_diff(b) == n - 1 && n > 2;
            let second_is_up = over || self.labels[b] > self.labels[a];
            let takes_second = if second_is_up { part >= 0.5 } else { part > 0.5 };
            return Some(if takes_second { b } else { a });
        }
        let edges = self.edges();
        let (least, most) = (edges[0].min(edges[edges.len() - 1]), edges[0].max(edges[edges.len() - 1]));
        if !(least..=most).contains(&place) {
            return None;
        }
        let n = self.labels.len();
        Some(if (self.labels[0] - place).abs() <= (self.labels[n - 1] - place).abs() { 0 } else { n - 1 })
    }

    /// The ends of cells: halfway between labels, as far beyond the outermost ones.
    pub(super) fn edges(&self) -> Vec<f64> {
        let labels = &self.labels;
        let n = labels.len();
        if n == 1 {
            return vec![labels[0] - 0.5, labels[0] + 0.5];
        }
        let mut edges = vec![labels[0] - (labels[1] - labels[0]) / 2.0];
        edges.extend(labels.windows(2).map(|pair| pair[0].midpoint(pair[1])));
        edges.push(labels[n - 1] + (labels[n - 1] - labels[n - 2]) / 2.0);
        edges
    }
}

/// Rows of linear interpolation between the two labels around each place; none for places outside.
pub(super) fn linear(source: &Axis, target: &[f64]) -> Rows {
    let mut rows = Rows::new();
    for &place in target {
        match source.between(place) {
            Some((a, b, part)) if a != b => rows.push([(a as u32, 1.0 - part), (b as u32, part)]),
            Some((a, ..)) => rows.push([(a as u32, 1.0)]),
            None => rows.push([]),
        }
    }
    rows
}

/// Rows of one label each: the nearest.
pub(super) fn nearest(source: &Axis, target: &[f64]) -> Rows {
    let mut rows = Rows::new();
    for &place in target {
        rows.push(source.nearest(place).map(|at| (at as u32, 1.0)));
    }
    rows
}

/// Rows of the parts of each new cell that old cells cover, measured by `measure` of the ends (the sine for latitudes): they add up to 1 where
/// all of a new cell is covered (Jones, 1999, Mon. Wea. Rev. 127, 2204-2210, first order, for cells between parallels and meridians).
pub(super) fn overlap(source: &[f64], target: &[f64], cyclic: bool, measure: impl Fn(f64) -> f64) -> Rows {
    let cell = |edges: &[f64], k: usize| (edges[k].min(edges[k + 1]), edges[k].max(edges[k + 1]));
    let n = source.len() - 1;
    // Old cells in ascending order, so that those that overlap are found by bisection.
    let mut old: Vec<(f64, f64, u32)> = (0..n).map(|k| (cell(source, k).0, cell(source, k).1, k as u32)).collect();
    old.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rows = Rows::new();
    for k in 0..target.len() - 1 {
        let (low, high) = cell(target, k);
        let whole = measure(high) - measure(low);
        let mut entries: Vec<(u32, f64)> = Vec::new();
        let turns: &[f64] = if cyclic { &[-720.0, -360.0, 0.0, 360.0, 720.0] } else { &[0.0] };
        for turn in turns {
            let (low, high) = (low + turn, high + turn);
            let first = old.partition_point(|(_, end, _)| *end <= low);
            for &(a, b, number) in old[first..].iter().take_while(|(start, ..)| *start < high) {
                let both = measure(b.min(high)) - measure(a.max(low));
                // Ends that differ by rounding share nothing.
                if both > 1e-12 * whole.abs() && whole > 0.0 {
                    entries.push((number, both / whole));
                }
            }
        }
        entries.sort_by_key(|(number, _)| *number);
        rows.push(entries);
    }
    rows
}
