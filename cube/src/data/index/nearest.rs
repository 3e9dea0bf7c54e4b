//! The label nearest to a value.
use super::values::{nanoseconds_per, parse_duration};
use super::{Inner, Key, Keys};
use crate::base::{DType, Error, ErrorKind, Kind, Result};
use crate::data::positions::Positions;
use crate::data::select::{Label, LabelValue, NearSide, Tolerance};

impl Inner {
    pub(super) fn near(&self, to: &Label, tolerance: Option<&Tolerance>, side: NearSide) -> Result<Positions> {
        if self.dtype.kind() == Kind::Text || self.dtype == DType::Bool {
            return Err(Error::dtype(format!("`{}` has labels of {}, which have no distance", self.dim, self.dtype))
                .hint("select the label itself"));
        }
        if let Some(position) = self.duplicate {
            return Err(Error::invalid(format!(
                "`{}` has equal labels ({} at position {position} is not the first), so none of them is the nearest",
                self.dim,
                self.text(position)
            ))
            .hint("select positions with `isel`, or make the labels unique"));
        }
        if self.n_ranks() == 0 {
            return Err(Error::new(ErrorKind::Empty, format!("`{}` has no labels to be near to", self.dim)));
        }
        let tolerance = tolerance.map(|tolerance| self.tolerance(tolerance)).transpose()?;
        match to {
            Label::Value(value) => Ok(Positions::Scalar(self.near_one(value, tolerance, side)? as u64)),
            Label::List(list) if list.is_empty() => Err(Error::new(ErrorKind::Empty, "an empty list selects nothing")),
            Label::List(list) => {
                let found = list.iter().map(|value| Ok(self.near_one(value, tolerance, side)? as u64));
                Ok(Positions::from_list(found.collect::<Result<_>>()?))
            }
            _ => Err(Error::invalid(format!("near({to}) makes no sense on `{}`", self.dim))
                .hint("near takes a value or a list; a range selects all labels between its ends")),
        }
    }

    fn near_one(&self, value: &LabelValue, tolerance: Option<f64>, side: NearSide) -> Result<usize> {
        let (rank, distance) = match self.target(value)? {
            target if side != NearSide::Either => self.on_side(&target, side, value)?,
            Key::Number(target) if self.is_cyclic => {
                let (rank, distance, _) = self.nearest_on_circle(target);
                (rank, distance)
            }
            Key::Number(target) => self.nearest_rank(target),
            Key::Integer(target) => self.nearest_count(target),
            Key::Text(_) => return Err(self.wrong_type(value)),
        };
        let position = self.position(rank);
        // 48.6 - 48.5 is above 0.1 in binary: a tolerance is met up to rounding.
        let slack = match &self.keys {
            Keys::Number(values) => 4.0 * self.epsilon() * values[position].abs().max(distance),
            _ => 0.0,
        };
        match tolerance {
            Some(tolerance) if distance > tolerance + slack => Err(Error::new(
                ErrorKind::NotFound,
                format!("no label within {} of {value} on `{}`", self.distance_text(tolerance), self.dim),
            )
            .hint(format!("the nearest is {}, {} away", self.text(position), self.distance_text(distance)))),
            _ => Ok(position),
        }
    }

    /// The rank of the last label not above a target, or of the first not below it, and its distance. On a circle there always is one.
    fn on_side(&self, target: &Key, side: NearSide, value: &LabelValue) -> Result<(usize, f64)> {
        let number = match target {
            Key::Number(number) if self.is_cyclic => {
                let least = self.keys.number(self.position(0));
                Key::Number(least + (number - least).rem_euclid(360.0))
            }
            other => other.clone(),
        };
        // Integers that are asked for by a float are compared as numbers.
        let (at_least, above) = match &number {
            Key::Number(number) => (
                self.first_rank(|position| self.keys.number(position) >= *number),
                self.first_rank(|position| self.keys.number(position) > *number),
            ),
            key => (self.rank_at_least(key), self.rank_above(key)),
        };
        let found = match side {
            NearSide::Below => above.checked_sub(1),
            _ if self.is_cyclic => Some(at_least % self.n_ranks()),
            _ => Some(at_least).filter(|rank| *rank < self.n_ranks()),
        };
        let Some(rank) = found else {
            let where_ = if side == NearSide::Below { "at or before" } else { "at or after" };
            let message = format!("no label {where_} {value} on `{}`", self.dim);
            return Err(Error::new(ErrorKind::NotFound, message).hint(self.extent()));
        };
        let distance = match (&number, &self.keys) {
            (Key::Integer(count), Keys::Integer(counts)) => counts[self.position(rank)].abs_diff(*count) as f64,
            (Key::Number(number), _) => {
                let distance = (self.keys.number(self.position(rank)) - number).abs();
                if self.is_cyclic && distance > 180.0 { 360.0 - distance } else { distance }
            }
            _ => 0.0,
        };
        Ok((rank, distance))
    }

    /// What to be near to, as a key that need not be one of the axis: 2.5 among integers is a number.
    fn target(&self, value: &LabelValue) -> Result<Key> {
        match (self.dtype.kind(), value) {
            (Kind::Integer | Kind::Float, LabelValue::Float(number)) if number.is_finite() => Ok(Key::Number(*number)),
            (Kind::Float, LabelValue::Integer(number)) => Ok(Key::Number(*number as f64)),
            (Kind::Integer, LabelValue::Integer(number)) if self.is_cyclic => Ok(Key::Number(*number as f64)),
            (Kind::Integer | Kind::Float, LabelValue::Float(number)) => {
                Err(Error::invalid(format!("nothing is near to {number} on `{}`", self.dim)))
            }
            // A moment between two counts is as near to the one as to the other within less than a count.
            _ => self.span(value).map(|span| span.low),
        }
    }

    /// The rank nearest to a number, and the distance. Of two equally near ones the larger label.
    pub(super) fn nearest_rank(&self, target: f64) -> (usize, f64) {
        let above = self.first_rank(|position| self.keys.number(position) >= target);
        self.nearer(above, |rank| (self.keys.number(self.position(rank)) - target).abs())
    }

    fn nearest_count(&self, target: i64) -> (usize, f64) {
        let Keys::Integer(counts) = &self.keys else { return self.nearest_rank(target as f64) };
        let above = self.rank_at_least(&Key::Integer(target));
        self.nearer(above, |rank| counts[self.position(rank)].abs_diff(target) as f64)
    }

    fn nearer(&self, above: usize, distance: impl Fn(usize) -> f64) -> (usize, f64) {
        let before = above.checked_sub(1).map(|rank| (rank, distance(rank)));
        let after = (above < self.n_ranks()).then(|| (above, distance(above)));
        match (before, after) {
            (Some(before), Some(after)) if before.1 < after.1 => before,
            (_, Some(after)) => after,
            (Some(before), None) => before,
            (None, None) => (0, f64::INFINITY),
        }
    }

    /// A tolerance in units of the keys.
    fn tolerance(&self, tolerance: &Tolerance) -> Result<f64> {
        let wrong = |why: &str| Err(Error::invalid(format!("tolerance on `{}`: {why}", self.dim)));
        let value = match (self.dtype, tolerance) {
            (DType::Time { unit, .. } | DType::Duration { unit }, Tolerance::Duration(nanoseconds)) => {
                *nanoseconds as f64 / nanoseconds_per(unit) as f64
            }
            (DType::Time { unit, .. } | DType::Duration { unit }, Tolerance::Text(text)) => {
                parse_duration(text)? as f64 / nanoseconds_per(unit) as f64
            }
            (DType::Time { .. } | DType::Duration { .. }, Tolerance::Number(number)) => {
                return wrong(&format!("{number} of what? Write \"6h\", \"30 min\" or \"1 day\""));
            }
            (_, Tolerance::Number(number)) => *number,
            _ => return wrong("write a number in units of the axis"),
        };
        if value >= 0.0 { Ok(value) } else { wrong("it must be 0 or more") }
    }

    fn distance_text(&self, distance: f64) -> String {
        match self.dtype {
            DType::Time { unit, .. } | DType::Duration { unit } => super::values::duration_text(distance as i64, unit),
            // Six digits: distances carry rounding that nobody wants to read.
            _ => format!("{}", format!("{distance:.6e}").parse::<f64>().unwrap_or(distance)),
        }
    }
}
