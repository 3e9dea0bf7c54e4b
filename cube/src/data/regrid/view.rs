//! All values whose place lies in a cell of a coarser grid, brought together: least, greatest, sum, count, mean.
use super::grid::Grid;
use super::regridder::labelled;
use super::weights::Axis;
use crate::base::{DType, Error, Result};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::data::{CfRole, DataArray};
use crate::plan::GroupCodes;

/// The cells of a grid, each with the values that lie in it (gdalcubes' view, Open Data Cube's `load` to a resolution). Made by
/// [`DataArray::view`].
#[derive(Debug, Clone)]
pub struct GridView {
    array: DataArray,
    grid: Grid,
}

impl DataArray {
    /// The values by the cells of a grid in which their places lie; all count the same, whatever part of a cell they cover (for weights by area
    /// see [`Regridder`](super::Regridder)). Values outside of the grid are left out. Latitudes and longitudes must be axes.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 4], vec![1.0, 3.0, 5.0, 7.0, 2.0, 4.0, 6.0, 8.0])
    ///     .with_coord("lat", vec![1.0, 2.0]).with_coord("lon", vec![350.0, 355.0, 5.0, 10.0]);
    /// let grid = Grid::new(vec![0.0, 10.0], vec![-10.0, 10.0])?;
    /// let view = t.view(&grid);
    /// assert_eq!(view.max().to_f64()?[..2], [4.0, 8.0]);
    /// assert_eq!(view.count().to_vec::<i64>()?, [4, 4, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn view(&self, grid: &Grid) -> GridView {
        GridView { array: self.clone(), grid: grid.clone() }
    }
}

impl GridView {
    /// The mean of the values in each cell. Missing values are left out.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 4], vec![1.0, 3.0, 5.0, f64::NAN]).with_coord("lat", vec![1.0])
    ///     .with_coord("lon", vec![0.0, 1.0, 10.0, 11.0]);
    /// assert_eq!(t.view(&Grid::new(vec![0.0, 9.0], vec![0.0, 10.0])?).mean().to_f64()?[..2], [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> DataArray {
        let dtype = if self.array.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
        let wide = Self { array: self.array.cast(DType::F64), ..self.clone() };
        (wide.sum() / wide.count()).cast(dtype).keeping_name_and_attrs(&self.array)
    }

    /// The sum of the values in each cell: 0 of nothing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 3.0, 5.0])
    ///     .with_coord("lat", vec![1.0]).with_coord("lon", vec![0.0, 1.0, 10.0]);
    /// assert_eq!(t.view(&Grid::new(vec![0.0, 9.0], vec![0.0, 10.0])?).sum().to_f64()?, [4.0, 5.0, 0.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> DataArray {
        self.reduced(ReduceOp::Sum, ReduceOp::Sum)
    }

    /// The least value in each cell, missing values left out; missing where there is none, which for integers is an error.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 3.0, 5.0])
    ///     .with_coord("lat", vec![1.0]).with_coord("lon", vec![0.0, 1.0, 10.0]);
    /// assert_eq!(t.view(&Grid::new(vec![0.0, 9.0], vec![0.0, 10.0])?).min().to_f64()?[..2], [1.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min(&self) -> DataArray {
        self.reduced(ReduceOp::Min, ReduceOp::Min)
    }

    /// The greatest value in each cell, missing values left out; missing where there is none, which for integers is an error.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 3.0, 5.0])
    ///     .with_coord("lat", vec![1.0]).with_coord("lon", vec![0.0, 1.0, 10.0]);
    /// assert_eq!(t.view(&Grid::new(vec![0.0, 9.0], vec![0.0, 10.0])?).max().to_f64()?[..2], [3.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max(&self) -> DataArray {
        self.reduced(ReduceOp::Max, ReduceOp::Max)
    }

    /// How many values in each cell are not missing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, f64::NAN, 5.0])
    ///     .with_coord("lat", vec![1.0]).with_coord("lon", vec![0.0, 1.0, 10.0]);
    /// assert_eq!(t.view(&Grid::new(vec![0.0, 9.0], vec![0.0, 10.0])?).count().to_vec::<i64>()?, [1, 1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count(&self) -> DataArray {
        self.reduced(ReduceOp::Count, ReduceOp::Sum)
    }

    #[track_caller]
    fn reduced(&self, first: ReduceOp, then: ReduceOp) -> DataArray {
        self.array.or_fail(self.built(first, then).map_err(|error| error.context("view")))
    }

    #[track_caller]
    fn built(&self, first: ReduceOp, then: ReduceOp) -> Result<DataArray> {
        let mut expr = self.array.clone().checked()?.variable().expr().clone();
        let mut result = self.array.clone();
        let (lats, lons) = (self.grid.latitudes(), self.grid.longitudes());
        for (role, labels, op) in [(CfRole::Latitude, lats, first), (CfRole::Longitude, lons, then)] {
            let coord = self.array.by_role(role)?;
            if !coord.is_dimension() {
                return Err(Error::unsupported(format!("`{}` is no axis of one dimension", coord.name())));
            }
            let dim = coord.name();
            let places = coord.values()?.to_f64()?;
            let edges = Axis::new(dim, labels.to_vec(), false)?.edges();
            let cyclic = role == CfRole::Longitude;
            let codes = places.iter().map(|&place| cell(&edges, place, cyclic)).collect();
            let groups = GroupCodes { codes, n_groups: labels.len() as u32, dim: dim.into() };
            expr = expr.group_reduce(self.array.dims().axis(dim)?, groups, vec![], op, ReduceOptions::default());
            result.coords = result.coords.filter(|coord| !coord.variable().dims().contains(dim));
            result.coords.set(labelled(dim, labels, Some(coord.variable().attrs().clone()))?);
        }
        let coords = result.coords.clone();
        let mut array = self.array.with_values(expr).checked()?;
        array.coords = coords;
        Ok(array)
    }
}

/// The cell in which a place lies, its lower end within; `u32::MAX` outside.
fn cell(edges: &[f64], place: f64, cyclic: bool) -> u32 {
    let (least, most) = (edges[0].min(edges[edges.len() - 1]), edges[0].max(edges[edges.len() - 1]));
    let place = if cyclic { least + (place - least).rem_euclid(360.0) } else { place };
    // The upper end of all belongs to the last cell: a pole.
    if place.is_nan() || place < least || place > most {
        return u32::MAX;
    }
    let n = edges.len() - 1;
    let code = match edges[0] < edges[n] {
        true => edges.partition_point(|&edge| edge <= place).saturating_sub(1),
        false => edges.partition_point(|&edge| edge > place).saturating_sub(1),
    };
    code.min(n - 1) as u32
}
