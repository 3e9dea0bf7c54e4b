//! Whether arrays, datasets and trees are the same.
use super::{ALL, Coords, DataArray, DataTree, Dataset, Variable};
use crate::base::{DType, Kind, Result};
use crate::compute::pointwise::promote;

impl DataArray {
    /// Whether dimensions, values and coordinates are the same, missing values equal to missing ones, whatever names and attributes say
    /// (xarray's `equals`). A terminal call: reads both, one chunk after the other.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]);
    /// assert!(t.equals(&t.named("other"))? && !t.identical(&t.named("other"))?);
    /// assert!(!t.equals(&t.fillna(0.0))?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If one of them cannot be computed.
    pub fn equals(&self, other: &Self) -> Result<bool> {
        self.check()?;
        other.check()?;
        Ok(same_values(self.variable(), other.variable())? && same_coords(self.coords(), other.coords(), false)?)
    }

    /// Whether names, attributes and coordinates with their attributes are the same too (xarray's `identical`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.identical(&t)? && !t.identical(&t.with_attr("units", "K"))?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::equals`].
    pub fn identical(&self, other: &Self) -> Result<bool> {
        let named = self.name() == other.name() && self.attrs() == other.attrs();
        Ok(named && self.equals(other)? && same_coords(self.coords(), other.coords(), true)?)
    }

    /// Whether the values are the same once both are repeated along the dimensions that only one has (xarray's `broadcast_equals`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let one = DataArray::from_vec(["x"], &[2], vec![1, 1]);
    /// assert!(one.broadcast_equals(&one.isel("x", 0))?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::equals`].
    pub fn broadcast_equals(&self, other: &Self) -> Result<bool> {
        self.check()?;
        other.check()?;
        let (one, two) = (self.broadcast_like(other), other.broadcast_like(self));
        if one.error().is_some() || two.error().is_some() {
            return Ok(false);
        }
        one.equals(&two.transpose(one.dims().iter()))
    }

    /// Whether all values are as near as numpy's `allclose` has it, |a - b| <= `absolute` + `relative` |b|, missing ones equal to missing
    /// ones, and coordinates too (xarray's `testing.assert_allclose`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.allclose(&(&t + 1e-9), 1e-6, 0.0)?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::equals`].
    pub fn allclose(&self, other: &Self, relative: f64, absolute: f64) -> Result<bool> {
        self.check()?;
        other.check()?;
        let near = |a: &Variable, b: &Variable| -> Result<bool> {
            if !a.dtype().is_float() && !b.dtype().is_float() {
                return same_values(a, b);
            }
            all_of(a, b, |a, b| {
                let (a, b) = (a.cast(DType::F64), b.cast(DType::F64));
                (&a - &b).abs().le(b.abs() * relative + absolute) | a.eq_to(&b) | (a.isnull() & b.isnull())
            })
        };
        if !near(self.variable(), other.variable())? || self.coords().len() != other.coords().len() {
            return Ok(false);
        }
        for coord in self.coords().iter() {
            let Some(held) = other.coords().get(coord.name()) else { return Ok(false) };
            if !near(coord.variable(), held.variable())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Dataset {
    /// Whether both have the same variables and coordinates with the same values; see [`DataArray::equals`]. A terminal call.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert!(ds.equals(&ds)? && !ds.equals(&(&ds + 1.0))?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a variable cannot be computed.
    pub fn equals(&self, other: &Self) -> Result<bool> {
        self.alike(other, false)
    }

    /// Whether all attributes are the same too; see [`DataArray::identical`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert!(ds.identical(&ds)?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::equals`].
    pub fn identical(&self, other: &Self) -> Result<bool> {
        Ok(self.attrs() == other.attrs() && self.alike(other, true)?)
    }

    fn alike(&self, other: &Self, with_attrs: bool) -> Result<bool> {
        if self.names().count() != other.names().count() {
            return Ok(false);
        }
        for (name, variable) in self.variables() {
            let Some((_, held)) = other.variables().find(|(held, _)| *held == name) else { return Ok(false) };
            if (with_attrs && variable.attrs() != held.attrs()) || !same_values(variable, held)? {
                return Ok(false);
            }
        }
        same_coords(self.coords(), other.coords(), with_attrs)
    }
}

impl DataTree {
    /// Whether both have the same groups, which are equal; see [`Dataset::equals`]. A terminal call.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a", t.clone())]);
    /// assert!(tree.equals(&DataTree::from_groups([("a", t.clone())]))?);
    /// assert!(!tree.equals(&DataTree::from_groups([("b", t)]))?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a group cannot be read.
    pub fn equals(&self, other: &Self) -> Result<bool> {
        let paths = |tree: &Self| -> Vec<String> {
            let mut all: Vec<String> = tree.paths().map(ToOwned::to_owned).collect();
            all.sort_unstable();
            all
        };
        if paths(self) != paths(other) {
            return Ok(false);
        }
        for path in paths(self) {
            if !self.group(&path)?.equals(&other.group(&path)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn same_coords(one: &Coords, two: &Coords, with_attrs: bool) -> Result<bool> {
    if one.len() != two.len() {
        return Ok(false);
    }
    for coord in one.iter() {
        let Some(other) = two.get(coord.name()) else { return Ok(false) };
        if with_attrs && coord.variable().attrs() != other.variable().attrs() {
            return Ok(false);
        }
        if !coord.is_same(other) && !same_values(coord.variable(), other.variable())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_values(one: &Variable, two: &Variable) -> Result<bool> {
    if let Some(error) = one.error().or(two.error()) {
        return Err(error.clone());
    }
    if one.expr().id() == two.expr().id() {
        return Ok(true);
    }
    if one.dtype() != two.dtype() && promote(one.dtype(), two.dtype()).is_err() {
        return Ok(false);
    }
    all_of(one, two, |a, b| match a.dtype().kind() {
        Kind::Text => a.eq_to(b),
        _ => a.eq_to(b) | (a.isnull() & b.isnull()),
    })
}

/// Whether something holds for all pairs of values, position by position; `false` for other dims or lengths.
#[track_caller]
fn all_of(one: &Variable, two: &Variable, holds: impl Fn(&DataArray, &DataArray) -> DataArray) -> Result<bool> {
    if one.dims() != two.dims() || one.shape() != two.shape() {
        return Ok(false);
    }
    let (one, two) = (DataArray::from_expr(one.expr().clone()), DataArray::from_expr(two.expr().clone()));
    let all = holds(&one, &two);
    let all = if all.dims().is_empty() { all } else { all.all(ALL) };
    Ok(all.to_vec::<u8>()?.iter().all(|held| *held == 1))
}
