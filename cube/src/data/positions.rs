//! Positions on an axis: the argument of `isel`, and what every selection becomes.
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::select::All;
use crate::base::{Error, ErrorKind, Result};

/// Positions `start`, `start + step`, ...: `len` of them, all on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionRange {
    /// The first position.
    pub start: u64,
    /// How many positions.
    pub len: u64,
    /// From one to the next; never 0, negative for backwards.
    pub step: i64,
}

/// What a selection found on one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Positions {
    /// One position: the dimension goes, its label stays as a scalar coordinate.
    Scalar(u64),
    /// Evenly spaced positions, in this order. Empty only where an empty selection was asked for.
    Range(PositionRange),
    /// Positions one by one, in this order, repeats possible.
    List(Vec<u64>),
    /// Ranges joined in this order: a range of longitudes across the seam of the axis. Labels stay as they are stored.
    Wrapped(Vec<PositionRange>),
}

impl PositionRange {
    /// `len` positions one after the other.
    ///
    /// ```
    /// use terracube_cube::data::PositionRange;
    /// assert_eq!(PositionRange::new(2, 3).iter().collect::<Vec<_>>(), [2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn new(start: u64, len: u64) -> Self {
        Self { start, len, step: 1 }
    }

    /// The positions in order.
    ///
    /// ```
    /// use terracube_cube::data::PositionRange;
    /// assert_eq!(PositionRange { start: 9, len: 3, step: -2 }.iter().collect::<Vec<_>>(), [9, 7, 5]);
    /// ```
    #[track_caller]
    pub fn iter(self) -> impl Iterator<Item = u64> {
        (0..self.len as i64).map(move |i| (self.start as i64 + i * self.step) as u64)
    }
}

impl Positions {
    /// Positions from a list; evenly spaced ascending ones become a range, which costs nothing to read.
    ///
    /// ```
    /// use terracube_cube::data::{PositionRange, Positions};
    /// assert_eq!(Positions::from_list(vec![1, 3, 5]), Positions::Range(PositionRange { start: 1, len: 3, step: 2 }));
    /// assert_eq!(Positions::from_list(vec![1, 1]), Positions::List(vec![1, 1]));
    /// ```
    #[track_caller]
    pub fn from_list(list: Vec<u64>) -> Self {
        let step = match list[..] {
            [] => return Self::Range(PositionRange::new(0, 0)),
            [only] => return Self::Range(PositionRange::new(only, 1)),
            [first, second, ..] if second > first => second - first,
            _ => return Self::List(list),
        };
        if list.windows(2).all(|pair| pair[1] > pair[0] && pair[1] - pair[0] == step) {
            return Self::Range(PositionRange { start: list[0], len: list.len() as u64, step: step as i64 });
        }
        Self::List(list)
    }

    /// How many positions; 1 for a scalar.
    ///
    /// ```
    /// use terracube_cube::data::Positions;
    /// assert_eq!((Positions::Scalar(7).len(), Positions::from_list(vec![4, 0]).len()), (1, 2));
    /// ```
    pub fn len(&self) -> u64 {
        match self {
            Self::Scalar(_) => 1,
            Self::Range(range) => range.len,
            Self::List(list) => list.len() as u64,
            Self::Wrapped(ranges) => ranges.iter().map(|range| range.len).sum(),
        }
    }

    /// Whether nothing is selected.
    ///
    /// ```
    /// use terracube_cube::data::Positions;
    /// assert!(Positions::from_list(vec![]).is_empty() && !Positions::Scalar(0).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the dimension goes.
    ///
    /// ```
    /// use terracube_cube::data::Positions;
    /// assert!(Positions::Scalar(7).is_scalar() && !Positions::from_list(vec![7]).is_scalar());
    /// ```
    pub fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_))
    }

    /// Whether these are all positions of an axis of `len`, in order.
    ///
    /// ```
    /// use terracube_cube::data::Positions;
    /// let all = Positions::from_list(vec![0, 1, 2]);
    /// assert!(all.is_whole(3) && !all.is_whole(4));
    /// ```
    pub fn is_whole(&self, len: u64) -> bool {
        *self == Self::Range(PositionRange::new(0, len))
    }

    /// All positions, in order.
    ///
    /// ```
    /// use terracube_cube::data::{PositionRange, Positions};
    /// let wrapped = Positions::Wrapped(vec![PositionRange::new(3, 1), PositionRange::new(0, 2)]);
    /// assert_eq!(wrapped.to_vec(), [3, 0, 1]);
    /// ```
    pub fn to_vec(&self) -> Vec<u64> {
        match self {
            Self::Scalar(position) => vec![*position],
            Self::Range(range) => range.iter().collect(),
            Self::List(list) => list.clone(),
            Self::Wrapped(ranges) => ranges.iter().flat_map(|range| range.iter()).collect(),
        }
    }
}

/// The argument of `isel`: positions counted from 0, or from the end where they are negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// One position: the dimension goes.
    At(i64),
    /// From `start` up to and without `end`, every `step`-th; missing bounds are the ends of the axis.
    Range {
        /// The first position.
        start: Option<i64>,
        /// The position after the last.
        end: Option<i64>,
        /// Every how many; never 0.
        step: i64,
    },
    /// Positions one by one.
    List(Vec<i64>),
}

impl Position {
    /// The positions on an axis of `len`. Ranges are cut to the axis, as in Python; single positions are not.
    ///
    /// ```
    /// use terracube_cube::data::Position;
    /// assert_eq!(Position::At(-1).resolve("x", 5)?.to_vec(), [4]);
    /// assert_eq!(Position::Range { start: Some(3), end: Some(9), step: 1 }.resolve("x", 5)?.to_vec(), [3, 4]);
    /// assert_eq!(Position::At(5).resolve("x", 5).unwrap_err().message(), "position 5 is not on `x`, which has 5");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a position is not on the axis, or nothing is selected.
    pub fn resolve(&self, dim: &str, len: u64) -> Result<Positions> {
        let at = |position: i64| {
            let from_start = if position < 0 { position.saturating_add(len as i64) } else { position };
            if (0..len as i64).contains(&from_start) {
                return Ok(from_start as u64);
            }
            Err(Error::new(ErrorKind::NotFound, format!("position {position} is not on `{dim}`, which has {len}"))
                .hint(match len {
                    0 => "the axis is empty".to_owned(),
                    _ => format!("positions go from 0 to {}, or from -{len} to -1 from the end", len - 1),
                }))
        };
        match self {
            Self::At(position) => Ok(Positions::Scalar(at(*position)?)),
            Self::List(list) => Ok(Positions::from_list(list.iter().map(|&p| at(p)).collect::<Result<_>>()?)),
            Self::Range { start, end, step } => {
                let range = cut(*start, *end, *step, len as i64)?;
                if range.len > 0 {
                    return Ok(Positions::Range(range));
                }
                Err(Error::new(
                    ErrorKind::Empty,
                    format!("{} selects nothing of `{dim}`, which has {len}", self.text()),
                )
                .hint("the end of a range of positions is not included"))
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Range { start, end, step } => {
                let bound = |bound: Option<i64>| bound.map_or(String::new(), |b| b.to_string());
                let every = if *step == 1 { String::new() } else { format!(" every {step}") };
                format!("positions {}..{}{every}", bound(*start), bound(*end))
            }
            Self::At(position) => position.to_string(),
            Self::List(list) => format!("{list:?}"),
        }
    }
}

/// Python's slice: negative bounds count from the end, all bounds are cut to the axis.
fn cut(start: Option<i64>, end: Option<i64>, step: i64, len: i64) -> Result<PositionRange> {
    if step == 0 {
        return Err(
            Error::invalid("every 0 positions makes no sense").hint("write every(1) or more, or a negative step")
        );
    }
    // Backwards, -1 is the place before the first.
    let (least, most) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let place = |bound: i64| if bound < 0 { bound.saturating_add(len) } else { bound }.clamp(least, most);
    let first = start.map_or(if step > 0 { least } else { most }, place);
    let end = end.map_or(if step > 0 { most } else { least }, place);
    let distance = if step > 0 { end - first } else { first - end };
    let step_length = step.unsigned_abs();
    let count = (distance.max(0) as u64).div_ceil(step_length);
    Ok(PositionRange { start: first.max(0) as u64, len: count, step: if count > 1 { step } else { 1 } })
}

/// Every `n`-th position; `every(-1)` turns an axis around. Narrow it with [`Every::of`].
///
/// ```
/// use terracube_cube::data::{IntoPosition, every};
/// let positions = every(10).of(5..-5).into_position().resolve("time", 40)?;
/// assert_eq!(positions.to_vec(), [5, 15, 25]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub fn every(n: i64) -> Every {
    Every { start: None, end: None, step: n }
}

/// What [`every`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
}

impl Every {
    /// Only within these positions.
    ///
    /// ```
    /// use terracube_cube::{DataArray, every};
    /// let t = DataArray::from_vec(["x"], &[6], vec![0, 1, 2, 3, 4, 5]);
    /// assert_eq!(t.isel("x", every(2).of(1..5)).to_vec::<i32>()?, [1, 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn of(self, range: Range<i64>) -> Self {
        Self { start: Some(range.start), end: Some(range.end), ..self }
    }
}

/// What can be given to `isel`: a position, a half-open range of positions, a list, `every(n)`, `ALL`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot select positions",
    label = "not a position, a range or list of positions",
    note = "`isel` takes whole numbers: `0`, `-1` (the last), `0..10` (without 10), `10..`, `[0, 5]`, `every(2)`, `ALL`",
    note = "to select by label (35.0, \"1990-06\"), use `sel`"
)]
pub trait IntoPosition {
    /// As a position.
    fn into_position(self) -> Position;
}

impl IntoPosition for Position {
    fn into_position(self) -> Position {
        self
    }
}

impl IntoPosition for Every {
    fn into_position(self) -> Position {
        Position::Range { start: self.start, end: self.end, step: self.step }
    }
}

fn range(start: Option<i64>, end: Option<i64>) -> Position {
    Position::Range { start, end, step: 1 }
}

/// The position after an included last one; after -1 comes the end of the axis.
fn after(last: i64) -> Option<i64> {
    if last == -1 { None } else { Some(last.saturating_add(1)) }
}

/// Whole numbers that count positions: `i32` (a bare literal), `i64`, `u32`, `u64`, `usize`. Larger than i64 is past every axis.
pub trait PositionNumber: Copy {
    /// As i64.
    fn number(self) -> i64;
}

macro_rules! position_numbers {
    ($($t:ty),*) => {$(
        impl PositionNumber for $t {
            fn number(self) -> i64 { i64::try_from(self).unwrap_or(i64::MAX) }
        }
        impl IntoPosition for $t {
            fn into_position(self) -> Position { Position::At(self.number()) }
        }
    )*};
}
position_numbers!(i32, i64, u32, u64, usize);

macro_rules! positions_from {
    ($($t:ty, $self:ident => $position:expr;)*) => {$(
        impl<T: PositionNumber> IntoPosition for $t {
            fn into_position(self) -> Position { let $self = self; $position }
        }
    )*};
}
positions_from! {
    Range<T>, r => range(Some(r.start.number()), Some(r.end.number()));
    RangeInclusive<T>, r => range(Some(r.start().number()), after(r.end().number()));
    RangeFrom<T>, r => range(Some(r.start.number()), None);
    RangeTo<T>, r => range(None, Some(r.end.number()));
    RangeToInclusive<T>, r => range(None, after(r.end.number()));
    Vec<T>, list => list.as_slice().into_position();
    &Vec<T>, list => list.as_slice().into_position();
    &[T], list => Position::List(list.iter().map(|&position| position.number()).collect());
}

impl<T: PositionNumber, const N: usize> IntoPosition for [T; N] {
    fn into_position(self) -> Position {
        self.as_slice().into_position()
    }
}

impl IntoPosition for RangeFull {
    fn into_position(self) -> Position {
        range(None, None)
    }
}

impl IntoPosition for All {
    fn into_position(self) -> Position {
        range(None, None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::reversed_empty_ranges, reason = "they are what is tested")]
    use super::*;
    use crate::data::ALL;

    #[test]
    fn positions_are_those_of_python() {
        let check = |position: Position, expected: &[u64]| {
            assert_eq!(position.resolve("x", 10).unwrap().to_vec(), expected, "{position:?}");
        };
        check(Position::At(-1), &[9]);
        check((2..5).into_position(), &[2, 3, 4]);
        check((-3..100).into_position(), &[7, 8, 9]);
        check((8..).into_position(), &[8, 9]);
        check((..-8).into_position(), &[0, 1]);
        check((8..=-1).into_position(), &[8, 9]);
        check((..=1).into_position(), &[0, 1]);
        check(ALL.into_position(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        check([3, -1, 3].into_position(), &[3, 9, 3]);
        check(every(4).into_position(), &[0, 4, 8]);
        check(every(-4).into_position(), &[9, 5, 1]);
        check(every(-1).of(2..-20).into_position(), &[2, 1, 0]);
        check(every(3).of(1..-1).into_position(), &[1, 4, 7]);
        assert!((..).into_position().resolve("x", 10).unwrap().is_whole(10));
        assert!(7_usize.into_position().resolve("x", 10).unwrap().is_scalar());
    }

    #[test]
    fn positions_off_the_axis_are_errors() {
        let rows = [
            (Position::At(10), "position 10 is not on `x`, which has 10; positions go from 0 to 9"),
            (Position::At(-11), "position -11"),
            (Position::At(i64::MIN), "is not on"),
            (Position::List(vec![0, 10]), "position 10"),
            ((5..5).into_position(), "positions 5..5 selects nothing of `x`"),
            ((10..20).into_position(), "selects nothing"),
            (every(0).into_position(), "every 0"),
        ];
        for (position, expected) in rows {
            let error = position.resolve("x", 10).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Position::At(0).resolve("x", 0).is_err());
    }

    #[test]
    fn lists_become_ranges_where_they_are_even() {
        assert_eq!(Positions::from_list(vec![1, 3, 5]), Positions::Range(PositionRange { start: 1, len: 3, step: 2 }));
        assert_eq!(Positions::from_list(vec![4]), Positions::Range(PositionRange::new(4, 1)));
        for list in [vec![3, 2, 1], vec![1, 1], vec![1, 2, 4]] {
            assert_eq!(Positions::from_list(list.clone()), Positions::List(list));
        }
    }
}
