//! Values nearest to points where latitudes and longitudes have two dimensions: curvilinear grids, swaths.
use super::cf_role::CfRole;
use super::coords::Coord;
use super::index::SphereIndex;
use super::points::{back_in_order, chunk_order, points_in};
use super::{Coords, DataArray};
use crate::base::{Dims, Error, Result};
use crate::compute::pointwise::masked_dtype;

/// Whether latitudes and longitudes are coordinates of two dimensions.
pub(super) fn has_grid(array: &DataArray) -> bool {
    grid(array).is_ok()
}

/// The coordinates of latitude and longitude, over the same dimensions.
pub(super) fn grid(array: &DataArray) -> Result<(Coord, Coord)> {
    let of = |role: CfRole, what: &str| {
        let fits = |coord: &&Coord| coord.role() == Some(role) && coord.variable().dims().len() == 2;
        array.coords().iter().find(fits).cloned().ok_or_else(|| {
            Error::invalid(format!("there is no coordinate of {what} with two dimensions"))
                .hint("on axes of one dimension use `sel_points` or `at_points`")
        })
    };
    let (lat, lon) = (of(CfRole::Latitude, "latitude")?, of(CfRole::Longitude, "longitude")?);
    if lat.variable().dims() != lon.variable().dims() {
        let message = format!(
            "`{}` lies over {:?}, `{}` over {:?}",
            lat.name(),
            lat.variable().dims(),
            lon.name(),
            lon.variable().dims()
        );
        return Err(Error::mismatch(message));
    }
    Ok((lat, lon))
}

impl DataArray {
    /// The values nearest on the sphere to points given by latitudes and longitudes (1-D arrays along one dimension, which replaces those of
    /// the grid), where the latitudes and longitudes of this array are coordinates of two dimensions: ocean grids, swaths, rotated poles.
    /// Points with a missing place are missing. Reads the coordinates; each chunk of values is read once (xarray's
    /// `NDPointIndex`, xoak).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let plane = |values: Vec<f64>| DataArray::from_vec(["y", "x"], &[2, 2], values);
    /// let t = plane(vec![1.0, 2.0, 3.0, 4.0])
    ///     .assign_coords([("lat", &plane(vec![50.0, 51.0, 60.0, 61.0])), ("lon", &plane(vec![0.0, 10.0, 1.0, 11.0]))]);
    /// let at = |values: Vec<f64>| DataArray::from_vec(["station"], &[2], values);
    /// assert_eq!(t.sel_on_grid(&at(vec![60.5, 50.2]), &at(vec![372.0, -1.0])).to_f64()?, [4.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel_on_grid(&self, latitudes: &DataArray, longitudes: &DataArray) -> Self {
        self.or_fail(self.on_grid(latitudes, longitudes).map_err(|error| error.context("sel_on_grid")))
    }

    #[track_caller]
    fn on_grid(&self, latitudes: &DataArray, longitudes: &DataArray) -> Result<Self> {
        self.check()?;
        let (lat, lon) = grid(self)?;
        if latitudes.dims().len() != 1 || latitudes.dims() != longitudes.dims() {
            let message = format!("latitudes over {:?} and longitudes over {:?}", latitudes.dims(), longitudes.dims());
            return Err(Error::mismatch(message).hint("give one of each per point, along one dimension"));
        }
        let index = SphereIndex::new(&lat.values()?.to_f64()?, &lon.values()?.to_f64()?)?;
        let (wanted_lat, wanted_lon) = (latitudes.to_f64()?, longitudes.to_f64()?);
        let over = lat.variable().dims();
        let n_inner = lat.variable().shape()[1] as i64;
        let axes = [self.dims().axis(over.name(0))?, self.dims().axis(over.name(1))?];
        let turned = axes[0] > axes[1];
        let place = |(lat, lon): (&f64, &f64)| match index.nearest(*lat, *lon) {
            Some((number, _)) => {
                let (outer, inner) = (i64::from(number) / n_inner, i64::from(number) % n_inner);
                if turned { vec![inner, outer] } else { vec![outer, inner] }
            }
            None => vec![-1, -1],
        };
        let places: Vec<Vec<i64>> = wanted_lat.iter().zip(&wanted_lon).map(place).collect();
        let on = if turned { vec![axes[1], axes[0]] } else { axes.to_vec() };
        let dim = latitudes.dims().name(0).clone();
        let missing = places.iter().any(|place| place[0] < 0);
        let own = self.variable().expr();
        let own = if missing { own.cast(masked_dtype(own.dtype())?) } else { own.clone() };
        let order = chunk_order(&own, &on, &places);
        let found = back_in_order(points_in(&own, &on, &places, &order, &dim), on[0], &order, &dim);
        let mut array = self.with_values(found).checked()?;
        array.coords = self.coords().filter(|coord| !coord.variable().dims().iter().any(|dim| over.contains(dim)));
        let held: Coords = latitudes.coords().clone();
        held.iter()
            .filter(|coord| coord.variable().dims() == latitudes.dims())
            .for_each(|coord| array.coords.set(coord.clone()));
        for (coord, wanted) in [(&lat, latitudes), (&lon, longitudes)] {
            let variable = wanted.variable().clone().with_attrs(coord.variable().attrs().clone());
            array.coords.set(Coord::new(
                coord.name(),
                variable.with_expr(crate::plan::Expr::constant(Dims::new([&*dim])?, wanted.values()?.block().clone())),
            ));
        }
        Ok(array)
    }
}
