//! Operations value by value: strided blocks of one shape in, a block in C order out.
mod binary;
mod binary_times;
mod cast;
mod compare;
mod decode_time;
mod format_time;
mod is_in;
mod lookup;
mod missing;
mod promote;
mod round_time;
mod rows;
mod select;
#[cfg(test)]
mod tests;
mod text_op;
mod time_field;
mod unary;
mod unpack;

pub use binary::{BinaryOp, binary};
pub use cast::cast;
pub use decode_time::DecodeTime;
pub use format_time::FormatTime;
pub use is_in::IsIn;
pub use lookup::Lookup;
pub(crate) use missing::set_missing;
pub use promote::promote;
pub use round_time::{RoundTime, RoundTimeTo};
pub use select::{mask, masked_dtype, select};
pub use text_op::{Case, CharKind, Ends, Pattern, TextOp};
pub use time_field::TimeField;
pub use unary::{UnaryOp, unary};
pub use unpack::Unpack;
