//! What stands at a URL: told by content where there is content, by name where that saves a request.
use terracube_cube::base::did_you_mean;
use terracube_cube::{Error, ErrorKind, Result};

use crate::netcdf::{self, FileBytes};
use crate::open::Format;
use crate::repository::{self, Version, is_repository};
use crate::store::{Store, StoreOptions, references};
use crate::zarr::{Root, ZarrGroup};

/// Something that can be read.
pub(crate) enum Found {
    /// A Zarr store, its root opened.
    Zarr(ZarrGroup),
    /// A NetCDF or HDF5 file.
    NetCdf(FileBytes),
}

/// Endings of names that are files, so that no Zarr store need be looked for.
const FILES: [&str; 11] = [".json", ".zip", ".nc", ".nc4", ".nc3", ".cdf", ".netcdf", ".h5", ".hdf5", ".he5", ".hdf"];

/// Finds out what stands at a URL.
///
/// # Errors
/// If nothing does, or nothing that can be read.
pub(crate) fn detect(
    store: &Store,
    format: Option<Format>,
    version: Option<&Version>,
    options: &StoreOptions,
) -> Result<Found> {
    if version.is_some() {
        return versioned(store, version, options);
    }
    if format == Some(Format::Zarr) {
        return zarr(store, options);
    }
    if let Some(path) = store.local_path() {
        return match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => directory(store, options),
            Ok(_) => file(store, options),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(Error::new(ErrorKind::Denied, format!("cannot read {}: {error}", store.url())))
            }
            Err(_) => Err(absent(store)),
        };
    }
    let name = store.url().to_ascii_lowercase();
    if format == Some(Format::NetCdf) || FILES.iter().any(|ending| name.ends_with(ending)) {
        return file(store, options);
    }
    match zarr(store, options) {
        Ok(found) => Ok(found),
        // No Zarr metadata there: it may be a file with an unusual name.
        Err(error)
            if !name.ends_with(".zarr") && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported) =>
        {
            match store.size("").wait() {
                Ok(Some(_)) => file(store, options),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn file(store: &Store, options: &StoreOptions) -> Result<Found> {
    let bytes = FileBytes::open(store)?;
    if netcdf::kind(&bytes)?.is_some() {
        return Ok(Found::NetCdf(bytes));
    }
    let start = bytes.read(0..bytes.len().min(64 << 10))?;
    if start.starts_with(b"PK") {
        return ZarrGroup::open(&store.zip()?).map(Found::Zarr);
    }
    if references::looks_like_references(&start) {
        return ZarrGroup::open(&store.references(options)?).map(Found::Zarr);
    }
    Err(not_ours(bytes.name(), &start))
}

/// What a file is that is neither NetCDF nor HDF5.
fn not_ours(name: &str, start: &[u8]) -> Error {
    let unsupported = |what: &str, hint: &str| Error::unsupported(format!("{name} is {what}")).hint(hint);
    let text = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    match start {
        [] => Error::corrupt(format!("{name} is empty")).hint("its download or its writing was cut off"),
        [b'G', b'R', b'I', b'B', ..] => unsupported("GRIB", "convert it to NetCDF (`grib_to_netcdf`, `cdo -f nc copy`)"),
        [0x1f, 0x8b, ..] => unsupported("compressed with gzip", "unpack it with `gunzip`"),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => unsupported("TIFF", "convert it (`gdal_translate -of netCDF`)"),
        [0x0e, 0x03, 0x13, 0x01, ..] => unsupported("HDF4", "convert it with `h4toh5`"),
        [b'P', b'A', b'R', b'1', ..] => unsupported("a Parquet table", "open it with `open_table`"),
        _ if text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<?xml") => {
            Error::corrupt(format!("{name} is a web page, not data")).hint(
                "the server may want a login or answers errors as pages; open the URL in a browser and copy the link to the file",
            )
        }
        _ if text.starts_with('{') => unsupported("JSON", "references to chunks (kerchunk) have keys such as `refs` or `.zgroup`"),
        _ => unsupported("neither NetCDF, HDF5 nor Zarr", "check the URL; the file may be damaged from its first byte on"),
    }
}

/// A Zarr store, or references in tables that describe one.
fn zarr(store: &Store, options: &StoreOptions) -> Result<Found> {
    match ZarrGroup::open_or_tables(store) {
        Ok(Root::Group(group)) => Ok(Found::Zarr(group)),
        Ok(Root::Tables(described)) => ZarrGroup::open(&store.reference_tables(&described, options)?).map(Found::Zarr),
        Err(error) if error.kind() == ErrorKind::NotFound && is_repository(store)? => versioned(store, None, options),
        Err(error) => Err(error),
    }
}

/// A version of a repository.
fn versioned(store: &Store, version: Option<&Version>, options: &StoreOptions) -> Result<Found> {
    ZarrGroup::open(&repository::store_of(store, options, version)?).map(Found::Zarr)
}

fn directory(store: &Store, options: &StoreOptions) -> Result<Found> {
    zarr(store, options).map_err(|error| {
        if error.kind() != ErrorKind::NotFound {
            return error;
        }
        let entries = store.list("").wait().unwrap_or_default();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let inside = names.iter().find(|name| {
            name.ends_with(".zarr") || FILES.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending))
        });
        let error = Error::new(ErrorKind::NotFound, format!("{} is a directory, but no Zarr store", store.url()));
        match inside {
            Some(name) => error.hint(format!("there is data in it, such as `{name}`: name one file")),
            None => error.hint("a Zarr store has a zarr.json, .zgroup or .zarray at its top"),
        }
    })
}

/// Nothing there: is there something with nearly that name?
fn absent(store: &Store) -> Error {
    let error = Error::new(ErrorKind::NotFound, format!("{} does not exist", store.url()));
    let Some(path) = store.local_path() else { return error };
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return error;
    };
    let parent = if parent.as_os_str().is_empty() { std::path::Path::new(".") } else { parent };
    let siblings = match std::fs::read_dir(parent) {
        Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>(),
        Err(_) => return error.hint(format!("there is no directory {} either", parent.display())),
    };
    match did_you_mean(name, siblings.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{}`?", parent.join(near).display())),
        None => error.hint("paths are relative to the directory in which the notebook or program runs"),
    }
}
