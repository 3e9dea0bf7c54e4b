//! Frequencies of resampling: "6h", "5D", "MS", "QS-DEC", "YE".
use crate::base::{Calendar, DType, Error, Result, TimeFields, TimeUnit};

/// A length of time between the labels of a resampled series, by pandas' alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    /// Equal steps from the midnight before the first time, labelled at their start (h, min, s, D).
    Step {
        /// In nanoseconds.
        length: i64,
    },
    /// Weeks, labelled at their last day.
    Weeks {
        /// How many weeks.
        n: i64,
        /// The last day of a week: Monday 0 to Sunday 6.
        ends_on: i64,
    },
    /// Months, quarters and years.
    Months {
        /// How many months one period has, and how many periods stand between labels.
        period: i64,
        n: i64,
        /// A month (0 to 11) in which a period begins.
        anchor: i64,
        /// Labelled at the last day instead of the first.
        at_end: bool,
    },
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const KNOWN: [&str; 13] = ["s", "min", "h", "D", "W", "MS", "ME", "QS", "QE", "YS", "YE", "ms", "us"];

impl Frequency {
    /// Reads an alias.
    ///
    /// # Errors
    /// If it is none; old aliases name their successor.
    #[track_caller]
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let start = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(start);
        let n: i64 = if digits.is_empty() { 1 } else { digits.parse().unwrap_or(0) };
        let (name, anchor) = rest.split_once('-').map_or((rest, None), |(name, anchor)| (name, Some(anchor)));
        let unknown = |hint: &str| Error::invalid(format!("`{text}` is no frequency")).hint(hint.to_owned());
        if n < 1 {
            return Err(unknown("write a number above 0 before the alias: \"6h\", \"2MS\""));
        }
        const SECOND: i64 = 1_000_000_000;
        let step = |length: i64| match n.checked_mul(length) {
            Some(length) if anchor.is_none() => Ok(Self::Step { length }),
            _ => Err(unknown("only W, QS, QE, YS and YE have an anchor: \"QS-DEC\"")),
        };
        let months = |period: i64, at_end: bool| -> Result<Self> {
            let default = if at_end { "DEC" } else { "JAN" };
            let named = anchor.unwrap_or(default).to_uppercase();
            if period == 1 && anchor.is_some() {
                return Err(unknown("months have no anchor; quarters and years have: \"QS-DEC\", \"YE-JUN\""));
            }
            let month = MONTHS.iter().position(|month| *month == named);
            let month = month.ok_or_else(|| Error::unknown_name("month", &named, MONTHS))? as i64;
            // A period that ends with a month begins with the one after.
            Ok(Self::Months { period, n, anchor: if at_end { (month + 1) % 12 } else { month }, at_end })
        };
        match name {
            "us" => step(SECOND / 1_000_000),
            "ms" => step(SECOND / 1_000),
            "s" => step(SECOND),
            "min" => step(60 * SECOND),
            "h" => step(3_600 * SECOND),
            "D" => step(86_400 * SECOND),
            "W" => {
                let named = anchor.unwrap_or("SUN").to_uppercase();
                let day = DAYS.iter().position(|day| *day == named);
                let ends_on = day.ok_or_else(|| Error::unknown_name("day of the week", &named, DAYS))? as i64;
                Ok(Self::Weeks { n, ends_on })
            }
            "MS" => months(1, false),
            "ME" => months(1, true),
            "QS" => months(3, false),
            "QE" => months(3, true),
            "YS" => months(12, false),
            "YE" => months(12, true),
            "H" => Err(unknown("hours are \"h\"")),
            "T" => Err(unknown("minutes are \"min\"")),
            "S" => Err(unknown("seconds are \"s\"")),
            "M" => Err(unknown("months are \"MS\", labelled at their start, or \"ME\", at their end")),
            "Q" => Err(unknown("quarters are \"QS\", labelled at their start, or \"QE\", at their end")),
            "Y" | "A" | "AS" | "AE" => {
                Err(unknown("years are \"YS\", labelled at their start, or \"YE\", at their end"))
            }
            _ => Err(Error::unknown_name("frequency", text, KNOWN)),
        }
    }

    /// For every time the number of its bin (`u32::MAX` if it is missing), and the labels of all bins from the first to the last.
    ///
    /// # Errors
    /// If there is no time at all, or a bin would lie where the calendar cannot count.
    pub(super) fn bins(self, counts: &[i64], unit: TimeUnit, calendar: Calendar) -> Result<(Vec<u32>, Vec<i64>)> {
        let first = counts.iter().copied().filter(|&count| count != i64::MIN).min();
        let first = first.ok_or_else(|| Error::invalid("there are no times to resample"))?;
        let origin = self.number(first, first, unit, calendar)?;
        let mut codes = Vec::with_capacity(counts.len());
        let mut last = 0;
        for &count in counts {
            if count == i64::MIN {
                codes.push(u32::MAX);
                continue;
            }
            let bin = self.bin(self.number(count, first, unit, calendar)? - origin);
            let bin = u32::try_from(bin).ok().filter(|&bin| bin < u32::MAX / 2);
            let bin =
                bin.ok_or_else(|| Error::invalid("more bins than can be counted").hint("choose a longer frequency"))?;
            last = last.max(bin);
            codes.push(bin);
        }
        let labels =
            (0..=last).map(|bin| self.label(origin, bin.into(), first, unit, calendar)).collect::<Result<_>>()?;
        Ok((codes, labels))
    }

    /// The number of the smallest period that holds a time: steps since the first midnight, weeks, months.
    fn number(self, count: i64, first: i64, unit: TimeUnit, calendar: Calendar) -> Result<i64> {
        Ok(match self {
            Self::Step { length } => {
                let step = steps_of(length, unit)?;
                (count - midnight(first, unit, calendar)).div_euclid(step)
            }
            Self::Weeks { ends_on, .. } => {
                let (days, _) = calendar.split(count, unit);
                // How many days later the week ends.
                let left = (ends_on - i64::from(calendar.day_of_week(days))).rem_euclid(7);
                (days + left).div_euclid(7)
            }
            Self::Months { period, anchor, .. } => {
                let fields = calendar.fields(count, unit);
                (fields.year * 12 + i64::from(fields.month) - 1 - anchor).div_euclid(period)
            }
        })
    }

    /// The bin of a period that stands `after` the first.
    fn bin(self, after: i64) -> i64 {
        match self {
            Self::Step { .. } => after,
            // A label at the end of a bin: the first period ends the first bin.
            Self::Weeks { n, .. } | Self::Months { n, at_end: true, .. } => (after + n - 1).div_euclid(n),
            Self::Months { n, .. } => after.div_euclid(n),
        }
    }

    fn label(self, origin: i64, bin: i64, first: i64, unit: TimeUnit, calendar: Calendar) -> Result<i64> {
        match self {
            Self::Step { length } => Ok(midnight(first, unit, calendar) + (origin + bin) * steps_of(length, unit)?),
            Self::Weeks { n, ends_on } => {
                let (days, _) = calendar.split(first, unit);
                let left = (ends_on - i64::from(calendar.day_of_week(days))).rem_euclid(7);
                Ok((days + left + 7 * n * bin) * 86_400 * unit.per_second())
            }
            Self::Months { period, n, anchor, at_end } => {
                let month = (origin + bin * n) * period + anchor;
                let month = if at_end { month + period - 1 } else { month };
                let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u8 + 1);
                let day = if at_end { calendar.days_in_month(year, month)? } else { 1 };
                calendar.count(&TimeFields::date(year, month, day), unit)
            }
        }
    }
}

fn midnight(count: i64, unit: TimeUnit, calendar: Calendar) -> i64 {
    calendar.split(count, unit).0 * 86_400 * unit.per_second()
}

pub(super) fn steps_of(length: i64, unit: TimeUnit) -> Result<i64> {
    let per_count = 1_000_000_000 / unit.per_second();
    if length % per_count != 0 {
        return Err(Error::invalid(format!("the times are counted in {}, the frequency is finer", unit.name()))
            .hint("cast the times to a finer unit first"));
    }
    Ok(length / per_count)
}

/// What a coordinate of times is counted in.
///
/// # Errors
/// If it holds no times.
pub(super) fn unit_of(name: &str, dtype: DType) -> Result<(TimeUnit, Calendar)> {
    match dtype {
        DType::Time { unit, calendar } => Ok((unit, calendar)),
        other => Err(Error::dtype(format!("`{name}` is {other}, only times can be resampled"))
            .hint("is its `units` attribute readable as a time unit?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_read() {
        let months = |period, n, anchor, at_end| Frequency::Months { period, n, anchor, at_end };
        let rows = [
            ("6h", Frequency::Step { length: 6 * 3_600_000_000_000 }),
            ("D", Frequency::Step { length: 86_400_000_000_000 }),
            ("W-MON", Frequency::Weeks { n: 1, ends_on: 0 }),
            ("2W", Frequency::Weeks { n: 2, ends_on: 6 }),
            ("MS", months(1, 1, 0, false)),
            ("3ME", months(1, 3, 0, true)),
            ("QS-DEC", months(3, 1, 11, false)),
            ("QE-NOV", months(3, 1, 11, true)),
            ("YE", months(12, 1, 0, true)),
            ("YS-JUL", months(12, 1, 6, false)),
        ];
        for (text, expected) in rows {
            assert_eq!(Frequency::parse(text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [
            ("M", "\"MS\""),
            ("H", "\"h\""),
            ("AS", "\"YS\""),
            ("0D", "above 0"),
            ("YS-JUX", "no month `JUX`"),
            ("MZ", "MS"),
            ("5D-MON", "anchor"),
        ] {
            let error = Frequency::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
