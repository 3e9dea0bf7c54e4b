//! Two dimensions in colour: maps, sections, Hovmöller diagrams.
use terracube_cube::Result;

use super::arrows::Arrows;
use super::axes::{draw_all_missing, draw_axes, draw_grid};
use super::colour_bar::{ColourBar, banded};
use super::contour::{between_points, isolines, levels};
use super::layout::{Layout, Request};
use super::line::extent;
use super::look::MISSING;
use super::raster::Cells;
use super::{Axis, Page};
use crate::colour::{ColourMap, Limits, Wanted};
use crate::draw::Canvas;
use crate::scale::{AxisKind, Scale, padded};

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
    pub style: MapStyle,
    /// Over everything else.
    pub arrows: Option<Arrows>,
    /// Whether the colour bar stands beside the frame.
    pub has_bar: bool,
}

/// How values over two axes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapStyle {
    /// Every cell in its colour.
    Cells,
    /// About so many bands of colour between lines of equal value.
    Bands(usize),
    /// About so many lines of equal value.
    Lines(usize),
    /// Not at all: a ground for arrows.
    Nothing,
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
        let levels = match self.style {
            MapStyle::Bands(n) | MapStyle::Lines(n) if !nothing => levels(limits.low, limits.high, n),
            _ => Vec::new(),
        };
        let shaded = if matches!(self.style, MapStyle::Bands(_)) { levels.as_slice() } else { &[] };
        let bar =
            ColourBar { map: &map, limits: &limits, kind: &self.value_kind, label: &self.value_label, levels: shaded };
        let has_bar = self.has_bar && !nothing && self.style != MapStyle::Nothing;
        // Lines reach from point to point, cells around them.
        let over_points = matches!(self.style, MapStyle::Bands(_) | MapStyle::Lines(_));
        let (x_low, x_high) = extent(if over_points { &self.x.values } else { &self.x_edges });
        let (y_low, y_high) = extent(if over_points { &self.y.values } else { &self.y_edges });
        let ((x_low, x_high), (y_low, y_high)) = (padded(x_low, x_high, 0.0), padded(y_low, y_high, 0.0));
        let layout = Layout::new(&Request {
            page: &self.page,
            default_size: (680.0, if self.is_map() { 520.0 } else { 420.0 }),
            x: (&self.x, x_low, x_high),
            y: (&self.y, y_low, y_high),
            aspect: self.is_map().then(|| aspect(x_high - x_low, y_low, y_high)),
            right: &|height| if has_bar { bar.room(height) } else { 22.0 },
        });
        let mut canvas = Canvas::new(layout.width, layout.height);
        let frame = layout.frame;
        match self.style {
            _ if nothing => draw_all_missing(&mut canvas, &layout),
            MapStyle::Nothing => draw_grid(&mut canvas, &layout),
            MapStyle::Cells => {
                canvas.rectangle(frame.x, frame.y, frame.width, frame.height, &format!("fill=\"{MISSING}\""));
                let cells = Cells { values: &self.values, x_edges: &self.x_edges, y_edges: &self.y_edges };
                let png = cells.png(&layout.x, &layout.y, &map, &limits)?;
                canvas.image(frame.x, frame.y, frame.width, frame.height, &png);
            }
            MapStyle::Bands(_) => {
                canvas.rectangle(frame.x, frame.y, frame.width, frame.height, &format!("fill=\"{MISSING}\""));
                let png = self.bands(&layout, &levels, &limits, &map)?;
                canvas.image(frame.x, frame.y, frame.width, frame.height, &png);
            }
            MapStyle::Lines(_) => {
                draw_grid(&mut canvas, &layout);
                canvas.clipped(frame.x, frame.y, frame.width, frame.height, |inside| {
                    for level in &levels {
                        let place = |(x, y): (f64, f64)| (layout.x.at(x) - frame.x, layout.y.at(y) - frame.y);
                        let pieces = isolines(&self.x.values, &self.y.values, &self.values, *level);
                        let pieces: Vec<Vec<(f64, f64)>> =
                            pieces.into_iter().map(|piece| piece.map(place).to_vec()).collect();
                        let [r, g, b] = map.at(limits.share(*level));
                        inside.lines(&pieces, &format!("#{r:02x}{g:02x}{b:02x}"), 1.4);
                    }
                });
            }
        }
        if has_bar {
            bar.draw(&mut canvas, &frame, layout.height)?;
        }
        if let Some(arrows) = &self.arrows {
            arrows.draw(&mut canvas, &layout);
        }
        draw_axes(&mut canvas, &layout, &self.page.title, &self.x.label, &self.y.label);
        Ok(canvas.finish(&format!("{} over {} and {}", self.value_label, self.x.label, self.y.label)))
    }

    /// The field at every pixel, in the colour of its band.
    fn bands(&self, layout: &Layout, levels: &[f64], limits: &Limits, map: &ColourMap) -> Result<Vec<u8>> {
        let even = |scale: &Scale, n: usize| -> (Vec<f64>, Vec<f64>) {
            let (low, high) = scale.bounds();
            let at = |k: f64| low + (high - low) * k / n as f64;
            ((0..=n).map(|k| at(k as f64)).collect(), (0..n).map(|k| at(k as f64 + 0.5)).collect())
        };
        let (x_edges, at_x) = even(&layout.x, (layout.frame.width * 1.5) as usize);
        let (y_edges, at_y) = even(&layout.y, (layout.frame.height * 1.5) as usize);
        let mut values = between_points(&self.x.values, &self.y.values, &self.values, &at_x, &at_y);
        values.iter_mut().for_each(|value| *value = banded(*value, levels, limits));
        Cells { values: &values, x_edges: &x_edges, y_edges: &y_edges }.png(&layout.x, &layout.y, map, limits)
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
