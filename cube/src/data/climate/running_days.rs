//! Climatologies of days of the year over a window of days: running means and percentiles.
use std::sync::Arc;

use crate::base::{DType, Error, Result};
use crate::compute::along::{AxisOp, Pooled};
use crate::data::DataArray;
use crate::data::group_by::{GroupBy, Groups};

/// All values within a window of positions around each day of the year, of all years together (CDO's `ydrunmean`, `ydrunpctl`; xclim's
/// `percentile_doy`). Made by [`DataArray::running_days`].
#[derive(Debug, Clone)]
pub struct RunningDays {
    array: DataArray,
    dim: String,
    window: u64,
}

impl DataArray {
    /// A climatology of the days of the year (a dimension `dayofyear`) over windows of `window` positions (an odd number) of daily data. At
    /// the ends of the series windows are shorter.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2001-01-01", "2002-12-31", "D", Calendar::NoLeap);
    /// let t = DataArray::from_vec(["time"], &[730], (0..730).map(|day| f64::from(day % 365)).collect()).assign_coords([("time", &days)]);
    /// let climatology = t.running_days("time", 5).mean();
    /// assert_eq!(climatology.shape(), [365]);
    /// assert_eq!(climatology.sel("dayofyear", 100).item()?, 99.0);
    /// assert_eq!(t.running_days("time", 5).quantile(0.9).sel("dayofyear", 100).item()?, 101.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn running_days(&self, dim: &str, window: u64) -> RunningDays {
        RunningDays { array: self.clone(), dim: dim.to_owned(), window }
    }
}

impl RunningDays {
    /// The mean of the values in each window of all years: Σx / n over the window's positions of every year. Needs the border of one window.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2001-01-01", "2001-12-31", "D", Calendar::NoLeap);
    /// let t = DataArray::from_vec(["time"], &[365], (0..365).map(f64::from).collect()).assign_coords([("time", &days)]);
    /// let climatology = t.running_days("time", 3).mean();
    /// assert_eq!(climatology.isel("dayofyear", [0, 99]).to_f64()?, [0.5, 99.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> DataArray {
        let built = || -> Result<DataArray> {
            let (groups, _) = self.checked()?;
            let wide = self.array.cast(DType::F64);
            let windows = |array: &DataArray| array.rolling(&self.dim, self.window).centered().min_periods(1);
            let sums = GroupBy::new(&windows(&wide).sum(), Ok(groups.clone())).sum();
            let counts = GroupBy::new(&windows(&wide).count(), Ok(groups)).sum();
            let dtype = if self.array.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
            (sums / counts).cast(dtype).keeping_name_and_attrs(&self.array).checked()
        };
        self.array.or_fail(built().map_err(|error| error.context("running_days")))
    }

    /// A quantile of the values in each window of all years, missing ones left out; linear between values (f64). Needs whole columns.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2001-01-01", "2001-12-31", "D", Calendar::NoLeap);
    /// let t = DataArray::from_vec(["time"], &[365], (0..365).map(f64::from).collect()).assign_coords([("time", &days)]);
    /// let climatology = t.running_days("time", 3).quantile(0.75);
    /// assert_eq!(climatology.sel("dayofyear", 100).item()?, 99.5);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> DataArray {
        let built = || -> Result<DataArray> {
            if !(0.0..=1.0).contains(&q) {
                return Err(Error::invalid(format!("quantile {q} is not between 0 and 1")));
            }
            let (groups, len) = self.checked()?;
            let half = self.window as i64 / 2;
            let mut members: Vec<Vec<u32>> = vec![Vec::new(); groups.labels.len()];
            for (position, &code) in groups.codes.codes.iter().enumerate() {
                let Some(group) = members.get_mut(code as usize) else { continue };
                let around = (position as i64 - half).max(0)..(position as i64 + half + 1).min(len as i64);
                group.extend(around.map(|position| position as u32));
            }
            let pooled = Pooled { at: q, members: members.into_iter().map(Arc::from).collect(), least: 1 };
            let expr = self.array.variable().expr().along(vec![groups.axis], AxisOp::Pooled(pooled), "dayofyear");
            GroupBy::new(&self.array, Ok(groups.clone())).labelled(&groups, expr).checked()
        };
        self.array.or_fail(built().map_err(|error| error.context("running_days")))
    }

    fn checked(&self) -> Result<(Groups, u64)> {
        let groups = self.array.groups(&format!("{}.dayofyear", self.dim))?;
        if self.window.is_multiple_of(2) {
            return Err(
                Error::invalid(format!("a window of {} days has no middle", self.window)).hint("give an odd number")
            );
        }
        let len = self.array.shape()[groups.axis];
        if self.window > len {
            return Err(Error::invalid(format!("a window of {} days on `{}`, which has {len}", self.window, self.dim)));
        }
        Ok((groups, len))
    }
}

impl DataArray {
    /// How often values lie above those of a climatology of days of the year (with a dimension `dayofyear`), as parts of 1, for every period of
    /// a frequency: `t.exceedance("time", &p90, "YS")` is xclim's and ETCCDI's TX90p. Days with a missing value are left out.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2001-01-01", "2001-12-31", "D", Calendar::NoLeap);
    /// let hot = (0..365).map(|day| if day < 73 { 1.0 } else { 0.0 }).collect();
    /// let t = DataArray::from_vec(["time"], &[365], hot).assign_coords([("time", &days)]);
    /// let limit = DataArray::from_vec(["dayofyear"], &[365], vec![0.5; 365]).with_coord("dayofyear", (1..=365i64).collect());
    /// assert_eq!(t.exceedance("time", &limit, "YS").round(9).to_f64()?, [0.2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn exceedance(&self, dim: &str, climatology: &DataArray, frequency: &str) -> Self {
        let key = format!("{dim}.dayofyear");
        let above = self.group_by(&key) - climatology;
        let hot = above.gt(0.0).cast(DType::F64).where_(above.notnull());
        let share = hot.drop_coords_along(dim, "dayofyear").resample(dim, frequency).mean();
        if share.error().is_some() { share } else { share.named("exceedance") }
    }

    #[track_caller]
    fn drop_coords_along(&self, dim: &str, name: &str) -> Self {
        let along = |coord: &crate::data::Coord| coord.name() == name && coord.variable().dims().contains(dim);
        Self { coords: self.coords.filter(|coord| !along(coord)), ..self.clone() }
    }
}
