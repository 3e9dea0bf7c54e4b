//! Operations value by value: strided blocks of one shape in, a block in C order out.
mod binary;
mod binary_times;
mod cast;
mod compare;
mod decode_time;
mod missing;
mod promote;
mod rows;
mod select;
#[cfg(test)]
mod tests;
mod time_field;
mod unary;
mod unpack;

pub use binary::{BinaryOp, binary};
pub use cast::cast;
pub use decode_time::DecodeTime;
pub(crate) use missing::set_missing;
pub use promote::promote;
pub use select::{mask, masked_dtype, select};
pub use time_field::TimeField;
pub use unary::{UnaryOp, unary};
pub use unpack::Unpack;
