//! Variables that share dimensions and coordinates.
use std::panic::Location;
use std::sync::Arc;

use super::coords::{Coord, Coords};
use super::index::AxisMatch;
use super::{Attributes, DataArray, Variable};
use crate::base::{Error, Result};
use crate::plan::Expr;

/// Lazy variables that share dimensions, coordinates and attributes (xarray's `Dataset`). Cheap to clone, `Send + Sync`.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    pub(super) variables: Arc<Vec<(Arc<str>, Variable)>>,
    pub(super) coords: Coords,
    pub(super) attrs: Attributes,
}

impl Dataset {
    /// A dataset from variables, of which those named in `coords`, and those that are 1-D and named as their dimension, are coordinates.
    ///
    /// ```
    /// use terracube_cube::{Attributes, DataArray, Dataset};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).variable().clone();
    /// let x = DataArray::from_vec(["x"], &[2], vec![10.0, 20.0]).variable().clone();
    /// let dataset = Dataset::new([("t".to_owned(), t), ("x".to_owned(), x)], [], Attributes::new())?;
    /// assert_eq!(dataset.names().collect::<Vec<_>>(), ["t"]);
    /// assert_eq!(dataset.sel("x", 20.0).var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If two variables disagree on the length of a dimension, or a name stands twice.
    #[track_caller]
    pub fn new<'a>(
        variables: impl IntoIterator<Item = (String, Variable)>,
        coords: impl IntoIterator<Item = &'a str>,
        attrs: Attributes,
    ) -> Result<Self> {
        let named: Vec<&str> = coords.into_iter().collect();
        let mut dataset = Self { attrs, ..Self::default() };
        let mut data: Vec<(Arc<str>, Variable)> = Vec::new();
        for (name, variable) in variables {
            if data.iter().any(|(held, _)| **held == *name) || dataset.coords.get(&name).is_some() {
                return Err(Error::invalid(format!("variable `{name}` stands twice")));
            }
            let is_dimension = variable.dims().len() == 1 && **variable.dims().name(0) == *name;
            if is_dimension || named.contains(&name.as_str()) {
                dataset.coords.set(Coord::new(name, variable));
            } else {
                data.push((name.into(), variable));
            }
        }
        dataset.variables = Arc::new(data);
        dataset.check_lengths()?;
        Ok(dataset)
    }

    fn check_lengths(&self) -> Result<()> {
        let mut known: Vec<(&str, u64, &str)> = Vec::new();
        let coords = self.coords.iter().map(|coord| (coord.name(), coord.variable()));
        for (name, variable) in coords.chain(self.variables()) {
            for (dim, &len) in variable.dims().iter().zip(variable.shape()) {
                match known.iter().find(|(held, _, _)| *held == dim) {
                    None => known.push((dim, len, name)),
                    Some((_, other, _)) if *other == len => {}
                    Some((_, other, whose)) => {
                        let message =
                            format!("dimension `{dim}` has {other} positions in `{whose}` and {len} in `{name}`");
                        return Err(Error::mismatch(message));
                    }
                }
            }
        }
        Ok(())
    }

    /// A variable with its coordinates, as an owned array; a missing name travels in it as a mistake.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.var("t").to_f64()?, [1.0, 2.0, 6.0]);
    /// assert!(ds.var("s").error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn var(&self, name: &str) -> DataArray {
        if let Some((name, variable)) = self.variables.iter().find(|(held, _)| **held == *name) {
            return DataArray::new(Some(name), variable.clone(), self.coords.clone());
        }
        if self.coords.get(name).is_some() {
            return self.coord(name);
        }
        // A mistake made before comes first: it may be why the name is unknown.
        let earlier = self.variables.iter().find_map(|(_, variable)| variable.error().cloned());
        DataArray::failed(earlier.unwrap_or_else(|| Error::unknown_name("variable", name, self.names())))
    }

    /// A coordinate as an array; a missing name travels in it as a mistake.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.coord("x").to_f64()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn coord(&self, name: &str) -> DataArray {
        match self.coords.get(name) {
            Some(coord) => super::data_array::coord_array(coord, &self.coords),
            None => DataArray::failed(Error::unknown_name("coordinate", name, self.coords.names())),
        }
    }

    /// The names of the data variables in order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.names().collect::<Vec<_>>(), ["t"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| &**name)
    }

    /// The data variables in order, without coordinates (xarray's `data_vars`).
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0f32, 2.0]).named("t").to_dataset();
    /// let dtypes: Vec<_> = dataset.variables().map(|(name, variable)| (name, variable.dtype())).collect();
    /// assert_eq!(dtypes, [("t", DType::F32)]);
    /// ```
    #[track_caller]
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (&**name, variable))
    }

    /// The coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).named("t").to_dataset();
    /// assert_eq!(dataset.coords().names().collect::<Vec<_>>(), ["x"]);
    /// ```
    pub fn coords(&self) -> &Coords {
        &self.coords
    }

    /// The attributes of the whole (xarray's `attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[1], vec![1.0]).named("t").to_dataset().assign_attrs([("title", "a run")]);
    /// assert_eq!(dataset.attrs().text("title"), Some("a run"));
    /// ```
    pub fn attrs(&self) -> &Attributes {
        &self.attrs
    }

    /// Names and lengths of all dimensions, in the order in which variables name them.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.dims(), [("x".to_owned(), 3)]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn dims(&self) -> Vec<(String, u64)> {
        let mut found: Vec<(String, u64)> = Vec::new();
        let coords = self.coords.iter().map(Coord::variable);
        for variable in self.variables.iter().map(|(_, variable)| variable).chain(coords) {
            for (dim, &len) in variable.dims().iter().zip(variable.shape()) {
                if !found.iter().any(|(name, _)| name == dim) {
                    found.push((dim.to_owned(), len));
                }
            }
        }
        found
    }

    /// Bytes of all values in memory, coordinates included (xarray's `nbytes`). Reads nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0f32, 2.0]).with_coord("x", vec![0i64, 1]);
    /// assert_eq!(t.named("t").to_dataset().n_bytes(), 2 * 4 + 2 * 8);
    /// ```
    pub fn n_bytes(&self) -> u64 {
        let coords = self.coords.iter().map(Coord::variable);
        let all = self.variables.iter().map(|(_, variable)| variable).chain(coords);
        all.map(|variable| variable.expr().n_bytes()).fold(0, u64::saturating_add)
    }

    /// The same dataset with a variable added or replaced, and its coordinates (xarray's `assign`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let more = ds.with_var("double", &(ds.var("t") * 2.0))?;
    /// assert_eq!(more.var("double").to_f64()?, [2.0, 4.0, 12.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the array carries a mistake, or its dimensions have other lengths than here.
    #[track_caller]
    pub fn with_var(&self, name: &str, array: &DataArray) -> Result<Self> {
        if let Some(error) = array.error() {
            return Err(error.clone().context(format!("`{name}`")));
        }
        let mut dataset = self.clone();
        for coord in array.coords().iter() {
            match dataset.coords.get(coord.name()) {
                None => dataset.coords.set(coord.clone()),
                Some(held) if held.is_dimension() && coord.is_dimension() && !held.is_same(coord) => {
                    if held.index()?.same_as(&*coord.index()?) != AxisMatch::Equal {
                        let message = format!("`{}` of `{name}` has other labels than the dataset", coord.name());
                        return Err(Error::mismatch(message).hint("select the same labels of both first"));
                    }
                }
                Some(_) => {}
            }
        }
        let list = Arc::make_mut(&mut dataset.variables);
        match list.iter_mut().find(|(held, _)| **held == *name) {
            Some(held) => held.1 = array.variable().clone(),
            None => list.push((name.into(), array.variable().clone())),
        }
        dataset.check_lengths()?;
        Ok(dataset)
    }

    /// The same dataset with other attributes; those it had go.
    ///
    /// ```
    /// use terracube_cube::{Attributes, DataArray};
    /// let dataset = DataArray::from_vec(["x"], &[1], vec![1.0]).named("t").to_dataset().assign_attrs([("title", "a run")]);
    /// assert!(dataset.with_attrs(Attributes::new()).attrs().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_attrs(&self, attrs: Attributes) -> Self {
        Self { attrs, ..self.clone() }
    }

    /// Only the named variables, with the coordinates of their dimensions.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.select(["t"])?.names().count(), 1);
    /// assert!(ds.select(["u"]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a name is no variable.
    #[track_caller]
    pub fn select<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut chosen = Self { attrs: self.attrs.clone(), ..Self::default() };
        for name in names {
            chosen = chosen.with_var(name.as_ref(), &self.var(name.as_ref()))?;
        }
        Ok(chosen)
    }

    /// The first mistake that a variable carries; the others can be used.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert!(dataset.error().is_none());
    /// assert_eq!(dataset.isel("x", 5).error().unwrap().message(), "position 5 is not on `x`, which has 2");
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.variables.iter().find_map(|(_, variable)| variable.error())
    }

    /// Other variables and coordinates under the same attributes.
    #[track_caller]
    pub(super) fn rebuilt(&self, variables: Vec<(Arc<str>, Variable)>, coords: Coords) -> Self {
        let mut variables = variables;
        for (_, variable) in &mut variables {
            if variable.error().is_some_and(|error| error.place().is_none()) {
                *variable = variable.with_expr(variable.expr().clone().placed());
            }
        }
        Self { variables: Arc::new(variables), coords, attrs: self.attrs.clone() }
    }

    /// What was built, or this dataset with the mistake.
    #[track_caller]
    pub(super) fn or_failing(&self, built: Result<Self>) -> Self {
        match built {
            Ok(dataset) => dataset,
            Err(error) => self.failing(&error),
        }
    }

    /// The same dataset, every variable of which carries a mistake.
    #[track_caller]
    pub(super) fn failing(&self, error: &Error) -> Self {
        let place = Location::caller();
        let failed = self.variables.iter().map(|(name, variable)| {
            let error = variable.error().cloned().unwrap_or_else(|| error.clone()).at(place);
            (name.clone(), variable.with_expr(Expr::failed(error)))
        });
        let mut variables: Vec<_> = failed.collect();
        if variables.is_empty() {
            variables.push(("error".into(), DataArray::failed(error.clone()).variable().clone()));
        }
        self.rebuilt(variables, Coords::default())
    }

    /// The same dataset with a variable that carries a mistake.
    #[track_caller]
    pub(super) fn with_failed(&self, name: &str, error: Error) -> Self {
        let mut variables: Vec<(Arc<str>, Variable)> = self.variables.to_vec();
        variables.retain(|(held, _)| **held != *name);
        variables.push((name.into(), DataArray::failed(error).variable().clone()));
        self.rebuilt(variables, self.coords.clone())
    }

    #[track_caller]
    pub(super) fn mapped(&self, change: impl Fn(&Expr) -> Expr) -> Self {
        let variables =
            self.variables.iter().map(|(name, variable)| (name.clone(), variable.with_expr(change(variable.expr()))));
        Self {
            variables: Arc::new(variables.collect()),
            coords: self.coords.map(|coord| coord.with_expr(&change)),
            attrs: self.attrs.clone(),
        }
    }

    #[track_caller]
    pub(super) fn with_computed(&self, blocks: &mut impl Iterator<Item = crate::base::Block>) -> Self {
        let computed = self.variables.iter().map(|(name, variable)| {
            let expr = blocks.next().map(|block| Expr::constant(variable.dims().clone(), block));
            (name.clone(), expr.map_or_else(|| variable.clone(), |expr| variable.with_expr(expr)))
        });
        Self { variables: Arc::new(computed.collect()), ..self.clone() }
    }
}
