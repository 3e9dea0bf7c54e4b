//! Zip archives, read in place: the directory at the end is read once, entries are ranges of the file.
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use terracube_cube::{Error, Result};

use super::mapped::{Mapped, Object, Target};
use super::{Store, too_large};

/// The end of the directory lies within this many bytes of the end of the file.
const TAIL: u64 = 66 << 10;
/// A directory larger than this is taken for damage.
const MAX_DIRECTORY: u64 = 512 << 20;
/// No entry grows beyond this when it is unpacked.
const MAX_UNPACKED: u64 = 4 << 30;

/// One file of the archive.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    header: u64,
    name_len: u64,
    packed: u64,
    /// Bytes when unpacked.
    pub size: u64,
    method: u16,
    crc: u32,
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
        let tail_start = size.saturating_sub(TAIL);
        let tail = read(tail_start..size)?;
        let end = (0..tail.len().saturating_sub(21)).rev().find(|&at| tail[at..].starts_with(b"PK\x05\x06"));
        let end = end.ok_or_else(|| damaged("has no directory at its end: it is cut off, or is no zip archive"))?;
        let (mut len, mut start) = (u64::from(u32_at(&tail, end + 12)), u64::from(u32_at(&tail, end + 16)));
        if let Some(locator) = end.checked_sub(20).filter(|&at| tail[at..].starts_with(b"PK\x06\x07")) {
            let at = u64_at(&tail, locator + 8);
            let end64 = at.checked_add(56).filter(|&end| end <= size).ok_or_else(|| damaged("is cut off"))?;
            let record = read(at..end64)?;
            if !record.starts_with(b"PK\x06\x06") {
                return Err(damaged("has no directory where it says"));
            }
            (len, start) = (u64_at(&record, 40), u64_at(&record, 48));
        }
        if len > MAX_DIRECTORY || start.checked_add(len).is_none_or(|end| end > size) {
            return Err(damaged("has a directory that reaches past its end"));
        }
        let directory = if start >= tail_start {
            tail.slice((start - tail_start) as usize..(start + len - tail_start) as usize)
        } else {
            read(start..start + len)?
        };
        let objects = entries(&directory, size).ok_or_else(|| damaged("has a directory that cannot be understood"))?;
        let (url, this) = (self.url().to_owned(), self.clone());
        let target = Target::new(url.clone(), move || Ok(this.clone()));
        Ok(Self::mapped(&url, Mapped::new(objects, vec![target], "a zip archive")))
    }
}

impl Entry {
    /// Whether the bytes stand there as they are.
    pub(super) fn is_stored(&self) -> bool {
        self.method == 0
    }

    /// Where the bytes start: behind a header of their own.
    pub(super) async fn data_offset<F: Future<Output = Result<Bytes>>>(
        &self,
        read: impl Fn(Range<u64>) -> F,
    ) -> Result<u64> {
        let header = read(self.header..self.header + 30).await?;
        if !header.starts_with(b"PK\x03\x04") || header.len() < 30 {
            return Err(Error::corrupt("the zip archive has no entry where its directory says").hint("get it again"));
        }
        Ok(self.header + 30 + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28)))
    }

    /// All bytes, unpacked, held against their checksum.
    pub(super) async fn read<F: Future<Output = Result<Bytes>>>(
        &self,
        read: impl Fn(Range<u64>) -> F,
    ) -> Result<Bytes> {
        if self.size > MAX_UNPACKED {
            return Err(too_large("an entry of the zip archive", self.size, MAX_UNPACKED));
        }
        let start = self.data_offset(&read).await?;
        let packed = read(start..start + self.packed).await?;
        let damaged = |what: &str| Error::corrupt(format!("an entry of the zip archive {what}")).hint("get it again");
        let plain = match self.method {
            0 => packed,
            8 => {
                let mut plain = vec![0; self.size as usize];
                let n = libdeflater::Decompressor::new()
                    .deflate_decompress(&packed, &mut plain)
                    .map_err(|error| damaged(&format!("cannot be unpacked: {error}")))?;
                plain.truncate(n);
                plain.into()
            }
            method => {
                return Err(Error::unsupported(format!("an entry of the zip archive is packed by method {method}"))
                    .hint("pack it again without compression: `zip -0`"));
            }
        };
        if plain.len() as u64 != self.size || libdeflater::crc32(&plain) != self.crc {
            return Err(damaged("does not have its checksum"));
        }
        Ok(plain)
    }
}

/// The files that a directory lists; `None` if it is damaged.
fn entries(directory: &[u8], size: u64) -> Option<BTreeMap<String, Object>> {
    let mut objects = BTreeMap::new();
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let fixed = rest.get(..46)?;
        let lengths = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at)));
        let name = rest.get(46..46 + lengths[0])?;
        let mut extra = rest.get(46 + lengths[0]..46 + lengths[0] + lengths[1])?;
        rest = rest.get(46 + lengths.iter().sum::<usize>()..)?;
        let mut entry = Entry {
            header: u32_at(fixed, 42).into(),
            name_len: lengths[0] as u64,
            packed: u32_at(fixed, 20).into(),
            size: u32_at(fixed, 24).into(),
            method: u16_at(fixed, 10),
            crc: u32_at(fixed, 16),
        };
        // Numbers that do not fit 32 bits stand in a field of their own, in this order.
        while extra.len() >= 4 {
            let len = usize::from(u16_at(extra, 2));
            let mut field = extra.get(4..4 + len)?;
            if u16_at(extra, 0) == 1 {
                for slot in [&mut entry.size, &mut entry.packed, &mut entry.header] {
                    if *slot == u64::from(u32::MAX) {
                        *slot = u64_at(field.get(..8)?, 0);
                        field = &field[8..];
                    }
                }
            }
            extra = &extra[4 + len..];
        }
        let end = entry.header.checked_add(30 + entry.name_len)?.checked_add(entry.packed)?;
        let name = String::from_utf8_lossy(name).replace('\\', "/");
        if end > size || u16_at(fixed, 8) & 1 != 0 {
            return None;
        }
        if !name.ends_with('/') {
            objects.insert(name.trim_start_matches('/').to_owned(), Object::Zipped(entry));
        }
    }
    Some(objects)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
