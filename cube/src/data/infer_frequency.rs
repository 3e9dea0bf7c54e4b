//! The frequency of a row of times.
use super::DataArray;
use crate::base::{Calendar, Result, TimeUnit};

impl DataArray {
    /// The frequency at which times follow one another, as an alias that `resample` and `date_range` take: "6h", "D", "MS", "YE-DEC"; `None` if
    /// they are not regular, or fewer than three (xarray's `infer_freq`). Reads the times: call it on a coordinate.
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let months = date_range("2000-01-01", "2000-12-01", "MS", Calendar::NoLeap);
    /// assert_eq!(months.infer_frequency()?.as_deref(), Some("MS"));
    /// assert_eq!(months.isel("time", [0, 1, 4]).infer_frequency()?, None);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If these are not times along one dimension, or cannot be read.
    pub fn infer_frequency(&self) -> Result<Option<String>> {
        self.check()?;
        let (unit, calendar) = super::frequency::unit_of(self.name().unwrap_or("the array"), self.dtype())?;
        let counts = self.to_vec::<i64>()?;
        if counts.len() < 3 || counts.contains(&i64::MIN) {
            return Ok(None);
        }
        // Months that happen to be of one length are months.
        if let Some(found) = by_months(&counts, unit, calendar) {
            return Ok(Some(found));
        }
        let step = counts[1].saturating_sub(counts[0]);
        if step > 0 && counts.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) == step) {
            return Ok(Some(fixed(step, unit)));
        }
        Ok(None)
    }
}

/// A length as the largest unit that divides it.
fn fixed(step: i64, unit: TimeUnit) -> String {
    let nanoseconds = i128::from(step) * i128::from(1_000_000_000 / unit.per_second());
    const NAMES: [(&str, i128); 6] = [
        ("D", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    let (name, n) = NAMES
        .iter()
        .find(|(_, length)| nanoseconds % length == 0)
        .map_or(("ns", nanoseconds), |(name, length)| (*name, nanoseconds / length));
    if n == 1 { name.to_owned() } else { format!("{n}{name}") }
}

fn by_months(counts: &[i64], unit: TimeUnit, calendar: Calendar) -> Option<String> {
    let fields: Vec<_> = counts.iter().map(|&count| calendar.fields(count, unit)).collect();
    let per_day = 86_400 * unit.per_second();
    if counts.iter().any(|count| (count - counts[0]) % per_day != 0) {
        return None;
    }
    let month = |at: usize| fields[at].year * 12 + i64::from(fields[at].month) - 1;
    let n = month(1) - month(0);
    if n < 1 || (1..fields.len()).any(|at| month(at) - month(at - 1) != n) {
        return None;
    }
    let is_last = |at: usize| {
        let last = calendar.days_in_month(fields[at].year, fields[at].month);
        last.is_ok_and(|last| i64::from(last) == i64::from(fields[at].day))
    };
    let place = match (0..fields.len()).all(|at| fields[at].day == 1) {
        true => "S",
        false if (0..fields.len()).all(is_last) => "E",
        false => return None,
    };
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let first = month(0).rem_euclid(12);
    // Quarters are named after the first or the last one of the year, as pandas does.
    let quarter = if place == "S" { first % 3 } else { 9 + first % 3 };
    let alias = |name: &str, n: i64, anchor: Option<i64>| {
        let number = if n == 1 { String::new() } else { n.to_string() };
        let anchor = anchor.map_or_else(String::new, |anchor| format!("-{}", MONTHS[anchor as usize]));
        format!("{number}{name}{place}{anchor}")
    };
    Some(match n {
        n if n % 12 == 0 => alias("Y", n / 12, Some(first)),
        n if n % 3 == 0 => alias("Q", n / 3, Some(quarter)),
        n => alias("M", n, None),
    })
}
