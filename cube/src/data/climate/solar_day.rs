//! Days by the sun: scenes of one overpass belong together, whatever the date in UTC.
use crate::base::Block;
use crate::base::{DType, Result};
use crate::data::frequency::unit_of;
use crate::data::group_by::sort_out;
use crate::data::{CfRole, DataArray, GroupBy};

impl DataArray {
    /// Groups of times by the local solar day at a longitude: UTC moved by a day for every 360 degrees, 4 minutes a degree (Open Data Cube's
    /// `group_by="solar_day"`). Without a longitude the middle of those of the array is taken. Groups are labelled with the midnight of the day;
    /// their dimension has the name of the times.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let times = date_range("2020-01-01T22:00", "2020-01-02T02:00", "2h", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[3], vec![1.0, 2.0, 3.0]).assign_coords([("time", &times)]);
    /// assert_eq!(t.group_by_solar_day("time", Some(150.0)).mean().to_f64()?, [2.0]);
    /// assert_eq!(t.group_by_solar_day("time", Some(0.0)).mean().to_f64()?, [1.0, 2.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn group_by_solar_day(&self, dim: &str, longitude: Option<f64>) -> GroupBy {
        let grouped = || -> Result<GroupBy> {
            self.check()?;
            let coord = self.labels(dim)?;
            let (unit, calendar) = unit_of(dim, coord.variable().dtype())?;
            let longitude = match longitude {
                Some(longitude) => longitude,
                None => {
                    let all = self.by_role(CfRole::Longitude)?.values()?.to_f64()?;
                    let (least, most) =
                        all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
                    least.midpoint(most)
                }
            };
            let east = (longitude + 180.0).rem_euclid(360.0) - 180.0;
            let per_day = 86_400 * unit.per_second();
            let shift = (east / 360.0 * per_day as f64).round() as i64;
            let held = coord.values()?.contiguous()?;
            let days: Vec<i64> = held
                .values::<i64>()?
                .iter()
                .map(|&count| if count == i64::MIN { count } else { (count + shift).div_euclid(per_day) * per_day })
                .collect();
            let days = Block::with_dtype(DType::Time { unit, calendar }, &[days.len()], days)?;
            let (codes, labels) = sort_out(&days)?;
            self.grouped_over(coord.variable().dims(), codes, labels, dim)
        };
        GroupBy::or_failed(self, grouped().map_err(|error| error.context("group_by_solar_day")))
    }
}
