//! The delta filter of numcodecs, which zarrs lacks: differences of neighbours in C order, undone by a running sum.
use serde_json::Value;
use terracube_cube::{Block, DType, Error, Result};

use super::document::Version;

/// Takes the filter out of the metadata if it is the first one; whether it was there.
pub(super) fn take(version: Version, array: &mut Value) -> Result<bool> {
    let list = match version {
        Version::V2 => "filters",
        Version::V3 => "codecs",
    };
    let Some(first) = array[list].get(0) else { return Ok(false) };
    let (name, configuration) = match version {
        Version::V2 => (&first["id"], first),
        Version::V3 => (&first["name"], &first["configuration"]),
    };
    if !matches!(name.as_str(), Some("delta" | "numcodecs.delta")) {
        return Ok(false);
    }
    // Sums over a shard, or over values in another order or type, are not those of a chunk.
    let is_plain = (configuration["astype"].is_null() || configuration["astype"] == configuration["dtype"])
        && array["order"] != "F"
        && !array.to_string().contains("sharding_indexed");
    if !is_plain {
        return Err(Error::unsupported(
            "the delta filter together with sharding, F order or another type is not supported",
        ));
    }
    if let Some(filters) = array[list].as_array_mut() {
        filters.remove(0);
    }
    Ok(true)
}

/// The running sum of the stored differences; integers wrap.
pub(super) fn summed(dtype: DType, shape: &[usize], raw: &[u8]) -> Result<Block> {
    macro_rules! sum {
        ($t:ty, $add:expr) => {{
            let mut total = <$t>::default();
            let items = raw.as_chunks::<{ size_of::<$t>() }>().0.iter().map(|item| <$t>::from_ne_bytes(*item));
            let add: fn($t, $t) -> $t = $add;
            let sums = items.map(|item| {
                total = add(total, item);
                total
            });
            Block::with_dtype(dtype, shape, sums.collect::<Vec<$t>>())
        }};
    }
    match dtype {
        DType::I8 => sum!(i8, i8::wrapping_add),
        DType::I16 => sum!(i16, i16::wrapping_add),
        DType::I32 => sum!(i32, i32::wrapping_add),
        DType::I64 => sum!(i64, i64::wrapping_add),
        DType::U8 => sum!(u8, u8::wrapping_add),
        DType::U16 => sum!(u16, u16::wrapping_add),
        DType::U32 => sum!(u32, u32::wrapping_add),
        DType::U64 => sum!(u64, u64::wrapping_add),
        DType::F32 => sum!(f32, |a, b| a + b),
        DType::F64 => sum!(f64, |a, b| a + b),
        other => Err(Error::unsupported(format!("the delta filter on {other} is not supported"))),
    }
}
