//! Which end of a bin belongs to it, which end labels it, and from where equal steps are counted.
use super::frequency::{Frequency, unit_of};
use super::group_by::{GroupBy, Groups};
use super::{DataArray, Dataset, DatasetGroupBy};
use crate::base::{Calendar, DType, Error, PartialDate, Result, TimeFields, TimeUnit};

/// An end of a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The earlier one.
    Left,
    /// The later one.
    Right,
}

/// From where bins of equal length (hours, days) are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// The midnight before the first time.
    #[default]
    StartOfDay,
    /// The first time.
    Start,
    /// 1970-01-01.
    Epoch,
    /// A date: "2000-01-01T06".
    At(String),
    /// The last time: bins end there, and hold and are labelled by their later end if nothing else is said.
    End,
    /// The midnight at or after the last time; as `End`.
    EndOfDay,
}

/// Options of [`DataArray::resample_with`]; what is not said is as xarray has it.
///
/// ```
/// use terracube_cube::{ResampleOptions, Side};
/// let options = ResampleOptions::new().closed(Side::Right).label(Side::Right).offset("3h");
/// # assert_ne!(options, ResampleOptions::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResampleOptions {
    closed: Option<Side>,
    label: Option<Side>,
    origin: Origin,
    offset: Option<String>,
}

impl ResampleOptions {
    /// The options that xarray has if nothing is said.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, ResampleOptions, date_range};
    /// let days = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &days)]);
    /// assert_eq!(t.resample_with("time", "2D", &ResampleOptions::new()).sum().to_f64()?, [3.0, 7.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn new() -> Self {
        Self::default()
    }

    /// The end of a bin that belongs to it (left, but right for W, ME, QE and YE).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, ResampleOptions, Side, date_range};
    /// let days = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &days)]);
    /// let options = ResampleOptions::new().closed(Side::Right);
    /// assert_eq!(t.resample_with("time", "2D", &options).sum().to_f64()?, [1.0, 5.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn closed(mut self, side: Side) -> Self {
        self.closed = Some(side);
        self
    }

    /// The end of a bin that labels it (left, but right for W, ME, QE and YE).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, ResampleOptions, Side, date_range};
    /// let days = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &days)]);
    /// let sums = t.resample_with("time", "2D", &ResampleOptions::new().label(Side::Right)).sum();
    /// assert_eq!(sums.coord("time").values()?.to_dates()?, ["2000-01-03", "2000-01-05"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn label(mut self, side: Side) -> Self {
        self.label = Some(side);
        self
    }

    /// From where bins of equal length are counted.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, Origin, ResampleOptions, date_range};
    /// let hours = date_range("2000-01-01T04", "2000-01-01T07", "h", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &hours)]);
    /// assert_eq!(t.resample("time", "3h").sum().to_f64()?, [3.0, 7.0]);
    /// assert_eq!(t.resample_with("time", "3h", &ResampleOptions::new().origin(Origin::Start)).sum().to_f64()?, [6.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// By how much the origin is moved: "3h", "-30min".
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, ResampleOptions, date_range};
    /// let hours = date_range("2000-01-01T04", "2000-01-01T07", "h", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &hours)]);
    /// assert_eq!(t.resample_with("time", "3h", &ResampleOptions::new().offset("1h")).sum().to_f64()?, [6.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn offset(mut self, offset: &str) -> Self {
        self.offset = Some(offset.to_owned());
        self
    }
}

impl DataArray {
    /// As [`DataArray::resample`], with other ends of bins, other labels or another origin (xarray's `resample(..., closed=, label=,
    /// origin=, offset=)`).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, ResampleOptions, Side, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// let hours = Block::with_dtype(dtype, &[6], (0..6).map(|h| h * 3600).collect::<Vec<i64>>())?;
    /// let t = DataArray::from_vec(["time"], &[6], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).with_coord_block("time", hours);
    /// let sums = t.resample_with("time", "3h", &ResampleOptions::new().closed(Side::Right).label(Side::Right)).sum();
    /// assert_eq!(sums.to_f64()?, [1.0, 9.0, 11.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resample_with(&self, dim: &str, frequency: &str, options: &ResampleOptions) -> GroupBy {
        let groups = || -> Result<Groups> {
            let (counts, unit, calendar) = self.times(dim)?;
            let (codes, labels) = Frequency::parse(frequency)?.bins_with(&counts, unit, calendar, options)?;
            self.time_groups(dim, codes, labels, DType::Time { unit, calendar })
        };
        GroupBy::new(self, groups().map_err(|error| error.context(format!("resample(\"{dim}\", \"{frequency}\")"))))
    }
}

impl Dataset {
    /// Resamples every variable that has the dimension. See [`DataArray::resample_with`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, ResampleOptions, Side, date_range};
    /// let days = date_range("2000-01-01", "2000-01-04", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 4.0]).assign_coords([("time", &days)]);
    /// let options = ResampleOptions::new().closed(Side::Right);
    /// assert_eq!(t.named("t").to_dataset().resample_with("time", "2D", &options).sum().var("t").to_f64()?, [1.0, 5.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn resample_with(&self, dim: &str, frequency: &str, options: &ResampleOptions) -> DatasetGroupBy {
        self.grouped(dim, |array| array.resample_with(dim, frequency, options))
    }
}

impl Frequency {
    /// For every time the number of its bin (`u32::MAX` if it is missing), and the labels of all bins.
    fn bins_with(
        self,
        counts: &[i64],
        unit: TimeUnit,
        calendar: Calendar,
        options: &ResampleOptions,
    ) -> Result<(Vec<u32>, Vec<i64>)> {
        let present = || counts.iter().copied().filter(|&count| count != i64::MIN);
        let (Some(first), Some(last)) = (present().min(), present().max()) else {
            return Err(Error::invalid("there are no times to resample"));
        };
        let at_end = matches!(self, Self::Weeks { .. } | Self::Months { at_end: true, .. });
        let backwards = matches!(options.origin, Origin::End | Origin::EndOfDay);
        let usual = if at_end || backwards { Side::Right } else { Side::Left };
        let (closed, label) = (options.closed.unwrap_or(usual), options.label.unwrap_or(usual));
        let marks = match self {
            Self::Step { length } => steps(length, (first, last), unit, calendar, options, closed)?,
            _ => self.calendar_marks((first, last), unit, calendar, closed)?,
        };
        // A label at the end of a period stands at the start of its last day: the whole of that day belongs to the period.
        let day = 86_400 * unit.per_second();
        let ends_of_days = at_end && closed == Side::Right;
        let mut edges: Vec<i64> = marks.iter().map(|&mark| if ends_of_days { mark + day - 1 } else { mark }).collect();
        let mut marks = marks;
        while edges.len() > 2 && edges[edges.len() - 2] > last {
            edges.pop();
            marks.pop();
        }
        let n_bins = edges.len() - 1;
        let bin = |&count: &i64| {
            let after = match closed {
                Side::Left => edges.partition_point(|&edge| edge <= count),
                Side::Right => edges.partition_point(|&edge| edge < count),
            };
            if count == i64::MIN || after == 0 || after > n_bins { u32::MAX } else { after as u32 - 1 }
        };
        let codes: Vec<u32> = counts.iter().map(bin).collect();
        let used = codes.iter().filter(|&&code| code != u32::MAX).max().map_or(0, |&code| code as usize + 1);
        let skip = usize::from(label == Side::Right);
        Ok((codes, marks[skip..skip + used].to_vec()))
    }

    /// The ends of weeks, months, quarters and years from before the first time to after the last.
    fn calendar_marks(
        self,
        (first, last): (i64, i64),
        unit: TimeUnit,
        calendar: Calendar,
        closed: Side,
    ) -> Result<Vec<i64>> {
        let per_day = 86_400 * unit.per_second();
        let (n, number): (i64, Box<dyn Fn(i64) -> i64>) = match self {
            // The mark at or before a day.
            Self::Weeks { n, ends_on } => (
                n,
                Box::new(move |day| {
                    (day - (i64::from(calendar.day_of_week(day)) - ends_on).rem_euclid(7)).div_euclid(7)
                }),
            ),
            Self::Months { period, n, anchor, at_end } => (
                n,
                Box::new(move |day| {
                    let (year, month, _) = calendar.date_from_days(if at_end { day + 1 } else { day });
                    (year * 12 + i64::from(month) - 1 - anchor).div_euclid(period) - i64::from(at_end)
                }),
            ),
            Self::Step { .. } => return Err(Error::internal("steps have no calendar")),
        };
        let day_of = |count: i64| calendar.split(count, unit).0;
        let mark = |number: i64| -> Result<i64> {
            match self {
                Self::Weeks { ends_on, .. } => {
                    // Day 0 fixes the weekday that the numbers count from.
                    let zero = (0..7).find(|&day| i64::from(calendar.day_of_week(day)) == ends_on).unwrap_or(0);
                    Ok((number * 7 + zero) * per_day)
                }
                Self::Months { period, anchor, at_end, .. } => {
                    let month = (number + i64::from(at_end)) * period + anchor;
                    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u8 + 1);
                    let start = calendar.count(&TimeFields::date(year, month, 1), unit)?;
                    Ok(if at_end { start - per_day } else { start })
                }
                Self::Step { .. } => Err(Error::internal("steps have no calendar")),
            }
        };
        let day = day_of(first);
        let held = number(day);
        let is_mark = mark(held)? == day * per_day;
        let start = match closed {
            Side::Left => held,
            // One frequency back: from between two marks the first step only reaches the mark before.
            Side::Right if is_mark => held - n,
            Side::Right => held - (n - 1),
        };
        let beyond = number(day_of(last)) + n;
        let mut marks = Vec::new();
        let mut next = start;
        loop {
            marks.push(mark(next)?);
            if next > beyond {
                return Ok(marks);
            }
            next += n;
        }
    }
}

/// The edges of bins of equal length.
fn steps(
    length: i64,
    (first, last): (i64, i64),
    unit: TimeUnit,
    calendar: Calendar,
    options: &ResampleOptions,
    closed: Side,
) -> Result<Vec<i64>> {
    let step = super::frequency::steps_of(length, unit)?;
    let origin = match &options.origin {
        Origin::StartOfDay => calendar.split(first, unit).0 * 86_400 * unit.per_second(),
        Origin::Start => first,
        Origin::End => last,
        Origin::EndOfDay => {
            let per_day = 86_400 * unit.per_second();
            -(-last).div_euclid(per_day) * per_day
        }
        Origin::Epoch => 0,
        Origin::At(date) => PartialDate::parse(date)?.start(calendar, unit)?,
    };
    let offset = match options.offset.as_deref().map(|text| (text.trim_start_matches('-'), text.starts_with('-'))) {
        None => 0,
        Some((text, negative)) => match Frequency::parse(text)? {
            Frequency::Step { length } => super::frequency::steps_of(length, unit)? * if negative { -1 } else { 1 },
            _ => {
                return Err(
                    Error::invalid(format!("`{text}` is no length of time")).hint("an offset is \"3h\" or \"-30min\"")
                );
            }
        },
    };
    let origin = origin + offset;
    let below = |count: i64| (count - origin).div_euclid(step);
    let backwards = matches!(options.origin, Origin::End | Origin::EndOfDay);
    let start = match closed {
        // As pandas: one bin more than reaches the first time.
        Side::Left if backwards => -(origin - first).div_euclid(step) - 1,
        Side::Left => below(first),
        Side::Right => below(first - 1),
    };
    let end = match closed {
        Side::Left => below(last) + 1,
        Side::Right => below(last - 1) + 1,
    };
    if end - start >= i64::from(u32::MAX / 2) {
        return Err(Error::invalid("more bins than can be counted").hint("choose a longer frequency"));
    }
    Ok((start..=end).map(|number| origin + number * step).collect())
}

impl DataArray {
    pub(super) fn times(&self, dim: &str) -> Result<(Vec<i64>, TimeUnit, Calendar)> {
        self.check()?;
        let coord = self.labels(dim)?;
        let (unit, calendar) = unit_of(dim, coord.variable().dtype())?;
        Ok((coord.values()?.contiguous()?.values::<i64>()?.to_vec(), unit, calendar))
    }
}
