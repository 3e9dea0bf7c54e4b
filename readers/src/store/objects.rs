//! The seam for stores whose objects are no files of a disk or a server: references to parts of files, archives, versioned repositories.
use std::sync::Arc;

use bytes::Bytes;
use terracube_cube::{Error, ErrorKind, Result};

use super::{ByteRange, Entry, Reading};

/// Objects by key. Keys are relative, with `/` between their parts.
pub(crate) trait Objects: Send + Sync {
    /// What it is, for messages: "a zip archive".
    fn what(&self) -> &'static str;

    /// Whether reads go through a network.
    fn is_remote(&self) -> bool;

    /// An object of at most `limit` bytes; `None` if it does not exist.
    fn get(self: Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>>;

    /// Parts of an object; `None` if the object does not exist. A part that reaches past the end is an error.
    fn get_ranges(self: Arc<Self>, key: &str, ranges: Vec<ByteRange>) -> Reading<Option<Vec<Bytes>>>;

    /// The size of an object in bytes; `None` if it does not exist.
    fn size(self: Arc<Self>, key: &str) -> Reading<Option<u64>>;

    /// What stands directly under a key, sorted by name.
    fn list(self: Arc<Self>, key: &str) -> Reading<Vec<Entry>>;

    /// Writes an object whole.
    fn put(self: Arc<Self>, key: &str, bytes: Bytes) -> Reading<()> {
        let _ = (key, bytes);
        Reading::failed(read_only(self.what()))
    }

    /// Removes an object and everything under its key.
    fn remove_all(self: Arc<Self>, key: &str) -> Reading<()> {
        let _ = key;
        Reading::failed(read_only(self.what()))
    }

    /// Whether what is written is found by others all at once, later: metadata then goes first, and nothing has to be moved into place.
    fn is_transaction(&self) -> bool {
        false
    }
}

pub(crate) fn read_only(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} cannot be written")).hint("write to a directory or bucket")
}

/// The range in an object of `len` bytes, all of which must be there.
pub(super) fn checked(range: &ByteRange, len: u64, key: &str) -> Result<std::ops::Range<u64>> {
    let inside = range.within(len);
    if inside.end <= len {
        return Ok(inside);
    }
    Err(Error::corrupt(format!("`{key}` holds {len} bytes, but bytes {}..{} were asked for", inside.start, inside.end)))
}
