//! NetCDF in all its forms: classic, 64-bit offset and CDF-5 (`classic`), NetCDF-4 and plain HDF5 (`hdf5`).
//!
//! Headers are parsed by `netcdf-reader` and `hdf5-reader`; values are fetched by offset and decoded here, so that fetching (I/O)
//! and decoding (pure CPU, no lock) stay apart. Parsers that are not ours run inside `catch_unwind`. `writer` writes them by `netcdf-writer`.
mod bits;
mod bytes;
mod classic;
mod flat;
mod guard;
mod hdf5;
mod header_cache;
mod item;
mod text;
mod writer;

use terracube_cube::{Error, Result};

use crate::raw::RawGroup;

pub use bytes::FileBytes;
pub(crate) use guard::guarded;
pub use text::JoinedText;
pub(crate) use writer::write;

/// The kinds of files that [`open`] reads, told by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// CDF-1, CDF-2 or CDF-5.
    Classic,
    /// NetCDF-4 or any HDF5 file, whose signature stands at this offset.
    Hdf5 {
        /// Bytes before the signature (a user block).
        offset: u64,
    },
}

/// What kind of file this is; `None` if it is no NetCDF and no HDF5.
///
/// # Errors
/// If it cannot be read.
pub fn kind(file: &FileBytes) -> Result<Option<FileKind>> {
    let start = file.read(0..file.len().min(8))?;
    if matches!(start.get(..4), Some([b'C', b'D', b'F', 1 | 2 | 5])) {
        return Ok(Some(FileKind::Classic));
    }
    let mut offset = 0u64;
    while offset + 8 <= file.len() && offset <= 1 << 20 {
        if file.read(offset..offset + 8)?[..] == *b"\x89HDF\r\n\x1a\n" {
            return Ok(Some(FileKind::Hdf5 { offset }));
        }
        offset = (offset * 2).max(512);
    }
    Ok(None)
}

/// Reads the metadata of a NetCDF or HDF5 file; its variables read values when they are asked for.
///
/// # Errors
/// If it is no such file, or its structure is damaged. A variable that is damaged carries its own error.
pub fn open(file: FileBytes) -> Result<RawGroup> {
    match kind(&file)? {
        Some(FileKind::Classic) => classic::open(&file),
        Some(FileKind::Hdf5 { offset }) => hdf5::open(&file, offset),
        None => Err(Error::corrupt(format!("{} is neither NetCDF nor HDF5", file.name()))),
    }
}
