//! Coordinates: variables that label an array. Their values are read once, on first use, and then kept.
use std::sync::{Arc, OnceLock};

use super::cf_role::{CfRole, cf_role};
use super::index::{Index, IndexHints};
use super::{Variable, run};
use crate::base::{Block, Error, Result};

/// One coordinate. Cheap to clone; clones share the values once they are read.
#[derive(Debug, Clone)]
pub struct Coord {
    name: Arc<str>,
    variable: Variable,
    cyclic: bool,
    loaded: Arc<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    values: OnceLock<Result<Block>>,
    index: OnceLock<Result<Arc<Index>>>,
}

impl Coord {
    #[track_caller]
    pub(super) fn new(name: impl Into<Arc<str>>, variable: Variable) -> Self {
        let name = name.into();
        let cyclic = cf_role(&name, &variable) == Some(CfRole::Longitude);
        Self { name, variable, cyclic, loaded: Arc::default() }
    }

    /// The name.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.coords().get("lat").map(|coord| coord.name()), Some("lat"));
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lazy variable.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0f32, 20.0]);
    /// let lat = t.coords().get("lat").unwrap();
    /// assert_eq!((lat.variable().dtype(), lat.variable().shape()), (DType::F32, &[2u64][..]));
    /// ```
    pub fn variable(&self) -> &Variable {
        &self.variable
    }

    /// The part it plays by CF: latitude, longitude, vertical, time.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_cube::data::CfRole;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.coords().get("lat").unwrap().role(), Some(CfRole::Latitude));
    /// ```
    pub fn role(&self) -> Option<CfRole> {
        cf_role(&self.name, &self.variable)
    }

    /// Whether it is a dimension coordinate: 1-D and named as its dimension.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let elevation = DataArray::from_vec(["x"], &[2], vec![120.0, 80.0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).assign_coords([("elevation", &elevation)]);
    /// let held: Vec<_> = t.coords().iter().map(|coord| (coord.name(), coord.is_dimension())).collect();
    /// assert_eq!(held, [("x", true), ("elevation", false)]);
    /// ```
    pub fn is_dimension(&self) -> bool {
        self.variable.dims().len() == 1 && **self.variable.dims().name(0) == *self.name
    }

    /// The values, read on first use.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.coords().get("lat").unwrap().values()?.values::<f64>()?, [10.0, 20.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If they cannot be read; the error names the coordinate.
    pub fn values(&self) -> Result<Block> {
        let read = || run::block(self.variable.expr()).map_err(|e| e.context(format!("coordinate `{}`", self.name)));
        self.loaded.values.get_or_init(read).clone()
    }

    /// The values if they are in memory already; reads nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.coords().get("lat").unwrap().loaded().unwrap().to_f64()?, [10.0, 20.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn loaded(&self) -> Option<Block> {
        if let crate::plan::Op::Constant(block) = self.variable.expr().op() {
            return Some(block.clone());
        }
        self.loaded.values.get().and_then(|values| values.clone().ok())
    }

    /// The index over the values, built on first use.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![20.0, 10.0]);
    /// let index = t.coords().get("lat").unwrap().index()?;
    /// assert_eq!((index.len(), index.is_descending()), (2, true));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If this is not 1-D or its values cannot be read.
    pub fn index(&self) -> Result<Arc<Index>> {
        let build = || {
            if self.variable.dims().len() != 1 {
                let message = format!(
                    "coordinate `{}` has {} dimensions, labels need one",
                    self.name,
                    self.variable.dims().len()
                );
                return Err(Error::unsupported(message).hint("select by position with `isel`"));
            }
            let hints = IndexHints { is_longitude: self.cyclic };
            Index::build(&self.name, &self.values()?, hints).map(Arc::new)
        };
        self.loaded.index.get_or_init(build).clone()
    }

    /// The same coordinate without the wrap of longitudes.
    #[track_caller]
    pub(super) fn not_cyclic(&self) -> Self {
        Self { name: self.name.clone(), variable: self.variable.clone(), cyclic: false, loaded: Arc::default() }
    }

    /// The coordinate of a selection: values that are in memory stay there.
    #[track_caller]
    pub(super) fn with_expr(&self, change: impl FnOnce(&crate::plan::Expr) -> crate::plan::Expr) -> Self {
        let held = self.loaded().filter(|_| self.variable.error().is_none());
        let from = held.map(|block| crate::plan::Expr::constant(self.variable.dims().clone(), block));
        let expr = change(from.as_ref().unwrap_or(self.variable.expr()));
        // What was in memory is made small at once, so that chains of selections do not pile up.
        let expr = match (&from, expr.error()) {
            (Some(_), None) => super::run::folded(&expr).unwrap_or(expr),
            _ => expr,
        };
        if expr.id() == self.variable.expr().id() {
            return self.clone();
        }
        Self {
            name: self.name.clone(),
            variable: self.variable.with_expr(expr),
            cyclic: self.cyclic,
            loaded: Arc::default(),
        }
    }

    /// Whether two coordinates are the same node, or share their values: equal without reading anything.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.variable.expr().id() == other.variable.expr().id() || Arc::ptr_eq(&self.loaded, &other.loaded)
    }
}

/// Coordinates by name, in order. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Coords(Arc<Vec<Coord>>);

impl Coords {
    /// The coordinate of a name; `None` if there is none.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert!(t.coords().get("lat").is_some() && t.coords().get("lon").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<&Coord> {
        self.0.iter().find(|coord| &*coord.name == name)
    }

    /// All coordinates in order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).with_coord("y", vec![5]).with_coord("x", vec![0, 1]);
    /// let lengths: Vec<u64> = t.coords().iter().map(|coord| coord.variable().shape()[0]).collect();
    /// assert_eq!(lengths, [1, 2]);
    /// ```
    #[track_caller]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Coord> {
        self.0.iter()
    }

    /// The names in order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).with_coord("y", vec![5]).with_coord("x", vec![0, 1]);
    /// assert_eq!(t.coords().names().collect::<Vec<_>>(), ["y", "x"]);
    /// ```
    #[track_caller]
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|coord| &*coord.name)
    }

    /// The number of coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]);
    /// assert_eq!(t.coords().len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// assert!(t.coords().is_empty() && !t.with_coord("x", vec![0, 1]).coords().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The coordinate that plays a part by CF along the given dimensions, if exactly one does.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_cube::data::CfRole;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.coords().by_role(CfRole::Latitude).unwrap().name(), "lat");
    /// assert!(t.coords().by_role(CfRole::Longitude).is_none());
    /// ```
    pub fn by_role(&self, role: CfRole) -> Option<&Coord> {
        let mut found = self.0.iter().filter(|coord| coord.role() == Some(role));
        found.next().filter(|_| found.next().is_none())
    }

    pub(super) fn set(&mut self, coord: Coord) {
        let list = Arc::make_mut(&mut self.0);
        match list.iter_mut().find(|held| held.name == coord.name) {
            Some(held) => *held = coord,
            None => list.push(coord),
        }
    }

    #[track_caller]
    pub(super) fn map(&self, change: impl FnMut(&Coord) -> Coord) -> Self {
        Self(Arc::new(self.0.iter().map(change).collect()))
    }

    #[track_caller]
    pub(super) fn filter(&self, mut keep: impl FnMut(&Coord) -> bool) -> Self {
        Self(Arc::new(self.0.iter().filter(|coord| keep(coord)).cloned().collect()))
    }
}

impl FromIterator<Coord> for Coords {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = Coord>>(iter: I) -> Self {
        let mut coords = Self::default();
        iter.into_iter().for_each(|coord| coords.set(coord));
        coords
    }
}
