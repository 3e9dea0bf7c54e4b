//! From a URL to a lazy dataset: stores, formats, CF decoding policy, writers. See ARCHITECTURE.md.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assemble;
pub mod cf;
mod detect;
pub mod inspect;
pub mod manifest;
mod many;
pub mod netcdf;
mod open;
pub mod raw;
mod raw_zarr;
pub mod repository;
pub mod runtime;
pub mod store;
pub mod table;
mod tree;
mod write;
pub mod zarr;

pub use many::{OpenMany, Urls, open_many};
pub use open::{Format, OpenOptions, open};
pub use table::{observations, open_table};
pub use tree::{DataTree, open_tree};
pub use write::{Compression, NetCdfFormat, WriteData, WriteOptions, ZarrVersion};

#[cfg(test)]
pub(crate) mod testing;
