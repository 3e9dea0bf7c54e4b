//! Codecs of numcodecs from array to array that change the type, which zarrs lacks, as plugins of it: `packbits` and `categorize`.
use std::any::Any;
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::codec::api::{
    ArrayCodecTraits, ArrayToArrayCodecTraits, Codec, CodecMetadataOptions, CodecRuntimePluginV2, CodecRuntimePluginV3,
    CodecTraits, PartialDecoderCapability, PartialEncoderCapability, RecommendedConcurrency, register_codec_v2,
    register_codec_v3,
};
use zarrs::array::{ArrayBytes, ChunkShape, CodecError, CodecOptions, DataType, FillValue, data_type};
use zarrs::metadata::Configuration;
use zarrs::plugin::{ExtensionName, PluginCreateError, ZarrVersion};

use super::categories::Categories;

/// Makes the codecs known to zarrs.
pub(super) fn register() {
    // Version 3 has no `categorize`, and a `packbits` of its own.
    register_codec_v3(CodecRuntimePluginV3::new(
        |name| name == "numcodecs.packbits",
        |_| create("packbits", Map::new()),
    ));
    for name in ["packbits", "categorize"] {
        register_codec_v2(CodecRuntimePluginV2::new(
            move |other| other == name,
            move |metadata| create(name, metadata.configuration().clone().into()),
        ));
    }
}

fn create(name: &'static str, configuration: Map<String, Value>) -> Result<Codec, PluginCreateError> {
    let kind = match name {
        "packbits" => Kind::PackedBits,
        _ => Kind::Categories(Categories::of(&configuration)?),
    };
    Ok(Codec::ArrayToArray(Arc::new(ArrayCodec { name, kind, configuration })))
}

#[derive(Debug)]
struct ArrayCodec {
    name: &'static str,
    kind: Kind,
    configuration: Map<String, Value>,
}

#[derive(Debug)]
enum Kind {
    /// Truth values as bits, the first in the highest; the first byte tells how many bits of the last are no values.
    PackedBits,
    /// Numbers of labels, from 1; 0 is empty text.
    Categories(Categories),
}

impl ExtensionName for ArrayCodec {
    fn name(&self, version: ZarrVersion) -> Option<Cow<'static, str>> {
        Some(match version {
            ZarrVersion::V2 => Cow::Borrowed(self.name),
            ZarrVersion::V3 => Cow::Owned(format!("numcodecs.{}", self.name)),
        })
    }
}

impl CodecTraits for ArrayCodec {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn configuration(&self, _version: ZarrVersion, _options: &CodecMetadataOptions) -> Option<Configuration> {
        Some(self.configuration.clone().into())
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        PartialDecoderCapability { partial_read: false, partial_decode: false }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability { partial_encode: false }
    }
}

impl ArrayCodecTraits for ArrayCodec {
    fn recommended_concurrency(&self, _: &[NonZeroU64], _: &DataType) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }
}

impl ArrayToArrayCodecTraits for ArrayCodec {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn ArrayToArrayCodecTraits> {
        self
    }

    fn encoded_data_type(&self, decoded: &DataType) -> Result<DataType, CodecError> {
        let (expected, encoded) = match &self.kind {
            Kind::PackedBits => (data_type::bool(), data_type::uint8()),
            Kind::Categories(categories) => (data_type::string(), categories.stored()),
        };
        if *decoded != expected {
            return Err(CodecError::UnsupportedDataType(decoded.clone(), self.name.to_owned()));
        }
        Ok(encoded)
    }

    fn encoded_fill_value(&self, decoded: &DataType, _fill: &FillValue) -> Result<FillValue, CodecError> {
        let size = self.encoded_data_type(decoded)?.fixed_size().unwrap_or(1);
        Ok(FillValue::new(vec![0; size]))
    }

    fn encoded_shape(&self, decoded: &[NonZeroU64]) -> Result<ChunkShape, CodecError> {
        match self.kind {
            Kind::PackedBits => Ok(vec![n_packed(decoded)?]),
            Kind::Categories(_) => Ok(decoded.to_vec()),
        }
    }

    fn decoded_shape(&self, encoded: &[NonZeroU64]) -> Result<Option<ChunkShape>, CodecError> {
        match self.kind {
            Kind::PackedBits => Ok(None),
            Kind::Categories(_) => Ok(Some(encoded.to_vec())),
        }
    }

    fn encode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        shape: &[NonZeroU64],
        _data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        match &self.kind {
            Kind::PackedBits => packed(&bytes.into_fixed()?, shape),
            Kind::Categories(_) => {
                Err(CodecError::Other("chunks of the filter categorize are read, not written".to_owned()))
            }
        }
    }

    fn decode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        shape: &[NonZeroU64],
        _data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        let bytes = bytes.into_fixed()?;
        match &self.kind {
            Kind::PackedBits => unpacked(&bytes, shape),
            Kind::Categories(categories) => categories.texts(&bytes),
        }
    }
}

fn n_values(shape: &[NonZeroU64]) -> Result<u64, CodecError> {
    let n = shape.iter().try_fold(1u64, |n, len| n.checked_mul(len.get()));
    n.ok_or_else(|| CodecError::Other(format!("chunks of shape {shape:?} do not fit in memory")))
}

/// Bytes of the packed bits of a chunk.
fn n_packed(shape: &[NonZeroU64]) -> Result<NonZeroU64, CodecError> {
    Ok(NonZeroU64::MIN.saturating_add(n_values(shape)?.div_ceil(8)))
}

fn unpacked(bytes: &[u8], shape: &[NonZeroU64]) -> Result<ArrayBytes<'static>, CodecError> {
    let n = n_values(shape)?;
    let padding = (n.wrapping_neg() % 8) as u8;
    match bytes.split_first() {
        Some((&found, bits)) if bytes.len() as u64 == n_packed(shape)?.get() && found == padding => {
            let values = bits.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1));
            Ok(values.take(n as usize).collect::<Vec<u8>>().into())
        }
        _ => Err(CodecError::Other(format!("{} bytes of packbits are not the bits of {n} values", bytes.len()))),
    }
}

fn packed(values: &[u8], shape: &[NonZeroU64]) -> Result<ArrayBytes<'static>, CodecError> {
    let mut bytes = vec![(n_values(shape)?.wrapping_neg() % 8) as u8];
    let byte = |values: &[u8]| {
        values.iter().enumerate().fold(0u8, |byte, (bit, &value)| byte | u8::from(value != 0) << (7 - bit))
    };
    bytes.extend(values.chunks(8).map(byte));
    Ok(bytes.into())
}
