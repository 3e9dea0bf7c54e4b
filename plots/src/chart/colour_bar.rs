//! The colour scale beside a map.
use terracube_cube::Result;

use super::axes::{crisp, draw_upwards};
use super::layout::{Frame, TICK_LENGTH};
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
    /// Ends of bands of one colour each, if the colours are not continuous.
    pub levels: &'a [f64],
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

    /// Draws the bar beside a frame.
    ///
    /// # Errors
    /// If the picture of the colours cannot be encoded.
    pub fn draw(&self, canvas: &mut Canvas, frame: &Frame, page_height: f64) -> Result<()> {
        let (scale, ticks) = self.ticks(frame);
        let left = crisp(frame.right() + GAP);
        let (bottom, top) = (scale.start, scale.end);
        let (low, high) = (self.limits.low, self.limits.high);
        let shade = |step: usize| {
            let value = low + (high - low) * (step as f64 + 0.5) / 256.0;
            let [r, g, b] = self.map.at(self.limits.share(banded(value, self.levels, self.limits)));
            [r, g, b, 255]
        };
        let palette: Vec<[u8; 4]> = (0..256).map(shade).collect();
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
        draw_upwards(canvas, label_x, frame.y + frame.height / 2.0, self.label, page_height - 8.0, page_height);
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

/// The middle of the band in which a value lies; the value itself if there are no bands.
pub(crate) fn banded(value: f64, levels: &[f64], limits: &Limits) -> f64 {
    if levels.is_empty() || value.is_nan() {
        return value;
    }
    let after = levels.partition_point(|level| *level <= value);
    let low = after.checked_sub(1).map_or(limits.low, |k| levels[k].max(limits.low));
    let high = levels.get(after).map_or(limits.high, |level| level.min(limits.high));
    f64::midpoint(low, high)
}
