//! Labels: the argument of `sel`.
use std::fmt;
use std::ops::{RangeFrom, RangeFull, RangeInclusive, RangeToInclusive};
use std::time::Duration;

use crate::base::{Calendar, TimeUnit};

/// One value that names a place on an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelValue {
    /// A float.
    Float(f64),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A string: on a time axis a date, whole or partial ("1990-06"); on a duration axis a length ("6h", "3 days").
    Text(String),
    /// A moment, as it stands in a coordinate.
    Time {
        /// Units since 1970-01-01 of the calendar.
        count: i64,
        /// What is counted.
        unit: TimeUnit,
        /// The calendar.
        calendar: Calendar,
    },
    /// A length of time in nanoseconds.
    Duration(i128),
}

/// The argument of `sel`. Users write the plain thing ([`IntoLabel`]); this is what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// The whole axis.
    All,
    /// One value: the dimension goes, unless several labels are equal to it or it is a partial date.
    Value(LabelValue),
    /// Several values in this order. Dates in a list are moments, as in xarray: "1990-06" is its first midnight.
    List(Vec<LabelValue>),
    /// All labels between two values, both included, in stored order; either may be the larger.
    Range {
        /// One end, or the end of the axis.
        start: Option<LabelValue>,
        /// The other end, or the end of the axis.
        end: Option<LabelValue>,
    },
    /// The label nearest to each value. Of two that are equally near it is the larger, as in xarray.
    Near {
        /// What to be near to: a value or a list.
        to: Box<Label>,
        /// The greatest distance allowed.
        tolerance: Option<Tolerance>,
        /// On which side the label may lie.
        side: NearSide,
    },
}

/// On which side of a value the label nearest to it may lie; a label equal to the value is on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearSide {
    /// On either.
    Either,
    /// The greatest label not above the value.
    Below,
    /// The least label not below the value.
    Above,
}

/// The greatest distance of a nearest label.
#[derive(Debug, Clone, PartialEq)]
pub enum Tolerance {
    /// In units of the axis.
    Number(f64),
    /// On a time axis: "6h", "30 min", "1 day".
    Text(String),
    /// On a time axis, in nanoseconds.
    Duration(i128),
}

/// Selects the label nearest to a value (or to each of a list); without [`Near::within`] however far it is.
///
/// ```
/// use terracube_cube::data::near;
/// let label = near(48.5).within(0.25);
/// assert_eq!(label.to_string(), "near(48.5).within(0.25)");
/// ```
pub fn near(value: impl IntoLabel) -> Near {
    Near { to: value.into_label(), tolerance: None, side: NearSide::Either }
}

/// Selects the greatest label that is not above a value (or each of a list), whatever the stored order: the last one before a date
/// (xarray's `sel(method="ffill")`). Takes [`Near::within`] too.
///
/// ```
/// use terracube_cube::{DataArray, at_or_before};
/// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]).with_coord("x", vec![0.0, 10.0, 20.0]);
/// assert_eq!(t.sel("x", at_or_before(19.0)).to_vec::<i32>()?, [2]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub fn at_or_before(value: impl IntoLabel) -> Near {
    Near { to: value.into_label(), tolerance: None, side: NearSide::Below }
}

/// Selects the least label that is not below a value (xarray's `sel(method="bfill")`); see [`at_or_before`].
///
/// ```
/// use terracube_cube::{DataArray, at_or_after};
/// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![0.0, 10.0, 20.0]);
/// assert_eq!(t.sel("x", at_or_after(11.0)).item()?, 3.0);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub fn at_or_after(value: impl IntoLabel) -> Near {
    Near { to: value.into_label(), tolerance: None, side: NearSide::Above }
}

/// What [`near`] makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    to: Label,
    tolerance: Option<Tolerance>,
    side: NearSide,
}

impl Near {
    /// Only labels at most this far away: a number in units of the axis, or on a time axis "6h" or a [`Duration`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, near};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0.0, 10.0]);
    /// assert_eq!(t.sel("x", near(9.0).within(2.0)).item()?, 2.0);
    /// assert!(t.sel("x", near(7.0).within(2.0)).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn within(self, tolerance: impl Into<Tolerance>) -> Self {
        Self { tolerance: Some(tolerance.into()), ..self }
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.clone().into_label())
    }
}

/// The type of [`ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct All;

/// The whole axis, in `sel` and `isel`.
pub const ALL: All = All;

/// What can be given to `sel`: a value, a list, a range with both ends, `near(value)`, `ALL`.
///
/// A half-open range does not compile, because label ranges include both ends:
/// ```compile_fail,E0277
/// use terracube_cube::data::IntoLabel;
/// let label = (35.0..60.0).into_label();
/// ```
/// ```
/// use terracube_cube::data::IntoLabel;
/// let label = (35.0..=60.0).into_label();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot select labels: label ranges include both ends: write a..=b",
    label = "not a label, a list of labels, or a range `a..=b`",
    note = "`sel` takes a value (35.0, \"1990-06\"), `near(value)`, a list, `a..=b`, `a..`, `..=b` or `ALL`",
    note = "to select by position, half-open, use `isel`"
)]
pub trait IntoLabel {
    /// As a label.
    fn into_label(self) -> Label;
}

macro_rules! labels {
    ($($t:ty, $self:ident => $label:expr;)*) => {$(
        impl IntoLabel for $t {
            fn into_label(self) -> Label { let $self = self; $label }
        }
    )*};
}
labels! {
    Label, label => label;
    LabelValue, value => Label::Value(value);
    All, _all => Label::All;
    RangeFull, _all => Label::All;
    Near, near => Label::Near { to: Box::new(near.to), tolerance: near.tolerance, side: near.side };
}

macro_rules! values {
    ($($t:ty, $self:ident => $value:expr;)*) => {$(
        impl From<$t> for LabelValue {
            #[track_caller]
            fn from($self: $t) -> Self { $value }
        }
        impl IntoLabel for $t {
            fn into_label(self) -> Label { Label::Value(self.into()) }
        }
    )*};
}
values! {
    f64, v => Self::Float(v);
    f32, v => Self::Float(v.into());
    i8, v => Self::Integer(v.into());
    i16, v => Self::Integer(v.into());
    i32, v => Self::Integer(v.into());
    i64, v => Self::Integer(v);
    u8, v => Self::Integer(v.into());
    u16, v => Self::Integer(v.into());
    u32, v => Self::Integer(v.into());
    bool, v => Self::Bool(v);
    &str, v => Self::Text(v.to_owned());
    String, v => Self::Text(v);
    &String, v => Self::Text(v.clone());
    Duration, v => Self::Duration(v.as_nanos() as i128);
}

// Numbers behind references, so that `&[1.0, 2.0][..]` and `&values` are lists too.
impl From<&f64> for LabelValue {
    #[track_caller]
    fn from(value: &f64) -> Self {
        Self::Float(*value)
    }
}

impl<T: Into<LabelValue>> IntoLabel for RangeInclusive<T> {
    fn into_label(self) -> Label {
        let (start, end) = self.into_inner();
        Label::Range { start: Some(start.into()), end: Some(end.into()) }
    }
}

impl<T: Into<LabelValue>> IntoLabel for RangeFrom<T> {
    fn into_label(self) -> Label {
        Label::Range { start: Some(self.start.into()), end: None }
    }
}

impl<T: Into<LabelValue>> IntoLabel for RangeToInclusive<T> {
    fn into_label(self) -> Label {
        Label::Range { start: None, end: Some(self.end.into()) }
    }
}

impl<T: Into<LabelValue>> IntoLabel for Vec<T> {
    fn into_label(self) -> Label {
        Label::List(self.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<LabelValue>, const N: usize> IntoLabel for [T; N] {
    fn into_label(self) -> Label {
        Label::List(self.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<LabelValue> + Clone> IntoLabel for &[T] {
    fn into_label(self) -> Label {
        Label::List(self.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<LabelValue> + Clone, const N: usize> IntoLabel for &[T; N] {
    fn into_label(self) -> Label {
        self.as_slice().into_label()
    }
}

impl<T: Into<LabelValue> + Clone> IntoLabel for &Vec<T> {
    fn into_label(self) -> Label {
        self.as_slice().into_label()
    }
}

macro_rules! tolerances {
    ($($t:ty, $self:ident => $tolerance:expr;)*) => {$(
        impl From<$t> for Tolerance {
            #[track_caller]
            fn from($self: $t) -> Self { $tolerance }
        }
    )*};
}
tolerances! {
    f64, v => Self::Number(v);
    f32, v => Self::Number(v.into());
    i32, v => Self::Number(v.into());
    i64, v => Self::Number(v as f64);
    &str, v => Self::Text(v.to_owned());
    String, v => Self::Text(v);
    Duration, v => Self::Duration(v.as_nanos() as i128);
}

// Labels in errors and plans read as users write them.
impl fmt::Display for LabelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Time { count, unit, calendar } => f.write_str(&calendar.format_all(&[*count], *unit).concat()),
            Self::Duration(nanoseconds) => write!(f, "{nanoseconds} ns"),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("ALL"),
            Self::Value(value) => write!(f, "{value}"),
            Self::List(list) => {
                let shown: Vec<String> = list.iter().take(6).map(LabelValue::to_string).collect();
                write!(f, "[{}{}]", shown.join(", "), if list.len() > 6 { ", ..." } else { "" })
            }
            Self::Range { start, end } => {
                if let Some(start) = start {
                    write!(f, "{start}")?;
                }
                match end {
                    Some(end) => write!(f, "..={end}"),
                    None => f.write_str(".."),
                }
            }
            Self::Near { to, tolerance, side } => {
                let name = match side {
                    NearSide::Either => "near",
                    NearSide::Below => "at_or_before",
                    NearSide::Above => "at_or_after",
                };
                write!(f, "{name}({to})")?;
                match tolerance {
                    None => Ok(()),
                    Some(Tolerance::Number(number)) => write!(f, ".within({number:?})"),
                    Some(Tolerance::Text(text)) => write!(f, ".within({text:?})"),
                    Some(Tolerance::Duration(nanoseconds)) => write!(f, ".within({nanoseconds} ns)"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_write_becomes_a_label() {
        let check = |label: Label, expected: &str| assert_eq!(label.to_string(), expected);
        check(48.5.into_label(), "48.5");
        check(7.into_label(), "7");
        check("1990-06".into_label(), "\"1990-06\"");
        check((35.0..=60.0).into_label(), "35.0..=60.0");
        check((-10..=30).into_label(), "-10..=30");
        check(("1981"..="2010").into_label(), "\"1981\"..=\"2010\"");
        check(("1981".to_owned()..).into_label(), "\"1981\"..");
        check((..=3.5_f32).into_label(), "..=3.5");
        check((..).into_label(), "ALL");
        check(ALL.into_label(), "ALL");
        check([1, 2].into_label(), "[1, 2]");
        check(vec!["a", "b"].into_label(), "[\"a\", \"b\"]");
        check((&[1.0; 7][..]).into_label(), "[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, ...]");
        check((&vec![1_i64]).into_label(), "[1]");
        check(near([1.0, 2.0]).into_label(), "near([1.0, 2.0])");
        check(near("1990-06-15").within("6h").into_label(), "near(\"1990-06-15\").within(\"6h\")");
    }
}
