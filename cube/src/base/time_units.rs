//! CF time units: "days since 1850-01-01" as exact numbers.
use super::calendar::DateText;
use super::{Calendar, Error, Result, TimeFields, TimeUnit};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A unit of the form "days since 1850-01-01 00:00:00" in a calendar, held exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeUnits {
    step_nanoseconds: i64,
    epoch_nanoseconds: i128,
    calendar: Calendar,
}

/// How stored numbers become counts of a [`TimeUnit`]: `raw * numerator / denominator + epoch`. One of the first two is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeScaling {
    /// Counts per step, if a step is not shorter than a count.
    pub numerator: i64,
    /// Steps per count, if a step is shorter than a count.
    pub denominator: i64,
    /// The epoch as a count since 1970-01-01 of the calendar.
    pub epoch: i64,
}

impl TimeUnits {
    /// Whether `units` has the form "X since Y", that is, counts time from an epoch. "days" alone does not: it stays a number.
    ///
    /// ```
    /// use terracube_cube::base::TimeUnits;
    /// assert!(TimeUnits::has_epoch("days since 1850-01-01") && !TimeUnits::has_epoch("days"));
    /// ```
    pub fn has_epoch(units: &str) -> bool {
        split_since(units).is_some()
    }

    /// Reads units such as "days since 1850-1-1 00:00:0.0 UTC" or "Hours since 1900-01-01 +01:00".
    ///
    /// Months are understood in `360_day` only and common years in `noleap` only, where they have one length (as cftime does).
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let units = TimeUnits::parse("days since 1969-12-31 12:00", Calendar::Standard)?;
    /// let scaling = units.scaling(units.integer_unit())?;
    /// assert_eq!((scaling.numerator, scaling.denominator, scaling.epoch), (86_400, 1, -43_200));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the text has another form, the unit has no fixed length, or the epoch is no date of the calendar.
    pub fn parse(units: &str, calendar: Calendar) -> Result<Self> {
        let named = |error: Error| error.context(format!("time units `{units}`"));
        let Some((step, epoch)) = split_since(units) else {
            return Err(named(Error::invalid("not of the form \"days since 1850-01-01\"")));
        };
        let step_nanoseconds = step_length(step, calendar).map_err(named)?;
        let epoch_nanoseconds = epoch_of(epoch, calendar).map_err(named)?;
        Ok(Self { step_nanoseconds, epoch_nanoseconds, calendar })
    }

    /// The calendar.
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// use terracube_cube::base::TimeUnits;
    /// assert_eq!(TimeUnits::parse("days since 1850-01-01", Calendar::NoLeap)?.calendar(), Calendar::NoLeap);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// The coarsest unit in which stored integers are whole counts.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let unit = |units| Ok::<_, terracube_cube::Error>(TimeUnits::parse(units, Calendar::Standard)?.integer_unit());
    /// assert_eq!((unit("hours since 1900-01-01")?, unit("milliseconds since 1900-01-01")?), (TimeUnit::S, TimeUnit::Ms));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn integer_unit(&self) -> TimeUnit {
        let whole = |unit: &TimeUnit| {
            let length = SECOND / unit.per_second();
            self.step_nanoseconds % length == 0 && self.epoch_nanoseconds % i128::from(length) == 0
        };
        [TimeUnit::S, TimeUnit::Ms, TimeUnit::Us].into_iter().find(whole).unwrap_or(TimeUnit::Ns)
    }

    /// The unit for stored floats: microseconds, or nanoseconds where the unit or its epoch is that fine.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// assert_eq!(TimeUnits::parse("hours since 1900-01-01", Calendar::Standard)?.float_unit(), TimeUnit::Us);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn float_unit(&self) -> TimeUnit {
        self.integer_unit().max(TimeUnit::Us)
    }

    /// How stored numbers become counts of `unit`.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let scaling = TimeUnits::parse("hours since 1970-01-02", Calendar::Standard)?.scaling(TimeUnit::S)?;
    /// assert_eq!((scaling.numerator, scaling.denominator, scaling.epoch), (3600, 1, 86_400));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the epoch lies beyond what `unit` can count, or is no whole number of it.
    pub fn scaling(&self, unit: TimeUnit) -> Result<TimeScaling> {
        let length = SECOND / unit.per_second();
        let fails = |why: &str, hint: &str| {
            let epoch = self.epoch_nanoseconds.div_euclid(i128::from(SECOND));
            let epoch = i64::try_from(epoch).map_or("?".into(), |seconds| self.calendar.format(seconds, TimeUnit::S));
            Err(Error::invalid(format!("the epoch {epoch} {why} {}", unit.name())).hint(hint))
        };
        if self.epoch_nanoseconds % i128::from(length) != 0 {
            return fails("is no whole number of", "count in a finer time unit");
        }
        let epoch = match i64::try_from(self.epoch_nanoseconds / i128::from(length)) {
            Ok(epoch) if epoch != i64::MIN => epoch,
            _ => return fails("cannot be counted in", "count in a coarser time unit"),
        };
        let (numerator, denominator) = if self.step_nanoseconds >= length {
            (self.step_nanoseconds / length, 1)
        } else {
            (1, length / self.step_nanoseconds)
        };
        Ok(TimeScaling { numerator, denominator, epoch })
    }

    /// The coarsest unit, not coarser than `integer_unit`, in which all of `smallest..=largest` can be counted.
    ///
    /// ```
    /// use terracube_cube::{Calendar, ErrorKind, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let units = TimeUnits::parse("days since 1970-01-01", Calendar::Standard)?;
    /// assert_eq!(units.check_range(0, 100_000)?, TimeUnit::S);
    /// assert_eq!(units.check_range(0, i64::MAX).unwrap_err().kind(), ErrorKind::Corrupt);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is none: then the stored values are damaged or the units are not what they say.
    pub fn check_range(&self, smallest: i64, largest: i64) -> Result<TimeUnit> {
        let unit = self.integer_unit();
        let scaling = self.scaling(unit)?;
        for raw in [smallest, largest] {
            if scaling.of_i64(raw).is_none() {
                return Err(Error::corrupt(format!("the stored time {raw} cannot be counted in {}", unit.name()))
                    .hint("open with `decode_times = false` to look at the numbers"));
            }
        }
        Ok(unit)
    }

    /// The canonical text, as CF writes it: "days since 1850-01-01", "seconds since 1970-01-01T00:00:00.250".
    ///
    /// ```
    /// use terracube_cube::Calendar;
    /// use terracube_cube::base::TimeUnits;
    /// assert_eq!(TimeUnits::parse("Days since 1850-1-1 00:00", Calendar::Standard)?.format(), "days since 1850-01-01");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn format(&self) -> String {
        let named =
            STEPS.iter().find(|step| step.length == self.step_nanoseconds).map_or("common_years", |step| step.names[0]);
        let (unit, length) = if self.epoch_nanoseconds % i128::from(SECOND) == 0 {
            (TimeUnit::S, SECOND)
        } else {
            (self.integer_unit(), SECOND / self.integer_unit().per_second())
        };
        let count = i64::try_from(self.epoch_nanoseconds / i128::from(length)).unwrap_or(i64::MIN);
        let epoch = self.calendar.format_all(&[count], unit).concat();
        let months = self.calendar == Calendar::Day360 && self.step_nanoseconds == 30 * DAY;
        format!("{} since {epoch}", if months { "months" } else { named })
    }
}

impl TimeScaling {
    /// The count of a stored integer; `None` if it does not fit, or is no whole count (only when `denominator` is not 1).
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let scaling = TimeUnits::parse("hours since 1970-01-02", Calendar::Standard)?.scaling(TimeUnit::S)?;
    /// assert_eq!((scaling.of_i64(2), scaling.of_i64(i64::MAX)), (Some(93_600), None));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn of_i64(&self, raw: i64) -> Option<i64> {
        let scaled = i128::from(raw) * i128::from(self.numerator);
        if scaled % i128::from(self.denominator) != 0 {
            return None;
        }
        count(scaled / i128::from(self.denominator) + i128::from(self.epoch))
    }

    /// The count nearest to a stored float; NaN becomes the missing time. `None` if it does not fit.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let scaling = TimeUnits::parse("hours since 1970-01-02", Calendar::Standard)?.scaling(TimeUnit::S)?;
    /// assert_eq!((scaling.of_f64(0.5), scaling.of_f64(f64::NAN)), (Some(88_200), Some(i64::MIN)));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn of_f64(&self, raw: f64) -> Option<i64> {
        if raw.is_nan() {
            return Some(i64::MIN);
        }
        if raw.abs() >= 9.0e18 {
            return None;
        }
        // The whole part goes through integers: a product of doubles would lose microseconds after some decades.
        let whole = raw.trunc();
        let (numerator, denominator) = (i128::from(self.numerator), i128::from(self.denominator));
        let scaled = whole as i128 * numerator;
        let rest = ((scaled % denominator) as f64 + (raw - whole) * self.numerator as f64) / self.denominator as f64;
        count(scaled / denominator + rest.round_ties_even() as i128 + i128::from(self.epoch))
    }

    /// The stored integer that stands for a count; `None` if there is none: writing refuses to round.
    ///
    /// ```
    /// use terracube_cube::{Calendar, TimeUnit};
    /// use terracube_cube::base::TimeUnits;
    /// let scaling = TimeUnits::parse("hours since 1970-01-02", Calendar::Standard)?.scaling(TimeUnit::S)?;
    /// assert_eq!((scaling.to_i64(93_600), scaling.to_i64(93_601)), (Some(2), None));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn to_i64(&self, count: i64) -> Option<i64> {
        let scaled = (i128::from(count) - i128::from(self.epoch)) * i128::from(self.denominator);
        let whole = scaled % i128::from(self.numerator) == 0;
        whole.then(|| i64::try_from(scaled / i128::from(self.numerator)).ok()).flatten()
    }
}

/// A count that fits and is not the missing time.
fn count(value: i128) -> Option<i64> {
    i64::try_from(value).ok().filter(|&count| count != i64::MIN)
}

struct Step {
    length: i64,
    /// The name that CF writes, then what else is read.
    names: &'static [&'static str],
}

const STEPS: &[Step] = &[
    Step { length: 1, names: &["nanoseconds", "nanosecond", "nanosec", "nanosecs", "nsec", "nsecs", "ns"] },
    Step {
        length: 1_000,
        names: &["microseconds", "microsecond", "microsec", "microsecs", "usec", "usecs", "us", "µs", "μs"],
    },
    Step { length: 1_000_000, names: &["milliseconds", "millisecond", "millisec", "millisecs", "msec", "msecs", "ms"] },
    Step { length: SECOND, names: &["seconds", "second", "sec", "secs", "s"] },
    Step { length: 60 * SECOND, names: &["minutes", "minute", "min", "mins"] },
    Step { length: 3_600 * SECOND, names: &["hours", "hour", "hr", "hrs", "h"] },
    Step { length: DAY, names: &["days", "day", "d"] },
    Step { length: 7 * DAY, names: &["weeks", "week"] },
];

/// The length in ns of a unit of fixed length ("h", "days", "msec"), whatever its case; `None` for other words.
pub(crate) fn fixed_step_length(name: &str) -> Option<i64> {
    let name = name.trim().to_lowercase();
    STEPS.iter().find(|step| step.names.contains(&name.as_str())).map(|step| step.length)
}

fn step_length(name: &str, calendar: Calendar) -> Result<i64> {
    if let Some(length) = fixed_step_length(name) {
        return Ok(length);
    }
    match (name.to_lowercase().as_str(), calendar) {
        ("month" | "months", Calendar::Day360) => Ok(30 * DAY),
        ("common_year" | "common_years", Calendar::NoLeap) => Ok(365 * DAY),
        ("month" | "months" | "year" | "years" | "common_year" | "common_years", _) => {
            Err(Error::unsupported(format!("`{name}` has no fixed length in the {calendar} calendar"))
                .hint("months are understood in 360_day and common_years in noleap; open with `decode_times = false`"))
        }
        _ => Err(Error::unknown_name("time unit", name, STEPS.iter().map(|step| step.names[0]))),
    }
}

/// The words before and after "since"; UDUNITS also reads "from", "after" and "@", which CF files do not write.
fn split_since(units: &str) -> Option<(&str, &str)> {
    let (step, rest) = units.trim().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (since, epoch) = rest.split_once(char::is_whitespace)?;
    since.eq_ignore_ascii_case("since").then_some((step, epoch))
}

fn epoch_of(text: &str, calendar: Calendar) -> Result<i128> {
    let date = DateText::parse(text)?;
    let fields = TimeFields::date(date.year, date.month.unwrap_or(1), date.day.unwrap_or(1)).at(
        date.hour.unwrap_or(0),
        date.minute.unwrap_or(0),
        date.second.unwrap_or(0),
        0,
    );
    let seconds = i128::from(calendar.count(&fields, TimeUnit::S)?) - i128::from(date.zone_minutes.unwrap_or(0)) * 60;
    Ok(seconds * i128::from(SECOND) + date.fraction.map_or(0, |(nanoseconds, _)| i128::from(nanoseconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PartialDate;

    #[test]
    fn units_are_read_as_cftime_reads_them() {
        use Calendar::{Day360, NoLeap, ProlepticGregorian, Standard};
        use TimeUnit::{Ms, Ns, S, Us};
        // Units, calendar, what the stored number 1 means, and the unit it is counted in.
        let rows = [
            ("days since 1850-1-1 00:00:0.0 UTC", Standard, "1850-01-02T00:00:00", S),
            ("Days Since 1-1-1", Standard, "0001-01-02T00:00:00", S),
            ("days since 0000-01-01", ProlepticGregorian, "0000-01-02T00:00:00", S),
            ("days since 0000-01-01", NoLeap, "0000-01-02T00:00:00", S),
            ("hours since 1900-01-01 00:00:00 +01:00", Standard, "1900-01-01T00:00:00", S),
            ("hours since 1900-01-01 00:00:00 -6:00", Standard, "1900-01-01T07:00:00", S),
            // The example of CF 4.4; cftime alone drops zones of one digit and hours without minutes, xarray (pandas) reads them.
            ("seconds since 1992-10-8 15:15:42.5 -6:00", Standard, "1992-10-08T21:15:43.500", Ms),
            ("hours since 1900-01-01T06:30Z", Standard, "1900-01-01T07:30:00", S),
            ("seconds since 1970-01-01 00:00:00.25", Standard, "1970-01-01T00:00:01.250", Ms),
            ("months since 2000-01-01", Day360, "2000-02-01T00:00:00", S),
            ("common_years since 2000-01-01", NoLeap, "2001-01-01T00:00:00", S),
            ("days since 2000-02-30", Day360, "2000-03-01T00:00:00", S),
            ("days since -4713-01-01", Standard, "-4713-01-02T00:00:00", S),
            ("h since 2000-01-01", Standard, "2000-01-01T01:00:00", S),
            ("hr since 2000", Standard, "2000-01-01T01:00:00", S),
            ("d  since  2000-01-01 12", Standard, "2000-01-02T12:00:00", S),
            ("weeks since 2000-01-01", Standard, "2000-01-08T00:00:00", S),
            ("min since 2000-1-1 0:0:0", Standard, "2000-01-01T00:01:00", S),
            ("msec since 2000-01-01", Standard, "2000-01-01T00:00:00.001", Ms),
            ("us since 2000-01-01", Standard, "2000-01-01T00:00:00.000001", Us),
            ("Microseconds since 2000-01-01", Standard, "2000-01-01T00:00:00.000001", Us),
            ("ns since 2000-01-01", Standard, "2000-01-01T00:00:00.000000001", Ns),
            ("days since 19500101", Standard, "1950-01-02T00:00:00", S),
            ("days since Jan 1, 2000", Standard, "2000-01-02T00:00:00", S),
            ("hours since 01-JAN-1901 00:00:00", NoLeap, "1901-01-01T01:00:00", S),
            ("days since 1970/1/1", Standard, "1970-01-02T00:00:00", S),
        ];
        for (text, calendar, expected, unit) in rows {
            let units = TimeUnits::parse(text, calendar).unwrap();
            assert_eq!(units.integer_unit(), unit, "{text}");
            let count = units.scaling(unit).unwrap().of_i64(1).unwrap();
            assert_eq!(calendar.format(count, unit), expected, "{text}");
            assert_eq!(TimeUnits::parse(&units.format(), calendar).unwrap(), units, "{}", units.format());
        }
    }

    #[test]
    fn stored_numbers_mean_what_cftime_says() {
        let mut rows = 0;
        for line in include_str!("known_units.csv").lines().filter(|line| !line.starts_with('#')) {
            let [calendar, text, raw, moment] = line.split(';').collect::<Vec<_>>().try_into().unwrap();
            let calendar = Calendar::parse(calendar).unwrap();
            let scaling = TimeUnits::parse(text, calendar).unwrap().scaling(TimeUnit::Us).unwrap();
            let of_float = scaling.of_f64(raw.parse().unwrap()).unwrap();
            if let Ok(raw) = raw.parse::<i64>() {
                assert_eq!(calendar.format(of_float, TimeUnit::Us), moment, "{line}");
                assert_eq!(scaling.of_i64(raw), Some(of_float), "{line}");
                assert_eq!(scaling.to_i64(of_float), Some(raw), "{line}");
            } else {
                // cftime computes fractions in long doubles and rounds more than once.
                let theirs = PartialDate::parse(moment).unwrap().start(calendar, TimeUnit::Us).unwrap();
                assert!((theirs - of_float).abs() <= 20, "{line}: {}", calendar.format(of_float, TimeUnit::Us));
            }
            rows += 1;
        }
        assert!(rows > 200, "{rows}");
    }

    #[test]
    fn units_that_make_no_sense_say_why() {
        let rows = [
            ("days", "not of the form"),
            ("months since 2000-01-01", "`months` has no fixed length in the standard calendar"),
            ("years since 2000-01-01", "`years` has no fixed length"),
            ("dayz since 2000-01-01", "no time unit `dayz`; did you mean `days`?"),
            ("days since yesterday", "`yesterday` is not a date"),
            ("days since 0000-01-01", "has no year 0"),
            ("days since 2000-02-30", "2000-02-30 is no date of the standard calendar"),
            ("days since 1582-10-10", "1582-10-10 is no date of the standard calendar"),
            ("days since 2000-01-01 24:00:00", "24:00:00 is no time of day"),
        ];
        for (text, expected) in rows {
            let error = TimeUnits::parse(text, Calendar::Standard).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(text), "{error}");
        }
        assert!(!TimeUnits::has_epoch("days"));
        assert!(!TimeUnits::has_epoch("degrees_north"));
        assert!(TimeUnits::has_epoch("DAYS SINCE 2000-1-1"));
    }

    #[test]
    fn scaling_is_exact_and_checked() {
        let units = TimeUnits::parse("days since 1850-01-01", Calendar::Standard).unwrap();
        assert_eq!(units.float_unit(), TimeUnit::Us);
        let scaling = units.scaling(TimeUnit::Us).unwrap();
        assert_eq!(scaling.of_f64(43_829.5), Some(43_200_000_000));
        assert_eq!(scaling.of_f64(f64::NAN), Some(i64::MIN));
        assert_eq!(scaling.of_f64(1e30), None);
        assert_eq!(scaling.of_i64(i64::MAX), None);
        assert_eq!(scaling.to_i64(0), Some(43_829));
        assert_eq!(scaling.to_i64(1), None);
        // 200 years on, the sixth digit after the second is still right.
        let fine =
            TimeUnits::parse("seconds since 1800-01-01", Calendar::Standard).unwrap().scaling(TimeUnit::Us).unwrap();
        assert_eq!(fine.of_f64(6_311_433_600.125), Some(fine.epoch + 6_311_433_600_125_000));
        let coarse = TimeUnits::parse("ns since 1970-01-01", Calendar::Standard).unwrap().scaling(TimeUnit::S).unwrap();
        assert_eq!((coarse.numerator, coarse.denominator), (1, 1_000_000_000));
        assert_eq!(coarse.of_i64(2_000_000_000), Some(2));
        assert_eq!(coarse.of_i64(1), None);
        assert_eq!(coarse.of_f64(1.6e9), Some(2));
        assert_eq!(coarse.to_i64(2), Some(2_000_000_000));
        assert!(TimeUnits::parse("ns since 0001-01-01", Calendar::Standard).unwrap().scaling(TimeUnit::Ns).is_err());
        assert_eq!(units.check_range(-10, 100_000).unwrap(), TimeUnit::S);
        assert!(units.check_range(0, i64::MAX).is_err());
    }
}
