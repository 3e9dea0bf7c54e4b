//! Headers of remote files, kept on disk: what was read to open a file need not be fetched to open it again.
//!
//! An entry belongs to one state of a file: its URL, its size, and what the server says of its version (ETag, or time of change). A file
//! without such a word is not kept. Entries are written whole beside their place and renamed, carry a checksum, and are left out of account
//! when it does not fit. The oldest go when all together are more than [`MAX_TOTAL`].
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Bytes kept of one file.
const MAX_ENTRY: usize = 32 << 20;
/// Bytes kept in all.
const MAX_TOTAL: u64 = 512 << 20;
const MAGIC: &[u8] = b"terracube headers 1\n";

/// What is kept of one file.
#[derive(Debug)]
pub(super) struct HeaderCache {
    path: PathBuf,
    identity: Value,
    pieces: Mutex<Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    by_start: BTreeMap<u64, Bytes>,
    n_bytes: usize,
    is_new: bool,
}

impl HeaderCache {
    /// What is kept in `directory` of the file at `url`, in the state that `version` names.
    pub(super) fn open(directory: &Path, url: &str, version: &str, len: u64) -> Arc<Self> {
        let identity = json!({"url": url, "version": version, "len": len});
        let name: String =
            Sha256::digest(identity.to_string().as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = directory.join(format!("{name}.headers"));
        let pieces = fs::read(&path).ok().and_then(|bytes| parse(bytes.into(), &identity)).unwrap_or_default();
        Arc::new(Self { path, identity, pieces: Mutex::new(pieces) })
    }

    /// A range, if all of it is kept.
    pub(super) fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        let pieces = self.lock();
        let (start, bytes) = pieces.by_start.range(..=range.start).next_back()?;
        let from = usize::try_from(range.start - start).ok()?;
        let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
        (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
    }

    /// Keeps what was read from `start` on.
    pub(super) fn put(&self, start: u64, bytes: &Bytes) {
        let mut pieces = self.lock();
        if pieces.n_bytes + bytes.len() > MAX_ENTRY {
            return;
        }
        let known = pieces.by_start.get(&start).map_or(0, Bytes::len);
        if known < bytes.len() {
            pieces.by_start.insert(start, bytes.clone());
            pieces.n_bytes += bytes.len() - known;
            pieces.is_new = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is new, whole or not at all.
    fn write(&self) -> std::io::Result<()> {
        let pieces = self.lock();
        let mut body = Vec::with_capacity(pieces.n_bytes + 4096);
        let places: Vec<(u64, usize)> = pieces.by_start.iter().map(|(start, bytes)| (*start, bytes.len())).collect();
        let head = json!({"file": self.identity, "pieces": places}).to_string();
        body.extend_from_slice(&(head.len() as u64).to_le_bytes());
        body.extend_from_slice(head.as_bytes());
        pieces.by_start.values().for_each(|bytes| body.extend_from_slice(bytes));
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        make_room(directory, body.len() as u64)?;
        let file = tempfile::NamedTempFile::new_in(directory)?;
        fs::write(file.path(), [MAGIC, &Sha256::digest(&body)[..], &body].concat())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Drop for HeaderCache {
    /// The file was opened and is let go. That it cannot be kept harms nobody.
    fn drop(&mut self) {
        if self.lock().is_new
            && let Err(error) = self.write()
        {
            tracing::debug!(path = %self.path.display(), %error, "headers are not kept");
        }
    }
}

/// The pieces of an entry that is whole and belongs to this file.
fn parse(bytes: Bytes, identity: &Value) -> Option<Pieces> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, body) = rest.split_at_checked(32)?;
    if Sha256::digest(body)[..] != *sum {
        return None;
    }
    let (len, rest) = body.split_at_checked(8)?;
    let len = usize::try_from(u64::from_le_bytes(len.try_into().ok()?)).ok()?;
    let (head, _) = rest.split_at_checked(len)?;
    let head: Value = serde_json::from_slice(head).ok()?;
    if head["file"] != *identity {
        return None;
    }
    let mut at = bytes.len() - rest.len() + len;
    let mut pieces = Pieces::default();
    for piece in head["pieces"].as_array()? {
        let (start, len) = (piece[0].as_u64()?, usize::try_from(piece[1].as_u64()?).ok()?);
        let end = at.checked_add(len).filter(|&end| end <= bytes.len())?;
        pieces.by_start.insert(start, bytes.slice(at..end));
        pieces.n_bytes += len;
        at = end;
    }
    Some(pieces)
}

/// Removes the oldest entries until `n_bytes` more fit.
fn make_room(directory: &Path, n_bytes: u64) -> std::io::Result<()> {
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(directory)?
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "headers"))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    let mut total = n_bytes + entries.iter().map(|(_, len, _)| len).sum::<u64>();
    entries.sort();
    for (_, len, path) in entries {
        if total <= MAX_TOTAL {
            break;
        }
        // Another process may have been faster.
        if fs::remove_file(path).is_ok() {
            total -= len;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_there_again_for_the_same_file_only() {
        let directory = tempfile::tempdir().unwrap();
        let open = |version: &str| HeaderCache::open(directory.path(), "http://h/a.nc", version, 100);
        let first = open("\"1\"");
        first.put(10, &Bytes::from("0123456789"));
        assert_eq!(first.get(&(12..15)).unwrap(), "234");
        assert_eq!(first.get(&(5..12)), None);
        drop(first);
        assert_eq!(open("\"1\"").get(&(10..20)).unwrap(), "0123456789");
        assert_eq!(open("\"2\"").get(&(10..20)), None);
    }

    #[test]
    fn a_damaged_entry_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let open = || HeaderCache::open(directory.path(), "http://h/a.nc", "1", 100);
        open().put(0, &Bytes::from("0123456789"));
        let path = open().path.clone();
        let whole = fs::read(&path).unwrap();
        for at in [0, 25, 60, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert_eq!(open().get(&(0..10)), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(open().get(&(0..10)), None, "cut at {at}");
        }
    }

    #[test]
    fn old_entries_make_room() {
        let directory = tempfile::tempdir().unwrap();
        for (i, name) in ["a", "b"].iter().enumerate() {
            let path = directory.path().join(format!("{name}.headers"));
            let file = fs::File::create(&path).unwrap();
            file.set_len(MAX_TOTAL / 2).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(i as u64 + 1)).unwrap();
        }
        make_room(directory.path(), 1000).unwrap();
        assert!(!directory.path().join("a.headers").exists() && directory.path().join("b.headers").exists());
    }
}
