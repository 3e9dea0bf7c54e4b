//! The variables of several files, each as one variable over all of them.
use std::sync::Arc;

use terracube_cube::compute::{cast, promote};
use terracube_cube::source::{MemorySource, Source};
use terracube_cube::{Block, ChunkGrid, DType, Error, Result};

use super::labels::Labels;
use super::part::Part;
use super::source::JoinedSource;
use super::stepped::SteppedSource;
use crate::cf::{DecodedData, DecodedVariable};

/// Files one behind the other along a dimension: variables that have it are joined, the others are those of the first file.
pub(super) fn joined(parts: Vec<Part>, dim: &str) -> Result<Part> {
    if parts.len() == 1 {
        return parts.into_iter().next().ok_or_else(|| Error::internal("no part"));
    }
    let mut whole = parts[0].clone();
    for variable in &mut whole.group.variables {
        let found = same_form(&parts, variable, Some(dim))?;
        let Some(axis) = variable.dims.iter().position(|name| name == dim) else { continue };
        variable.shape[axis] = found.iter().map(|(_, other)| other.shape[axis]).sum();
        variable.data = data(&found, axis, false);
    }
    for part in &parts[1..] {
        if let Some(extra) = part.group.variables.iter().find(|variable| whole.variable(&variable.name).is_none()) {
            return Err(part
                .at(Error::mismatch(format!("it has a variable `{}`, which {} has not", extra.name, whole.name)))
                .hint("all files must have the same variables: leave out those that have others"));
        }
    }
    let labels: Option<Vec<&Labels>> = parts.iter().map(|part| part.labels(dim)).collect();
    if let Some(labels) = labels {
        let blocks: Vec<Block> = labels.iter().map(|labels| labels.block.clone()).collect();
        let block = joined_blocks(&blocks)?;
        if let Some(variable) = whole.group.variables.iter_mut().find(|variable| variable.name == dim) {
            variable.data = Ok(in_memory(block.clone()));
        }
        whole.labels.retain(|(name, _)| name != dim);
        whole.labels.push((dim.to_owned(), Labels::new(block)?));
    }
    Ok(whole)
}

/// Files side by side along a new dimension in front: all variables that are no coordinates get it.
pub(super) fn stacked(parts: Vec<Part>, dim: &str, labels: &[String]) -> Result<Part> {
    if !labels.is_empty() && labels.len() != parts.len() {
        return Err(Error::invalid(format!("{} labels of `{dim}` for {} files", labels.len(), parts.len())));
    }
    let mut whole = parts[0].clone();
    let coordinates = whole.group.coordinates.clone();
    for variable in &mut whole.group.variables {
        let found = same_form(&parts, variable, None)?;
        if coordinates.contains(&variable.name) {
            continue;
        }
        variable.dims.insert(0, dim.to_owned());
        variable.shape.insert(0, parts.len() as u64);
        variable.data = data(&found, 0, true);
    }
    if !labels.is_empty() {
        let block = Block::from_strings(&[labels.len()], labels)?;
        whole.labels.push((dim.to_owned(), Labels::new(block.clone())?));
        whole.group.coordinates.push(dim.to_owned());
        whole.group.variables.push(DecodedVariable {
            name: dim.to_owned(),
            dims: vec![dim.to_owned()],
            shape: vec![labels.len() as u64],
            attributes: Default::default(),
            data: Ok(in_memory(block)),
            encoding: Default::default(),
            storage: Default::default(),
            stored_dtype: None,
        });
    }
    Ok(whole)
}

/// The variable in every file, of the same dimensions and lengths but for the one that is joined.
fn same_form<'a>(
    parts: &'a [Part],
    variable: &DecodedVariable,
    dim: Option<&str>,
) -> Result<Vec<(&'a Part, &'a DecodedVariable)>> {
    let mut found = Vec::with_capacity(parts.len());
    for part in parts {
        let Some(other) = part.variable(&variable.name) else {
            return Err(part
                .at(Error::mismatch(format!("it lacks the variable `{}`, which {} has", variable.name, parts[0].name)))
                .hint("all files must have the same variables: leave out those that lack some"));
        };
        let lengths = |of: &DecodedVariable| -> Vec<u64> {
            of.dims.iter().zip(&of.shape).filter(|(name, _)| Some(&name[..]) != dim).map(|(_, &len)| len).collect()
        };
        if other.dims != variable.dims || lengths(other) != lengths(variable) {
            return Err(part.at(Error::mismatch(format!(
                "its `{}` is over {:?} of shape {:?}, but that of {} over {:?} of shape {:?}",
                variable.name, other.dims, other.shape, parts[0].name, variable.dims, variable.shape
            ))));
        }
        found.push((part, other));
    }
    Ok(found)
}

/// The values of all files. Where all are stored alike, raw values are joined and decoded as those of one file are.
fn data(found: &[(&Part, &DecodedVariable)], axis: usize, is_new: bool) -> Result<DecodedData> {
    let mut all = Vec::with_capacity(found.len());
    for (part, variable) in found {
        all.push(variable.data.as_ref().map_err(|error| part.at(error.clone()))?);
    }
    let first = all[0];
    if all.iter().all(|data| data.steps == first.steps && data.source.dtype() == first.source.dtype()) {
        let sources = all.iter().map(|data| data.source.clone()).collect();
        let source: Arc<dyn Source> = Arc::new(JoinedSource::new(sources, axis, is_new)?);
        return Ok(DecodedData { source, steps: first.steps.clone(), dtype: first.dtype });
    }
    let mut dtype = first.dtype;
    for ((part, variable), data) in found.iter().zip(&all) {
        dtype = common(dtype, data.dtype)
            .map_err(|error| part.at(error.context(format!("the values of `{}`", variable.name))))?;
    }
    let stepped = |data: &&DecodedData| -> Arc<dyn Source> { Arc::new(SteppedSource::new(data, dtype)) };
    let source: Arc<dyn Source> = Arc::new(JoinedSource::new(all.iter().map(stepped).collect(), axis, is_new)?);
    Ok(DecodedData { source, steps: Vec::new(), dtype })
}

fn common(a: DType, b: DType) -> Result<DType> {
    if a == b { Ok(a) } else { promote(a, b) }
}

fn joined_blocks(blocks: &[Block]) -> Result<Block> {
    let mut dtype = blocks[0].dtype();
    for block in &blocks[1..] {
        dtype = common(dtype, block.dtype())?;
    }
    let blocks = blocks.iter().map(|block| cast(block, dtype)).collect::<Result<Vec<_>>>()?;
    Block::concat(0, &blocks)
}

fn in_memory(block: Block) -> DecodedData {
    let shape: Vec<u64> = block.shape().iter().map(|&len| len as u64).collect();
    let dtype = block.dtype();
    DecodedData { source: MemorySource::new(block, ChunkGrid::single(&shape)), steps: Vec::new(), dtype }
}
