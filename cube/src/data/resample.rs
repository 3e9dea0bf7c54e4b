//! Groups that follow one another in time: resampling, seasons; and groups by bins of values.
use super::frequency::Frequency;
use super::group_by::{GroupBy, Groups, sort_out};
use super::index::Fill;
use super::{DataArray, Dataset, DatasetGroupBy, Method};
use crate::base::{Block, DType, Error, Result, TimeFields};
use crate::plan::GroupCodes;

impl DataArray {
    /// Groups of equal length along a dimension of times (xarray's `resample`): `s min h D W MS ME QS QE YS YE`, with a number before
    /// ("6h", "5D") and, for weeks, quarters and years, an anchor behind ("W-MON", "QS-DEC", "YE-JUN"). The labels stand at the start of
    /// each bin, for `W ME QE YE` at its last day. Bins without values stay: their mean is missing, their sum and count 0.
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, TimeUnit};
    /// let days = (0..60).map(|day| day * 86_400).collect::<Vec<i64>>();
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// let t = DataArray::from_vec(["time"], &[60], vec![1.0; 60]).with_coord_block("time", Block::with_dtype(dtype, &[60], days)?);
    /// let monthly = t.resample("time", "MS").sum();
    /// assert_eq!(monthly.to_f64()?, [31.0, 28.0, 1.0]);
    /// assert_eq!(monthly.coord("time").values()?.to_dates()?, ["1970-01-01", "1970-02-01", "1970-03-01"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resample(&self, dim: &str, frequency: &str) -> GroupBy {
        let groups = || -> Result<Groups> {
            let (counts, unit, calendar) = self.times(dim)?;
            let (codes, labels) = Frequency::parse(frequency)?.bins(&counts, unit, calendar)?;
            self.time_groups(dim, codes, labels, DType::Time { unit, calendar })
        };
        GroupBy::new(self, groups().map_err(|error| error.context(format!("resample(\"{dim}\", \"{frequency}\")"))))
    }

    /// Groups of whole seasons in order of time, given by the initials of their months: `["DJF", "MAM", "JJA", "SON"]`, `["NDJFM"]`. A
    /// season over the turn of the year belongs together; labels stand at its first day. Seasons that the data does not cover whole are
    /// left out (xarray's `resample(time=SeasonResampler(...))`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let months = date_range("2000-03-01", "2000-08-01", "MS", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[6], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).assign_coords([("time", &months)]);
    /// let seasons = t.resample_seasons("time", &["DJF", "MAM", "JJA", "SON"]).mean();
    /// assert_eq!(seasons.coord("time").values()?.to_dates()?, ["2000-03-01", "2000-06-01"]);
    /// assert_eq!(seasons.to_f64()?, [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resample_seasons(&self, dim: &str, seasons: &[&str]) -> GroupBy {
        GroupBy::new(self, self.season_series(dim, seasons).map_err(|error| error.context("resample_seasons")))
    }

    /// Groups by seasons in the order given (xarray's `groupby(time=SeasonGrouper(...))`); months in none of them are left out. The
    /// dimension of the groups is `season`.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.group_by_seasons("time", &["DJF", "MAM"]).sum().to_f64()?, [14.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn group_by_seasons(&self, dim: &str, seasons: &[&str]) -> GroupBy {
        let groups = || -> Result<Groups> {
            let (counts, unit, calendar) = self.times(dim)?;
            let months = months_of(seasons)?;
            let season = |count: &i64| match *count {
                i64::MIN => u32::MAX,
                count => {
                    let month = i64::from(calendar.fields(count, unit).month) - 1;
                    let found = months.iter().position(|&(start, len)| (month - start).rem_euclid(12) < len);
                    found.map_or(u32::MAX, |place| place as u32)
                }
            };
            let codes: Vec<u32> = counts.iter().map(season).collect();
            Ok(Groups {
                axis: self.dims().axis(dim)?,
                codes: GroupCodes { codes: codes.into(), n_groups: seasons.len() as u32, dim: "season".into() },
                labels: Block::from_strings(&[seasons.len()], seasons)?,
            })
        };
        GroupBy::new(self, groups().map_err(|error| error.context("group_by_seasons")))
    }

    /// Groups by the bin in which the values of a coordinate lie: `(a, b]` between neighbouring edges (xarray's `groupby_bins`).
    /// Values outside belong to no group. The dimension of the groups is `{coordinate}_bins`, labelled with the middle of each bin.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[4], vec![1.0, 2.0, 3.0, 4.0]).with_coord("lat", vec![-80.0, -10.0, 20.0, 30.0]);
    /// let bands = t.group_by_bins("lat", &[-90.0, 0.0, 20.0, 90.0]).mean();
    /// assert_eq!(bands.to_f64()?, [1.5, 3.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn group_by_bins(&self, coord: &str, edges: &[f64]) -> GroupBy {
        let groups = || -> Result<GroupBy> {
            self.check()?;
            let held = self
                .coords()
                .get(coord)
                .ok_or_else(|| Error::unknown_name("coordinate", coord, self.coords().names()))?;
            if edges.len() < 2 || edges.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(Error::invalid("edges of bins must ascend, and there must be two at least"));
            }
            let values = held.values()?.to_f64()?;
            let bin = |value: &f64| match edges.partition_point(|edge| edge < value) {
                _ if value.is_nan() => u32::MAX,
                0 => u32::MAX,
                after if after == edges.len() => u32::MAX,
                after => after as u32 - 1,
            };
            let codes: Vec<u32> = values.iter().map(bin).collect();
            let middles: Vec<f64> = edges.windows(2).map(|pair| pair[0].midpoint(pair[1])).collect();
            let labels = Block::new(&[middles.len()], middles)?;
            self.grouped_over(held.variable().dims(), codes, labels, &format!("{coord}_bins"))
        };
        GroupBy::or_failed(self, groups().map_err(|error| error.context(format!("group_by_bins(\"{coord}\")"))))
    }

    /// Groups by the values of another array along one or several of the dimensions: region numbers along `station`, or over `lat` and
    /// `lon`. The dimension of the groups has that array's name (`group` without one) and takes the place of one dimension, or stands last
    /// where there are several. Computes the keys (xarray's `groupby(array)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "y", "x"], &[1, 2, 2], vec![1.0, 2.0, 3.0, 5.0]);
    /// let region = DataArray::from_vec(["y", "x"], &[2, 2], vec![7, 8, 8, 8]).named("region");
    /// let means = t.group_by_key(&region).mean();
    /// assert_eq!(means.to_f64()?, [1.0, 10.0 / 3.0]);
    /// assert_eq!(means.coord("region").to_vec::<i32>()?, [7, 8]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn group_by_key(&self, key: &DataArray) -> GroupBy {
        let groups = || -> Result<GroupBy> {
            self.check()?;
            let (codes, labels) = sort_out(key.values()?.block())?;
            for (dim, &len) in key.dims().iter().zip(key.shape()) {
                let own = self.shape()[self.dims().axis(dim)?];
                if own != len {
                    return Err(Error::mismatch(format!("{len} keys for {own} positions of `{dim}`")));
                }
            }
            self.grouped_over(key.dims(), codes, labels, key.name().unwrap_or("group"))
        };
        GroupBy::or_failed(self, groups().map_err(|error| error.context("group_by_key")))
    }

    pub(super) fn time_groups(&self, dim: &str, codes: Vec<u32>, labels: Vec<i64>, dtype: DType) -> Result<Groups> {
        Ok(Groups {
            axis: self.dims().axis(dim)?,
            codes: GroupCodes { codes: codes.into(), n_groups: labels.len() as u32, dim: dim.into() },
            labels: Block::with_dtype(dtype, &[labels.len()], labels)?,
        })
    }

    fn season_series(&self, dim: &str, seasons: &[&str]) -> Result<Groups> {
        let (counts, unit, calendar) = self.times(dim)?;
        let months = months_of(seasons)?;
        // Every month counted from year 0: the season it belongs to is known by the month in which that began.
        let month_of = |count: i64| {
            let fields = calendar.fields(count, unit);
            fields.year * 12 + i64::from(fields.month) - 1
        };
        let start_of = |month: i64| {
            let found = months.iter().find(|&&(start, len)| (month - start).rem_euclid(12) < len);
            found.map(|&(start, len)| (month - (month - start).rem_euclid(12), len))
        };
        let seen: Vec<i64> = counts.iter().filter(|&&count| count != i64::MIN).map(|&count| month_of(count)).collect();
        let (Some(&least), Some(&most)) = (seen.iter().min(), seen.iter().max()) else {
            return Err(Error::invalid("there are no times to resample"));
        };
        let mut starts: Vec<i64> = Vec::new();
        for month in least..=most {
            if let Some((start, len)) = start_of(month)
                && start >= least
                && start + len - 1 <= most
                && starts.last() != Some(&start)
                && !starts.contains(&start)
            {
                starts.push(start);
            }
        }
        let code = |&count: &i64| match count {
            i64::MIN => u32::MAX,
            count => start_of(month_of(count))
                .and_then(|(start, _)| starts.binary_search(&start).ok())
                .map_or(u32::MAX, |place| place as u32),
        };
        let codes = counts.iter().map(code).collect();
        let first = |&month: &i64| {
            calendar.count(&TimeFields::date(month.div_euclid(12), month.rem_euclid(12) as u8 + 1, 1), unit)
        };
        let labels = starts.iter().map(first).collect::<Result<Vec<i64>>>()?;
        self.time_groups(dim, codes, labels, DType::Time { unit, calendar })
    }
}

/// The first month (0 to 11) and the number of months of every season.
fn months_of(seasons: &[&str]) -> Result<Vec<(i64, i64)>> {
    const INITIALS: &str = "JFMAMJJASONDJFMAMJJASOND";
    let mut taken = [false; 12];
    seasons
        .iter()
        .map(|season| {
            let wrong = |why: &str| {
                Error::invalid(format!("season `{season}` {why}"))
                    .hint("write the initials of its months: \"DJF\", \"NDJFM\"")
            };
            let upper = season.to_uppercase();
            // Two months are the fewest that initials tell apart.
            if upper.len() < 2 || upper.len() > 12 {
                return Err(wrong("has fewer than 2 or more than 12 months"));
            }
            let start = INITIALS.find(&upper).ok_or_else(|| wrong("is no row of months"))?;
            for month in start..start + upper.len() {
                if std::mem::replace(&mut taken[month % 12], true) {
                    return Err(wrong("shares a month with another one"));
                }
            }
            Ok((start as i64, upper.len() as i64))
        })
        .collect()
}

impl GroupBy {
    /// At the labels of a resampling, the last value before or at each (xarray's `resample(...).ffill()`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.resample("time", "12h").ffill().isel("time", 0..3).to_f64()?, [1.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ffill(&self) -> DataArray {
        self.at_labels(Fill::Before)
    }

    /// At the labels of a resampling, the first value at or after each (xarray's `resample(...).bfill()`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.resample("time", "12h").bfill().isel("time", 0..3).to_f64()?, [1.0, 2.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn bfill(&self) -> DataArray {
        self.at_labels(Fill::After)
    }

    /// At the labels of a resampling, the nearest value (xarray's `resample(...).nearest()`).
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2000-01-01", "2000-01-02", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[2], vec![1.0, 2.0]).assign_coords([("time", &days)]);
    /// assert_eq!(t.resample("time", "8h").nearest().to_f64()?, [1.0, 1.0, 2.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn nearest(&self) -> DataArray {
        self.at_labels(Fill::Nearest)
    }

    /// At the labels of a resampling, on the straight line between the values around each (xarray's `resample(...).interpolate("linear")`);
    /// missing before the first and after the last.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.resample("time", "12h").interpolate().isel("time", 0..3).to_f64()?, [1.0, 1.5, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interpolate(&self) -> DataArray {
        self.interpolate_by(Method::Linear)
    }

    /// As [`GroupBy::interpolate`], by another method (xarray's `resample(...).interpolate("cubic")`).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, DataArray, Method, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// let days = Block::with_dtype(dtype, &[4], (0..4).map(|day| day * 86_400).collect::<Vec<i64>>())?;
    /// let t = DataArray::from_vec(["time"], &[4], vec![0.0, 1.0, 4.0, 9.0]).with_coord_block("time", days);
    /// let halves = t.resample("time", "12h").interpolate_by(Method::Quadratic);
    /// assert!((halves.isel("time", 5).item()? - 6.25).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interpolate_by(&self, method: Method) -> DataArray {
        match &self.groups {
            Ok(groups) if *self.array.dims().name(groups.axis) == groups.codes.dim => {
                let dim = groups.codes.dim.clone();
                self.array.interp_by(&dim, &DataArray::from_block([&*dim], groups.labels.clone()), method)
            }
            Ok(_) => self
                .array
                .fail(Error::invalid("only a resampling can be interpolated").hint("use `resample(dim, frequency)`")),
            Err(error) => self.array.fail(error.clone()),
        }
    }

    /// At the labels of a finer resampling, the values that lie in its bins, missing where there are none; the mean where there are several, as in
    /// xarray's `resample(...).asfreq()`.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.resample("time", "12h").asfreq().fillna(-1.0).isel("time", 0..3).to_f64()?, [1.0, -1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn asfreq(&self) -> DataArray {
        self.mean()
    }

    #[track_caller]
    fn at_labels(&self, fill: Fill) -> DataArray {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(error) => return self.array.fail(error.clone()),
        };
        let dim = self.array.dims().name(groups.axis).clone();
        if dim != groups.codes.dim {
            return self
                .array
                .fail(Error::invalid("only a resampling can be filled").hint("use `resample(dim, frequency)`"));
        }
        self.array.reindexed(&dim, &groups.coord(&dim), fill, None)
    }
}

impl Dataset {
    /// Resamples every variable that has the dimension. See [`DataArray::resample`].
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let days = date_range("2000-01-31", "2000-02-02", "D", Calendar::Standard);
    /// let t = DataArray::from_vec(["time"], &[3], vec![1.0, 2.0, 4.0]).assign_coords([("time", &days)]);
    /// assert_eq!(t.named("t").to_dataset().resample("time", "MS").mean().var("t").to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn resample(&self, dim: &str, frequency: &str) -> DatasetGroupBy {
        self.grouped(dim, |array| array.resample(dim, frequency))
    }
}
