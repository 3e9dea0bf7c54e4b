//! Figures from labelled arrays: lines, maps and histograms as SVG or PNG. See ARCHITECTURE.md.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod chart;
mod colour;
mod draw;
mod figure;
mod prepare;
mod scale;

pub use figure::{Figure, PlotExt};
