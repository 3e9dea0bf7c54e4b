//! Compute kernels: pure functions from blocks to blocks. Imports `base` only.
pub mod along;
mod number;
pub mod pointwise;
mod reader;
pub mod reduce;
pub mod scalar;

pub use pointwise::{
    BinaryOp, DecodeTime, FormatTime, IsIn, Lookup, TimeField, UnaryOp, Unpack, binary, cast, mask, masked_dtype,
    promote, select, unary,
};
pub use reduce::{Accumulator, AxisRole, ReduceOp, ReduceOptions};
pub use scalar::{Scalar, weak_dtype};
