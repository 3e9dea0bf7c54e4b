//! All groups of a file or store, each a dataset.
use terracube_cube::Result;
pub use terracube_cube::data::DataTree;

use crate::OpenOptions;

/// Opens all groups of a Zarr store or NetCDF file (xarray's `open_datatree`); metadata is read, values are not.
///
/// ```no_run
/// let tree = terracube_readers::open_tree("forecast.zarr")?;
/// let t = tree.group("ensemble/mean")?.var("t");
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// As [`crate::open`]. A group that is damaged carries its own error and leaves the others usable.
pub fn open_tree(url: &str) -> Result<DataTree> {
    OpenOptions::new().open_tree(url)
}
