//! Values between labels: interpolation, fitted polynomials.
use std::sync::Arc;

use super::along::numbers;
use super::coords::Coord;
use super::{DataArray, Variable};
use crate::base::{Block, Dims, Error, Result};
use crate::compute::along::{AxisOp, Fit, Interpolate, Method};

impl DataArray {
    /// Values at other labels of a dimension, on the straight line between neighbours; missing outside (xarray's `interp`). Longitudes
    /// wrap. Several dimensions one after the other: `t.interp("lat", &lat).interp("lon", &lon)`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0]);
    /// let at = DataArray::from_vec(["x"], &[2], vec![0.5, 1.5]);
    /// assert_eq!(t.interp("x", &at).to_f64()?, [1.5, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp(&self, dim: &str, labels: &DataArray) -> Self {
        self.interp_by(dim, labels, Method::Linear)
    }

    /// As [`DataArray::interp`], by another method (xarray's `interp(method=...)`; its names are those of [`Method`]). Linear, nearest and
    /// previous read the chunks around the new labels; all others need whole columns. A missing value makes what a spline or a polynomial
    /// reaches from it missing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Method};
    /// let t = DataArray::from_vec(["x"], &[4], vec![0.0, 1.0, 4.0, 9.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// let at = DataArray::from_vec(["x"], &[2], vec![0.5, 2.5]);
    /// assert_eq!(t.interp_by("x", &at, Method::Quadratic).round(12).to_f64()?, [0.25, 6.25]);
    /// assert_eq!(t.interp_by("x", &at, Method::Previous).to_f64()?, [0.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_by(&self, dim: &str, labels: &DataArray, method: Method) -> Self {
        self.or_fail(
            self.interpolated(dim, labels, method, false)
                .map_err(|error| error.context(format!("interp along `{dim}`"))),
        )
    }

    /// As [`DataArray::interp_by`], with the outermost polynomials beyond the ends (xarray's `fill_value="extrapolate"`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Method};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0.0, 1.0]);
    /// let at = DataArray::from_vec(["x"], &[2], vec![-1.0, 3.0]);
    /// assert_eq!(t.interp_beyond("x", &at, Method::Linear).to_f64()?, [0.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_beyond(&self, dim: &str, labels: &DataArray, method: Method) -> Self {
        self.or_fail(
            self.interpolated(dim, labels, method, true)
                .map_err(|error| error.context(format!("interp along `{dim}`"))),
        )
    }

    /// Values at the labels of `other` along every dimension that both have (xarray's `interp_like`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0.0, 1.0]);
    /// let finer = DataArray::from_vec(["x"], &[2], vec![0.0; 2]).with_coord("x", vec![0.25, 0.5]);
    /// assert_eq!(t.interp_like(&finer).to_f64()?, [1.25, 1.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_like(&self, other: &DataArray) -> Self {
        let shared: Vec<String> =
            self.dims().iter().filter(|dim| other.labels(dim).is_ok()).map(ToOwned::to_owned).collect();
        shared.iter().fold(self.clone(), |array, dim| array.interp(dim, &other.coord(dim)))
    }

    #[track_caller]
    fn interpolated(&self, dim: &str, labels: &DataArray, method: Method, extrapolate: bool) -> Result<Self> {
        self.check()?;
        labels.check()?;
        if labels.dims().len() > 1 {
            return Err(Error::unsupported(format!("labels with the dimensions {:?}", labels.dims()))
                .hint("give labels of one dimension; interpolate one dimension after the other"));
        }
        let index = self.labels(dim)?.index()?;
        let own = self.label_numbers(dim)?;
        if !index.is_sorted() {
            let sorted = self.sortby(dim);
            in_order(dim, &sorted.label_numbers(dim)?)?;
            return sorted.interpolated(dim, labels, method, extrapolate);
        }
        in_order(dim, &own)?;
        let held = labels.values()?.block().clone();
        let wanted = numbers(dim, &held)?;
        let axis = self.dims().axis(dim)?;
        let (expr, own, places) = if index.is_cyclic() && own.len() > 1 {
            // One more label on either side, a turn away.
            let n = own.len();
            let turned: Arc<[i64]> =
                std::iter::once(n as i64 - 1).chain(0..n as i64).chain(std::iter::once(0)).collect();
            let turn = if own[n - 1] > own[0] { 360.0 } else { -360.0 };
            let around: Vec<f64> = std::iter::once(own[n - 1] - turn)
                .chain(own.iter().copied())
                .chain(std::iter::once(own[0] + turn))
                .collect();
            let least = own[0].min(own[n - 1]);
            let places = wanted.iter().map(|place| least + (place - least).rem_euclid(360.0)).collect();
            (self.variable.expr().take(axis, turned, dim), around.into(), places)
        } else {
            (self.variable.expr().clone(), own, wanted)
        };
        let single = labels.dims().is_empty();
        let interpolate =
            Interpolate { labels: own, wanted: Some(places), method, extrapolate, limit: None, longest_gap: None };
        let expr = expr.along(vec![axis], AxisOp::Interpolate(interpolate), dim);
        let attrs = self.labels(dim)?.variable().attrs().clone();
        if single {
            let mut array = self.with_fewer_dims(expr.squeeze(&[axis])).checked()?;
            array.coords.set(Coord::new(dim, Variable::from_block(Dims::none(), held.reshape(&[])?).with_attrs(attrs)));
            return Ok(array);
        }
        let mut array = self.with_values(expr).checked()?;
        array.coords = self.coords.filter(|coord| !coord.variable().dims().contains(dim));
        array.coords.set(Coord::new(dim, Variable::from_block(Dims::new([dim])?, held).with_attrs(attrs)));
        Ok(array)
    }

    /// Missing values on the straight line between their neighbours along a dimension, at the distances of its labels; those outside
    /// the first and last value stay missing (xarray's `interpolate_na`). Labels must ascend or descend; without labels, positions count.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 3.0]);
    /// assert_eq!(t.interpolate_na("x").to_f64()?, [1.0, 2.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interpolate_na(&self, dim: &str) -> Self {
        self.gaps_filled(dim, Method::Linear, None, None)
    }

    /// As [`DataArray::interpolate_na`] by another method, at most `limit` missing values in a row, in gaps of at most `longest` between
    /// the labels on both sides (seconds for times).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Method};
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, f64::NAN, f64::NAN, 4.0]);
    /// assert_eq!(t.interpolate_na_by("x", Method::Linear, Some(1), None).fillna(-1.0).to_f64()?, [1.0, 2.0, -1.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interpolate_na_by(&self, dim: &str, method: Method, limit: Option<u64>, longest: Option<f64>) -> Self {
        self.gaps_filled(dim, method, limit, longest)
    }

    #[track_caller]
    fn gaps_filled(&self, dim: &str, method: Method, limit: Option<u64>, longest_gap: Option<f64>) -> Self {
        let labels = self.dims().axis(dim).and_then(|axis| match self.coords().get(dim) {
            Some(_) => self.label_numbers(dim).and_then(|labels| in_order(dim, &labels).map(|()| labels)),
            None => Ok((0..self.shape()[axis]).map(|i| i as f64).collect()),
        });
        match labels {
            Ok(labels) => {
                let interpolate = Interpolate { labels, wanted: None, method, extrapolate: false, limit, longest_gap };
                self.along(dim, AxisOp::Interpolate(interpolate))
            }
            Err(error) => self.fail(error.context(format!("interpolate_na along `{dim}`"))),
        }
    }

    /// The coefficients of the polynomial of `degree` along a dimension that is nearest to the values (least squares), missing values
    /// skipped: a dimension `degree` in place of it, the highest first (xarray's `polyfit`; its `polyfit_coefficients`). Times count in
    /// seconds since 1970.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 5.0]).with_coord("x", vec![0.0, 1.0, 2.0]);
    /// let trend = t.polyfit("x", 1);
    /// assert!((trend.isel("degree", 0).item()? - 2.0).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn polyfit(&self, dim: &str, degree: u32) -> Self {
        let built = || -> Result<Self> {
            let fit = Fit { labels: self.label_numbers(dim)?, degree, skip_missing: true };
            let axis = self.dims().axis(dim)?;
            let expr = self.variable.expr().along(vec![axis], AxisOp::Fit(fit), "degree");
            let order = std::iter::once(axis).chain((0..expr.shape().len()).filter(|&a| a != axis)).collect();
            let degrees: Vec<i64> = (0..=i64::from(degree)).rev().collect();
            let labels = Block::new(&[degrees.len()], degrees)?;
            self.with_fewer_dims(expr.transpose(order)).with_coord_block("degree", labels).checked()
        };
        self.or_fail(built().map_err(|error| error.context(format!("polyfit along `{dim}`"))))
    }

    /// The values of polynomials at these values: `coefficients` with a dimension `degree` (xarray's `polyval`). Times count in seconds
    /// since 1970.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let x = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// let line = DataArray::from_vec(["degree"], &[2], vec![3.0, 0.5]).with_coord("degree", vec![1, 0]);
    /// assert_eq!(x.polyval(&line).to_f64()?, [3.5, 6.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn polyval(&self, coefficients: &DataArray) -> Self {
        let built = || -> Result<Self> {
            self.check()?;
            coefficients.check()?;
            let degrees = coefficients.labels("degree")?.values()?.to_f64()?;
            let highest = degrees.iter().copied().fold(0.0, f64::max) as i64;
            let x = match self.dtype().is_time_like() {
                true => Self::from_block(self.dims().iter(), {
                    let block = self.values()?.block().clone();
                    Block::new(block.shape(), numbers("x", &block)?.to_vec())?
                })
                .with_coords_of(self),
                false => self.clone(),
            };
            let of = |degree: i64| {
                degrees
                    .iter()
                    .position(|held| *held as i64 == degree)
                    .map(|i| coefficients.isel("degree", i as i64).drop_vars(["degree"]))
            };
            let mut value: Option<Self> = None;
            for degree in (0..=highest).rev() {
                let raised = value.map(|value| value * &x);
                value = match (raised, of(degree)) {
                    (Some(a), Some(b)) => Some(a + b),
                    (a, b) => a.or(b),
                };
            }
            value.ok_or_else(|| Error::invalid("no coefficients"))?.checked()
        };
        self.or_fail(built().map_err(|error| error.context("polyval")))
    }

    #[track_caller]
    fn with_coords_of(self, other: &Self) -> Self {
        Self { coords: other.coords.clone(), ..self }
    }

    /// The values less the line of least squares through them along a dimension (CDO's `detrend`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![0.0, 1.0, 2.0]);
    /// assert!(t.detrend("x").to_f64()?.iter().all(|rest| rest.abs() < 1e-12));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn detrend(&self, dim: &str) -> Self {
        let trend = self.coord(dim).polyval(&self.polyfit(dim, 1));
        let order: Vec<String> = self.dims().iter().map(ToOwned::to_owned).collect();
        (self - trend).transpose(order).keeping_name_and_attrs(self)
    }
}

/// Curves go from label to label: these must ascend or descend, and none stand twice.
fn in_order(dim: &str, labels: &[f64]) -> Result<()> {
    if labels.iter().any(|label| label.is_nan()) {
        return Err(Error::invalid(format!("labels of `{dim}` are missing"))
            .hint("take the positions that have labels: `isel`"));
    }
    if !(labels.is_sorted() || labels.iter().rev().is_sorted()) {
        return Err(Error::invalid(format!("labels of `{dim}` are in no order")).hint("call `sortby` first"));
    }
    if labels.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid(format!("labels of `{dim}` stand twice")).hint("call `drop_duplicates` first"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_labels_in_no_order_are_refused_and_filled_once_sorted() {
        let methods = [
            Method::Linear,
            Method::Nearest,
            Method::Previous,
            Method::Quadratic,
            Method::Cubic,
            Method::Spline(0),
            Method::Spline(4),
            Method::Spline(5),
            Method::Pchip,
            Method::Akima,
            Method::Makima,
            Method::Polynomial,
        ];
        let gap = |n: usize| (0..n).map(|i| if i == 1 { f64::NAN } else { i as f64 }).collect::<Vec<f64>>();
        let rows = [
            (vec![0.0, 10.0, 1.0, 11.0, 2.0, 12.0], "`x` are in no order; call `sortby` first"),
            (vec![0.0, 0.0, 0.0, 0.0, 1.0], "`x` stand twice; call `drop_duplicates` first"),
            (vec![0.0, 1.0, f64::NAN, 3.0], "`x` are missing; take the positions that have labels"),
        ];
        for (labels, expected) in rows {
            let t = DataArray::from_vec(["x"], &[labels.len()], gap(labels.len()));
            let labelled = t.with_coord("x", labels.clone());
            for method in methods {
                let error = labelled.interpolate_na_by("x", method, None, None).to_f64().unwrap_err().to_string();
                assert!(error.contains(expected), "{method:?}: {error}");
                // Without labels positions count.
                assert!(t.interpolate_na_by("x", method, None, None).to_f64().is_ok(), "{method:?}");
            }
        }
        let t = DataArray::from_vec(["x"], &[6], vec![0.0, f64::NAN, 1.0, 11.0, 2.0, 12.0]);
        let t = t.with_coord("x", vec![0.0, 10.0, 1.0, 11.0, 2.0, 12.0]).sortby("x");
        let around = t.interpolate_na_by("x", Method::Spline(3), None, None).round(9).to_f64().unwrap();
        assert_eq!(around, [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
        let descending = t.sortby_descending("x").interpolate_na_by("x", Method::Spline(3), None, None);
        assert_eq!(descending.round(9).to_f64().unwrap(), [12.0, 11.0, 10.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn labels_that_are_missing_are_refused_at_other_places_too() {
        let t =
            DataArray::from_vec(["x"], &[4], vec![0.0, 1.0, 2.0, 3.0]).with_coord("x", vec![0.0, f64::NAN, 2.0, 3.0]);
        let at = DataArray::from_vec(["x"], &[1], vec![0.5]);
        for method in [Method::Linear, Method::Spline(2)] {
            let error = t.interp_by("x", &at, method).to_f64().unwrap_err().to_string();
            assert!(error.contains("labels of `x` are missing"), "{error}");
        }
    }

    #[test]
    fn a_spline_of_degree_0_is_the_value_of_the_label_below() {
        // scipy.interpolate.make_interp_spline([0, 1, 2.5], [1, 2, 3], k=0)
        let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![0.0, 1.0, 2.5]);
        let at = DataArray::from_vec(["x"], &[7], vec![-1.0, 0.0, 0.5, 1.0, 2.4, 2.5, 3.0]);
        for t in [t.clone(), t.isel("x", [2, 1, 0])] {
            for method in [Method::Spline(0), Method::Previous] {
                let found = t.interp_beyond("x", &at, method).to_f64().unwrap();
                assert_eq!(found, [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0], "{method:?}");
            }
        }
    }
}
