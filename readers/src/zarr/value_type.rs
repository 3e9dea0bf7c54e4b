//! From Zarr's data types to ours, and from decoded bytes to blocks.
use arrow_buffer::Buffer;
use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use terracube_cube::base::recycled_buffer;
use terracube_cube::{Block, Calendar, DType, Error, Result, TimeUnit};
use zarrs::array::ArrayBytes;

use super::categories;
use super::document::Version;
use super::old_filters::{self, Converted};

/// How the decoded values of an array become ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    /// Bytes of this dtype as they are.
    Plain(DType),
    /// Truth values; any byte but 0 counts as true.
    Bool,
    /// 16-bit floats, widened to 32 bits.
    Half,
    /// 16-bit floats with the exponent of 32-bit ones, widened.
    BrainHalf,
    /// Text of this many bytes, padded with zeros.
    Bytes(usize),
    /// Text of this many bytes of native UTF-32, padded with zeros.
    Utf32(usize),
    /// UTF-8 of any length.
    Text,
    /// Numbers that a first filter of version 2 stored as others.
    Converted(Converted),
    /// Times or durations in steps of `factor` units; NaT stays.
    Steps { dtype: DType, factor: i64 },
}

impl ValueType {
    /// The type of an array, and its metadata with the types that zarrs lacks written as ones that it has.
    pub fn of(version: Version, array: &mut Value) -> Result<Self> {
        match version {
            Version::V2 => Self::of_v2(array),
            Version::V3 => Self::of_v3(array),
        }
    }

    /// Our dtype.
    pub fn dtype(self) -> DType {
        match self {
            Self::Plain(dtype) | Self::Steps { dtype, .. } => dtype,
            Self::Converted(converted) => converted.to,
            Self::Bool => DType::Bool,
            Self::Half | Self::BrainHalf => DType::F32,
            Self::Bytes(_) | Self::Utf32(_) | Self::Text => DType::Utf8,
        }
    }

    /// Whether `block` makes new values instead of taking the decoded bytes.
    pub fn converts(self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// A block from decoded values. `encoded` is what they may be borrowed from; then they are shared, not copied. `recycles` says
    /// that the memory of values is wanted back.
    pub fn block(self, values: ArrayBytes<'_>, encoded: &Bytes, shape: &[usize], recycles: bool) -> Result<Block> {
        let damaged = |what: &str| Error::corrupt(format!("the chunk does not hold {what}"));
        if let ArrayBytes::Variable(texts) = &values {
            let bytes = texts.bytes();
            let strings = texts.offsets().windows(2).map(|pair| {
                let part = bytes.get(pair[0]..pair[1]).ok_or_else(|| damaged("the strings that it promises"))?;
                std::str::from_utf8(part).map_err(|_| damaged("UTF-8"))
            });
            return Block::from_strings(shape, strings.collect::<Result<Vec<_>>>()?);
        }
        let raw = values.into_fixed().map_err(|_| damaged("values of fixed size"))?;
        match self {
            Self::Plain(dtype) => Block::from_buffer(dtype, shape, buffer(raw, encoded, recycles)),
            Self::Converted(converted) => {
                converted.undo(&Block::from_buffer(converted.stored, shape, buffer(raw, encoded, recycles))?)
            }
            Self::Bool => Block::with_dtype(DType::Bool, shape, raw.iter().map(|&byte| u8::from(byte != 0)).collect()),
            Self::Half => {
                let widened = raw.chunks_exact(2).map(|b| half::f16::from_ne_bytes([b[0], b[1]]).to_f32());
                Block::new::<f32>(shape, widened.collect())
            }
            Self::BrainHalf => {
                let widened = raw.chunks_exact(2).map(|b| half::bf16::from_ne_bytes([b[0], b[1]]).to_f32());
                Block::new::<f32>(shape, widened.collect())
            }
            Self::Bytes(size) => {
                let texts = raw.chunks_exact(size).map(|item| {
                    let end = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    String::from_utf8_lossy(&item[..end])
                });
                Block::from_strings(shape, texts)
            }
            Self::Utf32(size) => {
                let texts = raw.chunks_exact(size).map(|item| {
                    let letters = item.chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]]));
                    let text: Option<String> = letters.map(char::from_u32).collect();
                    text.map(|text| text.trim_end_matches('\0').to_owned()).ok_or_else(|| damaged("UTF-32"))
                });
                Block::from_strings(shape, texts.collect::<Result<Vec<_>>>()?)
            }
            Self::Text => Err(damaged("strings")),
            Self::Steps { dtype, factor: 1 } => Block::from_buffer(dtype, shape, buffer(raw, encoded, recycles)),
            Self::Steps { dtype, factor } => {
                let steps = raw.as_chunks::<8>().0.iter().map(|item| i64::from_ne_bytes(*item));
                let counts = steps.map(|n| if n == i64::MIN { Some(n) } else { n.checked_mul(factor) });
                let counts: Option<Vec<i64>> = counts.collect();
                Block::with_dtype(dtype, shape, counts.ok_or_else(|| damaged("times within 292 billion years"))?)
            }
        }
    }

    fn of_v2(array: &mut Value) -> Result<Self> {
        if let Some(converted) = old_filters::taken_off(array, number_of_v2)? {
            return Ok(Self::Converted(converted));
        }
        if categories::prepared(array)? {
            return Ok(Self::Text);
        }
        let dtype = array.get("dtype").cloned().unwrap_or(Value::Null);
        let Value::String(text) = dtype else {
            return Err(unsupported(&format!("structured dtype {dtype}")));
        };
        let no = || unsupported(&format!("dtype `{text}`"));
        let mut letters = text.chars();
        let order = letters.next().filter(|order| "<>|=".contains(*order)).ok_or_else(no)?;
        let kind = letters.next().ok_or_else(no)?;
        let rest = letters.as_str();
        let size = rest.parse::<usize>().ok();
        let plain = match (kind, size) {
            ('b', Some(1)) => return Ok(Self::Bool),
            ('f', Some(2)) => return Ok(Self::Half),
            ('i' | 'u' | 'f', _) => number_of_v2(&text).ok_or_else(no)?,
            ('U', Some(n @ 1..)) => {
                // Without a fill value, chunks that were never written hold empty text.
                if array["fill_value"].is_null() {
                    array["fill_value"] = json!("");
                }
                return Ok(Self::Utf32(4 * n));
            }
            ('S', Some(n @ 1..)) => {
                array["dtype"] = json!(format!("|V{n}"));
                array["fill_value"] = padded(&array["fill_value"], n);
                return Ok(Self::Bytes(n));
            }
            ('M' | 'm', _) if rest.starts_with('8') => {
                let steps = steps_of(kind == 'M', rest[1..].trim_matches(['[', ']'])).ok_or_else(no)?;
                array["dtype"] = json!(format!("{order}i8"));
                if array["fill_value"] == "NaT" {
                    array["fill_value"] = json!(i64::MIN);
                }
                return Ok(steps);
            }
            ('O', _) => return object_of(array),
            _ => return Err(no()),
        };
        Ok(Self::Plain(plain))
    }

    fn of_v3(array: &mut Value) -> Result<Self> {
        if let Some(converted) = old_filters::renamed(array, number_of_v2)? {
            return Ok(Self::Converted(converted));
        }
        let data_type = array.get("data_type").cloned().unwrap_or(Value::Null);
        let name = data_type.as_str().or_else(|| data_type["name"].as_str()).unwrap_or_default();
        let configuration = &data_type["configuration"];
        let no = || {
            unsupported(&format!(
                "data type `{}`",
                if name.is_empty() { data_type.to_string() } else { name.to_owned() }
            ))
        };
        let length = configuration["length_bytes"].as_u64().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
        let plain = match name {
            "bool" => return Ok(Self::Bool),
            "float16" => return Ok(Self::Half),
            "bfloat16" => return Ok(Self::BrainHalf),
            "string" => return Ok(Self::Text),
            "fixed_length_utf32" => return length.filter(|n| n % 4 == 0).map(Self::Utf32).ok_or_else(no),
            "null_terminated_bytes" => {
                let length = length.ok_or_else(no)?;
                array["data_type"] = json!(format!("r{}", 8 * length));
                array["fill_value"] = padded(&array["fill_value"], length);
                return Ok(Self::Bytes(length));
            }
            "numpy.datetime64" | "numpy.timedelta64" => {
                let unit = configuration["unit"].as_str().unwrap_or_default();
                let factor = configuration["scale_factor"].as_i64().unwrap_or(1);
                return steps_of(name == "numpy.datetime64", &format!("{factor}{unit}")).ok_or_else(no);
            }
            _ => number_of_v3(name).ok_or_else(no)?,
        };
        Ok(Self::Plain(plain))
    }
}

/// The dtype of a number of version 3: "float32".
pub(super) fn number_of_v3(name: &str) -> Option<DType> {
    Some(match name {
        "int8" => DType::I8,
        "int16" => DType::I16,
        "int32" => DType::I32,
        "int64" => DType::I64,
        "uint8" => DType::U8,
        "uint16" => DType::U16,
        "uint32" => DType::U32,
        "uint64" => DType::U64,
        "float32" => DType::F32,
        "float64" => DType::F64,
        _ => return None,
    })
}

/// The dtype of a number of version 2: "<f4".
fn number_of_v2(text: &str) -> Option<DType> {
    Some(match text.strip_prefix(['<', '>', '|', '='])? {
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "i8" => DType::I64,
        "u1" => DType::U8,
        "u2" => DType::U16,
        "u4" => DType::U32,
        "u8" => DType::U64,
        "f4" => DType::F32,
        "f8" => DType::F64,
        _ => return None,
    })
}

/// A fill value of text in base64 as a list of `n` bytes, zeros behind it; all zeros if there is none.
fn padded(fill: &Value, n: usize) -> Value {
    let text = fill.as_str().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let mut bytes = text.unwrap_or_default();
    bytes.resize(n, 0);
    json!(bytes)
}

/// Shares the bytes where they are borrowed from `encoded` or owned already.
fn buffer(raw: std::borrow::Cow<'_, [u8]>, encoded: &Bytes, recycles: bool) -> Buffer {
    match raw {
        std::borrow::Cow::Owned(bytes) if recycles => recycled_buffer(bytes),
        std::borrow::Cow::Owned(bytes) => Buffer::from_vec(bytes),
        std::borrow::Cow::Borrowed(bytes) => {
            let all = encoded.as_ptr_range();
            let part = bytes.as_ptr_range();
            if all.start <= part.start && part.end <= all.end {
                Buffer::from(encoded.slice_ref(bytes))
            } else {
                Buffer::from_slice_ref(bytes)
            }
        }
    }
}

/// Times or durations in steps such as "ns" or "10m"; `None` for years and months, which have no fixed length, and for less than ns.
fn steps_of(is_time: bool, steps: &str) -> Option<ValueType> {
    let digits = steps.len() - steps.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let count: i64 = if digits == 0 { 1 } else { steps[..digits].parse().ok()? };
    let (unit, factor) = match &steps[digits..] {
        "W" => (TimeUnit::S, 604_800),
        "D" => (TimeUnit::S, 86_400),
        "h" => (TimeUnit::S, 3_600),
        "m" => (TimeUnit::S, 60),
        "s" => (TimeUnit::S, 1),
        "ms" => (TimeUnit::Ms, 1),
        "us" | "μs" => (TimeUnit::Us, 1),
        "ns" => (TimeUnit::Ns, 1),
        _ => return None,
    };
    let dtype =
        if is_time { DType::Time { unit, calendar: Calendar::ProlepticGregorian } } else { DType::Duration { unit } };
    Some(ValueType::Steps { dtype, factor: count.checked_mul(factor)? })
}

/// Version 2 says "object" for strings of any length; the first filter says what they are.
fn object_of(array: &mut Value) -> Result<ValueType> {
    let filter = array["filters"][0]["id"].as_str().unwrap_or("none").to_owned();
    if filter != "vlen-utf8" {
        return Err(unsupported(&format!("objects encoded by `{filter}`")));
    }
    if !array["fill_value"].is_string() {
        array["fill_value"] = json!("");
    }
    Ok(ValueType::Text)
}

fn unsupported(what: &str) -> Error {
    Error::unsupported(format!("{what} is not supported"))
}
