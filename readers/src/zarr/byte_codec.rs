//! Codecs of numcodecs from bytes to bytes, which zarrs lacks or reads otherwise, as plugins of it: checksums, `lz4`, `lzma`, `base64`.
use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Map, Value, json};
use zarrs::array::codec::api::{
    BytesToBytesCodecTraits, Codec, CodecMetadataOptions, CodecRuntimePluginV2, CodecRuntimePluginV3, CodecTraits,
    PartialDecoderCapability, PartialEncoderCapability, RecommendedConcurrency, register_codec_v2, register_codec_v3,
};
use zarrs::array::{ArrayBytesRaw, BytesRepresentation, CodecError, CodecOptions};
use zarrs::metadata::Configuration;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::{ExtensionName, PluginCreateError, ZarrVersion};

use super::checksum::Checksum;
use super::decoder::BELIEVED;
use super::{lzma, old_filters};

/// The names of version 2; in version 3 each is `numcodecs.` and its name.
const NAMES: [&str; 7] = ["crc32", "crc32c", "fletcher32", "jenkins_lookup3", "lz4", "lzma", "base64"];

/// Makes the codecs known to zarrs.
pub(super) fn register() {
    let known = |name: &str| NAMES.into_iter().find(|known| *known == name);
    let long = move |name: &str| known(name.strip_prefix("numcodecs.")?);
    register_codec_v3(CodecRuntimePluginV3::new(
        move |name| long(name).is_some(),
        move |metadata| {
            let configuration = metadata.configuration().map(|configuration| &**configuration);
            create(long(metadata.name()), configuration.cloned().unwrap_or_default())
        },
    ));
    register_codec_v2(CodecRuntimePluginV2::new(
        move |name| known(name).is_some(),
        move |metadata| create(known(metadata.id()), metadata.configuration().clone().into()),
    ));
    // zarrs takes it as the compressor of version 2, not as a filter.
    register_codec_v2(CodecRuntimePluginV2::new(
        |name| name == "blosc",
        |metadata| {
            let configuration = old_filters::blosc(&Value::Object(metadata.configuration().clone().into()));
            let named = serde_json::from_value::<MetadataV3>(json!({"name": "blosc", "configuration": configuration}));
            Codec::from_metadata(&named.map_err(|error| error.to_string())?)
        },
    ));
}

fn create(name: Option<&'static str>, configuration: Map<String, Value>) -> Result<Codec, PluginCreateError> {
    let name = name.ok_or("a codec without name")?;
    let kind = match name {
        "lz4" => Kind::Lz4,
        "lzma" => {
            lzma::check(&configuration)?;
            Kind::Lzma
        }
        "base64" => Kind::Base64,
        sum => Kind::Checksum(Checksum::of(sum, &configuration)?),
    };
    Ok(Codec::BytesToBytes(Arc::new(ByteCodec { name, kind, configuration })))
}

#[derive(Debug)]
struct ByteCodec {
    name: &'static str,
    kind: Kind,
    configuration: Map<String, Value>,
}

#[derive(Debug)]
enum Kind {
    Checksum(Checksum),
    Lz4,
    Lzma,
    Base64,
}

impl ExtensionName for ByteCodec {
    fn name(&self, version: ZarrVersion) -> Option<Cow<'static, str>> {
        Some(match version {
            ZarrVersion::V2 => Cow::Borrowed(self.name),
            ZarrVersion::V3 => Cow::Owned(format!("numcodecs.{}", self.name)),
        })
    }
}

impl CodecTraits for ByteCodec {
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

impl BytesToBytesCodecTraits for ByteCodec {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(&self, _: &BytesRepresentation) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }

    fn encoded_representation(&self, decoded: &BytesRepresentation) -> BytesRepresentation {
        let grown = |size: u64| match self.kind {
            Kind::Checksum(_) => size.saturating_add(4),
            Kind::Lz4 => size.saturating_add(size / 255 + 32),
            Kind::Lzma => size.saturating_add(size / 16 + 4096),
            Kind::Base64 => size.div_ceil(3).saturating_mul(4),
        };
        match (decoded, &self.kind) {
            (BytesRepresentation::UnboundedSize, _) => BytesRepresentation::UnboundedSize,
            (BytesRepresentation::FixedSize(size), Kind::Checksum(_) | Kind::Base64) => {
                BytesRepresentation::FixedSize(grown(*size))
            }
            (BytesRepresentation::FixedSize(size) | BytesRepresentation::BoundedSize(size), _) => {
                BytesRepresentation::BoundedSize(grown(*size))
            }
        }
    }

    fn encode<'a>(&self, plain: ArrayBytesRaw<'a>, _: &CodecOptions) -> Result<ArrayBytesRaw<'a>, CodecError> {
        let encoded = match &self.kind {
            Kind::Checksum(checksum) => checksum.put(&plain),
            Kind::Lz4 => lz4_packed(&plain).map_err(CodecError::Other)?,
            Kind::Base64 => base64::engine::general_purpose::STANDARD.encode(&plain).into_bytes(),
            Kind::Lzma => return Err(CodecError::Other("chunks of the codec lzma are read, not written".to_owned())),
        };
        Ok(Cow::Owned(encoded))
    }

    fn decode<'a>(
        &self,
        encoded: ArrayBytesRaw<'a>,
        decoded: &BytesRepresentation,
        _options: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        let room = decoded.size().unwrap_or(BELIEVED);
        let plain = match &self.kind {
            Kind::Checksum(checksum) => {
                return match encoded {
                    Cow::Borrowed(bytes) => checksum.taken_off(bytes).map(Cow::Borrowed),
                    Cow::Owned(bytes) => checksum.taken_off(&bytes).map(|plain| Cow::Owned(plain.to_vec())),
                }
                .map_err(CodecError::Other);
            }
            Kind::Lz4 => lz4_unpacked(&encoded, room),
            Kind::Lzma => lzma::unpacked(&encoded, room),
            Kind::Base64 => {
                base64::engine::general_purpose::STANDARD.decode(&encoded).map_err(|error| error.to_string())
            }
        };
        plain.map(Cow::Owned).map_err(CodecError::Other)
    }
}

/// The size in four bytes, then a block.
fn lz4_unpacked(encoded: &[u8], room: u64) -> Result<Vec<u8>, String> {
    let (size, block) = encoded.split_first_chunk::<4>().ok_or("it is cut off")?;
    let size = u32::from_le_bytes(*size);
    // A byte of a block stands for 255 at most.
    if u64::from(size) > room || u64::from(size) > 255 * block.len() as u64 {
        return Err(format!("its header promises {size} bytes"));
    }
    let plain = lz4_flex::block::decompress(block, size as usize).map_err(|error| error.to_string())?;
    if plain.len() == size as usize { Ok(plain) } else { Err("it is cut off".to_owned()) }
}

fn lz4_packed(plain: &[u8]) -> Result<Vec<u8>, String> {
    let size = i32::try_from(plain.len()).map_err(|_| "a chunk of the codec lz4 has at most 2 GiB")?;
    let mut encoded = size.to_le_bytes().to_vec();
    encoded.extend(lz4_flex::block::compress(plain));
    Ok(encoded)
}
