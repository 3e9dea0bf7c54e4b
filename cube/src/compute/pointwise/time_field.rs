//! Fields of times: year, month, hour, ... as int64, season as a string.
use std::cell::Cell;

use super::rows::map1;
use crate::base::{Block, DType, Error, Result, TimeFields};

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
}

impl TimeField {
    /// xarray's name: "dayofyear".
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
        }
    }

    /// int64, or strings for the season.
    ///
    /// # Errors
    /// If `x` are no times.
    pub fn output_dtype(self, x: DType) -> Result<DType> {
        match (self, x) {
            (Self::Season, DType::Time { .. }) => Ok(DType::Utf8),
            (_, DType::Time { .. }) => Ok(DType::I64),
            _ => Err(Error::dtype(format!("{x} has no `{}`", self.name()))
                .hint("only times have; is the `units` attribute readable as a time unit?")),
        }
    }

    fn of(self, time: TimeFields) -> i64 {
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
    let missing = Cell::new(false);
    let block = map1::<i64, i64>(x, DType::I64, &mut |x, out| {
        out.extend(x.iter().map(|&count| match count {
            i64::MIN => {
                missing.set(true);
                count
            }
            _ => field.of(calendar.fields(count, unit)),
        }));
    })?;
    if missing.get() {
        return Err(Error::invalid(format!("a missing time (NaT) has no `{}`", field.name()))
            .hint("fill or drop the missing times first"));
    }
    Ok(block)
}
