//! Values at other places of an axis, and between missing ones.
use std::ops::Range;
use std::sync::Arc;

use super::lines::Lines;
use crate::base::Result;

/// How values between two places are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// On the straight line between the neighbours.
    Linear,
    /// That of the nearest neighbour; halfway the lower one, as scipy has it.
    Nearest,
    /// On the cubic spline through all values (not-a-knot).
    Cubic,
}

/// Interpolation along an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpolate {
    /// The labels of the axis.
    pub labels: Arc<[f64]>,
    /// Where values are wanted; `None` stands for missing values at the labels themselves.
    pub wanted: Option<Arc<[f64]>>,
    /// How.
    pub method: Method,
    /// Whether the outer polynomials go on beyond the ends; else values there are missing.
    pub extrapolate: bool,
    /// How many missing values in a row are filled at most (only without `wanted`).
    pub limit: Option<u64>,
    /// The longest gap that is filled, between the labels on both sides of it (only without `wanted`).
    pub longest_gap: Option<f64>,
}

impl Interpolate {
    pub(super) fn len(&self) -> u64 {
        self.wanted.as_ref().map_or(self.labels.len(), |wanted| wanted.len()) as u64
    }

    pub(super) fn is_local(&self) -> bool {
        self.wanted.is_some() && self.method != Method::Cubic
    }

    /// The two positions between which a place lies, in stored order; the outermost two for places outside.
    fn between(&self, place: f64) -> (usize, usize) {
        let n = self.labels.len();
        if n < 2 {
            return (0, 0);
        }
        let ascending = self.labels[n - 1] >= self.labels[0];
        let above = match ascending {
            true => self.labels.partition_point(|&label| label < place),
            false => self.labels.partition_point(|&label| label > place),
        };
        let above = above.clamp(1, n - 1);
        (above - 1, above)
    }

    pub(super) fn reads(&self, wanted: &Range<u64>, len: u64) -> Range<u64> {
        let Some(places) = self.wanted.as_ref().filter(|_| self.is_local()) else { return 0..len };
        let places = &places[wanted.start as usize..wanted.end as usize];
        let touched = places.iter().map(|&place| self.between(place));
        let (low, high) = touched.fold((usize::MAX, 0), |(low, high), (a, b)| (low.min(a), high.max(b)));
        (low as u64).min(len)..(high as u64 + 1).min(len)
    }

    pub(super) fn of(
        &self,
        lines: &Lines<'_, f64>,
        held: &Range<u64>,
        wanted: &Range<u64>,
        _len: u64,
        out: &mut Vec<f64>,
    ) -> Result<()> {
        match &self.wanted {
            None => {
                for line in lines.iter() {
                    let filled = self.filled(line);
                    out.extend_from_slice(&filled[wanted.start as usize..wanted.end as usize]);
                }
            }
            Some(places) => {
                let places = &places[wanted.start as usize..wanted.end as usize];
                let offset = held.start as usize;
                for line in lines.iter() {
                    let spline = (self.method == Method::Cubic).then(|| Spline::new(&self.labels, line));
                    out.extend(places.iter().map(|&place| match &spline {
                        Some(spline) if self.inside(place) => spline.at(place),
                        Some(_) => f64::NAN,
                        None => self.one(line, offset, place),
                    }));
                }
            }
        }
        Ok(())
    }

    fn inside(&self, place: f64) -> bool {
        let (first, last) = (self.labels.first().copied(), self.labels.last().copied());
        let (Some(a), Some(b)) = (first, last) else { return false };
        !place.is_nan() && (self.extrapolate || (a.min(b) <= place && place <= a.max(b)))
    }

    fn one(&self, line: &[f64], offset: usize, place: f64) -> f64 {
        if !self.inside(place) {
            return f64::NAN;
        }
        let (a, b) = self.between(place);
        let (x, y) = (self.labels[a], self.labels[b]);
        let value = |position: usize| line.get(position.wrapping_sub(offset)).copied().unwrap_or(f64::NAN);
        if a == b || place == x {
            return value(a);
        }
        if place == y {
            return value(b);
        }
        match self.method {
            Method::Nearest => {
                let (low, high) = if x < y { (a, b) } else { (b, a) };
                let nearer_low = (place - self.labels[low]).abs() <= (self.labels[high] - place).abs();
                value(if nearer_low { low } else { high })
            }
            _ => value(a) + (value(b) - value(a)) / (y - x) * (place - x),
        }
    }

    /// Missing values between others.
    fn filled(&self, line: &[f64]) -> Vec<f64> {
        let mut result = line.to_vec();
        let present: Vec<usize> = (0..line.len()).filter(|&i| !line[i].is_nan()).collect();
        let (Some(&first), Some(&last)) = (present.first(), present.last()) else { return result };
        let labels: Vec<f64> = present.iter().map(|&i| self.labels[i]).collect();
        let values: Vec<f64> = present.iter().map(|&i| line[i]).collect();
        let inner =
            Self { labels: labels.clone().into(), wanted: None, limit: None, longest_gap: None, ..self.clone() };
        let spline = (self.method == Method::Cubic).then(|| Spline::new(&labels, &values));
        let mut in_a_row = 0;
        for i in 0..line.len() {
            if !line[i].is_nan() {
                in_a_row = 0;
                continue;
            }
            in_a_row += 1;
            let outside = i < first || i > last;
            if (outside && !self.extrapolate) || self.limit.is_some_and(|limit| in_a_row > limit) {
                continue;
            }
            if let Some(longest) = self.longest_gap {
                let after = present.partition_point(|&position| position < i);
                let from = after.checked_sub(1).map_or(self.labels[0], |before| labels[before]);
                let to = labels.get(after).copied().unwrap_or(self.labels[self.labels.len() - 1]);
                if (to - from).abs() > longest {
                    continue;
                }
            }
            result[i] = match &spline {
                Some(spline) => spline.at(self.labels[i]),
                None => inner.one(&values, 0, self.labels[i]),
            };
        }
        result
    }
}

/// The cubic spline whose first and last two pieces are one polynomial each (not-a-knot, as scipy's and MATLAB's).
struct Spline {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Slopes at the knots.
    slope: Vec<f64>,
}

impl Spline {
    fn new(labels: &[f64], values: &[f64]) -> Self {
        let (mut x, mut y) = (labels.to_vec(), values.to_vec());
        if x.len() > 1 && x[0] > x[x.len() - 1] {
            x.reverse();
            y.reverse();
        }
        let slope = slopes(&x, &y);
        Self { x, y, slope }
    }

    fn at(&self, place: f64) -> f64 {
        let n = self.x.len();
        if n < 2 {
            return self.y.first().copied().unwrap_or(f64::NAN);
        }
        let i = self.x.partition_point(|&x| x <= place).clamp(1, n - 1) - 1;
        let h = self.x[i + 1] - self.x[i];
        let t = place - self.x[i];
        let secant = (self.y[i + 1] - self.y[i]) / h;
        let c = (3.0 * secant - 2.0 * self.slope[i] - self.slope[i + 1]) / h;
        let d = (self.slope[i] + self.slope[i + 1] - 2.0 * secant) / (h * h);
        self.y[i] + t * (self.slope[i] + t * (c + t * d))
    }
}

fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let secant: Vec<f64> = (0..h.len()).map(|i| (y[i + 1] - y[i]) / h[i]).collect();
    match n {
        0 | 1 => return vec![0.0; n],
        2 => return vec![secant[0]; 2],
        // Three points: a parabola.
        3 => {
            let bend = (secant[1] - secant[0]) / (x[2] - x[0]);
            return vec![secant[0] - bend * h[0], secant[0] + bend * h[0], secant[1] + bend * h[1]];
        }
        _ => {}
    }
    // Tridiagonal system for the slopes; the ends say that the third derivative is continuous at the second and last but one knot.
    let (mut low, mut middle, mut high, mut right) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let d = x[2] - x[0];
    (middle[0], high[0]) = (h[1], d);
    right[0] = ((h[0] + 2.0 * d) * h[1] * secant[0] + h[0] * h[0] * secant[1]) / d;
    for i in 1..n - 1 {
        (low[i], middle[i], high[i]) = (h[i], 2.0 * (h[i - 1] + h[i]), h[i - 1]);
        right[i] = 3.0 * (h[i] * secant[i - 1] + h[i - 1] * secant[i]);
    }
    let d = x[n - 1] - x[n - 3];
    (low[n - 1], middle[n - 1]) = (d, h[n - 3]);
    right[n - 1] = (h[n - 2] * h[n - 2] * secant[n - 3] + (2.0 * d + h[n - 2]) * h[n - 3] * secant[n - 2]) / d;
    for i in 1..n {
        let factor = low[i] / middle[i - 1];
        middle[i] -= factor * high[i - 1];
        right[i] -= factor * right[i - 1];
    }
    let mut slope = right;
    slope[n - 1] /= middle[n - 1];
    for i in (0..n - 1).rev() {
        slope[i] = (slope[i] - high[i] * slope[i + 1]) / middle[i];
    }
    slope
}
