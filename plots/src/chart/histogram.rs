//! How often values occur.
use super::axes::{draw_axes, draw_grid};
use super::layout::{Layout, Request};
use super::line::extent;
use super::look::LINES;
use super::{Axis, Page};
use crate::draw::Canvas;
use crate::scale::{AxisKind, padded};

/// Bars over bins of equal width.
#[derive(Debug, Clone)]
pub(crate) struct HistogramChart {
    pub page: Page,
    /// The values themselves.
    pub x: Axis,
    pub n_bins: usize,
    /// Ends of the range that the user gave.
    pub limits: (Option<f64>, Option<f64>),
}

impl HistogramChart {
    /// The chart as SVG.
    pub fn draw(&self) -> String {
        let (low, high) = extent(&self.x.values);
        let (low, high) = padded(self.limits.0.unwrap_or(low), self.limits.1.unwrap_or(high), 0.0);
        let counts = counts(&self.x.values, low, high, self.n_bins);
        let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let y = Axis { label: "count".into(), kind: AxisKind::Integer, values: vec![], reversed: false };
        let layout = Layout::new(&Request {
            page: &self.page,
            default_size: (660.0, 380.0),
            x: (&self.x, low, high),
            y: (&y, 0.0, most * 1.05),
            aspect: None,
            right: &|_| 22.0,
        });
        let mut canvas = Canvas::new(layout.width, layout.height);
        draw_grid(&mut canvas, &layout);
        let width = (high - low) / counts.len() as f64;
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let left = layout.x.at(low + bin as f64 * width);
            let right = layout.x.at(low + (bin + 1) as f64 * width);
            let top = layout.y.at(*count as f64);
            let fill = format!("fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"0.5\"", LINES[0]);
            canvas.rectangle(left.min(right), top, (right - left).abs(), layout.frame.bottom() - top, &fill);
        }
        draw_axes(&mut canvas, &layout, &self.page.title, &self.x.label, &y.label);
        canvas.finish(&format!("histogram of {}", self.x.label))
    }
}

/// Values per bin; both outer edges belong to their bins, values outside and missing ones to none.
fn counts(values: &[f64], low: f64, high: f64, n_bins: usize) -> Vec<u64> {
    let n_bins = n_bins.clamp(1, 10_000);
    let mut counts = vec![0; n_bins];
    for value in values.iter().filter(|value| **value >= low && **value <= high) {
        let bin = ((value - low) / (high - low) * n_bins as f64) as usize;
        counts[bin.min(n_bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_counted() {
        assert_eq!(counts(&[0.0, 0.4, 0.5, 1.0, f64::NAN, 2.0], 0.0, 1.0, 2), [2, 2]);
    }
}
