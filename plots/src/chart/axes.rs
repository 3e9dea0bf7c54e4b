//! The frame with its ticks, tick labels, axis labels and title.
use super::layout::{Layout, TICK_LENGTH};
use super::look::{FRAME, GRID, LABEL_SIZE, TICK_SIZE, TITLE_SIZE};
use crate::draw::{Anchor, Canvas, Text, shorten, text_width};
use crate::scale::power_of_ten;

/// Pale lines at the ticks; drawn before the data.
pub(crate) fn draw_grid(canvas: &mut Canvas, layout: &Layout) {
    let frame = &layout.frame;
    let mut lines: Vec<(f64, f64, f64, f64)> = Vec::new();
    lines.extend(layout.x_ticks.ticks.iter().map(|tick| {
        let x = crisp(layout.x.at(tick.value));
        (x, frame.y, x, frame.bottom())
    }));
    lines.extend(layout.y_ticks.ticks.iter().map(|tick| {
        let y = crisp(layout.y.at(tick.value));
        (frame.x, y, frame.right(), y)
    }));
    canvas.strokes(&lines, GRID, 1.0);
}

/// Frame, ticks, labels and title; drawn after the data.
pub(crate) fn draw_axes(canvas: &mut Canvas, layout: &Layout, title: &str, x_label: &str, y_label: &str) {
    let frame = &layout.frame;
    canvas.rectangle(
        frame.x - 0.5,
        frame.y - 0.5,
        frame.width + 1.0,
        frame.height + 1.0,
        &format!("fill=\"none\" stroke=\"{FRAME}\" stroke-width=\"1\""),
    );
    let tick_style = |anchor| Text::new(TICK_SIZE, anchor);

    let mut strokes = Vec::new();
    let below = frame.bottom() + TICK_LENGTH + 3.0 + TICK_SIZE;
    for tick in &layout.x_ticks.ticks {
        let x = layout.x.at(tick.value);
        strokes.push((crisp(x), frame.bottom(), crisp(x), frame.bottom() + TICK_LENGTH));
        canvas.text(x, below, &tick.label, tick_style(Anchor::Middle));
        if let Some(second) = &tick.below {
            // Kept on the page where a long text stands under the first or the last tick.
            let half = text_width(second, TICK_SIZE) / 2.0;
            let x = x.clamp((half + 2.0).min(layout.width / 2.0), (layout.width - half - 2.0).max(layout.width / 2.0));
            canvas.text(x, below + TICK_SIZE + 3.0, second, tick_style(Anchor::Middle));
        }
    }
    for tick in &layout.y_ticks.ticks {
        let y = layout.y.at(tick.value);
        strokes.push((frame.x - TICK_LENGTH, crisp(y), frame.x, crisp(y)));
        canvas.text(frame.x - TICK_LENGTH - 4.0, y + TICK_SIZE * 0.35, &tick.label, tick_style(Anchor::End));
    }
    canvas.strokes(&strokes, FRAME, 1.0);

    let second_line = if layout.x_ticks.has_second_line() { TICK_SIZE + 3.0 } else { 0.0 };
    let label_line = below + second_line + LABEL_SIZE + 6.0;
    if let Some(exponent) = layout.x_ticks.exponent {
        canvas.text(frame.right(), label_line, &power_of_ten(exponent), tick_style(Anchor::End));
    }
    if let Some(exponent) = layout.y_ticks.exponent {
        canvas.text(frame.x, frame.y - 6.0, &power_of_ten(exponent), tick_style(Anchor::Start));
    }
    let (middle_x, middle_y) = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
    let label_style = Text::new(LABEL_SIZE, Anchor::Middle);
    canvas.text(middle_x, label_line, &shorten(x_label, LABEL_SIZE, layout.width - 20.0), label_style);
    let label_x = frame.x - TICK_LENGTH - 4.0 - layout.y_ticks.width(TICK_SIZE) - 8.0;
    draw_upwards(canvas, label_x, middle_y, y_label, layout.height - 8.0, layout.height);

    let title = shorten(title, TITLE_SIZE, layout.width - 16.0);
    let half = text_width(&title, TITLE_SIZE) / 2.0 + 8.0;
    let title_x = middle_x.clamp(half.min(layout.width / 2.0), (layout.width - half).max(layout.width / 2.0));
    canvas.text(title_x, frame.y - 12.0, &title, Text::new(TITLE_SIZE, Anchor::Middle));
}

/// A label read from bottom to top with its middle at `y` as far as the page allows.
pub(crate) fn draw_upwards(canvas: &mut Canvas, x: f64, y: f64, label: &str, room: f64, page_height: f64) {
    let label = shorten(label, LABEL_SIZE, room);
    let half = text_width(&label, LABEL_SIZE) / 2.0;
    let y = y.clamp(half.min(page_height / 2.0), (page_height - half).max(page_height / 2.0));
    canvas.text(x, y, &label, Text { upwards: true, ..Text::new(LABEL_SIZE, Anchor::Middle) });
}

/// What stands in an empty frame.
pub(crate) fn draw_all_missing(canvas: &mut Canvas, layout: &Layout) {
    let frame = &layout.frame;
    let (x, y) = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
    canvas.text(x, y, "all values are missing", Text::new(LABEL_SIZE, Anchor::Middle));
}

/// In the middle of a pixel, where a line of one pixel is sharp.
pub(crate) fn crisp(pixel: f64) -> f64 {
    (pixel - 0.5).round() + 0.5
}
