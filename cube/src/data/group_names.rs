//! The reductions of groups, by name: one list for all that have groups.

/// Calls a macro with the reductions that [`GroupBy`](super::GroupBy) has, for those that pass them on to it.
macro_rules! group_reductions {
    ($make:ident) => {
        $make! {
            /// The mean of every group, missing values left out.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").mean().var("t").to_f64()?, [2.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).mean().to_f64()?, [2.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            mean;
            /// The sum of every group: 0 of nothing.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").sum().var("t").to_f64()?, [4.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).sum().to_f64()?, [4.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            sum;
            /// The product of every group: 1 of nothing.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![2.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").prod().var("t").to_f64()?, [6.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).prod().to_f64()?, [6.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            prod;
            /// The least value of every group.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").min().var("t").to_f64()?, [1.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).min().to_f64()?, [1.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            min;
            /// The greatest value of every group.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").max().var("t").to_f64()?, [3.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).max().to_f64()?, [3.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            max;
            /// The variance of every group.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").var().var("t").to_f64()?, [4.0, 0.0]);
            /// assert_eq!(t.group_by_all(["x"]).var().to_f64()?, [4.0, 0.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            var;
            /// The standard deviation of every group.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 5.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").std().var("t").to_f64()?, [2.0, 0.0]);
            /// assert_eq!(t.group_by_all(["x"]).std().to_f64()?, [2.0, 0.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            std;
            /// How many values of every group are not missing.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").count().var("t").to_vec::<i64>()?, [2, 0]);
            /// assert_eq!(t.group_by_all(["x"]).count().to_vec::<i64>()?, [2, 0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            count;
            /// Whether any value of every group holds (bool).
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 5]).with_coord("x", vec![7, 8, 7]).gt(2);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").any().var("t").to_vec::<u8>()?, [1, 0]);
            /// assert_eq!(t.group_by_all(["x"]).any().to_vec::<u8>()?, [1, 0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            any;
            /// Whether all values of every group hold (bool).
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1, 3, 5]).with_coord("x", vec![7, 8, 7]).gt(2);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").all().var("t").to_vec::<u8>()?, [0, 1]);
            /// assert_eq!(t.group_by_all(["x"]).all().to_vec::<u8>()?, [0, 1]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            all;
            /// The first value of every group that is not missing.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![f64::NAN, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").first().var("t").to_f64()?, [3.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).first().to_f64()?, [3.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            first;
            /// The last value of every group that is not missing.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").last().var("t").to_f64()?, [1.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).last().to_f64()?, [1.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            last;
            /// The median of every group.
            ///
            /// ```
            /// use terracube_cube::DataArray;
            /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]);
            /// assert_eq!(t.named("t").to_dataset().group_by("x").median().var("t").to_f64()?, [2.0, 5.0]);
            /// assert_eq!(t.group_by_all(["x"]).median().to_f64()?, [2.0, 5.0]);
            /// # Ok::<(), terracube_cube::Error>(())
            /// ```
            median;
        }
    };
}
pub(super) use group_reductions;
