//! The axis that a dimension makes.
use terracube_cube::data::CfRole;
use terracube_cube::{Block, DType, DataArray, Result};

use super::sample::coord_of;
use super::wording::label;
use crate::chart::Axis;
use crate::scale::AxisKind;

/// The axis of a dimension: the labels of its coordinate, or positions where there is none. Reads the coordinate.
///
/// # Errors
/// If the coordinate cannot be read.
pub(crate) fn axis_of(array: &DataArray, dim: &str) -> Result<Axis> {
    let length = array.dims().axis(dim).map(|axis| array.shape()[axis])?;
    let Some(coord) = coord_of(array, dim) else { return Ok(positions(dim.to_owned(), length)) };
    let block = coord.values()?;
    let attrs = coord.variable().attrs();
    let (kind, values) = kind_and_values(&block, coord.role())?;
    let text = match kind {
        AxisKind::Time(_) => attrs.text("long_name").filter(|text| !text.is_empty()).unwrap_or(dim).to_owned(),
        _ => label(dim, attrs),
    };
    // Depths and pressures grow downwards where the metadata says so.
    let reversed = attrs.text("positive").is_some_and(|positive| positive.eq_ignore_ascii_case("down"));
    Ok(Axis { label: text, kind, values, reversed })
}

/// The same axis in one direction, as cells need it: longitudes that jump back by a turn go on; labels without order become
/// positions.
pub(crate) fn in_order(mut axis: Axis, dim: &str) -> Axis {
    if axis.kind == AxisKind::Longitude {
        unwrap_turns(&mut axis.values);
    }
    let rising = axis.values.windows(2).all(|pair| pair[0] < pair[1]);
    let falling = axis.values.windows(2).all(|pair| pair[0] > pair[1]);
    if (rising || falling) && axis.values.iter().all(|value| value.is_finite()) {
        return axis;
    }
    positions(format!("{dim} (position)"), axis.values.len() as u64)
}

/// Kind and numbers of values: times in seconds, durations in days, strings by position.
///
/// # Errors
/// If the block is not what its dtype says.
pub(crate) fn kind_and_values(block: &Block, role: Option<CfRole>) -> Result<(AxisKind, Vec<f64>)> {
    if let Some(texts) = block.text() {
        let names = (0..block.len()).map(|i| texts.value(i).to_owned()).collect();
        return Ok((AxisKind::Labels(names), (0..block.len()).map(|i| i as f64).collect()));
    }
    let values = block.to_f64()?;
    Ok(match (block.dtype(), role) {
        (DType::Time { unit, calendar }, _) => (AxisKind::Time(calendar), divided(values, unit.per_second() as f64)),
        (DType::Duration { unit }, _) => (AxisKind::Number, divided(values, 86_400.0 * unit.per_second() as f64)),
        (_, Some(CfRole::Longitude)) => (AxisKind::Longitude, values),
        (_, Some(CfRole::Latitude)) => (AxisKind::Latitude, values),
        (dtype, _) if dtype.is_integer() || dtype == DType::Bool => (AxisKind::Integer, values),
        _ => (AxisKind::Number, values),
    })
}

/// The label of values, with the unit that [`kind_and_values`] gives durations.
pub(crate) fn value_label(array: &DataArray) -> String {
    let text = label(array.name().unwrap_or_default(), array.attrs());
    match array.dtype() {
        DType::Duration { .. } => format!("{text} [days]").trim_start().to_owned(),
        _ => text,
    }
}

fn positions(label: String, length: u64) -> Axis {
    Axis { label, kind: AxisKind::Integer, values: (0..length).map(|i| i as f64).collect(), reversed: false }
}

fn divided(values: Vec<f64>, by: f64) -> Vec<f64> {
    values.into_iter().map(|value| value / by).collect()
}

/// 350, 0, 10 becomes 350, 360, 370.
fn unwrap_turns(values: &mut [f64]) {
    let mut turn = 0.0;
    for i in 1..values.len() {
        let step = values[i] + turn - values[i - 1];
        if step < -180.0 {
            turn += 360.0;
        } else if step > 180.0 {
            turn -= 360.0;
        }
        values[i] += turn;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longitudes_go_on_and_disorder_becomes_positions() {
        let axis = |kind, values: &[f64]| {
            in_order(Axis { label: "lon".into(), kind, values: values.to_vec(), reversed: false }, "lon")
        };
        assert_eq!(axis(AxisKind::Longitude, &[350.0, 0.0, 10.0]).values, [350.0, 360.0, 370.0]);
        assert_eq!(axis(AxisKind::Longitude, &[170.0, -170.0, -160.0]).values, [170.0, 190.0, 200.0]);
        assert_eq!(axis(AxisKind::Number, &[3.0, 2.0, 1.0]).values, [3.0, 2.0, 1.0]);
        let disorder = axis(AxisKind::Number, &[3.0, 1.0, 2.0]);
        assert_eq!((disorder.values, disorder.label.as_str()), (vec![0.0, 1.0, 2.0], "lon (position)"));
    }
}
