//! What everything else is made of: names, types, boxes, chunks, blocks of values, errors, calendars. Imports nothing of ours.
mod assembly;
mod block;
mod calendar;
mod chunk_grid;
mod dims;
mod dtype;
mod error;
pub(crate) mod large;
mod recycled;
mod region;
mod strided;
mod time_units;

pub(crate) use assembly::Assembly;
pub use block::{Block, BlockData};
pub use calendar::{Calendar, DatePrecision, PartialDate, TimeFields};
pub use chunk_grid::{AxisChunks, ChunkGrid};
pub use dims::Dims;
pub(crate) use dtype::dispatch_numeric;
pub use dtype::{DType, Element, Kind, TimeUnit};
pub use error::{Error, ErrorKind, Result, did_you_mean};
pub(crate) use recycled::{Allowance, RecycledVec};
pub use recycled::{recycled_buffer, recycled_bytes, recycled_vec, recycled_vec_of_len};
pub use region::Region;
pub use strided::{StridedLoop, contiguous_strides};
pub(crate) use time_units::fixed_step_length;
pub use time_units::{TimeScaling, TimeUnits};
