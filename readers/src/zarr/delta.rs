//! The delta codec of numcodecs, which zarrs lacks: differences of neighbours in C order. It is given to zarrs as a plugin, so that it
//! may stand anywhere among the codecs of version 3 and the filters of version 2.
use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::codec::api::{
    ArrayCodecTraits, ArrayToArrayCodecTraits, Codec, CodecMetadataOptions, CodecRuntimePluginV2, CodecRuntimePluginV3,
    CodecTraits, PartialDecoderCapability, PartialEncoderCapability, RecommendedConcurrency, register_codec_v2,
    register_codec_v3,
};
use zarrs::array::codec::{FixedScaleOffsetDataTypeExt as _, FixedScaleOffsetElementType as Element};
use zarrs::array::{ArrayBytes, CodecError, CodecOptions, DataType, FillValue};
use zarrs::metadata::Configuration;
use zarrs::plugin::{PluginCreateError, ZarrVersion};

/// Makes the codec known to zarrs.
pub(super) fn register() {
    register_codec_v3(CodecRuntimePluginV3::new(
        |name| name == "numcodecs.delta",
        |metadata| create(metadata.configuration().map(|configuration| &**configuration)),
    ));
    register_codec_v2(CodecRuntimePluginV2::new(
        |name| name == "delta",
        |metadata| create(Some(&**metadata.configuration())),
    ));
}

fn create(configuration: Option<&Map<String, Value>>) -> Result<Codec, PluginCreateError> {
    let configuration = configuration.cloned().unwrap_or_default();
    if configuration.get("astype").is_some_and(|astype| !astype.is_null() && Some(astype) != configuration.get("dtype"))
    {
        return Err("the delta codec with differences of another type is not supported".into());
    }
    Ok(Codec::ArrayToArray(Arc::new(Delta { configuration })))
}

#[derive(Debug)]
struct Delta {
    configuration: Map<String, Value>,
}

zarrs::plugin::impl_extension_aliases!(Delta, v3: "numcodecs.delta", [], v2: "delta", []);

impl CodecTraits for Delta {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn configuration(&self, _version: ZarrVersion, _options: &CodecMetadataOptions) -> Option<Configuration> {
        Some(self.configuration.clone().into())
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        // A sum needs all that comes before.
        PartialDecoderCapability { partial_read: false, partial_decode: false }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability { partial_encode: false }
    }
}

impl ArrayCodecTraits for Delta {
    fn recommended_concurrency(&self, _: &[NonZeroU64], _: &DataType) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }
}

impl ArrayToArrayCodecTraits for Delta {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn ArrayToArrayCodecTraits> {
        self
    }

    fn encoded_data_type(&self, decoded: &DataType) -> Result<DataType, CodecError> {
        decoded.codec_fixedscaleoffset()?;
        Ok(decoded.clone())
    }

    fn encode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        _shape: &[NonZeroU64],
        data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        run(bytes, data_type, Direction::Differences)
    }

    fn decode<'a>(
        &self,
        bytes: ArrayBytes<'a>,
        _shape: &[NonZeroU64],
        data_type: &DataType,
        _fill_value: &FillValue,
        _options: &CodecOptions,
    ) -> Result<ArrayBytes<'a>, CodecError> {
        run(bytes, data_type, Direction::Sums)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Differences,
    Sums,
}

/// Running sums or differences of neighbours; integers wrap.
fn run<'a>(bytes: ArrayBytes<'a>, data_type: &DataType, direction: Direction) -> Result<ArrayBytes<'a>, CodecError> {
    let mut bytes = bytes.into_fixed()?.into_owned();
    macro_rules! run {
        ($t:ty, $add:expr, $subtract:expr) => {{
            let (add, subtract): (fn($t, $t) -> $t, fn($t, $t) -> $t) = ($add, $subtract);
            let mut last = <$t>::default();
            for item in bytes.as_chunks_mut::<{ size_of::<$t>() }>().0 {
                let value = <$t>::from_ne_bytes(*item);
                let (result, next) = match direction {
                    Direction::Sums => (add(last, value), add(last, value)),
                    Direction::Differences => (subtract(value, last), value),
                };
                *item = result.to_ne_bytes();
                last = next;
            }
        }};
        (integer $t:ty) => {
            run!($t, <$t>::wrapping_add, <$t>::wrapping_sub)
        };
        (float $t:ty) => {
            run!($t, |a, b| a + b, |a, b| a - b)
        };
    }
    match data_type.codec_fixedscaleoffset()?.fixedscaleoffset_element_type() {
        Element::I8 => run!(integer i8),
        Element::I16 => run!(integer i16),
        Element::I32 => run!(integer i32),
        Element::I64 => run!(integer i64),
        Element::U8 => run!(integer u8),
        Element::U16 => run!(integer u16),
        Element::U32 => run!(integer u32),
        Element::U64 => run!(integer u64),
        Element::F32 => run!(float f32),
        Element::F64 => run!(float f64),
    }
    Ok(bytes.into())
}
