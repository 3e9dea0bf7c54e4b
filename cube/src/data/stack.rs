//! Dimensions joined to one and taken apart again; groups by several keys.
use std::sync::Arc;

use super::coords::Coord;
use super::group_by::{GroupBy, Groups};
use super::group_names::group_reductions;
use super::{DataArray, Variable};
use crate::base::{Block, Dims, Error, Result};
use crate::compute::pointwise::masked_dtype;
use crate::plan::{Expr, GroupCodes};

impl DataArray {
    /// Several dimensions as one, the last of the array, in C order (xarray's `stack`). Their labels become coordinates along it, by
    /// which [`DataArray::sel_level`] selects.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]).with_coord("x", vec![10, 20]);
    /// let points = t.stack("point", ["x", "y"]);
    /// assert_eq!(points.to_vec::<i32>()?, [1, 3, 2, 4]);
    /// assert_eq!(points.coord("x").to_vec::<i32>()?, [10, 10, 20, 20]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stack<S: AsRef<str>>(&self, name: &str, dims: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = dims.into_iter().map(|dim| dim.as_ref().to_owned()).collect();
        self.or_fail(self.stacked(name, &names).map_err(|error| error.context(format!("stack to `{name}`"))))
    }

    #[track_caller]
    fn stacked(&self, name: &str, names: &[String]) -> Result<Self> {
        self.check()?;
        if names.len() < 2 {
            return Err(Error::invalid("two dimensions at least make one").hint("for a single dimension use `rename`"));
        }
        let others: Vec<String> =
            self.dims().iter().filter(|dim| !names.iter().any(|n| n == dim)).map(ToOwned::to_owned).collect();
        let lens: Vec<u64> =
            names.iter().map(|dim| self.dims().axis(dim).map(|axis| self.shape()[axis])).collect::<Result<_>>()?;
        let moved = self.transpose(others.iter().chain(names)).checked()?;
        let expr = (0..names.len() - 1)
            .rev()
            .fold(moved.variable().expr().clone(), |expr, k| expr.merge(others.len() + k, name));
        let mut array = Self {
            name: self.name.clone(),
            variable: self.variable().with_expr(expr),
            coords: super::Coords::default(),
        }
        .checked()?;
        for coord in self.coords().iter() {
            let own = coord.variable();
            if !own.dims().iter().any(|dim| names.iter().any(|n| n == dim)) {
                array.coords.set(coord.clone());
                continue;
            }
            if own.dims().iter().any(|dim| !names.iter().any(|n| n == dim)) {
                continue;
            }
            // Every position of the stack gets the label that it had.
            let held = Expr::constant(own.dims().clone(), coord.values()?);
            let full = held.broadcast_to(&Dims::new(names)?, lens.clone());
            let merged = (0..names.len() - 1).rev().fold(full, |expr, k| expr.merge(k, name));
            array.coords.set(Coord::new(coord.name(), own.with_expr(super::run::folded(&merged).unwrap_or(merged))));
        }
        Ok(array)
    }

    /// One dimension as several: the named coordinates along it, whose labels become dimensions, sorted; missing where a combination of
    /// labels does not occur (xarray's `unstack`). Reads those coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]).with_coord("x", vec![10, 20]).with_coord("y", vec![0, 1]);
    /// let again = t.stack("point", ["y", "x"]).unstack("point", ["y", "x"]);
    /// assert_eq!(again.to_vec::<i32>()?, [1, 2, 3, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unstack<S: AsRef<str>>(&self, dim: &str, levels: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = levels.into_iter().map(|level| level.as_ref().to_owned()).collect();
        self.or_fail(self.unstacked(dim, &names).map_err(|error| error.context(format!("unstack of `{dim}`"))))
    }

    #[track_caller]
    fn unstacked(&self, dim: &str, names: &[String]) -> Result<Self> {
        self.check()?;
        let axis = self.dims().axis(dim)?;
        let keys = self.keys(names)?;
        if keys.iter().any(|key| key.axis != axis) {
            return Err(Error::invalid(format!("{} must lie along `{dim}`", names.join(", "))));
        }
        let combined = combine(&keys)?;
        let n: usize = combined.n_groups as usize;
        let mut places = vec![-1i64; n];
        for (position, &code) in combined.codes.iter().enumerate() {
            let Some(place) = places.get_mut(code as usize) else { continue };
            if *place >= 0 {
                return Err(Error::invalid(format!("two positions of `{dim}` have the same labels"))
                    .hint("group by them instead: `group_by_all`"));
            }
            *place = position as i64;
        }
        let missing = places.contains(&-1);
        let expr = self.variable().expr();
        let expr = if missing { expr.cast(masked_dtype(expr.dtype())?) } else { expr.clone() };
        let expr = split(expr.take(axis, places.into(), dim), axis, &keys, names);
        let mut array = self.with_values(expr).checked()?;
        array.coords = self.coords().filter(|coord| !coord.variable().dims().contains(dim));
        label(&mut array, &keys, names)?;
        // As xarray: the new dimensions stand last.
        let others: Vec<String> = self.dims().iter().filter(|name| *name != dim).map(ToOwned::to_owned).collect();
        array.transpose(others.iter().chain(names)).checked()
    }

    /// Groups by several keys at once, each as in [`DataArray::group_by`], all along one dimension, which becomes one for each key
    /// (xarray's `groupby([...])`). Combinations without members are missing; their sum and count are 0.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 5.0]).with_coord("x", vec![0, 1, 2, 3])
    ///     .assign_coords([("a", &DataArray::from_vec(["x"], &[4], vec![0, 0, 1, 1])), ("b", &DataArray::from_vec(["x"], &[4], vec![7, 8, 8, 8]))]);
    /// let sums = t.group_by_all(["a", "b"]).sum();
    /// assert_eq!((sums.shape(), sums.to_f64()?), (&[2u64, 2][..], vec![1.0, 2.0, 0.0, 8.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn group_by_all<S: AsRef<str>>(&self, keys: impl IntoIterator<Item = S>) -> GroupByAll {
        let names: Vec<String> = keys.into_iter().map(|key| key.as_ref().to_owned()).collect();
        let built =
            self.check().map(|_| ()).and_then(|()| self.keys(&names)).and_then(|keys| Ok((combine(&keys)?, keys)));
        match built {
            Ok((codes, keys)) => {
                let dims = keys.iter().map(|key| key.codes.dim.to_string()).collect();
                let axis = keys[0].axis;
                let n = codes.n_groups as i64;
                let labels = Block::new(&[n as usize], (0..n).collect());
                let groups = labels.map(|labels| Groups { axis, codes, labels });
                GroupByAll { groups: GroupBy::new(self, groups), keys, dims }
            }
            Err(error) => {
                let error = error.context(format!("group_by_all({})", names.join(", ")));
                GroupByAll { groups: GroupBy::new(self, Err(error)), keys: vec![], dims: vec![] }
            }
        }
    }

    fn keys(&self, names: &[String]) -> Result<Vec<Groups>> {
        let keys: Vec<Groups> = names.iter().map(|name| self.groups(name)).collect::<Result<_>>()?;
        if keys.is_empty() || keys.windows(2).any(|pair| pair[0].axis != pair[1].axis) {
            return Err(Error::invalid("keys must lie along one dimension"));
        }
        Ok(keys)
    }
}

/// Groups by several keys.
#[derive(Debug, Clone)]
pub struct GroupByAll {
    groups: GroupBy,
    keys: Vec<Groups>,
    dims: Vec<String>,
}

impl GroupByAll {
    #[track_caller]
    fn reduced(&self, reduce: impl Fn(&GroupBy) -> DataArray) -> DataArray {
        let flat = reduce(&self.groups);
        let built = || -> Result<DataArray> {
            flat.check()?;
            let axis = self.keys[0].axis;
            let expr = split(flat.variable().expr().clone(), axis, &self.keys, &self.dims);
            let mut array = flat.with_fewer_dims(expr).checked()?;
            label(&mut array, &self.keys, &self.dims)?;
            Ok(array)
        };
        flat.or_fail(built())
    }

    /// A quantile of every group, linear between values (f64); see [`GroupBy::quantile`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let key = |codes: Vec<i32>| DataArray::from_vec(["x"], &[4], codes);
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, 5.0, 9.0])
    ///     .assign_coords([("a", &key(vec![0, 0, 1, 1])), ("b", &key(vec![7, 7, 7, 7]))]);
    /// let medians = t.group_by_all(["a", "b"]).quantile(0.5);
    /// assert_eq!((medians.shape(), medians.to_f64()?), (&[2u64, 1][..], vec![2.0, 7.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(&self, q: f64) -> DataArray {
        self.reduced(|groups| groups.quantile(q))
    }
}

macro_rules! of_groups {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl GroupByAll {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> DataArray { self.reduced(GroupBy::$name) })*
        }
    };
}
group_reductions!(of_groups);

/// One code for each combination of codes, in C order of the keys.
fn combine(keys: &[Groups]) -> Result<GroupCodes> {
    let mut n = 1u64;
    let mut codes: Vec<u32> = vec![0; keys[0].codes.codes.len()];
    for key in keys {
        let of_key = key.labels.len() as u64;
        n = n.saturating_mul(of_key);
        if n >= u64::from(u32::MAX) {
            return Err(Error::unsupported("more than four billion combinations of groups"));
        }
        for (code, &own) in codes.iter_mut().zip(key.codes.codes.iter()) {
            *code = if *code == u32::MAX || own == u32::MAX { u32::MAX } else { *code * of_key as u32 + own };
        }
    }
    Ok(GroupCodes { codes: codes.into(), n_groups: n as u32, dim: keys[0].codes.dim.clone() })
}

/// The axis of combinations as one axis for each key.
#[track_caller]
fn split(expr: Expr, axis: usize, keys: &[Groups], names: &[String]) -> Expr {
    let mut expr = expr;
    for k in (1..keys.len()).rev() {
        let before = if k == 1 { names[0].clone() } else { format!("{} and before", names[k - 1]) };
        expr = expr.split(axis, keys[k].labels.len() as u64, [&before, &names[k]]);
    }
    if keys.len() > 1 || expr.error().is_some() {
        return expr;
    }
    let dims =
        expr.dims().iter().enumerate().map(|(a, name)| if a == axis { names[0].clone() } else { name.to_owned() });
    match Dims::new(dims) {
        Ok(dims) => expr.rename(dims),
        Err(error) => Expr::failed(error),
    }
}

fn label(array: &mut DataArray, keys: &[Groups], names: &[String]) -> Result<()> {
    for (key, name) in keys.iter().zip(names) {
        array
            .coords
            .set(Coord::new(Arc::from(name.as_str()), Variable::from_block(Dims::new([name])?, key.labels.clone())));
    }
    Ok(())
}
