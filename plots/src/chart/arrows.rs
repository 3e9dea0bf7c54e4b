//! Arrows of two components over a frame.
use super::axes::crisp;
use super::layout::Layout;
use super::look::{FRAME, TICK_SIZE};
use crate::draw::{Anchor, Canvas, Text};

/// Arrows at the points of a grid.
#[derive(Debug, Clone)]
pub(crate) struct Arrows {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// To the right, row after row.
    pub u: Vec<f64>,
    /// Upwards.
    pub v: Vec<f64>,
    /// The unit of both, behind the number of the key.
    pub unit: String,
}

/// Pixels that the longest arrow has at most, of the distance between two.
const LONGEST: f64 = 1.1;

impl Arrows {
    /// Draws them, from their points on, with a key above the frame that says what a length means.
    pub fn draw(&self, canvas: &mut Canvas, layout: &Layout) {
        let frame = layout.frame;
        let speeds = self.u.iter().zip(&self.v).map(|(u, v)| u.hypot(*v)).filter(|speed| speed.is_finite());
        let most = speeds.fold(0.0, f64::max);
        if most <= 0.0 {
            return;
        }
        let distance = (frame.width / self.x.len().max(1) as f64).min(frame.height / self.y.len().max(1) as f64);
        let key = round_below(most);
        let scale = LONGEST * distance.clamp(6.0, 60.0) / most;
        canvas.clipped(frame.x, frame.y, frame.width, frame.height, |inside| {
            let mut pieces = Vec::new();
            for (i, y) in self.y.iter().enumerate() {
                for (j, x) in self.x.iter().enumerate() {
                    let at = i * self.x.len() + j;
                    let (u, v) =
                        (self.u.get(at).copied().unwrap_or(f64::NAN), self.v.get(at).copied().unwrap_or(f64::NAN));
                    if u.is_finite() && v.is_finite() {
                        // Upwards on the page whichever way the axis runs: a component is a direction, not a label.
                        let start = (layout.x.at(*x) - frame.x, layout.y.at(*y) - frame.y);
                        pieces.extend(arrow(start, (u * scale, -v * scale)));
                    }
                }
            }
            inside.lines(&pieces, "#111111", 1.1);
        });
        let length = key * scale;
        let text = format!("{key} {}", self.unit).trim_end().to_owned();
        let (right, y) = (frame.right(), crisp(frame.y - 9.0));
        let width = crate::draw::text_width(&text, TICK_SIZE);
        canvas.text(right, y + TICK_SIZE * 0.35, &text, Text::new(TICK_SIZE, Anchor::End));
        canvas.lines(&arrow((right - width - 8.0 - length, y), (length, 0.0)), FRAME, 1.2);
    }
}

/// Shaft and head.
fn arrow((x, y): (f64, f64), (dx, dy): (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let length = dx.hypot(dy);
    let tip = (x + dx, y + dy);
    if length < 0.7 {
        return vec![vec![(x, y)]];
    }
    let head = (length * 0.35).clamp(1.5, 6.0);
    let (ex, ey) = (dx / length, dy / length);
    let wing = |side: f64| (tip.0 - head * (ex - side * 0.5 * ey), tip.1 - head * (ey + side * 0.5 * ex));
    vec![vec![(x, y), tip], vec![wing(1.0), tip, wing(-1.0)]]
}

/// 1, 2 or 5 times a power of ten, not above a number.
fn round_below(number: f64) -> f64 {
    let power = 10f64.powf(number.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|round| *round <= number).unwrap_or(power)
}
