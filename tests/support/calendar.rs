//! Dates to counts in every CF calendar, written apart from the library so that it can judge it.

/// Microseconds since 1970-01-01 in `calendar` of an ISO date and time ("1850-01-16T12:00:00.5"); `None` if it is not one.
pub fn microseconds(text: &str, calendar: &str) -> Option<i128> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let (negative, digits) = date.strip_prefix('-').map_or((false, date), |rest| (true, rest));
    let mut fields = digits.split('-').map(|field| field.parse::<i128>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    let year = if negative { -year } else { year };
    let mut clock = time.split(':');
    let (hour, minute) = (clock.next()?.parse::<i128>().ok()?, clock.next()?.parse::<i128>().ok()?);
    let second: f64 = clock.next().unwrap_or("0").parse().ok()?;
    let days = days(calendar, year, month, day)? - days(calendar, 1970, 1, 1)?;
    Some(((days * 24 + hour) * 60 + minute) * 60_000_000 + (second * 1e6).round() as i128)
}

/// Days since a day that is fixed for each calendar.
fn days(calendar: &str, year: i128, month: i128, day: i128) -> Option<i128> {
    const STARTS: [i128; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let start = *STARTS.get(usize::try_from(month - 1).ok()?)?;
    let gregorian = |y: i128| y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let julian = |y: i128| y * 365 + y.div_euclid(4) - 2;
    // Years are counted from March, so that a leap day is the last of its year.
    let from_march = (month + 9) % 12;
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * from_march + 2) / 5 + day - 1;
    Some(match calendar {
        "proleptic_gregorian" => gregorian(year_from_march) + in_year,
        "standard" | "gregorian" if (year, month, day) >= (1582, 10, 15) => gregorian(year_from_march) + in_year,
        "standard" | "gregorian" | "julian" => julian(year_from_march) + in_year,
        "noleap" | "365_day" => year * 365 + start + day - 1,
        "all_leap" | "366_day" => year * 366 + start + i128::from(month > 2) + day - 1,
        "360_day" => year * 360 + (month - 1) * 30 + day - 1,
        _ => return None,
    })
}

#[test]
fn dates_are_counted_as_known() {
    for (text, calendar, days) in [
        ("1970-01-02", "standard", 1),
        ("2000-03-01", "standard", 11017),
        ("1582-10-15", "standard", -141427),
        ("1582-10-04", "standard", -141428),
        ("1582-10-04", "proleptic_gregorian", -141438),
        ("1900-03-01", "noleap", -25491),
        ("1971-01-01", "360_day", 360),
        ("1969-12-30", "360_day", -1),
        ("1971-01-01", "all_leap", 366),
    ] {
        assert_eq!(microseconds(text, calendar), Some(days * 86_400_000_000), "{text} {calendar}");
    }
    assert_eq!(microseconds("1970-01-01T00:00:00.000007", "standard"), Some(7));
}
