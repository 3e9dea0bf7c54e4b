//! From blocks to the bytes of chunks.
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use terracube_cube::base::BlockData;
use terracube_cube::data::Attributes;
use terracube_cube::{Block, DType, Error, Result};
use zarrs::array::{Array, ArrayBytes, ArrayBytesOffsets, ArrayMetadata, ArrayToBytesCodecTraits as _, CodecOptions};

use super::ArrayToWrite;
use super::metadata::{Node, fill_json, v3_attributes};
use crate::cf::encode::Packer;
use crate::write::{WriteOptions, ZarrVersion};
use crate::zarr::decoder::guarded;

/// Turns blocks of one array into encoded chunks.
pub(super) struct Encoder {
    array: Array<()>,
    document: Value,
    attributes: Map<String, Value>,
    version: ZarrVersion,
    packer: Packer,
    /// The lengths of a chunk, or of a shard.
    chunk: Vec<usize>,
    /// Whether a chunk that is not there reads as the fill value.
    has_fill: bool,
    /// Whether the array is there, so that its attributes are not ours to change.
    is_there: bool,
}

impl Encoder {
    /// Checks that everything fits together.
    pub fn new(array: ArrayToWrite, options: &WriteOptions) -> Result<Self> {
        let rank = array.shape.len();
        let chunks = array.chunk_shape();
        if array.dims.len() != rank || chunks.len() != rank {
            return Err(Error::invalid(format!(
                "{} dimensions and {} chunk lengths for {rank} axes",
                array.dims.len(),
                chunks.len()
            )));
        }
        if chunks.contains(&0) {
            return Err(Error::invalid("a chunk of length 0").hint("chunks have at least one position on each axis"));
        }
        let packer = Packer::new(array.dtype, &array.encoding)?;
        let document = match options.version {
            ZarrVersion::V3 => v3_document(&array, &chunks, &packer, options)?,
            ZarrVersion::V2 => v2_document(&array, &chunks, &packer, options)?,
        };
        let mut attributes = array.attributes;
        if options.version == ZarrVersion::V2 {
            attributes.insert("_ARRAY_DIMENSIONS".into(), array.dims.into());
        }
        let outer = array.shards.unwrap_or(chunks);
        Self::of_document(document, attributes, options.version, packer, outer, false)
    }

    /// For an array that is there.
    pub fn existing(document: Value, version: ZarrVersion, packer: Packer, chunks: Vec<u64>) -> Result<Self> {
        Self::of_document(document, Map::new(), version, packer, chunks, true)
    }

    fn of_document(
        document: Value,
        attributes: Map<String, Value>,
        version: ZarrVersion,
        packer: Packer,
        chunks: Vec<u64>,
        is_there: bool,
    ) -> Result<Self> {
        let array = guarded(|| {
            let unusable = |error: &dyn std::fmt::Display| Error::invalid(format!("it cannot be written so: {error}"));
            let parsed = match version {
                ZarrVersion::V3 => serde_json::from_value(document.clone()).map(ArrayMetadata::V3),
                ZarrVersion::V2 => serde_json::from_value(document.clone()).map(ArrayMetadata::V2),
            };
            let parsed = parsed.map_err(|error| unusable(&error))?;
            Array::<()>::new_with_metadata(Arc::new(()), "/", parsed).map_err(|error| unusable(&error))
        })?;
        let has_fill = !document["fill_value"].is_null();
        let chunk = chunks.iter().map(|&n| n as usize).collect();
        Ok(Self { array, document, attributes, version, packer, chunk, has_fill, is_there })
    }

    /// The dtype of the blocks that it takes.
    pub fn takes(&self) -> DType {
        self.packer.takes()
    }

    /// The lengths of the boxes that are written at once: chunks, or shards.
    pub fn chunk_shape(&self) -> Vec<u64> {
        self.chunk.iter().map(|&n| n as u64).collect()
    }

    /// The key of a chunk within its array.
    pub fn key(&self, chunk: &[u64]) -> String {
        self.array.chunk_key(chunk).as_str().to_owned()
    }

    /// A block as it is stored, before codecs.
    pub fn pack(&self, block: &Block) -> Result<Block> {
        self.packer.pack(block)
    }

    /// What describes the array, once all blocks were encoded.
    ///
    /// # Errors
    /// If a time was missing and the array, which is there, has nothing for that.
    pub fn node(&self) -> Result<Node> {
        let (mut document, mut attributes) = (self.document.clone(), self.attributes.clone());
        let mut of_packing: Attributes = self.packer.attributes();
        let has_late_fill = self.packer.fill().is_none() && of_packing.get("_FillValue").is_some();
        if self.is_there {
            if has_late_fill {
                return Err(Error::invalid("a time is missing, but the store has no fill value for missing times")
                    .hint("fill the gaps, or write the store anew"));
            }
            return Ok(Node { document, attributes });
        }
        match self.version {
            ZarrVersion::V3 => attributes.extend(v3_attributes(&of_packing)),
            ZarrVersion::V2 => {
                if let Some(fill) = of_packing.remove("_FillValue") {
                    document["fill_value"] = fill_json(&fill);
                }
                attributes.extend(of_packing.iter().map(|(name, value)| (name.to_owned(), value.to_json())));
            }
        }
        Ok(Node { document, attributes })
    }

    /// The bytes of a chunk of stored values, padded if the block is one at the edge; `None` if all of it is the fill value and it `may`
    /// be left out.
    pub fn encode(&self, block: &Block, may: bool) -> Result<Option<Vec<u8>>> {
        if block.dtype() != self.packer.stored() {
            return Err(Error::internal(format!("{} stored as {}", block.dtype(), self.packer.stored())));
        }
        let block = block.contiguous()?;
        let values = match block.data() {
            BlockData::Text(_) => match self.texts(&block, may) {
                Some(values) => values?,
                None => return Ok(None),
            },
            BlockData::Fixed { buffer, offset, .. } => {
                let size = block.dtype().item_size();
                let start = *offset as usize * size;
                let raw = &buffer.as_slice()[start..start + block.len() * size];
                let fill = self.array.fill_value();
                if may && self.has_fill && fill.equals_all(raw) {
                    return Ok(None);
                }
                if block.shape() == self.chunk {
                    ArrayBytes::new_flen(raw)
                } else {
                    ArrayBytes::new_flen(self.padded(raw, block.shape(), fill.as_ne_bytes()))
                }
            }
        };
        let shape: Vec<NonZeroU64> = self.chunk.iter().filter_map(|&n| NonZeroU64::new(n as u64)).collect();
        let options = CodecOptions::default().with_concurrent_target(1);
        guarded(|| {
            self.array
                .codecs()
                .encode(values, &shape, self.array.data_type(), self.array.fill_value(), &options)
                .map(|bytes| Some(bytes.into_owned()))
                .map_err(|error| Error::internal(format!("the chunk cannot be encoded: {error}")))
        })
    }

    /// The strings of a whole chunk; `None` if all are empty and it `may` be left out.
    fn texts(&self, block: &Block, may: bool) -> Option<Result<ArrayBytes<'static>>> {
        let texts = block.text()?;
        if may && self.document["fill_value"] == "" && texts.iter().flatten().all(str::is_empty) {
            return None;
        }
        let mut whole = vec![""; self.chunk.iter().product()];
        each_row(block.shape(), &self.chunk, |from, to, len| {
            for i in 0..len {
                whole[to + i] = texts.value(from + i);
            }
        });
        let mut offsets = Vec::with_capacity(whole.len() + 1);
        offsets.push(0);
        let mut bytes = Vec::new();
        for text in whole {
            bytes.extend_from_slice(text.as_bytes());
            offsets.push(bytes.len());
        }
        let broken = |error: &dyn std::fmt::Display| Error::internal(format!("strings that do not add up: {error}"));
        let offsets = ArrayBytesOffsets::new(offsets).map_err(|error| broken(&error));
        Some(offsets.and_then(|offsets| ArrayBytes::new_vlen(bytes, offsets).map_err(|error| broken(&error))))
    }

    fn padded(&self, raw: &[u8], shape: &[usize], fill: &[u8]) -> Vec<u8> {
        let size = fill.len();
        let mut whole = fill.repeat(self.chunk.iter().product());
        each_row(shape, &self.chunk, |from, to, len| {
            whole[to * size..(to + len) * size].copy_from_slice(&raw[from * size..(from + len) * size]);
        });
        whole
    }
}

fn v3_document(array: &ArrayToWrite, chunks: &[u64], packer: &Packer, options: &WriteOptions) -> Result<Value> {
    let stored = packer.stored();
    let (data_type, first_codec) = match stored {
        DType::Utf8 => ("string".to_owned(), json!({"name": "vlen-utf8"})),
        _ => (stored.name(), json!({"name": "bytes", "configuration": {"endian": "little"}})),
    };
    let fill = match (packer.fill(), stored) {
        (Some(fill), _) => fill_json(&fill),
        (None, DType::Utf8) => json!(""),
        (None, DType::Bool) => json!(false),
        (None, DType::F32 | DType::F64) => json!("NaN"),
        (None, DType::I64) if array.dtype.is_time_like() => json!(i64::MIN),
        _ => json!(0),
    };
    let item_size = if stored == DType::Utf8 { 1 } else { stored.item_size() };
    let mut codecs: Vec<Value> =
        std::iter::once(first_codec).chain(options.compression.v3(item_size, n_values(chunks))?).collect();
    let mut outer = chunks.to_vec();
    if let Some(shards) = &array.shards {
        let divides =
            shards.len() == chunks.len() && shards.iter().zip(chunks).all(|(shard, chunk)| shard % chunk == 0);
        if !divides || shards.contains(&0) {
            return Err(Error::invalid(format!("shards of {shards:?} do not hold whole chunks of {chunks:?}")));
        }
        outer.clone_from(shards);
        let index = json!([{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]);
        codecs = vec![json!({"name": "sharding_indexed", "configuration":
            {"chunk_shape": chunks, "codecs": codecs, "index_codecs": index, "index_location": "end"}})];
    }
    Ok(json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": array.shape,
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": outer}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": codecs,
        "dimension_names": array.dims,
    }))
}

fn n_values(chunk: &[u64]) -> u64 {
    chunk.iter().fold(1, |n, &len| n.saturating_mul(len))
}

fn v2_document(array: &ArrayToWrite, chunks: &[u64], packer: &Packer, options: &WriteOptions) -> Result<Value> {
    if array.shards.is_some() {
        return Err(Error::invalid("Zarr version 2 has no shards").hint("write version 3, or no shards"));
    }
    let stored = packer.stored();
    let dtype = match stored {
        DType::Utf8 => "|O".to_owned(),
        DType::Bool => "|b1".to_owned(),
        DType::I8 => "|i1".to_owned(),
        DType::U8 => "|u1".to_owned(),
        number => {
            let kind = if number.is_float() {
                'f'
            } else if number.is_unsigned() {
                'u'
            } else {
                'i'
            };
            format!("<{kind}{}", number.item_size())
        }
    };
    // It masks: only what was declared may stand there, and NaN, which is missing anyway.
    let fill = match packer.fill() {
        Some(fill) => fill_json(&fill),
        None if stored.is_float() => json!("NaN"),
        None => Value::Null,
    };
    let item_size = if stored == DType::Utf8 { 1 } else { stored.item_size() };
    let mut filters = options.compression.v2(item_size, n_values(chunks));
    let compressor = filters.pop();
    if stored == DType::Utf8 {
        filters.insert(0, json!({"id": "vlen-utf8"}));
    }
    Ok(json!({
        "zarr_format": 2,
        "shape": array.shape,
        "chunks": chunks,
        "dtype": dtype,
        "compressor": compressor,
        "fill_value": fill,
        "order": "C",
        "filters": if filters.is_empty() { Value::Null } else { filters.into() },
        "dimension_separator": ".",
    }))
}

/// Calls `copy(from, to, len)` for every row along the last axis of an array of `shape` that stands at the start of one of shape `whole`.
fn each_row(shape: &[usize], whole: &[usize], mut copy: impl FnMut(usize, usize, usize)) {
    let Some((&len, outer)) = shape.split_last() else { return copy(0, 0, 1) };
    let n_rows: usize = outer.iter().product();
    for row in 0..n_rows {
        let (mut rest, mut to, mut step) = (row, 0, whole[shape.len() - 1]);
        for axis in (0..outer.len()).rev() {
            to += rest % shape[axis] * step;
            rest /= shape[axis];
            step *= whole[axis];
        }
        copy(row * len, to, len);
    }
}
