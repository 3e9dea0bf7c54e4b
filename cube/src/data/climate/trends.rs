//! Trends along labels: of least squares, Theil and Sen's, Mann and Kendall's test.
use crate::base::{Error, Result};
use crate::compute::along::{AxisOp, Monotonic};
use crate::data::{Coords, DataArray, Dataset};

impl DataArray {
    /// The line of least squares along a dimension: a dataset of `slope` (per unit of the labels, per second of times) and `intercept` (at
    /// label 0), missing values left out (CDO's `trend`). Needs whole columns; see [`DataArray::detrend`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 5.0]).with_coord("x", vec![0.0, 1.0, 2.0]);
    /// let trend = t.trend("x");
    /// assert!((trend.var("slope").item()? - 2.0).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn trend(&self, dim: &str) -> Dataset {
        let fit = self.polyfit(dim, 1);
        let of = |degree: i64| fit.isel("degree", degree).without("degree");
        dataset([("slope", of(0)), ("intercept", of(1))])
    }

    /// Theil and Sen's line along a dimension: a dataset of `slope`, the median of the slopes between all pairs of values, and `intercept`
    /// (scipy's `theilslopes`). Robust: up to 29 % of the values may be wrong. Missing values are left out; takes n² steps for n values. See
    /// [`DataArray::mann_kendall`] for the formula.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![1.0, 3.0, 5.0, 7.0, 100.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(t.theil_sen("x").var("slope").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn theil_sen(&self, dim: &str) -> Dataset {
        let all = self.monotonic(dim);
        dataset([("slope", of(&all, 0)), ("intercept", of(&all, 1))])
    }

    /// Mann and Kendall's test for a trend along a dimension, without assumptions on the distribution: a dataset of `slope` and `intercept`
    /// (Theil and Sen's), `s` (Kendall's S), `z` (its standard score, corrected for ties and continuity) and `p` (two-sided: small where there
    /// is a trend) (Mann, 1945, Econometrica 13, 245-259; Kendall, 1975; Sen, 1968).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[6], vec![1.0, 2.0, 4.0, 3.0, 5.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    /// let test = t.mann_kendall("x");
    /// assert_eq!((test.var("slope").item()?, test.var("s").item()?), (1.0, 13.0));
    /// assert!(test.var("p").item()? < 0.05);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mann_kendall(&self, dim: &str) -> Dataset {
        let all = self.monotonic(dim);
        let names = ["slope", "intercept", "s", "z", "p"];
        dataset(names.iter().enumerate().map(|(place, name)| (*name, of(&all, place as i64))))
    }

    #[track_caller]
    fn monotonic(&self, dim: &str) -> Self {
        let built = || -> Result<Self> {
            let axis = self.dims().axis(dim)?;
            let labels = match self.coords().get(dim) {
                Some(_) => self.label_numbers(dim)?,
                None => (0..self.shape()[axis]).map(|i| i as f64).collect(),
            };
            let name = if self.dims().contains(RESULT) {
                return Err(Error::invalid(format!("there is a dimension `{RESULT}`")));
            } else {
                RESULT
            };
            let expr = self.variable().expr().along(vec![axis], AxisOp::Monotonic(Monotonic { labels }), name);
            self.with_fewer_dims(expr).checked()
        };
        self.or_fail(built().map_err(|error| error.context(format!("trend along `{dim}`"))))
    }

    #[track_caller]
    fn without(&self, coord: &str) -> Self {
        Self { coords: self.coords.filter(|held| held.name() != coord), ..self.clone() }
    }
}

/// The dimension along which the numbers of a test stand.
const RESULT: &str = "result of the test";

#[track_caller]
fn of(all: &DataArray, place: i64) -> DataArray {
    if all.error().is_some() { all.clone() } else { all.isel(RESULT, place) }
}

/// A dataset of arrays over the same dimensions. A mistake stays in each of them.
#[track_caller]
pub(super) fn dataset<'a>(arrays: impl IntoIterator<Item = (&'a str, DataArray)>) -> Dataset {
    let mut coords = Coords::default();
    let mut variables = Vec::new();
    for (name, array) in arrays {
        array.coords().iter().for_each(|coord| coords.set(coord.clone()));
        let variable = array.variable().clone().with_attrs(Default::default());
        variables.push((name.into(), variable));
    }
    Dataset::default().rebuilt(variables, coords)
}
