//! From values to places on the page, and the ticks between them.
mod axis_kind;
mod civil;
mod numbers;
mod positions;
mod ticks;
mod time_ticks;

pub(crate) use axis_kind::AxisKind;
pub(crate) use civil::date_text;
pub(crate) use numbers::{power_of_ten, rounded};
pub(crate) use positions::{Scale, cell_edges, padded};
pub(crate) use ticks::{Room, Tick, Ticks};
