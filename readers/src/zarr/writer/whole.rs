//! Whole datasets into a new store: one run computes all variables and coordinates, chunk by chunk.
use std::sync::Arc;

use serde_json::{Map, Value};
use terracube_cube::data::{Attributes, into_sinks};
use terracube_cube::execute::Sink;
use terracube_cube::plan::Expr;
use terracube_cube::{Context, ErrorKind, Result, RunReport};

use super::array::{default_chunks, default_shards};
use super::joined::JoinedSink;
use super::{ArrayToWrite, ZarrSink, ZarrWriter};
use crate::store::StoreOptions;
use crate::write::{Plan, Planned, WriteOptions};

/// Writes a dataset to a free place, or in the place of a store.
///
/// # Errors
/// If the place is taken, something cannot be computed, or it cannot be written.
pub(crate) fn write_new(plan: &Plan, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
    write_all(plan, ZarrWriter::create(url, store, options.clone())?, &options)
}

/// Writes a dataset into a transaction.
///
/// # Errors
/// If something cannot be computed or written.
#[cfg(feature = "icechunk")]
pub(crate) fn write_new_within(plan: &Plan, place: &crate::store::Store, options: WriteOptions) -> Result<RunReport> {
    write_all(plan, ZarrWriter::within(place, options.clone())?, &options)
}

fn write_all(plan: &Plan, writer: ZarrWriter, options: &WriteOptions) -> Result<RunReport> {
    writer.set_attributes(to_json(&plan.attributes));
    let (mut exprs, mut sinks) = (Vec::new(), Vec::new());
    for planned in &plan.variables {
        let array = describe(planned, options)?;
        match &planned.values {
            Some(values) => writer.write_whole(array, values)?,
            None => {
                exprs.push(planned.variable.expr().clone());
                sinks.push(Arc::new(writer.array(array)?));
            }
        }
    }
    let report = computed(&exprs, &sinks, &Context::current()?)?;
    drop(sinks);
    writer.finish()?;
    Ok(report)
}

/// Bytes of a box of joined chunks. Larger ones save less decoding than they take memory: encoding takes most of the time.
const MOST_JOINED: u64 = 320 << 20;

/// Computes into the sinks, through boxes of several chunks where that saves decoding and memory allows.
fn computed(exprs: &[Expr], sinks: &[Arc<ZarrSink>], context: &Context) -> Result<RunReport> {
    // A box is there twice, as parts of the source's chunks and as finished values; variables may ride together.
    let most = (context.budget.renew() / (4 * sinks.len().max(1) as u64)).min(MOST_JOINED);
    let plain = |sink: &Arc<ZarrSink>| sink.clone() as Arc<dyn Sink>;
    let mut is_joined = false;
    let joined: Vec<Arc<dyn Sink>> = exprs
        .iter()
        .zip(sinks)
        .map(|(expr, sink)| {
            // What a reduction gives is in memory before it is written.
            let source = if expr.is_reduction() { None } else { Some(expr.grid()) };
            let item_size = expr.dtype().item_size() as u64;
            match source.and_then(|source| JoinedSink::new(sink.clone(), source, item_size, most)) {
                Some(joined) => {
                    is_joined = true;
                    Arc::new(joined)
                }
                None => plain(sink),
            }
        })
        .collect();
    match into_sinks(exprs, &joined, context) {
        // Refused before anything was read: chunk by chunk takes longer, but less.
        Err(error) if is_joined && error.kind() == ErrorKind::OverBudget => {
            into_sinks(exprs, &sinks.iter().map(plain).collect::<Vec<_>>(), context)
        }
        done => done,
    }
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
