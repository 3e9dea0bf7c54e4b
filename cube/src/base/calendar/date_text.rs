//! Reads dates as people and files write them: ISO 8601, its partial forms, the short forms of UDUNITS ("1-1-1 0:0:0.0 UTC"), and
//! months by name ("01-JAN-1901", "Jan 1, 2000").
use crate::base::{Error, Result};

/// What a text says, before any calendar looks at it. Parts that are not written are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DateText {
    pub(crate) year: i64,
    pub(crate) month: Option<u8>,
    pub(crate) day: Option<u8>,
    pub(crate) hour: Option<u8>,
    pub(crate) minute: Option<u8>,
    pub(crate) second: Option<u8>,
    /// The fraction of the second and how many digits it was written with (at most 9).
    pub(crate) fraction: Option<(u32, u8)>,
    /// Minutes that the clock of the text is ahead of UTC; `None` if it names no zone.
    pub(crate) zone_minutes: Option<i32>,
}

impl DateText {
    /// Reads a date, whole or partial.
    ///
    /// # Errors
    /// If it is none, with the forms that are understood.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { rest: text.trim() };
        reader.date_time().filter(|_| reader.rest.is_empty()).ok_or_else(|| {
            Error::invalid(format!("`{}` is not a date", text.trim()))
                .hint("write \"1990\", \"1990-06\", \"1990-06-15\" or \"1990-06-15T12:30:00\"")
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn date_time(&mut self) -> Option<DateText> {
        let mut date = DateText::default();
        if self.names_a_month() {
            self.named_date(&mut date)?;
        } else {
            self.numbered_date(&mut date)?;
        }
        let with_t = date.day.is_some() && (self.take("T") || self.take("t"));
        let separated = self.spaces() && date.day.is_some();
        if with_t || (separated && self.rest.starts_with(|c: char| c.is_ascii_digit())) {
            self.time_of_day(&mut date)?;
        }
        self.spaces();
        date.zone_minutes = self.zone()?;
        Some(date)
    }

    fn numbered_date(&mut self, date: &mut DateText) -> Option<()> {
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let start = self.rest;
        date.year = self.number(1, 12)?;
        let n_digits = start.len() - self.rest.len();
        if n_digits == 8 && !self.rest.starts_with('-') {
            // "19500101": the basic form of ISO 8601.
            (date.month, date.day) = (Some((date.year / 100 % 100) as u8), Some((date.year % 100) as u8));
            date.year /= 10_000;
        } else if self.take("-") {
            date.month = Some(self.number(1, 2)? as u8);
            if self.take("-") {
                date.day = Some(self.number(1, 2)? as u8);
            }
        } else if n_digits == 4 && self.take("/") {
            // The year in front leaves no doubt which of the others is the month.
            date.month = Some(self.number(1, 2)? as u8);
            date.day = Some(self.take("/").then(|| self.number(1, 2))?? as u8);
        }
        date.year = if negative { -date.year } else { date.year };
        Some(())
    }

    /// Whether the first word is a month.
    fn names_a_month(&self) -> bool {
        let mut words = self.rest.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        words.next().and_then(month_of).is_some()
    }

    /// Day, month by name and year in one of the orders in which they cannot be taken for each other.
    fn named_date(&mut self, date: &mut DateText) -> Option<()> {
        let mut numbers: Vec<(i64, usize)> = Vec::with_capacity(2);
        let mut month_at = None;
        for position in 0..3 {
            if position > 0 {
                self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || "-/,.".contains(c));
            }
            let n_letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            if n_letters > 0 && month_at.is_none() {
                let (name, rest) = self.rest.split_at(n_letters);
                date.month = Some(month_of(name)?);
                self.rest = rest;
                month_at = Some(position);
            } else {
                let before = self.rest.len();
                let number = self.number(1, 4)?;
                numbers.push((number, before - self.rest.len()));
            }
        }
        let (first, second) = (numbers.first()?, numbers.get(1)?);
        // A year has three digits at least, or it could be a day.
        let (day, year) = match month_at? {
            1 if first.1 > 2 => (second, first),
            0 | 1 => (first, second),
            _ => return None,
        };
        if day.1 > 2 || year.1 < 3 {
            return None;
        }
        (date.year, date.day) = (year.0, Some(day.0 as u8));
        Some(())
    }

    fn time_of_day(&mut self, date: &mut DateText) -> Option<()> {
        date.hour = Some(self.number(1, 2)? as u8);
        if self.take(":") {
            date.minute = Some(self.number(1, 2)? as u8);
        }
        if date.minute.is_some() && self.take(":") {
            date.second = Some(self.number(1, 2)? as u8);
        }
        if date.second.is_some() && self.take(".") {
            let n_digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.rest.split_at(n_digits);
            self.rest = rest;
            // Digits below a nanosecond are only read as zeros.
            if digits.bytes().skip(9).any(|digit| digit != b'0') {
                return None;
            }
            let kept = &digits[..digits.len().min(9)];
            if !kept.is_empty() {
                let value: u32 = kept.parse().ok()?;
                date.fraction = Some((value * 10_u32.pow(9 - kept.len() as u32), kept.len() as u8));
            }
        }
        Some(())
    }

    /// `Some(None)` if nothing is left, `None` if what is left is no zone.
    fn zone(&mut self) -> Option<Option<i32>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        for name in ["UTC", "GMT", "Z"] {
            if self.rest.eq_ignore_ascii_case(name) {
                self.rest = "";
                return Some(Some(0));
            }
        }
        let sign = if self.take("+") {
            1
        } else if self.take("-") {
            -1
        } else {
            return None;
        };
        let n_digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let hours = self.number(1, 2)? as i32;
        let minutes = if self.take(":") || n_digits > 2 { self.number(2, 2)? as i32 } else { 0 };
        (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
    }

    /// A number of `least` to `most` digits. More digits than that are left, and are an error later.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let n_digits = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(most);
        if n_digits < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(n_digits);
        self.rest = rest;
        digits.parse().ok()
    }

    fn take(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn spaces(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        self.rest.len() < before
    }
}

/// The number of a month by its English name or at least three letters of it.
fn month_of(name: &str) -> Option<u8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let found = NAMES.iter().position(|month| name.len() >= 3 && month.starts_with(&name))?;
    Some(found as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Year, month, day, hour, minute, second, fraction in ns, zone; -1 where nothing is written.
    fn parts(text: &str) -> Option<[i64; 8]> {
        let date = DateText::parse(text).ok()?;
        let part = |value: Option<u8>| value.map_or(-1, i64::from);
        Some([
            date.year,
            part(date.month),
            part(date.day),
            part(date.hour),
            part(date.minute),
            part(date.second),
            date.fraction.map_or(-1, |(n, _)| n.into()),
            date.zone_minutes.map_or(-1, i64::from),
        ])
    }

    #[test]
    fn dates_are_read_in_every_form() {
        let rows = [
            ("1981", [1981, -1, -1, -1, -1, -1, -1, -1]),
            ("1990-06", [1990, 6, -1, -1, -1, -1, -1, -1]),
            ("1-1-1", [1, 1, 1, -1, -1, -1, -1, -1]),
            ("0000-01-01", [0, 1, 1, -1, -1, -1, -1, -1]),
            ("-4713-01-01", [-4713, 1, 1, -1, -1, -1, -1, -1]),
            ("19500101", [1950, 1, 1, -1, -1, -1, -1, -1]),
            ("1990-06-15T12", [1990, 6, 15, 12, -1, -1, -1, -1]),
            ("1990-06-15 12:30", [1990, 6, 15, 12, 30, -1, -1, -1]),
            ("1850-1-1 00:00:0.0 UTC", [1850, 1, 1, 0, 0, 0, 0, 0]),
            ("1970-01-01T00:00:00Z", [1970, 1, 1, 0, 0, 0, -1, 0]),
            ("1970-01-01 00:00:00.25", [1970, 1, 1, 0, 0, 0, 250_000_000, -1]),
            ("1970-01-01 00:00:00.1234567890", [1970, 1, 1, 0, 0, 0, 123_456_789, -1]),
            ("1900-01-01 00:00:00 +01:00", [1900, 1, 1, 0, 0, 0, -1, 60]),
            ("1900-01-01 00:00:00 -6:00", [1900, 1, 1, 0, 0, 0, -1, -360]),
            ("1900-01-01T00:00:00+0530", [1900, 1, 1, 0, 0, 0, -1, 330]),
            ("1900-01-01 -3", [1900, 1, 1, -1, -1, -1, -1, -180]),
            ("2000-01-01 GMT", [2000, 1, 1, -1, -1, -1, -1, 0]),
            ("Jan 1, 2000", [2000, 1, 1, -1, -1, -1, -1, -1]),
            ("january 15 2000 06:30 UTC", [2000, 1, 15, 6, 30, -1, -1, 0]),
            ("01-JAN-1901 00:00:00", [1901, 1, 1, 0, 0, 0, -1, -1]),
            ("1 Sept. 1999", [1999, 9, 1, -1, -1, -1, -1, -1]),
            ("1990-Jun-15T12", [1990, 6, 15, 12, -1, -1, -1, -1]),
            ("1990/06/15 12:30", [1990, 6, 15, 12, 30, -1, -1, -1]),
        ];
        for (text, expected) in rows {
            assert_eq!(parts(text), Some(expected), "{text}");
        }
        let wrong = [
            "",
            "today",
            "1990-",
            "1990-006",
            "1990-06-",
            "1990-06-155",
            "1990-06-15T",
            "1990-06-15T12:",
            "1990-06-15X12",
            "1990-06-15 12:30:00 EST",
            "01-01-0001",
            "15/06/1990",
            "1990/06",
            "Jan 2000",
            "1 Jan 05",
            "Ja 1, 2000",
            "2000 1 Jan",
            "1990-06-15 12:30:00 +25:00",
            "é",
            "1990-06-1é",
            "1990-06-15 00:00:00.0000000001",
            "12345678901234567890",
        ];
        for text in wrong {
            let found = parts(text);
            assert!(found.is_none(), "{text}: {found:?}");
        }
    }
}
