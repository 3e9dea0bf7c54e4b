//! Where the frame of a chart stands on its page, so that ticks, labels and the colour bar have the room they need.
use super::look::{LABEL_SIZE, TICK_SIZE, TITLE_SIZE};
use super::{Axis, Page};
use crate::draw::text_width;
use crate::scale::{Room, Scale, Ticks};

/// A box in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// What a chart asks of its page.
pub(crate) struct Request<'a> {
    pub page: &'a Page,
    /// The page's size if the user gave none; a chart of fixed aspect may use less of it.
    pub default_size: (f64, f64),
    pub x: (&'a Axis, f64, f64),
    pub y: (&'a Axis, f64, f64),
    /// Width of the frame over its height.
    pub aspect: Option<f64>,
    /// Pixels to the right of the frame for a frame of so many pixels of height.
    pub right: &'a dyn Fn(f64) -> f64,
}

/// Everything in its place.
pub(crate) struct Layout {
    pub width: f64,
    pub height: f64,
    pub frame: Frame,
    pub x: Scale,
    pub y: Scale,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
}

/// Pixels between the frame and tick labels.
pub(crate) const TICK_LENGTH: f64 = 5.0;
/// No side of a frame is drawn smaller.
const LEAST: f64 = 80.0;

impl Layout {
    pub fn new(request: &Request<'_>) -> Self {
        let (wanted_width, wanted_height) = request.page.size.unwrap_or(request.default_size);
        let (wanted_width, wanted_height) = (wanted_width.clamp(200.0, 10_000.0), wanted_height.clamp(150.0, 10_000.0));
        let mut second_line = false;
        let mut layout = Self::pass(request, wanted_width, wanted_height, second_line);
        if layout.x_ticks.has_second_line() {
            second_line = true;
            layout = Self::pass(request, wanted_width, wanted_height, second_line);
        }
        layout
    }

    fn pass(request: &Request<'_>, page_width: f64, page_height: f64, second_line: bool) -> Self {
        let bottom = TICK_LENGTH
            + 4.0
            + TICK_SIZE
            + if second_line { TICK_SIZE + 3.0 } else { 0.0 }
            + if request.x.0.label.is_empty() { 6.0 } else { LABEL_SIZE + 12.0 };
        let top_of = |ticks: &Ticks| match () {
            () if !request.page.title.is_empty() => TITLE_SIZE + 20.0,
            () if ticks.exponent.is_some() => TICK_SIZE + 14.0,
            () => 14.0,
        };
        let left_of = |ticks: &Ticks| {
            let label = if request.y.0.label.is_empty() { 6.0 } else { LABEL_SIZE + 12.0 };
            label + ticks.width(TICK_SIZE) + TICK_LENGTH + 4.0
        };
        let vertical = |height: f64| {
            let scale = y_scale(request, 0.0, height);
            Ticks::new(&request.y.0.kind, &scale, Room::Vertical, TICK_SIZE)
        };
        let mut height = (page_height - bottom - 34.0).max(LEAST);
        let mut y_ticks = vertical(height);
        height = (page_height - bottom - top_of(&y_ticks)).max(LEAST);
        let width_for = |ticks: &Ticks, height: f64| (page_width - left_of(ticks) - (request.right)(height)).max(LEAST);
        let mut width = width_for(&y_ticks, height);
        if let Some(aspect) = request.aspect.filter(|aspect| aspect.is_finite() && *aspect > 0.0) {
            if width / height > aspect {
                width = (height * aspect).max(LEAST);
            } else {
                height = (width / aspect).max(LEAST);
                y_ticks = vertical(height);
                width = width_for(&y_ticks, height);
                height = (width / aspect).max(LEAST).min(height.max(LEAST));
            }
        }
        y_ticks = vertical(height);
        let (top, left, right) = (top_of(&y_ticks), left_of(&y_ticks), (request.right)(height));
        let (used_width, used_height) = (left + width + right, top + height + bottom);
        // A page of its own choice shrinks to what is drawn; a given one keeps its size, with the drawing in the middle.
        let title_width = text_width(&request.page.title, TITLE_SIZE) + 24.0;
        let (page_width, page_height) = match request.page.size {
            Some(_) => (page_width.max(used_width), page_height.max(used_height)),
            None => (used_width.max(title_width.min(page_width)), used_height),
        };
        // On whole pixels, so that pictures and the lines around them meet.
        let frame = Frame {
            x: (left + (page_width - used_width) / 2.0).round(),
            y: (top + (page_height - used_height) / 2.0).round(),
            width: width.round(),
            height: height.round(),
        };
        let (axis, low, high) = request.x;
        let (low, high) = if axis.reversed { (high, low) } else { (low, high) };
        let x = Scale { low, high, start: frame.x, end: frame.right() };
        Self {
            width: page_width.round(),
            height: page_height.round(),
            frame,
            x,
            y: y_scale(request, frame.y, frame.height),
            x_ticks: Ticks::new(&axis.kind, &x, Room::Horizontal, TICK_SIZE),
            y_ticks,
        }
    }
}

/// Values rise upwards unless the axis is reversed.
fn y_scale(request: &Request<'_>, top: f64, height: f64) -> Scale {
    let (axis, low, high) = request.y;
    let (low, high) = if axis.reversed { (high, low) } else { (low, high) };
    Scale { low, high, start: top + height, end: top }
}
