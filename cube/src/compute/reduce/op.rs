//! The reductions there are, their options, and the dtype of their results.
use super::own::OwnId;
use crate::base::{DType, Error, Kind, Result};

/// A reduction. Empty cells give: sum 0, product 1, count 0, any false, all true; NaN or NaT for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// Sum: integers and bool exactly in 64 bits (wrapping), floats in f64 or better, durations exactly.
    Sum,
    /// Product: integers in 64 bits (wrapping), floats in f64.
    Prod,
    /// Arithmetic mean: f32 for f32, f64 for f64, integers and bool; times and durations rounded to the nearest unit.
    Mean,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Variance around the mean, divided by the number of values less `ddof`.
    Var {
        /// Degrees of freedom taken off the count.
        ddof: u32,
    },
    /// Square root of [`ReduceOp::Var`].
    Std {
        /// Degrees of freedom taken off the count.
        ddof: u32,
    },
    /// Number of values that are not missing, as int64. Strings are never missing.
    Count,
    /// Whether any value is not zero. As in numpy, NaN is not zero.
    Any,
    /// Whether no value is zero.
    All,
    /// The first value that is not missing.
    First,
    /// The last value that is not missing.
    Last,
    /// A reduction that the user gave as functions; in f64.
    Own(OwnId),
}

/// What counts as missing, and how many values a result needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReduceOptions {
    /// Leave NaN and NaT out (the default), or let them spread into the result.
    pub skip_missing: bool,
    /// Results of fewer values than this are missing. Has no effect on integers and bool, whose values are never missing.
    pub min_count: Option<u64>,
}

impl Default for ReduceOptions {
    fn default() -> Self {
        Self { skip_missing: true, min_count: None }
    }
}

impl ReduceOp {
    /// The name of the method: "mean", "std".
    ///
    /// ```
    /// use terracube_cube::compute::ReduceOp;
    /// assert_eq!((ReduceOp::Mean.name(), ReduceOp::Std { ddof: 1 }.name()), ("mean", "std"));
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Var { .. } => "var",
            Self::Std { .. } => "std",
            Self::Count => "count",
            Self::Any => "any",
            Self::All => "all",
            Self::First => "first",
            Self::Last => "last",
            Self::Own(_) => "reduce_with",
        }
    }

    /// The dtype of the result.
    ///
    /// ```
    /// use terracube_cube::DType;
    /// use terracube_cube::compute::ReduceOp;
    /// assert_eq!((ReduceOp::Sum.output_dtype(DType::U8)?, ReduceOp::Mean.output_dtype(DType::F32)?), (DType::U64, DType::F32));
    /// assert!(ReduceOp::Mean.output_dtype(DType::Utf8).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the reduction is not defined for values of `input`: sums of times, anything but `count`, `first`, `last` of strings.
    pub fn output_dtype(self, input: DType) -> Result<DType> {
        let kind = input.kind();
        Ok(match (self, kind) {
            (Self::Count, _) => DType::I64,
            (Self::First | Self::Last, _) => input,
            (_, Kind::Text) => {
                return Err(Error::dtype(format!("`{}` is not defined for strings", self.name()))
                    .hint("strings can be counted (`count`) and picked (`first`, `last`)"));
            }
            (Self::Own(_), Kind::Bool | Kind::Integer | Kind::Float) => DType::F64,
            (Self::Any | Self::All, Kind::Bool | Kind::Integer | Kind::Float) => DType::Bool,
            (Self::Min | Self::Max, _) | (Self::Mean, Kind::Time | Kind::Duration) | (Self::Sum, Kind::Duration) => {
                input
            }
            (Self::Sum | Self::Prod, Kind::Bool) => DType::I64,
            (Self::Sum | Self::Prod, Kind::Integer) => {
                if input.is_unsigned() {
                    DType::U64
                } else {
                    DType::I64
                }
            }
            (_, Kind::Float) => input,
            (Self::Mean | Self::Var { .. } | Self::Std { .. }, Kind::Bool | Kind::Integer) => DType::F64,
            (_, Kind::Time) => {
                return Err(Error::dtype(format!("`{}` is not defined for times ({input})", self.name())).hint(
                    "times have `mean`, `min`, `max`, `count`, `first` and `last`; subtract a time to get durations",
                ));
            }
            (_, Kind::Duration) => {
                return Err(Error::dtype(format!("`{}` is not defined for durations ({input})", self.name()))
                    .hint("divide by a duration to get numbers, then reduce those"));
            }
        })
    }
}
