//! What is to be written: every variable with the attributes and the encoding that it gets, whatever the format.
use terracube_cube::data::{Attribute, Attributes, Coord, Coords, Variable};
use terracube_cube::{Block, DType, EncodingFields, Result};

use super::WriteOptions;
use crate::cf::encode::Packer;

/// A dataset on its way into a store.
pub(crate) struct Plan {
    pub variables: Vec<Planned>,
    pub attributes: Attributes,
}

/// One variable.
pub(crate) struct Planned {
    pub name: String,
    pub variable: Variable,
    /// The values, if they are in memory: coordinates of at most one dimension.
    pub values: Option<Block>,
    /// Those of the variable, and `coordinates`.
    pub attributes: Attributes,
    pub encoding: EncodingFields,
    pub is_coordinate: bool,
}

impl Plan {
    /// Reads coordinates of at most one dimension: they are small, wanted whole, and often in memory already.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn new(
        variables: &[(&str, &Variable)],
        coords: &Coords,
        attributes: &Attributes,
        options: &WriteOptions,
    ) -> Result<Self> {
        let mut planned = Vec::with_capacity(coords.len() + variables.len());
        for coord in coords.iter() {
            let variable = coord.variable();
            let values = if variable.dims().len() <= 1 { Some(coord.values()?) } else { None };
            planned.push(Planned {
                name: coord.name().to_owned(),
                encoding: encoding(variable, values.as_ref(), options),
                variable: variable.clone(),
                values,
                attributes: variable.attrs().clone(),
                is_coordinate: true,
            });
        }
        for (name, variable) in variables {
            let mut attributes = variable.attrs().clone();
            let labels: Vec<&str> = coords.iter().filter(|coord| belongs(coord, variable)).map(Coord::name).collect();
            if !labels.is_empty() && attributes.get("coordinates").is_none() {
                attributes.set("coordinates", labels.join(" "));
            }
            planned.push(Planned {
                name: (*name).to_owned(),
                encoding: encoding(variable, None, options),
                variable: (*variable).clone(),
                values: None,
                attributes,
                is_coordinate: false,
            });
        }
        let mut attributes = attributes.clone();
        let loose = loose_coords(variables, coords);
        if !loose.is_empty() && attributes.get("coordinates").is_none() {
            attributes.set("coordinates", Attribute::Text(loose.join(" ")));
        }
        Ok(Self { variables: planned, attributes })
    }
}

/// How a variable was stored, if it can be stored so again; else as it is in memory.
fn encoding(variable: &Variable, values: Option<&Block>, options: &WriteOptions) -> EncodingFields {
    let plain = EncodingFields::default;
    if options.decoded || variable.encoding().is_empty() {
        return plain();
    }
    let mut fields = variable.encoding().fields();
    if !matches!(variable.dtype(), DType::Time { .. }) {
        (fields.units, fields.calendar) = (None, None);
    }
    let Ok(packer) = Packer::new(variable.dtype(), &fields) else { return plain() };
    match values {
        Some(values) if packer.pack(values).is_err() => {
            // Units such as "days since" may still serve where only the stored type is too small.
            let wider = EncodingFields { units: fields.units, calendar: fields.calendar, ..plain() };
            let fits = Packer::new(variable.dtype(), &wider).and_then(|packer| packer.pack(values)).is_ok();
            if fits { wider } else { plain() }
        }
        _ => fields,
    }
}

/// Whether a coordinate that is no dimension's labels the variable.
fn belongs(coord: &Coord, variable: &Variable) -> bool {
    !coord.is_dimension() && coord.variable().dims().iter().all(|dim| variable.dims().contains(dim))
}

/// Coordinates that no variable would name: the group names them, as xarray does.
fn loose_coords<'a>(variables: &[(&str, &Variable)], coords: &'a Coords) -> Vec<&'a str> {
    let is_loose =
        |coord: &&Coord| !coord.is_dimension() && !variables.iter().any(|(_, variable)| belongs(coord, variable));
    coords.iter().filter(is_loose).map(Coord::name).collect()
}
