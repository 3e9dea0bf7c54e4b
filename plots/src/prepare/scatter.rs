//! The values of two arrays, pair by pair.
use terracube_cube::{DataArray, Result, broadcast, compute};

use super::axis_of::{kind_and_values, value_label};
use super::sample::Sample;
use super::{Options, page};
use crate::chart::{Axis, ScatterChart};

/// Points that are drawn; of more, a regular sample.
const MOST_POINTS: u64 = 10_000;

/// `y` against `x`, which are aligned by labels.
///
/// # Errors
/// If labels do not fit, or values cannot be computed.
pub(crate) fn draw(y: &DataArray, x: &DataArray, options: &Options) -> Result<String> {
    let both = broadcast(&[x, y])?;
    let (mut x, mut y) = match both.as_slice() {
        [x, y] => (x.clone(), y.clone()),
        _ => (x.clone(), y.clone()),
    };
    let mut skipped = 1;
    while x.size() > MOST_POINTS {
        let Some((axis, length)) = x.shape().iter().copied().enumerate().max_by_key(|(_, length)| *length) else {
            break;
        };
        let sample = Sample::new(length, length.div_ceil(x.size().div_ceil(MOST_POINTS).clamp(2, 3)));
        skipped *= sample.step;
        let dim = x.dims().name(axis).to_string();
        (x, y) = (sample.of(&x, &dim), sample.of(&y, &dim));
    }
    let mut page = page(&y, options);
    if skipped > 1 {
        let separator = if page.title.is_empty() { "" } else { ", " };
        page.title = format!("{}{separator}1 in {skipped} values", page.title);
    }
    let labels = (value_label(&x), value_label(&y));
    let (x, y) = compute((&x, &y))?;
    let ((x_kind, x), (y_kind, y)) =
        (kind_and_values(x.values()?.block(), None)?, kind_and_values(y.values()?.block(), None)?);
    let axis = |label: String, kind, values| Axis { label, kind, values, reversed: false };
    let chart = ScatterChart {
        page,
        x: axis(labels.0, x_kind, x),
        y: axis(labels.1, y_kind, y),
        limits: (options.wanted.low, options.wanted.high),
    };
    Ok(chart.draw())
}
