//! Missing values: NaN for floats, NaT for times and durations, "" for strings; integers and bool have none.
use super::rows::{extend1, map_text, map1};
use crate::base::{Block, DType, Element, Error, Kind, Result};

/// Whether each value is missing (`wanted`) or not (`!wanted`). Strings are never missing, as in xarray.
pub(super) fn is_missing(x: &Block, wanted: bool) -> Result<Block> {
    let found = u8::from(wanted);
    match (x.dtype(), x.dtype().kind()) {
        (DType::F32, _) => {
            map1::<f32, u8>(x, DType::Bool, &mut |x, out| extend1(out, x, |v| u8::from(v.is_nan() == wanted)))
        }
        (DType::F64, _) => {
            map1::<f64, u8>(x, DType::Bool, &mut |x, out| extend1(out, x, |v| u8::from(v.is_nan() == wanted)))
        }
        (_, Kind::Time | Kind::Duration) => {
            map1::<i64, u8>(x, DType::Bool, &mut |x, out| extend1(out, x, |v| u8::from((v == i64::MIN) == wanted)))
        }
        (DType::Utf8, _) => map_text(x, DType::Bool, |_| 1 - found),
        _ => Block::filled(&Block::scalar(1 - found).reinterpret(DType::Bool)?, x.shape())?.contiguous(),
    }
}

/// The block itself.
///
/// # Errors
/// If a value is missing.
pub(super) fn require_present(x: &Block) -> Result<Block> {
    if (x.dtype().is_float() || x.dtype().is_time_like()) && is_missing(x, true)?.values::<u8>()?.contains(&1) {
        return Err(Error::invalid("a weight is missing (NaN), so that the weighted result is not defined")
            .hint("fill the missing weights, for example with `.fill_missing(0.0)`"));
    }
    Ok(x.clone())
}

/// `block` with missing values where `is_missing` says so for the position in C order. Floats, times and durations only.
pub(crate) fn set_missing(block: Block, is_missing: impl Fn(usize) -> bool) -> Result<Block> {
    let dtype = block.dtype();
    match dtype {
        DType::F32 => replaced(&block, f32::NAN, is_missing),
        DType::F64 => replaced(&block, f64::NAN, is_missing),
        _ if dtype.is_time_like() => replaced(&block, i64::MIN, is_missing),
        _ => Err(Error::internal(format!("{dtype} has no missing value"))),
    }
}

fn replaced<T: Element>(block: &Block, missing: T, is_missing: impl Fn(usize) -> bool) -> Result<Block> {
    let plain = block.contiguous()?;
    let values = plain.values::<T>()?.iter().enumerate();
    let values = values.map(|(i, &value)| if is_missing(i) { missing } else { value }).collect();
    Block::with_dtype(block.dtype(), block.shape(), values)
}
