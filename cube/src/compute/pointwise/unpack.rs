//! CF unpacking in one pass: missing values, scale and offset, computed as xarray does, bit for bit.
use multiversion::multiversion;

use super::cast::cast;
use super::rows::{Target, map1};
use crate::base::{Block, DType, Error, Result};
use crate::compute::number::Number;
use crate::compute::scalar::Scalar;

/// How packed values become numbers: raw values in `missing` (or out of `valid_range`) are missing, the others
/// `raw * scale + offset`, each step rounded to `out`, as xarray's `CFMaskCoder` and `CFScaleOffsetCoder` do it.
#[derive(Debug, Clone)]
pub struct Unpack {
    /// Raw values that mean missing (`_FillValue`, `missing_value`), in terms of the unsigned type if `unsigned`.
    pub missing: Vec<Scalar>,
    /// Raw values outside of (lowest, highest) are missing. xarray ignores `valid_range`, so `None` is its behaviour.
    pub valid_range: Option<(Scalar, Scalar)>,
    /// `scale_factor`.
    pub scale: Option<f64>,
    /// `add_offset`.
    pub offset: Option<f64>,
    /// The dtype of the result: f32 or f64; or the integer dtype itself if nothing is masked or scaled.
    pub out: DType,
    /// Read signed integers as unsigned ones of the same size (`_Unsigned = "true"`).
    pub unsigned: bool,
}

impl PartialEq for Unpack {
    fn eq(&self, other: &Self) -> bool {
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        (&self.missing, &self.valid_range, self.out, self.unsigned)
            == (&other.missing, &other.valid_range, other.out, other.unsigned)
            && (bits(self.scale), bits(self.offset)) == (bits(other.scale), bits(other.offset))
    }
}

impl Unpack {
    /// [`Unpack::out`], if values of `raw` can be unpacked to it.
    ///
    /// # Errors
    /// If `raw` is not numeric, or `out` is an integer although values are masked or scaled.
    pub fn output_dtype(&self, raw: DType) -> Result<DType> {
        if !raw.is_numeric() && raw != DType::Bool {
            return Err(Error::dtype(format!("{raw} cannot be unpacked"))
                .hint("only numbers have fill value, scale and offset"));
        }
        let plain =
            self.missing.is_empty() && self.valid_range.is_none() && self.scale.is_none() && self.offset.is_none();
        if self.out.is_float() || (plain && self.out == self.read_as(raw)) {
            return Ok(self.out);
        }
        Err(Error::dtype(format!("{raw} cannot be unpacked to {}", self.out)).hint("unpack to float32 or float64"))
    }

    fn read_as(&self, raw: DType) -> DType {
        match (self.unsigned, raw) {
            (true, DType::I8) => DType::U8,
            (true, DType::I16) => DType::U16,
            (true, DType::I32) => DType::U32,
            (true, DType::I64) => DType::U64,
            _ => raw,
        }
    }
}

pub(super) fn unpack(how: &Unpack, raw: &Block) -> Result<Block> {
    let raw = cast(raw, how.read_as(raw.dtype()))?;
    match how.out {
        DType::F32 => unpack_to::<f32>(how, &raw),
        DType::F64 => unpack_to::<f64>(how, &raw),
        _ => raw.contiguous(),
    }
}

fn unpack_to<T: Target + Float>(how: &Unpack, raw: &Block) -> Result<Block> {
    // A number that T does not hold exactly equals no value of T.
    let held = |scalar: &Scalar| scalar.as_f64().map(T::from_f64).filter(|v| Some(v.to_f64()) == scalar.as_f64());
    let missing: Vec<T> = how.missing.iter().filter_map(held).collect();
    let (lowest, highest) = match &how.valid_range {
        None => (f64::NEG_INFINITY, f64::INFINITY),
        Some((lowest, highest)) => match (lowest.as_f64(), highest.as_f64()) {
            (Some(lowest), Some(highest)) => (lowest, highest),
            _ => return Err(Error::corrupt("`valid_range` holds no numbers")),
        },
    };
    let range = how.valid_range.as_ref().map(|_| (lowest, highest));
    // f32 data with an f64 factor: numpy multiplies in f64 and rounds. If T holds the factor, T gives the same bits.
    let exact = |factor: Option<f64>| factor.is_none_or(|f| T::from_f64(f).to_f64() == f || f.is_nan());
    let in_own = exact(how.scale) && exact(how.offset);
    map1::<T, T>(raw, how.out, &mut |x, out| {
        let from = out.len();
        mask_row(out, x, &missing, range);
        let row = &mut out[from..];
        if in_own {
            scale_row(row, how.scale.map(T::from_f64), how.offset.map(T::from_f64));
        } else {
            if let Some(scale) = how.scale {
                row.iter_mut().for_each(|v| *v = T::from_f64(v.to_f64() * scale));
            }
            if let Some(offset) = how.offset {
                row.iter_mut().for_each(|v| *v = T::from_f64(v.to_f64() + offset));
            }
        }
    })
}

/// The two float types.
trait Float: Number {
    const NAN: Self;
}
impl Float for f32 {
    const NAN: Self = Self::NAN;
}
impl Float for f64 {
    const NAN: Self = Self::NAN;
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn mask_row<T: Float>(out: &mut Vec<T>, x: &[T], missing: &[T], range: Option<(f64, f64)>) {
    let from = out.len();
    match *missing {
        [] => out.extend_from_slice(x),
        [a] => out.extend(x.iter().map(|&v| if v == a { T::NAN } else { v })),
        [a, b] => out.extend(x.iter().map(|&v| if (v == a) | (v == b) { T::NAN } else { v })),
        _ => out.extend(x.iter().map(|&v| if missing.contains(&v) { T::NAN } else { v })),
    }
    if let Some((lowest, highest)) = range {
        for v in &mut out[from..] {
            let value = v.to_f64();
            *v = if (value < lowest) | (value > highest) { T::NAN } else { *v };
        }
    }
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn scale_row<T: Float>(row: &mut [T], scale: Option<T>, offset: Option<T>) {
    match (scale, offset) {
        (Some(scale), Some(offset)) => row.iter_mut().for_each(|v| *v = v.times(scale).plus(offset)),
        (Some(scale), None) => row.iter_mut().for_each(|v| *v = v.times(scale)),
        (None, Some(offset)) => row.iter_mut().for_each(|v| *v = v.plus(offset)),
        (None, None) => {}
    }
}
