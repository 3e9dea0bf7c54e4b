//! Strings of variable length: references into heaps all over the file, read whole within a size limit.
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use terracube_cube::base::{Block, ChunkGrid, DType, Region};
use terracube_cube::source::{Encoded, Fetch, Source, SourceSpec};
use terracube_cube::{Error, Result};

use super::super::guard::guarded;
use super::Hdf5;
use super::heap::{Heaps, reference_size};
use super::objects::Stored;

/// More strings than this in one variable are refused.
const MAX_STRINGS: u64 = 20_000_000;
/// The engine reserves this many bytes per string.
const BYTES_PER_STRING: u64 = 256;

/// A variable of strings, read as one chunk.
pub(super) struct HeapText {
    hdf: Arc<Hdf5>,
    path: String,
    stored_shape: Vec<u64>,
    shape: Vec<u64>,
    grid: ChunkGrid,
}

impl HeapText {
    pub(super) fn new(hdf: Arc<Hdf5>, path: &str, stored: &Stored, shape: &[u64]) -> Result<Self> {
        let n = Region::whole(shape).size();
        if n > MAX_STRINGS {
            return Err(Error::unsupported(format!("it holds {n} strings; at most {MAX_STRINGS} are read")));
        }
        let grid = ChunkGrid::single(shape);
        Ok(Self { hdf, path: path.to_owned(), stored_shape: stored.shape.clone(), shape: shape.to_vec(), grid })
    }
}

impl fmt::Debug for HeapText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeapText({} in {})", self.path, self.hdf.bytes.name())
    }
}

impl Source for HeapText {
    fn spec(&self) -> Option<SourceSpec> {
        Some(SourceSpec { reader: "netcdf".into(), url: self.hdf.bytes.name().into(), variable: self.path.clone() })
    }

    fn dtype(&self) -> DType {
        DType::Utf8
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn encoded_bound(&self, region: &Region) -> u64 {
        region.size().saturating_mul(BYTES_PER_STRING).max(1 << 16)
    }

    fn fetch(&self, region: &Region) -> Fetch {
        let (hdf, path, shape, stored) =
            (self.hdf.clone(), self.path.clone(), self.shape.clone(), self.stored_shape.clone());
        let region = region.clone();
        let read = move || {
            let block = read(&hdf, &path, &stored, &shape)?;
            pack(&block.region(&region)?)
        };
        if !self.hdf.bytes.is_remote() {
            return Fetch::Blocking(Box::new(read));
        }
        Fetch::Pending(crate::runtime::spawn(async move {
            tokio::task::spawn_blocking(read)
                .await
                .unwrap_or_else(|_| Err(Error::internal("a read of strings ended early")))
        }))
    }

    fn decode(&self, encoded: Encoded, region: &Region) -> Result<Block> {
        let mut pieces = encoded.pieces.into_iter().flatten();
        let (Some(ends), Some(text)) = (pieces.next(), pieces.next()) else {
            return Err(Error::internal("strings without their lengths"));
        };
        let mut start = 0;
        let mut strings = Vec::with_capacity(ends.len() / 8);
        for end in ends.as_chunks::<8>().0 {
            let end = u64::from_le_bytes(*end) as usize;
            let string = text.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
            strings.push(string.ok_or_else(|| Error::internal("strings whose lengths do not fit"))?);
            start = end;
        }
        Block::from_strings(&region.extents(), strings)
    }
}

/// All strings of the variable, padded with empty ones where a dimension has grown past what is stored.
fn read(hdf: &Hdf5, path: &str, stored: &[u64], shape: &[u64]) -> Result<Block> {
    let place = || format!("variable `{path}` of {}", hdf.bytes.name());
    let strings = guarded(hdf.bytes.name(), || {
        let dataset = hdf.file.dataset(path).map_err(|error| hdf.corrupt(error))?;
        let references = dataset.read_raw_bytes().map_err(|error| hdf.corrupt(error))?;
        let heaps = Heaps::new(hdf);
        let references = references.chunks_exact(reference_size(hdf));
        references.map(|reference| heaps.text(reference)).collect::<Result<Vec<String>>>()
    })
    .map_err(|error| error.context(place()))?;
    let extents: Vec<usize> = stored.iter().map(|&n| n as usize).collect();
    let mut block = Block::from_strings(&extents, strings)?;
    for (axis, (&stored, &len)) in stored.iter().zip(shape).enumerate() {
        if len > stored {
            let positions: Vec<i64> = (0..len as i64).map(|i| if (i as u64) < stored { i } else { -1 }).collect();
            block = block.take(axis, &positions)?;
        }
    }
    Ok(block)
}

fn pack(block: &Block) -> Result<Encoded> {
    let strings = block.text().ok_or_else(|| Error::internal("strings expected"))?;
    let (mut ends, mut text) = (Vec::with_capacity(block.len() * 8), Vec::new());
    for string in strings.iter().flatten() {
        text.extend_from_slice(string.as_bytes());
        ends.extend_from_slice(&(text.len() as u64).to_le_bytes());
    }
    Ok(Encoded { pieces: vec![Some(Bytes::from(ends)), Some(Bytes::from(text))] })
}
