//! An array of two dimensions in colour.
use terracube_cube::{DType, DataArray, Error, Result, broadcast, compute};

use super::axis_of::{axis_of, in_order, kind_and_values, value_label};
use super::sample::Sample;
use super::{Options, page};
use crate::chart::{Arrows, Axis, MapChart, MapStyle};
use crate::colour::ColourMap;
use crate::scale::{AxisKind, cell_edges};

/// The widest and the highest frame of a page of default size.
const DEFAULT_FRAME: (f64, f64) = (560.0, 460.0);
/// Values per unit of the page: two, for screens that have two pixels to a unit.
const PER_UNIT: f64 = 2.0;

/// The second dimension goes to the right and the first upwards, as in xarray; but longitudes always go to the right.
///
/// # Errors
/// If the colour map is unknown, or coordinates or values cannot be computed.
pub(crate) fn draw(array: &DataArray, style: MapStyle, options: &Options) -> Result<String> {
    let colour_map = options.colour_map.as_deref().map(ColourMap::named).transpose()?;
    let dims: Vec<String> = array.dims().iter().map(str::to_owned).collect();
    let first = in_order(axis_of(array, &dims[0])?, &dims[0]);
    let second = in_order(axis_of(array, &dims[1])?, &dims[1]);
    let turned = first.kind == AxisKind::Longitude && second.kind != AxisKind::Longitude;
    let (mut x, mut y, x_dim, y_dim) =
        if turned { (first, second, &dims[0], &dims[1]) } else { (second, first, &dims[1], &dims[0]) };
    // Only heights and depths are turned over, not what lies to the right.
    x.reversed = false;
    let (width, height) = options.size.unwrap_or(DEFAULT_FRAME);
    let x_sample = Sample::new(x.values.len() as u64, (width * PER_UNIT) as u64);
    let y_sample = Sample::new(y.values.len() as u64, (height * PER_UNIT) as u64);
    let x_edges = x_sample.pick_edges(&edges(&x));
    let y_edges = y_sample.pick_edges(&edges(&y));
    let sampled = y_sample.of(&x_sample.of(array, x_dim), y_dim);
    x.values = x_sample.pick(&x.values);
    y.values = y_sample.pick(&y.values);
    let (value_kind, values) = kind_and_values(sampled.values()?.block(), None)?;
    let values = if turned { transposed(&values, y.values.len()) } else { values };
    let arrows = match &options.arrows {
        Some(components) => Some(arrows(components, x_dim, y_dim)?),
        None => None,
    };
    let chart = MapChart {
        page: page(array, options),
        x,
        y,
        x_edges,
        y_edges,
        values,
        value_label: value_label(array),
        value_kind,
        wanted: options.wanted,
        colour_map,
        style,
        arrows,
        has_bar: !options.without_bar,
    };
    chart.draw()
}

/// Arrows along each axis; more cannot be told apart.
const MOST_ARROWS: u64 = 30;

/// Every n-th of two components over the axes of the map, chosen before anything is computed.
fn arrows((u, v): &(DataArray, DataArray), x_dim: &str, y_dim: &str) -> Result<Arrows> {
    let both = broadcast(&[u, v])?;
    let (mut u, mut v) = match both.as_slice() {
        [u, v] if u.dims().len() == 2 => (u.transpose([y_dim, x_dim]), v.transpose([y_dim, x_dim])),
        _ => {
            return Err(Error::invalid("arrows need two components over two dimensions")
                .hint(format!("select until `{y_dim}` and `{x_dim}` are left")));
        }
    };
    let mut places = Vec::new();
    for dim in [x_dim, y_dim] {
        let axis = in_order(axis_of(&u.clone().checked()?, dim)?, dim);
        let sample = Sample::new(axis.values.len() as u64, MOST_ARROWS);
        places.push(sample.pick(&axis.values));
        (u, v) = (sample.of(&u, dim), sample.of(&v, dim));
    }
    let unit = u.attrs().text("units").unwrap_or_default().to_owned();
    let (u, v) = compute((&u.cast(DType::F64), &v.cast(DType::F64)))?;
    let y = places.pop().unwrap_or_default();
    Ok(Arrows { x: places.pop().unwrap_or_default(), y, u: u.to_f64()?, v: v.to_f64()?, unit })
}

fn edges(axis: &Axis) -> Vec<f64> {
    cell_edges(&axis.values, (axis.kind == AxisKind::Latitude).then_some((-90.0, 90.0)))
}

/// Rows become columns; each row has `length` values.
fn transposed(values: &[f64], length: usize) -> Vec<f64> {
    (0..length).flat_map(|column| values.iter().skip(column).step_by(length.max(1)).copied()).collect()
}
