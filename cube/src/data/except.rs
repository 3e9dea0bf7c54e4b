//! All but some positions; positions where something holds; points by position.
use std::sync::Arc;

use super::positions::{IntoPosition, Positions};
use super::select::IntoLabel;
use super::{DataArray, Dataset};
use crate::base::{Error, ErrorKind, Result};

impl DataArray {
    /// All positions of a dimension but some: what `isel` would take (xarray's `drop_isel`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1, 2, 3, 4]).with_coord("x", vec![10, 20, 30, 40]);
    /// assert_eq!(t.drop_isel("x", [0, -1]).to_vec::<i32>()?, [2, 3]);
    /// assert_eq!(t.drop_sel("x", 20).to_vec::<i32>()?, [1, 3, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_isel(&self, dim: &str, position: impl IntoPosition) -> Self {
        let position = position.into_position();
        self.all_but(dim, |len| position.resolve(dim, len))
    }

    /// All labels of a dimension but some: what `sel` would take (xarray's `drop_sel`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.drop_sel("x", [2.0, 3.0]).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_sel(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.all_but(dim, |_| self.labels(dim)?.index()?.locate(&label))
    }

    #[track_caller]
    fn all_but(&self, dim: &str, find: impl FnOnce(u64) -> Result<Positions>) -> Self {
        let kept = || -> Result<Vec<i64>> {
            self.check()?;
            let len = self.shape()[self.dims().axis(dim)?];
            let mut goes = vec![false; len as usize];
            let mut mark = |position: u64| {
                if let Some(gone) = goes.get_mut(position as usize) {
                    *gone = true;
                }
            };
            match find(len)? {
                Positions::Scalar(position) => mark(position),
                Positions::Range(range) => range.iter().for_each(&mut mark),
                Positions::Wrapped(ranges) => ranges.iter().for_each(|range| range.iter().for_each(&mut mark)),
                Positions::List(list) => list.iter().copied().for_each(&mut mark),
            }
            let kept: Vec<i64> = (0..len as i64).filter(|&position| !goes[position as usize]).collect();
            if kept.is_empty() {
                Err(Error::new(ErrorKind::Empty, format!("nothing is left of `{dim}`")))
            } else {
                Ok(kept)
            }
        };
        match kept() {
            Ok(kept) => self.isel(dim, kept),
            Err(error) => self.fail(error),
        }
    }

    /// The values where `condition` holds, else missing, cut to the positions at which it holds anywhere (xarray's `where(drop=True)`).
    /// Computes the condition: a terminal call.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 3], vec![1.0, 2.0, 9.0, 4.0, 8.0, 9.0]);
    /// assert_eq!(t.where_drop(t.gt(7.0))?.fillna(0.0).to_f64()?, [0.0, 9.0, 8.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `compute`, or if the condition holds nowhere.
    #[track_caller]
    pub fn where_drop(&self, condition: impl std::borrow::Borrow<DataArray>) -> Result<Self> {
        let condition = condition.borrow();
        let mut array = self.where_(condition).checked()?;
        for dim in condition.dims().iter().filter(|dim| self.dims().contains(dim)) {
            let others: Vec<&str> = condition.dims().iter().filter(|other| *other != dim).collect();
            let holds = if others.is_empty() { condition.clone() } else { condition.any(others) };
            let holds = holds.to_vec::<u8>()?;
            let kept: Vec<i64> = (0..holds.len()).filter(|&i| holds[i] == 1).map(|i| i as i64).collect();
            if kept.is_empty() {
                return Err(Error::new(ErrorKind::Empty, "the condition holds nowhere"));
            }
            if kept.len() < holds.len() {
                array = array.isel(dim, kept);
            }
        }
        array.checked()
    }

    /// The values at points, each given by a position on several dimensions: 1-D arrays of integers along one dimension, which replaces those
    /// (xarray's vectorised `isel(lat=..., lon=...)`). Negative positions count from the end.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 3], vec![1, 2, 3, 4, 5, 6]);
    /// let (y, x) = (DataArray::from_vec(["p"], &[2], vec![0, -1]), DataArray::from_vec(["p"], &[2], vec![2, 0]));
    /// assert_eq!(t.isel_points([("y", &y), ("x", &x)]).to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isel_points<'a>(&self, positions: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        let positions: Vec<(&str, &DataArray)> = positions.into_iter().collect();
        self.or_fail(self.at_places(&positions).map_err(|error| error.context("isel_points")))
    }

    #[track_caller]
    fn at_places(&self, positions: &[(&str, &DataArray)]) -> Result<Self> {
        self.check()?;
        let mut plain = self.clone();
        let mut numbered: Vec<(&str, DataArray)> = Vec::new();
        for (dim, places) in positions {
            let len = self.shape()[self.dims().axis(dim)?] as i64;
            let held = places.to_f64()?;
            let inside = |place: &f64| {
                let at = *place as i64;
                let at = if at < 0 { at + len } else { at };
                let fits = place.fract() == 0.0 && (0..len).contains(&at);
                if fits {
                    Ok(at as f64)
                } else {
                    Err(Error::invalid(format!("position {place} of `{dim}`, which has {len}")))
                }
            };
            let held = held.iter().map(inside).collect::<Result<Vec<f64>>>()?;
            // Positions as labels: the nearest label is the position itself.
            plain = plain.with_coord(dim, (0..len).map(|i| i as f64).collect()).not_cyclic();
            let names: Vec<&str> = places.dims().iter().collect();
            let shape: Vec<usize> = places.shape().iter().map(|n| *n as usize).collect();
            numbered.push((dim, DataArray::from_vec(names, &shape, held)));
        }
        let mut found = plain.sel_points(numbered.iter().map(|(dim, places)| (*dim, places))).checked()?;
        // The labels that the positions had.
        let Some((_, first)) = positions.first() else { return Err(Error::invalid("no positions of points")) };
        let along = first.dims().name(0).clone();
        for (dim, places) in &numbered {
            found = match self.coords().get(dim) {
                Some(coord) => {
                    let places: Arc<[i64]> = places.to_f64()?.iter().map(|place| *place as i64).collect();
                    let labels = coord.values()?.take(0, &places)?;
                    let labels = DataArray::from_block([&*along], labels).with_attrs(coord.variable().attrs().clone());
                    found.assign_coords([(*dim, &labels)])
                }
                None => Self { coords: found.coords.filter(|coord| coord.name() != *dim), ..found },
            };
        }
        found.checked()
    }

    /// Without its attributes, and those of its coordinates (xarray's `drop_attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").drop_attrs();
    /// assert!(t.attrs().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_attrs(&self) -> Self {
        let bare =
            |coord: &super::Coord| super::Coord::new(coord.name(), coord.variable().with_attrs(Default::default()));
        Self { coords: self.coords.map(bare), ..self.with_attrs(Default::default()) }
    }

    /// Zeros over the same dims and labels, of the same dtype (xarray's `zeros_like`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.zeros_like().to_f64()?, [0.0; 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn zeros_like(&self) -> Self {
        self.full_like(0)
    }

    /// Ones over the same dims and labels, of the same dtype (xarray's `ones_like`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.ones_like().to_f64()?, [1.0; 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ones_like(&self) -> Self {
        self.full_like(1)
    }
}

impl Dataset {
    /// All positions of a dimension but some; see [`DataArray::drop_isel`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.drop_isel("x", 1).var("t").to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_isel(&self, dim: &str, position: impl IntoPosition) -> Self {
        let position = position.into_position();
        self.each_along(dim, |array| array.drop_isel(dim, position.clone()))
    }

    /// All labels of a dimension but some; see [`DataArray::drop_sel`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![10, 20, 30]).named("t").to_dataset();
    /// assert_eq!(dataset.drop_sel("x", 20).var("t").to_f64()?, [1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_sel(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.each_along(dim, |array| array.drop_sel(dim, label.clone()))
    }

    /// The variables whose attributes have these values (xarray's `filter_by_attrs`): `ds.filter_by_attrs([("standard_name",
    /// "air_temperature")])`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").named("t");
    /// let ds = t.to_dataset().assign([("p", &t.with_attr("units", "Pa"))]);
    /// assert_eq!(ds.filter_by_attrs([("units", "Pa")]).names().collect::<Vec<_>>(), ["p"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn filter_by_attrs<'a>(&self, attrs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let wanted: Vec<(&str, &str)> = attrs.into_iter().collect();
        let fits = |variable: &super::Variable| {
            wanted.iter().all(|(name, value)| variable.attrs().get(name).is_some_and(|held| held.to_string() == *value))
        };
        let names: Vec<&str> = self.variables().filter(|(_, variable)| fits(variable)).map(|(name, _)| name).collect();
        self.or_failing(self.select(&names))
    }

    /// Without the attributes of the whole, its variables and coordinates (xarray's `drop_attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").named("t").to_dataset();
    /// assert!(dataset.assign_attrs([("title", "a run")]).drop_attrs().attrs().is_empty());
    /// assert!(dataset.drop_attrs().var("t").attrs().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_attrs(&self) -> Self {
        self.map(DataArray::drop_attrs).with_attrs(Default::default())
    }
}
