//! Whole datasets into a store: one run computes all variables and coordinates, chunk by chunk.
use std::sync::Arc;

use serde_json::{Map, Value};
use terracube_cube::base::TimeUnits;
use terracube_cube::data::into_sinks;
use terracube_cube::execute::Sink;
use terracube_cube::{
    Attributes, Block, Context, Coord, Coords, DType, DataArray, Dataset, Error, Result, RunReport, Variable,
};

use super::options::default_chunks;
use super::{ArrayToWrite, WriteOptions, ZarrWriter};
use crate::store::StoreOptions;

/// Writes datasets and arrays (xarray's `to_zarr`).
pub trait WriteZarr {
    /// Computes everything and writes it as a Zarr version 3 store, coordinates included. The place must be free; see
    /// [`write_with`](Self::write_with) to replace what is there.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// use terracube_readers::zarr::WriteZarr;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![10, 20, 30]).named("t");
    /// t.write("memory://docs/t.zarr")?;
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Exists`](terracube_cube::ErrorKind::Exists) if something is there; what computing gives; if it cannot be written.
    /// What was there before is then untouched, and nothing half-written is left.
    fn write(&self, url: &str) -> Result<RunReport> {
        self.write_with(url, &StoreOptions::default(), WriteOptions::default())
    }

    /// As [`write`](Self::write), with other options.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport>;
}

impl WriteZarr for Dataset {
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        let variables: Vec<_> = self.variables().collect();
        write(&variables, self.coords(), self.attrs(), url, store, options)
    }
}

impl WriteZarr for DataArray {
    fn write_with(&self, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        let name = self.name().ok_or_else(|| {
            Error::invalid("an array without a name cannot be written").hint("name it: `.named(\"t2m\")`")
        })?;
        write(&[(name, self.variable())], self.coords(), &Attributes::new(), url, store, options)
    }
}

fn write(
    variables: &[(&str, &Variable)],
    coords: &Coords,
    attributes: &Attributes,
    url: &str,
    store: &StoreOptions,
    options: WriteOptions,
) -> Result<RunReport> {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if let Some(suffix) = [".nc", ".nc4", ".h5", ".hdf5", ".tif", ".tiff", ".csv", ".parquet"]
        .into_iter()
        .find(|suffix| path.ends_with(suffix))
    {
        return Err(Error::unsupported(format!("writing `{suffix}` files is not supported"))
            .hint("write a Zarr store: a name that ends in .zarr"));
    }
    let lengths = options.chunks.clone();
    let writer = ZarrWriter::create(url, store, options)?;
    let mut attributes = to_json(attributes);
    let loose = loose_coords(variables, coords);
    if !loose.is_empty() {
        attributes.entry("coordinates").or_insert_with(|| loose.join(" ").into());
    }
    writer.set_attributes(attributes);
    let (mut exprs, mut sinks) = (Vec::new(), Vec::<Arc<dyn Sink>>::new());
    for coord in coords.iter() {
        let variable = coord.variable();
        let array = describe(coord.name(), variable, &lengths);
        if variable.dims().len() <= 1 {
            // Small, wanted whole for its time units, and often in memory already.
            let values = coord.values()?;
            writer.write_whole(with_time_units(array, variable, coord, &values), &values)?;
        } else {
            exprs.push(variable.expr().clone());
            sinks.push(Arc::new(writer.array(array)?));
        }
    }
    for (name, variable) in variables {
        let mut array = describe(name, variable, &lengths);
        let labels: Vec<&str> = coords.iter().filter(|coord| belongs(coord, variable)).map(Coord::name).collect();
        if !labels.is_empty() && variable.attrs().get("coordinates").is_none() {
            array = array.attribute("coordinates", labels.join(" "));
        }
        exprs.push(variable.expr().clone());
        sinks.push(Arc::new(writer.array(array)?));
    }
    let report = into_sinks(&exprs, &sinks, &Context::current()?)?;
    drop(sinks);
    writer.finish()?;
    Ok(report)
}

fn describe(name: &str, variable: &Variable, lengths: &[(String, u64)]) -> ArrayToWrite {
    let (shape, dtype) = (variable.shape().to_vec(), variable.dtype());
    let mut chunks = default_chunks(&shape, &variable.chunks().largest_chunk(), dtype);
    for (axis, dim) in variable.dims().iter().enumerate() {
        if let Some((_, len)) = lengths.iter().find(|(name, _)| name == dim) {
            chunks[axis] = (*len).min(shape[axis].max(1));
        }
    }
    ArrayToWrite::new(name, variable.dims().iter(), shape, dtype).chunks(chunks).attributes(to_json(variable.attrs()))
}

/// The units in which times were stored, if all values are whole numbers of them; else those of the dtype.
fn with_time_units(array: ArrayToWrite, variable: &Variable, coord: &Coord, values: &Block) -> ArrayToWrite {
    let (DType::Time { unit, calendar }, Some(units)) = (coord.variable().dtype(), variable.encoding().fields().units)
    else {
        return array;
    };
    let exact = || -> Option<bool> {
        let scaling = TimeUnits::parse(&units, calendar).ok()?.scaling(unit).ok()?;
        let values = values.contiguous().ok()?;
        Some(values.values::<i64>().ok()?.iter().all(|&count| count == i64::MIN || scaling.to_i64(count).is_some()))
    };
    if exact() == Some(true) { array.time_units(units) } else { array }
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

fn to_json(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}
