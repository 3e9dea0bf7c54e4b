//! Reductions: typed states that take strided blocks, merge, and finish; all behind one [`Accumulator`].
mod accumulator;
mod any_all;
mod count;
mod counts;
mod factory;
mod first_last;
mod float_extremes;
mod float_sums;
mod integer_sums;
mod layout;
mod min_max;
mod moments;
mod op;
mod own;
mod packed;
mod prod;
mod state;
mod together;
mod wide_sums;
mod within;

pub use accumulator::{Accumulator, Contribution};
pub use layout::AxisRole;
pub use op::{ReduceOp, ReduceOptions};
pub use own::{OwnId, OwnReduction};

#[cfg(test)]
mod tests;
