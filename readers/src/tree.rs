//! All groups of a file or store, each a dataset.
use std::fmt;

use terracube_cube::data::Dataset;
use terracube_cube::{Error, Result};

use crate::OpenOptions;

/// The groups of a file or store by path (xarray's `DataTree`): what [`open_tree`] gives. Cheap to clone.
///
/// Coordinates are those of each group itself; dimensions of outer groups have their length but not their labels.
#[derive(Clone)]
pub struct DataTree {
    url: String,
    groups: Vec<(String, Result<Dataset>)>,
}

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

impl DataTree {
    pub(crate) fn new(url: String, groups: Vec<(String, Result<Dataset>)>) -> Self {
        Self { url, groups }
    }

    /// Where it was opened from, without secrets.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The paths of all groups, "/" first, outer ones before inner ones.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(path, _)| &path[..])
    }

    /// The dataset of a group ("/", "a", "/a/b").
    ///
    /// # Errors
    /// If there is no such group, with a suggestion, or it is damaged.
    pub fn group(&self, path: &str) -> Result<Dataset> {
        let wanted = format!("/{}", path.trim_matches('/'));
        match self.groups.iter().find(|(known, _)| *known == wanted) {
            Some((_, dataset)) => dataset.clone(),
            None => Err(Error::unknown_name("group", &wanted, self.paths()).context(self.url.clone())),
        }
    }

    /// The dataset of the outermost group.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn root(&self) -> Result<Dataset> {
        self.group("/")
    }

    /// All groups in the order of [`paths`](Self::paths).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Result<Dataset>)> {
        self.groups.iter().map(|(path, dataset)| (&path[..], dataset))
    }
}

impl fmt::Display for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataTree of {}: {} groups", self.url, self.groups.len())?;
        for (path, dataset) in &self.groups {
            match dataset {
                Err(error) => write!(f, "\n{path}: {error}")?,
                Ok(dataset) => {
                    let dims: Vec<String> = dataset.dims().iter().map(|(name, len)| format!("{name}: {len}")).collect();
                    let names: Vec<&str> = dataset.names().collect();
                    write!(f, "\n{path} ({}): {}", dims.join(", "), names.join(", "))?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
