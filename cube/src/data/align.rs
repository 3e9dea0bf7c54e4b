//! Bringing two arrays to the same labels before they are combined.
use std::sync::Arc;

use super::DataArray;
use super::coords::{Coord, Coords};
use super::index::AxisMatch;
use crate::base::{Error, Result};
use crate::plan::Expr;

/// The values of both arrays at the labels that they share (inner join), and the coordinates of the result.
///
/// Equal axes are proved equal without reading where they are the same node. Float axes that differ by less than a thousandth of a cell
/// are an error, and so is an empty intersection: both are mistakes far more often than wishes.
#[track_caller]
pub(super) fn align(left: &DataArray, right: &DataArray) -> Result<(Expr, Expr, Coords)> {
    let (mut a, mut b) = (left.clone(), right.clone());
    for dim in left.dims().iter().filter(|dim| right.dims().contains(dim)) {
        let (Some(x), Some(y)) = (dimension_coord(left, dim), dimension_coord(right, dim)) else { continue };
        if x.is_same(y) {
            continue;
        }
        let (x, y) = (x.index()?, y.index()?);
        match x.same_as(&y) {
            AxisMatch::Equal => {}
            AxisMatch::NearlyEqual { cells } => {
                let message = format!(
                    "`{dim}` of {} and of {} differ by at most {cells:.1e} of a cell, but are not equal",
                    label(left),
                    label(right)
                );
                return Err(Error::mismatch(message).hint(
                    "the grids are probably the same: give one array the coordinate of the other before combining them",
                ));
            }
            AxisMatch::Different => {
                let (in_left, in_right) =
                    x.intersect(&y).map_err(|error| error.context(format!("{} and {}", label(left), label(right))))?;
                a = a.taken(dim, &in_left)?;
                b = b.taken(dim, &in_right)?;
            }
        }
    }
    let mut coords = a.coords.clone();
    let mut conflicting: Vec<Arc<str>> = Vec::new();
    for coord in b.coords.iter() {
        match coords.get(coord.name()) {
            None => coords.set(coord.clone()),
            Some(held) if held.is_dimension() || held.is_same(coord) || same_scalar(held, coord) => {}
            Some(_) if coord.is_dimension() => coords.set(coord.clone()),
            Some(_) => conflicting.push(coord.name().into()),
        }
    }
    let coords = coords.filter(|coord| !conflicting.iter().any(|name| **name == *coord.name()));
    Ok((a.variable.expr().clone(), b.variable.expr().clone(), coords))
}

fn dimension_coord<'a>(array: &'a DataArray, dim: &str) -> Option<&'a Coord> {
    array.coords.get(dim).filter(|coord| coord.is_dimension())
}

/// Coordinates along no index that differ are dropped from a result, as xarray does; reading large ones to find out is not worth it.
fn same_scalar(a: &Coord, b: &Coord) -> bool {
    const SMALL: u64 = 1 << 16;
    let (va, vb) = (a.variable(), b.variable());
    if va.dims() != vb.dims() || va.shape() != vb.shape() || va.dtype() != vb.dtype() || va.expr().size() > SMALL {
        return false;
    }
    match (a.values(), b.values()) {
        (Ok(x), Ok(y)) => x.same_values(&y),
        _ => false,
    }
}

fn label(array: &DataArray) -> String {
    array.name().map_or_else(|| "an unnamed array".to_owned(), |name| format!("`{name}`"))
}
