//! Codecs of numcodecs, as filters of version 2 and as `numcodecs.*` of version 3, in metadata that zarrs understands: those that have
//! another name there get it, those that only lose digits are left out, and one that stands first and changes the type of values is
//! undone when a chunk is decoded.
use serde_json::{Value, json};
use terracube_cube::compute::pointwise::cast;
use terracube_cube::{Block, DType, Error, Result};

use super::value_type::number_of_v3;

/// A first filter that stores values as another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Converted {
    /// The type that is stored.
    pub stored: DType,
    /// The type of the array.
    pub to: DType,
    /// Whether what is stored are the differences of neighbours.
    pub sums: bool,
}

impl Converted {
    /// The values that stand behind stored ones.
    pub(super) fn undo(self, stored: &Block) -> Result<Block> {
        let values = cast(stored, self.to)?;
        if !self.sums {
            return Ok(values);
        }
        macro_rules! summed {
            ($t:ty, $add:expr) => {{
                let add: fn($t, $t) -> $t = $add;
                let running = values.values::<$t>()?.iter().scan(<$t>::default(), |sum, &value| {
                    *sum = add(*sum, value);
                    Some(*sum)
                });
                Block::new::<$t>(values.shape(), running.collect())
            }};
        }
        match self.to {
            DType::I8 => summed!(i8, i8::wrapping_add),
            DType::I16 => summed!(i16, i16::wrapping_add),
            DType::I32 => summed!(i32, i32::wrapping_add),
            DType::I64 => summed!(i64, i64::wrapping_add),
            DType::U8 => summed!(u8, u8::wrapping_add),
            DType::U16 => summed!(u16, u16::wrapping_add),
            DType::U32 => summed!(u32, u32::wrapping_add),
            DType::U64 => summed!(u64, u64::wrapping_add),
            DType::F32 => summed!(f32, |a, b| a + b),
            DType::F64 => summed!(f64, |a, b| a + b),
            dtype => Err(Error::unsupported(format!("differences of {dtype}"))),
        }
    }
}

/// Takes off what zarrs need not know; the first filter if it has to be undone by us.
///
/// # Errors
/// If the first filter cannot be undone.
pub(super) fn taken_off(array: &mut Value, number: impl Fn(&str) -> Option<DType>) -> Result<Option<Converted>> {
    let is_fortran = array["order"] == "F" && array["shape"].as_array().is_some_and(|shape| shape.len() > 1);
    let to = array["dtype"].as_str().and_then(&number);
    let Some(filters) = array.get_mut("filters").and_then(Value::as_array_mut) else { return Ok(None) };
    // What they rounded stays rounded.
    filters.retain(|filter| filter["id"] != "quantize" && filter["id"] != "bitround");
    for filter in filters.iter_mut().filter(|filter| filter["id"] == "fixedscaleoffset") {
        // zarrs finds a type of one byte without its order only.
        for field in ["dtype", "astype"] {
            if let Some(plain) = filter[field].as_str().and_then(|text| text.strip_prefix('|')).map(str::to_owned) {
                filter[field] = plain.into();
            }
        }
    }
    let Some(first) = filters.first() else {
        array["filters"] = Value::Null;
        return Ok(None);
    };
    let (name, sums) = match first["id"].as_str() {
        Some("astype") => (first["encode_dtype"].as_str().unwrap_or_default().to_owned(), false),
        Some("delta") if !first["astype"].is_null() && first["astype"] != first["dtype"] => {
            (first["astype"].as_str().unwrap_or_default().to_owned(), true)
        }
        _ => return Ok(None),
    };
    if sums && is_fortran {
        return Err(Error::unsupported("the delta filter in Fortran order with differences of another type"));
    }
    let (Some(stored), Some(to)) = (number(&name), to) else {
        return Err(Error::unsupported(format!("a filter that stores values as `{name}`")));
    };
    filters.remove(0);
    if filters.is_empty() {
        array["filters"] = Value::Null;
    }
    array["dtype"] = json!(name);
    Ok(Some(Converted { stored, to, sums }))
}

/// Writes the codecs `numcodecs.*` of version 3 as those of version 3 itself; the first one if it has to be undone by us.
///
/// # Errors
/// If the first codec cannot be undone.
pub(super) fn renamed(array: &mut Value, number: impl Fn(&str) -> Option<DType>) -> Result<Option<Converted>> {
    let to = array["data_type"].as_str().and_then(number_of_v3);
    let Some(codecs) = array.get_mut("codecs").and_then(Value::as_array_mut) else { return Ok(None) };
    codecs.retain(|codec| codec["name"] != "numcodecs.quantize" && codec["name"] != "numcodecs.bitround");
    for codec in codecs.iter_mut() {
        let configuration = &codec["configuration"];
        let level = |default: i64| json!({"level": configuration["level"].as_i64().unwrap_or(default)});
        let (name, configuration) = match codec["name"].as_str().and_then(|name| name.strip_prefix("numcodecs.")) {
            Some("gzip") => ("gzip", level(1)),
            Some("zlib") => ("numcodecs.zlib", level(1)),
            Some("bz2") => ("numcodecs.bz2", level(1)),
            Some("zstd") => ("zstd", json!({"level": configuration["level"].as_i64().unwrap_or(0), "checksum": false})),
            Some("blosc") => {
                let shuffle = ["noshuffle", "shuffle", "bitshuffle"];
                let shuffle = shuffle[configuration["shuffle"].as_u64().map_or(1, |n| n.min(2)) as usize];
                let name = configuration["cname"].as_str().unwrap_or("lz4");
                let level = configuration["clevel"].as_i64().unwrap_or(5);
                // What packs would want the size of values; what unpacks finds it in the chunk.
                let typed = json!({"cname": name, "clevel": level, "shuffle": shuffle, "typesize": 1, "blocksize": 0});
                ("blosc", typed)
            }
            _ => continue,
        };
        *codec = json!({"name": name, "configuration": configuration});
    }
    let Some(first) = codecs.first().filter(|codec| codec["name"] == "numcodecs.astype") else { return Ok(None) };
    let name = first["configuration"]["encode_dtype"].as_str().unwrap_or_default().to_owned();
    let (Some(stored), Some(to)) = (number(&name), to) else {
        return Err(Error::unsupported(format!("a codec that stores values as `{name}`")));
    };
    codecs.remove(0);
    array["data_type"] = json!(stored.name());
    Ok(Some(Converted { stored, to, sums: false }))
}
