//! Adding and taking away coordinates, attributes and variables.
use std::sync::Arc;

use super::coords::{Coord, Coords};
use super::{Attribute, Attributes, DataArray, Dataset, Variable};
use crate::base::Error;

impl DataArray {
    /// The same array with coordinates added or replaced: arrays over its dimensions, or scalars (xarray's `assign_coords`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// let height = DataArray::from_vec(["x"], &[2], vec![10, 20]);
    /// assert_eq!(t.assign_coords([("height", &height)]).coord("height").to_vec::<i32>()?, [10, 20]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn assign_coords<'a>(&self, coords: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        coords.into_iter().fold(self.clone(), |array, (name, coord)| match coord.error() {
            Some(error) => array.fail(error.clone().context(format!("coordinate `{name}`"))),
            None => array.with_coord_variable(name, coord.variable().clone()),
        })
    }

    /// The same array with attributes set (xarray's `assign_attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.assign_attrs([("units", "K")]).attrs().text("units"), Some("K"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn assign_attrs<K: Into<String>, V: Into<Attribute>>(&self, attrs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut all = self.attrs().clone();
        attrs.into_iter().for_each(|(name, value)| all.set(name, value));
        self.with_attrs(all)
    }

    /// The same array without the named coordinates (xarray's `drop_vars`, `reset_coords(drop=True)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert!(t.drop_vars(["x"]).coords().get("x").is_none());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_vars<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        if let Some(unknown) = names.iter().find(|name| self.coords.get(name).is_none()) {
            return self.fail(Error::unknown_name("coordinate", unknown, self.coords.names()));
        }
        let coords = self.coords.filter(|coord| !names.iter().any(|name| name == coord.name()));
        Self { coords, ..self.clone() }
    }

    /// A dataset of this one variable under its name (`values` if it has none) (xarray's `to_dataset`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.named("t").to_dataset().names().collect::<Vec<_>>(), ["t"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_dataset(&self) -> Dataset {
        let name: Arc<str> = self.name.clone().unwrap_or_else(|| "values".into());
        Dataset::default().rebuilt(vec![(name, self.variable.clone())], self.coords.clone())
    }

    /// A dataset of the array and the named coordinates, which become variables; dimension coordinates stay (xarray's
    /// `reset_coords`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let elevation = DataArray::from_vec(["x"], &[2], vec![120.0, 80.0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").assign_coords([("elevation", &elevation)]);
    /// let dataset = t.reset_coords(["elevation"]);
    /// assert_eq!(dataset.names().collect::<Vec<_>>(), ["t", "elevation"]);
    /// assert_eq!(dataset.var("elevation").to_f64()?, [120.0, 80.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reset_coords<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Dataset {
        self.to_dataset().reset_coords(names)
    }
}

impl Dataset {
    /// The same dataset with variables added or replaced, and their coordinates (xarray's `assign`). A variable that does not fit carries
    /// the mistake.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Dataset};
    /// let t = DataArray::from_vec(["x"], &[2], vec![273.15, 283.15]).named("t").to_dataset();
    /// let t = t.assign([("celsius", &(t.var("t") - 273.15))]);
    /// assert_eq!(t.var("celsius").to_f64()?, [0.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn assign<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        variables.into_iter().fold(self.clone(), |dataset, (name, array)| match dataset.with_var(name, array) {
            Ok(dataset) => dataset,
            Err(error) => dataset.with_failed(name, error),
        })
    }

    /// The same dataset with coordinates added or replaced (xarray's `assign_coords`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let labels = DataArray::from_vec(["x"], &[2], vec![10.0, 20.0]);
    /// assert_eq!(dataset.assign_coords([("x", &labels)]).sel("x", 20.0).var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn assign_coords<'a>(&self, coords: impl IntoIterator<Item = (&'a str, &'a DataArray)>) -> Self {
        let mut dataset = self.clone();
        let sizes = self.dims();
        for (name, coord) in coords {
            if let Some(error) = coord.error() {
                return self.failing(&error.clone().context(format!("coordinate `{name}`")));
            }
            let wrong = coord.dims().iter().zip(coord.shape()).find_map(|(dim, &len)| {
                sizes
                    .iter()
                    .find(|(held, other)| held == dim && *other != len)
                    .map(|(_, other)| (dim.to_owned(), len, *other))
            });
            if let Some((dim, len, other)) = wrong {
                let message = format!("coordinate `{name}` has {len} values along `{dim}`, the dataset {other}");
                return self.failing(&Error::mismatch(message));
            }
            dataset.coords.set(Coord::new(name, coord.variable().clone()));
            dataset = dataset.without_variables(&[name]);
        }
        dataset
    }

    /// The same dataset with attributes set (xarray's `assign_attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.assign_attrs([("title", "x")]).attrs().text("title"), Some("x"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn assign_attrs<K: Into<String>, V: Into<Attribute>>(&self, attrs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut all: Attributes = self.attrs().clone();
        attrs.into_iter().for_each(|(name, value)| all.set(name, value));
        self.with_attrs(all)
    }

    /// The same dataset without the named variables and coordinates (xarray's `drop_vars`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.drop_vars(["t"]).names().count(), 0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_vars<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let known = |name: &String| self.names().any(|held| held == name) || self.coords().get(name).is_some();
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            let all = self.names().chain(self.coords().names());
            return self.failing(&Error::unknown_name("variable or coordinate", unknown, all));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut dataset = self.without_variables(&names);
        dataset.coords = dataset.coords.filter(|coord| !names.contains(&coord.name()));
        dataset
    }

    /// The same dataset without a dimension and everything along it (xarray's `drop_dims`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.drop_dims("x").names().count(), 0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn drop_dims(&self, dim: &str) -> Self {
        let keeps = |variable: &Variable| !variable.dims().contains(dim);
        let variables = self.variables().filter(|(_, v)| keeps(v)).map(|(n, v)| (Arc::from(n), v.clone())).collect();
        self.rebuilt(variables, self.coords().filter(|coord| keeps(coord.variable())))
    }

    /// Named variables become coordinates (xarray's `set_coords`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert!(ds.set_coords(["t"]).coords().get("t").is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn set_coords<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Self {
        let mut dataset = self.clone();
        for name in names {
            let name = name.as_ref();
            let Some((_, variable)) = self.variables().find(|(held, _)| *held == name) else {
                if self.coords().get(name).is_some() {
                    continue;
                }
                return self.failing(&Error::unknown_name("variable", name, self.names()));
            };
            dataset.coords.set(Coord::new(name, variable.clone()));
            dataset = dataset.without_variables(&[name]);
        }
        dataset
    }

    /// Named coordinates become variables (xarray's `reset_coords`). Dimension coordinates cannot.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let elevation = DataArray::from_vec(["x"], &[2], vec![120.0, 80.0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).named("t");
    /// let dataset = t.to_dataset().assign_coords([("elevation", &elevation)]);
    /// assert_eq!(dataset.reset_coords(["elevation"]).names().collect::<Vec<_>>(), ["t", "elevation"]);
    /// assert!(dataset.reset_coords(["x"]).error().is_some());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reset_coords<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Self {
        let mut variables: Vec<(Arc<str>, Variable)> =
            self.variables().map(|(name, variable)| (Arc::from(name), variable.clone())).collect();
        let mut coords: Coords = self.coords().clone();
        for name in names {
            let name = name.as_ref();
            let Some(coord) = self.coords().get(name) else {
                return self.failing(&Error::unknown_name("coordinate", name, self.coords().names()));
            };
            if coord.is_dimension() {
                let message = format!("`{name}` labels its dimension and cannot become a variable");
                return self.failing(&Error::invalid(message).hint("rename the dimension first, or drop the labels"));
            }
            variables.push((name.into(), coord.variable().clone()));
            coords = coords.filter(|held| held.name() != name);
        }
        self.rebuilt(variables, coords)
    }

    /// Calls `change` with the dataset: to keep a chain of calls going (xarray's `pipe`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.pipe(|ds| ds.max("x")).var("t").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn pipe<T>(&self, change: impl FnOnce(&Self) -> T) -> T {
        change(self)
    }

    #[track_caller]
    fn without_variables(&self, names: &[&str]) -> Self {
        let kept = self.variables().filter(|(name, _)| !names.contains(name));
        self.rebuilt(kept.map(|(name, variable)| (Arc::from(name), variable.clone())).collect(), self.coords().clone())
    }
}
