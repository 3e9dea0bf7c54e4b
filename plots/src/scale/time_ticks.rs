//! Ticks on dates: at the start of years, months, days, hours, in any CF calendar.
use terracube_cube::Calendar;

use super::civil::{Date, date_at, seconds_at};
use super::{Room, Scale, Tick};
use crate::draw::text_width;

/// The distance between ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Seconds(i64),
    Days(i64),
    Months(i64),
    Years(i64),
}

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const STEPS: &[Step] = &[
    Step::Seconds(1),
    Step::Seconds(2),
    Step::Seconds(5),
    Step::Seconds(10),
    Step::Seconds(15),
    Step::Seconds(30),
    Step::Seconds(60),
    Step::Seconds(120),
    Step::Seconds(300),
    Step::Seconds(600),
    Step::Seconds(900),
    Step::Seconds(1800),
    Step::Seconds(3600),
    Step::Seconds(2 * 3600),
    Step::Seconds(3 * 3600),
    Step::Seconds(6 * 3600),
    Step::Seconds(12 * 3600),
    Step::Days(1),
    Step::Days(2),
    Step::Days(5),
    Step::Days(10),
    Step::Days(15),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
];

/// Ticks for seconds since 1970-01-01. On a horizontal axis the larger unit stands on a second line where it changes.
pub(crate) fn time_ticks(calendar: Calendar, scale: &Scale, room: Room, size: f64) -> Vec<Tick> {
    let (low, high) = scale.bounds();
    // Further than any date we could write: thousands of millennia.
    if low.abs().max(high.abs()) > 1e14 {
        return Vec::new();
    }
    let years = (0..12).flat_map(|power| [1, 2, 5].map(|mantissa| Step::Years(mantissa * 10i64.pow(power))));
    let per_pixel = (high - low) / scale.length();
    let mut last = Vec::new();
    for step in STEPS.iter().copied().chain(years) {
        let apart = nominal_seconds(step) / per_pixel;
        if apart < 24.0 {
            continue;
        }
        let ticks = at_step(calendar, step, low, high, room);
        if ticks.is_empty() || (ticks.len() < 2 && last.len() > 1) {
            break;
        }
        let widest = ticks.iter().map(|tick: &Tick| room.needed(&tick.label, size)).fold(0.0, f64::max);
        last = ticks;
        if apart >= widest.max(room.comfortable() * 0.8) {
            break;
        }
    }
    drop_overlaps(&mut last, scale, size);
    last
}

fn nominal_seconds(step: Step) -> f64 {
    match step {
        Step::Seconds(n) => n as f64,
        Step::Days(n) => (n * DAY) as f64,
        Step::Months(n) => n as f64 * 30.4 * DAY as f64,
        Step::Years(n) => n as f64 * 365.25 * DAY as f64,
    }
}

fn at_step(calendar: Calendar, step: Step, low: f64, high: f64, room: Room) -> Vec<Tick> {
    let (first, last) = (date_at(low, calendar), date_at(high, calendar));
    let mut moments: Vec<f64> = Vec::new();
    let mut push = |date: Date| {
        let Some(seconds) = seconds_at(date, calendar) else { return };
        if seconds >= low - 1e-6 && seconds <= high + 1e-6 && moments.last().is_none_or(|before| seconds > *before) {
            moments.push(seconds);
        }
    };
    match step {
        Step::Seconds(n) => {
            // Steps divide a day, so they are counted from midnight.
            let midnight = low - first.seconds;
            let mut at = ((low - midnight) / n as f64).ceil() as i64;
            let most = at + 500;
            while midnight + (at * n) as f64 <= high && at < most {
                push(date_at(midnight + (at * n) as f64, calendar));
                at += 1;
            }
        }
        Step::Days(n) => {
            for (year, month) in months_between(first, last) {
                // No tick so near the month's end that it crowds the next month's first.
                let latest = if n == 1 { 31 } else { 31 - n };
                let mut day = 1;
                while day <= latest.max(1) {
                    push(Date { year, month, day, seconds: 0.0 });
                    day += n;
                }
            }
        }
        Step::Months(n) => {
            for (year, month) in months_between(first, last) {
                if (month - 1) % n == 0 {
                    push(Date { year, month, day: 1, seconds: 0.0 });
                }
            }
        }
        Step::Years(n) => {
            let mut year = first.year.div_euclid(n) * n;
            let most = year.saturating_add(500 * n);
            while year <= last.year && year < most {
                push(Date { year, month: 1, day: 1, seconds: 0.0 });
                year += n;
            }
        }
    }
    let mut before: Option<String> = None;
    moments
        .into_iter()
        .map(|value| {
            let (label, above) = written(date_at(value, calendar), step, room);
            let below = above.filter(|text| before.as_ref() != Some(text));
            if below.is_some() {
                before.clone_from(&below);
            }
            Tick { value, label, below }
        })
        .collect()
}

/// Years and months from one date to another, at most a few hundred.
fn months_between(first: Date, last: Date) -> impl Iterator<Item = (i64, i64)> {
    let (start, end) = (first.year * 12 + first.month - 1, last.year * 12 + last.month - 1);
    (start..=end.min(start + 600)).map(|n| (n.div_euclid(12), n.rem_euclid(12) + 1))
}

/// The label and, on a horizontal axis, what stands below it.
fn written(date: Date, step: Step, room: Room) -> (String, Option<String>) {
    let Date { year, month, day, seconds } = date;
    let whole = seconds.round() as i64;
    let (hour, minute, second) = (whole / 3600, whole / 60 % 60, whole % 60);
    let month_name = MONTHS[(month - 1).clamp(0, 11) as usize];
    let year_text = if (0..10_000).contains(&year) { format!("{year:04}") } else { year.to_string() };
    if room == Room::Vertical {
        return match step {
            Step::Years(_) => (year_text, None),
            Step::Months(_) => (format!("{year_text}-{month:02}"), None),
            Step::Days(_) => (format!("{year_text}-{month:02}-{day:02}"), None),
            Step::Seconds(n) if n >= 60 => (format!("{month:02}-{day:02} {hour:02}:{minute:02}"), None),
            Step::Seconds(_) => (format!("{hour:02}:{minute:02}:{second:02}"), None),
        };
    }
    match step {
        Step::Years(_) => (year_text, None),
        Step::Months(_) => (month_name.to_owned(), Some(year_text)),
        Step::Days(_) => (format!("{day}"), Some(format!("{month_name} {year_text}"))),
        Step::Seconds(n) => {
            let clock =
                if n >= 60 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
            (clock, Some(format!("{year_text}-{month:02}-{day:02}")))
        }
    }
}

/// Takes away second lines that would run into the next one.
fn drop_overlaps(ticks: &mut [Tick], scale: &Scale, size: f64) {
    let mut next: Option<f64> = None;
    for tick in ticks.iter_mut().rev() {
        let Some(text) = &tick.below else { continue };
        let (place, width) = (scale.at(tick.value), text_width(text, size));
        if next.is_some_and(|next| (next - place).abs() < width + 6.0) {
            tick.below = None;
        } else {
            next = Some(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(year: i64, month: i64, day: i64, calendar: Calendar) -> f64 {
        seconds_at(Date { year, month, day, seconds: 0.0 }, calendar).unwrap()
    }

    fn labels(calendar: Calendar, low: f64, high: f64, room: Room) -> String {
        let scale = Scale { low, high, start: 0.0, end: 500.0 };
        time_ticks(calendar, &scale, room, 12.0)
            .iter()
            .map(|t| t.label.clone() + &t.below.as_ref().map(|b| format!("/{b}")).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn dates_are_ticked_in_every_calendar() {
        use Calendar::{Day360, NoLeap, Standard};
        use Room::{Horizontal, Vertical};
        type Ymd = (i64, i64, i64);
        let rows: &[(Calendar, Ymd, Ymd, Room, &str)] = &[
            (Standard, (1940, 1, 15), (2022, 12, 15), Horizontal, "1950 1960 1970 1980 1990 2000 2010 2020"),
            (Standard, (2000, 11, 16), (2001, 12, 16), Horizontal, "Jan/2001 Mar May Jul Sep Nov"),
            (Day360, (2001, 1, 1), (2001, 2, 30), Horizontal, "1/Jan 2001 11 21 1/Feb 2001 11 21"),
            (
                NoLeap,
                (1999, 12, 1),
                (2004, 12, 1),
                Horizontal,
                "Jan/2000 Jul Jan/2001 Jul Jan/2002 Jul Jan/2003 Jul Jan/2004 Jul",
            ),
            (
                Standard,
                (2001, 2, 27),
                (2001, 3, 2),
                Horizontal,
                "00:00/2001-02-27 12:00 00:00/2001-02-28 12:00 00:00/2001-03-01 12:00 00:00/2001-03-02",
            ),
            (
                Standard,
                (2001, 1, 1),
                (2002, 1, 1),
                Vertical,
                "2001-01 2001-02 2001-03 2001-04 2001-05 2001-06 2001-07 2001-08 2001-09 2001-10 2001-11 2001-12 2002-01",
            ),
        ];
        for (calendar, a, b, room, expected) in rows {
            let (low, high) = (seconds(a.0, a.1, a.2, *calendar), seconds(b.0, b.1, b.2, *calendar));
            assert_eq!(labels(*calendar, low, high, *room), *expected, "{calendar:?} {a:?}");
        }
    }

    #[test]
    fn absurd_times_draw_no_ticks_and_do_not_hang() {
        assert_eq!(labels(Calendar::Standard, -1e18, 1e18, Room::Horizontal), "");
        assert!(!labels(Calendar::Standard, -1e13, 1e13, Room::Horizontal).is_empty());
    }
}
