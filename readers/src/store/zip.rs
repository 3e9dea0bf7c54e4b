//! Zip archives, read in place: the directory at the end is read once (by `rc-zip`), entries are ranges of the file.
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use rc_zip::fsm::{ArchiveFsm, FsmResult};
use rc_zip::parse::{Archive, Method};
use terracube_cube::{Error, Result};

use crate::netcdf::guarded;

use super::mapped::{Mapped, Object, Target};
use super::{Store, too_large};

/// A directory is read in pieces of this size.
const READ_AT_ONCE: u64 = 8 << 20;
/// The fixed part of the header that stands before every entry.
const HEADER: u64 = 30;
/// A directory larger than this is taken for damage.
const MAX_DIRECTORY: u64 = 512 << 20;
/// No entry grows beyond this when it is unpacked.
const MAX_UNPACKED: u64 = 4 << 30;

/// One file of the archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    header: u64,
    packed: u64,
    /// Bytes when unpacked.
    pub size: u64,
    method: Packing,
    crc: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Deflate,
    /// A method that is not read, or a password.
    Other,
}

impl Store {
    /// The files of the zip archive at which this store points, as a store. The archive's directory is read now.
    ///
    /// # Errors
    /// If it does not exist, is no zip archive, or is damaged.
    pub fn zip(&self) -> Result<Self> {
        let damaged =
            |what: &str| Error::corrupt(format!("the zip archive {} {what}", self.url())).hint("get it again");
        let size = self.size("").wait()?.ok_or_else(|| damaged("does not exist"))?;
        let read = |range: Range<u64>| -> Result<Bytes> {
            let parts = self.get_ranges("", vec![range]).wait()?;
            parts.and_then(|mut parts| parts.pop()).ok_or_else(|| damaged("has vanished"))
        };
        let archive = directory(self.url(), size, read)?;
        let this = self.clone();
        let target = Arc::new(Target::new(self.url().to_owned(), move || Ok(this.clone())));
        let mut objects = BTreeMap::new();
        for entry in archive.entries().filter(|entry| !entry.name.ends_with('/')) {
            let (name, entry) = (entry.name.replace('\\', "/"), Entry::of(entry));
            if entry.header.saturating_add(HEADER).saturating_add(entry.packed) > size {
                return Err(damaged(&format!("is cut off: `{name}` reaches past its end")));
            }
            objects.insert(name.trim_start_matches('/').to_owned(), Object::Zipped(target.clone(), entry));
        }
        Ok(Self::within(self.url(), Mapped::new(objects, "a zip archive")))
    }
}

impl Entry {
    fn of(entry: &rc_zip::parse::Entry) -> Self {
        let method = match entry.method {
            Method::Store => Packing::None,
            Method::Deflate => Packing::Deflate,
            _ => Packing::Other,
        };
        // Bit 0: encrypted.
        let method = if entry.flags & 1 != 0 { Packing::Other } else { method };
        Self {
            header: entry.header_offset,
            packed: entry.compressed_size,
            size: entry.uncompressed_size,
            method,
            crc: entry.crc32,
        }
    }

    /// Whether the bytes stand there as they are.
    pub(super) fn is_stored(&self) -> bool {
        self.method == Packing::None
    }

    /// Where the bytes start: behind a header of their own.
    pub(super) async fn data_offset<F: Future<Output = Result<Bytes>>>(
        &self,
        read: impl Fn(Range<u64>) -> F,
    ) -> Result<u64> {
        let header = read(self.header..self.header + HEADER).await?;
        if !header.starts_with(b"PK\x03\x04") || header.len() < 30 {
            return Err(Error::corrupt("the zip archive has no entry where its directory says").hint("get it again"));
        }
        Ok(self.header + HEADER + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28)))
    }

    /// All bytes, unpacked, held against their checksum.
    pub(super) async fn read<F: Future<Output = Result<Bytes>>>(
        &self,
        read: impl Fn(Range<u64>) -> F,
    ) -> Result<Bytes> {
        if self.size > MAX_UNPACKED {
            return Err(too_large("an entry of the zip archive", self.size, MAX_UNPACKED));
        }
        // No byte of deflate stands for more than this many.
        if self.size > self.packed.saturating_mul(1032).saturating_add(64) {
            return Err(
                Error::corrupt("an entry of the zip archive promises more bytes than it can hold").hint("get it again")
            );
        }
        let start = self.data_offset(&read).await?;
        let packed = read(start..start + self.packed).await?;
        let damaged = |what: &str| Error::corrupt(format!("an entry of the zip archive {what}")).hint("get it again");
        let plain = match self.method {
            Packing::None => packed,
            Packing::Deflate => {
                let mut plain = vec![0; self.size as usize];
                let n = libdeflater::Decompressor::new()
                    .deflate_decompress(&packed, &mut plain)
                    .map_err(|error| damaged(&format!("cannot be unpacked: {error}")))?;
                plain.truncate(n);
                plain.into()
            }
            Packing::Other => {
                return Err(Error::unsupported(
                    "an entry of the zip archive is encrypted, or packed by another method than deflate",
                )
                .hint("pack it again without compression: `zip -0`"));
            }
        };
        if plain.len() as u64 != self.size || libdeflater::crc32(&plain) != self.crc {
            return Err(damaged("does not have its checksum"));
        }
        Ok(plain)
    }
}

/// The directory of an archive of `size` bytes: its end is read first, then as much of it as there is.
fn directory(url: &str, size: u64, read: impl Fn(Range<u64>) -> Result<Bytes>) -> Result<Archive> {
    let damaged = |why: &dyn std::fmt::Display| {
        Error::corrupt(format!("the directory of the zip archive {url} cannot be understood: {why}"))
            .hint("it is cut off, damaged, or no zip archive")
    };
    let mut parser = ArchiveFsm::new(size);
    // What was read last: the parser asks for little at a time.
    let (mut start, mut known) = (0, Bytes::new());
    let mut n_read = 0;
    loop {
        if let Some(at) = parser.wants_read() {
            let is_known = at >= start && at < start + known.len() as u64;
            if !is_known && at < size {
                // All of a directory that is not in the tail, as a rule.
                let len = if n_read == 0 { size - at } else { READ_AT_ONCE };
                let end = at.saturating_add(len).min(size);
                n_read += end - at;
                if n_read > MAX_DIRECTORY {
                    return Err(damaged(&"it is larger than any"));
                }
                (start, known) = (at, read(at..end)?);
            }
            let from = at.saturating_sub(start).min(known.len() as u64) as usize;
            let space = parser.space();
            let n = space.len().min(known.len() - from);
            space[..n].copy_from_slice(&known[from..from + n]);
            if n == 0 {
                return Err(damaged(&"it ends too soon"));
            }
            parser.fill(n);
        }
        match guarded(url, || parser.process().map_err(|error| damaged(&error)))? {
            FsmResult::Continue(next) => parser = next,
            FsmResult::Done(archive) => return Ok(archive),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}
