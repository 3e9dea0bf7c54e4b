//! Other names for dimensions, coordinates and variables.
use std::sync::Arc;

use super::coords::{Coord, Coords};
use super::{DataArray, Dataset};
use crate::base::{Dims, Error, Result};
use crate::plan::Expr;

/// Old and new names.
type Pairs = Vec<(String, String)>;

fn pairs<A: AsRef<str>, B: AsRef<str>>(names: impl IntoIterator<Item = (A, B)>) -> Pairs {
    names.into_iter().map(|(old, new)| (old.as_ref().to_owned(), new.as_ref().to_owned())).collect()
}

fn renamed<'a>(name: &'a str, pairs: &'a Pairs) -> &'a str {
    pairs.iter().find(|(old, _)| old == name).map_or(name, |(_, new)| new)
}

fn dims_renamed(dims: &Dims, pairs: &Pairs) -> Result<Dims> {
    Dims::new(dims.iter().map(|name| renamed(name, pairs)))
}

#[track_caller]
fn expr_renamed(expr: &Expr, pairs: &Pairs) -> Expr {
    match dims_renamed(expr.dims(), pairs) {
        Ok(dims) => expr.rename(dims),
        Err(error) => Expr::failed(error),
    }
}

impl Coords {
    /// Other names for coordinates, and for dimensions.
    #[track_caller]
    fn renamed(&self, names: &Pairs, dims: &Pairs) -> Self {
        self.map(|coord| {
            let name = renamed(coord.name(), names);
            let moved = coord.with_expr(|expr| expr_renamed(expr, dims));
            if name == coord.name() && moved.variable().expr().id() == coord.variable().expr().id() {
                return coord.clone();
            }
            Coord::new(name, moved.variable().clone())
        })
    }
}

impl DataArray {
    /// Other names for dimensions and coordinates; a dimension and its coordinate change together (xarray's `rename` with a dict; for
    /// the name of the array itself see [`DataArray::named`]).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[2], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]);
    /// assert_eq!(t.rename([("lat", "y")]).sel("y", 20.0).item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rename<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        let pairs = pairs(names);
        self.with_names(&pairs, &pairs, |name| self.dims().contains(name) || self.coords.get(name).is_some())
    }

    /// Another dimension coordinate for a dimension: `("x", "station")` makes the coordinate `station` along `x` the labels of the
    /// dimension, which takes its name (xarray's `swap_dims`). A name without coordinate renames the dimension only.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1, 2]).assign_coords([("km", &DataArray::from_vec(["x"], &[2], vec![5.0, 9.0]))]);
    /// assert_eq!(t.swap_dims([("x", "km")]).sel("km", 9.0).to_vec::<i32>()?, [2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn swap_dims<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        let pairs = pairs(names);
        if let Some(error) = bad_swap(&self.coords, &pairs) {
            return self.fail(error);
        }
        self.with_names(&Vec::new(), &pairs, |name| self.dims().contains(name))
    }

    #[track_caller]
    fn with_names(&self, names: &Pairs, dims: &Pairs, known: impl Fn(&str) -> bool) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        if let Some((old, _)) = dims.iter().find(|(old, _)| !known(old)) {
            let all = self.dims().iter().chain(self.coords.names());
            return self.fail(Error::unknown_name("dimension or coordinate", old, all));
        }
        let expr = expr_renamed(self.variable.expr(), dims);
        if let Some(error) = expr.error() {
            return self.fail(error.clone());
        }
        let coords = self.coords.renamed(names, dims);
        Self { name: self.name.clone(), variable: self.variable.with_expr(expr), coords }
    }
}

/// A coordinate that takes over a dimension must lie along it.
fn bad_swap(coords: &Coords, pairs: &Pairs) -> Option<Error> {
    pairs.iter().find_map(|(old, new)| {
        let coord = coords.get(new)?;
        let along = coord.variable().dims();
        let fits = along.len() == 1 && (&**along.name(0) == old.as_str() || &**along.name(0) == new.as_str());
        (!fits).then(|| {
            Error::invalid(format!("`{new}` has the dimensions {along:?} and cannot take over `{old}`"))
                .hint("only a 1-D coordinate along the dimension can")
        })
    })
}

impl Dataset {
    /// Other names for variables, coordinates and dimensions (xarray's `rename`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.rename([("t", "temperature"), ("x", "y")]).var("temperature").dims().iter().collect::<Vec<_>>(), ["y"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rename<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        let pairs = pairs(names);
        self.with_names(&pairs, &pairs)
    }

    /// Other names for dimensions only (xarray's `rename_dims`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rename_dims([("x", "lon")]).dims(), [("lon".to_owned(), 2)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rename_dims<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        self.with_names(&Vec::new(), &pairs(names))
    }

    /// Other names for variables and coordinates only (xarray's `rename_vars`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.rename_vars([("t", "s")]).names().collect::<Vec<_>>(), ["s"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rename_vars<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        self.with_names(&pairs(names), &Vec::new())
    }

    /// Other dimension coordinates: see [`DataArray::swap_dims`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let height = DataArray::from_vec(["level"], &[2], vec![100.0, 200.0]);
    /// let dataset = DataArray::from_vec(["level"], &[2], vec![1.0, 2.0]).named("t").assign_coords([("height", &height)]).to_dataset();
    /// assert_eq!(dataset.swap_dims([("level", "height")]).sel("height", 200.0).var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn swap_dims<A: AsRef<str>, B: AsRef<str>>(&self, names: impl IntoIterator<Item = (A, B)>) -> Self {
        let pairs = pairs(names);
        match bad_swap(self.coords(), &pairs) {
            Some(error) => self.failing(&error),
            None => self.with_names(&Vec::new(), &pairs),
        }
    }

    #[track_caller]
    fn with_names(&self, names: &Pairs, dims: &Pairs) -> Self {
        let sizes = self.dims();
        let is_name = |name: &str| self.names().any(|held| held == name) || self.coords().get(name).is_some();
        let is_dim = |name: &str| sizes.iter().any(|(dim, _)| dim == name);
        // In `rename` a name may stand for either.
        let both = names.len() == dims.len();
        let unknown = names.iter().find(|(old, _)| !(is_name(old) || both && is_dim(old)));
        let unknown = unknown.or_else(|| dims.iter().find(|(old, _)| !(is_dim(old) || both && is_name(old))));
        if let Some((old, _)) = unknown {
            let known = self.names().chain(self.coords().names()).chain(sizes.iter().map(|(dim, _)| dim.as_str()));
            return self.failing(&Error::unknown_name("variable, coordinate or dimension", old, known));
        }
        let variables = self
            .variables()
            .map(|(name, variable)| {
                (Arc::from(renamed(name, names)), variable.with_expr(expr_renamed(variable.expr(), dims)))
            })
            .collect();
        self.rebuilt(variables, self.coords().renamed(names, dims))
    }
}
