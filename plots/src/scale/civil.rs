//! Dates on an axis of seconds: `cube` knows the calendars, ticks and titles want fractions of seconds.
use terracube_cube::{Calendar, TimeUnit};

/// A calendar date and the seconds since its midnight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub seconds: f64,
}

const DAY: f64 = 86_400.0;

/// The date at so many seconds since 1970-01-01 of the same calendar.
pub(crate) fn date_at(seconds: f64, calendar: Calendar) -> Date {
    // Rounded to microseconds, so that 86399.9999999 is midnight.
    let seconds = (seconds * 1e6).round() / 1e6;
    let days = (seconds / DAY).floor();
    let (year, month, day) = calendar.date_from_days(days as i64);
    Date { year, month: month.into(), day: day.into(), seconds: seconds - days * DAY }
}

/// Seconds since 1970-01-01 of the same calendar; `None` for a date that the calendar does not have.
pub(crate) fn seconds_at(date: Date, calendar: Calendar) -> Option<f64> {
    let (month, day) = (u8::try_from(date.month).ok()?, u8::try_from(date.day).ok()?);
    Some(calendar.days_from_date(date.year, month, day).ok()? as f64 * DAY + date.seconds)
}

/// "2001-01-16", with the time of day if there is one.
pub(crate) fn date_text(seconds: f64, calendar: Calendar) -> String {
    let text = calendar.format(seconds.round() as i64, TimeUnit::S);
    text.strip_suffix("T00:00:00").map(str::to_owned).unwrap_or(text)
}
