//! Charts over plain arrays: no labels are looked up and nothing is computed here.
mod arrows;
mod axes;
mod colour_bar;
mod contour;
#[cfg(test)]
mod gallery;
mod histogram;
mod layout;
mod line;
mod map;
mod panels;
mod raster;
mod scatter;

pub(crate) use arrows::Arrows;
pub(crate) use colour_bar::ColourBar;
pub(crate) use contour::levels;
pub(crate) use histogram::HistogramChart;
pub(crate) use line::{LineChart, Series};
pub(crate) use map::{MapChart, MapStyle};
pub(crate) use panels::Panels;
pub(crate) use scatter::ScatterChart;

use crate::scale::AxisKind;

/// One axis of data: what it is called, what its values mean, and the values.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// Written beside the axis, "long_name [units]".
    pub label: String,
    pub kind: AxisKind,
    /// One value per position; seconds since 1970 for times.
    pub values: Vec<f64>,
    /// Drawn with the smallest value at the top or right, as depths are.
    pub reversed: bool,
}

/// What every chart has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub title: String,
    /// Width and height in pixels; chosen by the chart if not given.
    pub size: Option<(f64, f64)>,
}

/// Font sizes and colours, as one place decides them.
pub(crate) mod look {
    pub const TICK_SIZE: f64 = 12.0;
    pub const LABEL_SIZE: f64 = 13.0;
    pub const TITLE_SIZE: f64 = 14.0;
    pub const FRAME: &str = "#333333";
    pub const GRID: &str = "#e8e8e8";
    pub const MISSING: &str = "#e3e3e3";
    /// Lines of several series, in this order (Tableau's ten, which matplotlib made the habit).
    pub const LINES: [&str; 10] =
        ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];
}
