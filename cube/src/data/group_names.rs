//! The reductions of groups, by name: one list for all that have groups.

/// Calls a macro with the reductions that [`GroupBy`](super::GroupBy) has, for those that pass them on to it.
macro_rules! group_reductions {
    ($make:ident) => {
        $make! {
            /// The mean of every group, missing values left out.
            mean;
            /// The sum of every group: 0 of nothing.
            sum;
            /// The product of every group: 1 of nothing.
            prod;
            /// The least value of every group.
            min;
            /// The greatest value of every group.
            max;
            /// The variance of every group.
            var;
            /// The standard deviation of every group.
            std;
            /// How many values of every group are not missing.
            count;
            /// Whether any value of every group holds (bool).
            any;
            /// Whether all values of every group hold (bool).
            all;
            /// The first value of every group that is not missing.
            first;
            /// The last value of every group that is not missing.
            last;
            /// The median of every group.
            median;
        }
    };
}
pub(super) use group_reductions;
