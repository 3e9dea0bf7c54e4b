//! Statistics over the field, along circles of latitude and along meridians.
use crate::base::{DType, Error, Result};
use crate::data::coords::Coord;
use crate::data::{CfRole, DataArray, Weighted};

impl DataArray {
    /// The weights of cells by their area: where the latitudes have bounds (an attribute `bounds` that names a coordinate of two columns),
    /// |sin φ₂ - sin φ₁| (times the width in longitude, if those have bounds too), else the cosine of the latitude (CF conventions 7.1; Snyder,
    /// 1987, Map Projections, p. 87: the area between two parallels is proportional to the difference of their sines). Over the dimensions of the
    /// latitudes, also where those are two.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 4.0]).with_coord("lat", vec![0.0, 60.0]);
    /// let weights = t.area_weights().to_f64()?;
    /// assert!((weights[1] / weights[0] - 0.5).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn area_weights(&self) -> Self {
        self.or_fail(self.areas().map_err(|error| error.context("area_weights")))
    }

    /// The array with the weights of [`DataArray::area_weights`]: `t.area_weighted().std(["lat", "lon"])`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 4.0]).with_coord("lat", vec![0.0, 60.0]);
    /// assert_eq!(t.area_weighted().mean("lat").round(9).item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn area_weighted(&self) -> Weighted {
        self.weighted(&self.area_weights())
    }

    /// The mean over latitudes and longitudes, weighted by area (CDO's `fldmean`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 8.0, 8.0])
    ///     .with_coord("lat", vec![0.0, 60.0]).with_coord("lon", vec![0.0, 180.0]);
    /// assert!((t.field_mean().item()? - (2.0 * 1.0 + 8.0 * 0.5) / 1.5).abs() < 1e-12);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn field_mean(&self) -> Self {
        self.over_field(|weighted, dims| weighted.mean(dims))
    }

    /// The standard deviation over latitudes and longitudes, weighted by area (CDO's `fldstd`). Two passes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 1.0, 4.0, 4.0])
    ///     .with_coord("lat", vec![0.0, 60.0]).with_coord("lon", vec![0.0, 180.0]);
    /// assert!((t.field_std().item()? - 2.0f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn field_std(&self) -> Self {
        self.over_field(|weighted, dims| weighted.std(dims))
    }

    #[track_caller]
    fn over_field(&self, reduce: impl Fn(&Weighted, Vec<String>) -> Self) -> Self {
        let dims = self.dims_of(CfRole::Latitude).and_then(|mut dims| {
            for dim in self.dims_of(CfRole::Longitude)? {
                if !dims.contains(&dim) {
                    dims.push(dim);
                }
            }
            Ok(dims)
        });
        match dims {
            Ok(dims) => reduce(&self.area_weighted(), dims),
            Err(error) => self.fail(error),
        }
    }

    /// The mean along circles of latitude: over the longitudes, all of the same weight (CDO's `zonmean`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 8.0, f64::NAN])
    ///     .with_coord("lat", vec![0.0, 60.0]).with_coord("lon", vec![0.0, 180.0]);
    /// assert_eq!(t.zonal_mean().to_f64()?, [2.0, 8.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn zonal_mean(&self) -> Self {
        match self.dims_of(CfRole::Longitude) {
            Ok(dims) if dims.len() == 1 => self.mean(dims),
            Ok(dims) => self.fail(
                Error::unsupported(format!("longitudes lie over {}: circles of latitude are no axis", dims.join(", ")))
                    .hint("regrid to latitudes and longitudes first"),
            ),
            Err(error) => self.fail(error),
        }
    }

    /// The mean along meridians: over the latitudes, weighted by area (CDO's `mermean`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 3.0, 4.0, 0.0])
    ///     .with_coord("lat", vec![0.0, 60.0]).with_coord("lon", vec![0.0, 180.0]);
    /// assert_eq!(t.meridional_mean().round(9).to_f64()?, [2.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn meridional_mean(&self) -> Self {
        match self.dims_of(CfRole::Latitude) {
            Ok(dims) if dims.len() == 1 => self.area_weighted().mean(dims),
            Ok(dims) => self.fail(
                Error::unsupported(format!("latitudes lie over {}: meridians are no axis", dims.join(", ")))
                    .hint("regrid to latitudes and longitudes first"),
            ),
            Err(error) => self.fail(error),
        }
    }

    /// The coordinate that plays a part by CF.
    pub(in crate::data) fn by_role(&self, role: CfRole) -> Result<&Coord> {
        self.check()?;
        let mut found =
            self.coords().iter().filter(|coord| coord.role() == Some(role) && !coord.variable().dims().is_empty());
        match (found.next(), found.next()) {
            (Some(coord), None) => Ok(coord),
            (None, _) => {
                let names: Vec<&str> = self.coords().names().collect();
                let message = format!("none of the coordinates ({}) is a {role:?} by CF", names.join(", "));
                Err(Error::invalid(message).hint("give it an attribute `units`: degrees_north or degrees_east"))
            }
            (Some(first), Some(second)) if first.is_dimension() != second.is_dimension() => {
                Ok(if first.is_dimension() { first } else { second })
            }
            (Some(first), Some(second)) => {
                Err(Error::invalid(format!("`{}` and `{}` are both a {role:?}", first.name(), second.name()))
                    .hint("drop one of them with `drop_vars`"))
            }
        }
    }

    fn dims_of(&self, role: CfRole) -> Result<Vec<String>> {
        Ok(self.by_role(role)?.variable().dims().iter().map(ToOwned::to_owned).collect())
    }

    #[track_caller]
    fn areas(&self) -> Result<Self> {
        let latitude = self.by_role(CfRole::Latitude)?;
        let plain = || {
            self.coord(latitude.name()).cast(DType::F64).cos_deg().named("area_weights").with_attrs(Default::default())
        };
        let Some(heights) = self.bounds_of(latitude)? else { return plain().checked() };
        let sines = heights.sin_deg();
        let heights = (sines.isel(&last(&sines), 1) - sines.isel(&last(&sines), 0)).abs();
        let widths = match self
            .by_role(CfRole::Longitude)
            .ok()
            .map(|longitude| self.bounds_of(longitude))
            .transpose()?
            .flatten()
        {
            Some(bounds) => (bounds.isel(&last(&bounds), 1) - bounds.isel(&last(&bounds), 0)).abs(),
            None => return heights.named("area_weights").checked(),
        };
        (heights * widths).named("area_weights").checked()
    }

    /// The bounds of a coordinate, if it names them and they are two for every label.
    fn bounds_of(&self, coord: &Coord) -> Result<Option<Self>> {
        let Some(name) = coord.variable().attrs().text("bounds") else { return Ok(None) };
        let Some(bounds) = self.coords().get(name) else { return Ok(None) };
        let fits = coord.variable().dims().len() == 1
            && bounds.variable().shape().last() == Some(&2)
            && bounds.variable().shape().len() == 2;
        if !fits {
            return Ok(None);
        }
        self.coord(name).cast(DType::F64).checked().map(Some)
    }
}

fn last(array: &DataArray) -> String {
    array.dims().iter().last().unwrap_or_default().to_owned()
}
