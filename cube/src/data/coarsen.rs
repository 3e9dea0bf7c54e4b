//! Blocks of neighbours.
use std::sync::Arc;

use super::coords::Coord;
use super::{DataArray, Variable};
use crate::base::{Block, DType, Error, Result};
use crate::compute::along::{AxisOp, Quantile};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::{Expr, GroupCodes};

impl DataArray {
    /// Blocks of `window` neighbours along a dimension (xarray's `coarsen`); see [`Coarsened`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).mean().to_f64()?, [1.5, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn coarsen(&self, dim: &str, window: u64) -> Coarsened {
        Coarsened { array: self.clone(), windows: vec![(dim.to_owned(), window)], boundary: Boundary::Exact }
    }
}

/// What to do with positions that do not fill a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// They are a mistake.
    Exact,
    /// They are left out.
    Trim,
    /// The last block is shorter.
    Pad,
}

/// Blocks of neighbours (xarray's `coarsen`): each becomes one position, labelled with the mean of its labels.
///
/// ```
/// use terracube_cube::DataArray;
/// let t = DataArray::from_vec(["y", "x"], &[2, 4], (0..8).map(f64::from).collect()).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
/// let coarse = t.coarsen("x", 2).and("y", 2).mean();
/// assert_eq!(coarse.to_f64()?, [2.5, 4.5]);
/// assert_eq!(coarse.coord("x").to_f64()?, [0.5, 2.5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Coarsened {
    array: DataArray,
    windows: Vec<(String, u64)>,
    boundary: Boundary,
}

impl Coarsened {
    /// Blocks along a further dimension (xarray's `coarsen(x=2, y=2)`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 4], (0..8).map(f64::from).collect());
    /// let coarse = t.coarsen("y", 2).and("x", 2).max();
    /// assert_eq!((coarse.shape(), coarse.to_f64()?), (&[1u64, 2][..], vec![5.0, 7.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn and(&self, dim: &str, window: u64) -> Self {
        let mut windows = self.windows.clone();
        windows.push((dim.to_owned(), window));
        Self { windows, ..self.clone() }
    }

    /// Positions that do not fill a block are left out (xarray's `boundary="trim"`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![1.0, 2.0, 3.0, 5.0, 9.0]);
    /// assert_eq!(t.coarsen("x", 2).trim().max().to_f64()?, [2.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn trim(&self) -> Self {
        Self { boundary: Boundary::Trim, ..self.clone() }
    }

    /// The last block may be shorter (xarray's `boundary="pad"`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[5], vec![1.0, 2.0, 3.0, 5.0, 9.0]);
    /// assert_eq!(t.coarsen("x", 2).pad().max().to_f64()?, [2.0, 5.0, 9.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(&self) -> Self {
        Self { boundary: Boundary::Pad, ..self.clone() }
    }

    /// The mean of every block, missing values left out. Integers give f64, f32 stays f32. Lazy.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).mean().to_f64()?, [1.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> DataArray {
        if self.windows.len() == 1 || self.divides() {
            return self.of(ReduceOp::Mean);
        }
        // Over several dimensions: the sum of all by the count of all, in f64.
        let dtype = if self.array.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
        let wide = Self { array: self.array.cast(DType::F64), ..self.clone() };
        let count = self.chained(ReduceOp::Count, ReduceOp::Sum);
        (wide.of(ReduceOp::Sum) / count).cast(dtype).keeping_name_and_attrs(&self.array)
    }

    /// The sum of every block, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).sum().to_f64()?, [1.0, 8.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> DataArray {
        self.of(ReduceOp::Sum)
    }

    /// The least value of every block. Missing values are left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![4.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).min().to_f64()?, [4.0, 3.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min(&self) -> DataArray {
        self.of(ReduceOp::Min)
    }

    /// The greatest value of every block. Missing values are left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![4.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).max().to_f64()?, [4.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max(&self) -> DataArray {
        self.of(ReduceOp::Max)
    }

    /// How many values of every block are not missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![4.0, f64::NAN, 3.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).count().to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count(&self) -> DataArray {
        if self.divides() { self.of(ReduceOp::Count) } else { self.chained(ReduceOp::Count, ReduceOp::Sum) }
    }

    /// The median of every block (over several dimensions only where blocks fill them).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[6], vec![1.0, 9.0, 2.0, 5.0, f64::NAN, 7.0]);
    /// assert_eq!(t.coarsen("x", 3).median().to_f64()?, [2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn median(&self) -> DataArray {
        if self.windows.len() > 1 && self.divides() {
            let quantile = Quantile { at: [0.5].into(), skip_missing: true, groups: None, least: 1, keeps_f32: true };
            return self.folded(|expr, inner| {
                let first = inner[0];
                expr.along(inner, AxisOp::Quantile(quantile), "block").squeeze(&[first])
            });
        }
        self.single("median", |array, codes, axis, dim| array.group_quantile(codes, axis, dim, 0.5, true))
    }

    /// The standard deviation of every block (over several dimensions only where blocks fill them). Divides by the number of values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 3.0, 5.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).std().to_f64()?, [1.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std(&self) -> DataArray {
        self.spread(ReduceOp::Std { ddof: 0 }, "std")
    }

    /// The variance of every block (over several dimensions only where blocks fill them). Divides by the number of values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 5.0, 5.0, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).var().to_f64()?, [4.0, 0.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var(&self) -> DataArray {
        self.spread(ReduceOp::Var { ddof: 0 }, "var")
    }

    /// The product of every block, missing values left out.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![2.0, 3.0, f64::NAN, 5.0]);
    /// assert_eq!(t.coarsen("x", 2).prod().to_f64()?, [6.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod(&self) -> DataArray {
        self.of(ReduceOp::Prod)
    }

    /// Whether any value of every block holds (bool).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1, 2, 3, 1]);
    /// assert_eq!(t.gt(2).coarsen("x", 2).any().to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn any(&self) -> DataArray {
        self.of(ReduceOp::Any)
    }

    /// Whether all values of every block hold (bool).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![3, 4, 3, 1]);
    /// assert_eq!(t.gt(2).coarsen("x", 2).all().to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn all(&self) -> DataArray {
        self.of(ReduceOp::All)
    }

    #[track_caller]
    fn spread(&self, op: ReduceOp, what: &str) -> DataArray {
        if self.windows.len() > 1 && self.divides() {
            return self.of(op);
        }
        self.single(what, |array, codes, axis, _| {
            array.variable().expr().group_reduce(axis, codes, vec![], op, ReduceOptions::default())
        })
    }

    /// The blocks themselves: the dimension becomes two, of the blocks and of the positions in each, with its coordinates (xarray's
    /// `coarsen(...).construct`): months as years and months. Blocks lie along one dimension; a last one that is short is filled up with
    /// missing values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1, 2, 3, 4]).with_coord("x", vec![10, 20, 30, 40]);
    /// let blocks = t.coarsen("x", 2).construct("block", "member");
    /// assert_eq!((blocks.shape(), blocks.isel("member", 1).to_vec::<i32>()?), (&[2u64, 2][..], vec![2, 4]));
    /// assert_eq!(blocks.coord("x").isel("member", 0).to_vec::<i32>()?, [10, 30]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn construct(&self, block: &str, member: &str) -> DataArray {
        self.array.or_fail(self.constructed(block, member).map_err(|error| error.context("construct")))
    }

    #[track_caller]
    fn constructed(&self, block: &str, member: &str) -> Result<DataArray> {
        let [(dim, window)] = self.windows.as_slice() else {
            return Err(Error::unsupported("blocks along several dimensions").hint("construct one after the other"));
        };
        let array = self.whole_blocks(&self.array, dim, *window)?;
        let len = array.shape()[array.dims().axis(dim)?];
        let array = match len % window {
            0 => array,
            rest => array.pad(dim, 0, window - rest, super::PadMode::Missing).checked()?,
        };
        let split = |expr: &Expr| match expr.dims().position(dim) {
            Some(axis) => expr.split(axis, *window, [block, member]),
            None => expr.clone(),
        };
        let mut result = array.with_values(split(array.variable().expr())).checked()?;
        result.coords = array.coords().map(|coord| coord.with_expr(split));
        Ok(result.keeping_name_and_attrs(&self.array))
    }

    #[track_caller]
    fn single(&self, what: &str, build: impl Fn(&DataArray, GroupCodes, usize, &str) -> Expr) -> DataArray {
        match self.windows.as_slice() {
            [(dim, window)] => DataArray::from_result(
                self.one(&self.array, dim, *window, |array, codes, axis| build(array, codes, axis, dim)),
            ),
            _ => self.array.fail(
                Error::unsupported(format!("`{what}` of blocks along several dimensions"))
                    .hint("coarsen one dimension, or use `mean`, `sum`, `min`, `max`, `count`"),
            ),
        }
    }

    #[track_caller]
    fn of(&self, op: ReduceOp) -> DataArray {
        if self.windows.len() > 1 && self.divides() {
            return self.folded(|expr, inner| expr.reduce(inner, op, ReduceOptions::default()));
        }
        self.chained(op, op)
    }

    /// Whether nothing is left over, or what is left over goes.
    fn divides(&self) -> bool {
        let rest = |(dim, window): &(String, u64)| {
            self.array.dims().axis(dim).map_or(0, |axis| self.array.shape()[axis].checked_rem(*window).unwrap_or(1))
        };
        self.boundary != Boundary::Pad || self.windows.iter().all(|window| rest(window) == 0)
    }

    /// All dimensions in one pass: each axis is folded to blocks and their members, and the members are reduced together.
    #[track_caller]
    fn folded(&self, reduce: impl FnOnce(Expr, Vec<usize>) -> Expr) -> DataArray {
        self.array.or_fail(self.in_blocks(reduce).map_err(|error| error.context("coarsen")))
    }

    #[track_caller]
    fn in_blocks(&self, reduce: impl FnOnce(Expr, Vec<usize>) -> Expr) -> Result<DataArray> {
        let mut array = self.array.clone().checked()?;
        let mut axes: Vec<(usize, &str, u64)> = Vec::new();
        for (dim, window) in &self.windows {
            array = self.whole_blocks(&array, dim, *window)?;
            axes.push((array.dims().axis(dim)?, dim, *window));
        }
        axes.sort_unstable();
        if axes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid("a dimension was named twice"));
        }
        // From the last axis to the first, so that the numbers of the others stay.
        let split = |expr: Expr, &(axis, dim, window): &(usize, &str, u64)| {
            expr.split(axis, window, [dim, &format!("members of {dim}")])
        };
        let expr = axes.iter().rev().fold(array.variable().expr().clone(), split);
        let members = axes.iter().enumerate().map(|(k, (axis, ..))| axis + k + 1).collect();
        let mut result = array.with_values(reduce(expr, members)).checked()?;
        let is_coarse = |coord: &Coord| self.windows.iter().any(|(dim, _)| coord.variable().dims().contains(dim));
        result.coords = array.coords().filter(|coord| !is_coarse(coord));
        for coord in array.coords().iter().filter(|coord| is_coarse(coord)) {
            let mut coarse = Some(coord.clone());
            for &(_, dim, window) in axes.iter().filter(|(_, dim, _)| coord.variable().dims().contains(dim)) {
                let len = array.shape()[array.dims().axis(dim)?];
                coarse = match coarse {
                    Some(coord) => coarse_coord(&coord, dim, &blocks(len, window, dim))?,
                    None => None,
                };
            }
            coarse.into_iter().for_each(|coord| result.coords.set(coord));
        }
        Ok(result.keeping_name_and_attrs(&self.array))
    }

    #[track_caller]
    fn chained(&self, first: ReduceOp, then: ReduceOp) -> DataArray {
        let mut op = first;
        let mut array = self.array.clone();
        for (dim, window) in &self.windows {
            let reduced = self.one(&array, dim, *window, |array, codes, axis| {
                array.variable().expr().group_reduce(axis, codes, vec![], op, ReduceOptions::default())
            });
            array = match reduced {
                Ok(array) => array,
                Err(error) => return self.array.fail(error.context("coarsen")),
            };
            op = then;
        }
        array.keeping_name_and_attrs(&self.array)
    }

    /// The array without what does not fill a block, if that is wanted.
    #[track_caller]
    fn whole_blocks(&self, array: &DataArray, dim: &str, window: u64) -> Result<DataArray> {
        array.check()?;
        let axis = array.dims().axis(dim)?;
        let len = array.shape()[axis];
        if window == 0 {
            return Err(Error::invalid("a block needs 1 position at least"));
        }
        let rest = len % window;
        if rest > 0 && self.boundary == Boundary::Exact {
            return Err(Error::invalid(format!("`{dim}` has {len} positions, which blocks of {window} do not divide"))
                .hint("call `.trim()` to leave the rest out, or `.pad()` for a shorter last block"));
        }
        match self.boundary {
            Boundary::Trim if rest > 0 => array.isel(dim, 0..len - rest).checked(),
            _ => Ok(array.clone()),
        }
    }

    #[track_caller]
    fn one(
        &self,
        array: &DataArray,
        dim: &str,
        window: u64,
        build: impl Fn(&DataArray, GroupCodes, usize) -> Expr,
    ) -> Result<DataArray> {
        let array = self.whole_blocks(array, dim, window)?;
        let axis = array.dims().axis(dim)?;
        let codes = blocks(array.shape()[axis], window, dim);
        let expr = build(&array, codes.clone(), axis);
        let mut result = array.with_values(expr).checked()?;
        result.coords = array.coords().filter(|coord| !coord.variable().dims().contains(dim));
        for coord in array.coords().iter().filter(|coord| coord.variable().dims().contains(dim)) {
            if let Some(coarse) = coarse_coord(coord, dim, &codes)? {
                result.coords.set(coarse);
            }
        }
        Ok(result)
    }
}

/// The means of the labels of each block; strings have none.
fn coarse_coord(coord: &Coord, dim: &str, codes: &GroupCodes) -> Result<Option<Coord>> {
    let variable = coord.variable();
    if variable.dtype() == DType::Utf8 {
        return Ok(None);
    }
    let axis = variable.dims().axis(dim)?;
    if let Some(block) = coord.loaded() {
        // In memory: at once, so that labels stay cheap.
        let expr = Expr::constant(variable.dims().clone(), block);
        let reduced = expr.group_reduce(axis, codes.clone(), vec![], ReduceOp::Mean, ReduceOptions::default());
        let block: Block = super::run::block(&reduced)?;
        let along = Variable::from_block(variable.dims().clone(), block).with_attrs(variable.attrs().clone());
        return Ok(Some(Coord::new(coord.name(), along)));
    }
    let reduced = variable.expr().group_reduce(axis, codes.clone(), vec![], ReduceOp::Mean, ReduceOptions::default());
    Ok(Some(Coord::new(coord.name(), variable.with_expr(reduced))))
}

/// The number of the block of every position.
fn blocks(len: u64, window: u64, dim: &str) -> GroupCodes {
    let codes: Arc<[u32]> = (0..len).map(|position| (position / window) as u32).collect();
    GroupCodes { codes, n_groups: len.div_ceil(window) as u32, dim: dim.into() }
}
