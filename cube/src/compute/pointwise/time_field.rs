//! Fields of times: year, month, hour, ... as int64, season as a string.
use std::cell::Cell;

use super::rows::map1;
use crate::base::{Block, Calendar, DType, Error, Result, TimeFields, TimeUnit};

/// A field of a time in its calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    /// The year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// 1 to 31.
    Day,
    /// 1 to 366.
    DayOfYear,
    /// Monday 0 to Sunday 6.
    DayOfWeek,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59.
    Second,
    /// "DJF", "MAM", "JJA" or "SON".
    Season,
    /// The week of the year by ISO 8601: 1 to 53.
    Week,
    /// How many days the month has.
    DaysInMonth,
    /// How many days the year has.
    DaysInYear,
    /// 0 to 999,999.
    Microsecond,
    /// 0 to 999.
    Nanosecond,
    /// Whether the year has a 29th of February (bool).
    IsLeapYear,
    /// The year and the part of it that has passed (float64).
    DecimalYear,
}

impl TimeField {
    /// xarray's name: "dayofyear".
    ///
    /// ```
    /// use terracube_cube::compute::pointwise::TimeField;
    /// assert_eq!(TimeField::DayOfYear.name(), "dayofyear");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Day => "day",
            Self::DayOfYear => "dayofyear",
            Self::DayOfWeek => "dayofweek",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Season => "season",
            Self::Week => "week",
            Self::DaysInMonth => "days_in_month",
            Self::DaysInYear => "days_in_year",
            Self::Microsecond => "microsecond",
            Self::Nanosecond => "nanosecond",
            Self::IsLeapYear => "is_leap_year",
            Self::DecimalYear => "decimal_year",
        }
    }

    /// int64; strings for the season, bool for leap years, float64 for decimal years.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DType, TimeUnit};
    /// use terracube_cube::compute::pointwise::TimeField;
    /// let time = DType::Time { unit: TimeUnit::S, calendar: Calendar::NoLeap };
    /// assert_eq!((TimeField::Year.output_dtype(time)?, TimeField::Season.output_dtype(time)?), (DType::I64, DType::Utf8));
    /// assert!(TimeField::Year.output_dtype(DType::F64).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `x` are no times.
    pub fn output_dtype(self, x: DType) -> Result<DType> {
        match (self, x) {
            (Self::Season, DType::Time { .. }) => Ok(DType::Utf8),
            (Self::IsLeapYear, DType::Time { .. }) => Ok(DType::Bool),
            (Self::DecimalYear, DType::Time { .. }) => Ok(DType::F64),
            (_, DType::Time { .. }) => Ok(DType::I64),
            _ => Err(Error::dtype(format!("{x} has no `{}`", self.name()))
                .hint("only times have; is the `units` attribute readable as a time unit?")),
        }
    }

    fn of(self, time: TimeFields, calendar: Calendar) -> i64 {
        match self {
            Self::Year => time.year,
            Self::Quarter | Self::Season => i64::from((time.month - 1) / 3 + 1),
            Self::Month => time.month.into(),
            Self::Day => time.day.into(),
            Self::DayOfYear => time.day_of_year.into(),
            Self::DayOfWeek => time.day_of_week.into(),
            Self::Hour => time.hour.into(),
            Self::Minute => time.minute.into(),
            Self::Second => time.second.into(),
            Self::Microsecond => (time.nanosecond / 1_000).into(),
            Self::Nanosecond => (time.nanosecond % 1_000).into(),
            // Fields of a moment that exists: the calendar has its year.
            Self::DaysInMonth => calendar.days_in_month(time.year, time.month).map_or(0, i64::from),
            Self::DaysInYear => calendar.days_in_year(time.year).map_or(0, i64::from),
            Self::IsLeapYear => i64::from(calendar.days_in_month(time.year, 2).is_ok_and(|days| days == 29)),
            Self::Week => iso_week(time, calendar),
            Self::DecimalYear => 0,
        }
    }
}

/// The field of every time. The season of a missing time is ""; other fields have no missing value, so that is an error.
pub(super) fn time_field(field: TimeField, x: &Block) -> Result<Block> {
    let DType::Time { unit, calendar } = x.dtype() else {
        return field.output_dtype(x.dtype()).and(Err(Error::internal("times expected")));
    };
    if field == TimeField::Season {
        let times = x.contiguous()?;
        let seasons = times.values::<i64>()?.iter().map(|&count| match count {
            i64::MIN => "",
            _ => match calendar.fields(count, unit).month {
                12 | 1 | 2 => "DJF",
                3..=5 => "MAM",
                6..=8 => "JJA",
                _ => "SON",
            },
        });
        return Block::from_strings(x.shape(), seasons);
    }
    if field == TimeField::DecimalYear {
        return map1::<i64, f64>(x, DType::F64, &mut |x, out| {
            out.extend(
                x.iter().map(|&count| if count == i64::MIN { f64::NAN } else { decimal_year(count, calendar, unit) }),
            );
        });
    }
    let missing = Cell::new(false);
    let block = map1::<i64, i64>(x, DType::I64, &mut |x, out| {
        out.extend(x.iter().map(|&count| match count {
            i64::MIN => {
                missing.set(true);
                count
            }
            _ => field.of(calendar.fields(count, unit), calendar),
        }));
    })?;
    if missing.get() {
        return Err(Error::invalid(format!("a missing time (NaT) has no `{}`", field.name()))
            .hint("fill or drop the missing times first"));
    }
    if field == TimeField::IsLeapYear {
        return super::cast(&block, DType::Bool);
    }
    Ok(block)
}

/// The week that holds the Thursday of the day's week.
fn iso_week(time: TimeFields, calendar: Calendar) -> i64 {
    let (day, weekday) = (i64::from(time.day_of_year), i64::from(time.day_of_week));
    let week = (day - weekday + 9) / 7;
    let days_in = |year: i64| calendar.days_in_year(year).map_or(365, i64::from);
    if week < 1 {
        return (day + days_in(time.year - 1) - weekday + 9) / 7;
    }
    // A 53rd week whose Thursday lies in the next year is that year's first.
    if week == 53 && day - weekday + 3 > days_in(time.year) { 1 } else { week }
}

fn decimal_year(count: i64, calendar: Calendar, unit: TimeUnit) -> f64 {
    let year = calendar.fields(count, unit).year;
    let start = calendar.count(&TimeFields::date(year, 1, 1), unit).unwrap_or(count);
    let length = calendar.days_in_year(year).map_or(365.0, f64::from) * 86_400.0 * unit.per_second() as f64;
    year as f64 + (count - start) as f64 / length
}
