//! An array of one dimension, or of two, as lines.
use terracube_cube::{DataArray, Error, Result};

use super::axis_of::{axis_of, kind_and_values, value_label};
use super::sample::{Sample, coord_of};
use super::wording::{label, values_text};
use super::{Options, page};
use crate::chart::{LineChart, Series};

/// Points per line; beyond it every n-th is taken.
const MOST_POINTS: u64 = 1_000_000;
/// More lines cannot be told apart.
const MOST_LINES: u64 = 40;

/// Lines along `x`, or along the only dimension.
///
/// # Errors
/// If `x` is no dimension, there are too many lines, or the values cannot be computed.
pub(crate) fn draw(array: &DataArray, x: Option<&str>, options: &Options) -> Result<String> {
    let x_axis = match x {
        Some(x) => array.dims().axis(x)?,
        None => 0,
    };
    let x_dim = array.dims().name(x_axis).to_string();
    let other = (array.dims().len() == 2).then(|| array.dims().name(1 - x_axis).to_string());
    if let Some(other) = &other {
        let n_lines = array.shape()[1 - x_axis];
        if n_lines > MOST_LINES {
            return Err(Error::invalid(format!(
                "{n_lines} lines, one for each position of `{other}`, cannot be told apart"
            ))
            .hint(format!("select some with `.isel(\"{other}\", every({}))`", n_lines.div_ceil(10))));
        }
    }
    let mut axis = axis_of(array, &x_dim)?;
    let sample = Sample::new(array.shape()[x_axis], MOST_POINTS);
    axis.values = sample.pick(&axis.values);
    axis.reversed = false;
    let values = sample.of(array, &x_dim).values()?;
    let (value_kind, values) = kind_and_values(values.block(), None)?;
    let n = axis.values.len();
    let series = match &other {
        None => vec![Series { name: String::new(), values }],
        Some(other) => {
            let n_lines = array.shape()[1 - x_axis] as usize;
            let names = match coord_of(array, other) {
                Some(coord) => values_text(&coord.values()?).unwrap_or_default(),
                None => (0..n_lines).map(|position| position.to_string()).collect(),
            };
            let at = |line: usize, point: usize| if x_axis == 0 { point * n_lines + line } else { line * n + point };
            let line = |(position, name): (usize, String)| Series {
                name,
                values: (0..n).map(|point| values.get(at(position, point)).copied().unwrap_or(f64::NAN)).collect(),
            };
            names.into_iter().enumerate().map(line).collect()
        }
    };
    let legend_title = other.as_ref().map(|dim| match coord_of(array, dim) {
        Some(coord) if !coord.variable().dtype().is_time_like() => label(dim, coord.variable().attrs()),
        _ => dim.clone(),
    });
    let series = if options.steps { stepped(&mut axis.values, series) } else { series };
    let chart = LineChart {
        page: page(array, options),
        x: axis,
        value_label: value_label(array),
        value_kind,
        series,
        legend_title: legend_title.unwrap_or_default(),
        limits: (options.wanted.low, options.wanted.high),
    };
    Ok(chart.draw())
}

/// Each value from the label before to its own (matplotlib's `where="pre"`).
fn stepped(labels: &mut Vec<f64>, series: Vec<Series>) -> Vec<Series> {
    let twice = |values: &[f64], first: bool| -> Vec<f64> {
        let mut out: Vec<f64> = values.iter().flat_map(|value| [*value, *value]).collect();
        if first {
            out.remove(0)
        } else {
            out.pop().unwrap_or(f64::NAN)
        };
        out
    };
    if labels.is_empty() {
        return series;
    }
    *labels = twice(labels, false);
    series.into_iter().map(|line| Series { values: twice(&line.values, true), ..line }).collect()
}
