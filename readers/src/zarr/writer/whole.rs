//! Whole datasets into a new store: one run computes all variables and coordinates, chunk by chunk.
use std::sync::Arc;

use serde_json::{Map, Value};
use terracube_cube::data::{Attributes, into_sinks};
use terracube_cube::execute::Sink;
use terracube_cube::{Context, Result, RunReport};

use super::array::{default_chunks, default_shards};
use super::{ArrayToWrite, ZarrWriter};
use crate::store::StoreOptions;
use crate::write::{Plan, Planned, WriteOptions};

/// Writes a dataset to a free place, or in the place of a store.
///
/// # Errors
/// If the place is taken, something cannot be computed, or it cannot be written.
pub(crate) fn write_new(plan: &Plan, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
    let writer = ZarrWriter::create(url, store, options.clone())?;
    writer.set_attributes(to_json(&plan.attributes));
    let (mut exprs, mut sinks) = (Vec::new(), Vec::<Arc<dyn Sink>>::new());
    for planned in &plan.variables {
        let array = describe(planned, &options)?;
        match &planned.values {
            Some(values) => writer.write_whole(array, values)?,
            None => {
                exprs.push(planned.variable.expr().clone());
                sinks.push(Arc::new(writer.array(array)?));
            }
        }
    }
    let report = into_sinks(&exprs, &sinks, &Context::current()?)?;
    drop(sinks);
    writer.finish()?;
    Ok(report)
}

fn describe(planned: &Planned, options: &WriteOptions) -> Result<ArrayToWrite> {
    let variable = &planned.variable;
    let (shape, dtype) = (variable.shape().to_vec(), variable.dtype());
    let mut chunks = default_chunks(&shape, &variable.chunks().largest_chunk(), dtype);
    for (axis, dim) in variable.dims().iter().enumerate() {
        if let Some((_, len)) = options.chunks.iter().find(|(name, _)| name == dim) {
            chunks[axis] = (*len).min(shape[axis].max(1));
        }
    }
    let dims: Vec<&str> = variable.dims().iter().collect();
    let shards = default_shards(&planned.name, &dims, &chunks, &options.shards)?;
    let mut array = ArrayToWrite::new(&planned.name, dims, shape, dtype)
        .chunks(chunks)
        .attributes(to_json(&planned.attributes))
        .encoding(planned.encoding.clone());
    if let Some(shards) = shards {
        array = array.shards(shards);
    }
    Ok(array)
}

pub(super) fn to_json(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}
