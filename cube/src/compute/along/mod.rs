//! Operations along one axis, or over a few axes taken together, that need whole columns or the neighbourhood of each value: windows,
//! cumulative sums, filling, quantiles, interpolation.
mod cumulative;
mod fill;
mod fit;
mod interpolate;
mod lines;
mod op;
mod own;
mod quantile;
mod rank;
mod rolling;
mod slope;
#[cfg(test)]
mod tests;

pub use fit::Fit;
pub use interpolate::{Interpolate, Method};
pub use op::{AxisOp, along};
pub use own::OwnFunction;
pub use quantile::Quantile;
pub use rolling::{Rolling, RollingOp};
pub use slope::Slope;
