//! Counts of a time unit since 1970-01-01 taken apart into years to nanoseconds, and put together again.
use std::fmt::Write as _;

use super::Calendar;
use super::days::iso_date;
use crate::base::{Error, Result, TimeUnit};

/// A moment in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeFields {
    /// The year; negative before the calendar's first.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59: CF calendars have no leap seconds.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
    /// 1 to 366; counted as if no day had been dropped in 1582, as cftime does. Not looked at by [`Calendar::count`].
    pub day_of_year: u16,
    /// Monday 0 to Sunday 6. Not looked at by [`Calendar::count`].
    pub day_of_week: u8,
}

impl TimeFields {
    /// Midnight at the start of a date, with `day_of_year` and `day_of_week` left 0: an argument for [`Calendar::count`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeFields;
    /// assert_eq!(Calendar::Standard.count(&TimeFields::date(1970, 1, 2), TimeUnit::S)?, 86_400);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn date(year: i64, month: u8, day: u8) -> Self {
        Self { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0, day_of_year: 0, day_of_week: 0 }
    }

    /// The same date at another time of day.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeFields;
    /// assert_eq!(Calendar::Standard.count(&TimeFields::date(1970, 1, 1).at(1, 0, 5, 0), TimeUnit::S)?, 3_605);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn at(self, hour: u8, minute: u8, second: u8, nanosecond: u32) -> Self {
        Self { hour, minute, second, nanosecond, ..self }
    }
}

impl Calendar {
    /// The moment `count` units after 1970-01-01 of this calendar. The missing time (`i64::MIN`) is the caller's to skip.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// let fields = Calendar::Standard.fields(951_782_400 + 3_600, TimeUnit::S);
    /// assert_eq!((fields.year, fields.month, fields.day, fields.hour), (2000, 2, 29, 1));
    /// ```
    pub fn fields(self, count: i64, unit: TimeUnit) -> TimeFields {
        let per_second = unit.per_second();
        let (days, in_day) = self.split(count, unit);
        let (year, month, day) = self.date_from_days(days);
        let second = in_day / per_second;
        TimeFields {
            year,
            month,
            day,
            hour: (second / 3_600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
            nanosecond: (in_day % per_second * (1_000_000_000 / per_second)) as u32,
            day_of_year: self.day_of_year(days, year),
            day_of_week: self.day_of_week(days),
        }
    }

    /// How many units lie between 1970-01-01 of this calendar and a moment.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeFields;
    /// let noon = TimeFields::date(1970, 1, 2).at(12, 0, 0, 0);
    /// assert_eq!(Calendar::Standard.count(&noon, TimeUnit::S)?, 36 * 3600);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such moment in this calendar, the unit is too coarse for it, or the count overflows i64.
    pub fn count(self, fields: &TimeFields, unit: TimeUnit) -> Result<i64> {
        let TimeFields { year, month, day, hour, minute, second, nanosecond, .. } = *fields;
        let days = self.days_from_date(year, month, day)?;
        if hour > 23 || minute > 59 || second > 59 || nanosecond > 999_999_999 {
            return Err(Error::invalid(format!("{hour:02}:{minute:02}:{second:02} is no time of day"))
                .hint("hours go from 0 to 23, minutes and seconds from 0 to 59"));
        }
        let per_second = unit.per_second();
        let nanoseconds_per_unit = 1_000_000_000 / per_second;
        let nanosecond = i64::from(nanosecond);
        if nanosecond % nanoseconds_per_unit != 0 {
            return Err(Error::invalid(format!("{nanosecond} ns are no whole number of {}", unit.name()))
                .hint("count in a finer time unit"));
        }
        let second = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        let count = (i128::from(days) * 86_400 + i128::from(second)) * i128::from(per_second)
            + i128::from(nanosecond / nanoseconds_per_unit);
        i64::try_from(count).map_err(|_| {
            Error::invalid(format!("{} cannot be counted in {}", iso_date(year, month, day), unit.name()))
                .hint("count in a coarser time unit")
        })
    }

    /// Days since 1970-01-01 and units since midnight.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// assert_eq!(Calendar::Standard.split(-1, TimeUnit::S), (-1, 86_399));
    /// ```
    pub fn split(self, count: i64, unit: TimeUnit) -> (i64, i64) {
        let per_day = 86_400 * unit.per_second();
        (count.div_euclid(per_day), count.rem_euclid(per_day))
    }

    /// A moment in ISO 8601, with a fraction of 3, 6 or 9 digits only where there is one: "1981-01-01T00:00:00"; "NaT" if missing.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// assert_eq!(Calendar::Standard.format(951_782_400_250, TimeUnit::Ms), "2000-02-29T00:00:00.250");
    /// assert_eq!(Calendar::Standard.format(i64::MIN, TimeUnit::S), "NaT");
    /// ```
    pub fn format(self, count: i64, unit: TimeUnit) -> String {
        if count == i64::MIN {
            return "NaT".into();
        }
        let fields = self.fields(count, unit);
        let TimeFields { year, month, day, hour, minute, second, nanosecond, .. } = fields;
        let mut text = format!("{}T{hour:02}:{minute:02}:{second:02}", iso_date(year, month, day));
        let digits = match nanosecond {
            0 => 0,
            n if n % 1_000_000 == 0 => 3,
            n if n % 1_000 == 0 => 6,
            _ => 9,
        };
        if digits > 0 {
            let _ = write!(text, ".{:0digits$}", nanosecond / 10_u32.pow(9 - digits as u32));
        }
        text
    }

    /// Moments as people read them: dates alone if all are at midnight, else as [`Calendar::format`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// assert_eq!(Calendar::Standard.format_all(&[0, 86_400], TimeUnit::S), ["1970-01-01", "1970-01-02"]);
    /// assert_eq!(Calendar::Standard.format_all(&[0, 1], TimeUnit::S), ["1970-01-01T00:00:00", "1970-01-01T00:00:01"]);
    /// ```
    pub fn format_all(self, counts: &[i64], unit: TimeUnit) -> Vec<String> {
        let midnight = counts.iter().all(|&count| count == i64::MIN || self.split(count, unit).1 == 0);
        let length_of_date = |text: &str| text.find('T').filter(|_| midnight && text != "NaT").unwrap_or(text.len());
        counts
            .iter()
            .map(|&count| {
                let mut text = self.format(count, unit);
                text.truncate(length_of_date(&text));
                text
            })
            .collect()
    }

    fn day_of_year(self, days: i64, year: i64) -> u16 {
        // Every year that comes from a count has a first of January; only a year too far away to check is an error.
        let ordinal = self.days_from_date(year, 1, 1).map_or(0, |first| (days - first + 1) as u16);
        // cftime numbers the days after the switch as if none had been dropped: 1582-12-31 is day 365.
        if self == Self::Standard && year == 1582 && ordinal > 277 { ordinal + 10 } else { ordinal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNITS: [TimeUnit; 4] = [TimeUnit::S, TimeUnit::Ms, TimeUnit::Us, TimeUnit::Ns];

    #[test]
    fn dates_are_those_of_cftime() {
        let mut rows = 0;
        for line in include_str!("known_dates.csv").lines().filter(|line| !line.starts_with('#')) {
            let (name, numbers) = line.split_once(',').unwrap();
            let calendar = Calendar::parse(name).unwrap();
            let n: Vec<i64> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
            let days = calendar.days_from_date(n[0], n[1] as u8, n[2] as u8).unwrap();
            assert_eq!(days, n[7], "{line}");
            let count = days * 86_400_000_000 + n[8];
            let fields = calendar.fields(count, TimeUnit::Us);
            let found = [
                fields.year,
                fields.month.into(),
                fields.day.into(),
                fields.hour.into(),
                fields.minute.into(),
                fields.second.into(),
                i64::from(fields.nanosecond) / 1_000,
            ];
            assert_eq!(found, n[..7], "{line}");
            assert_eq!([i64::from(fields.day_of_week), fields.day_of_year.into()], n[9..11], "{line}");
            assert_eq!(calendar.count(&fields, TimeUnit::Us).unwrap(), count, "{line}");
            rows += 1;
        }
        assert!(rows > 300, "{rows}");
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        let rows = [
            (Calendar::Standard, 1990, 2, 30, "1990-02-30 is no date of the standard calendar; 1990-02 ends on day 28"),
            (
                Calendar::Standard,
                1582,
                10,
                10,
                "1582-10-10 is no date of the standard calendar; 1582-10-04 is followed",
            ),
            (Calendar::Standard, 0, 1, 1, "the standard calendar has no year 0"),
            (Calendar::Julian, 0, 1, 1, "the julian calendar has no year 0"),
            (Calendar::ProlepticGregorian, 1900, 2, 29, "1900-02-29 is no date of the proleptic_gregorian calendar"),
            (Calendar::NoLeap, 2000, 2, 29, "2000-02-29 is no date of the noleap calendar"),
            (Calendar::AllLeap, 2001, 2, 30, "2001-02-30 is no date of the all_leap calendar"),
            (Calendar::Day360, 2001, 1, 31, "2001-01-31 is no date of the 360_day calendar; 2001-01 ends on day 30"),
            (Calendar::NoLeap, 2001, 13, 1, "month 13"),
            (Calendar::NoLeap, 2001, 1, 0, "2001-01-00"),
            (Calendar::NoLeap, i64::MIN, 1, 1, "too far away"),
        ];
        for (calendar, year, month, day, expected) in rows {
            let error = calendar.days_from_date(year, month, day).unwrap_err().to_string();
            assert!(error.starts_with(expected) || error.contains("too far"), "{error}");
        }
    }

    #[test]
    fn lengths_of_months_and_years() {
        let rows = [
            (Calendar::Standard, 1582, 10, 21, 355),
            (Calendar::Standard, 1500, 2, 29, 366),
            (Calendar::Standard, 1700, 2, 28, 365),
            (Calendar::Standard, -1, 2, 29, 366),
            (Calendar::ProlepticGregorian, 0, 2, 29, 366),
            (Calendar::ProlepticGregorian, 1500, 2, 28, 365),
            (Calendar::Julian, 1900, 2, 29, 366),
            (Calendar::NoLeap, 2000, 2, 28, 365),
            (Calendar::AllLeap, 2001, 2, 29, 366),
            (Calendar::Day360, 2001, 2, 30, 360),
        ];
        for (calendar, year, month, in_month, in_year) in rows {
            assert_eq!(calendar.days_in_month(year, month).unwrap(), in_month, "{calendar} {year}");
            assert_eq!(calendar.days_in_year(year).unwrap(), in_year, "{calendar} {year}");
        }
    }

    #[test]
    fn moments_are_written_as_numpy_writes_them() {
        let rows = [
            (0, TimeUnit::S, "1970-01-01T00:00:00"),
            (-1, TimeUnit::Ms, "1969-12-31T23:59:59.999"),
            (1_500_000, TimeUnit::Us, "1970-01-01T00:00:01.500"),
            (1, TimeUnit::Us, "1970-01-01T00:00:00.000001"),
            (1, TimeUnit::Ns, "1970-01-01T00:00:00.000000001"),
            (i64::MIN, TimeUnit::S, "NaT"),
            (-719_528 * 86_400 - 1, TimeUnit::S, "-0001-12-31T23:59:59"),
        ];
        for (count, unit, text) in rows {
            assert_eq!(Calendar::ProlepticGregorian.format(count, unit), text);
        }
        let days = Calendar::Standard.format_all(&[0, i64::MIN, 86_400], TimeUnit::S);
        assert_eq!(days, ["1970-01-01", "NaT", "1970-01-02"]);
        assert_eq!(Calendar::Standard.format_all(&[0, 60], TimeUnit::S)[0], "1970-01-01T00:00:00");
    }

    #[test]
    fn counts_that_do_not_fit_are_refused() {
        let far = TimeFields::date(2500, 1, 1);
        assert!(Calendar::Standard.count(&far, TimeUnit::Ns).unwrap_err().to_string().contains("coarser time unit"));
        let fine = TimeFields::date(2000, 1, 1).at(0, 0, 0, 1);
        assert!(Calendar::Standard.count(&fine, TimeUnit::Us).is_err());
        assert!(Calendar::Standard.count(&TimeFields::date(2000, 1, 1).at(24, 0, 0, 0), TimeUnit::S).is_err());
    }

    proptest! {
        #[test]
        fn counts_and_fields_are_inverse(count in any::<i64>(), unit in 0..4_usize, calendar in 0..6_usize) {
            let (calendar, unit) = (Calendar::ALL[calendar], UNITS[unit]);
            let fields = calendar.fields(count, unit);
            prop_assume!(fields.year.abs() <= 300_000_000_000);
            prop_assert_eq!(calendar.count(&fields, unit).unwrap(), count);
        }

        #[test]
        fn days_follow_each_other(days in -5_000_000..5_000_000_i64, calendar in 0..6_usize) {
            let calendar = Calendar::ALL[calendar];
            let (year, month, day) = calendar.date_from_days(days);
            prop_assert_eq!(calendar.days_from_date(year, month, day).unwrap(), days);
            let next = calendar.date_from_days(days + 1);
            prop_assert!((year, month, day) < next);
            let steps = (next.0 == year && next.1 == month) || next.2 == 1;
            prop_assert!(steps);
            prop_assert_eq!((calendar.day_of_week(days) + 1) % 7, calendar.day_of_week(days + 1));
        }
    }
}
