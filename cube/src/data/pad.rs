//! Positions added at the ends of a dimension.
use std::sync::Arc;

use super::DataArray;
use super::coords::Coord;
use super::operand::Operand;
use crate::base::{Block, DType, Error, Result};
use crate::compute::pointwise::masked_dtype;
use crate::plan::Expr;

/// What stands at the positions that [`DataArray::pad`] adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadMode {
    /// Missing values; integers become floats.
    Missing,
    /// The value at the end.
    Edge,
    /// The values mirrored at the end, which is not repeated: `c b | a b c`.
    Reflect,
    /// The values mirrored behind the end: `b a | a b c`.
    Symmetric,
    /// The values from the other end.
    Wrap,
}

impl DataArray {
    /// `before` and `after` positions more at the ends of a dimension (xarray's `pad`). Labels are padded in the same way.
    ///
    /// ```
    /// use terracube_cube::{DataArray, data::PadMode};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]);
    /// assert_eq!(t.pad("x", 1, 2, PadMode::Wrap).to_vec::<i32>()?, [3, 1, 2, 3, 1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(&self, dim: &str, before: u64, after: u64, mode: PadMode) -> Self {
        let built = || -> Result<Self> {
            self.check()?;
            let axis = self.dims().axis(dim)?;
            let positions = padded(self.shape()[axis], before, after, mode)?;
            let take = |expr: &Expr| -> Expr {
                let Some(axis) = expr.dims().position(dim) else { return expr.clone() };
                if !positions.contains(&-1) {
                    return expr.take(axis, positions.clone(), dim);
                }
                match masked_dtype(expr.dtype()) {
                    Ok(dtype) => expr.cast(dtype).take(axis, positions.clone(), dim),
                    Err(error) => Expr::failed(error),
                }
            };
            let variable = self.variable.with_expr(take(self.variable.expr()));
            let coords = self.coords.map(|coord: &Coord| coord.with_expr(take));
            Self { name: self.name.clone(), variable, coords }.checked()
        };
        self.or_fail(built().map_err(|error| error.context(format!("pad along `{dim}`"))))
    }

    /// As [`DataArray::pad`], with a value at the new positions; integers stay integers (xarray's `pad(constant_values=...)`). Labels there
    /// are missing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1, 2]);
    /// assert_eq!(t.pad_with("x", 1, 2, 0).to_vec::<i32>()?, [0, 1, 2, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad_with(&self, dim: &str, before: u64, after: u64, value: impl Operand) -> Self {
        let labelled = self.pad(dim, before, after, PadMode::Missing);
        let inside = || -> Result<Self> {
            let len = self.shape()[self.dims().axis(dim)?];
            let inside = (0..before + len + after).map(|at| u8::from((before..before + len).contains(&at))).collect();
            let inside = Block::with_dtype(DType::Bool, &[(before + len + after) as usize], inside)?;
            Ok(Self::from_block([dim], inside))
        };
        if labelled.error().is_some() {
            return labelled;
        }
        match inside() {
            Ok(inside) => {
                let bare = Self { coords: Default::default(), ..self.pad(dim, before, after, PadMode::Edge) };
                Self { coords: labelled.coords, ..bare.where_else(inside, value) }
            }
            Err(error) => self.fail(error.context(format!("pad along `{dim}`"))),
        }
    }
}

fn padded(len: u64, before: u64, after: u64, mode: PadMode) -> Result<Arc<[i64]>> {
    let n = len as i64;
    if n == 0 && mode != PadMode::Missing {
        return Err(Error::invalid("an empty dimension has no values to pad with"));
    }
    let at = |position: i64| match mode {
        _ if (0..n).contains(&position) => position,
        PadMode::Missing => -1,
        PadMode::Edge => position.clamp(0, n - 1),
        PadMode::Wrap => position.rem_euclid(n),
        PadMode::Symmetric => {
            let turned = position.rem_euclid(2 * n);
            if turned < n { turned } else { 2 * n - 1 - turned }
        }
        PadMode::Reflect if n == 1 => 0,
        PadMode::Reflect => {
            let turned = position.rem_euclid(2 * (n - 1));
            if turned < n { turned } else { 2 * (n - 1) - turned }
        }
    };
    Ok((-(before as i64)..n + after as i64).map(at).collect())
}
