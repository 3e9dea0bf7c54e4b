//! HDF5 files, with NetCDF-4's conventions for dimensions and hidden attributes.
//!
//! `hdf5-reader` parses superblock, messages, heaps, B-trees and chunk indices; [`header`] walks the messages of an object itself,
//! so that one odd message does not make the whole file refuse. Values are fetched and decoded by [`chunked`] and [`super::flat`].
mod attributes;
mod bitshuffle;
mod chunked;
mod datatype;
mod dimensions;
mod filters;
mod header;
mod heap;
#[cfg(feature = "hdf5-c")]
mod library;
mod links;
mod objects;
mod strings;
mod variables;

use std::sync::Arc;

use hdf5_reader::{BlockCacheStorage, Hdf5File, RangeRequestStorage};
use terracube_cube::{Error, Result};

use super::bytes::FileBytes;
use super::guard::guarded;
use crate::raw::RawGroup;
use header::Header;

/// Blocks in which metadata is read and kept: requests are dear far away, bytes are dear nearby.
const REMOTE_BLOCK: usize = super::bytes::HEAD as usize;
const LOCAL_BLOCK: usize = 32 << 10;
/// Kept for each open file; there may be thousands of them.
const N_BLOCKS: usize = 16;
/// An object header of more bytes is taken as damage.
const MAX_HEADER_BYTES: usize = 64 << 20;

/// An open HDF5 file.
pub(super) struct Hdf5 {
    /// The bytes of the file.
    pub bytes: FileBytes,
    /// Where the addresses in the file start: behind a user block.
    pub base: u64,
    /// The parser.
    pub file: Hdf5File,
}

/// Reads all groups, dimensions, variables and attributes of a file whose signature stands at `base`.
pub(super) fn open(bytes: &FileBytes, base: u64) -> Result<RawGroup> {
    guarded(bytes.name(), || {
        let hdf = Arc::new(Hdf5::open(bytes, base)?);
        let root = objects::read(&hdf)?;
        Ok(variables::raw_group(&hdf, root))
    })
}

impl Hdf5 {
    fn open(bytes: &FileBytes, base: u64) -> Result<Self> {
        let read = bytes.clone();
        let storage = RangeRequestStorage::new(bytes.len() - base, move |offset, len| {
            let start = base + offset;
            read.read(start..start + len as u64)
                .map(Vec::from)
                .map_err(|error| hdf5_reader::error::Error::Other(error.to_string()))
        });
        let block = if bytes.is_remote() { REMOTE_BLOCK } else { LOCAL_BLOCK };
        let storage = Arc::new(BlockCacheStorage::new(Arc::new(storage), block, N_BLOCKS));
        let options = hdf5_reader::OpenOptions::default()
            .with_chunk_cache_bytes(0)
            .with_max_object_header_bytes(MAX_HEADER_BYTES);
        let file = Hdf5File::from_storage_with_options(storage, options)
            .map_err(|error| Error::corrupt(format!("the HDF5 header of {} is damaged: {error}", bytes.name())))?;
        let block = file.superblock();
        // Libraries disagree with the format's text on how names are found then.
        if block.version < 2 && block.offset_size != block.length_size {
            let (offsets, lengths) = (block.offset_size, block.length_size);
            let message = format!("{}: HDF5 addresses of {offsets} bytes with lengths of {lengths}", bytes.name());
            return Err(Error::unsupported(message).hint("write the file again with `h5repack`"));
        }
        let end = file.superblock().eof_address;
        let is_known = !hdf5_reader::io::Cursor::is_undefined_offset(end, file.superblock().offset_size);
        if is_known && end > bytes.len() {
            return Err(Error::corrupt(format!(
                "{} is truncated: it holds {} bytes, but its header says {end}",
                bytes.name(),
                bytes.len()
            ))
            .hint("get the file again"));
        }
        Ok(Self { bytes: bytes.clone(), base, file })
    }

    /// Bytes of an address.
    pub(super) fn offset_size(&self) -> u8 {
        self.file.superblock().offset_size
    }

    /// Bytes of a length.
    pub(super) fn length_size(&self) -> u8 {
        self.file.superblock().length_size
    }

    /// What the header of the object at an address says.
    fn header(&self, address: u64) -> Result<Header> {
        header::of(self, address)
    }

    /// An error of this file.
    pub(super) fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        Error::corrupt(format!("{}: {what}", self.bytes.name())).hint("get the file again; it seems damaged")
    }
}
