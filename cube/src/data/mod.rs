//! What users hold: labelled arrays, their selections and indexes.
pub mod index;
pub mod positions;
pub mod select;

pub use index::{AxisMatch, Index, IndexHints, IndexKind};
pub use positions::{Every, IntoPosition, Position, PositionNumber, PositionRange, Positions, every};
pub use select::{ALL, All, IntoLabel, Label, LabelValue, Near, Tolerance, near};
