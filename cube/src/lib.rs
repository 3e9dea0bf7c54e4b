//! Labelled N-D cubes: data model, lazy plan, optimiser, executor, compute kernels.
//!
//! This crate knows no file format, no network, no async runtime and no notebook. See ARCHITECTURE.md for the map.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod base;
pub mod compute;
pub mod data;
pub mod execute;
pub mod optimise;
pub mod physical;
pub mod plan;
mod repr;
pub mod source;

pub use base::{Block, Calendar, ChunkGrid, DType, Dims, Error, ErrorKind, Region, Result, TimeUnit};
pub use data::{
    ALL, Array, Attribute, Attributes, Boundary, Coarsened, Coord, Coords, DataArray, Dataset, DatasetGroupBy, Dates,
    Encoding, EncodingFields, Fill, GroupBy, GroupByAll, Join, Method, PadMode, RollingWindow, Variable, Weighted,
    align, broadcast, compute, compute_async, compute_with, concat, concat_datasets, every, merge, near,
};
pub use execute::{CancelToken, Context, MemoryBudget, Observer, Progress, RunReport, Sink, SpillSpace};
