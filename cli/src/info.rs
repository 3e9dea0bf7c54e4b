//! `terracube info`: what a dataset is, without reading its values.
use std::io::Write as _;

use serde_json::{Map, Value, json};
use terracube::cube::{Attributes, ChunkGrid, Dataset, Encoding, Variable};
use terracube::display::RichDisplay as _;

use crate::arguments::LookArguments;
use crate::failure::Failure;

/// Prints the dataset as text or as JSON.
pub(crate) fn info(arguments: &LookArguments) -> Result<(), Failure> {
    let dataset = open(&arguments.url)?;
    let text = match arguments.json {
        true => format!("{:#}\n", describe(&arguments.url, &dataset)),
        false => format!("{}\n", dataset.mime_bundle().plain().trim_end()),
    };
    print(&text)
}

/// Opens a dataset; a mistake that travels in it is an error here.
pub(crate) fn open(url: &str) -> Result<Dataset, Failure> {
    let dataset = terracube::open(url).map_err(|error| Failure::of(&error))?;
    match dataset.error() {
        Some(error) => Err(Failure::of(error)),
        None => Ok(dataset),
    }
}

/// Writes to standard output; a reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
        _ => Ok(()),
    }
}

fn describe(url: &str, dataset: &Dataset) -> Value {
    let dims: Map<String, Value> = dataset.dims().into_iter().map(|(name, len)| (name, len.into())).collect();
    let coords: Map<String, Value> =
        dataset.coords().iter().map(|coord| (coord.name().to_owned(), variable(coord.variable()))).collect();
    let variables: Map<String, Value> =
        dataset.variables().map(|(name, held)| (name.to_owned(), variable(held))).collect();
    json!({
        "url": url,
        "dims": dims,
        "coords": coords,
        "variables": variables,
        "attrs": attributes(dataset.attrs()),
        "n_bytes": dataset.n_bytes(),
    })
}

fn variable(variable: &Variable) -> Value {
    let grid: &ChunkGrid = variable.expr().grid();
    let mut described = json!({
        "dims": variable.dims().iter().collect::<Vec<_>>(),
        "shape": variable.shape(),
        "dtype": variable.dtype().name(),
        "chunks": grid.largest_chunk(),
        "n_chunks": grid.n_chunks(),
        "n_bytes": variable.expr().n_bytes(),
        "attrs": attributes(variable.attrs()),
        "encoding": encoding(variable.encoding()),
    });
    if let (Some(error), Some(object)) = (variable.expr().error(), described.as_object_mut()) {
        object.insert("error".to_owned(), error.to_string().into());
    }
    described
}

fn attributes(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}

/// How the values are stored, as far as it is known.
fn encoding(encoding: &Encoding) -> Map<String, Value> {
    let fields = encoding.fields();
    let known = [
        ("dtype", fields.dtype.map(|dtype| dtype.name().into())),
        ("fill_value", fields.fill_value.map(|value| value.to_json())),
        ("missing_value", fields.missing_value.map(|value| value.to_json())),
        ("scale_factor", fields.scale_factor.map(|value| value.to_json())),
        ("add_offset", fields.add_offset.map(|value| value.to_json())),
        ("units", fields.units.map(Value::from)),
        ("calendar", fields.calendar.map(Value::from)),
        ("chunks", fields.chunks.map(Value::from)),
        ("shards", fields.shards.map(Value::from)),
        ("codecs", fields.codecs),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
