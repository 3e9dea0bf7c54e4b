//! What a label means on an axis: the closed interval of keys that it stands for.
use super::{Inner, Key, Keys, less};
use crate::base::{Calendar, DType, Error, Kind, PartialDate, Result, TimeUnit, fixed_step_length};
use crate::data::select::LabelValue;

/// All keys from `low` to `high`, both inside. Empty (`low` above `high`) where a label lies between two keys: 2.5 among integers.
pub(super) struct Span {
    pub(super) low: Key,
    pub(super) high: Key,
    /// A partial date that is coarser than the axis: it selects a period, not a moment.
    pub(super) is_period: bool,
}

impl Inner {
    /// The keys that a label stands for.
    pub(super) fn span(&self, label: &LabelValue) -> Result<Span> {
        let exact = |key: Key| Ok(Span { low: key.clone(), high: key, is_period: false });
        match (self.dtype, &self.keys, label) {
            (DType::Time { unit, calendar }, _, _) => self.span_of_time(label, unit, calendar),
            (DType::Duration { unit }, _, LabelValue::Duration(length)) => Ok(between(*length, nanoseconds_per(unit))),
            (DType::Duration { unit }, _, LabelValue::Text(text)) => {
                Ok(between(parse_duration(text)?, nanoseconds_per(unit)))
            }
            (DType::Bool, _, LabelValue::Bool(value)) => exact(Key::Integer((*value).into())),
            (DType::Utf8, _, LabelValue::Text(text)) => exact(Key::Text(text.clone())),
            (DType::Bool | DType::Utf8 | DType::Duration { .. }, ..) => Err(self.wrong_type(label)),
            (_, Keys::Number(_), LabelValue::Float(value)) => exact(Key::Number(self.rounded(*value)?)),
            (_, Keys::Number(_), LabelValue::Integer(value)) => exact(Key::Number(self.rounded(*value as f64)?)),
            (_, Keys::Integer(_), LabelValue::Integer(value)) => exact(Key::Integer(*value)),
            (_, Keys::Integer(_), LabelValue::Float(value)) if !value.is_nan() => {
                // `as` saturates: a label beyond all integers lies beyond all keys but the last, which no coordinate has.
                Ok(Span {
                    low: Key::Integer(value.ceil() as i64),
                    high: Key::Integer(value.floor() as i64),
                    is_period: false,
                })
            }
            _ => Err(self.wrong_type(label)),
        }
    }

    /// The one key that a label in a list or in `near` stands for: a partial date is its first moment. `None` if it lies between keys.
    pub(super) fn moment(&self, label: &LabelValue) -> Result<Option<Key>> {
        let span = self.span(label)?;
        Ok((!less(&span.high, &span.low)).then_some(span.low))
    }

    /// A float as a key: an f32 axis holds 0.1 as f32, so a label 0.1 means that.
    pub(super) fn rounded(&self, value: f64) -> Result<f64> {
        if value.is_nan() {
            return Err(
                Error::invalid(format!("NaN is no label of `{}`", self.dim)).hint("missing labels cannot be selected")
            );
        }
        Ok(if self.dtype == DType::F32 { f64::from(value as f32) } else { value })
    }

    fn span_of_time(&self, label: &LabelValue, unit: TimeUnit, calendar: Calendar) -> Result<Span> {
        match label {
            LabelValue::Text(text) => {
                let date =
                    PartialDate::parse(text).map_err(|error| error.context(format!("selection on `{}`", self.dim)))?;
                let (low, high) =
                    date.bounds(calendar, unit).map_err(|error| error.context(format!("`{}`", self.dim)))?;
                let is_period = date.precision() < self.precision;
                Ok(Span { low: Key::Integer(low), high: Key::Integer(high), is_period })
            }
            LabelValue::Time { count, unit: other, calendar: theirs } => {
                if *theirs != calendar && !(theirs.is_standard() && calendar.is_standard()) {
                    return Err(Error::mismatch(format!(
                        "the label {label} is of the {theirs} calendar, `{}` of the {calendar} calendar",
                        self.dim
                    ))
                    .hint("give the date as text: it is then read in the axis's calendar"));
                }
                Ok(between(i128::from(*count) * nanoseconds_per(*other), nanoseconds_per(unit)))
            }
            _ => Err(self.wrong_type(label)),
        }
    }

    pub(super) fn wrong_type(&self, label: &LabelValue) -> Error {
        let hint = match self.dtype.kind() {
            Kind::Time => "write dates as text: \"1990-06\", \"1990-06-15T12\"",
            Kind::Duration => "write lengths of time as text: \"6h\", \"3 days\"",
            Kind::Text => "write labels as text: \"name\"",
            Kind::Bool => "write `true` or `false`",
            Kind::Integer | Kind::Float => "write numbers",
        };
        Error::dtype(format!("`{}` has labels of {}, and {label} is none", self.dim, self.dtype)).hint(hint)
    }
}

/// How many nanoseconds make one of a unit.
pub(super) fn nanoseconds_per(unit: TimeUnit) -> i128 {
    i128::from(1_000_000_000 / unit.per_second())
}

/// A number of nanoseconds among counts of a coarser unit: one key, or none if it lies between two.
fn between(nanoseconds: i128, per_count: i128) -> Span {
    let clamp = |value: i128| Key::Integer(value.clamp(i128::from(i64::MIN) + 1, i128::from(i64::MAX)) as i64);
    let low = nanoseconds.div_euclid(per_count) + i128::from(nanoseconds.rem_euclid(per_count) != 0);
    Span { low: clamp(low), high: clamp(nanoseconds.div_euclid(per_count)), is_period: false }
}

/// The nanoseconds of "6h", "30 min", "1.5 days", "1 day".
///
/// # Errors
/// If the text is no number with a unit of fixed length.
pub(super) fn parse_duration(text: &str) -> Result<i128> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let wrong = || {
        Error::invalid(format!("`{text}` is no length of time"))
            .hint("write a number and a unit: \"6h\", \"30 min\", \"1 day\"")
    };
    let number: f64 = if number.is_empty() { 1.0 } else { number.parse().map_err(|_| wrong())? };
    let length = number * fixed_step_length(unit).ok_or_else(wrong)? as f64;
    if length.abs() < 9e18 { Ok(length.round() as i128) } else { Err(wrong()) }
}

/// A length of time in the largest unit that it is a whole number of.
pub(super) fn duration_text(count: i64, unit: TimeUnit) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds")];
    let whole = units.iter().find(|(seconds, _)| count % (seconds * unit.per_second()) == 0);
    match whole {
        Some((seconds, name)) => format!("{} {name}", count / (seconds * unit.per_second())),
        None => format!("{count} {}", unit.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        let rows = [
            ("6h", 21_600.0),
            ("30 min", 1_800.0),
            ("1.5 days", 129_600.0),
            ("day", 86_400.0),
            ("-1 s", -1.0),
            ("2ms", 0.002),
        ];
        for (text, seconds) in rows {
            assert_eq!(parse_duration(text).unwrap(), (seconds * 1e9) as i128, "{text}");
        }
        for text in ["", "6", "6 parsecs", "h6", "1e400 days", "1 month", "--1 s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(duration_text(172_800, TimeUnit::S), "2 days");
        assert_eq!(duration_text(5_400_000, TimeUnit::Ms), "90 minutes");
        assert_eq!(duration_text(1, TimeUnit::Us), "1 us");
    }
}
