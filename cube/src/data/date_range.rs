//! Times at equal distances.
use super::frequency::Frequency;
use super::{Attributes, DataArray};
use crate::base::{Block, Calendar, DType, Error, PartialDate, Result, TimeFields, TimeUnit};

/// How many times there may be: more is a mistake in the dates.
const MOST: usize = 100_000_000;

/// The times from one date to another (both inside) at a frequency of [`DataArray::resample`], in a calendar: a 1-D array along `time`
/// with itself as its coordinate (xarray's `date_range`).
///
/// ```
/// use terracube_cube::{Calendar, date_range};
/// let months = date_range("2000-01-15", "2000-04-15", "MS", Calendar::Day360);
/// assert_eq!(months.values()?.to_dates()?, ["2000-02-01", "2000-03-01", "2000-04-01"]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn date_range(start: &str, end: &str, frequency: &str, calendar: Calendar) -> DataArray {
    let made = || -> Result<DataArray> {
        let end = PartialDate::parse(end)?.start(calendar, TimeUnit::S)?;
        times(start, frequency, calendar, |count, _| count <= end)
    };
    DataArray::from_result(made().map_err(|error| error.context("date_range")))
}

/// `n` times from a date on at a frequency; see [`date_range`] (xarray's `date_range(start, periods=n)`).
///
/// ```
/// use terracube_cube::{Calendar, date_range_of};
/// let days = date_range_of("2001-02-27", 3, "D", Calendar::NoLeap);
/// assert_eq!(days.values()?.to_dates()?, ["2001-02-27", "2001-02-28", "2001-03-01"]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[must_use]
#[track_caller]
pub fn date_range_of(start: &str, n: u32, frequency: &str, calendar: Calendar) -> DataArray {
    DataArray::from_result(
        times(start, frequency, calendar, |_, held| held < n as usize).map_err(|error| error.context("date_range")),
    )
}

#[track_caller]
fn times(start: &str, frequency: &str, calendar: Calendar, goes_on: impl Fn(i64, usize) -> bool) -> Result<DataArray> {
    let parsed = Frequency::parse(frequency)?;
    let fine = matches!(parsed, Frequency::Step { length } if length % 1_000_000_000 != 0);
    if fine {
        return Err(Error::unsupported(format!("`{frequency}`: times of less than a second")));
    }
    let unit = TimeUnit::S;
    let first = PartialDate::parse(start)?.start(calendar, unit)?;
    let mut counts = Vec::new();
    let mut number = 0;
    loop {
        let count = parsed.nth(first, number, unit, calendar)?;
        number += 1;
        if count < first {
            continue;
        }
        if !goes_on(count, counts.len()) {
            break;
        }
        if counts.len() >= MOST {
            return Err(Error::invalid(format!("more than {MOST} times")));
        }
        counts.push(count);
    }
    let n = counts.len();
    let block = Block::with_dtype(DType::Time { unit, calendar }, &[n], counts)?;
    DataArray::from_block(["time"], block.clone())
        .with_coord_block("time", block)
        .named("time")
        .with_attrs(Attributes::new())
        .checked()
}

impl Frequency {
    /// The `number`-th mark counted from the one at or before `first`.
    fn nth(self, first: i64, number: i64, unit: TimeUnit, calendar: Calendar) -> Result<i64> {
        let per_day = 86_400 * unit.per_second();
        let (days, within) = calendar.split(first, unit);
        match self {
            Self::Step { length } => Ok(first + number * super::frequency::steps_of(length, unit)?),
            Self::Weeks { n, ends_on } => {
                let left = (ends_on - i64::from(calendar.day_of_week(days))).rem_euclid(7);
                Ok((days + left + number * 7 * n) * per_day + within)
            }
            Self::Months { period, n, anchor, at_end } => {
                let (year, month, day) = calendar.date_from_days(days);
                let held = (year * 12 + i64::from(month) - 1 - anchor).div_euclid(period);
                // The first mark that is not before the first date; from there in steps of `n`.
                let held = held
                    + i64::from(
                        !at_end && (day > 1 || (year * 12 + i64::from(month) - 1 - anchor).rem_euclid(period) > 0),
                    );
                let month = (held + number * n) * period + anchor + if at_end { period - 1 } else { 0 };
                let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u8 + 1);
                let day = if at_end { calendar.days_in_month(year, month)? } else { 1 };
                Ok(calendar.count(&TimeFields::date(year, month, day), unit)? + within)
            }
        }
    }
}
