//! Values at points: match-ups with stations, profiles, tracks.
use std::sync::Arc;

use super::cf_role::{CfRole, cf_role};
use super::coords::Coord;
use super::index::Index;
use super::select::{Label, LabelValue, NearSide};
use super::{DataArray, Dataset, Variable};
use crate::base::{Block, DType, Error, Kind, Result};
use crate::compute::pointwise::masked_dtype;
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::Expr;

impl DataArray {
    /// The values nearest to points, each given by a label on several dimensions: 1-D arrays along one dimension, which replaces those of
    /// the labels (xarray's vectorised `sel(lat=..., lon=..., method="nearest")`). Longitudes wrap. Points with a missing label are
    /// missing. Each chunk is read once, whatever the order of the points.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    ///     .with_coord("lat", vec![10.0, 20.0]).with_coord("lon", vec![0.0, 120.0, 240.0]);
    /// let lat = DataArray::from_vec(["station"], &[2], vec![11.0, 19.0]);
    /// let lon = DataArray::from_vec(["station"], &[2], vec![-2.0, 125.0]);
    /// assert_eq!(t.sel_points([("lat", &lat), ("lon", &lon)]).to_f64()?, [1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel_points<'a>(&self, labels: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        let labels: Vec<(&str, DataArray)> = labels.into_iter().map(|(dim, array)| (dim, array.clone())).collect();
        self.or_fail(self.at_labels(&labels, None).map_err(|error| error.context("sel_points")))
    }

    /// As [`DataArray::sel_points`]; points whose nearest label is further away than `tolerance` on any dimension are missing (units of
    /// the labels; counts for times).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0])
    ///     .with_coord("lat", vec![10.0, 20.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let lat = DataArray::from_vec(["station"], &[2], vec![11.0, 14.0]);
    /// let lon = DataArray::from_vec(["station"], &[2], vec![9.0, 0.0]);
    /// assert_eq!(t.sel_points_within([("lat", &lat), ("lon", &lon)], 1.5).fill_missing(-1.0).to_f64()?, [2.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel_points_within<'a>(
        &self,
        labels: impl IntoIterator<Item = (&'a str, &'a DataArray)>,
        tolerance: f64,
    ) -> Self {
        let labels: Vec<(&str, DataArray)> = labels.into_iter().map(|(dim, array)| (dim, array.clone())).collect();
        self.or_fail(self.at_labels(&labels, Some(tolerance)).map_err(|error| error.context("sel_points")))
    }

    /// The values nearest to the points of a table: its variables of latitude, longitude, depth or height and time are found by CF, or
    /// by the names of the dimensions here. See [`DataArray::sel_points`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0])
    ///     .with_coord("lat", vec![10.0, 20.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let lat = DataArray::from_vec(["station"], &[2], vec![11.0, 19.0]).named("lat");
    /// let stations = lat.to_dataset().with_var("lon", &DataArray::from_vec(["station"], &[2], vec![9.0, 1.0]))?;
    /// assert_eq!(t.at_points(&stations).to_f64()?, [2.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at_points(&self, table: &Dataset) -> Self {
        let found = || -> Result<Self> {
            self.check()?;
            let columns: Vec<(String, DataArray)> =
                table.names().chain(table.coords().names()).map(|name| (name.to_owned(), table.var(name))).collect();
            let mut labels: Vec<(&str, DataArray)> = Vec::new();
            for dim in self.dims().iter() {
                let Some(coord) = self.coords().get(dim) else { continue };
                let by_name = columns.iter().find(|(name, _)| name == dim);
                let role = coord.role();
                let by_role = || {
                    let mut same = columns
                        .iter()
                        .filter(|(name, array)| role.is_some() && cf_role(name, array.variable()) == role);
                    same.next().filter(|_| same.next().is_none())
                };
                if let Some((_, column)) = by_name.or_else(by_role) {
                    labels.push((dim, column.clone()));
                }
            }
            if labels.is_empty() && super::points_on_grid::has_grid(self) {
                let of = |role| columns.iter().find(|(name, array)| cf_role(name, array.variable()) == Some(role));
                if let (Some((_, lat)), Some((_, lon))) = (of(CfRole::Latitude), of(CfRole::Longitude)) {
                    return self.sel_on_grid(lat, lon).checked();
                }
            }
            if labels.is_empty() {
                let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Error::invalid(format!(
                    "the table has no column for any of {:?}: {}",
                    self.dims(),
                    names.join(", ")
                ))
                .hint("name them with `sel_points([(\"lat\", &latitudes), ...])`"));
            }
            self.at_labels(&labels, None)
        };
        self.or_fail(found().map_err(|error| error.context("at_points")))
    }

    #[track_caller]
    fn at_labels(&self, labels: &[(&str, DataArray)], tolerance: Option<f64>) -> Result<Self> {
        self.check()?;
        let Some((_, first)) = labels.first() else { return Err(Error::invalid("no labels of points")) };
        let mut on_axes: Vec<(usize, Vec<i64>)> = Vec::new();
        for (dim, array) in labels {
            array.check()?;
            if array.dims().len() != 1 || array.dims() != first.dims() || array.shape() != first.shape() {
                return Err(Error::mismatch(format!(
                    "labels of `{dim}` have the dimensions {:?} {:?}, the first ones {:?} {:?}",
                    array.dims(),
                    array.shape(),
                    first.dims(),
                    first.shape()
                ))
                .hint("give one label per point on each dimension, along one dimension"));
            }
            let axis = self.dims().axis(dim)?;
            let index = self.labels(dim)?.index()?;
            on_axes
                .push((axis, nearest(dim, &index, &self.labels(dim)?.values()?, array.values()?.block(), tolerance)?));
        }
        on_axes.sort_by_key(|(axis, _)| *axis);
        if on_axes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid("a dimension was named twice"));
        }
        let axes: Vec<usize> = on_axes.iter().map(|(axis, _)| *axis).collect();
        let n = first.shape()[0] as usize;
        let place = |point: usize| -> Vec<i64> { on_axes.iter().map(|(_, places)| places[point]).collect() };
        let points: Vec<Vec<i64>> = (0..n).map(place).collect();
        let dim = first.dims().name(0).clone();
        let missing = points.iter().flatten().any(|&at| at < 0);
        let gone: Vec<String> = axes.iter().map(|&axis| self.dims().name(axis).to_string()).collect();
        let pick = |expr: &Expr, reorder: bool| -> Result<Expr> {
            let own: Vec<(usize, usize)> = gone
                .iter()
                .enumerate()
                .filter_map(|(k, name)| expr.dims().position(name).map(|axis| (axis, k)))
                .collect();
            if own.is_empty() {
                return Ok(expr.clone());
            }
            let mut own = own;
            own.sort_unstable();
            let expr = if missing { expr.cast(masked_dtype(expr.dtype())?) } else { expr.clone() };
            Ok(picked(&expr, &own, &points, &dim, reorder))
        };
        let expr = pick(self.variable().expr(), true)?;
        let mut array = self.with_values(expr).checked()?;
        array.coords = super::Coords::default();
        for coord in self.coords().iter() {
            let touched = coord.variable().dims().iter().any(|name| gone.iter().any(|held| held == name));
            if !touched {
                array.coords.set(coord.clone());
                continue;
            }
            if coord.variable().expr().size() > 1 << 24 {
                continue;
            }
            let block = coord.values()?;
            let expr = pick(&Expr::constant(coord.variable().dims().clone(), block), false)?;
            array
                .coords
                .set(Coord::new(coord.name(), coord.variable().with_expr(super::run::folded(&expr).unwrap_or(expr))));
        }
        // The label of the points themselves, if they have one.
        if let Some(own) = first.coords().get(&dim) {
            array.coords.set(own.clone());
        }
        Ok(array)
    }
}

/// Points in the order of the chunks they lie in, brought into their own order when they are there.
#[track_caller]
fn picked(expr: &Expr, axes: &[(usize, usize)], points: &[Vec<i64>], dim: &str, reorder: bool) -> Expr {
    let on: Vec<usize> = axes.iter().map(|(axis, _)| *axis).collect();
    let places: Vec<Vec<i64>> = points.iter().map(|point| axes.iter().map(|(_, k)| point[*k]).collect()).collect();
    let order = if reorder { chunk_order(expr, &on, &places) } else { (0..points.len()).collect() };
    let found = points_in(expr, &on, &places, &order, dim);
    back_in_order(found, on[0], &order, dim)
}

/// The numbers of points in the order of the chunks they lie in.
pub(super) fn chunk_order(expr: &Expr, on: &[usize], places: &[Vec<i64>]) -> Vec<usize> {
    let chunk = |place: &Vec<i64>| -> Vec<u64> {
        place.iter().zip(on).map(|(&at, &axis)| expr.grid().axes()[axis].chunk_of(at.max(0) as u64)).collect()
    };
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_cached_key(|&point| chunk(&places[point]));
    order
}

/// The values at points, taken in an order.
#[track_caller]
pub(super) fn points_in(expr: &Expr, on: &[usize], places: &[Vec<i64>], order: &[usize], dim: &str) -> Expr {
    let sorted: Arc<[i64]> = order.iter().flat_map(|&point| places[point].iter().copied()).collect();
    expr.points(on.to_vec(), sorted, dim)
}

/// Values that were taken in an order along an axis, in their own order.
#[track_caller]
pub(super) fn back_in_order(found: Expr, axis: usize, order: &[usize], dim: &str) -> Expr {
    if order.is_sorted() {
        return found;
    }
    let mut back = vec![0i64; order.len()];
    for (position, &point) in order.iter().enumerate() {
        back[point] = position as i64;
    }
    // A reduction over nothing ends the pass: every chunk is read once, and the values are put in order in memory.
    let together =
        found.reduce(vec![], ReduceOp::First, ReduceOptions { skip_missing: false, ..ReduceOptions::default() });
    together.take(axis, back.into(), dim)
}

/// The position nearest to each label; -1 for missing labels and those too far away.
fn nearest(dim: &str, index: &Index, held: &Block, wanted: &Block, tolerance: Option<f64>) -> Result<Vec<i64>> {
    let n = wanted.len();
    let wanted = wanted.contiguous()?;
    let mut values: Vec<Option<LabelValue>> = Vec::with_capacity(n);
    match (wanted.dtype(), wanted.text()) {
        (DType::Time { unit, calendar }, _) => {
            let value = |&count: &i64| (count != i64::MIN).then_some(LabelValue::Time { count, unit, calendar });
            values.extend(wanted.values::<i64>()?.iter().map(value));
        }
        (_, Some(_)) => {
            return Err(Error::dtype(format!("labels of `{dim}` are strings, nearest needs numbers or times")));
        }
        (dtype, None) if dtype.kind() == Kind::Integer && index.dtype().is_integer() => {
            values.extend(wanted.to_f64()?.iter().map(|v| Some(LabelValue::Integer(*v as i64))));
        }
        _ => values.extend(wanted.to_f64()?.iter().map(|v| v.is_finite().then_some(LabelValue::Float(*v)))),
    }
    let present: Vec<LabelValue> = values.iter().flatten().cloned().collect();
    if present.is_empty() {
        return Ok(vec![-1; n]);
    }
    let near = Label::Near { to: Box::new(Label::List(present)), tolerance: None, side: NearSide::Either };
    let mut found = index.locate(&near)?.to_vec().into_iter();
    let mut places: Vec<i64> =
        values.iter().map(|value| value.as_ref().and_then(|_| found.next()).map_or(-1, |at| at as i64)).collect();
    if let Some(most) = tolerance {
        let (own, theirs) = (held.to_f64()?, wanted.to_f64()?);
        let scale = match (held.dtype(), wanted.dtype()) {
            (DType::Time { unit: a, .. }, DType::Time { unit: b, .. }) => a.per_second() as f64 / b.per_second() as f64,
            _ => 1.0,
        };
        for (place, label) in places.iter_mut().zip(theirs) {
            let Some(at) = usize::try_from(*place).ok() else { continue };
            let mut distance = (own[at] - label * scale).abs();
            if index.is_cyclic() {
                distance = (distance % 360.0).min(360.0 - distance % 360.0);
            }
            if distance > most {
                *place = -1;
            }
        }
    }
    Ok(places)
}

impl Dataset {
    /// Every variable at points; see [`DataArray::at_points`]. Variables without any of the dimensions stay as they are.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0])
    ///     .with_coord("lat", vec![10.0, 20.0]).with_coord("lon", vec![0.0, 10.0]);
    /// let lat = DataArray::from_vec(["station"], &[1], vec![19.0]).named("lat");
    /// let stations = lat.to_dataset().with_var("lon", &DataArray::from_vec(["station"], &[1], vec![1.0]))?;
    /// assert_eq!(t.named("t").to_dataset().at_points(&stations).var("t").to_f64()?, [3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at_points(&self, table: &Dataset) -> Self {
        self.map(|array| {
            let labelled = array.dims().iter().any(|dim| array.coords().get(dim).is_some());
            if labelled { array.at_points(table) } else { array.clone() }
        })
    }
}

/// A table of columns for [`DataArray::at_points`], from arrays of one dimension.
impl FromIterator<(String, DataArray)> for Dataset {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (String, DataArray)>>(columns: I) -> Self {
        let variables: Vec<(Arc<str>, Variable)> =
            columns.into_iter().map(|(name, array)| (Arc::from(name), array.variable().clone())).collect();
        Dataset::default().rebuilt(variables, super::Coords::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Dims;

    #[test]
    fn a_table_is_matched_by_role() {
        let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1, 2, 3, 4])
            .with_coord("lat", vec![0.0, 10.0])
            .with_coord("lon", vec![0.0, 20.0]);
        let column = |values: Vec<f64>| DataArray::from_vec(["row"], &[values.len()], values);
        let table: Dataset = [
            ("latitude".to_owned(), column(vec![9.0, 1.0, f64::NAN])),
            ("longitude".to_owned(), column(vec![19.0, 18.0, 3.0])),
            ("depth".to_owned(), column(vec![1.0, 2.0, 3.0])),
        ]
        .into_iter()
        .collect();
        let found = t.at_points(&table).to_f64().unwrap();
        assert_eq!(found[..2], [4.0, 2.0]);
        assert!(found[2].is_nan());
        let dims = Dims::new(["row"]).unwrap();
        assert_eq!(t.at_points(&table).dims(), &dims);
    }
}
