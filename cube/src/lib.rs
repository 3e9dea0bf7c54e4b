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

pub use base::{
    Block, Calendar, ChunkGrid, DType, Dims, Error, ErrorKind, Place, Places, Region, Result, TimeUnit, set_places,
};
pub use data::{
    ALL, AlignOn, Array, Attribute, Attributes, Boundary, Coarsened, Coord, Coords, Crs, DataArray, DataTree, Dataset,
    DatasetCoarsened, DatasetGroupBy, DatasetOperand, DatasetRolling, DatasetWeighted, Dates, Decay, Encoding,
    EncodingFields, Eofs, ExponentialWindow, Fill, Grid, GridView, GroupBy, GroupByAll, Join, Method, Origin, PadMode,
    Polygons, Reduction, RegridMethod, Regridder, ResampleOptions, RollingWindow, RotatedPole, RunningDays, Side,
    Texts, Variable, Weighted, align, at_or_after, at_or_before, broadcast, combine_by_coords, compute, compute_async,
    compute_with, concat, concat_datasets, date_range, date_range_of, every, merge, near, register_function,
};
pub use execute::{CancelToken, Context, MemoryBudget, Observer, Progress, RunReport, Sink, SpillSpace};
