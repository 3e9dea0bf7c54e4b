//! The verbs of arrays for datasets: every variable that has the dimension, the others as they are.
use std::sync::Arc;

use super::coords::Coords;
use super::operand::Operand;
use super::order::IntoQuantiles;
use super::{DataArray, Dataset, Fill, IntoDims, Method, PadMode, Variable};
use crate::base::{DType, Error, Kind};

impl Dataset {
    /// `change` of every variable along a dimension; the others, and coordinates that do not lie along it, stay.
    #[track_caller]
    pub(super) fn each_along(&self, dim: &str, change: impl Fn(&DataArray) -> DataArray) -> Self {
        let sizes = self.dims();
        if !sizes.iter().any(|(held, _)| held == dim) {
            let error = Error::unknown_name("dimension", dim, sizes.iter().map(|(name, _)| name.as_str()));
            return self.failing(&error);
        }
        self.each(|array| array.dims().contains(dim).then(|| change(array)))
    }

    /// `change` of every variable for which it gives something; the others stay.
    #[track_caller]
    pub(super) fn each(&self, change: impl Fn(&DataArray) -> Option<DataArray>) -> Self {
        let mut coords = Coords::default();
        let mut kept = Coords::default();
        let mut variables: Vec<(Arc<str>, Variable)> = Vec::new();
        for name in self.names() {
            let array = self.var(name);
            let changed = change(&array);
            let into = if changed.is_some() { &mut coords } else { &mut kept };
            let array = changed.unwrap_or(array);
            for coord in
                array.coords().iter().filter(|coord| into.get(coord.name()).is_none()).cloned().collect::<Vec<_>>()
            {
                into.set(coord);
            }
            variables.push((name.into(), array.variable().clone()));
        }
        // What was changed knows the new labels.
        for coord in kept.iter().filter(|coord| coords.get(coord.name()).is_none()).cloned().collect::<Vec<_>>() {
            coords.set(coord);
        }
        self.rebuilt(variables, coords)
    }

    #[track_caller]
    fn each_number(&self, change: impl Fn(&DataArray) -> DataArray) -> Self {
        self.each(|array| (array.dtype().kind() != Kind::Text).then(|| change(array)))
    }

    /// Quantiles of every variable of numbers over those of the dims that it has; see [`DataArray::quantile`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 4.0]).named("t").to_dataset();
    /// assert_eq!(ds.quantile(0.5, "x").var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: impl IntoQuantiles, dims: impl IntoDims) -> Self {
        let (at, single) = q.quantiles();
        self.over_own(
            &dims,
            |array, own| if single { array.quantile(at[0], own) } else { array.quantile(at.clone(), own) },
        )
    }

    /// `reduce` of every variable of numbers over those of the dims that it has; variables with none of them stay.
    #[track_caller]
    pub(super) fn over_own(&self, dims: &impl IntoDims, reduce: impl Fn(&DataArray, Vec<String>) -> DataArray) -> Self {
        let sizes = self.dims();
        let named = dims.names();
        let unknown = named.iter().flatten().find(|dim| !sizes.iter().any(|(held, _)| held == *dim));
        if let Some(unknown) = unknown {
            let known = sizes.iter().map(|(name, _)| name.as_str());
            return self.failing(&Error::unknown_name("dimension", unknown, known));
        }
        self.each(|array| {
            let gone = |dim: &&str| named.as_ref().is_none_or(|names| names.iter().any(|name| name == dim));
            let own: Vec<String> = array.dims().iter().filter(gone).map(ToOwned::to_owned).collect();
            (!own.is_empty() && array.dtype().kind() != Kind::Text).then(|| reduce(array, own))
        })
    }

    /// Every variable in another dtype (xarray's `astype`).
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.cast(DType::F32).var("t").dtype(), DType::F32);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Self {
        self.map(|array| array.cast(dtype))
    }

    /// Where the values of every variable are missing (bool; xarray's `isnull`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.isnull().var("t").any("x").to_vec::<u8>()?, [0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isnull(&self) -> Self {
        self.map(DataArray::isnull)
    }

    /// Where the values of every variable are not missing (bool; xarray's `notnull`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(dataset.notnull().var("t").to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn notnull(&self) -> Self {
        self.map(DataArray::notnull)
    }

    /// Every variable of numbers rounded; see [`DataArray::round`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!((&ds * 0.26).round(1).var("t").to_f64()?, [0.3, 0.5, 1.6]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn round(&self, decimals: i32) -> Self {
        self.each_number(|array| array.round(decimals))
    }

    /// The values of every variable of numbers kept between two; see [`DataArray::clip`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.clip(1.5, 5.0).var("t").to_f64()?, [1.5, 2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn clip(&self, least: impl Operand + Clone, most: impl Operand + Clone) -> Self {
        self.each_number(|array| array.clip(least.clone(), most.clone()))
    }

    /// Every variable with a new dimension of length 1 in front (xarray's `expand_dims`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.expand_dims("member").var("t").shape(), [1, 2]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn expand_dims(&self, dim: &str) -> Self {
        self.map(|array| array.expand_dims(dim))
    }

    /// Every variable at the labels of `other` along the dimensions that both have; see [`DataArray::reindex_like`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).named("t").to_dataset();
    /// let other = DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]).with_coord("x", vec![1, 2]);
    /// assert_eq!(dataset.reindex_like(&other).fillna(-1.0).var("t").to_f64()?, [2.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reindex_like(&self, other: &DataArray) -> Self {
        self.each(|array| other.dims().iter().any(|dim| array.dims().contains(dim)).then(|| array.reindex_like(other)))
    }

    /// Every variable at the labels of `other`, between its own; see [`DataArray::interp_like`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0.0, 1.0]).named("t").to_dataset();
    /// let other = DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]).with_coord("x", vec![0.25, 0.5]);
    /// assert_eq!(dataset.interp_like(&other).var("t").to_f64()?, [1.25, 1.5]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interp_like(&self, other: &DataArray) -> Self {
        let lies = |array: &DataArray| other.dims().iter().any(|dim| array.dims().contains(dim));
        self.each(|array| (lies(array) && array.dtype().kind() != Kind::Text).then(|| array.interp_like(other)))
    }

    /// Dimensions of every variable that has them all stacked to one; see [`DataArray::stack`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).named("t").to_dataset();
    /// let stacked = dataset.stack("cell", ["y", "x"]);
    /// assert_eq!((stacked.dims(), stacked.var("t").to_f64()?), (vec![("cell".to_owned(), 4)], vec![1.0, 2.0, 3.0, 4.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stack<S: AsRef<str>>(&self, dim: &str, dims: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = dims.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let sizes = self.dims();
        if let Some(unknown) = names.iter().find(|name| !sizes.iter().any(|(held, _)| held == *name)) {
            let known = sizes.iter().map(|(name, _)| name.as_str());
            return self.failing(&Error::unknown_name("dimension", unknown, known));
        }
        let shape: Vec<u64> =
            names.iter().filter_map(|name| sizes.iter().find(|(held, _)| held == name).map(|(_, len)| *len)).collect();
        // As xarray: a variable that has some of them is repeated along the others.
        self.each(|array| {
            let lacks: Vec<usize> = (0..names.len()).filter(|&k| !array.dims().contains(&names[k])).collect();
            (lacks.len() < names.len()).then(|| {
                let full = lacks.iter().fold(array.clone(), |array, &k| {
                    let labels = match self.coords().get(&names[k]) {
                        Some(coord) => super::data_array::coord_array(coord, self.coords()),
                        None => DataArray::from_vec([&*names[k]], &[shape[k] as usize], (0..shape[k] as i64).collect()),
                    };
                    array.expand_dims_with(&labels)
                });
                full.stack(dim, &names)
            })
        })
    }

    /// One dimension of every variable as several; see [`DataArray::unstack`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0, 1]).with_coord("x", vec![0, 1]);
    /// let dataset = t.named("t").to_dataset();
    /// let again = dataset.stack("cell", ["y", "x"]).unstack("cell", ["y", "x"]);
    /// assert_eq!((again.var("t").shape(), again.var("t").to_f64()?), (&[2u64, 2][..], vec![1.0, 2.0, 3.0, 4.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unstack<S: AsRef<str>>(&self, dim: &str, levels: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = levels.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self.each_along(dim, |array| array.unstack(dim, &names))
    }

    /// The coefficients of a polynomial through every variable of numbers along a dimension, named `{variable}_polyfit_coefficients`; see
    /// [`DataArray::polyfit`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 5.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let line = dataset.polyfit("x", 1).var("t_polyfit_coefficients");
    /// assert_eq!(line.round(9).to_f64()?, [2.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn polyfit(&self, dim: &str, degree: u32) -> Self {
        let sizes = self.dims();
        if !sizes.iter().any(|(held, _)| held == dim) {
            return self.failing(&Error::unknown_name("dimension", dim, sizes.iter().map(|(name, _)| name.as_str())));
        }
        let mut fitted = Self::default().with_attrs(self.attrs().clone());
        for name in self.names() {
            let array = self.var(name);
            if array.dims().contains(dim) && array.dtype().kind() != Kind::Text {
                let name = format!("{name}_polyfit_coefficients");
                fitted = fitted.assign([(name.as_str(), &array.polyfit(dim, degree))]);
            }
        }
        fitted
    }

    /// Missing values of floats between others interpolated; see [`DataArray::interpolate_na`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.where_(ds.var("t").ne_to(2.0)).interpolate_na("x").var("t").to_f64()?, [1.0, 3.5, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn interpolate_na(&self, dim: &str) -> Self {
        self.each_along(dim, |array| if array.dtype().is_float() { array.interpolate_na(dim) } else { array.clone() })
    }

    /// Positions in ascending order of a 1-D coordinate; see [`DataArray::sortby`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]).with_coord("x", vec![60.0, 20.0, 40.0]).named("t").to_dataset();
    /// assert_eq!(dataset.sortby("x").var("t").to_vec::<i32>()?, [2, 3, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sortby(&self, coord: &str) -> Self {
        self.sorted(coord, DataArray::sortby)
    }

    /// Positions in descending order of a 1-D coordinate; see [`DataArray::sortby_descending`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.sortby_descending("x").var("t").to_f64()?, [6.0, 2.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sortby_descending(&self, coord: &str) -> Self {
        self.sorted(coord, DataArray::sortby_descending)
    }

    #[track_caller]
    fn sorted(&self, coord: &str, sort: impl Fn(&DataArray, &str) -> DataArray) -> Self {
        let Some(held) = self.coords().get(coord) else {
            return self.failing(&Error::unknown_name("coordinate", coord, self.coords().names()));
        };
        match held.variable().dims().iter().next().map(ToOwned::to_owned) {
            Some(dim) => self.each_along(&dim, |array| sort(array, coord)),
            None => self.failing(&Error::invalid(format!("`{coord}` has no dimension to sort along"))),
        }
    }

    /// The values of every variable of this dataset, and those of `other` where they are missing; variables of both (xarray's
    /// `combine_first`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ours = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]).named("t").to_dataset();
    /// let theirs = DataArray::from_vec(["x"], &[2], vec![8.0, 9.0]).named("t").to_dataset();
    /// assert_eq!(ours.combine_first(&theirs).var("t").to_f64()?, [1.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn combine_first(&self, other: &Dataset) -> Self {
        let filled = |name: &str| match (self.names().any(|held| held == name), other.names().any(|held| held == name))
        {
            (true, true) => self.var(name).combine_first(&other.var(name)),
            (true, false) => self.var(name),
            _ => other.var(name),
        };
        let names = self.names().chain(other.names().filter(|name| !self.names().any(|held| held == *name)));
        names.fold(Self::default().with_attrs(self.attrs().clone()), |made, name| made.assign([(name, &filled(name))]))
    }
}

macro_rules! along {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $t:ty),*);)*) => {
        impl Dataset {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dim: &str $(, $argument: $t)*) -> Self {
                self.each_along(dim, |array| array.$name(dim $(, $argument)*))
            })*
        }
    };
}
along! {
    /// Missing values become the last value before them; see [`DataArray::ffill`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.ffill("x").var("t").to_f64()?, [1.0, 1.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ffill();
    /// Missing values become the next value after them; see [`DataArray::bfill`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.bfill("x").var("t").to_f64()?, [1.0, 3.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    bfill();
    /// See [`DataArray::ffill_limit`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(dataset.ffill_limit("x", 1).fillna(-1.0).var("t").to_f64()?, [1.0, 1.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ffill_limit(limit: u64);
    /// See [`DataArray::bfill_limit`].
    bfill_limit(limit: u64);
    /// Values moved along a dimension; see [`DataArray::shift`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.shift("x", 1).fillna(0.0).var("t").to_f64()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    shift(n: i64);
    /// Values moved round a dimension; see [`DataArray::roll`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.roll("x", 1).var("t").to_f64()?, [3.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    roll(n: i64);
    /// Values moved round a dimension, labels and all; see [`DataArray::roll_with_labels`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 3.0]).with_coord("x", vec![0, 1, 2]).named("t").to_dataset();
    /// assert_eq!(dataset.roll_with_labels("x", 1).coord("x").to_f64()?, [2.0, 0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    roll_with_labels(n: i64);
    /// Positions added at the ends of a dimension; see [`DataArray::pad`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, PadMode};
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.pad("x", 1, 0, PadMode::Missing).fillna(0.0).var("t").to_f64()?, [0.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pad(before: u64, after: u64, mode: PadMode);
    /// Without positions whose label stood before; see [`DataArray::drop_duplicates`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]).with_coord("x", vec![7, 7, 8]).named("t").to_dataset();
    /// assert_eq!(dataset.drop_duplicates("x").var("t").to_vec::<i32>()?, [1, 3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    drop_duplicates();
    /// The values at the labels of an array, missing where there is no such label; see [`DataArray::reindex`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]).named("t").to_dataset();
    /// let labels = DataArray::from_vec(["x"], &[2], vec![1, 2]);
    /// assert_eq!(dataset.reindex("x", &labels).fillna(-1.0).var("t").to_f64()?, [2.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    reindex(labels: &DataArray);
    /// See [`DataArray::reindex_near`].
    reindex_near(labels: &DataArray, fill: Fill, tolerance: Option<f64>);
}

macro_rules! along_numbers {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $t:ty),*);)*) => {
        impl Dataset {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dim: &str $(, $argument: $t)*) -> Self {
                self.each_along(dim, |array| match array.dtype().kind() {
                    Kind::Text => array.clone(),
                    _ => array.$name(dim $(, $argument)*),
                })
            })*
        }
    };
}
along_numbers! {
    /// Differences of neighbours; see [`DataArray::diff`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 8.0]).named("t").to_dataset();
    /// assert_eq!(dataset.diff("x").var("t").to_f64()?, [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    diff();
    /// Sums of all values up to each; see [`DataArray::cumsum`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, f64::NAN, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.cumsum("x").var("t").to_f64()?, [1.0, 1.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cumsum();
    /// Products of all values up to each; see [`DataArray::cumprod`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![2.0, f64::NAN, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.cumprod("x").var("t").to_f64()?, [2.0, 2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cumprod();
    /// Derivatives; see [`DataArray::differentiate`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![0.0, 2.0, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.differentiate("x").var("t").to_f64()?, [2.0, 2.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    differentiate();
    /// Integrals; see [`DataArray::integrate`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![0.0, 2.0, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.integrate("x").var("t").item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    integrate();
    /// Integrals up to each label; see [`DataArray::cumulative_integrate`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![0.0, 2.0, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.cumulative_integrate("x").var("t").to_f64()?, [0.0, 1.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    cumulative_integrate();
    /// Without a straight line; see [`DataArray::detrend`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 3.0, 5.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(dataset.detrend("x").var("t").abs().max("x").round(9).item()?, 0.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    detrend();
    /// Places in ascending order; see [`DataArray::rank`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![5.0, 1.0, 3.0]).named("t").to_dataset();
    /// assert_eq!(dataset.rank("x").var("t").to_f64()?, [3.0, 1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    rank();
    /// Positions of the greatest values; see [`DataArray::argmax`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(dataset.argmax("x").var("t").item()?, 1.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    argmax();
    /// Positions of the least values; see [`DataArray::argmin`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![5.0, 1.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(dataset.argmin("x").var("t").item()?, 1.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    argmin();
    /// Labels of the greatest values; see [`DataArray::idxmax`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[3], vec![1.0, 5.0, f64::NAN]).with_coord("x", vec![10.0, 20.0, 30.0]).named("t").to_dataset();
    /// assert_eq!(dataset.idxmax("x").var("t").item()?, 20.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    idxmax();
    /// Labels of the least values; see [`DataArray::idxmin`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![5.0, 1.0]).with_coord("x", vec![10.0, 20.0]).named("t").to_dataset();
    /// assert_eq!(dataset.idxmin("x").var("t").item()?, 20.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    idxmin();
    /// Values at other labels; see [`DataArray::interp`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0.0, 1.0]).named("t").to_dataset();
    /// let labels = DataArray::from_vec(["x"], &[1], vec![0.25]);
    /// assert_eq!(dataset.interp("x", &labels).var("t").to_f64()?, [1.25]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    interp(labels: &DataArray);
    /// Values at other labels by a method; see [`DataArray::interp_by`].
    interp_by(labels: &DataArray, method: Method);
}
