//! Several charts on one page, with one colour bar.
use terracube_cube::Result;

use super::colour_bar::ColourBar;
use super::layout::Frame;
use super::look::TITLE_SIZE;
use crate::draw::{Anchor, Canvas, Text, shorten};

/// Charts of one size in rows.
pub(crate) struct Panels<'a> {
    pub title: String,
    /// Each a document of its own.
    pub charts: Vec<String>,
    pub columns: usize,
    /// Of each chart, in pixels.
    pub size: (f64, f64),
    pub bar: Option<ColourBar<'a>>,
}

impl Panels<'_> {
    /// The page as SVG.
    ///
    /// # Errors
    /// If the picture of the colours cannot be encoded.
    pub fn draw(&self) -> Result<String> {
        let columns = self.columns.clamp(1, self.charts.len().max(1));
        let rows = self.charts.len().div_ceil(columns);
        let top = if self.title.is_empty() { 0.0 } else { TITLE_SIZE + 16.0 };
        let (width, height) = (columns as f64 * self.size.0, rows as f64 * self.size.1);
        let bar_height = (height - 60.0).clamp(120.0, 380.0);
        let room = self.bar.as_ref().map_or(0.0, |bar| bar.room(bar_height));
        let mut canvas = Canvas::new((width + room).round(), (height + top).round());
        let title = shorten(&self.title, TITLE_SIZE, width + room - 16.0);
        canvas.text((width + room) / 2.0, TITLE_SIZE + 6.0, &title, Text::new(TITLE_SIZE, Anchor::Middle));
        for (position, chart) in self.charts.iter().enumerate() {
            let (row, column) = (position / columns, position % columns);
            canvas.embedded(column as f64 * self.size.0, top + row as f64 * self.size.1, chart);
        }
        if let Some(bar) = &self.bar {
            let frame = Frame { x: width - 12.0, y: top + (height - bar_height) / 2.0, width: 0.0, height: bar_height };
            bar.draw(&mut canvas, &frame, height + top)?;
        }
        Ok(canvas.finish(&self.title))
    }
}
