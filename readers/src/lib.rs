//! From a URL to a lazy dataset: stores, formats, CF decoding policy, writers. See ARCHITECTURE.md.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cf;
pub mod netcdf;
pub mod raw;
pub mod runtime;
pub mod store;
pub mod zarr;

#[cfg(test)]
pub(crate) mod testing;
