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
    let unpacking = Unpacking::<T>::new(how)?;
    map1::<T, T>(raw, how.out, &mut |x, out| {
        let from = out.len();
        out.extend_from_slice(x);
        unpacking.apply(&mut out[from..]);
    })
}

/// [`Unpack`] made ready for rows of raw values that stand in `T`.
struct Unpacking<T> {
    missing: Vec<T>,
    range: Option<(f64, f64)>,
    scale: Option<f64>,
    offset: Option<f64>,
    /// Scale and offset are exact in `T`.
    in_own: bool,
}

impl<T: Float> Unpacking<T> {
    fn new(how: &Unpack) -> Result<Self> {
        // A number that T does not hold exactly equals no value of T.
        let held = |scalar: &Scalar| scalar.as_f64().map(T::from_f64).filter(|v| Some(v.to_f64()) == scalar.as_f64());
        let range = match &how.valid_range {
            None => None,
            Some((lowest, highest)) => match (lowest.as_f64(), highest.as_f64()) {
                (Some(lowest), Some(highest)) => Some((lowest, highest)),
                _ => return Err(Error::corrupt("`valid_range` holds no numbers")),
            },
        };
        // f32 data with an f64 factor: numpy multiplies in f64 and rounds. If T holds the factor, T gives the same bits.
        let exact = |factor: Option<f64>| factor.is_none_or(|f| T::from_f64(f).to_f64() == f || f.is_nan());
        Ok(Self {
            missing: how.missing.iter().filter_map(held).collect(),
            range,
            scale: how.scale,
            offset: how.offset,
            in_own: exact(how.scale) && exact(how.offset),
        })
    }

    /// Unpacks raw values in place.
    fn apply(&self, row: &mut [T]) {
        if let (&[missing], None, true) = (self.missing.as_slice(), self.range, self.in_own) {
            // The usual case in one go; without scale or offset the other two steps change no bit of what is left.
            let (scale, offset) = (self.scale.map(T::from_f64), self.offset.map(T::from_f64));
            return usual_row(row, missing, scale, offset);
        }
        mask_row(row, &self.missing, self.range);
        if self.in_own {
            return scale_row(row, self.scale.map(T::from_f64), self.offset.map(T::from_f64));
        }
        if let Some(scale) = self.scale {
            row.iter_mut().for_each(|v| *v = T::from_f64(v.to_f64() * scale));
        }
        if let Some(offset) = self.offset {
            row.iter_mut().for_each(|v| *v = T::from_f64(v.to_f64() + offset));
        }
    }
}

/// The two float types.
pub(crate) trait Float: Number {
    /// Not a number.
    const NAN: Self;
}
impl Float for f32 {
    const NAN: Self = Self::NAN;
}
impl Float for f64 {
    const NAN: Self = Self::NAN;
}

#[multiversion(targets("x86_64+avx2+fma"), dispatcher = "direct")]
fn mask_row<T: Float>(row: &mut [T], missing: &[T], range: Option<(f64, f64)>) {
    match *missing {
        [] => {}
        [a] => row.iter_mut().for_each(|v| *v = if *v == a { T::NAN } else { *v }),
        [a, b] => row.iter_mut().for_each(|v| *v = if (*v == a) | (*v == b) { T::NAN } else { *v }),
        _ => row.iter_mut().for_each(|v| *v = if missing.contains(v) { T::NAN } else { *v }),
    }
    if let Some((lowest, highest)) = range {
        for v in row {
            let value = v.to_f64();
            *v = if (value < lowest) | (value > highest) { T::NAN } else { *v };
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn usual_row<T: Float>(row: &mut [T], missing: T, scale: Option<T>, offset: Option<T>) {
    let mask = |v: T| if v == missing { T::NAN } else { v };
    match (scale, offset) {
        (Some(scale), Some(offset)) => row.iter_mut().for_each(|v| *v = mask(*v).times(scale).plus(offset)),
        (Some(scale), None) => row.iter_mut().for_each(|v| *v = mask(*v).times(scale)),
        (None, Some(offset)) => row.iter_mut().for_each(|v| *v = mask(*v).plus(offset)),
        (None, None) => row.iter_mut().for_each(|v| *v = mask(*v)),
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
