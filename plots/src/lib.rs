//! Figures from labelled arrays: lines, maps and histograms as SVG or PNG. See ARCHITECTURE.md.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
// Until `Figure` stands on the data model.
#![allow(dead_code, unused_imports)]

mod chart;
mod colour;
mod draw;
mod scale;
