//! From blocks to the bytes of chunks.
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use terracube_cube::base::{BlockData, TimeScaling, TimeUnits};
use terracube_cube::{Block, DType, Error, Result, TimeUnit};
use zarrs::array::{Array, ArrayBytes, ArrayBytesOffsets, ArrayMetadata, ArrayToBytesCodecTraits as _, CodecOptions};

use super::{ArrayToWrite, WriteOptions};
use crate::zarr::decoder::guarded;

/// Turns blocks of one array into encoded chunks.
pub(super) struct Encoder {
    array: Array<()>,
    metadata: Value,
    dtype: DType,
    chunk: Vec<usize>,
    times: Option<TimeScaling>,
    units: String,
    /// Whether a missing time was written, so that readers must be told how it looks.
    has_missing_times: AtomicBool,
}

impl Encoder {
    /// Checks that everything fits together.
    pub fn new(array: ArrayToWrite, chunks: Vec<u64>, options: &WriteOptions) -> Result<Self> {
        let rank = array.shape.len();
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
        let dtype = array.dtype;
        let (units, times) = time_encoding(&array)?;
        let mut attributes = array.attributes;
        match dtype {
            DType::Time { calendar, .. } => {
                attributes.insert("units".into(), units.clone().into());
                attributes.insert("calendar".into(), calendar.name().into());
            }
            DType::Duration { .. } => _ = attributes.insert("units".into(), units.clone().into()),
            _ => {}
        }
        let (data_type, fill, first_codec) = match dtype {
            DType::Utf8 => ("string".to_owned(), json!(""), json!({"name": "vlen-utf8"})),
            _ => {
                let fill = match dtype {
                    DType::Bool => json!(false),
                    DType::F32 | DType::F64 => json!("NaN"),
                    _ if dtype.is_time_like() => json!(i64::MIN),
                    _ => json!(0),
                };
                let data_type = if dtype == DType::Bool { dtype.name() } else { dtype.storage().name() };
                (data_type, fill, json!({"name": "bytes", "configuration": {"endian": "little"}}))
            }
        };
        let codecs: Vec<Value> = std::iter::once(first_codec).chain(options.compression.iter().cloned()).collect();
        let metadata = json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": array.shape,
            "data_type": data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill,
            "codecs": codecs,
            "attributes": attributes,
            "dimension_names": array.dims,
        });
        let array = guarded(|| {
            let unusable = |error: &dyn std::fmt::Display| Error::invalid(format!("it cannot be written so: {error}"));
            let parsed = serde_json::from_value(metadata.clone()).map_err(|error| unusable(&error))?;
            Array::<()>::new_with_metadata(Arc::new(()), "/", ArrayMetadata::V3(parsed))
                .map_err(|error| unusable(&error))
        })?;
        let chunk = chunks.iter().map(|&n| n as usize).collect();
        Ok(Self { array, metadata, dtype, chunk, times, units, has_missing_times: AtomicBool::new(false) })
    }

    /// The dtype of the blocks that it takes.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The key of a chunk within its array.
    pub fn key(&self, chunk: &[u64]) -> String {
        self.array.chunk_key(chunk).as_str().to_owned()
    }

    /// The metadata, once all blocks were encoded.
    pub fn metadata(&self) -> Value {
        let mut metadata = self.metadata.clone();
        if self.has_missing_times.load(Ordering::SeqCst) {
            metadata["attributes"]["_FillValue"] = json!(i64::MIN);
        }
        metadata
    }

    /// The bytes of a chunk, padded if the block is one at the edge; `None` if all of it is the fill value.
    pub fn encode(&self, block: &Block) -> Result<Option<Vec<u8>>> {
        if block.dtype() != self.dtype {
            return Err(Error::internal(format!("a block of {} for an array of {}", block.dtype(), self.dtype)));
        }
        let block = block.contiguous()?;
        let values = match block.data() {
            BlockData::Text(_) => match self.texts(&block) {
                Some(values) => values?,
                None => return Ok(None),
            },
            BlockData::Fixed { buffer, offset, .. } => {
                let size = self.dtype.item_size();
                let start = *offset as usize * size;
                let raw = &buffer.as_slice()[start..start + block.len() * size];
                let raw = match &self.times {
                    Some(scaling) => Cow::Owned(self.scaled(&block, scaling)?),
                    None => Cow::Borrowed(raw),
                };
                if self.dtype.is_time_like() && raw.as_chunks::<8>().0.contains(&i64::MIN.to_ne_bytes()) {
                    self.has_missing_times.store(true, Ordering::SeqCst);
                }
                let fill = self.array.fill_value();
                if fill.equals_all(&raw) {
                    return Ok(None);
                }
                if block.shape() == self.chunk {
                    ArrayBytes::new_flen(raw)
                } else {
                    ArrayBytes::new_flen(self.padded(&raw, block.shape(), fill.as_ne_bytes()))
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

    /// The strings of a whole chunk; `None` if all are empty.
    fn texts(&self, block: &Block) -> Option<Result<ArrayBytes<'static>>> {
        let texts = block.text()?;
        if texts.value_data().is_empty() {
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

    fn scaled(&self, block: &Block, scaling: &TimeScaling) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(8 * block.len());
        for &count in block.values::<i64>()? {
            let stored = if count == i64::MIN { Some(count) } else { scaling.to_i64(count) };
            let Some(stored) = stored else {
                let shown = match self.dtype {
                    DType::Time { unit, calendar } => calendar.format(count, unit),
                    _ => count.to_string(),
                };
                return Err(Error::invalid(format!("{shown} is no whole number of `{}`", self.units))
                    .hint("writing does not round: choose finer time units"));
            };
            bytes.extend_from_slice(&stored.to_ne_bytes());
        }
        Ok(bytes)
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

/// The CF units in which times and durations are written, and how to get there if they are not those of the dtype.
fn time_encoding(array: &ArrayToWrite) -> Result<(String, Option<TimeScaling>)> {
    let word = |unit| match unit {
        TimeUnit::S => "seconds",
        TimeUnit::Ms => "milliseconds",
        TimeUnit::Us => "microseconds",
        TimeUnit::Ns => "nanoseconds",
    };
    match (array.dtype, &array.time_units) {
        (DType::Time { unit, .. }, None) => Ok((format!("{} since 1970-01-01", word(unit)), None)),
        (DType::Time { unit, calendar }, Some(units)) => {
            let scaling = TimeUnits::parse(units, calendar)?.scaling(unit)?;
            let is_plain = (scaling.numerator, scaling.denominator, scaling.epoch) == (1, 1, 0);
            Ok((units.clone(), (!is_plain).then_some(scaling)))
        }
        (DType::Duration { unit }, _) => Ok((word(unit).to_owned(), None)),
        _ => Ok((String::new(), None)),
    }
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
