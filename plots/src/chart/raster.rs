//! Cells of a grid as the pixels of a picture.
use terracube_cube::Result;

use crate::colour::{ColourMap, Limits};
use crate::draw::indexed_png;
use crate::scale::Scale;

/// A grid of values: `values[row * n_columns + column]`, with the edges of its columns and rows.
pub(crate) struct Cells<'a> {
    pub values: &'a [f64],
    /// One more than there are columns, rising or falling.
    pub x_edges: &'a [f64],
    /// One more than there are rows, rising or falling.
    pub y_edges: &'a [f64],
}

impl Cells<'_> {
    /// A PNG that fills the box of the two scales. Where cells are evenly spaced it has one pixel per cell, else two per unit of
    /// the page. Missing values and places outside the grid are transparent.
    ///
    /// # Errors
    /// If the picture cannot be encoded.
    pub fn png(&self, x: &Scale, y: &Scale, map: &ColourMap, limits: &Limits) -> Result<Vec<u8>> {
        let columns = lookup(self.x_edges, x, x.start, x.end);
        // Rows of a picture go down.
        let rows = lookup(self.y_edges, y, y.end, y.start);
        let n_columns = self.x_edges.len().saturating_sub(1);
        let mut palette = vec![[0, 0, 0, 0]];
        palette.extend(map.steps(255).into_iter().map(|[r, g, b]| [r, g, b, 255]));
        let mut pixels = Vec::with_capacity(columns.len() * rows.len());
        for row in &rows {
            for column in &columns {
                let value = match (row, column) {
                    (Some(row), Some(column)) => self.values.get(row * n_columns + column).copied().unwrap_or(f64::NAN),
                    _ => f64::NAN,
                };
                pixels.push(colour_index(value, limits));
            }
        }
        indexed_png(columns.len(), rows.len(), &palette, &pixels)
    }
}

/// 0 for missing, else 1 to 255.
fn colour_index(value: f64, limits: &Limits) -> u8 {
    let share = limits.share(value);
    if share.is_nan() { 0 } else { 1 + (share.clamp(0.0, 1.0) * 254.0).round() as u8 }
}

/// For each pixel from `first` to `last`, the cell it lies in.
fn lookup(edges: &[f64], scale: &Scale, first: f64, last: f64) -> Vec<Option<usize>> {
    let n = edges.len().saturating_sub(1);
    let n_pixels = if is_even(edges, scale) { n } else { (scale.length() * 2.0).round() as usize }.max(1);
    let rising = edges.first() <= edges.last();
    (0..n_pixels)
        .map(|pixel| {
            let value = scale.value(first + (last - first) * (pixel as f64 + 0.5) / n_pixels as f64);
            let after = edges.partition_point(|edge| if rising { *edge <= value } else { *edge >= value });
            (after > 0 && after <= n).then(|| after - 1)
        })
        .collect()
}

/// Whether the cells are of one size, to within a thousandth, and fill the scale.
fn is_even(edges: &[f64], scale: &Scale) -> bool {
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else { return false };
    let size = (last - first) / (edges.len() - 1) as f64;
    let close = |a: f64, b: f64| (a - b).abs() <= size.abs() * 1e-3;
    let (low, high) = scale.bounds();
    edges.windows(2).all(|pair| close(pair[1] - pair[0], size))
        && close(first.min(*last), low)
        && close(first.max(*last), high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_find_their_cells() {
        let even = Scale { low: 0.0, high: 3.0, start: 10.0, end: 100.0 };
        assert_eq!(lookup(&[0.0, 1.0, 2.0, 3.0], &even, 10.0, 100.0), [Some(0), Some(1), Some(2)]);
        assert_eq!(lookup(&[3.0, 2.0, 1.0, 0.0], &even, 10.0, 100.0), [Some(2), Some(1), Some(0)]);
        let short = Scale { low: 0.0, high: 4.0, start: 0.0, end: 4.0 };
        let cells = lookup(&[0.0, 1.0, 3.0], &short, 0.0, 4.0);
        assert_eq!(cells, [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1), None, None]);
    }

    #[test]
    fn a_picture_has_a_pixel_per_cell_and_holes() {
        let cells = Cells { values: &[0.0, f64::NAN, 1.0, 2.0], x_edges: &[0.0, 1.0, 2.0], y_edges: &[0.0, 1.0, 2.0] };
        let scale = |start, end| Scale { low: 0.0, high: 2.0, start, end };
        let limits = Limits { low: 0.0, high: 2.0, diverging: false, below: false, above: false };
        let png = cells.png(&scale(0.0, 90.0), &scale(90.0, 0.0), &ColourMap::sequential(), &limits).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        // The row of the greater y is on top.
        assert_eq!(pixels, [128, 255, 1, 0]);
    }
}
