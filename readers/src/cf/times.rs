//! Units of times and durations.
use terracube_cube::base::TimeUnits;
use terracube_cube::compute::{DecodeTime, Scalar};
use terracube_cube::{Calendar, DType, Result, TimeUnit};

use super::{Step, moved};
use terracube_cube::data::{Attribute, Attributes};

/// What the units of a variable say about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeKind {
    /// "days since 1850-01-01".
    Time,
    /// "days", and an attribute `dtype` of "timedelta64[ns]", as xarray writes durations. "days" alone stays a number.
    Duration,
    /// Neither.
    None,
}

/// What the attributes say about time.
pub(super) fn kind(attributes: &Attributes) -> TimeKind {
    let Some(units) = attributes.text("units") else { return TimeKind::None };
    if units.contains("since") {
        return TimeKind::Time;
    }
    let stored = attributes.text("dtype").is_some_and(|dtype| dtype.starts_with("timedelta64"));
    if stored && seconds(units).is_some() { TimeKind::Duration } else { TimeKind::None }
}

/// The step that decodes numbers of `raw` as times. The units move to the encoding.
pub(super) fn decode_time(
    attributes: &mut Attributes,
    encoding: &mut Attributes,
    raw: DType,
    missing: &[Scalar],
) -> Result<Step> {
    let units = attributes.text("units").unwrap_or_default().to_owned();
    let calendar = attributes.text("calendar").unwrap_or_default().to_owned();
    let scaling = Calendar::parse(&calendar).and_then(|calendar| {
        let parsed = TimeUnits::parse(&units, calendar)?;
        let unit = if raw.is_float() { parsed.float_unit() } else { parsed.integer_unit() };
        Ok((parsed.scaling(unit)?, DType::Time { unit, calendar }))
    });
    let (scaling, out) = scaling.map_err(|error| {
        // Its own hint names the cause better than ours names the way out.
        if error.hint_text().is_some_and(|hint| hint.contains("decode_times")) {
            return error;
        }
        error.hint("open with `decode_times = false` to get the numbers as they are stored")
    })?;
    moved(attributes, encoding, "units");
    moved(attributes, encoding, "calendar");
    Ok(Step::Time(DecodeTime {
        numerator: scaling.numerator,
        denominator: scaling.denominator,
        epoch: scaling.epoch,
        missing: missing.to_vec(),
        out,
    }))
}

/// The step that decodes numbers as durations.
pub(super) fn decode_duration(
    attributes: &mut Attributes,
    encoding: &mut Attributes,
    missing: &[Scalar],
) -> Option<Step> {
    let (per_second, steps) = seconds(attributes.text("units")?)?;
    let dtype = attributes.text("dtype")?;
    let unit = match dtype.trim_start_matches("timedelta64").trim_matches(['[', ']']) {
        "ns" => TimeUnit::Ns,
        "us" => TimeUnit::Us,
        "ms" => TimeUnit::Ms,
        _ => TimeUnit::S,
    };
    moved(attributes, encoding, "units");
    attributes.remove("dtype");
    let (counts, per_unit) = (unit.per_second() * steps, per_second);
    let (numerator, denominator) = if counts >= per_unit { (counts / per_unit, 1) } else { (1, per_unit / counts) };
    let out = DType::Duration { unit };
    Some(Step::Time(DecodeTime { numerator, denominator, epoch: 0, missing: missing.to_vec(), out }))
}

/// Time bounds need not say their units: they have those of their time.
pub(super) fn complete_bounds(variables: &mut [(String, Attributes)]) {
    let mut found: Vec<(String, Attribute, Option<Attribute>)> = Vec::new();
    for (_, attributes) in variables.iter() {
        if let (Some(units), Some(bounds)) = (attributes.text("units"), attributes.text("bounds"))
            && units.contains("since")
        {
            found.push((bounds.to_owned(), Attribute::Text(units.to_owned()), attributes.get("calendar").cloned()));
        }
    }
    for (name, units, calendar) in found {
        let Some((_, bounds)) = variables.iter_mut().find(|(known, _)| *known == name) else { continue };
        for (name, value) in [("units", Some(units)), ("calendar", calendar)] {
            if let (None, Some(value)) = (bounds.get(name), value) {
                bounds.set(name, value);
            }
        }
    }
}

/// A duration unit as (parts of a second, number of them): days are 1 and 86400, milliseconds 1000 and 1.
fn seconds(units: &str) -> Option<(i64, i64)> {
    Some(match units {
        "days" => (1, 86_400),
        "hours" => (1, 3_600),
        "minutes" => (1, 60),
        "seconds" => (1, 1),
        "milliseconds" => (1_000, 1),
        "microseconds" => (1_000_000, 1),
        "nanoseconds" => (1_000_000_000, 1),
        _ => return None,
    })
}
