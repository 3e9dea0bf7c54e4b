//! Disk for what does not fit memory: one nameless file a run, a quota shared by all runs.
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arrow_buffer::{Buffer, MutableBuffer};

use super::amount::{Amount, parse};
use crate::base::{Block, BlockData, DType, Error, ErrorKind, Result};
use crate::physical::size;

/// The environment variables that set quota and folder.
const VARIABLE: &str = "TERRACUBE_SPILL";
const FOLDER_VARIABLE: &str = "TERRACUBE_SPILL_DIR";

/// Disk that all running computations may use together for what does not fit the memory budget. Cheap to clone: clones share
/// the same bytes. Files have no name: they are gone when their run ends, and after a crash too.
#[derive(Clone)]
pub struct SpillSpace(Arc<Space>);

struct Space {
    folder: PathBuf,
    limit: u64,
    held: Mutex<u64>,
}

impl SpillSpace {
    /// Up to `limit` bytes in files in `folder`; a limit of 0 forbids spilling.
    ///
    /// ```
    /// use terracube_cube::SpillSpace;
    /// let space = SpillSpace::new(std::env::temp_dir(), 1 << 20);
    /// assert_eq!((space.limit(), space.held()), (1 << 20, 0));
    /// ```
    pub fn new(folder: impl Into<PathBuf>, limit: u64) -> Self {
        Self(Arc::new(Space { folder: folder.into(), limit, held: Mutex::new(0) }))
    }

    /// What `TERRACUBE_SPILL` ("20GB", "50%" of what is free, "0" for none) and `TERRACUBE_SPILL_DIR` say, or else half of what is
    /// free where temporary files go.
    ///
    /// ```
    /// use terracube_cube::SpillSpace;
    /// assert_eq!(SpillSpace::from_environment()?.held(), 0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `TERRACUBE_SPILL` is no amount.
    pub fn from_environment() -> Result<Self> {
        let folder = std::env::var_os(FOLDER_VARIABLE).map_or_else(std::env::temp_dir, PathBuf::from);
        let free = rustix::fs::statvfs(&folder).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        let limit = match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => match parse(VARIABLE, &text)? {
                Amount::Bytes(bytes) => bytes,
                Amount::Share(share) => (free as f64 * share) as u64,
            },
            _ => free / 2,
        };
        Ok(Self::new(folder, limit))
    }

    /// The quota in bytes.
    ///
    /// ```
    /// use terracube_cube::SpillSpace;
    /// assert_eq!(SpillSpace::new(std::env::temp_dir(), 0).limit(), 0);
    /// ```
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes in use.
    ///
    /// ```
    /// use terracube_cube::SpillSpace;
    /// assert_eq!(SpillSpace::new(std::env::temp_dir(), 1 << 20).held(), 0);
    /// ```
    pub fn held(&self) -> u64 {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: u64) -> Result<()> {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.saturating_add(bytes) > self.0.limit {
            let message = format!(
                "{} more on disk are needed for what does not fit memory; {} of {} are in use",
                size(bytes),
                size(*held),
                size(self.0.limit)
            );
            return Err(Error::new(ErrorKind::OverBudget, message).hint(format!(
                "raise {VARIABLE}, point {FOLDER_VARIABLE} to a larger disk, or raise the memory budget"
            )));
        }
        *held += bytes;
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
    }
}

impl fmt::Debug for SpillSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpillSpace({} of {} bytes in {})", self.held(), self.limit(), self.0.folder.display())
    }
}

/// The file of one run; made when the first block comes.
pub(super) struct SpillFile {
    space: SpillSpace,
    file: OnceLock<File>,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    end: u64,
    /// Places that are free again, by length.
    free: HashMap<u64, Vec<u64>>,
    written: u64,
}

/// Blocks on disk.
#[derive(Debug)]
pub(super) struct Spilled {
    offset: u64,
    len: u64,
    blocks: Vec<(DType, Vec<usize>)>,
}

impl SpillFile {
    pub fn new(space: SpillSpace) -> Self {
        Self { space, file: OnceLock::new(), places: Mutex::default() }
    }

    /// Bytes that were written, all together.
    pub fn written(&self) -> u64 {
        self.places().written
    }

    /// Writes blocks of fixed item size.
    pub fn write(&self, blocks: &[Block]) -> Result<Spilled> {
        let len = blocks.iter().map(|block| n_bytes(block.dtype(), block.shape())).sum();
        let offset = self.place(len)?;
        let file = self.file()?;
        let mut at = offset;
        for block in blocks {
            let block = block.contiguous()?;
            let BlockData::Fixed { buffer, offset: first, .. } = block.data() else {
                return Err(Error::internal("strings cannot be spilled"));
            };
            let (start, len) =
                (first.unsigned_abs() * block.dtype().item_size(), n_bytes(block.dtype(), block.shape()));
            let bytes = &buffer.as_slice()[start..start + len as usize];
            file.write_all_at(bytes, at).map_err(|error| self.failed("written", &error))?;
            at += len;
        }
        self.places().written += len;
        Ok(Spilled { offset, len, blocks: blocks.iter().map(|b| (b.dtype(), b.shape().to_vec())).collect() })
    }

    /// Reads blocks back; their place is free from then on.
    pub fn read(&self, spilled: Spilled) -> Result<Vec<Block>> {
        let file = self.file()?;
        let mut at = spilled.offset;
        let mut blocks = Vec::with_capacity(spilled.blocks.len());
        for (dtype, shape) in &spilled.blocks {
            let len = n_bytes(*dtype, shape);
            let mut buffer = MutableBuffer::from_len_zeroed(len as usize);
            file.read_exact_at(buffer.as_slice_mut(), at).map_err(|error| self.failed("read", &error))?;
            blocks.push(Block::from_buffer(*dtype, shape, Buffer::from(buffer))?);
            at += len;
        }
        self.places().free.entry(spilled.len).or_default().push(spilled.offset);
        Ok(blocks)
    }

    fn place(&self, len: u64) -> Result<u64> {
        let mut places = self.places();
        if let Some(offset) = places.free.get_mut(&len).and_then(Vec::pop) {
            return Ok(offset);
        }
        self.space.take(len)?;
        let offset = places.end;
        places.end += len;
        Ok(offset)
    }

    fn file(&self) -> Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let made = tempfile::tempfile_in(&self.space.0.folder).map_err(|error| self.failed("made", &error))?;
        Ok(self.file.get_or_init(|| made))
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::io(format!("a spill file in {} could not be {what}: {error}", self.space.0.folder.display()))
            .hint(format!("set {FOLDER_VARIABLE} to a folder on a disk with room, or {VARIABLE}=0 to forbid spilling"))
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        let end = self.places().end;
        self.space.give_back(end);
    }
}

fn n_bytes(dtype: DType, shape: &[usize]) -> u64 {
    shape.iter().fold(dtype.item_size() as u64, |n, &len| n.saturating_mul(len as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_places_are_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let space = SpillSpace::new(folder.path(), 1000);
        let file = SpillFile::new(space.clone());
        let blocks =
            [Block::new(&[3], vec![1.5f64, -2.0, f64::NAN]).unwrap(), Block::new(&[3], vec![1u32, 2, 3]).unwrap()];
        let first = file.write(&blocks).unwrap();
        let second = file.write(&blocks).unwrap();
        assert_eq!(space.held(), 72);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        let got = file.read(first).unwrap();
        assert_eq!(got[1].values::<u32>().unwrap(), [1, 2, 3]);
        assert_eq!(got[0].values::<f64>().unwrap()[1], -2.0);
        let again = file.write(&got).unwrap();
        assert_eq!((space.held(), file.written()), (72, 108));
        assert_eq!(file.read(again).unwrap().len() + file.read(second).unwrap().len(), 4);
        drop(file);
        assert_eq!(space.held(), 0);
    }

    #[test]
    fn more_than_the_quota_is_refused_with_numbers() {
        let space = SpillSpace::new(std::env::temp_dir(), 1 << 20);
        let file = SpillFile::new(space.clone());
        let error = file.write(&[Block::new(&[1 << 18], vec![0.0f64; 1 << 18]).unwrap()]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OverBudget);
        let text = error.to_string();
        assert!(text.contains("2.0 MiB") && text.contains("1.0 MiB") && text.contains("TERRACUBE_SPILL"), "{text}");
        assert_eq!(space.held(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let file = SpillFile::new(SpillSpace::new("/nowhere/at/all", 1 << 20));
        let error = file.write(&[Block::scalar(1.0f64)]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
