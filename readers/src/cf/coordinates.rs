//! Which variables are coordinates, as xarray's `decode_coords=True` has it.
use super::{DecodedGroup, moved};

/// Finds the coordinates: variables that bear the name of a dimension, and those that an attribute `coordinates` names. That attribute
/// moves to the encoding.
pub(super) fn find(group: &mut DecodedGroup, by_attribute: bool) {
    let names: Vec<String> = group.variables.iter().map(|variable| variable.name.clone()).collect();
    let mut found: Vec<&str> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    if by_attribute {
        for variable in &mut group.variables {
            let Some(text) = variable.attributes.text("coordinates").map(str::to_owned) else { continue };
            named.extend(text.split_whitespace().map(str::to_owned));
            moved(&mut variable.attributes, &mut variable.encoding, "coordinates");
        }
        if let Some(text) = group.attributes.text("coordinates").map(str::to_owned) {
            named.extend(text.split_whitespace().map(str::to_owned));
            group.attributes.remove("coordinates");
        }
    }
    for name in &names {
        let is_dimension = group.variables.iter().any(|variable| variable.dims.contains(name));
        if is_dimension || named.contains(name) {
            found.push(name);
        }
    }
    group.coordinates = found.into_iter().map(str::to_owned).collect();
}
