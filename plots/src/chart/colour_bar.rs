//! The colour scale beside a map.
use terracube_cube::Result;

use super::axes::{crisp, draw_upwards};
use super::layout::{Frame, Layout, TICK_LENGTH};
use super::look::{FRAME, LABEL_SIZE, TICK_SIZE};
use crate::colour::{ColourMap, Limits};
use crate::draw::{Anchor, Canvas, Text, indexed_png};
use crate::scale::{AxisKind, Room, Scale, Ticks, power_of_ten};

/// A bar as high as the frame, with pointed ends where data lie outside the scale.
pub(crate) struct ColourBar<'a> {
    pub map: &'a ColourMap,
    pub limits: &'a Limits,
    pub kind: &'a AxisKind,
    pub label: &'a str,
}

const GAP: f64 = 16.0;
const WIDTH: f64 = 16.0;
const POINT: f64 = 12.0;

impl ColourBar<'_> {
    /// Pixels that the bar takes beside a frame of this height.
    pub fn room(&self, height: f64) -> f64 {
        let (_, ticks) = self.ticks(&Frame { x: 0.0, y: 0.0, width: 0.0, height });
        let label = if self.label.is_empty() { 0.0 } else { LABEL_SIZE + 8.0 };
        let exponent = if ticks.exponent.is_some() { 20.0 } else { 0.0 };
        GAP + WIDTH + TICK_LENGTH + 4.0 + ticks.width(TICK_SIZE).max(exponent) + label + 10.0
    }

    /// Draws the bar beside the frame of a layout.
    ///
    /// # Errors
    /// If the picture of the colours cannot be encoded.
    pub fn draw(&self, canvas: &mut Canvas, layout: &Layout) -> Result<()> {
        let frame = &layout.frame;
        let (scale, ticks) = self.ticks(frame);
        let left = crisp(frame.right() + GAP);
        let (bottom, top) = (scale.start, scale.end);
        let palette: Vec<[u8; 4]> = self.map.steps(256).into_iter().map(|[r, g, b]| [r, g, b, 255]).collect();
        let pixels: Vec<u8> = (0..=255).rev().collect();
        canvas.image(left, top, WIDTH, bottom - top, &indexed_png(1, 256, &palette, &pixels)?);
        let fill = |share: f64| {
            let [r, g, b] = self.map.at(share);
            format!("fill=\"#{r:02x}{g:02x}{b:02x}\"")
        };
        let mut outline = vec![(left, bottom), (left, top)];
        if self.limits.above {
            let point = [(left, top), (left + WIDTH / 2.0, top - POINT), (left + WIDTH, top)];
            canvas.polygon(&point, &fill(1.0));
            outline.push(point[1]);
        }
        outline.extend([(left + WIDTH, top), (left + WIDTH, bottom)]);
        if self.limits.below {
            let point = [(left, bottom), (left + WIDTH / 2.0, bottom + POINT), (left + WIDTH, bottom)];
            canvas.polygon(&point, &fill(0.0));
            outline.push(point[1]);
        }
        canvas.polygon(
            &outline,
            &format!("fill=\"none\" stroke=\"{FRAME}\" stroke-width=\"1\" stroke-linejoin=\"round\""),
        );
        let edge = left + WIDTH;
        let mut strokes = Vec::new();
        for tick in &ticks.ticks {
            let y = scale.at(tick.value);
            strokes.push((edge, crisp(y), edge + TICK_LENGTH, crisp(y)));
            let style = Text::new(TICK_SIZE, Anchor::Start);
            canvas.text(edge + TICK_LENGTH + 4.0, y + TICK_SIZE * 0.35, &tick.label, style);
        }
        canvas.strokes(&strokes, FRAME, 1.0);
        if let Some(exponent) = ticks.exponent {
            canvas.text(left, frame.y - 6.0, &power_of_ten(exponent), Text::new(TICK_SIZE, Anchor::Start));
        }
        let label_x = edge + TICK_LENGTH + 4.0 + ticks.width(TICK_SIZE) + LABEL_SIZE + 4.0;
        draw_upwards(canvas, label_x, frame.y + frame.height / 2.0, self.label, layout.height - 8.0, layout.height);
        Ok(())
    }

    fn ticks(&self, frame: &Frame) -> (Scale, Ticks) {
        let scale = Scale {
            low: self.limits.low,
            high: self.limits.high,
            start: frame.bottom() - if self.limits.below { POINT } else { 0.0 },
            end: frame.y + if self.limits.above { POINT } else { 0.0 },
        };
        let ticks = Ticks::new(self.kind, &scale, Room::Vertical, TICK_SIZE);
        (scale, ticks)
    }
}
