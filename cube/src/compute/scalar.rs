//! Single values that stand in expressions, and the dtype they take beside an array.
use std::fmt;
use std::sync::Arc;

use crate::base::{Block, Calendar, DType, Error, Kind, Result, TimeUnit, dispatch_numeric};
use crate::compute::number::CastTo;
use crate::compute::pointwise::BinaryOp;

/// A single value. Floats are equal if their bits are.
#[derive(Debug, Clone)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer above `i64::MAX` (or any other unsigned one).
    UInt(u64),
    /// A float.
    Float(f64),
    /// A string.
    Text(Arc<str>),
    /// A time: a count since 1970-01-01, `i64::MIN` for NaT.
    Time {
        /// The count.
        value: i64,
        /// What is counted.
        unit: TimeUnit,
        /// The calendar.
        calendar: Calendar,
    },
    /// A duration; `i64::MIN` for NaT.
    Duration {
        /// The count.
        value: i64,
        /// What is counted.
        unit: TimeUnit,
    },
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::UInt(a), Self::UInt(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Time { value: a, unit: u, calendar: c }, Self::Time { value: b, unit: v, calendar: d }) => {
                (a, u, c) == (b, v, d)
            }
            (Self::Duration { value: a, unit: u }, Self::Duration { value: b, unit: v }) => (a, u) == (b, v),
            _ => false,
        }
    }
}

impl Eq for Scalar {}

impl std::hash::Hash for Scalar {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Bool(v) => v.hash(state),
            Self::Int(v) => v.hash(state),
            Self::UInt(v) => v.hash(state),
            Self::Float(v) => v.to_bits().hash(state),
            Self::Text(v) => v.hash(state),
            Self::Time { value, unit, calendar } => (value, unit, calendar).hash(state),
            Self::Duration { value, unit } => (value, unit).hash(state),
        }
    }
}

impl Scalar {
    /// The dtype of the value by itself: bool, int64 (uint64 above its range), float64, string, its time.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::compute::Scalar;
    /// assert_eq!((Scalar::Int(1).dtype(), Scalar::UInt(u64::MAX).dtype(), Scalar::Float(0.5).dtype()), (DType::I64, DType::U64, DType::F64));
    /// ```
    pub fn dtype(&self) -> DType {
        match *self {
            Self::Bool(_) => DType::Bool,
            Self::Int(_) => DType::I64,
            Self::UInt(v) => {
                if i64::try_from(v).is_ok() {
                    DType::I64
                } else {
                    DType::U64
                }
            }
            Self::Float(_) => DType::F64,
            Self::Text(_) => DType::Utf8,
            Self::Time { unit, calendar, .. } => DType::Time { unit, calendar },
            Self::Duration { unit, .. } => DType::Duration { unit },
        }
    }

    /// A block of this one value, without axes, as `dtype`.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::compute::Scalar;
    /// assert_eq!(Scalar::Int(7).to_block(DType::F32)?.values::<f32>()?, [7.0]);
    /// assert!(Scalar::Int(300).to_block(DType::U8).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the value is not of the dtype's kind, or an integer does not fit it.
    pub fn to_block(&self, dtype: DType) -> Result<Block> {
        let own = match self {
            Self::Text(text) if dtype == DType::Utf8 => return Block::from_strings(&[], [text.as_ref()]),
            Self::Bool(v) if dtype == DType::Bool => return Block::scalar(u8::from(*v)).reinterpret(DType::Bool),
            Self::Bool(v) => Self::Int(i64::from(*v)).integer(dtype)?,
            Self::Int(_) | Self::UInt(_) => self.integer(dtype)?,
            Self::Float(v) if dtype.is_float() => Block::scalar(*v),
            Self::Time { value, .. } | Self::Duration { value, .. } if dtype.is_time_like() => {
                Block::scalar(*value).reinterpret(self.dtype())?
            }
            _ => return Err(Error::dtype(format!("{self} is no value of {dtype}"))),
        };
        super::pointwise::cast(&own, dtype)
    }

    /// The value as f64; `None` for strings, times and durations.
    ///
    /// ```
    /// use terracube_cube::compute::Scalar;
    /// assert_eq!((Scalar::Bool(true).as_f64(), Scalar::Text("a".into()).as_f64()), (Some(1.0), None));
    /// ```
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Bool(v) => Some(f64::from(u8::from(v))),
            Self::Int(v) => Some(v as f64),
            Self::UInt(v) => Some(v as f64),
            Self::Float(v) => Some(v),
            _ => None,
        }
    }

    fn wide(&self) -> Option<i128> {
        match *self {
            Self::Bool(v) => Some(i128::from(v)),
            Self::Int(v) => Some(v.into()),
            Self::UInt(v) => Some(v.into()),
            _ => None,
        }
    }

    fn fits(&self, dtype: DType) -> bool {
        let bits = 8 * dtype.item_size() as u32;
        let Some(value) = self.wide() else { return false };
        match (dtype.is_integer(), dtype.is_unsigned()) {
            (false, _) => dtype.is_float(),
            (true, true) => (0..1i128 << bits).contains(&value),
            (true, false) => (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&value),
        }
    }

    fn integer(&self, dtype: DType) -> Result<Block> {
        let value = self.wide().ok_or_else(|| Error::internal("an integer literal"))?;
        if dtype == DType::Bool && (0..=1).contains(&value) {
            return Block::scalar(value as u8).reinterpret(DType::Bool);
        }
        if !self.fits(dtype) {
            return Err(out_of_range(self, dtype));
        }
        let unsigned = u64::try_from(value).ok();
        dispatch_numeric!(dtype, T => Ok(match unsigned {
            Some(value) => Block::scalar::<T>(value.cast_to()),
            None => Block::scalar::<T>((value as i64).cast_to()),
        }), text => Err(out_of_range(self, dtype)))
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::UInt(v) => write!(f, "{v}"),
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Text(v) => write!(f, "{v:?}"),
            Self::Time { value: i64::MIN, .. } | Self::Duration { value: i64::MIN, .. } => f.write_str("NaT"),
            Self::Time { value, unit, .. } => write!(f, "{value} {} since 1970-01-01", unit.name()),
            Self::Duration { value, unit } => write!(f, "{value} {}", unit.name()),
        }
    }
}

fn out_of_range(scalar: &Scalar, dtype: DType) -> Error {
    Error::invalid(format!("the integer {scalar} is out of the range of {dtype}"))
        .hint("cast the array to a wider dtype first, or write the number as a float")
}

/// The dtype that a literal takes beside an array of dtype `array` in `op`: NumPy 2's weak literals. Floats take the dtype of a
/// float array and are f64 beside integers; integers take the dtype of a numeric array; bool stays bool, times stay what they are.
///
/// ```
/// use terracube_cube::DType;
/// use terracube_cube::compute::pointwise::BinaryOp;
/// use terracube_cube::compute::{Scalar, weak_dtype};
/// assert_eq!(weak_dtype(&Scalar::Float(0.5), DType::F32, BinaryOp::Mul)?, DType::F32);
/// assert_eq!(weak_dtype(&Scalar::Float(0.5), DType::I16, BinaryOp::Mul)?, DType::F64);
/// assert!(weak_dtype(&Scalar::Int(300), DType::U8, BinaryOp::Add).is_err());
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If an integer is out of the array's range (comparisons are fine).
pub fn weak_dtype(scalar: &Scalar, array: DType, op: BinaryOp) -> Result<DType> {
    match (scalar, array.kind()) {
        (Scalar::Float(_), Kind::Float) | (Scalar::Int(_) | Scalar::UInt(_), Kind::Float) => Ok(array),
        (Scalar::Int(_) | Scalar::UInt(_), Kind::Integer) => {
            if scalar.fits(array) {
                Ok(array)
            } else if op.is_comparison() {
                Ok(scalar.dtype())
            } else {
                Err(out_of_range(scalar, array))
            }
        }
        _ => Ok(scalar.dtype()),
    }
}
