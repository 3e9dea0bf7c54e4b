//! What to write and how.
use serde_json::{Map, Value, json};
use terracube_cube::DType;

/// How a store is written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub(super) overwrite: bool,
    pub(super) compression: Vec<Value>,
    pub(super) chunks: Vec<(String, u64)>,
}

impl Default for WriteOptions {
    /// Refuses to overwrite; compresses with zstd at level 3, as zarr-python does.
    fn default() -> Self {
        Self { overwrite: false, compression: zstd(3), chunks: Vec::new() }
    }
}

impl WriteOptions {
    /// Replaces the Zarr store that is there, once the new one is complete. Anything else that is there is still refused.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// The lengths of chunks along dimensions, by name; dimensions that are not named get their default. Dimensions that an array lacks
    /// are passed over.
    #[must_use]
    pub fn chunks<S: AsRef<str>>(mut self, lengths: impl IntoIterator<Item = (S, u64)>) -> Self {
        self.chunks = lengths.into_iter().map(|(dim, len)| (dim.as_ref().to_owned(), len)).collect();
        self
    }

    /// Compresses with zstd at a level from -7 (fast) to 22 (small).
    #[must_use]
    pub fn zstd_level(mut self, level: i32) -> Self {
        self.compression = zstd(level.clamp(-7, 22));
        self
    }

    /// Does not compress.
    #[must_use]
    pub fn uncompressed(mut self) -> Self {
        self.compression.clear();
        self
    }

    /// The bytes-to-bytes codecs as Zarr version 3 writes them: `[{"name": "gzip", "configuration": {"level": 5}}]`.
    #[must_use]
    pub fn compression(mut self, codecs: Vec<Value>) -> Self {
        self.compression = codecs;
        self
    }
}

/// An array to write. Times are written as CF does: integers with `units` and `calendar`.
#[derive(Debug, Clone)]
pub struct ArrayToWrite {
    pub(super) name: String,
    pub(super) dims: Vec<String>,
    pub(super) shape: Vec<u64>,
    pub(super) dtype: DType,
    pub(super) chunks: Option<Vec<u64>>,
    pub(super) attributes: Map<String, Value>,
    pub(super) time_units: Option<String>,
}

/// The size in memory that chunks have where none is said, in bytes.
const CHUNK_BYTES: u64 = 100 << 20;

impl ArrayToWrite {
    /// An array with one dimension name and one length per axis, of the dtype that its blocks will have.
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        dims: impl IntoIterator<Item = S>,
        shape: impl Into<Vec<u64>>,
        dtype: DType,
    ) -> Self {
        Self {
            name: name.into(),
            dims: dims.into_iter().map(Into::into).collect(),
            shape: shape.into(),
            dtype,
            chunks: None,
            attributes: Map::new(),
            time_units: None,
        }
    }

    /// The lengths of its chunks; else about 100 MB in memory.
    #[must_use]
    pub fn chunks(mut self, chunks: impl Into<Vec<u64>>) -> Self {
        self.chunks = Some(chunks.into());
        self
    }

    /// All its attributes, in order.
    #[must_use]
    pub fn attributes(mut self, attributes: Map<String, Value>) -> Self {
        self.attributes = attributes;
        self
    }

    /// One more attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// The CF units of times ("hours since 1900-01-01"), in which every time must be a whole number; else that of the dtype since 1970.
    #[must_use]
    pub fn time_units(mut self, units: impl Into<String>) -> Self {
        self.time_units = Some(units.into());
        self
    }

    /// The lengths of the chunks, at least 1 each.
    pub(super) fn chunk_shape(&self) -> Vec<u64> {
        match &self.chunks {
            Some(chunks) => chunks.clone(),
            None => default_chunks(&self.shape, &vec![1; self.shape.len()], self.dtype),
        }
    }
}

/// Chunks of about 100 MB in memory made of whole chunks of `source`: the later axes are taken whole first, as they lie in memory.
pub fn default_chunks(shape: &[u64], source: &[u64], dtype: DType) -> Vec<u64> {
    let mut chunks: Vec<u64> = shape.iter().zip(source).map(|(&len, &chunk)| chunk.min(len).max(1)).collect();
    let size = |chunks: &[u64]| chunks.iter().fold(dtype.item_size() as u64, |n, &len| n.saturating_mul(len));
    for axis in (0..shape.len()).rev() {
        let times = (CHUNK_BYTES / size(&chunks).max(1)).max(1);
        chunks[axis] = chunks[axis].saturating_mul(times).min(shape[axis].max(1));
    }
    for axis in 0..shape.len() {
        let too_large = size(&chunks).div_ceil(CHUNK_BYTES);
        chunks[axis] = chunks[axis].div_ceil(too_large).max(1);
    }
    chunks
}

fn zstd(level: i32) -> Vec<Value> {
    vec![json!({"name": "zstd", "configuration": {"level": level, "checksum": false}})]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_chunks_are_whole_chunks_of_the_source() {
        let rows: &[(&[u64], &[u64], &[u64])] = &[
            (&[10], &[1], &[10]),
            (&[], &[], &[]),
            (&[1460, 721, 1440], &[1, 721, 1440], &[25, 721, 1440]),
            (&[0, 5], &[1, 1], &[1, 5]),
            (&[100_000, 100_000], &[100_000, 10], &[100_000, 260]),
            (&[10_000, 10_000], &[10_000, 10_000], &[2500, 10_000]),
        ];
        for (shape, source, expected) in rows {
            assert_eq!(default_chunks(shape, source, DType::F32), *expected, "{shape:?}");
        }
    }
}
