//! Two dimensions in colour: maps, sections, Hovmöller diagrams.
use terracube_cube::Result;

use super::axes::{draw_all_missing, draw_axes};
use super::colour_bar::ColourBar;
use super::layout::{Layout, Request};
use super::line::extent;
use super::look::MISSING;
use super::raster::Cells;
use super::{Axis, Page};
use crate::colour::{ColourMap, Limits, Wanted};
use crate::draw::Canvas;
use crate::scale::AxisKind;

/// A grid of values over two axes.
#[derive(Clone)]
pub(crate) struct MapChart {
    pub page: Page,
    /// Columns.
    pub x: Axis,
    /// Rows.
    pub y: Axis,
    /// Edges of the columns, one more than `x` has values.
    pub x_edges: Vec<f64>,
    /// Edges of the rows, one more than `y` has values.
    pub y_edges: Vec<f64>,
    /// Row after row.
    pub values: Vec<f64>,
    /// "long_name [units]", beside the colour bar.
    pub value_label: String,
    pub value_kind: AxisKind,
    pub wanted: Wanted,
    /// The user's choice; by the data if not given.
    pub colour_map: Option<ColourMap>,
}

impl MapChart {
    /// The chart as SVG.
    ///
    /// # Errors
    /// If the wanted limits leave no range of values.
    pub fn draw(&self) -> Result<String> {
        let limits = Limits::of(&self.values, self.wanted)?;
        let nothing = limits.is_none();
        let limits = limits.unwrap_or(Limits { low: 0.0, high: 1.0, diverging: false, below: false, above: false });
        let map = self
            .colour_map
            .unwrap_or_else(|| if limits.diverging { ColourMap::diverging() } else { ColourMap::sequential() });
        let bar = ColourBar { map: &map, limits: &limits, kind: &self.value_kind, label: &self.value_label };
        let (x_low, x_high) = extent(&self.x_edges);
        let (y_low, y_high) = extent(&self.y_edges);
        let layout = Layout::new(&Request {
            page: &self.page,
            default_size: (680.0, if self.is_map() { 520.0 } else { 420.0 }),
            x: (&self.x, x_low, x_high),
            y: (&self.y, y_low, y_high),
            aspect: self.is_map().then(|| aspect(x_high - x_low, y_low, y_high)),
            right: &|height| if nothing { 22.0 } else { bar.room(height) },
        });
        let mut canvas = Canvas::new(layout.width, layout.height);
        let frame = layout.frame;
        canvas.rectangle(frame.x, frame.y, frame.width, frame.height, &format!("fill=\"{MISSING}\""));
        if nothing {
            draw_all_missing(&mut canvas, &layout);
        } else {
            let cells = Cells { values: &self.values, x_edges: &self.x_edges, y_edges: &self.y_edges };
            let png = cells.png(&layout.x, &layout.y, &map, &limits)?;
            canvas.image(frame.x, frame.y, frame.width, frame.height, &png);
            bar.draw(&mut canvas, &layout)?;
        }
        draw_axes(&mut canvas, &layout, &self.page.title, &self.x.label, &self.y.label);
        Ok(canvas.finish(&format!("{} over {} and {}", self.value_label, self.x.label, self.y.label)))
    }

    fn is_map(&self) -> bool {
        self.x.kind == AxisKind::Longitude && self.y.kind == AxisKind::Latitude
    }
}

/// Width over height of an equirectangular map. A regional one is true to scale at its middle latitude; one of more than half
/// the globe has degrees of equal size both ways. Very long or very high maps are pressed into shape.
fn aspect(longitudes: f64, south: f64, north: f64) -> f64 {
    let latitudes = north - south;
    let stretch = if longitudes > 180.0 || latitudes > 60.0 {
        1.0
    } else {
        f64::midpoint(south, north).to_radians().cos().max(0.3)
    };
    (longitudes * stretch / latitudes).clamp(0.25, 5.0)
}
