//! What works on every variable of a dataset.
use std::borrow::Borrow;
use std::sync::Arc;

use super::coords::Coords;
use super::group_names::group_reductions;
use super::{DataArray, Dataset, GroupBy, IntoDims, Variable};
use crate::base::{Error, Kind};

impl Dataset {
    /// The same function of every variable (xarray's `map`). Coordinates are those of the results.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[2], vec![1.0, 4.0]).named("t").to_dataset();
    /// assert_eq!(ds.map(|v| v.sqrt()).var("t").to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map(&self, change: impl Fn(&DataArray) -> DataArray) -> Self {
        let mut coords = Coords::default();
        let mut variables: Vec<(Arc<str>, Variable)> = Vec::new();
        for name in self.names() {
            let changed = change(&self.var(name));
            for coord in
                changed.coords().iter().filter(|coord| coords.get(coord.name()).is_none()).cloned().collect::<Vec<_>>()
            {
                coords.set(coord);
            }
            variables.push((name.into(), changed.variable().clone()));
        }
        self.rebuilt(variables, coords)
    }

    /// The values of every variable where `condition` holds, else missing (xarray's `where`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.where_(ds.var("t").gt(1.5)).var("t").count("x").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn where_(&self, condition: impl Borrow<DataArray>) -> Self {
        self.map(|array| array.where_(condition.borrow()))
    }

    /// Axes of every variable in the order of the names (xarray's `transpose`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.expand_dims("y").transpose(["x", "y"]).var("t").shape(), [3, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn transpose<S: AsRef<str>>(&self, dims: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = dims.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self.map(|array| array.transpose(names.iter().filter(|name| array.dims().contains(name))))
    }

    /// Groups of every variable that has the grouped coordinate; the others stay as they are. See [`DataArray::group_by`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, 3.0]).with_coord("x", vec![7, 8, 7]).named("t").to_dataset();
    /// assert_eq!(dataset.group_by("x").mean().var("t").to_f64()?, [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn group_by(&self, key: &str) -> DatasetGroupBy {
        let name =
            if self.coords().get(key).is_some() { key } else { key.rsplit_once('.').map_or(key, |(name, _)| name) };
        self.grouped(name, |array| array.group_by(key))
    }

    #[track_caller]
    pub(super) fn grouped(&self, coord: &str, by: impl Fn(&DataArray) -> GroupBy) -> DatasetGroupBy {
        let of = |name| {
            let array = self.var(name);
            // Without the coordinate in the whole dataset every variable says so.
            (array.coords().get(coord).is_some() || self.coords().get(coord).is_none()).then(|| by(&array))
        };
        DatasetGroupBy { dataset: self.clone(), groups: self.names().map(of).collect() }
    }

    #[track_caller]
    fn reduced(
        &self,
        dims: &impl IntoDims,
        reduce: impl Fn(&DataArray, Vec<String>) -> DataArray,
        numbers_only: bool,
        stays: bool,
    ) -> Self {
        let sizes = self.dims();
        let named = dims.names();
        let unknown = named.iter().flatten().find(|dim| !sizes.iter().any(|(held, _)| held == *dim));
        if let Some(unknown) = unknown {
            let known = sizes.iter().map(|(name, _)| name.as_str());
            return self.failing(&Error::unknown_name("dimension", unknown, known));
        }
        let gone = |dim: &str| named.as_ref().is_none_or(|names| names.iter().any(|name| name == dim));
        let coords = self.coords().filter(|coord| !coord.variable().dims().iter().any(gone));
        let counted = self.variables().filter(|(_, variable)| !numbers_only || variable.dtype().kind() != Kind::Text);
        let variables = counted.map(|(name, variable)| {
            let own: Vec<String> = variable.dims().iter().filter(|dim| gone(dim)).map(ToOwned::to_owned).collect();
            // As xarray: means and the like leave variables that lack the dims as they are; spreads of them are 0, counts 1.
            if stays && own.is_empty() && named.is_some() {
                return (Arc::from(name), variable.clone());
            }
            (Arc::from(name), reduce(&self.var(name), own).variable().clone())
        });
        self.rebuilt(variables.collect(), coords)
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident => $method:ident $numbers_only:literal $stays:literal;)*) => {
        impl Dataset {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dims: impl IntoDims) -> Self {
                self.reduced(&dims, |array, dims| array.$method(dims), $numbers_only, $stays)
            })*
        }
    };
}
reductions! {
    /// Means of every variable over those of the dims that it has; strings are left out. See [`DataArray::mean`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 3.0, 5.0, 9.0]).named("t");
    /// let dataset = t.to_dataset().assign([("p", &DataArray::from_vec(["y"], &[2], vec![1.0, 2.0]))]).mean("x");
    /// assert_eq!((dataset.var("t").to_f64()?, dataset.var("p").to_f64()?), (vec![2.0, 7.0], vec![1.0, 2.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean => mean true true;
    /// Sums of every variable. See [`DataArray::sum`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.sum("x").var("t").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum => sum true true;
    /// Products of every variable. See [`DataArray::prod`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![2.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.prod("x").var("t").item()?, 10.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    prod => prod true true;
    /// Least values of every variable. See [`DataArray::min`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![2.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.min("x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min => min true true;
    /// Greatest values of every variable. See [`DataArray::max`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![2.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.max("x").var("t").item()?, 5.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max => max true true;
    /// Variances of every variable (`var` names a variable here). See [`DataArray::var`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.variance("x").var("t").item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    variance => var true false;
    /// Standard deviations of every variable. See [`DataArray::std`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.std("x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std => std true false;
    /// Medians of every variable. See [`DataArray::median`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 9.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.median("x").var("t").item()?, 5.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    median => median true true;
    /// How many values of every variable are not missing. See [`DataArray::count`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 5.0]).named("t").to_dataset();
    /// assert_eq!(dataset.count("x").var("t").to_vec::<i64>()?, [2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count => count false false;
}

/// The groups of every variable of a dataset.
#[derive(Debug, Clone)]
pub struct DatasetGroupBy {
    dataset: Dataset,
    groups: Vec<Option<GroupBy>>,
}

impl DatasetGroupBy {
    #[track_caller]
    fn reduced(&self, reduce: impl Fn(&GroupBy) -> DataArray) -> Dataset {
        self.each(|name, group| Some(group.map_or_else(|| self.dataset.var(name), &reduce)))
    }

    /// A quantile of every group of every variable; see [`GroupBy::quantile`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 7, 7]).named("t").to_dataset();
    /// assert_eq!(dataset.group_by("x").quantile(0.75).var("t").to_f64()?, [3.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> Dataset {
        self.reduced(|group| group.quantile(q))
    }

    pub(super) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// What `change` makes of every variable, whose groups it gets if it has any; variables for which it gives nothing are left out.
    #[track_caller]
    pub(super) fn each(&self, change: impl Fn(&str, Option<&GroupBy>) -> Option<DataArray>) -> Dataset {
        let mut coords = Coords::default();
        let mut variables = Vec::new();
        for (name, group) in self.dataset.names().zip(&self.groups) {
            let Some(array) = change(name, group.as_ref()) else { continue };
            array.coords().iter().for_each(|coord| coords.set(coord.clone()));
            variables.push((Arc::from(name), array.variable().clone()));
        }
        self.dataset.rebuilt(variables, coords)
    }
}

macro_rules! of_groups {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl DatasetGroupBy {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> Dataset { self.reduced(GroupBy::$name) })*
        }
    };
}
group_reductions!(of_groups);
