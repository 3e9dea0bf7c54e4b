//! Choosing between values: `where` with and without an else.
use multiversion::multiversion;

use super::cast::cast;
use super::promote::promote;
use super::rows::{Target, map2, map3, same_shape};
use crate::base::{Block, DType, Error, Kind, Result, dispatch_numeric};
use crate::compute::number::Number;

/// `yes` where `condition` (bool) holds, else `no`; all of one shape. The dtype is that in which both meet.
///
/// ```
/// use terracube_cube::{Block, DType};
/// use terracube_cube::compute::pointwise::select;
/// let condition = Block::with_dtype(DType::Bool, &[2], vec![1u8, 0])?;
/// let chosen = select(&condition, &Block::new(&[2], vec![1, 2])?, &Block::new(&[2], vec![0.5, 0.5])?)?;
/// assert_eq!((chosen.dtype(), chosen.to_f64()?), (DType::F64, vec![1.0, 0.5]));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If `condition` is not bool or the dtypes do not meet.
pub fn select(condition: &Block, yes: &Block, no: &Block) -> Result<Block> {
    check_condition(condition)?;
    let dtype = promote(yes.dtype(), no.dtype())?;
    if dtype == DType::Utf8 {
        return select_text(condition, yes, no);
    }
    let (yes, no) =
        if dtype.is_time_like() { (cast(yes, dtype)?, cast(no, dtype)?) } else { (yes.clone(), no.clone()) };
    dispatch_numeric!(dtype, T => map3::<T, T, T>(condition, &yes, &no, dtype, &mut |c, x, y, out| select_row(out, c, x, y)),
        text => Err(Error::internal("strings selected as numbers")))
}

/// The dtype of [`mask`]: floats and times stay, small integers become f32 and larger ones f64 (as in xarray), strings stay.
///
/// ```
/// use terracube_cube::DType;
/// use terracube_cube::compute::pointwise::masked_dtype;
/// assert_eq!((masked_dtype(DType::I16)?, masked_dtype(DType::I32)?, masked_dtype(DType::F32)?), (DType::F32, DType::F64, DType::F32));
/// assert!(masked_dtype(DType::Bool).is_err());
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// For bool, which has no missing value.
pub fn masked_dtype(x: DType) -> Result<DType> {
    match x.kind() {
        Kind::Bool => {
            Err(Error::dtype("bool has no missing value").hint("give `where_` an else value, or cast to float32 first"))
        }
        Kind::Integer => Ok(if x.item_size() <= 2 { DType::F32 } else { DType::F64 }),
        _ => Ok(x),
    }
}

/// `x` where `condition` (bool) holds, else missing: NaN, NaT, "". See [`masked_dtype`].
///
/// ```
/// use terracube_cube::{Block, DType};
/// use terracube_cube::compute::pointwise::mask;
/// let condition = Block::with_dtype(DType::Bool, &[2], vec![1u8, 0])?;
/// let masked = mask(&condition, &Block::new(&[2], vec![7i16, 8])?)?;
/// assert!(masked.values::<f32>()?[0] == 7.0 && masked.values::<f32>()?[1].is_nan());
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If `condition` is not bool, or `x` is.
pub fn mask(condition: &Block, x: &Block) -> Result<Block> {
    check_condition(condition)?;
    let dtype = masked_dtype(x.dtype())?;
    match dtype {
        DType::Utf8 => select_text(condition, x, &Block::filled(&Block::from_strings(&[], [""])?, x.shape())?),
        DType::F32 => masked::<f32>(condition, x, dtype, f32::NAN),
        DType::F64 => masked::<f64>(condition, x, dtype, f64::NAN),
        _ => masked::<i64>(condition, x, dtype, i64::MIN),
    }
}

fn masked<T: Target>(condition: &Block, x: &Block, dtype: DType, missing: T) -> Result<Block> {
    map2::<u8, T, T>(condition, x, dtype, &mut |c, x, out| mask_row(out, c, x, missing))
}

fn check_condition(condition: &Block) -> Result<()> {
    if condition.dtype() == DType::Bool {
        return Ok(());
    }
    Err(Error::dtype(format!("a condition must be bool, not {}", condition.dtype()))
        .hint("compare first, as in `x.gt(0.0)`"))
}

fn select_text(condition: &Block, yes: &Block, no: &Block) -> Result<Block> {
    same_shape(condition, yes)?;
    same_shape(yes, no)?;
    let condition = condition.contiguous()?;
    let (Some(yes_text), Some(no_text)) = (yes.text(), no.text()) else {
        return Err(Error::internal("numbers selected as strings"));
    };
    let picked = condition.values::<u8>()?.iter().enumerate();
    Block::from_strings(yes.shape(), picked.map(|(i, &c)| if c != 0 { yes_text.value(i) } else { no_text.value(i) }))
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn select_row<T: Number>(out: &mut Vec<T>, condition: &[u8], yes: &[T], no: &[T]) {
    out.extend(condition.iter().zip(yes).zip(no).map(|((&c, &yes), &no)| if c != 0 { yes } else { no }));
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn mask_row<T: Number>(out: &mut Vec<T>, condition: &[u8], x: &[T], missing: T) {
    out.extend(condition.iter().zip(x).map(|(&c, &x)| if c != 0 { x } else { missing }));
}
