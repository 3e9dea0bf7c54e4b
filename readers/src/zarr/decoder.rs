//! One chunk's bytes through its codecs.
use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use terracube_cube::base::recycled_vec;
use terracube_cube::{Block, Error, Result};
use zarrs::array::{BytesRepresentation, ChunkShape, CodecChain, CodecOptions, DataType, FillValue};
use zarrs::plugin::ZarrVersion;

use super::value_type::ValueType;

/// The codecs of an array, made ready for chunks of one shape.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    codecs: Arc<CodecChain>,
    value_type: ValueType,
    /// Shape, type and fill value before each array-to-array codec, and before the array-to-bytes codec.
    arrays: Vec<(ChunkShape, DataType, FillValue)>,
    /// Size after the array-to-bytes codec, and after each bytes-to-bytes codec.
    sizes: Vec<BytesRepresentation>,
    options: CodecOptions,
}

/// A header may promise more than memory holds; where the true size is not known, this many bytes are believed.
pub(super) const BELIEVED: u64 = 4 << 30;

impl Decoder {
    /// Makes `codecs` ready for chunks of `shape`.
    pub fn new(
        codecs: Arc<CodecChain>,
        value_type: ValueType,
        shape: &[NonZeroU64],
        data_type: &DataType,
        fill: &FillValue,
    ) -> Result<Self> {
        guarded(|| {
            let broken =
                |error: zarrs::array::CodecError| Error::corrupt(format!("its codecs do not fit together: {error}"));
            let mut arrays = vec![(shape.to_vec(), data_type.clone(), fill.clone())];
            for codec in codecs.array_to_array_codecs() {
                let (shape, data_type, fill) = &arrays[arrays.len() - 1];
                arrays.push(codec.encoded_representation(shape, data_type, fill).map_err(broken)?);
            }
            let (shape, data_type, fill) = &arrays[arrays.len() - 1];
            let mut sizes =
                vec![codecs.array_to_bytes_codec().encoded_representation(shape, data_type, fill).map_err(broken)?];
            for codec in codecs.bytes_to_bytes_codecs() {
                sizes.push(codec.encoded_representation(&sizes[sizes.len() - 1]));
            }
            let options = CodecOptions::default().with_concurrent_target(1);
            Ok(Self { codecs: codecs.clone(), value_type, arrays, sizes, options })
        })
    }

    /// The shape of the decoded chunk.
    pub fn shape(&self) -> Vec<usize> {
        self.arrays[0].0.iter().map(|n| n.get() as usize).collect()
    }

    /// An upper bound of the bytes of an encoded chunk; more cannot belong to it.
    pub fn encoded_bound(&self) -> u64 {
        let last = self.sizes[self.sizes.len() - 1];
        // Other encoders than zarrs's have other overheads. Strings have no bound: a generous one stands in.
        match last.size() {
            Some(size) => size + size / 16 + 4096,
            None => 256 * self.n_values() + (4 << 20),
        }
    }

    /// Bytes that decoding takes beyond its input and the decoded chunk.
    pub fn scratch(&self) -> u64 {
        let n_steps = self.codecs.bytes_to_bytes_codecs().len() + self.codecs.array_to_array_codecs().len();
        let n_copies = u64::from(n_steps > 1) + u64::from(self.value_type.converts());
        n_copies * self.decoded_size()
    }

    /// Bytes of the decoded chunk.
    pub fn decoded_size(&self) -> u64 {
        self.n_values() * self.value_type.dtype().item_size() as u64
    }

    /// The values of one chunk.
    ///
    /// # Errors
    /// If the bytes are damaged, with what was expected and found.
    pub fn decode(&self, encoded: &Bytes) -> Result<Block> {
        guarded(|| {
            let mut recycles = false;
            let mut bytes: Cow<'_, [u8]> = Cow::Borrowed(encoded);
            let n_codecs = self.codecs.bytes_to_bytes_codecs().len();
            for (position, codec) in self.codecs.bytes_to_bytes_codecs().iter().enumerate().rev() {
                let decoded_size = &self.sizes[position];
                let name = codec.name(ZarrVersion::V3).unwrap_or(Cow::Borrowed("a codec without name"));
                let damaged = |why: String| {
                    let whole = if position + 1 == n_codecs { "the chunk" } else { "what other codecs left" };
                    Error::corrupt(format!("{whole} ({} bytes) is no {name}: {why}", encoded.len()))
                        .hint("the chunk is truncated or damaged: get the data again")
                };
                recycles = name == "zstd";
                bytes = match &*name {
                    "zstd" => Cow::Owned(unzstd(&bytes, decoded_size).map_err(damaged)?),
                    _ => {
                        codec.decode(bytes, decoded_size, &self.options).map_err(|error| damaged(error.to_string()))?
                    }
                };
            }
            if let BytesRepresentation::FixedSize(expected) = self.sizes[0]
                && expected != bytes.len() as u64
            {
                return Err(Error::corrupt(format!(
                    "the chunk holds {} bytes of values, expected {expected}",
                    bytes.len()
                ))
                .hint("the chunk is truncated or damaged: get the data again"));
            }
            let damaged =
                |error: zarrs::array::CodecError| Error::corrupt(format!("the chunk cannot be decoded: {error}"));
            let n_codecs = self.arrays.len() - 1;
            let (shape, data_type, fill) = &self.arrays[n_codecs];
            let codec = self.codecs.array_to_bytes_codec();
            let mut values = codec.decode(bytes, shape, data_type, fill, &self.options).map_err(damaged)?;
            for (position, codec) in self.codecs.array_to_array_codecs().iter().enumerate().rev() {
                let (shape, data_type, fill) = &self.arrays[position];
                values = codec.decode(values, shape, data_type, fill, &self.options).map_err(damaged)?;
            }
            self.value_type.block(values, encoded, &self.shape(), recycles)
        })
    }

    fn n_values(&self) -> u64 {
        self.arrays[0].0.iter().fold(1, |n, len| n.saturating_mul(len.get()))
    }
}

/// Runs code that is not ours; its panic becomes an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::corrupt(format!("a codec failed: {}", panic_text(&*panic)))))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without saying why")
}

/// zstd with a decoder kept per thread, into exactly the space that is needed; the size in the header is not believed.
fn unzstd(bytes: &[u8], decoded: &BytesRepresentation) -> Result<Vec<u8>, String> {
    thread_local! {
        static DECODER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
    }
    let capacity = match decoded.size() {
        Some(size) => size,
        None => match zstd::zstd_safe::get_frame_content_size(bytes) {
            Ok(Some(size)) if size <= BELIEVED => size,
            Ok(Some(size)) => return Err(format!("its header promises {size} bytes")),
            _ => return unzstd_stream(bytes),
        },
    };
    DECODER.with_borrow_mut(|kept| {
        let decoder = match kept {
            Some(decoder) => decoder,
            None => kept.insert(zstd::bulk::Decompressor::new().map_err(|error| error.to_string())?),
        };
        let mut out = recycled_vec::<u8>(usize::try_from(capacity).map_err(|error| error.to_string())?);
        decoder.decompress_to_buffer(bytes, &mut out).map_err(|error| error.to_string())?;
        Ok(out)
    })
}

fn unzstd_stream(bytes: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    decoder.take(BELIEVED).read_to_end(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}
