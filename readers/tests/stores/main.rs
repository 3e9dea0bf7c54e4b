//! Stores and Zarr over them: local files, a web server, an S3 server, both on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod http;
mod s3;
mod support;
mod zarr_bad;
mod zarr_read;
mod zarr_write;
