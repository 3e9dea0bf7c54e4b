//! Values at other places of an axis, and between missing ones.
use std::ops::Range;
use std::sync::Arc;

use super::curve::Curves;
use super::lines::Lines;
use crate::base::Result;

/// How values between two places are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// On the straight line between the neighbours.
    Linear,
    /// That of the nearest neighbour; halfway the lower one, as scipy has it.
    Nearest,
    /// That of the label at or below (scipy's "zero").
    Previous,
    /// On the quadratic spline through all values.
    Quadratic,
    /// On the cubic spline through all values (not-a-knot).
    Cubic,
    /// On the spline of a degree through all values (xarray's "polynomial" with `order`; 0 is `Previous`, 1 linear, 5 "quintic"); of a lower one
    /// where there are fewer values.
    Spline(u8),
    /// On pieces of third degree that rise and fall only where values do.
    Pchip,
    /// On pieces of third degree by Akima's slopes, which outliers bend less.
    Akima,
    /// As `Akima`, with flat parts left flat.
    Makima,
    /// On the one polynomial through all values (scipy's "barycentric" and "krogh"): for a few of them only, between many it swings.
    Polynomial,
}

impl Method {
    /// Whether a value depends on its neighbours alone.
    fn is_local(self) -> bool {
        matches!(self, Self::Linear | Self::Nearest | Self::Previous | Self::Spline(0))
    }
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
        self.wanted.is_some() && self.method.is_local()
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
                let curves = Curves::new(self.method, &self.labels);
                for line in lines.iter() {
                    let curve = curves.as_ref().map(|curves| curves.through(line));
                    out.extend(places.iter().map(|&place| match &curve {
                        Some(curve) if self.inside(place) => curve.at(place),
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
            Method::Previous | Method::Spline(0) => {
                let (low, high) = if x < y { (a, b) } else { (b, a) };
                value(if place >= self.labels[high] { high } else { low })
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
        let curves = Curves::new(self.method, &labels);
        let curve = curves.as_ref().map(|curves| curves.through(&values));
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
            result[i] = match &curve {
                Some(curve) => curve.at(self.labels[i]),
                None => inner.one(&values, 0, self.labels[i]),
            };
        }
        result
    }
}
