//! From values to colours.
mod colour_map;
mod limits;

pub(crate) use colour_map::ColourMap;
pub(crate) use limits::{Limits, Wanted};
