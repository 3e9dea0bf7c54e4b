//! A lazy N-D array with names for its dimensions and labels along them.
use std::sync::Arc;

use super::coords::{Coord, Coords};
use super::{Attribute, Attributes, Encoding, Variable};
use crate::base::{Block, ChunkGrid, DType, Dims, Element, Error, Result};
use crate::plan::Expr;

/// A lazy, labelled N-D array (xarray's `DataArray`). Cheap to clone, `Send + Sync`; every method takes `&self` and reads nothing until
/// a terminal call (`compute`, `values`, `to_f64`, ...) asks for the result.
///
/// Mistakes (a wrong name, shapes that do not fit) travel inside and are returned by every terminal call; [`DataArray::error`] looks
/// at them at once.
///
/// ```
/// use terracube_cube::DataArray;
/// let t = DataArray::from_vec(["lat", "lon"], &[2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).with_coord("lat", vec![10.0, 20.0]);
/// assert_eq!(t.mean("lon").to_f64()?, [2.0, 5.0]);
/// let wrong = t.mean("latt");
/// assert_eq!(wrong.error().unwrap().to_string(), "no dimension `latt`; did you mean `lat`?");
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DataArray {
    pub(super) name: Option<Arc<str>>,
    pub(super) variable: Variable,
    pub(super) coords: Coords,
}

impl DataArray {
    /// An array over a lazy variable. Coordinates that have dimensions that the variable lacks are left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).with_coord("x", vec![0, 1]);
    /// let mean = DataArray::new(Some("mean"), t.mean("x").variable().clone(), t.coords().clone());
    /// assert_eq!((mean.name(), mean.coords().len(), mean.item()?), (Some("mean"), 0, 2.0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn new(name: Option<&str>, variable: Variable, coords: Coords) -> Self {
        let fits = |coord: &Coord| coord.variable().dims().iter().all(|dim| variable.dims().contains(dim));
        let coords = coords.filter(|coord| fits(coord));
        Self { name: name.map(Arc::from), variable, coords }
    }

    /// An array over values in memory, in C order. Carries an error if their number is not the product of `shape`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]);
    /// assert_eq!(t.isel("y", 1).to_vec::<i32>()?, [3, 4]);
    /// assert!(DataArray::from_vec(["x"], &[3], vec![1, 2]).error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn from_vec<S: AsRef<str>, T: Element>(
        dims: impl IntoIterator<Item = S>,
        shape: &[usize],
        values: Vec<T>,
    ) -> Self {
        let built = Dims::new(dims).and_then(|dims| Ok(Expr::constant(dims, Block::new(shape, values)?)));
        Self::from_expr(Expr::from_result(built))
    }

    /// An array over a block in memory.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["station"], Block::from_strings(&[2], ["Bonn", "Oslo"])?);
    /// assert_eq!(names.isel("station", 1).values()?.to_strings()?, ["Oslo"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn from_block<S: AsRef<str>>(dims: impl IntoIterator<Item = S>, block: Block) -> Self {
        Self::from_expr(Expr::from_result(Dims::new(dims).map(|dims| Expr::constant(dims, block))))
    }

    /// An array that is nothing but a mistake. Every terminal call returns it.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Error};
    /// let wrong = DataArray::failed(Error::invalid("no such station"));
    /// assert_eq!((&wrong + 1.0).to_f64().unwrap_err().message(), "no such station");
    /// ```
    #[track_caller]
    pub fn failed(error: Error) -> Self {
        Self::from_expr(Expr::failed(error))
    }

    #[track_caller]
    pub(super) fn from_expr(expr: Expr) -> Self {
        Self {
            name: None,
            variable: Variable::new(expr.placed(), Attributes::new(), Encoding::default()),
            coords: Coords::default(),
        }
    }

    #[track_caller]
    pub(super) fn from_result(result: Result<Self>) -> Self {
        // A closure would not know who called.
        match result {
            Ok(array) => array,
            Err(error) => Self::failed(error),
        }
    }

    /// The same array with a dimension coordinate (1-D, along the dimension of that name).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1, 2]).with_coord("x", vec![10.0, 20.0]);
    /// assert_eq!(t.sel("x", 20.0).to_vec::<i32>()?, [2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_coord<T: Element>(&self, dim: &str, labels: Vec<T>) -> Self {
        match Block::new(&[labels.len()], labels) {
            Ok(block) => self.with_coord_block(dim, block),
            Err(error) => self.fail(error),
        }
    }

    /// The same array with a dimension coordinate from a block (times, strings).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let t = DataArray::from_vec(["station"], &[2], vec![1.0, 2.0]);
    /// let t = t.with_coord_block("station", Block::from_strings(&[2], ["Bonn", "Oslo"])?);
    /// assert_eq!(t.sel("station", "Oslo").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_coord_block(&self, dim: &str, labels: Block) -> Self {
        let variable = match Dims::new([dim]) {
            Ok(dims) => Variable::from_block(dims, labels),
            Err(error) => return self.fail(error),
        };
        self.with_coord_variable(dim, variable)
    }

    /// The same array with a coordinate of any shape over its dimensions (xarray's `assign_coords`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let elevation = DataArray::from_vec(["x"], &[2], vec![120.0, 80.0]);
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord_variable("elevation", elevation.variable().clone());
    /// assert_eq!(t.coord("elevation").to_f64()?, [120.0, 80.0]);
    /// let wrong = t.with_coord_variable("z", DataArray::from_vec(["x"], &[1], vec![0]).variable().clone());
    /// assert_eq!(wrong.error().unwrap().message(), "coordinate `z` has 1 values along `x`, the array 2");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_coord_variable(&self, name: &str, variable: Variable) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        for (dim, &len) in variable.dims().iter().zip(variable.shape()) {
            match self.dims().axis(dim) {
                Ok(axis) if self.shape()[axis] == len => {}
                Ok(axis) => {
                    let message =
                        format!("coordinate `{name}` has {len} values along `{dim}`, the array {}", self.shape()[axis]);
                    return self.fail(Error::mismatch(message));
                }
                Err(error) => return self.fail(error.context(format!("coordinate `{name}`"))),
            }
        }
        let mut array = self.clone();
        array.coords.set(Coord::new(name, variable));
        array
    }

    /// The same array under another name.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.named("t2m").name(), Some("t2m"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn named(&self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self.clone() }
    }

    /// The same array with one attribute set.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(t.with_attr("units", "K").attrs().text("units"), Some("K"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_attr(&self, name: &str, value: impl Into<Attribute>) -> Self {
        let mut attrs = self.variable.attrs().clone();
        attrs.set(name, value);
        Self { variable: self.variable.with_attrs(attrs), ..self.clone() }
    }

    /// The same array with other attributes; those it had go.
    ///
    /// ```
    /// use terracube_cube::{Attributes, DataArray};
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K").with_attrs(Attributes::new());
    /// assert!(t.attrs().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_attrs(&self, attrs: Attributes) -> Self {
        Self { variable: self.variable.with_attrs(attrs), ..self.clone() }
    }

    /// The name of the variable, if it has one (xarray's `name`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]);
    /// assert_eq!((t.name(), t.named("t2m").name()), (None, Some("t2m")));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The dimensions in axis order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]);
    /// assert_eq!(t.dims().iter().collect::<Vec<_>>(), ["y", "x"]);
    /// ```
    pub fn dims(&self) -> &Dims {
        self.variable.dims()
    }

    /// The length of each axis.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).shape(), [1, 2]);
    /// ```
    pub fn shape(&self) -> &[u64] {
        self.variable.shape()
    }

    /// The number of values (xarray's `size`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[3, 2], vec![0.0; 6]).size(), 6);
    /// ```
    pub fn size(&self) -> u64 {
        self.variable.expr().size()
    }

    /// Bytes of all values in memory (xarray's `nbytes`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[3, 2], vec![0.0f32; 6]).n_bytes(), 24);
    /// ```
    pub fn n_bytes(&self) -> u64 {
        self.variable.expr().n_bytes()
    }

    /// The dtype of the values.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1, 3]);
    /// assert_eq!((t.dtype(), t.mean("x").dtype(), t.gt(2).dtype()), (DType::I32, DType::F64, DType::Bool));
    /// ```
    pub fn dtype(&self) -> DType {
        self.variable.dtype()
    }

    /// The chunks in which the values come most cheaply.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!((t.chunks().n_chunks(), t.chunks().shape()), (1, vec![4]));
    /// ```
    pub fn chunks(&self) -> &ChunkGrid {
        self.variable.chunks()
    }

    /// The attributes (xarray's `attrs`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]).with_attr("units", "K");
    /// assert_eq!(t.attrs().text("units"), Some("K"));
    /// ```
    pub fn attrs(&self) -> &Attributes {
        self.variable.attrs()
    }

    /// How it was stored; empty once values were changed.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[1], vec![1.0]);
    /// assert!(t.encoding().is_empty());
    /// ```
    pub fn encoding(&self) -> &Encoding {
        self.variable.encoding()
    }

    /// The lazy variable without coordinates.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]);
    /// assert_eq!((t.variable().shape(), t.variable().dtype()), (&[2u64][..], DType::F64));
    /// ```
    pub fn variable(&self) -> &Variable {
        &self.variable
    }

    /// The coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).with_coord("x", vec![0, 1]);
    /// assert_eq!(t.coords().names().collect::<Vec<_>>(), ["x"]);
    /// ```
    pub fn coords(&self) -> &Coords {
        &self.coords
    }

    /// A coordinate as an array of its own; carries an error if there is none of that name.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.coord("y").to_f64()?, [0.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn coord(&self, name: &str) -> Self {
        match self.coords.get(name) {
            Some(coord) => coord_array(coord, &self.coords),
            None => Self::failed(
                self.error().cloned().unwrap_or_else(|| Error::unknown_name("coordinate", name, self.coords.names())),
            ),
        }
    }

    /// The mistake that was made while building this; `None` if there was none so far. Reads nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.mean("y").error().is_some() && t.mean("x").error().is_none());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.variable.error()
    }

    /// The same array, or the mistake that it carries: to fail early.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// assert!(t.mean("y").checked().is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`DataArray::error`] shows.
    #[track_caller]
    pub fn checked(self) -> Result<Self> {
        match self.error() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    #[track_caller]
    pub(super) fn fail(&self, error: Error) -> Self {
        let error = self.error().cloned().unwrap_or(error);
        Self { name: self.name.clone(), ..Self::failed(error) }
    }

    /// What was built, or this array with the mistake.
    #[track_caller]
    pub(super) fn or_fail(&self, built: Result<Self>) -> Self {
        match built {
            Ok(array) => array.placed(),
            Err(error) => self.fail(error),
        }
    }

    /// The array; a mistake in it that has no place yet is the caller's.
    #[track_caller]
    fn placed(mut self) -> Self {
        if self.error().is_some_and(|error| error.place().is_none()) {
            self.variable = self.variable.with_expr(self.variable.expr().clone().placed());
        }
        self
    }

    /// Other values of the same dims; name, attributes and coordinates stay, the encoding goes.
    #[track_caller]
    pub(super) fn with_values(&self, expr: Expr) -> Self {
        let coords = if expr.error().is_some() { Coords::default() } else { self.coords.clone() };
        Self {
            name: self.name.clone(),
            variable: Variable::new(expr.placed(), self.attrs().clone(), Encoding::default()),
            coords,
        }
    }
}

/// A coordinate as an array, with the coordinates that share its dimensions.
#[track_caller]
pub(super) fn coord_array(coord: &Coord, coords: &Coords) -> DataArray {
    DataArray::new(Some(coord.name()), coord.variable().clone(), coords.clone()).with_loaded(coord)
}

impl DataArray {
    /// Takes over the values of a coordinate that are in memory.
    #[track_caller]
    fn with_loaded(mut self, coord: &Coord) -> Self {
        if let Some(block) = coord.loaded() {
            self.variable = self.variable.with_expr(Expr::constant(coord.variable().dims().clone(), block));
        }
        self
    }
}
