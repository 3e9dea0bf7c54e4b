//! What the checks against expected values share: values out of an [`Array`], and how near they must be.
#![allow(dead_code)]

pub mod added_verbs;
pub mod arguments;
pub mod calendar;
pub mod climate_verbs;
pub mod later_verbs;
pub mod more_verbs;
pub mod pipeline;
pub mod verbs;

use serde_json::Value;
use terracube::cube::base::Element;
use terracube::prelude::*;

/// Values of a computed array, in the type in which they are compared.
#[derive(Debug)]
pub enum Observed {
    F32(Vec<f32>),
    F64(Vec<f64>),
    Integer(Vec<i128>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    /// Microseconds since 1970-01-01 in their own calendar; `None` is missing.
    Time(Vec<Option<i128>>),
}

/// How far a value may be from the expected one.
#[derive(Debug, Clone, Copy)]
pub enum Tolerance {
    /// Steps of the dtype's own floats.
    Ulp(u64),
    /// In the values' own unit (microseconds for times).
    Absolute(f64),
}

impl Tolerance {
    /// From a case's `ulp` or `absolute`.
    pub fn of(case: &Value) -> Self {
        match case["absolute"].as_f64() {
            Some(distance) => Self::Absolute(distance),
            None => Self::Ulp(case["ulp"].as_u64().unwrap_or(0)),
        }
    }
}

impl Observed {
    /// The values of `array`.
    pub fn of(array: &Array) -> Result<Self, String> {
        let said = |error: Error| error.to_string();
        Ok(match array.dtype() {
            DType::F32 => Self::F32(array.to_vec::<f32>().map_err(said)?),
            DType::F64 => Self::F64(array.to_vec::<f64>().map_err(said)?),
            DType::Bool => Self::Bool(array.to_vec::<u8>().map_err(said)?.into_iter().map(|b| b != 0).collect()),
            DType::Utf8 => Self::Text(array.to_strings().map_err(said)?),
            DType::Time { unit, .. } | DType::Duration { unit } => {
                let per_second = i128::from(unit.per_second());
                let count = |v: i64| (v != i64::MIN).then(|| (i128::from(v) * 1_000_000).div_euclid(per_second));
                Self::Time(array.to_vec::<i64>().map_err(said)?.into_iter().map(count).collect())
            }
            DType::I8 => integers::<i8>(array)?,
            DType::I16 => integers::<i16>(array)?,
            DType::I32 => integers::<i32>(array)?,
            DType::I64 => integers::<i64>(array)?,
            DType::U8 => integers::<u8>(array)?,
            DType::U16 => integers::<u16>(array)?,
            DType::U32 => integers::<u32>(array)?,
            DType::U64 => integers::<u64>(array)?,
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Integer(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Time(v) => v.len(),
        }
    }

    /// As f64, missing as NaN; `None` for strings.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        Some(match self {
            Self::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::F64(v) => v.clone(),
            Self::Integer(v) => v.iter().map(|x| *x as f64).collect(),
            Self::Bool(v) => v.iter().map(|x| f64::from(u8::from(*x))).collect(),
            Self::Time(v) => v.iter().map(|x| x.map_or(f64::NAN, |x| x as f64)).collect(),
            Self::Text(_) => return None,
        })
    }

    /// The first value that differs from `expected` by more than `tolerance`, in words.
    pub fn difference(&self, expected: &[Value], tolerance: Tolerance) -> Option<String> {
        if self.len() != expected.len() {
            return Some(format!("{} values, expected {}", self.len(), expected.len()));
        }
        let wrong: Vec<usize> = (0..expected.len()).filter(|&i| !self.agrees(i, &expected[i], tolerance)).collect();
        let first = *wrong.first()?;
        Some(format!(
            "{} of {} values differ; [{first}] is {}, expected {}",
            wrong.len(),
            expected.len(),
            self.show(first),
            expected[first]
        ))
    }

    fn agrees(&self, i: usize, expected: &Value, tolerance: Tolerance) -> bool {
        match self {
            Self::F32(v) => float(expected).is_some_and(|e| near_f32(v[i], e as f32, tolerance)),
            Self::F64(v) => float(expected).is_some_and(|e| near_f64(v[i], e, tolerance)),
            Self::Integer(v) => integer(expected) == Some(v[i]),
            Self::Bool(v) => expected.as_bool() == Some(v[i]),
            Self::Text(v) => expected.as_str() == Some(&v[i]),
            Self::Time(v) => match (v[i], integer(expected)) {
                (None, None) => expected.is_null(),
                (Some(a), Some(b)) => {
                    (a - b).abs() as f64 <= if let Tolerance::Absolute(d) = tolerance { d } else { 0.0 }
                }
                _ => false,
            },
        }
    }

    /// One value in words.
    pub fn show(&self, i: usize) -> String {
        match self {
            Self::F32(v) => v[i].to_string(),
            Self::F64(v) => v[i].to_string(),
            Self::Integer(v) => v[i].to_string(),
            Self::Bool(v) => v[i].to_string(),
            Self::Text(v) => format!("{:?}", v[i]),
            Self::Time(v) => format!("{:?}", v[i]),
        }
    }
}

/// A float of the expected values: null is NaN, "inf" and "-inf" are themselves.
pub fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

fn integers<T: Element + Into<i128>>(array: &Array) -> Result<Observed, String> {
    let values = array.to_vec::<T>().map_err(|error| error.to_string())?;
    Ok(Observed::Integer(values.into_iter().map(Into::into).collect()))
}

fn near_f32(a: f32, b: f32, tolerance: Tolerance) -> bool {
    let ordered = |x: f32| {
        i64::from(if x.to_bits() >> 31 == 1 { i32::MIN.wrapping_sub(x.to_bits() as i32) } else { x.to_bits() as i32 })
    };
    match tolerance {
        _ if a.is_nan() || b.is_nan() => a.is_nan() && b.is_nan(),
        Tolerance::Ulp(n) => ordered(a).abs_diff(ordered(b)) <= n,
        Tolerance::Absolute(d) => a == b || f64::from(a - b).abs() <= d,
    }
}

fn near_f64(a: f64, b: f64, tolerance: Tolerance) -> bool {
    let ordered = |x: f64| {
        i128::from(if x.to_bits() >> 63 == 1 { i64::MIN.wrapping_sub(x.to_bits() as i64) } else { x.to_bits() as i64 })
    };
    match tolerance {
        _ if a.is_nan() || b.is_nan() => a.is_nan() && b.is_nan(),
        Tolerance::Ulp(n) => ordered(a).abs_diff(ordered(b)) <= u128::from(n),
        Tolerance::Absolute(d) => a == b || (a - b).abs() <= d,
    }
}
