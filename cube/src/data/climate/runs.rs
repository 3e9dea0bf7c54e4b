//! Runs of positions on which something holds: heat waves, dry spells.
use std::sync::Arc;

use crate::base::Error;
use crate::compute::along::{AxisOp, RunStatistic, Runs};
use crate::data::{DataArray, GroupBy};

impl DataArray {
    /// For every position the length that the run of truth on it has reached along a dimension; 0 where it does not hold, or is missing
    /// (i64).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["day"], &[7], vec![31.0, 32.0, 20.0, 33.0, 31.0, 35.0, 10.0]);
    /// let hot = t.gt(30.0);
    /// assert_eq!(hot.run_lengths("day").to_vec::<i64>()?, [1, 2, 0, 1, 2, 3, 0]);
    /// assert_eq!(hot.longest_run("day").item()?, 3.0);
    /// assert_eq!((hot.count_runs("day", 2).item()?, hot.positions_in_runs("day", 3).item()?), (2.0, 3.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn run_lengths(&self, dim: &str) -> Self {
        self.along(dim, AxisOp::Runs(Runs { statistic: RunStatistic::Reached, groups: None }))
    }

    /// The length of the longest run of truth along a dimension (xclim's `longest_run`; i64). Needs whole columns.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let hot = DataArray::from_vec(["x"], &[5], vec![9, 1, 9, 9, 1]).gt(5);
    /// assert_eq!(hot.longest_run("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn longest_run(&self, dim: &str) -> Self {
        self.runs(dim, RunStatistic::Longest)
    }

    /// How many runs of truth along a dimension have at least `n` positions (xclim's `windowed_run_events`; i64).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let hot = DataArray::from_vec(["x"], &[5], vec![9, 1, 9, 9, 1]).gt(5);
    /// assert_eq!(hot.count_runs("x", 2).item()?, 1.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count_runs(&self, dim: &str, n: u64) -> Self {
        self.runs(dim, RunStatistic::Count(n))
    }

    /// How many positions along a dimension lie in runs of truth of at least `n` (xclim's `windowed_run_count`: ETCCDI's warm spell days;
    /// i64).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let hot = DataArray::from_vec(["x"], &[5], vec![9, 1, 9, 9, 1]).gt(5);
    /// assert_eq!(hot.positions_in_runs("x", 2).item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn positions_in_runs(&self, dim: &str, n: u64) -> Self {
        self.runs(dim, RunStatistic::Positions(n))
    }

    #[track_caller]
    fn runs(&self, dim: &str, statistic: RunStatistic) -> Self {
        self.collapsed(dim, AxisOp::Runs(Runs { statistic, groups: None }))
    }
}

impl GroupBy {
    /// The length of the longest run of truth in every group: `hot.resample("time", "YS").longest_run()`. Runs end with their group.
    ///
    /// ```
    /// use terracube_cube::{Calendar, DataArray, date_range};
    /// let t = DataArray::from_vec(["time"], &[4], vec![1.0, 2.0, 3.0, 8.0]).assign_coords([("time", &date_range("2000-01-30", "2000-02-02", "D", Calendar::Standard))]);
    /// assert_eq!(t.gt(1.5).resample("time", "MS").longest_run().to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn longest_run(&self) -> DataArray {
        self.runs(RunStatistic::Longest)
    }

    /// How many runs of truth of every group have at least `n` positions.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let year = DataArray::from_vec(["day"], &[6], vec![1, 1, 1, 2, 2, 2]);
    /// let hot = DataArray::from_vec(["day"], &[6], vec![9, 9, 1, 9, 1, 9]).assign_coords([("year", &year)]).gt(5);
    /// assert_eq!(hot.group_by("year").count_runs(2).to_vec::<i64>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count_runs(&self, n: u64) -> DataArray {
        self.runs(RunStatistic::Count(n))
    }

    /// How many positions of every group lie in runs of truth of at least `n`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let year = DataArray::from_vec(["day"], &[6], vec![1, 1, 1, 2, 2, 2]);
    /// let hot = DataArray::from_vec(["day"], &[6], vec![9, 9, 1, 9, 1, 9]).assign_coords([("year", &year)]).gt(5);
    /// assert_eq!(hot.group_by("year").positions_in_runs(2).to_vec::<i64>()?, [2, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn positions_in_runs(&self, n: u64) -> DataArray {
        self.runs(RunStatistic::Positions(n))
    }

    #[track_caller]
    fn runs(&self, statistic: RunStatistic) -> DataArray {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(error) => return self.array.fail(error.clone()),
        };
        // A group that comes back after another has its runs in several parts; it counts them together.
        let codes: Arc<[u32]> = groups.codes.codes.clone();
        if codes.is_empty() {
            return self.array.fail(Error::invalid("runs of nothing"));
        }
        let runs = Runs { statistic, groups: Some((codes, groups.codes.n_groups)) };
        let expr = self.array.variable().expr().along(vec![groups.axis], AxisOp::Runs(runs), &groups.codes.dim);
        self.labelled(groups, expr)
    }
}
