//! Lines over one axis.
use super::axes::{draw_all_missing, draw_axes, draw_grid};
use super::layout::{Layout, Request};
use super::look::{LINES, TICK_SIZE};
use super::{Axis, Page};
use crate::draw::{Anchor, Canvas, Text, shorten, text_width};
use crate::scale::{AxisKind, padded};

/// Lines that share an x axis.
#[derive(Debug, Clone)]
pub(crate) struct LineChart {
    pub page: Page,
    pub x: Axis,
    /// "long_name [units]" of the values.
    pub value_label: String,
    pub value_kind: AxisKind,
    pub series: Vec<Series>,
    /// What the names of the series mean; above the legend.
    pub legend_title: String,
    /// Ends of the value axis that the user gave.
    pub limits: (Option<f64>, Option<f64>),
}

/// One line: a value per position of the x axis, NaN where there is none.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub name: String,
    pub values: Vec<f64>,
}

const LEGEND_LINE: f64 = 18.0;
const LONGEST_NAME: f64 = 130.0;

impl LineChart {
    /// The chart as SVG.
    pub fn draw(&self) -> String {
        let (x_low, x_high) = extent(&self.x.values);
        let (x_low, x_high) = match self.x.kind {
            // A moment is shown in its day.
            AxisKind::Time(_) if x_low == x_high => (x_low - 43_200.0, x_high + 43_200.0),
            _ => padded(x_low, x_high, if self.x.values.len() > 60 { 0.0 } else { 0.02 }),
        };
        let all = self.series.iter().map(|series| extent(&series.values));
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)));
        let nothing = !low.is_finite();
        let (mut low, mut high) = padded(low, high, 0.05);
        low = self.limits.0.filter(|v| v.is_finite()).unwrap_or(low);
        high = self.limits.1.filter(|v| v.is_finite()).unwrap_or(high);
        if high <= low {
            (low, high) = padded(low, low, 0.0);
        }
        let y =
            Axis { label: self.value_label.clone(), kind: self.value_kind.clone(), values: vec![], reversed: false };
        let legend = self.legend_width();
        let layout = Layout::new(&Request {
            page: &self.page,
            default_size: (660.0, 380.0),
            x: (&self.x, x_low, x_high),
            y: (&y, low, high),
            aspect: None,
            right: &|_| if legend > 0.0 { legend + 14.0 } else { 22.0 },
        });
        let mut canvas = Canvas::new(layout.width, layout.height);
        draw_grid(&mut canvas, &layout);
        let frame = layout.frame;
        canvas.clipped(frame.x, frame.y, frame.width, frame.height, |inside| {
            let width = if self.series.len() > 3 { 1.3 } else { 1.6 };
            for (position, series) in self.series.iter().enumerate() {
                let place = |(x, y): (f64, f64)| (layout.x.at(x) - frame.x, layout.y.at(y) - frame.y);
                let pieces = pieces(&self.x.values, &series.values, frame.width, place);
                inside.lines(&pieces, LINES[position % LINES.len()], width);
            }
        });
        if nothing {
            draw_all_missing(&mut canvas, &layout);
        }
        draw_axes(&mut canvas, &layout, &self.page.title, &self.x.label, &self.value_label);
        self.draw_legend(&mut canvas, &layout);
        canvas.finish(&format!("line plot of {} against {}", self.value_label, self.x.label))
    }

    fn legend_width(&self) -> f64 {
        if self.series.len() < 2 {
            return 0.0;
        }
        let names = self.series.iter().map(|series| text_width(&series.name, TICK_SIZE));
        names.fold(text_width(&self.legend_title, TICK_SIZE) - 26.0, f64::max).clamp(20.0, LONGEST_NAME) + 44.0
    }

    /// To the right of the frame, where it covers no data.
    fn draw_legend(&self, canvas: &mut Canvas, layout: &Layout) {
        if self.series.len() < 2 {
            return;
        }
        let (left, mut y) = (layout.frame.right() + 14.0, layout.frame.y + TICK_SIZE);
        if !self.legend_title.is_empty() {
            let title = shorten(&self.legend_title, TICK_SIZE, LONGEST_NAME + 26.0);
            canvas.text(left, y, &title, Text::new(TICK_SIZE, Anchor::Start));
            y += LEGEND_LINE;
        }
        let room = ((layout.height - y) / LEGEND_LINE).floor().max(1.0) as usize;
        let shown = if self.series.len() > room { room - 1 } else { self.series.len() };
        for (position, series) in self.series.iter().take(shown).enumerate() {
            let colour = LINES[position % LINES.len()];
            canvas.lines(&[vec![(left, y - 4.0), (left + 20.0, y - 4.0)]], colour, 2.0);
            let name = shorten(&series.name, TICK_SIZE, LONGEST_NAME);
            canvas.text(left + 27.0, y, &name, Text::new(TICK_SIZE, Anchor::Start));
            y += LEGEND_LINE;
        }
        if shown < self.series.len() {
            let more = format!("and {} more", self.series.len() - shown);
            canvas.text(left, y, &more, Text::new(TICK_SIZE, Anchor::Start));
        }
    }
}

/// Smallest and largest finite value; infinite if there is none.
pub(crate) fn extent(values: &[f64]) -> (f64, f64) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// Unbroken runs of points, in pixels. Where many points fall on one pixel column, only the first, lowest, highest and last
/// are kept, so that the page stays small and looks the same.
fn pieces(xs: &[f64], ys: &[f64], width: f64, place: impl Fn((f64, f64)) -> (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<(f64, f64)> = Vec::new();
    for point in xs.iter().copied().zip(ys.iter().copied()) {
        if point.0.is_finite() && point.1.is_finite() {
            piece.push(place(point));
        } else if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    let n: usize = pieces.iter().map(Vec::len).sum();
    if n as f64 > width * 4.0 {
        pieces = pieces.iter().map(|piece| thinned(piece)).collect();
    }
    pieces
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let column = |point: &(f64, f64)| (point.0 * 2.0).floor() as i64;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        let lowest = (0..run.len()).min_by(|a, b| run[*a].1.total_cmp(&run[*b].1)).unwrap_or(0);
        let highest = (0..run.len()).max_by(|a, b| run[*a].1.total_cmp(&run[*b].1)).unwrap_or(0);
        let mut picked = [0, lowest, highest, run.len() - 1];
        picked.sort_unstable();
        kept.extend(
            picked.iter().enumerate().filter(|(i, at)| *i == 0 || picked[i - 1] != **at).map(|(_, at)| run[*at]),
        );
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_missing_values_and_thin_out() {
        let same = |point: (f64, f64)| point;
        let xs = [0.0, 1.0, 2.0, 3.0, 4.0];
        let got = pieces(&xs, &[1.0, f64::NAN, 2.0, 3.0, f64::INFINITY], 100.0, same);
        assert_eq!(got, [vec![(0.0, 1.0)], vec![(2.0, 2.0), (3.0, 3.0)], vec![]]);
        let xs: Vec<f64> = (0..100_000).map(|i| f64::from(i) / 1000.0).collect();
        let ys: Vec<f64> = xs.iter().map(|x| if (x - 50.0).abs() < 1e-9 { 99.0 } else { x.sin() }).collect();
        let got = pieces(&xs, &ys, 100.0, same);
        assert!(got[0].len() <= 804, "{}", got[0].len());
        assert!(got[0].iter().any(|(_, y)| *y == 99.0), "the peak is kept");
    }
}
