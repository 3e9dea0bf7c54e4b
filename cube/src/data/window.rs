//! Windows: rolling statistics, and blocks of neighbours.
use std::sync::Arc;

use super::coords::Coord;
use super::{DataArray, Variable};
use crate::base::{Block, DType, Error, Result};
use crate::compute::along::{AxisOp, Rolling, RollingOp};
use crate::compute::reduce::{ReduceOp, ReduceOptions};
use crate::plan::{Expr, GroupCodes};

/// A window that moves along a dimension (xarray's `rolling`). A result needs a full window unless [`RollingWindow::min_periods`] says
/// otherwise. Windows are never made: memory is that of the data and its result, and a border of one window.
///
/// ```
/// use terracube_cube::DataArray;
/// let t = DataArray::from_vec(["time"], &[5], vec![1.0, 2.0, 6.0, 4.0, 2.0]);
/// let smooth = t.rolling("time", 3).centered().min_periods(2).mean();
/// assert_eq!(smooth.to_f64()?, [1.5, 3.0, 4.0, 4.0, 3.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RollingWindow {
    array: DataArray,
    dim: String,
    window: u64,
    centered: bool,
    min_periods: Option<u64>,
    ddof: u32,
}

impl DataArray {
    /// A window of `window` positions that moves along a dimension; each result stands at its end.
    #[must_use]
    pub fn rolling(&self, dim: &str, window: u64) -> RollingWindow {
        RollingWindow { array: self.clone(), dim: dim.to_owned(), window, centered: false, min_periods: None, ddof: 0 }
    }

    /// Blocks of `window` neighbours along a dimension (xarray's `coarsen`); see [`Coarsened`].
    #[must_use]
    pub fn coarsen(&self, dim: &str, window: u64) -> Coarsened {
        Coarsened { array: self.clone(), windows: vec![(dim.to_owned(), window)], boundary: Boundary::Exact }
    }
}

impl RollingWindow {
    /// Results stand in the middle of their windows (for an even length the later of the two middles).
    #[must_use]
    pub fn centered(&self) -> Self {
        Self { centered: true, ..self.clone() }
    }

    /// Windows with at least `n` values that are not missing give a result; also those at the ends, which are shorter.
    #[must_use]
    pub fn min_periods(&self, n: u64) -> Self {
        Self { min_periods: Some(n), ..self.clone() }
    }

    /// Variances and standard deviations divide by the count less `n`.
    #[must_use]
    pub fn ddof(&self, n: u32) -> Self {
        Self { ddof: n, ..self.clone() }
    }

    fn of(&self, op: RollingOp) -> DataArray {
        let len = self.array.dims().axis(&self.dim).map(|axis| self.array.shape()[axis]);
        let wrong = match (len, self.window, self.min_periods) {
            (Err(_), ..) => None,
            (Ok(_), 0, _) => Some("a window needs 1 position at least".to_owned()),
            (Ok(len), window, _) if window > len => {
                Some(format!("a window of {window} on `{}`, which has {len}", self.dim))
            }
            (_, window, Some(n)) if n > window => Some(format!("min_periods({n}) of a window of {window}")),
            (_, _, Some(0)) => Some("min_periods(0): a result needs 1 value at least".to_owned()),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return self.array.fail(Error::invalid(wrong));
        }
        let rolling = Rolling {
            op,
            window: self.window,
            centered: self.centered,
            min_periods: self.min_periods.unwrap_or(self.window),
        };
        self.array.along(&self.dim, AxisOp::Rolling(rolling))
    }
}

macro_rules! windows {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl RollingWindow {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> DataArray {
                let op: fn(u32) -> RollingOp = $op;
                self.of(op(self.ddof))
            })*
        }
    };
}
windows! {
    /// Sums of the windows, missing values left out.
    sum => |_| RollingOp::Sum;
    /// Means of the windows.
    mean => |_| RollingOp::Mean;
    /// Least values of the windows.
    min => |_| RollingOp::Min;
    /// Greatest values of the windows.
    max => |_| RollingOp::Max;
    /// Variances of the windows; see [`RollingWindow::ddof`].
    var => |ddof| RollingOp::Var { ddof };
    /// Standard deviations of the windows; see [`RollingWindow::ddof`].
    std => |ddof| RollingOp::Std { ddof };
    /// How many values of the windows are not missing (f64).
    count => |_| RollingOp::Count;
    /// Medians of the windows.
    median => |_| RollingOp::Median;
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
    /// Blocks along a further dimension.
    #[must_use]
    pub fn and(&self, dim: &str, window: u64) -> Self {
        let mut windows = self.windows.clone();
        windows.push((dim.to_owned(), window));
        Self { windows, ..self.clone() }
    }

    /// Positions that do not fill a block are left out (xarray's `boundary="trim"`).
    #[must_use]
    pub fn trim(&self) -> Self {
        Self { boundary: Boundary::Trim, ..self.clone() }
    }

    /// The last block may be shorter (xarray's `boundary="pad"`).
    #[must_use]
    pub fn pad(&self) -> Self {
        Self { boundary: Boundary::Pad, ..self.clone() }
    }

    /// The mean of every block, missing values left out.
    #[must_use]
    pub fn mean(&self) -> DataArray {
        if self.windows.len() == 1 {
            return self.of(ReduceOp::Mean);
        }
        // Over several dimensions: the sum of all by the count of all, in f64.
        let dtype = if self.array.dtype() == DType::F32 { DType::F32 } else { DType::F64 };
        let wide = Self { array: self.array.cast(DType::F64), ..self.clone() };
        let count = self.chained(ReduceOp::Count, ReduceOp::Sum);
        (wide.of(ReduceOp::Sum) / count).cast(dtype).keeping_name_and_attrs(&self.array)
    }

    /// The sum of every block, missing values left out.
    #[must_use]
    pub fn sum(&self) -> DataArray {
        self.of(ReduceOp::Sum)
    }

    /// The least value of every block.
    #[must_use]
    pub fn min(&self) -> DataArray {
        self.of(ReduceOp::Min)
    }

    /// The greatest value of every block.
    #[must_use]
    pub fn max(&self) -> DataArray {
        self.of(ReduceOp::Max)
    }

    /// How many values of every block are not missing.
    #[must_use]
    pub fn count(&self) -> DataArray {
        self.chained(ReduceOp::Count, ReduceOp::Sum)
    }

    /// The median of every block (one dimension).
    #[must_use]
    pub fn median(&self) -> DataArray {
        self.single("median", |array, codes, axis, dim| array.group_quantile(codes, axis, dim, 0.5, true))
    }

    /// The standard deviation of every block (one dimension).
    #[must_use]
    pub fn std(&self) -> DataArray {
        self.single("std", |array, codes, axis, _| {
            array.variable().expr().group_reduce(
                axis,
                codes,
                vec![],
                ReduceOp::Std { ddof: 0 },
                ReduceOptions::default(),
            )
        })
    }

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

    fn of(&self, op: ReduceOp) -> DataArray {
        self.chained(op, op)
    }

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

    fn one(
        &self,
        array: &DataArray,
        dim: &str,
        window: u64,
        build: impl Fn(&DataArray, GroupCodes, usize) -> Expr,
    ) -> Result<DataArray> {
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
        let array = match self.boundary {
            Boundary::Trim if rest > 0 => array.isel(dim, 0..len - rest).checked()?,
            _ => array.clone(),
        };
        let len = array.shape()[axis];
        let n_groups = len.div_ceil(window);
        let codes: Arc<[u32]> = (0..len).map(|position| (position / window) as u32).collect();
        let codes = GroupCodes { codes, n_groups: n_groups as u32, dim: dim.into() };
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
