//! Whole datasets into a new store: one run computes all variables and coordinates, chunk by chunk.
use std::sync::Arc;

use serde_json::{Map, Value};
use terracube_cube::data::{Attributes, held_bytes, into_sinks};
use terracube_cube::execute::{GatheredSink, Sink};
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

/// Computes into the sinks. Where chunks lie across those of the source, the way that decodes least within the budget is taken: chunks are
/// gathered piece by piece, or computed in boxes of several, or one by one.
fn computed(exprs: &[Expr], sinks: &[Arc<ZarrSink>], context: &Context) -> Result<RunReport> {
    let plain = |sink: &Arc<ZarrSink>| sink.clone() as Arc<dyn Sink>;
    let budget = context.budget.renew();
    // A box is there twice, as parts of the source's chunks and as finished values; variables may ride together.
    let most = (budget / (4 * sinks.len().max(1) as u64)).min(MOST_JOINED);
    let through = |wrap: &dyn Fn(&Expr, &Arc<ZarrSink>) -> Option<Arc<dyn Sink>>| {
        let mut is_other = false;
        let wrapped = exprs.iter().zip(sinks).map(|(expr, sink)| {
            // What a reduction gives is in memory before it is written.
            let other = if expr.is_reduction() { None } else { wrap(expr, sink) };
            is_other |= other.is_some();
            other.unwrap_or_else(|| plain(sink))
        });
        let wrapped: Vec<_> = wrapped.collect();
        is_other.then_some(wrapped)
    };
    let gathered = through(&|expr, sink| {
        GatheredSink::before(plain(sink), sink.grid(), expr.grid()).map(|sink| Arc::new(sink) as Arc<dyn Sink>)
    });
    let joined = through(&|expr, sink| {
        let item_size = expr.dtype().item_size() as u64;
        JoinedSink::new(sink.clone(), expr.grid(), item_size, most).map(|sink| Arc::new(sink) as Arc<dyn Sink>)
    });
    // What is refused is so before anything was read.
    for wrapped in [gathered.filter(|sinks| held_bytes(exprs, sinks) <= budget / 2), joined].into_iter().flatten() {
        match into_sinks(exprs, &wrapped, context) {
            Err(error) if error.kind() == ErrorKind::OverBudget => {}
            done => return done,
        }
    }
    into_sinks(exprs, &sinks.iter().map(plain).collect::<Vec<_>>(), context)
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
