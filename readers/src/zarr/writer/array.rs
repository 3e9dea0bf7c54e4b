//! An array to write, and the lengths of its chunks and shards.
use serde_json::{Map, Value};
use terracube_cube::{DType, EncodingFields, Error, Result};

/// An array to write. Times are written as CF does: integers with `units` and `calendar`.
#[derive(Debug, Clone)]
pub struct ArrayToWrite {
    pub(super) name: String,
    pub(super) dims: Vec<String>,
    pub(super) shape: Vec<u64>,
    pub(super) dtype: DType,
    pub(super) chunks: Option<Vec<u64>>,
    pub(super) shards: Option<Vec<u64>>,
    pub(super) attributes: Map<String, Value>,
    pub(super) encoding: EncodingFields,
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
            shards: None,
            attributes: Map::new(),
            encoding: EncodingFields::default(),
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
        self.encoding.units = Some(units.into());
        self
    }

    /// How values are stored: dtype, scale, offset, fill value, time units. Chunks and codecs are passed over.
    #[must_use]
    pub fn encoding(mut self, encoding: EncodingFields) -> Self {
        self.encoding = encoding;
        self
    }

    /// The lengths of its shards, each a multiple of the chunk's (Zarr version 3).
    #[must_use]
    pub fn shards(mut self, shards: impl Into<Vec<u64>>) -> Self {
        self.shards = Some(shards.into());
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

/// The lengths of shards: those that are named, one chunk along other dimensions; `None` if none is named.
pub(super) fn default_shards(
    name: &str,
    dims: &[&str],
    chunks: &[u64],
    named: &[(String, u64)],
) -> Result<Option<Vec<u64>>> {
    let mut shards = chunks.to_vec();
    let mut is_sharded = false;
    for (axis, dim) in dims.iter().enumerate() {
        let Some((_, len)) = named.iter().find(|(named, _)| named == dim) else { continue };
        if *len == 0 || len % chunks[axis] != 0 {
            // A short axis has short chunks: one shard then holds them all.
            if *len > chunks[axis] && dims.len() == 1 {
                shards[axis] = len / chunks[axis] * chunks[axis];
                is_sharded = true;
                continue;
            }
            return Err(Error::invalid(format!(
                "shards of `{name}` would be {len} long along `{dim}`, which is no multiple of its chunks of {}",
                chunks[axis]
            ))
            .hint("give chunks and shards that divide"));
        }
        shards[axis] = *len;
        is_sharded = true;
    }
    Ok(is_sharded.then_some(shards))
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
