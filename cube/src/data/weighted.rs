//! Weighted reductions, built from plain ones: what the weights do not tell apart is summed first, so that a field is walked once.
use std::sync::Arc;

use super::DataArray;
use super::dims_argument::IntoDims;
use super::order::IntoQuantiles;
use crate::base::{DType, Dims, Error, Kind, Result};
use crate::compute::along::{AxisOp, WeightedQuantile};
use crate::compute::pointwise::UnaryOp;

/// An array with weights, waiting for a reduction (xarray's `DataArrayWeighted`). Made by [`DataArray::weighted`].
#[derive(Debug, Clone)]
pub struct Weighted {
    array: DataArray,
    weights: DataArray,
}

impl DataArray {
    /// Weights for the reduction that follows (xarray's `weighted`): any array, broadcast by name. Missing values of `self` are
    /// skipped together with their weights; a missing weight is an error when it is met. Sums are taken in f64.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0f32, 3.0, 8.0, f32::NAN]).with_coord("lat", vec![0.0, 60.0]);
    /// let mean = t.weighted(&t.coord("lat").cos_deg()).mean(["lat", "lon"]);
    /// assert!((mean.item()? - (1.0 + 3.0 + 0.5 * 8.0) / 2.5).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn weighted(&self, weights: &Self) -> Weighted {
        Weighted { array: self.clone(), weights: weights.unary(UnaryOp::RequirePresent) }
    }
}

impl Weighted {
    /// Weighted means: Σwx / Σw over the values that are not missing; NaN where the weights of those add up to 0.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert_eq!(t.weighted(&w).mean("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| self.mean_of(&self.wide(), &split)))
    }

    /// Weighted sums Σwx, missing values skipped: 0 of nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert_eq!(t.weighted(&w).sum("x").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| self.total(&self.wide(), &split)))
    }

    /// Sums of the weights of the values that are not missing; NaN where that is 0, as in xarray.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert_eq!(t.weighted(&w).sum_of_weights("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum_of_weights(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| self.present(&split)))
    }

    /// Weighted sums of squares of the deviations from the weighted mean, Σw(x - mean)² (xarray's `weighted(...).sum_of_squares`). Two passes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert_eq!(t.weighted(&w).sum_of_squares("x").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum_of_squares(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| {
            let values = self.wide();
            let deviations = &values - &self.mean_of(&values, &split);
            self.total(&(&deviations * &deviations), &split)
        }))
    }

    /// Weighted variances Σw(x - mean)² / Σw. Two passes over the data: the mean comes first.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert_eq!(t.weighted(&w).var("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| self.spread(&split)))
    }

    /// Weighted standard deviations: the roots of [`Weighted::var`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]);
    /// let w = DataArray::from_vec(["x"], &[2], vec![2.0, 1.0]);
    /// assert!((t.weighted(&w).std("x").item()? - 2f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std(&self, dims: impl IntoDims) -> DataArray {
        self.finished(self.split(&dims).map(|split| self.spread(&split).sqrt()))
    }

    /// Weighted quantiles, missing values left out: one number, or a list, which makes a dimension `quantile` in front (f64; xarray's
    /// `weighted(...).quantile`). The weights lie over the dimensions that go, or some of them, and are read now. Needs whole columns.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 4.0]);
    /// let weights = DataArray::from_vec(["x"], &[4], vec![1.0, 1.0, 1.0, 1.0]);
    /// assert_eq!(t.weighted(&weights).quantile(0.5, "x").item()?, 2.5);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: impl IntoQuantiles, dims: impl IntoDims) -> DataArray {
        let (at, single) = q.quantiles();
        self.array.or_fail(self.quantiles(&at, single, &dims).map_err(|error| error.context("weighted quantile")))
    }

    #[track_caller]
    fn quantiles(&self, at: &[f64], single: bool, dims: &impl IntoDims) -> Result<DataArray> {
        if let Some(wrong) = at.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(Error::invalid(format!("quantile {wrong} is not between 0 and 1")));
        }
        let axes = dims.axes(self.array.dims())?;
        let names: Vec<String> = axes.iter().map(|&axis| self.array.dims().name(axis).to_string()).collect();
        let Some(&first) = axes.first() else { return Err(Error::invalid("a quantile over no dimension")) };
        if let Some(other) = self.weights.dims().iter().find(|dim| !names.iter().any(|name| name == dim)) {
            return Err(Error::unsupported(format!("weights differ along `{other}`, which stays"))
                .hint("weights of quantiles lie over dimensions that go"));
        }
        let shape: Vec<u64> = axes.iter().map(|&axis| self.array.shape()[axis]).collect();
        let (array, weights, _) = super::align::align(&self.array, &self.weights)?;
        let all = weights.cast(DType::F64).broadcast_to(&Dims::new(&names)?, shape);
        let weights: Arc<[f64]> = super::run::block(&all)?.to_f64()?.into();
        let op = WeightedQuantile { at: at.into(), weights };
        let name = if self.array.dims().contains("quantile") { names[0].clone() } else { "quantile".to_owned() };
        let expr = array.along(axes, AxisOp::WeightedQuantile(op), &name);
        if single {
            return self.array.with_fewer_dims(expr.squeeze(&[first])).checked();
        }
        let order = std::iter::once(first).chain((0..expr.shape().len()).filter(|&a| a != first)).collect();
        let array = self.array.with_fewer_dims(expr.transpose(order));
        array.with_coord("quantile", at.to_vec()).checked()
    }

    #[track_caller]
    fn spread(&self, split: &Split) -> DataArray {
        let values = self.wide();
        let deviations = &values - &self.mean_of(&values, split);
        self.mean_of(&(&deviations * &deviations), split)
    }

    #[track_caller]
    fn mean_of(&self, values: &DataArray, split: &Split) -> DataArray {
        self.total(values, split) / self.present(split)
    }

    /// Σwx. What the weights do not tell apart is summed before it is weighted.
    #[track_caller]
    fn total(&self, values: &DataArray, split: &Split) -> DataArray {
        let summed = if split.first.is_empty() { values.clone() } else { values.sum(split.first.as_slice()) };
        split.last_sum(&(summed * &self.weights))
    }

    /// Σw of what is not missing, with NaN for 0.
    #[track_caller]
    fn present(&self, split: &Split) -> DataArray {
        let present = if split.first.is_empty() {
            self.array.not_missing().cast(DType::F64)
        } else {
            self.array.count(split.first.as_slice())
        };
        let weight = split.last_sum(&(present * &self.weights));
        weight.where_(weight.ne_to(0.0))
    }

    /// The values in a dtype whose sums are f64 (or exact).
    #[track_caller]
    fn wide(&self) -> DataArray {
        match self.array.dtype().kind() {
            Kind::Float | Kind::Bool => self.array.cast(DType::F64),
            _ => self.array.clone(),
        }
    }

    fn split(&self, dims: &impl IntoDims) -> Result<Split> {
        if let Some(error) = self.array.error().or(self.weights.error()) {
            return Err(error.clone());
        }
        let (own, others) = (self.array.dims(), self.weights.dims());
        let all = Dims::new(own.iter().chain(others.iter().filter(|dim| !own.contains(dim))))?;
        let names = dims.axes(&all)?.into_iter().map(|axis| all.name(axis).to_string());
        let (last, first) = names.partition(|name| others.contains(name));
        Ok(Split { first, last })
    }

    /// Name and attributes of the array, and the dtype that array and weights have together.
    #[track_caller]
    fn finished(&self, result: Result<DataArray>) -> DataArray {
        let result = match result {
            Ok(result) if result.error().is_none() => result,
            Ok(failed) => return failed,
            Err(error) => return DataArray::failed(error),
        };
        let together = (&self.array * &self.weights).dtype();
        let result = if together == DType::F32 { result.cast(together) } else { result };
        let result = result.with_attrs(self.array.attrs().clone());
        match self.array.name() {
            Some(name) => result.named(name),
            None => result,
        }
    }
}

/// The dimensions to reduce.
struct Split {
    /// Those that the weights lack.
    first: Vec<String>,
    /// Those that the weights have.
    last: Vec<String>,
}

impl Split {
    #[track_caller]
    fn last_sum(&self, weighted: &DataArray) -> DataArray {
        if self.last.is_empty() { weighted.clone() } else { weighted.sum(self.last.as_slice()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, compute_with};

    const NAN: f64 = f64::NAN;

    fn check(found: &DataArray, dims: &[&str], expected: &[f64]) {
        assert_eq!(found.dims().iter().map(|dim| dim.to_string()).collect::<Vec<_>>(), dims, "{found:?}");
        let found = found.to_f64().unwrap();
        let same = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(same), "{found:?} for {expected:?}");
    }

    fn field() -> DataArray {
        DataArray::from_vec(["t", "y", "x"], &[2, 2, 2], vec![1.0, 2.0, 3.0, NAN, 5.0, 6.0, NAN, NAN]).named("f")
    }

    // Expected values are those of xarray 2026.9.
    #[test]
    fn weights_are_broadcast_by_name_and_missing_values_skipped() {
        let weights = DataArray::from_vec(["y"], &[2], vec![1.0, 3.0]);
        let by_y = field().weighted(&weights);
        check(&by_y.mean(["y", "x"]), &["t"], &[12.0 / 5.0, 5.5]);
        check(&by_y.sum(["y", "x"]), &["t"], &[12.0, 11.0]);
        check(&by_y.sum_of_weights(["y", "x"]), &["t"], &[5.0, 2.0]);
        check(&by_y.mean("y"), &["t", "x"], &[2.5, 2.0, 5.0, 6.0]);
        check(&by_y.sum_of_weights("y"), &["t", "x"], &[4.0, 1.0, 1.0, 1.0]);
        check(&by_y.mean("x"), &["t", "y"], &[1.5, 3.0, 5.5, NAN]);
        check(&by_y.sum("x"), &["t", "y"], &[3.0, 9.0, 11.0, 0.0]);
        check(&by_y.var(["y", "x"]), &["t"], &[(1.4 * 1.4 + 0.4 * 0.4 + 3.0 * 0.36) / 5.0, 0.25]);
        check(&by_y.std(["y", "x"]), &["t"], &[(3.2f64 / 5.0).sqrt(), 0.5]);
        assert_eq!(by_y.mean("x").name(), Some("f"));
    }

    #[test]
    fn weights_of_all_dimensions_or_of_none_of_the_array() {
        let full = DataArray::from_vec(["t", "y", "x"], &[2, 2, 2], vec![0.0, 1.0, 1.0, 9.0, 0.0, 0.0, 1.0, 1.0]);
        check(&field().weighted(&full).mean(["y", "x"]), &["t"], &[2.5, NAN]);
        let other = DataArray::from_vec(["model"], &[2], vec![1.0, 2.0]);
        check(&field().weighted(&other).sum(["model", "t", "y", "x"]), &[], &[51.0]);
    }

    #[test]
    fn dtypes_are_those_of_the_product() {
        let single = DataArray::from_vec(["x"], &[3], vec![1.0f32, 2.0, 4.0]);
        let weights = DataArray::from_vec(["x"], &[3], vec![1.0f32, 1.0, 2.0]);
        assert_eq!(single.weighted(&weights).mean("x").dtype(), DType::F32);
        check(&single.weighted(&weights).mean("x"), &[], &[2.75]);
        let whole = DataArray::from_vec(["x"], &[3], vec![1i32, 2, 4]);
        check(&whole.weighted(&weights.cast(DType::F64)).mean("x"), &[], &[2.75]);
    }

    #[test]
    fn missing_weights_and_wrong_names_are_refused() {
        let weights = DataArray::from_vec(["y"], &[2], vec![1.0, NAN]);
        let error = field().weighted(&weights).mean("y").to_f64().unwrap_err().to_string();
        assert!(error.contains("missing"), "{error}");
        let weights = DataArray::from_vec(["y"], &[2], vec![1.0, 1.0]);
        assert!(field().weighted(&weights).mean("z").error().is_some());
    }

    #[test]
    fn a_weighted_mean_is_one_pass_over_the_data() {
        let weights = DataArray::from_vec(["y"], &[2], vec![1.0, 3.0]);
        let mean = field().weighted(&weights).mean(["y", "x"]);
        let plan = mean.explain().unwrap();
        assert_eq!(plan.matches("over (t, y, x), slowest").count(), 1, "{plan}");
        let context = Context::new(2, crate::MemoryBudget::new(64 << 20)).unwrap();
        assert_eq!(compute_with(&mean, &context).unwrap().0.to_f64().unwrap().len(), 2);
    }
}
