//! Types of values, and the one macro that turns a dtype into a Rust type.
use std::fmt;

use arrow_buffer::ArrowNativeType;

use super::Calendar;

/// The unit in which times and durations are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl TimeUnit {
    /// How many of this unit make a second.
    ///
    /// ```
    /// use terracube_cube::TimeUnit;
    /// assert_eq!((TimeUnit::S.per_second(), TimeUnit::Ns.per_second()), (1, 1_000_000_000));
    /// ```
    pub fn per_second(self) -> i64 {
        match self {
            Self::S => 1,
            Self::Ms => 1_000,
            Self::Us => 1_000_000,
            Self::Ns => 1_000_000_000,
        }
    }

    /// numpy's name: "s", "ms", "us", "ns".
    ///
    /// ```
    /// use terracube_cube::TimeUnit;
    /// assert_eq!((TimeUnit::S.name(), TimeUnit::Us.name()), ("s", "us"));
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::Ms => "ms",
            Self::Us => "us",
            Self::Ns => "ns",
        }
    }
}

/// The type of an array's values.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// Truth values, one byte each in memory (0 or 1).
    Bool,
    /// Signed 8-bit integers.
    I8,
    /// Signed 16-bit integers.
    I16,
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers.
    I64,
    /// Unsigned 8-bit integers.
    U8,
    /// Unsigned 16-bit integers.
    U16,
    /// Unsigned 32-bit integers.
    U32,
    /// Unsigned 64-bit integers.
    U64,
    /// 32-bit floats; NaN is missing.
    F32,
    /// 64-bit floats; NaN is missing.
    F64,
    /// UTF-8 strings of any length.
    Utf8,
    /// Times: i64 counts of `unit` since 1970-01-01 in `calendar`; `i64::MIN` is missing (NaT).
    Time {
        /// What is counted.
        unit: TimeUnit,
        /// The calendar that turns counts into dates.
        calendar: Calendar,
    },
    /// Durations: i64 counts of `unit`; `i64::MIN` is missing.
    Duration {
        /// What is counted.
        unit: TimeUnit,
    },
}

/// What a dtype can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Bool`.
    Bool,
    /// Signed and unsigned integers.
    Integer,
    /// Floats.
    Float,
    /// Strings.
    Text,
    /// Times.
    Time,
    /// Durations.
    Duration,
}

impl DType {
    /// What the values are.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::base::Kind;
    /// assert_eq!((DType::F32.kind(), DType::U8.kind(), DType::Utf8.kind()), (Kind::Float, Kind::Integer, Kind::Text));
    /// ```
    pub fn kind(self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::F32 | Self::F64 => Kind::Float,
            Self::Utf8 => Kind::Text,
            Self::Time { .. } => Kind::Time,
            Self::Duration { .. } => Kind::Duration,
            _ => Kind::Integer,
        }
    }

    /// Bytes per value in memory; for strings an estimate (offset and 16 bytes of text).
    ///
    /// ```
    /// use terracube_cube::DType;
    /// assert_eq!((DType::F32.item_size(), DType::Bool.item_size(), DType::I64.item_size()), (4, 1, 8));
    /// ```
    pub fn item_size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::Utf8 => 24,
            _ => 8,
        }
    }

    /// Whether this is `F32` or `F64`.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// assert!(DType::F32.is_float() && !DType::I32.is_float());
    /// ```
    pub fn is_float(self) -> bool {
        self.kind() == Kind::Float
    }

    /// Whether this is an integer type.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// assert!(DType::U8.is_integer() && !DType::Bool.is_integer() && !DType::F64.is_integer());
    /// ```
    pub fn is_integer(self) -> bool {
        self.kind() == Kind::Integer
    }

    /// Whether this is an integer or a float.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// assert!(DType::U8.is_numeric() && DType::F64.is_numeric() && !DType::Bool.is_numeric());
    /// ```
    pub fn is_numeric(self) -> bool {
        matches!(self.kind(), Kind::Integer | Kind::Float)
    }

    /// Whether this is a time or a duration, held as i64 with `i64::MIN` as missing.
    ///
    /// ```
    /// use terracube_cube::{DType, TimeUnit};
    /// assert!(DType::Duration { unit: TimeUnit::S }.is_time_like() && !DType::I64.is_time_like());
    /// ```
    pub fn is_time_like(self) -> bool {
        matches!(self.kind(), Kind::Time | Kind::Duration)
    }

    /// Whether this is an unsigned integer.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// assert!(DType::U8.is_unsigned() && !DType::I8.is_unsigned());
    /// ```
    pub fn is_unsigned(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// The dtype in which values are held in a buffer: `Bool` is `U8`, times and durations are `I64`, the rest itself.
    ///
    /// ```
    /// use terracube_cube::{DType, TimeUnit};
    /// assert_eq!((DType::Bool.storage(), DType::Duration { unit: TimeUnit::S }.storage()), (DType::U8, DType::I64));
    /// ```
    pub fn storage(self) -> Self {
        match self {
            Self::Bool => Self::U8,
            Self::Time { .. } | Self::Duration { .. } => Self::I64,
            other => other,
        }
    }

    /// numpy's name (`float32`, `datetime64[s]`); times in other than standard calendars read `time[s, noleap]`.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DType, TimeUnit};
    /// let time = |calendar| DType::Time { unit: TimeUnit::S, calendar }.name();
    /// assert_eq!((DType::F32.name(), time(Calendar::Standard)), ("float32".to_owned(), "datetime64[s]".to_owned()));
    /// assert_eq!(time(Calendar::NoLeap), "time[s, noleap]");
    /// ```
    pub fn name(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::Utf8 => "string",
            Self::Time { unit, calendar } if calendar.is_standard() => return write!(f, "datetime64[{}]", unit.name()),
            Self::Time { unit, calendar } => return write!(f, "time[{}, {}]", unit.name(), calendar.name()),
            Self::Duration { unit } => return write!(f, "timedelta64[{}]", unit.name()),
        })
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Rust type that values are held in.
pub trait Element: ArrowNativeType + Copy + PartialOrd + Send + Sync + 'static {
    /// The dtype of plain values of this type (`u8` is [`DType::U8`], also when it holds truth values).
    const DTYPE: DType;
    /// Whether this value is missing: NaN for floats, never for integers.
    fn is_missing(self) -> bool;
    /// As f64, rounding 64-bit integers.
    fn to_f64(self) -> f64;
    /// From f64 as Rust's `as` does it: truncating, saturating, NaN to 0.
    fn from_f64(value: f64) -> Self;
}

macro_rules! elements {
    ($($t:ty => $dtype:ident, $missing:expr;)*) => {$(
        impl Element for $t {
            const DTYPE: DType = DType::$dtype;
            #[inline(always)]
            fn is_missing(self) -> bool { let missing: fn($t) -> bool = $missing; missing(self) }
            #[inline(always)]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline(always)]
            fn from_f64(value: f64) -> Self { value as $t }
        }
    )*};
}
elements! {
    i8 => I8, |_| false; i16 => I16, |_| false; i32 => I32, |_| false; i64 => I64, |_| false;
    u8 => U8, |_| false; u16 => U16, |_| false; u32 => U32, |_| false; u64 => U64, |_| false;
    f32 => F32, |v| v.is_nan(); f64 => F64, |v| v.is_nan();
}

/// Runs `$body` with the type alias `$t` set to the Rust type that holds `$dtype`; `$text` for strings.
macro_rules! dispatch_numeric {
    ($dtype:expr, $t:ident => $body:expr, text => $text:expr) => {
        match $crate::base::DType::storage($dtype) {
            $crate::base::DType::I8 => {
                type $t = i8;
                $body
            }
            $crate::base::DType::I16 => {
                type $t = i16;
                $body
            }
            $crate::base::DType::I32 => {
                type $t = i32;
                $body
            }
            $crate::base::DType::I64 => {
                type $t = i64;
                $body
            }
            $crate::base::DType::U8 => {
                type $t = u8;
                $body
            }
            $crate::base::DType::U16 => {
                type $t = u16;
                $body
            }
            $crate::base::DType::U32 => {
                type $t = u32;
                $body
            }
            $crate::base::DType::U64 => {
                type $t = u64;
                $body
            }
            $crate::base::DType::F32 => {
                type $t = f32;
                $body
            }
            $crate::base::DType::F64 => {
                type $t = f64;
                $body
            }
            _ => $text,
        }
    };
}
pub(crate) use dispatch_numeric;
