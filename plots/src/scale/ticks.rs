//! Ticks: as many as there is room for, at round values, never overlapping.
use super::numbers::{decimals_for, fixed, nice_steps};
use super::time_ticks::time_ticks;
use super::{AxisKind, Scale};
use crate::draw::text_width;

/// One tick. `below` is a second line (the year under "Jan"), on horizontal time axes only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: String,
    pub below: Option<String>,
}

/// The ticks of an axis in rising order of value. Labels are to be read times ten to the `exponent`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ticks {
    pub ticks: Vec<Tick>,
    pub exponent: Option<i32>,
}

/// How an axis lies, which decides how much room a label takes along it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Room {
    /// Labels stand side by side.
    Horizontal,
    /// Labels stand one above the other.
    Vertical,
}

impl Room {
    /// Pixels that a label needs along the axis, with the gap to the next.
    pub fn needed(self, label: &str, size: f64) -> f64 {
        match self {
            Self::Horizontal => text_width(label, size) + size,
            Self::Vertical => size * 2.2,
        }
    }

    /// Pixels between ticks below which an axis looks crowded.
    pub fn comfortable(self) -> f64 {
        match self {
            Self::Horizontal => 62.0,
            Self::Vertical => 38.0,
        }
    }
}

impl Ticks {
    /// The ticks of `scale` for labels of `size` pixels.
    pub fn new(kind: &AxisKind, scale: &Scale, room: Room, size: f64) -> Self {
        let (low, high) = scale.bounds();
        if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) || scale.length() < 1.0 {
            return Self::default();
        }
        match kind {
            AxisKind::Number | AxisKind::Integer => numbers(*kind == AxisKind::Integer, low, high, scale, room, size),
            AxisKind::Time(calendar) => Self { ticks: time_ticks(*calendar, scale, room, size), exponent: None },
            AxisKind::Longitude => Self { ticks: degrees(low, high, scale, room, size, longitude), exponent: None },
            AxisKind::Latitude => Self { ticks: degrees(low, high, scale, room, size, latitude), exponent: None },
            AxisKind::Labels(labels) => Self { ticks: names(labels, low, high, scale, room, size), exponent: None },
        }
    }

    /// The width of the widest label.
    pub fn width(&self, size: f64) -> f64 {
        self.ticks.iter().map(|tick| text_width(&tick.label, size)).fold(0.0, f64::max)
    }

    /// Whether any tick has a second line.
    pub fn has_second_line(&self) -> bool {
        self.ticks.iter().any(|tick| tick.below.is_some())
    }
}

/// Whether ticks `step` apart with these labels fit.
fn fits(ticks: &[Tick], step: f64, scale: &Scale, room: Room, size: f64) -> bool {
    let (low, high) = scale.bounds();
    let apart = step / (high - low) * scale.length();
    let widest = ticks.iter().map(|tick| room.needed(&tick.label, size)).fold(0.0, f64::max);
    // As many as a year has months are welcome, where they fit.
    let comfortable = if step >= 1.0 && ticks.len() <= 12 { room.comfortable() / 2.0 } else { room.comfortable() };
    apart >= widest.max(comfortable) || ticks.len() <= 1
}

/// The first of `candidates` (ticks and their step) that fits, else the last one with at least one tick.
fn first_that_fits(
    candidates: impl Iterator<Item = (f64, Vec<Tick>)>,
    scale: &Scale,
    room: Room,
    size: f64,
) -> Vec<Tick> {
    let mut last = Vec::new();
    for (step, ticks) in candidates {
        if ticks.is_empty() {
            break;
        }
        if ticks.len() < 2 && last.len() >= 2 && !crowded(&last, scale, room, size) {
            break;
        }
        let enough = fits(&ticks, step, scale, room, size);
        last = ticks;
        if enough {
            break;
        }
    }
    last
}

fn crowded(ticks: &[Tick], scale: &Scale, room: Room, size: f64) -> bool {
    ticks
        .windows(2)
        .any(|pair| (scale.at(pair[1].value) - scale.at(pair[0].value)).abs() < room.needed(&pair[0].label, size))
}

/// Multiples of `step` within the range, computed from whole numbers so that errors do not add up.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let slack = (high - low) * 1e-9;
    let first = ((low - slack) / step).ceil();
    let count = (((high + slack) / step).floor() - first).clamp(-1.0, 1000.0) as i64 + 1;
    (0..count).map(move |i| (first + i as f64) * step)
}

fn numbers(whole: bool, low: f64, high: f64, scale: &Scale, room: Room, size: f64) -> Ticks {
    let largest = low.abs().max(high.abs());
    let mut exponent = largest.log10().floor() as i32;
    // Written out up to 99,999 and down to 0.001, as one reads them.
    let usual = (-3..5).contains(&exponent) || whole;
    // Many digits that differ only in the last ones are not made readable by a power of ten.
    if usual || (exponent < 8 && (high - low) < largest * 1e-3 && exponent > 0) {
        exponent = 0;
    }
    let factor = 10f64.powi(exponent);
    let least = (high - low) / 60.0;
    let candidates =
        nice_steps(if whole { least.max(1.0) } else { least }).filter(|step| !whole || step.fract() == 0.0);
    let ticks = first_that_fits(
        candidates.map(|step| {
            let decimals = decimals_for(step / factor).min(12);
            let tick = |value: f64| Tick { value, label: fixed(value / factor, decimals), below: None };
            (step, multiples(low, high, step).map(tick).collect())
        }),
        scale,
        room,
        size,
    );
    Ticks { ticks, exponent: (exponent != 0).then_some(exponent) }
}

fn degrees(low: f64, high: f64, scale: &Scale, room: Room, size: f64, label: fn(f64, usize) -> String) -> Vec<Tick> {
    let least = (high - low) / 60.0;
    let coarse = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 180.0];
    let candidates = nice_steps(least)
        .take_while(|step| *step < 1.0)
        // Over much of the globe, thirds of a right angle read better than twenties.
        .chain(coarse.into_iter().filter(move |step| *step >= least && !(*step == 20.0 && high - low > 120.0)))
        .map(|step| {
            let decimals = decimals_for(step);
            let tick = |value: f64| Tick { value, label: label(value, decimals), below: None };
            (step, multiples(low, high, step).map(tick).collect())
        });
    first_that_fits(candidates, scale, room, size)
}

fn longitude(value: f64, decimals: usize) -> String {
    let east = (value + 180.0).rem_euclid(360.0) - 180.0;
    match () {
        () if east.abs() < 1e-9 => "0°".into(),
        () if (east.abs() - 180.0).abs() < 1e-9 => "180°".into(),
        () if east > 0.0 => format!("{east:.decimals$}°E"),
        () => format!("{:.decimals$}°W", -east),
    }
}

fn latitude(value: f64, decimals: usize) -> String {
    match () {
        () if value.abs() < 1e-9 => "0°".into(),
        () if value > 0.0 => format!("{value:.decimals$}°N"),
        () => format!("{:.decimals$}°S", -value),
    }
}

fn names(labels: &[String], low: f64, high: f64, scale: &Scale, room: Room, size: f64) -> Vec<Tick> {
    let all = (1..=labels.len().max(1)).map(|every| {
        let ticks: Vec<Tick> = labels
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(position, name)| Tick { value: position as f64, label: name.clone(), below: None })
            .filter(|tick| (low..=high).contains(&tick.value))
            .collect();
        (every as f64, ticks)
    });
    // Names may stand as near as they fit.
    let mut last = Vec::new();
    for (step, ticks) in all {
        let widest = ticks.iter().map(|tick| room.needed(&tick.label, size)).fold(0.0, f64::max);
        let apart = step / (high - low) * scale.length();
        last = ticks;
        if apart >= widest || last.len() <= 1 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(kind: AxisKind, low: f64, high: f64, pixels: f64, room: Room) -> String {
        let ticks = Ticks::new(&kind, &Scale { low, high, start: 0.0, end: pixels }, room, 12.0);
        let mut text = ticks.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ");
        if let Some(exponent) = ticks.exponent {
            text += &format!(" e{exponent}");
        }
        text
    }

    #[test]
    fn ticks_are_round_and_fit() {
        use AxisKind::{Integer, Labels, Latitude, Longitude, Number};
        use Room::{Horizontal, Vertical};
        let months = Labels(["DJF", "JJA", "MAM", "SON"].map(String::from).to_vec());
        let rows = [
            (Number, 0.0, 1.0, 400.0, Horizontal, "0.0 0.2 0.4 0.6 0.8 1.0"),
            (Number, -3.2, 3.2, 300.0, Vertical, "−3 −2 −1 0 1 2 3"),
            (Number, 250.0, 312.0, 300.0, Vertical, "250 260 270 280 290 300 310"),
            (Number, 0.0, 1.0e-5, 200.0, Vertical, "0.0 0.2 0.4 0.6 0.8 1.0 e-5"),
            (Number, 0.0, 2.5e6, 200.0, Vertical, "0.0 0.5 1.0 1.5 2.0 2.5 e6"),
            (Number, 101_300.0, 101_301.0, 200.0, Vertical, "101300.0 101300.2 101300.4 101300.6 101300.8 101301.0"),
            (Integer, 1.0, 3.0, 600.0, Horizontal, "1 2 3"),
            (Integer, 0.0, 11.0, 400.0, Horizontal, "0 1 2 3 4 5 6 7 8 9 10 11"),
            (Longitude, 0.0, 360.0, 500.0, Horizontal, "0° 45°E 90°E 135°E 180° 135°W 90°W 45°W 0°"),
            (Longitude, -11.0, 21.0, 400.0, Horizontal, "10°W 5°W 0° 5°E 10°E 15°E 20°E"),
            (Latitude, -90.0, 90.0, 200.0, Vertical, "90°S 60°S 30°S 0° 30°N 60°N 90°N"),
            (Latitude, 48.0, 49.0, 200.0, Vertical, "48.0°N 48.2°N 48.4°N 48.6°N 48.8°N 49.0°N"),
            (months, -0.5, 3.5, 300.0, Horizontal, "DJF JJA MAM SON"),
            (Number, f64::NAN, 1.0, 300.0, Horizontal, ""),
        ];
        for (kind, low, high, pixels, room, expected) in rows {
            assert_eq!(labels(kind.clone(), low, high, pixels, room), expected, "{kind:?} {low}..{high}");
        }
    }
}
