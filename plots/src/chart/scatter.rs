//! Values of one array against those of another.
use super::axes::{draw_all_missing, draw_axes, draw_grid};
use super::layout::{Layout, Request};
use super::line::extent;
use super::look::LINES;
use super::{Axis, Page};
use crate::draw::Canvas;
use crate::scale::padded;

/// Points.
#[derive(Debug, Clone)]
pub(crate) struct ScatterChart {
    pub page: Page,
    /// As many values as `y` has.
    pub x: Axis,
    pub y: Axis,
    /// Ends of the value axis that the user gave.
    pub limits: (Option<f64>, Option<f64>),
}

impl ScatterChart {
    /// The chart as SVG.
    pub fn draw(&self) -> String {
        let points: Vec<(f64, f64)> = self.x.values.iter().copied().zip(self.y.values.iter().copied()).collect();
        let points: Vec<(f64, f64)> = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let along = |of: fn(&(f64, f64)) -> f64| {
            let (low, high) = extent(&points.iter().map(of).collect::<Vec<f64>>());
            padded(low, high, 0.04)
        };
        let ((x_low, x_high), (y_low, y_high)) = (along(|p| p.0), along(|p| p.1));
        let layout = Layout::new(&Request {
            page: &self.page,
            default_size: (560.0, 460.0),
            x: (&self.x, x_low, x_high),
            y: (&self.y, self.limits.0.unwrap_or(y_low), self.limits.1.unwrap_or(y_high)),
            aspect: None,
            right: &|_| 22.0,
        });
        let mut canvas = Canvas::new(layout.width, layout.height);
        draw_grid(&mut canvas, &layout);
        let frame = layout.frame;
        // Many points are drawn small, so that their density shows.
        let radius = if points.len() > 2000 {
            1.2
        } else if points.len() > 200 {
            1.8
        } else {
            2.8
        };
        canvas.clipped(frame.x, frame.y, frame.width, frame.height, |inside| {
            let places: Vec<(f64, f64)> =
                points.iter().map(|(x, y)| (layout.x.at(*x) - frame.x, layout.y.at(*y) - frame.y)).collect();
            inside.dots(&places, LINES[0], radius, if points.len() > 200 { 0.5 } else { 0.8 });
        });
        if points.is_empty() {
            draw_all_missing(&mut canvas, &layout);
        }
        draw_axes(&mut canvas, &layout, &self.page.title, &self.x.label, &self.y.label);
        canvas.finish(&format!("{} against {}", self.y.label, self.x.label))
    }
}
