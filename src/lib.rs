//! Terracube: lazy, chunked, labelled N-D datacubes read in place from remote stores.
//!
//! This crate is a façade: it re-exports the rooms behind it and defines nothing of its own.
pub use terracube_display as display;

/// What a notebook or a program imports with one line.
pub mod prelude {}
