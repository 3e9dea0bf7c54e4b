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
    filters.retain(|filter| filter["id"] != "bitround" && !(filter["id"] == "quantize" && keeps_type(filter)));
    for filter in filters.iter_mut().filter(|filter| filter["id"] == "fixedscaleoffset") {
        // zarrs finds a type of one byte without its order only.
        for field in ["dtype", "astype"] {
            if let Some(plain) = filter[field].as_str().and_then(|text| text.strip_prefix('|')).map(str::to_owned) {
                filter[field] = plain.into();
            }
        }
    }
    check_order(filters)?;
    let Some(first) = filters.first() else {
        array["filters"] = Value::Null;
        return Ok(None);
    };
    let (name, sums) = match first["id"].as_str() {
        Some("astype") => (first["encode_dtype"].as_str().unwrap_or_default().to_owned(), false),
        Some("quantize") => (first["astype"].as_str().unwrap_or_default().to_owned(), false),
        Some("delta") if !keeps_type(first) => (first["astype"].as_str().unwrap_or_default().to_owned(), true),
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
    take_fill(array);
    Ok(Some(Converted { stored, to, sums }))
}

/// zarrs undoes what works on bytes before what works on values, whatever the order of filters is.
fn check_order(filters: &[Value]) -> Result<()> {
    let of_values = ["delta", "astype", "quantize", "fixedscaleoffset", "packbits", "categorize"];
    let name = |filter: &Value| filter["id"].as_str().unwrap_or_default().to_owned();
    let is_of_values = |filter: &Value| of_values.contains(&&name(filter)[..]);
    let Some(at) = filters.iter().position(|filter| !is_of_values(filter)) else { return Ok(()) };
    match filters[at..].iter().find(|filter| is_of_values(filter)) {
        None => Ok(()),
        Some(filter) => {
            let message =
                format!("the filter {} of what the filter {} made of bytes", name(filter), name(&filters[at]));
            Err(Error::unsupported(message))
        }
    }
}

/// Whether a filter stores values as the type that it takes.
fn keeps_type(filter: &Value) -> bool {
    filter["astype"].is_null() || filter["astype"] == filter["dtype"]
}

/// The fill value is one of the array's type, which zarrs would take for one of what is stored: [`Converted`] gives its own.
fn take_fill(array: &mut Value) {
    if !array["fill_value"].is_null() {
        array["fill_value"] = json!(0);
    }
}

/// The metadata of an array whose fill value zarrs understands, whatever its codecs are.
pub(super) fn without_codecs(array: &Value) -> Value {
    let mut plain = array.clone();
    if plain["zarr_format"] == 2 {
        plain["filters"] = Value::Null;
        plain["compressor"] = Value::Null;
    } else {
        plain["codecs"] = json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    }
    plain
}

/// Writes the codecs `numcodecs.*` of version 3 as those of version 3 itself, within shards too; the first one if it has to be undone by
/// us.
///
/// # Errors
/// If the first codec cannot be undone.
pub(super) fn renamed(array: &mut Value, number: impl Fn(&str) -> Option<DType>) -> Result<Option<Converted>> {
    let number = |name: &str| number_of_v3(name).or_else(|| number(name));
    let to = array["data_type"].as_str().and_then(number_of_v3);
    let Some(codecs) = array.get_mut("codecs").and_then(Value::as_array_mut) else { return Ok(None) };
    rename(codecs, &|codec| {
        let field = |name: &str| codec["configuration"][name].as_str();
        let taken = field("dtype").map_or(to, number);
        field("astype").is_none_or(|stored| taken.is_some() && number(stored) == taken)
    });
    let Some(name) = take_first(codecs) else { return Ok(None) };
    let (Some(stored), Some(to)) = (number(&name), to) else {
        return Err(Error::unsupported(format!("a codec that stores values as `{name}`")));
    };
    // zarrs decodes shards of shards whole, and would put its own fill value where nothing was written.
    let has_fill = array["fill_value"].as_f64() != Some(0.0);
    if has_fill && array["codecs"].as_array().is_some_and(|codecs| are_decoded_whole(codecs)) {
        return Err(Error::unsupported(format!("a codec that stores values as `{name}` and shards of shards")));
    }
    array["data_type"] = json!(stored.name());
    take_fill(array);
    Ok(Some(Converted { stored, to, sums: false }))
}

/// Gives the codecs of a list, and of shards in it, the names of version 3. `keeps_type` tells whether one that rounds does no more.
fn rename(codecs: &mut Vec<Value>, keeps_type: &dyn Fn(&Value) -> bool) {
    codecs.retain(|codec| match codec["name"].as_str() {
        Some("numcodecs.quantize") => !keeps_type(codec),
        name => name != Some("numcodecs.bitround"),
    });
    for codec in codecs.iter_mut() {
        if let Some(inner) = inner_codecs(codec) {
            rename(inner, keeps_type);
            continue;
        }
        let configuration = &codec["configuration"];
        let level = |default: i64| json!({"level": configuration["level"].as_i64().unwrap_or(default)});
        let (name, configuration) = match codec["name"].as_str().and_then(|name| name.strip_prefix("numcodecs.")) {
            Some("gzip") => ("gzip", level(1)),
            Some("zlib") => ("numcodecs.zlib", level(1)),
            Some("bz2") => ("numcodecs.bz2", level(1)),
            Some("zstd") => ("zstd", json!({"level": configuration["level"].as_i64().unwrap_or(0), "checksum": false})),
            Some("blosc") => ("blosc", blosc(configuration)),
            _ => continue,
        };
        *codec = json!({"name": name, "configuration": configuration});
    }
}

/// The configuration of `blosc` of version 3 for one of numcodecs.
pub(super) fn blosc(configuration: &Value) -> Value {
    let shuffle = ["noshuffle", "shuffle", "bitshuffle"];
    let shuffle = shuffle[configuration["shuffle"].as_u64().map_or(1, |n| n.min(2)) as usize];
    let name = configuration["cname"].as_str().unwrap_or("lz4");
    let level = configuration["clevel"].as_i64().unwrap_or(5);
    // What packs would want the size of values; what unpacks finds it in the chunk.
    json!({"cname": name, "clevel": level, "shuffle": shuffle, "typesize": 1, "blocksize": 0})
}

/// The codecs of the chunks in a shard.
fn inner_codecs(codec: &mut Value) -> Option<&mut Vec<Value>> {
    if codec["name"] != "sharding_indexed" {
        return None;
    }
    codec.pointer_mut("/configuration/codecs")?.as_array_mut()
}

/// Takes off the codec that stores values as another type, if it is the first that values go through: the name of that type.
fn take_first(codecs: &mut Vec<Value>) -> Option<String> {
    let first = codecs.first_mut()?;
    let field = match first["name"].as_str() {
        Some("numcodecs.astype") => "encode_dtype",
        Some("numcodecs.quantize") => "astype",
        _ => return take_first(inner_codecs(first)?),
    };
    let name = first["configuration"][field].as_str().unwrap_or_default().to_owned();
    codecs.remove(0);
    Some(name)
}

/// Whether there are shards whose chunks are not read one by one.
fn are_decoded_whole(codecs: &[Value]) -> bool {
    let is_sharded = |codec: &Value| codec["name"] == "sharding_indexed";
    let inner =
        |codec: &Value| codec["configuration"]["codecs"].as_array().is_some_and(|codecs| codecs.iter().any(is_sharded));
    codecs.iter().any(|codec| is_sharded(codec) && (codecs.len() > 1 || inner(codec)))
}
