//! The range of values that a colour scale covers.
use terracube_cube::{Error, Result};

/// What the user asked of the colour scale.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Wanted {
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Take the 2nd and the 98th percentile in place of the extremes.
    pub robust: bool,
}

/// The range of a colour scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub low: f64,
    pub high: f64,
    /// Symmetric about zero, because the data lie on both sides of it.
    pub diverging: bool,
    /// Whether data lie below `low`.
    pub below: bool,
    /// Whether data lie above `high`.
    pub above: bool,
}

impl Limits {
    /// As xarray decides: extremes or percentiles, symmetric if they straddle zero and not both ends are given. Not finite
    /// values are left out; `None` if nothing is left.
    ///
    /// # Errors
    /// If the given ends leave no range.
    pub fn of(values: &[f64], wanted: Wanted) -> Result<Option<Self>> {
        let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        if finite.is_empty() {
            return Ok(None);
        }
        let (least, most) =
            finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        let (mut low, mut high) =
            if wanted.robust { (percentile(&mut finite, 0.02), percentile(&mut finite, 0.98)) } else { (least, most) };
        low = wanted.low.unwrap_or(low);
        high = wanted.high.unwrap_or(high);
        let both_given = wanted.low.is_some() && wanted.high.is_some();
        let diverging = !both_given && low < 0.0 && high > 0.0;
        if diverging {
            let reach = match (wanted.low, wanted.high) {
                (Some(end), None) | (None, Some(end)) => end.abs(),
                _ => low.abs().max(high),
            };
            (low, high) = (-reach, reach);
        }
        if wanted.low.is_some_and(|v| !v.is_finite()) || wanted.high.is_some_and(|v| !v.is_finite()) {
            return Err(Error::invalid("vmin and vmax must be finite numbers"));
        }
        if low > high || (both_given && low == high) {
            return Err(Error::invalid(format!("the colour scale from {low} to {high} is empty"))
                .hint(format!("the data lie between {least} and {most}")));
        }
        if low == high {
            let half = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
            (low, high) = (low - half, high + half);
        }
        let slack = (high - low) * 1e-9;
        Ok(Some(Self { low, high, diverging, below: least < low - slack, above: most > high + slack }))
    }

    /// Where a value stands between the ends, 0..=1 and beyond.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The percentile with linear interpolation, as numpy's default. The values are reordered; they must not be empty.
fn percentile(values: &mut [f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let position = place.floor() as usize;
    let (_, value, above) = values.select_nth_unstable_by(position, f64::total_cmp);
    let (value, rest) = (*value, place - position as f64);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    if next.is_finite() { value + (next - value) * rest } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_xarrays() {
        type Row<'a> = (&'a [f64], Wanted, (f64, f64, bool));
        let rows: &[Row<'_>] = &[
            (&[1.0, f64::NAN, 3.0], Wanted::default(), (1.0, 3.0, false)),
            (&[-1.0, 3.0], Wanted::default(), (-3.0, 3.0, true)),
            (&[-1.0, 3.0], Wanted { low: Some(-1.0), high: Some(2.0), robust: false }, (-1.0, 2.0, false)),
            (&[-1.0, 3.0], Wanted { high: Some(2.0), ..Wanted::default() }, (-2.0, 2.0, true)),
            (&[5.0, 5.0], Wanted::default(), (4.75, 5.25, false)),
            (&[0.0], Wanted::default(), (-0.5, 0.5, false)),
        ];
        for (values, wanted, expected) in rows {
            let limits = Limits::of(values, *wanted).unwrap().unwrap();
            assert_eq!((limits.low, limits.high, limits.diverging), *expected, "{values:?}");
        }
        let many: Vec<f64> = (0..=100).map(f64::from).collect();
        let robust = Limits::of(&many, Wanted { robust: true, ..Wanted::default() }).unwrap().unwrap();
        assert_eq!((robust.low, robust.high, robust.below, robust.above), (2.0, 98.0, true, true));
        assert!(Limits::of(&[f64::NAN], Wanted::default()).unwrap().is_none());
        assert!(Limits::of(&[1.0], Wanted { low: Some(2.0), high: Some(1.0), robust: false }).is_err());
    }
}
