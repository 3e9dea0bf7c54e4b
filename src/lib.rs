//! Terracube: lazy, chunked, labelled N-D datacubes read in place from remote stores.
//!
//! This crate is a façade: it re-exports the rooms behind it and defines nothing of its own.
pub use terracube_cube as cube;
pub use terracube_display as display;
pub use terracube_plots as plots;
pub use terracube_readers as readers;

pub use terracube_cube::{Error, ErrorKind, Result};
pub use terracube_readers::open;

/// What a notebook or a program imports with one line.
pub mod prelude {
    pub use terracube_cube::{
        ALL, Array, Attribute, Attributes, Calendar, CancelToken, Context, DType, DataArray, Dataset, Error, ErrorKind,
        GroupBy, Result, RunReport, TimeUnit, Variable, compute, compute_with, every, near,
    };
    pub use terracube_display::{MimeBundle, RichDisplay};
    pub use terracube_plots::{Figure, PlotExt};
    pub use terracube_readers::{OpenOptions, WriteOptions, WriteZarr, open};
}
