//! Datasets into stores and files: what is written, how, and that nothing half-written is ever found. The formats are in
//! [`crate::zarr`] and `crate::netcdf`.
mod lock;
mod options;
mod plan;

use terracube_cube::data::Attributes;
use terracube_cube::{DataArray, Dataset, Error, Result, RunReport, Variable};

pub use options::{Compression, NetCdfFormat, WriteOptions, ZarrVersion};

pub(crate) use lock::{Lock, MARK};
#[cfg(feature = "icechunk")]
pub(crate) use options::Commit;
pub(crate) use options::Mode;
pub(crate) use plan::{Plan, Planned};

use crate::netcdf;
use crate::store::StoreOptions;
use crate::{table, zarr};

/// Writes datasets and arrays (xarray's `to_zarr` and `to_netcdf`). The name tells the format: `.nc`, `.nc4`, `.h5` are NetCDF-4, `.nc3` and
/// `.cdf` classic NetCDF, `.parquet` a table of datasets with one dimension, everything else is a Zarr store.
pub trait WriteData {
    /// Computes everything and writes it, coordinates included. The place must be free; see [`write_with`](Self::write_with) to replace
    /// what is there, to append, or to choose chunks and codecs. Values that were opened and not changed are packed as they were stored.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_readers::WriteData;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![10, 20, 30]).named("t");
    /// t.write("memory://docs/t.zarr")?;
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Exists`](terracube_cube::ErrorKind::Exists) if something is there; what computing gives; if it cannot be written.
    /// What was there before is then untouched, and nothing half-written is left.
    fn write(&self, url: &str) -> Result<RunReport> {
        self.write_with(url, &StoreOptions::default(), WriteOptions::default())
    }

    /// As [`write`](Self::write), with other options.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport>;
}

impl WriteData for Dataset {
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        let variables: Vec<_> = self.variables().collect();
        write(&Plan::new(&variables, self.coords(), self.attrs(), &options)?, url, store, options)
    }
}

impl WriteData for DataArray {
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        let name = self.name().ok_or_else(|| {
            Error::invalid("an array without a name cannot be written").hint("name it: `.named(\"t2m\")`")
        })?;
        let variables: [(&str, &Variable); 1] = [(name, self.variable())];
        write(&Plan::new(&variables, self.coords(), &Attributes::new(), &options)?, url, store, options)
    }
}

fn write(plan: &Plan, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
    if let Some(commit) = &options.commit {
        #[cfg(feature = "icechunk")]
        return crate::repository::write(plan, url, store, &options, commit);
        #[cfg(not(feature = "icechunk"))]
        return Err(crate::repository::lacking(url).context(format!("commit \"{}\"", commit.message)));
    }
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let ends = |endings: &[&'static str]| endings.iter().copied().find(|ending| path.ends_with(ending));
    if let Some(suffix) = ends(&[".tif", ".tiff", ".csv", ".grib", ".grib2", ".grb"]) {
        return Err(Error::unsupported(format!("writing `{suffix}` files is not supported"))
            .hint("write a Zarr store (a name that ends in .zarr), NetCDF (.nc) or a table (.parquet)"));
    }
    if ends(&[".parquet", ".parq", ".pq"]).is_some() {
        return table::write(plan, url, store, &options);
    }
    let by_name = match ends(&[".nc3", ".cdf", ".nc", ".nc4", ".h5", ".hdf5"]) {
        Some(".nc3" | ".cdf") => Some(NetCdfFormat::Classic),
        Some(_) => Some(NetCdfFormat::NetCdf4),
        None => None,
    };
    if let Some(format) = options.netcdf.or(by_name) {
        return netcdf::write(plan, url, store, &options, format);
    }
    match &options.mode {
        Mode::Create | Mode::Overwrite => zarr::write_new(plan, url, store, options),
        Mode::Append(_) | Mode::Region(_) => zarr::write_into(plan, url, store, options),
    }
}
