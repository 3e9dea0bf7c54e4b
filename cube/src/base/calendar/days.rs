//! Days since 1970-01-01 and dates of each calendar, by integer arithmetic that holds for every i64.
use super::Calendar;
use crate::base::{Error, Result};

/// Years beyond this cannot be counted in i64 seconds; refusing them keeps all later arithmetic free of overflow.
const MOST_YEARS: i64 = 300_000_000_000;
/// 1582-10-15, the first Gregorian day of the standard calendar.
const FIRST_GREGORIAN_DAY: i64 = -141_427;
/// 1970-01-01 of the Julian calendar is 1970-01-14 of the Gregorian.
const JULIAN_LAG: i64 = 13;
/// Days before a month of a year that begins in March.
const DAYS_BEFORE_NOLEAP: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

impl Calendar {
    /// Days of this calendar from its own 1970-01-01 to a date; negative before.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!(Calendar::Day360.days_from_date(1971, 2, 30)?, 360 + 59);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the calendar has no such date; the message names both.
    pub fn days_from_date(self, year: i64, month: u8, day: u8) -> Result<i64> {
        let length = self.days_in_month(year, month)?;
        let skipped = self == Self::Standard && (year, month) == (1582, 10) && (5..15).contains(&day);
        // In October 1582 the last days are numbered up to 31, although there are 21 of them.
        let last = if self == Self::Standard && (year, month) == (1582, 10) { 31 } else { length };
        if day == 0 || day > last || skipped {
            let error = Error::invalid(format!("{} is no date of the {self} calendar", iso_date(year, month, day)));
            return Err(if skipped {
                error.hint("1582-10-04 is followed by 1582-10-15; proleptic_gregorian has the days between")
            } else {
                error.hint(format!("{year:04}-{month:02} ends on day {last}"))
            });
        }
        let year = self.astronomical(year);
        let (month, day) = (i64::from(month), i64::from(day));
        Ok(match self {
            Self::ProlepticGregorian => gregorian_days(year, month, day),
            Self::Julian => julian_days(year, month, day),
            Self::Standard if (year, month, day) >= (1582, 10, 15) => gregorian_days(year, month, day),
            Self::Standard => julian_days(year, month, day) + JULIAN_LAG,
            Self::NoLeap | Self::AllLeap | Self::Day360 => {
                self.fixed_year() * (year - 1970) + self.fixed_days_before(month as usize - 1) + day - 1
            }
        })
    }

    /// The year, month and day that stand `days` after 1970-01-01 of this calendar.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!(Calendar::Standard.date_from_days(59), (1970, 3, 1));
    /// assert_eq!(Calendar::Day360.date_from_days(59), (1970, 2, 30));
    /// ```
    pub fn date_from_days(self, days: i64) -> (i64, u8, u8) {
        let (year, month, day) = match self {
            Self::ProlepticGregorian => gregorian_date(days),
            Self::Standard if days >= FIRST_GREGORIAN_DAY => gregorian_date(days),
            Self::Standard => julian_date(days.saturating_sub(JULIAN_LAG)),
            Self::Julian => julian_date(days),
            Self::NoLeap | Self::AllLeap | Self::Day360 => {
                let in_year = days.rem_euclid(self.fixed_year());
                let mut month = ((in_year / 31) as usize).min(11);
                while month < 11 && self.fixed_days_before(month + 1) <= in_year {
                    month += 1;
                }
                let day = in_year - self.fixed_days_before(month) + 1;
                (days.div_euclid(self.fixed_year()) + 1970, month as u8 + 1, day as u8)
            }
        };
        (if self.has_year_zero() || year > 0 { year } else { year - 1 }, month, day)
    }

    /// How many days a month has (21 in October 1582 of the standard calendar).
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!((Calendar::Standard.days_in_month(2000, 2)?, Calendar::NoLeap.days_in_month(2000, 2)?), (29, 28));
    /// assert!(Calendar::Standard.days_in_month(2000, 13).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `month` is not 1 to 12, or the calendar has no such year.
    pub fn days_in_month(self, year: i64, month: u8) -> Result<u8> {
        self.check_year(year)?;
        if !(1..=12).contains(&month) {
            return Err(Error::invalid(format!("month {month} is not 1 to 12")));
        }
        Ok(match (self, month) {
            (Self::Day360, _) => 30,
            (Self::Standard, 10) if year == 1582 => 21,
            (_, 2) if self.is_leap(year) => 29,
            (_, 2) => 28,
            (_, 4 | 6 | 9 | 11) => 30,
            _ => 31,
        })
    }

    /// How many days a year has (355 in 1582 of the standard calendar).
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!((Calendar::Standard.days_in_year(2000)?, Calendar::Day360.days_in_year(2000)?), (366, 360));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the calendar has no such year.
    pub fn days_in_year(self, year: i64) -> Result<u16> {
        self.check_year(year)?;
        Ok(match self {
            Self::Day360 => 360,
            Self::Standard if year == 1582 => 355,
            _ => 365 + u16::from(self.is_leap(year)),
        })
    }

    /// The day of the week of a day since 1970-01-01, Monday 0 to Sunday 6, as cftime has it for each calendar.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// assert_eq!(Calendar::Standard.day_of_week(0), 3);
    /// ```
    pub fn day_of_week(self, days: i64) -> u8 {
        // The weekday of 1970-01-01: cftime counts weeks from the origin of each calendar's own day number.
        let first = match self {
            Self::Standard | Self::ProlepticGregorian | Self::NoLeap => 3,
            Self::Julian | Self::Day360 => 2,
            Self::AllLeap => 6,
        };
        (days.rem_euclid(7) + first).rem_euclid(7) as u8
    }

    /// Whether a year has a 29th of February.
    fn is_leap(self, year: i64) -> bool {
        let astronomical = self.astronomical(year);
        let gregorian = astronomical % 4 == 0 && (astronomical % 100 != 0 || astronomical % 400 == 0);
        match self {
            Self::ProlepticGregorian => gregorian,
            Self::Standard if year > 1582 => gregorian,
            Self::Standard | Self::Julian => astronomical % 4 == 0,
            Self::NoLeap => false,
            Self::AllLeap | Self::Day360 => true,
        }
    }

    fn check_year(self, year: i64) -> Result<()> {
        if year == 0 && !self.has_year_zero() {
            return Err(Error::invalid(format!("the {self} calendar has no year 0"))
                .hint("its year before 1 is -1; proleptic_gregorian, noleap, all_leap and 360_day have a year 0"));
        }
        if year.unsigned_abs() > MOST_YEARS.unsigned_abs() {
            return Err(Error::invalid(format!("year {year} is too far away to count")));
        }
        Ok(())
    }

    /// The year in a count with a year zero.
    fn astronomical(self, year: i64) -> i64 {
        if year < 0 && !self.has_year_zero() { year + 1 } else { year }
    }

    /// Days of every year of the calendars that have one length for all.
    fn fixed_year(self) -> i64 {
        match self {
            Self::Day360 => 360,
            Self::AllLeap => 366,
            _ => 365,
        }
    }

    fn fixed_days_before(self, month_index: usize) -> i64 {
        match self {
            Self::Day360 => 30 * month_index as i64,
            Self::AllLeap => i64::from(DAYS_BEFORE_NOLEAP[month_index]) + i64::from(month_index > 1),
            _ => i64::from(DAYS_BEFORE_NOLEAP[month_index]),
        }
    }
}

impl std::fmt::Display for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// "1981-01-01"; years outside 0 to 9999 keep their sign and digits.
pub(super) fn iso_date(year: i64, month: u8, day: u8) -> String {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

// Years are counted from March, so that the leap day comes last; then a month's start is (153 m + 2) / 5.

fn from_march(year: i64, month: i64) -> (i64, i64) {
    if month > 2 { (year, month - 3) } else { (year - 1, month + 9) }
}

fn to_january(year: i64, day_of_year: i64) -> (i64, u8, u8) {
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month as u8 + 3, day as u8) } else { (year + 1, month as u8 - 9, day as u8) }
}

/// 0000-03-01 is day -719,468; an era is 400 years of 146,097 days.
fn gregorian_days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = from_march(year, month);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn gregorian_date(days: i64) -> (i64, u8, u8) {
    // Divided before the origin is moved: no i64 overflows.
    let day = days.rem_euclid(146_097) + 719_468;
    let (era, day) = (days.div_euclid(146_097) + day / 146_097, day % 146_097);
    let of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    to_january(era * 400 + of_era, day - (365 * of_era + of_era / 4 - of_era / 100))
}

/// 0000-03-01 of the Julian calendar is its day -719,483; an era is four years of 1,461 days.
fn julian_days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = from_march(year, month);
    (year.div_euclid(4)) * 1_461 + year.rem_euclid(4) * 365 + (153 * month + 2) / 5 + day - 1 - 719_483
}

fn julian_date(days: i64) -> (i64, u8, u8) {
    let day = days.rem_euclid(1_461) + 719_483;
    let (era, day) = (days.div_euclid(1_461) + day / 1_461, day % 1_461);
    let of_era = (day - day / 1_460) / 365;
    to_january(era * 4 + of_era, day - 365 * of_era)
}
