//! Linear scales, and the edges of cells from their centres.

/// A linear map from values to pixels. `low` lands on `start`, `high` on `end`; either may be the larger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub low: f64,
    pub high: f64,
    pub start: f64,
    pub end: f64,
}

impl Scale {
    /// Where a value stands, in pixels.
    pub fn at(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// The value at a pixel.
    pub fn value(&self, pixel: f64) -> f64 {
        self.low + (pixel - self.start) / (self.end - self.start) * (self.high - self.low)
    }

    /// Pixels from start to end.
    pub fn length(&self) -> f64 {
        (self.end - self.start).abs()
    }

    /// The smaller and the larger value.
    pub fn bounds(&self) -> (f64, f64) {
        (self.low.min(self.high), self.low.max(self.high))
    }
}

/// A range made wider by `share` of its length at both ends; a range of no length gets one, so that it can be drawn.
pub(crate) fn padded(low: f64, high: f64, share: f64) -> (f64, f64) {
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    let length = high - low;
    if length <= f64::EPSILON * low.abs().max(high.abs()) * 8.0 || length < f64::MIN_POSITIVE {
        let half = (low.abs() * 0.05).max(0.5);
        return (low - half, high + half);
    }
    (low - length * share, high + length * share)
}

/// The `n + 1` edges between `n` centres: halfway between neighbours, the outer ones as far out as the inner ones are in.
/// `bounds` keeps the outer edges inside a range, as latitudes stay within the poles.
pub(crate) fn cell_edges(centres: &[f64], bounds: Option<(f64, f64)>) -> Vec<f64> {
    let n = centres.len();
    let mut edges = match n {
        0 => return Vec::new(),
        1 => vec![centres[0] - 0.5, centres[0] + 0.5],
        _ => {
            let mut edges = Vec::with_capacity(n + 1);
            edges.push(centres[0] - (centres[1] - centres[0]) / 2.0);
            edges.extend(centres.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])));
            edges.push(centres[n - 1] + (centres[n - 1] - centres[n - 2]) / 2.0);
            edges
        }
    };
    if let Some((low, high)) = bounds
        && centres.iter().all(|centre| (low..=high).contains(centre))
    {
        edges.iter_mut().for_each(|edge| *edge = edge.clamp(low, high));
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_between_centres_and_within_the_poles() {
        assert_eq!(cell_edges(&[0.0, 1.0, 3.0], None), [-0.5, 0.5, 2.0, 4.0]);
        assert_eq!(cell_edges(&[90.0, 0.0, -90.0], Some((-90.0, 90.0))), [90.0, 45.0, -45.0, -90.0]);
        assert_eq!(cell_edges(&[7.0], None), [6.5, 7.5]);
        assert!(cell_edges(&[], None).is_empty());
    }

    #[test]
    fn a_range_always_has_a_length() {
        for (low, high) in [(1.0, 1.0), (0.0, 0.0), (f64::NAN, 1.0), (1e300, 1e300), (-5.0, 5.0), (f64::INFINITY, 0.0)]
        {
            let (a, b) = padded(low, high, 0.05);
            assert!(b > a, "{low} {high}");
        }
    }
}
