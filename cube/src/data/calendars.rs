//! From one calendar to another.
use super::coords::Coord;
use super::{DataArray, Dataset, Method, Variable};
use crate::base::{Block, Calendar, DType, Dims, Error, Result, TimeUnit};

/// Which date of the other calendar a date becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlignOn {
    /// The same date; dates that the other calendar lacks are left out.
    #[default]
    Date,
    /// The same part of the year, to the nearest day; where two fall on one day the first is kept. For daily data, and only from or to the
    /// calendar of 360 days (else dates stay, as in xarray).
    Year,
}

impl DataArray {
    /// The same values at dates of another calendar (xarray's `convert_calendar`). Dates that it lacks (29 February, 30 February) are
    /// left out; see [`AlignOn`]. Reads the times.
    ///
    /// ```
    /// use terracube_cube::{AlignOn, Calendar, DataArray, date_range};
    /// let days = date_range("2000-02-28", "2000-03-01", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[3], vec![1.0, 2.0, 3.0]).assign_coords([("time", &days)]);
    /// let noleap = t.convert_calendar("time", Calendar::NoLeap, AlignOn::Date);
    /// assert_eq!(noleap.to_f64()?, [1.0, 3.0]);
    /// assert_eq!(noleap.coord("time").values()?.to_dates()?, ["2000-02-28", "2000-03-01"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn convert_calendar(&self, dim: &str, calendar: Calendar, align: AlignOn) -> Self {
        self.or_fail(self.converted(dim, calendar, align).map_err(|error| error.context("convert_calendar")))
    }

    /// As [`DataArray::convert_calendar`] at equal distances from the first date to the last: dates without a value are missing (xarray's
    /// `convert_calendar(missing=NaN)`). `frequency` is that of the data: "D", "6h", "MS".
    ///
    /// ```
    /// use terracube_cube::{AlignOn, Calendar, DataArray, date_range};
    /// let days = date_range("2000-02-28", "2000-03-01", "D", Calendar::NoLeap);
    /// let t = DataArray::from_vec(["time"], &[2], vec![1.0, 2.0]).assign_coords([("time", &days)]);
    /// let filled = t.convert_calendar_filled("time", Calendar::Standard, AlignOn::Date, "D");
    /// assert_eq!(filled.coord("time").values()?.to_dates()?, ["2000-02-28", "2000-02-29", "2000-03-01"]);
    /// assert_eq!(filled.fill_missing(-9.0).to_f64()?, [1.0, -9.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn convert_calendar_filled(&self, dim: &str, calendar: Calendar, align: AlignOn, frequency: &str) -> Self {
        let converted = || -> Result<Self> {
            let found = self.converted(dim, calendar, align)?;
            let (counts, unit, _) = found.times(dim)?;
            let (Some(&first), Some(&last)) = (counts.iter().min(), counts.iter().max()) else { return Ok(found) };
            let text = |count: i64| calendar.format(count, unit).replace(' ', "T");
            let all = super::date_range(&text(first), &text(last), frequency, calendar).checked()?;
            found.reindex(dim, &all).checked()
        };
        self.or_fail(converted().map_err(|error| error.context("convert_calendar")))
    }

    #[track_caller]
    fn converted(&self, dim: &str, calendar: Calendar, align: AlignOn) -> Result<Self> {
        let (counts, unit, own) = self.times(dim)?;
        // As xarray: years of 365 and 366 days have the same dates but one.
        let align = if own == Calendar::Day360 || calendar == Calendar::Day360 { align } else { AlignOn::Date };
        let mut kept: Vec<i64> = Vec::new();
        let mut moved: Vec<i64> = Vec::new();
        for (position, &count) in counts.iter().enumerate().filter(|(_, count)| **count != i64::MIN) {
            let Some(count) = moved_date(count, unit, own, calendar, align)? else { continue };
            if align == AlignOn::Year && moved.last() == Some(&count) {
                continue;
            }
            kept.push(position as i64);
            moved.push(count);
        }
        let labels = Block::with_dtype(DType::Time { unit, calendar }, &[moved.len()], moved)?;
        self.isel(dim, kept).relabelled(dim, labels)
    }

    /// Values at times of any calendar, on the straight line between those of the data by the part of the year that has passed (xarray's
    /// `interp_calendar`). Needs whole columns only where the times are not sorted.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range, date_range_of};
    /// let days = date_range("2001-01-01", "2001-01-31", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[31], (0..31).map(f64::from).collect()).assign_coords([("time", &days)]);
    /// let middle = date_range_of("2001-01-16", 1, "D", Calendar::Day360);
    /// let found = t.interp_calendar("time", &middle).to_f64()?;
    /// assert!((found[0] - 15.0 * 365.0 / 360.0).abs() < 1e-6);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_calendar(&self, dim: &str, times: &DataArray) -> Self {
        let interpolated = || -> Result<Self> {
            self.check()?;
            let labels = times.values()?.block().clone();
            let years = |array: &Self| -> Result<Block> { Ok(array.dt().decimal_year().values()?.block().clone()) };
            let own = self.relabelled(dim, years(&self.coord(dim))?)?;
            let wanted = Self::from_block([dim], years(times)?);
            own.interp_by(dim, &wanted, Method::Linear).checked()?.relabelled(dim, labels)
        };
        self.or_fail(interpolated().map_err(|error| error.context("interp_calendar")))
    }

    /// Other labels of a dimension; coordinates that lie along it stay.
    #[track_caller]
    pub(super) fn relabelled(&self, dim: &str, labels: Block) -> Result<Self> {
        self.check()?;
        let attrs = self.coords().get(dim).map(|coord| coord.variable().attrs().clone()).unwrap_or_default();
        let variable = Variable::from_block(Dims::new([dim])?, labels).with_attrs(attrs);
        let mut array = self.clone();
        array.coords.set(Coord::new(dim, variable));
        array.checked()
    }
}

impl Dataset {
    /// Every variable along the dimension at dates of another calendar; see [`DataArray::convert_calendar`].
    ///
    /// ```
    /// use terracube_cube::{AlignOn, Calendar, DataArray, date_range};
    /// let days = date_range("2000-02-28", "2000-03-01", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[3], vec![1.0, 2.0, 3.0]).assign_coords([("time", &days)]);
    /// let noleap = t.named("t").to_dataset().convert_calendar("time", Calendar::NoLeap, AlignOn::Date);
    /// assert_eq!(noleap.var("t").to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn convert_calendar(&self, dim: &str, calendar: Calendar, align: AlignOn) -> Self {
        self.map(|array| match array.dims().contains(dim) {
            true => array.convert_calendar(dim, calendar, align),
            false => array.clone(),
        })
    }
}

/// A count of one calendar as one of another; `None` if that has no such date.
fn moved_date(count: i64, unit: TimeUnit, own: Calendar, other: Calendar, align: AlignOn) -> Result<Option<i64>> {
    let fields = own.fields(count, unit);
    let (_, within) = own.split(count, unit);
    let days = match align {
        AlignOn::Date => match other.days_in_month(fields.year, fields.month) {
            Ok(most) if fields.day <= most => other.days_from_date(fields.year, fields.month, fields.day)?,
            _ => return Ok(None),
        },
        AlignOn::Year => {
            let lens = (f64::from(own.days_in_year(fields.year)?), f64::from(other.days_in_year(fields.year)?));
            let day = (lens.1 * f64::from(fields.day_of_year) / lens.0).round_ties_even() as i64;
            if day < 1 {
                return Ok(None);
            }
            other.days_from_date(fields.year, 1, 1)? + day - 1
        }
    };
    let count = days
        .checked_mul(86_400 * unit.per_second())
        .and_then(|count| count.checked_add(within))
        .ok_or_else(|| Error::invalid("a date that cannot be counted in the other calendar"))?;
    Ok(Some(count))
}
