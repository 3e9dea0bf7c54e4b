//! The values of an array of any rank, counted.
use terracube_cube::{DataArray, Result};

use super::axis_of::{kind_and_values, value_label};
use super::sample::Sample;
use super::{Options, page};
use crate::chart::{Axis, HistogramChart};

/// Values that are counted; of more, a regular sample.
const MOST_VALUES: u64 = 4_000_000;

/// Counts in `n_bins` bins.
///
/// # Errors
/// If the values cannot be computed.
pub(crate) fn draw(array: &DataArray, n_bins: usize, options: &Options) -> Result<String> {
    let mut sampled = array.clone();
    let mut skipped = 1;
    while sampled.size() > MOST_VALUES {
        let Some((axis, length)) = sampled.shape().iter().copied().enumerate().max_by_key(|(_, length)| *length) else {
            break;
        };
        let excess = sampled.size().div_ceil(MOST_VALUES);
        // A third of the axis at most goes at a time, so that all long axes take part.
        let sample = Sample::new(length, length.div_ceil(excess.min(3)));
        skipped *= sample.step;
        let dim = sampled.dims().name(axis).to_string();
        sampled = sample.of(&sampled, &dim);
    }
    let (kind, values) = kind_and_values(sampled.values()?.block(), None)?;
    let mut page = page(array, options);
    if skipped > 1 {
        let separator = if page.title.is_empty() { "" } else { ", " };
        page.title = format!("{}{separator}1 in {skipped} values", page.title);
    }
    let chart = HistogramChart {
        page,
        x: Axis { label: value_label(array), kind, values, reversed: false },
        n_bins,
        limits: (options.wanted.low, options.wanted.high),
    };
    Ok(chart.draw())
}
