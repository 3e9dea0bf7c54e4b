//! Attributes as numbers, with the dtype that decides how packed data decodes.
use serde_json::Value;
use terracube_cube::DType;
use terracube_cube::compute::Scalar;

use terracube_cube::data::Attribute;

/// The numbers of an attribute and their dtype; `None` for text. JSON numbers are i64 and f64, as Python's are.
pub(super) fn numbers(attribute: &Attribute) -> Option<(DType, Vec<Scalar>)> {
    macro_rules! listed {
        ($values:expr, $dtype:ident, $kind:ident as $t:ty) => {
            (DType::$dtype, $values.iter().map(|&v| Scalar::$kind(v as $t)).collect())
        };
    }
    Some(match attribute {
        Attribute::I8(v) => listed!(v, I8, Int as i64),
        Attribute::I16(v) => listed!(v, I16, Int as i64),
        Attribute::I32(v) => listed!(v, I32, Int as i64),
        Attribute::I64(v) => listed!(v, I64, Int as i64),
        Attribute::U8(v) => listed!(v, U8, UInt as u64),
        Attribute::U16(v) => listed!(v, U16, UInt as u64),
        Attribute::U32(v) => listed!(v, U32, UInt as u64),
        Attribute::U64(v) => listed!(v, U64, UInt as u64),
        Attribute::F32(v) => listed!(v, F32, Float as f64),
        Attribute::F64(v) => listed!(v, F64, Float as f64),
        Attribute::Json(Value::Array(list)) => {
            let all: Vec<(DType, Scalar)> = list.iter().map(json_number).collect::<Option<_>>()?;
            let dtype = if all.iter().any(|(dtype, _)| *dtype == DType::F64) { DType::F64 } else { DType::I64 };
            (dtype, all.into_iter().map(|(_, scalar)| scalar).collect())
        }
        Attribute::Json(value) => json_number(value).map(|(dtype, scalar)| (dtype, vec![scalar]))?,
        Attribute::Text(text) => {
            let (dtype, scalar) = json_number(&Value::String(text.clone()))?;
            (dtype, vec![scalar])
        }
        Attribute::Texts(_) => return None,
    })
}

/// The one number of an attribute and its dtype.
pub(super) fn number(attribute: &Attribute) -> Option<(DType, f64)> {
    let (dtype, values) = numbers(attribute)?;
    match &values[..] {
        [one] => Some((dtype, one.as_f64()?)),
        _ => None,
    }
}

fn json_number(value: &Value) -> Option<(DType, Scalar)> {
    match value {
        Value::Number(number) => Some(match (number.as_i64(), number.as_u64()) {
            (Some(n), _) => (DType::I64, Scalar::Int(n)),
            (None, Some(n)) => (DType::U64, Scalar::UInt(n)),
            _ => (DType::F64, Scalar::Float(number.as_f64()?)),
        }),
        // The numbers that JSON lacks.
        Value::String(text) => match text.as_str() {
            "NaN" => Some((DType::F64, Scalar::Float(f64::NAN))),
            "Infinity" => Some((DType::F64, Scalar::Float(f64::INFINITY))),
            "-Infinity" => Some((DType::F64, Scalar::Float(f64::NEG_INFINITY))),
            _ => None,
        },
        _ => None,
    }
}
