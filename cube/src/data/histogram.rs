//! How many values lie in each of a row of bins.
use super::{DataArray, IntoDims, concat};
use crate::base::{Error, Result};

/// More edges than this make a plan that takes long.
const MOST_EDGES: usize = 1024;

impl DataArray {
    /// How many values lie in each bin `[a, b)` between neighbouring edges, the last one `[a, b]` as in numpy's `histogram`; missing values
    /// lie in none (i64). The bins make a dimension `{name}_bin` in front, labelled with their middles (xhistogram's `histogram`). One pass;
    /// memory grows with the number of bins.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![0.0, 1.0, 1.5, f64::NAN, 3.0]).named("t");
    /// let counts = t.histogram(&[0.0, 1.0, 2.0, 3.0], "x");
    /// assert_eq!(counts.to_vec::<i64>()?, [1, 2, 1]);
    /// assert_eq!(counts.coord("t_bin").to_f64()?, [0.5, 1.5, 2.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn histogram(&self, edges: &[f64], dims: impl IntoDims) -> Self {
        self.or_fail(self.counted(edges, &dims).map_err(|error| error.context("histogram")))
    }

    #[track_caller]
    fn counted(&self, edges: &[f64], dims: &impl IntoDims) -> Result<Self> {
        self.check()?;
        if !(2..=MOST_EDGES).contains(&edges.len()) || edges.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::invalid(format!("edges of bins must ascend, and there must be from 2 to {MOST_EDGES}")));
        }
        let own: Vec<String> = dims.axes(self.dims())?.iter().map(|&axis| self.dims().name(axis).to_string()).collect();
        // What lies at or above each edge; above the last one, which belongs to the last bin.
        let last = edges.len() - 1;
        let above = edges.iter().enumerate().map(|(k, &edge)| if k == last { self.gt(edge) } else { self.ge(edge) });
        let above: Vec<Self> = above.map(|holds| holds.sum(own.clone())).collect();
        let counts: Vec<Self> = above.windows(2).map(|pair| &pair[0] - &pair[1]).collect();
        let dim = format!("{}_bin", self.name().unwrap_or("values"));
        let middles = edges.windows(2).map(|pair| pair[0].midpoint(pair[1])).collect();
        let counts = concat(&counts.iter().collect::<Vec<_>>(), &dim).checked()?;
        Ok(counts.with_coord(&dim, middles).named("histogram").with_attrs(Default::default()))
    }
}
