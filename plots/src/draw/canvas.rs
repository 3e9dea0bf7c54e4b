//! A page of SVG. No element has an id, so several figures can stand in one HTML page; clipping is done by nested `<svg>`.
//!
//! Why not a plotting crate: plotters places everything on whole pixels, which makes curves ragged in SVG, cannot scale an
//! embedded raster, and knows only the Gregorian calendar.
use std::fmt::Write as _;

use base64::Engine as _;

/// Fonts by falling preference; all of them are at most as wide as `text_width` assumes.
const FONTS: &str = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/// Which point of a text is put at the given place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub size: f64,
    pub anchor: Anchor,
    pub colour: &'static str,
    /// Turned to be read from bottom to top.
    pub upwards: bool,
}

impl Text {
    pub fn new(size: f64, anchor: Anchor) -> Self {
        Self { size, anchor, colour: "#222222", upwards: false }
    }
}

/// SVG under construction. Coordinates are pixels from the top left corner.
pub(crate) struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

impl Canvas {
    /// A white page.
    pub fn new(width: f64, height: f64) -> Self {
        let mut canvas = Self { width, height, body: String::new() };
        canvas.rectangle(0.0, 0.0, width, height, "fill=\"#ffffff\"");
        canvas
    }

    /// The document. `description` is read out by screen readers.
    pub fn finish(self, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" font-family=\"{FONTS}\">\
             <title>{}</title>\n{}</svg>\n",
            escaped(description),
            self.body,
            w = number(self.width),
            h = number(self.height),
        )
    }

    /// A rectangle with SVG presentation attributes.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, attributes: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {attributes}/>",
            number(x),
            number(y),
            number(width),
            number(height)
        );
    }

    /// A closed shape.
    pub fn polygon(&mut self, points: &[(f64, f64)], attributes: &str) {
        let _ = writeln!(self.body, "<path d=\"{}Z\" {attributes}/>", path(points));
    }

    /// One path of straight pieces; pieces of one point become a dot.
    pub fn lines(&mut self, pieces: &[Vec<(f64, f64)>], colour: &str, width: f64) {
        let mut data = String::new();
        for piece in pieces {
            match piece.as_slice() {
                [] => {}
                [(x, y)] => {
                    let _ = writeln!(
                        self.body,
                        "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{colour}\"/>",
                        number(*x),
                        number(*y),
                        number(width * 1.3)
                    );
                }
                points => data.push_str(&path(points)),
            }
        }
        if !data.is_empty() {
            let _ = writeln!(
                self.body,
                "<path d=\"{data}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
                number(width)
            );
        }
    }

    /// Many straight strokes of one look, as ticks are: `(x1, y1, x2, y2)`.
    pub fn strokes(&mut self, strokes: &[(f64, f64, f64, f64)], colour: &str, width: f64) {
        if strokes.is_empty() {
            return;
        }
        let mut data = String::new();
        for (x1, y1, x2, y2) in strokes {
            data.push_str(&path(&[(*x1, *y1), (*x2, *y2)]));
        }
        let _ = writeln!(
            self.body,
            "<path d=\"{data}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\"/>",
            number(width)
        );
    }

    /// Filled circles of one look.
    pub fn dots(&mut self, places: &[(f64, f64)], colour: &str, radius: f64, opacity: f64) {
        // Strokes of no length with round ends: a few bytes each.
        let data: String = places.iter().map(|(x, y)| format!("M{} {}h0", number(*x), number(*y))).collect();
        if !data.is_empty() {
            let _ = writeln!(
                self.body,
                "<path d=\"{data}\" fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\"/>",
                number(opacity),
                number(radius * 2.0)
            );
        }
    }

    /// Another page with its corner at a place.
    pub fn embedded(&mut self, x: f64, y: f64, page: &str) {
        self.body.push_str(&page.replacen("<svg ", &format!("<svg x=\"{}\" y=\"{}\" ", number(x), number(y)), 1));
    }

    /// One line of text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: Text) {
        if text.is_empty() {
            return;
        }
        let (x, y) = (number(x), number(y));
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = if style.upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{turn}>{}</text>",
            number(style.size),
            style.colour,
            escaped(text)
        );
    }

    /// A PNG stretched over a rectangle; its pixels stay sharp.
    pub fn image(&mut self, x: f64, y: f64, width: f64, height: f64, png: &[u8]) {
        let _ = writeln!(
            self.body,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
            number(x),
            number(y),
            number(width),
            number(height),
            base64::engine::general_purpose::STANDARD.encode(png)
        );
    }

    /// Draws in a window: `draw` gets a canvas whose origin is the window's corner, and nothing outside is seen.
    pub fn clipped(&mut self, x: f64, y: f64, width: f64, height: f64, draw: impl FnOnce(&mut Self)) {
        let mut inside = Self { width, height, body: String::new() };
        draw(&mut inside);
        let _ = writeln!(
            self.body,
            "<svg x=\"{}\" y=\"{}\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" overflow=\"hidden\">\n{}</svg>",
            number(x),
            number(y),
            inside.body,
            w = number(width),
            h = number(height)
        );
    }
}

/// A coordinate with at most two decimals; not finite numbers become 0.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{:.2}", value.clamp(-1e6, 1e6));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut data = String::with_capacity(points.len() * 12);
    for (position, (x, y)) in points.iter().enumerate() {
        let _ = write!(data, "{}{} {}", if position == 0 { 'M' } else { 'L' }, number(*x), number(*y));
    }
    data
}

/// Text for XML: markup escaped, characters that XML 1.0 forbids replaced.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_and_numbers_are_short() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text(1.0, f64::NAN, "<script>\u{1}&\"", Text::new(12.0, Anchor::End));
        canvas.lines(&[vec![(0.0, 1.0 / 3.0), (1.0, -0.0001)], vec![(5.0, 5.0)]], "red", 1.5);
        let svg = canvas.finish("a < b");
        assert!(svg.contains("&lt;script&gt;\u{fffd}&amp;&quot;</text>"), "{svg}");
        assert!(svg.contains("M0 0.33L1 0\""), "{svg}");
        assert!(svg.contains("<title>a &lt; b</title>"), "{svg}");
    }
}
