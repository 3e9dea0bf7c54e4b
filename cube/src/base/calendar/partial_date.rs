//! Dates written down to some precision: "1981" is a whole year, "1990-06-15T12" a whole hour.
use super::days::iso_date;
use super::{Calendar, DateText, TimeFields};
use crate::base::{Error, Result, TimeUnit};

/// A date as a label: it stands for the whole period that it leaves open ("1990-06" is the month).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    text: DateText,
}

/// How far a date is written out, from coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatePrecision {
    /// "1981".
    Year,
    /// "1990-06".
    Month,
    /// "1990-06-15".
    Day,
    /// "1990-06-15T12".
    Hour,
    /// "1990-06-15T12:30".
    Minute,
    /// "1990-06-15T12:30:00".
    Second,
    /// A second with this many digits of fraction.
    Fraction(u8),
}

impl PartialDate {
    /// Reads "1981", "1990-06", "1990-06-15", "1990-06-15T12", "...T12:30", "...T12:30:15.5"; a blank may stand for the T, and a zone
    /// ("Z", "+01:00") is turned into UTC.
    ///
    /// ```
    /// use terracube_cube::base::{DatePrecision, PartialDate};
    /// assert_eq!(PartialDate::parse("1990-06")?.precision(), DatePrecision::Month);
    /// assert!(PartialDate::parse("June 1990").is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the text is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: DateText::parse(text)? })
    }

    /// The first and the last count of the period, both inside: "1990-06" in seconds goes from the first second of June to its last.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::PartialDate;
    /// let (first, last) = PartialDate::parse("1970-01")?.bounds(Calendar::Day360, TimeUnit::S)?;
    /// assert_eq!((first, last), (0, 30 * 86_400 - 1));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the calendar has no such date, or the unit cannot count it.
    pub fn bounds(&self, calendar: Calendar, unit: TimeUnit) -> Result<(i64, i64)> {
        let (start, length) = self.period(calendar)?;
        let per_unit = i128::from(1_000_000_000 / unit.per_second());
        // The first count that is not before the start, and the last before the end.
        let first = (start + per_unit - 1).div_euclid(per_unit);
        let last = (start + length - 1).div_euclid(per_unit);
        match (i64::try_from(first), i64::try_from(last.max(first))) {
            (Ok(first), Ok(last)) if first != i64::MIN => Ok((first, last)),
            _ => Err(Error::invalid(format!("{} cannot be counted in {}", self.date(), unit.name()))
                .hint("the axis counts in a unit that does not reach so far")),
        }
    }

    /// The count of the period's first moment.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::PartialDate;
    /// assert_eq!(PartialDate::parse("1970-02")?.start(Calendar::Day360, TimeUnit::S)?, 30 * 86_400);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`PartialDate::bounds`].
    pub fn start(&self, calendar: Calendar, unit: TimeUnit) -> Result<i64> {
        Ok(self.bounds(calendar, unit)?.0)
    }

    /// How far the date is written out.
    ///
    /// ```
    /// use terracube_cube::base::{DatePrecision, PartialDate};
    /// assert_eq!(PartialDate::parse("1990-06-15T12:30:15.5")?.precision(), DatePrecision::Fraction(1));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn precision(&self) -> DatePrecision {
        let text = &self.text;
        match (text.month, text.day, text.hour, text.minute, text.second, text.fraction) {
            (None, ..) => DatePrecision::Year,
            (_, None, ..) => DatePrecision::Month,
            (_, _, None, ..) => DatePrecision::Day,
            (_, _, _, None, ..) => DatePrecision::Hour,
            (_, _, _, _, None, _) => DatePrecision::Minute,
            (.., None) => DatePrecision::Second,
            (.., Some((_, digits))) => DatePrecision::Fraction(digits),
        }
    }

    /// The start in ns since 1970-01-01, and the length in ns.
    fn period(&self, calendar: Calendar) -> Result<(i128, i128)> {
        const SECOND: i128 = 1_000_000_000;
        let text = &self.text;
        let (month, day) = (text.month.unwrap_or(1), text.day.unwrap_or(1));
        let fields = TimeFields::date(text.year, month, day).at(
            text.hour.unwrap_or(0),
            text.minute.unwrap_or(0),
            text.second.unwrap_or(0),
            0,
        );
        let zone = i128::from(text.zone_minutes.unwrap_or(0)) * 60;
        let fraction = text.fraction.map_or(0, |(nanoseconds, _)| i128::from(nanoseconds));
        let start = (i128::from(calendar.count(&fields, TimeUnit::S)?) - zone) * SECOND + fraction;
        let length = match self.precision() {
            DatePrecision::Year => i128::from(calendar.days_in_year(text.year)?) * 86_400 * SECOND,
            DatePrecision::Month => i128::from(calendar.days_in_month(text.year, month)?) * 86_400 * SECOND,
            DatePrecision::Day => 86_400 * SECOND,
            DatePrecision::Hour => 3_600 * SECOND,
            DatePrecision::Minute => 60 * SECOND,
            DatePrecision::Second => SECOND,
            DatePrecision::Fraction(digits) => 10_i128.pow(u32::from(9 - digits.min(9))),
        };
        Ok((start, length))
    }

    fn date(&self) -> String {
        iso_date(self.text.year, self.text.month.unwrap_or(1), self.text.day.unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn partial_dates_cover_their_whole_period() {
        let rows = [
            ("1981", Calendar::Standard, "1981-01-01T00:00:00", "1981-12-31T23:59:59"),
            ("1980", Calendar::Standard, "1980-01-01T00:00:00", "1980-12-31T23:59:59"),
            ("1582", Calendar::Standard, "1582-01-01T00:00:00", "1582-12-31T23:59:59"),
            ("1582-10", Calendar::Standard, "1582-10-01T00:00:00", "1582-10-31T23:59:59"),
            ("-1", Calendar::Julian, "-0001-01-01T00:00:00", "-0001-12-31T23:59:59"),
            ("1990-02", Calendar::NoLeap, "1990-02-01T00:00:00", "1990-02-28T23:59:59"),
            ("1990-02", Calendar::Day360, "1990-02-01T00:00:00", "1990-02-30T23:59:59"),
            ("1990-12", Calendar::AllLeap, "1990-12-01T00:00:00", "1990-12-31T23:59:59"),
            ("1990-06-15", Calendar::Standard, "1990-06-15T00:00:00", "1990-06-15T23:59:59"),
            ("1990-06-15T12", Calendar::Standard, "1990-06-15T12:00:00", "1990-06-15T12:59:59"),
            ("1990-06-15 12:30", Calendar::Standard, "1990-06-15T12:30:00", "1990-06-15T12:30:59"),
            ("1990-06-15T12:30:15", Calendar::Standard, "1990-06-15T12:30:15", "1990-06-15T12:30:15"),
            ("1990-06-15T12:30:15+02:00", Calendar::Standard, "1990-06-15T10:30:15", "1990-06-15T10:30:15"),
        ];
        for (text, calendar, first, last) in rows {
            let bounds = PartialDate::parse(text).unwrap().bounds(calendar, TimeUnit::S).unwrap();
            let found = [bounds.0, bounds.1].map(|count| calendar.format(count, TimeUnit::S));
            assert_eq!(found, [first, last], "{text} {calendar}");
        }
    }

    #[test]
    fn fine_units_reach_the_last_moment() {
        let rows = [
            ("1970-01-01", TimeUnit::Ns, 86_400_000_000_000 - 1),
            ("1970-01-01T00:00:00", TimeUnit::Ms, 999),
            ("1970-01-01T00:00:00.5", TimeUnit::Ms, 599),
            ("1970-01-01T00:00:00.500", TimeUnit::Ms, 500),
        ];
        for (text, unit, last) in rows {
            let bounds = PartialDate::parse(text).unwrap().bounds(Calendar::Standard, unit).unwrap();
            assert_eq!(bounds.1, last, "{text}");
        }
    }

    #[test]
    fn dates_that_are_none_name_the_calendar() {
        let rows = [
            ("1990-02-30", Calendar::Standard, "1990-02-30 is no date of the standard calendar"),
            ("1990-13", Calendar::Standard, "month 13 is not 1 to 12"),
            ("1990-01-31", Calendar::Day360, "1990-01-31 is no date of the 360_day calendar"),
            ("1990-01-01T25", Calendar::Day360, "25:00:00 is no time of day"),
        ];
        for (text, calendar, expected) in rows {
            let error = PartialDate::parse(text).unwrap().bounds(calendar, TimeUnit::S).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(PartialDate::parse("1500").unwrap().bounds(Calendar::Standard, TimeUnit::Ns).is_err());
        assert!(PartialDate::parse("junk").is_err());
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_every_period_that_its_text_begins_with(
            count in -70_000_000_000_i64..70_000_000_000, calendar in 0..6_usize, n in 0..6_usize,
        ) {
            let calendar = Calendar::ALL[calendar];
            let text = calendar.format(count, TimeUnit::S);
            // Cut after the year, month, day, hour, minute or second.
            let sign = usize::from(text.starts_with('-'));
            let label = &text[..sign + [4, 7, 10, 13, 16, 19][n]];
            let (first, last) = PartialDate::parse(label).unwrap().bounds(calendar, TimeUnit::S).unwrap();
            prop_assert!((first..=last).contains(&count), "{} in {}", text, label);
            for (outside, edge) in [(first - 1, first), (last + 1, last)] {
                prop_assert!(calendar.format(edge, TimeUnit::S).starts_with(label));
                prop_assert!(!calendar.format(outside, TimeUnit::S).starts_with(label));
            }
        }
    }
}
