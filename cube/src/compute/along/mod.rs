//! Operations along one axis, or over a few axes taken together, that need whole columns or the neighbourhood of each value: windows,
//! cumulative sums, filling, quantiles, interpolation.
mod blend;
mod cumulative;
mod curve;
mod exponential;
mod fill;
mod fit;
mod interpolate;
mod lines;
mod monotonic;
mod op;
mod own;
mod own_block;
mod own_window;
mod pooled;
mod quantile;
mod rank;
mod rolling;
mod runs;
mod slope;
mod slopes;
mod sweep;
#[cfg(test)]
mod tests;
mod weighted_quantile;
mod window_place;

pub use blend::{Blend, BlendMissing};
pub use exponential::{Exponential, ExponentialOp, ExponentialPair};
pub use fit::Fit;
pub use interpolate::{Interpolate, Method};
pub use monotonic::Monotonic;
pub use op::{AxisOp, along};
pub use own::{LineFunction, Named, OwnFunction};
pub use own_block::{BlockFunction, OwnBlocks};
pub use own_window::{OwnWindow, WindowFunction};
pub use pooled::Pooled;
pub use quantile::{Quantile, one_quantile};
pub use rolling::{Rolling, RollingOp};
pub use runs::{RunStatistic, Runs};
pub use slope::Slope;
pub use weighted_quantile::WeightedQuantile;
pub use window_place::WindowPlace;
