//! Missing values, scale, offset and sign, by the rules of xarray's `CFMaskCoder` and `CFScaleOffsetCoder`.
use terracube_cube::DType;
use terracube_cube::compute::{Scalar, Unpack};

use super::numbers::{number, numbers};
use super::{CfOptions, Step, moved};
use terracube_cube::data::{Attribute, Attributes};

/// What attributes say about packing. Those that were understood have moved from the attributes to the encoding.
#[derive(Debug, Default)]
pub(super) struct Packing {
    /// The dtype in which raw values are read, if `_Unsigned` changes it.
    signedness: Option<DType>,
    /// Raw values that mean missing.
    pub missing: Vec<Scalar>,
    /// Whether a fill value was declared, though perhaps NaN, which needs no masking.
    declared: bool,
    scale: Option<(DType, f64)>,
    offset: Option<(DType, f64)>,
}

impl Packing {
    /// Takes the attributes about packing of a variable with values of `raw`.
    pub(super) fn take(attributes: &mut Attributes, encoding: &mut Attributes, raw: DType) -> Self {
        let mut packing = Self::default();
        for name in ["missing_value", "_FillValue"] {
            let Some(value) = attributes.remove(name) else { continue };
            let numbers = numbers(&value).map(|(_, values)| values).unwrap_or_default();
            let known: Vec<Scalar> = numbers.into_iter().filter(|v| v.as_f64().is_some_and(|v| !v.is_nan())).collect();
            if known.is_empty() && raw.is_integer() {
                // NaN or text cannot mark a missing integer.
                continue;
            }
            packing.declared = true;
            for scalar in known {
                if !packing.missing.contains(&scalar) {
                    packing.missing.push(scalar);
                }
            }
            encoding.set(name, value);
        }
        if let Some(unsigned) = attributes.remove("_Unsigned") {
            packing.read_as(raw, unsigned.as_text(), encoding.get("_FillValue"));
            encoding.set("_Unsigned", unsigned);
        }
        for (name, slot) in [("scale_factor", &mut packing.scale), ("add_offset", &mut packing.offset)] {
            if let Some(value) = attributes.get(name)
                && let Some(found) = number(value)
            {
                *slot = Some(found);
                moved(attributes, encoding, name);
            }
        }
        packing
    }

    /// Whether there is a scale or an offset.
    pub(super) fn is_packed(&self) -> bool {
        self.scale.is_some() || self.offset.is_some()
    }

    /// The steps that turn raw values into numbers, and their dtype. `is_time`: the result is going to be decoded as a time, whose
    /// integers keep their missing values for that step.
    pub(super) fn steps(&self, raw: DType, is_time: bool, options: &CfOptions) -> (Vec<Step>, DType) {
        let mut steps = Vec::new();
        let read_as = self.signedness.unwrap_or(raw);
        if !read_as.is_numeric() {
            return (steps, raw);
        }
        let unsigned = read_as.is_unsigned() && !raw.is_unsigned();
        if read_as != raw && !unsigned {
            steps.push(Step::Cast(read_as));
        }
        let missing = if options.mask { self.missing.clone() } else { Vec::new() };
        let (scale, offset) = (self.scale.map(|s| s.1), self.offset.map(|o| o.1));
        let mut out = read_as;
        if self.is_packed() {
            // A declared fill value that masks nothing leaves floats as they are.
            let keeps = self.declared && missing.is_empty() && read_as.is_float() && !is_time;
            out = if keeps { read_as } else { self.packed_dtype(read_as) };
        } else if !missing.is_empty() && !is_time {
            out = masked_dtype(read_as);
        }
        let masked_later = is_time && !self.is_packed();
        let missing = if masked_later { Vec::new() } else { missing };
        let changes = unsigned || self.is_packed() || !missing.is_empty();
        if options.decode_f32 && changes && out == DType::F64 && read_as != DType::F64 && !is_time {
            out = DType::F32;
        }
        if changes {
            steps.push(Step::Unpack(Unpack { missing, valid_range: None, scale, offset, out, unsigned }));
        }
        (steps, out)
    }

    /// The float in which packed values are computed (xarray's `_choose_float_dtype`). An integer scale gives f64: masks need floats.
    fn packed_dtype(&self, raw: DType) -> DType {
        match (self.scale.map(|s| s.0), self.offset.map(|o| o.0)) {
            (Some(scale), Some(offset)) if scale == offset && scale.is_float() => {
                if raw.is_integer() && raw.item_size() == 4 { DType::F64 } else { scale }
            }
            (Some(scale), None) if scale.is_float() => scale,
            _ => DType::F64,
        }
    }

    fn read_as(&mut self, raw: DType, unsigned: Option<&str>, fill: Option<&Attribute>) {
        let (target, bits) = match (raw, unsigned) {
            (DType::I8, Some("true")) => (DType::U8, 8),
            (DType::I16, Some("true")) => (DType::U16, 16),
            (DType::I32, Some("true")) => (DType::U32, 32),
            (DType::I64, Some("true")) => (DType::U64, 64),
            (DType::U8, Some("false")) => (DType::I8, 8),
            (DType::U16, Some("false")) => (DType::I16, 16),
            (DType::U32, Some("false")) => (DType::I32, 32),
            (DType::U64, Some("false")) => (DType::I64, 64),
            _ => return,
        };
        self.signedness = Some(target);
        // The fill value is written in the stored type; it means the same bits.
        let Some((_, fills)) = fill.and_then(numbers) else { return };
        for scalar in &mut self.missing {
            if fills.contains(scalar)
                && let Some(bits) = reinterpreted(scalar, bits, target.is_unsigned())
            {
                *scalar = bits;
            }
        }
    }
}

/// The dtype in which NaN can stand for missing values (xarray's `maybe_promote`).
fn masked_dtype(dtype: DType) -> DType {
    match dtype {
        DType::F32 => DType::F32,
        integer if integer.is_integer() && integer.item_size() <= 2 => DType::F32,
        _ => DType::F64,
    }
}

fn reinterpreted(scalar: &Scalar, bits: u32, unsigned: bool) -> Option<Scalar> {
    let value = match *scalar {
        Scalar::Int(v) => v as u64,
        Scalar::UInt(v) => v,
        Scalar::Float(v) if v.fract() == 0.0 => v as i64 as u64,
        _ => return None,
    };
    let shift = 64 - bits;
    Some(if unsigned { Scalar::UInt(value << shift >> shift) } else { Scalar::Int((value << shift) as i64 >> shift) })
}
