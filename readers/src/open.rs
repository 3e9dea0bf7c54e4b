//! `open(url)`: from a URL to a lazy dataset, whatever the format.
use terracube_cube::data::Dataset;
use terracube_cube::{Error, ErrorKind, Result};

use crate::cf::{CfOptions, DecodedGroup, decode};
use crate::detect::{Found, detect};
use crate::manifest::{self, References};
use crate::netcdf;
use crate::raw::RawGroup;
use crate::repository::Version;
use crate::store::{Store, StoreOptions};
use crate::tree::DataTree;
use crate::zarr::ZarrGroup;
use crate::{assemble, raw_zarr, table};

/// Opens a Zarr store or a NetCDF or HDF5 file by path or URL (xarray's `open_dataset`): metadata is read, values are not.
///
/// Values are decoded by the CF conventions as xarray does: masked, unpacked, times as times, characters joined. A variable that cannot
/// be read carries its error and leaves the others usable. [`OpenOptions`] changes any of this.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("none.nc");
/// let error = terracube_readers::open(path.to_str().unwrap()).unwrap_err();
/// assert!(error.to_string().contains("does not exist"));
/// ```
///
/// # Errors
/// If there is nothing at the URL, it is no data that can be read, access is refused, or its structure is damaged.
pub fn open(url: &str) -> Result<Dataset> {
    OpenOptions::new().open(url)
}

/// The container formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Zarr, version 2 or 3.
    Zarr,
    /// NetCDF in any form, and plain HDF5.
    NetCdf,
}

/// How to open a URL; [`open`] uses the defaults.
///
/// ```no_run
/// use terracube_readers::OpenOptions;
/// let raw = OpenOptions::new().decode_times(false).group("forecast").open("model.nc")?;
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    cf: CfOptions,
    group: Option<String>,
    format: Option<Format>,
    version: Option<Version>,
    store: StoreOptions,
}

impl OpenOptions {
    /// The defaults: everything is decoded, the format is found out.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether CF conventions are applied at all (xarray's `decode_cf`); without them values are as stored.
    #[must_use]
    pub fn decode_cf(mut self, decode: bool) -> Self {
        self.cf.decode = decode;
        self
    }

    /// Whether "days since ..." becomes times (xarray's `decode_times`).
    #[must_use]
    pub fn decode_times(mut self, times: bool) -> Self {
        self.cf.times = times;
        self
    }

    /// Whether declared missing values become NaN; without that, integers stay integers.
    #[must_use]
    pub fn mask(mut self, mask: bool) -> Self {
        self.cf.mask = mask;
        self
    }

    /// Decodes packed data to f32 where the rules give f64.
    #[must_use]
    pub fn decode_f32(mut self) -> Self {
        self.cf.decode_f32 = true;
        self
    }

    /// Whether the `fill_value` of a Zarr v2 array marks missing values, as in xarray.
    #[must_use]
    pub fn fill_value_as_mask(mut self, mask: bool) -> Self {
        self.cf.fill_value_as_mask = mask;
        self
    }

    /// The group to open ("forecast/2t"); the root otherwise.
    #[must_use]
    pub fn group(mut self, path: impl Into<String>) -> Self {
        self.group = Some(path.into());
        self
    }

    /// The version of an Icechunk repository: a branch, a tag or a snapshot; otherwise the newest of the branch `main`.
    ///
    /// ```no_run
    /// use terracube_readers::{OpenOptions, repository::Version};
    /// let release = OpenOptions::new().version(Version::Tag("v1".into())).open("s3://bucket/era5")?;
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// The format, where it is not to be found out.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Credentials, endpoints, timeouts.
    #[must_use]
    pub fn store(mut self, options: StoreOptions) -> Self {
        self.store = options;
        self
    }

    /// Opens a path or URL.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(&self, url: &str) -> Result<Dataset> {
        if self.format.is_none() && table::is_table_name(url) && !self.are_references(url)? {
            return table::open_table_with(url, &self.store);
        }
        assemble::dataset(self.open_decoded(url)?).map_err(|error| {
            error.context(
                Store::open(url, &self.store).map_or_else(|_| "the dataset".to_owned(), |store| store.url().to_owned()),
            )
        })
    }

    /// Whether a name that ends like a table's is a directory of references in Parquet.
    fn are_references(&self, url: &str) -> Result<bool> {
        let store = Store::open(url, &self.store)?;
        Ok(match store.local_path() {
            Some(path) => path.is_dir(),
            None => matches!(store.size(".zmetadata").wait(), Ok(Some(_))),
        })
    }

    fn found(&self, store: &Store) -> Result<Found> {
        detect(store, self.format, self.version.as_ref(), &self.store)
    }

    pub(crate) fn open_decoded(&self, url: &str) -> Result<DecodedGroup> {
        Ok(decode(&self.open_raw(url)?, &self.cf))
    }

    pub(crate) fn store_options(&self) -> &StoreOptions {
        &self.store
    }

    /// Opens a path or URL without applying any convention: what the format itself says.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open_raw(&self, url: &str) -> Result<RawGroup> {
        let store = Store::open(url, &self.store)?;
        let group = self.group.as_deref().unwrap_or_default();
        match self.found(&store)? {
            Found::Zarr(root) => Ok(raw_zarr::raw_group(&root.group(group)?)),
            Found::NetCdf(file) => {
                let root = netcdf::open(file)?;
                let mut found = root.group(group)?.clone();
                // A group of groups alone is no dataset: say where the variables are.
                if found.variables.is_empty() && found.attributes.is_empty() && !found.groups.is_empty() {
                    return Err(only_groups(&store, &found));
                }
                found.groups.clear();
                Ok(found)
            }
        }
    }

    /// Opens all groups of a path or URL.
    ///
    /// # Errors
    /// As [`open`]. A group that is damaged carries its own error.
    pub fn open_tree(&self, url: &str) -> Result<DataTree> {
        let store = Store::open(url, &self.store)?;
        let mut groups = Vec::new();
        let dataset = |raw: &RawGroup| assemble::dataset(decode(raw, &self.cf));
        match self.found(&store)? {
            Found::Zarr(root) => zarr_tree(&root, "/".to_owned(), &dataset, &mut groups),
            Found::NetCdf(file) => netcdf_tree(&netcdf::open(file)?, &dataset, &mut groups),
        }
        Ok(DataTree::new(store.url().to_owned(), groups))
    }

    /// The format, and every group as it is stored and as it is decoded; only the one that was asked for, if one was.
    pub(crate) fn open_groups(&self, url: &str) -> Result<(&'static str, RawAndDecoded)> {
        let store = Store::open(url, &self.store)?;
        let decoded = |raw: &RawGroup| assemble::dataset(decode(raw, &self.cf));
        let mut groups = RawAndDecoded::new();
        let format = match self.found(&store)? {
            Found::Zarr(root) => {
                let first = root.group(self.group.as_deref().unwrap_or_default())?;
                let mut paths = vec![format!("/{}", first.path())];
                if self.group.is_none() {
                    zarr_groups(&first, &mut paths);
                }
                for path in paths {
                    let raw = root.group(&path).map(|group| raw_zarr::raw_group(&group));
                    let dataset = raw.as_ref().map_err(Clone::clone).and_then(decoded);
                    groups.push((path, raw, dataset));
                }
                "zarr"
            }
            Found::NetCdf(file) => {
                let root = netcdf::open(file)?;
                let mut left = vec![root.group(self.group.as_deref().unwrap_or_default())?];
                while let Some(group) = left.pop() {
                    if self.group.is_none() {
                        left.extend(group.groups.iter().rev());
                    }
                    groups.push((group.path.clone(), Ok(group.clone()), decoded(group)));
                }
                "netcdf/hdf5"
            }
        };
        Ok((format, groups))
    }

    /// References to all chunks of a NetCDF or HDF5 file, as kerchunk writes them: `open` reads them in place of the file.
    ///
    /// # Errors
    /// If it is no such file, or its structure is damaged.
    pub fn references(&self, url: &str) -> Result<References> {
        let store = Store::open(url, &self.store)?;
        // References are read from anywhere, so they name a file of this machine in full.
        let full = store.local_path().and_then(|path| std::path::absolute(path).ok());
        let store = match full.as_deref().and_then(std::path::Path::to_str) {
            Some(path) => Store::open(path, &self.store)?,
            None => store,
        };
        match self.found(&store)? {
            Found::NetCdf(file) => Ok(manifest::references(&netcdf::open(file)?)),
            Found::Zarr(_) => Err(Error::unsupported(format!("{} is a Zarr store", store.url()))
                .hint("its chunks are objects already: references are for NetCDF and HDF5 files")),
        }
    }

    /// The groups at a URL, "/" first: what [`Self::group`] takes.
    ///
    /// # Errors
    /// As [`open`].
    pub fn groups(&self, url: &str) -> Result<Vec<String>> {
        let store = Store::open(url, &self.store)?;
        let mut paths = vec!["/".to_owned()];
        match self.found(&store)? {
            Found::Zarr(root) => zarr_groups(&root, &mut paths),
            Found::NetCdf(file) => netcdf_groups(&netcdf::open(file)?, &mut paths),
        }
        Ok(paths)
    }
}

/// Groups by path.
type RawAndDecoded = Vec<(String, Result<RawGroup>, Result<Dataset>)>;
type Groups = Vec<(String, Result<Dataset>)>;

fn netcdf_tree(group: &RawGroup, dataset: &impl Fn(&RawGroup) -> Result<Dataset>, groups: &mut Groups) {
    groups.push((group.path.clone(), dataset(group)));
    for inner in &group.groups {
        netcdf_tree(inner, dataset, groups);
    }
}

fn zarr_tree(group: &ZarrGroup, path: String, dataset: &impl Fn(&RawGroup) -> Result<Dataset>, groups: &mut Groups) {
    groups.push((path.clone(), dataset(&raw_zarr::raw_group(group))));
    for name in group.groups() {
        let path = format!("{}/{name}", path.trim_end_matches('/'));
        match group.group(name) {
            Ok(inner) => zarr_tree(&inner, path, dataset, groups),
            Err(error) => groups.push((path, Err(error))),
        }
    }
}

fn only_groups(store: &Store, group: &RawGroup) -> Error {
    let mut paths = Vec::new();
    netcdf_groups(group, &mut paths);
    let shown: Vec<&str> = paths.iter().take(6).map(String::as_str).collect();
    Error::new(
        ErrorKind::NotFound,
        format!("group `{}` of {} holds no variables, only groups", group.path, store.url()),
    )
    .hint(format!("open one of them with `OpenOptions::new().group(\"{}\")`: {}", shown[0], shown.join(", ")))
}

fn netcdf_groups(group: &RawGroup, paths: &mut Vec<String>) {
    for inner in &group.groups {
        paths.push(inner.path.clone());
        netcdf_groups(inner, paths);
    }
}

fn zarr_groups(group: &ZarrGroup, paths: &mut Vec<String>) {
    for name in group.groups() {
        if let Ok(inner) = group.group(name) {
            paths.push(format!("/{}", inner.path()));
            zarr_groups(&inner, paths);
        }
    }
}
