//! Labels and titles from attributes and coordinates.
use terracube_cube::{Attributes, Block, DType, DataArray};

use crate::scale::{date_text, rounded};

/// The name of an array for messages.
pub(crate) fn name(array: &DataArray) -> &str {
    array.name().unwrap_or("array")
}

/// "long_name [units]", as xarray labels an axis: the long name, else the standard name, else the name.
pub(crate) fn label(name: &str, attrs: &Attributes) -> String {
    let stated = ["long_name", "standard_name"].iter().find_map(|key| attrs.text(key).filter(|text| !text.is_empty()));
    let text = stated.unwrap_or(name);
    match attrs.text("units").map(str::trim) {
        Some(units) if !units.is_empty() => format!("{text} [{units}]").trim_start().to_owned(),
        _ => text.to_owned(),
    }
}

/// "time = 2001-01-16, height = 2 [m]": the scalar coordinates.
pub(crate) fn title(array: &DataArray) -> String {
    let scalars = array.coords().iter().filter(|coord| coord.variable().dims().is_empty());
    let mut parts = Vec::new();
    for coord in scalars.take(6) {
        // A label that cannot be read is no reason not to draw.
        let Some(text) = coord.values().ok().and_then(|block| scalar_text(&block)) else { continue };
        let units = match coord.variable().attrs().text("units") {
            Some(units) if !coord.variable().dtype().is_time_like() && !units.is_empty() => format!(" [{units}]"),
            _ => String::new(),
        };
        parts.push(format!("{} = {text}{units}", coord.name()));
    }
    parts.join(", ")
}

/// One value as a title or a legend shows it.
pub(crate) fn scalar_text(block: &Block) -> Option<String> {
    values_text(block)?.into_iter().next()
}

/// All values of a block as a legend shows them; `None` if they cannot be read.
pub(crate) fn values_text(block: &Block) -> Option<Vec<String>> {
    let block = block.contiguous().ok()?;
    if let Some(texts) = block.text() {
        return Some((0..block.len()).map(|i| texts.value(i).to_owned()).collect());
    }
    if let DType::Time { unit, calendar } = block.dtype() {
        let text = |count: &i64| match *count {
            i64::MIN => "NaT".to_owned(),
            count => date_text(count as f64 / unit.per_second() as f64, calendar),
        };
        return Some(block.values::<i64>().ok()?.iter().map(text).collect());
    }
    Some(block.to_f64().ok()?.into_iter().map(|value| rounded(value, 6)).collect())
}
