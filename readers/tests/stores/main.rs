//! Stores and Zarr over them: local files, a web server, an S3 server, both on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod damaged;
mod faulty;
mod header_cache;
mod http;
mod killed;
mod many;
mod mapped;
mod netcdf_remote;
mod numcodecs;
mod proxy;
mod reference_tables;
mod requests;
mod s3;
mod support;
mod tables;
mod tls;
mod zarr_bad;
mod zarr_read;
mod zarr_update;
mod zarr_write;
