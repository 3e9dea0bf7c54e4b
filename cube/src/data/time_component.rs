//! Components of times: month, season, hour ...
use crate::base::{Block, DType, Error, Result, TimeFields};

type Component = (&'static str, fn(&TimeFields) -> i64);

/// Components by xarray's names.
const COMPONENTS: [Component; 10] = [
    ("year", |t| t.year),
    ("month", |t| i64::from(t.month)),
    ("day", |t| i64::from(t.day)),
    ("hour", |t| i64::from(t.hour)),
    ("minute", |t| i64::from(t.minute)),
    ("second", |t| i64::from(t.second)),
    ("dayofyear", |t| i64::from(t.day_of_year)),
    ("dayofweek", |t| i64::from(t.day_of_week)),
    ("quarter", |t| i64::from((t.month - 1) / 3 + 1)),
    ("weekday", |t| i64::from(t.day_of_week)),
];

/// A component of times as i64, or the names of their seasons; missing times give the smallest i64, or "".
pub(super) fn time_component(coord: &str, component: &str, times: &Block) -> Result<Block> {
    let DType::Time { unit, calendar } = times.dtype() else {
        let message = format!("`{coord}` is {}, only times have a `{component}`", times.dtype());
        return Err(Error::dtype(message).hint("is its `units` attribute readable as a time unit?"));
    };
    let times = times.contiguous()?;
    let fields = times.values::<i64>()?.iter().map(|&count| (count != i64::MIN).then(|| calendar.fields(count, unit)));
    if component == "season" {
        return Block::from_strings(times.shape(), fields.map(|t| t.map_or("", |t| season(t.month))));
    }
    let Some((_, of)) = COMPONENTS.iter().find(|(name, _)| *name == component) else {
        let known = COMPONENTS.iter().map(|(name, _)| *name).chain(["season"]);
        return Err(Error::unknown_name("component of times", component, known));
    };
    Block::new(times.shape(), fields.map(|t| t.map_or(i64::MIN, |t| of(&t))).collect())
}

/// The meteorological season of a month.
fn season(month: u8) -> &'static str {
    match month {
        12 | 1 | 2 => "DJF",
        3..=5 => "MAM",
        6..=8 => "JJA",
        _ => "SON",
    }
}
