//! How the chunks of an array lie in its store: one object each, or many inner chunks in one shard.
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::Value;
use terracube_cube::base::AxisChunks;
use terracube_cube::{ChunkGrid, Error, Result};
use zarrs::array::codec::{ShardingCodecConfiguration, ShardingCodecConfigurationV1};
use zarrs::array::{Array, CodecChain};

use super::decoder::{Decoder, guarded};
use super::shard::{ShardIndexes, ShardShape};
use super::value_type::ValueType;

/// Where chunks are found and how they are decoded.
#[derive(Debug)]
pub(super) enum Layout {
    /// One object per chunk, all of one shape (at the edges they reach past the array).
    Regular { decoder: Decoder },
    /// One object per chunk, with shapes of their own.
    Irregular { codecs: Arc<CodecChain> },
    /// Inner chunks in shards, found by the index in each shard.
    Sharded { decoder: Decoder, shards: Box<ShardIndexes> },
}

impl Layout {
    /// The layout of an array and the grid in which it is read.
    pub fn of(array: &Array<()>, metadata: &Value, value_type: ValueType) -> Result<(Self, ChunkGrid)> {
        let shape = array.shape();
        if shape.is_empty() || is_regular(metadata) {
            let chunk = match shape.len() {
                0 => Vec::new(),
                n => array
                    .chunk_shape(&vec![0; n])
                    .map_err(|error| Error::corrupt(format!("its chunks cannot be used: {error}")))?,
            };
            if let Some(inner) = inner_chunks(metadata)? {
                return sharded(array, &chunk, inner, value_type);
            }
            let decoder = Decoder::new(array.codecs(), value_type, &chunk, array.data_type(), array.fill_value())?;
            return Ok((Self::Regular { decoder }, grid_of(shape, &chunk)));
        }
        let axes = guarded(|| (0..shape.len()).map(|axis| irregular_axis(array, axis)).collect::<Result<Vec<_>>>())?;
        Ok((Self::Irregular { codecs: array.codecs() }, ChunkGrid::new(axes)))
    }
}

/// The configuration of the sharding codec where it is the only outer codec and is not nested; else shards are decoded whole.
fn inner_chunks(metadata: &Value) -> Result<Option<ShardingCodecConfigurationV1>> {
    let Some([codec]) = metadata["codecs"].as_array().map(Vec::as_slice) else { return Ok(None) };
    if codec["name"] != "sharding_indexed" {
        return Ok(None);
    }
    let inner = codec["configuration"]["codecs"].as_array();
    if inner.is_none_or(|codecs| codecs.iter().any(|codec| codec["name"] == "sharding_indexed")) {
        return Ok(None);
    }
    match serde_json::from_value(codec["configuration"].clone()) {
        Ok(ShardingCodecConfiguration::V1(configuration)) => Ok(Some(configuration)),
        Ok(_) => Ok(None),
        Err(error) => Err(Error::corrupt(format!("the configuration of its sharding codec cannot be used: {error}"))),
    }
}

fn sharded(
    array: &Array<()>,
    shard: &[NonZeroU64],
    configuration: ShardingCodecConfigurationV1,
    value_type: ValueType,
) -> Result<(Layout, ChunkGrid)> {
    let broken =
        |error: &dyn std::fmt::Display| Error::unsupported(format!("the codecs of its shards cannot be used: {error}"));
    let (codecs, index_codecs) = guarded(|| {
        let codecs = CodecChain::from_metadata(&configuration.codecs).map_err(|error| broken(&error))?;
        let index = CodecChain::from_metadata(&configuration.index_codecs).map_err(|error| broken(&error))?;
        Ok((codecs, index))
    })?;
    let chunk = &configuration.chunk_shape;
    let shape = ShardShape::new(shard, chunk)?;
    let decoder = Decoder::new(Arc::new(codecs), value_type, chunk, array.data_type(), array.fill_value())?;
    let shards = ShardIndexes::new(shape, index_codecs, configuration.index_location)?;
    Ok((Layout::Sharded { decoder, shards: Box::new(shards) }, grid_of(array.shape(), chunk)))
}

fn is_regular(metadata: &Value) -> bool {
    let grid = &metadata["chunk_grid"];
    grid.is_null() || grid["name"] == "regular"
}

fn grid_of(shape: &[u64], chunk: &[NonZeroU64]) -> ChunkGrid {
    let chunk: Vec<u64> = chunk.iter().map(|n| n.get()).collect();
    ChunkGrid::regular(shape, &chunk)
}

/// The boundaries on one axis, asked chunk by chunk: the other grids of Zarr are products of their axes too.
fn irregular_axis(array: &Array<()>, axis: usize) -> Result<AxisChunks> {
    let len = array.shape()[axis];
    let mut boundaries = vec![0];
    let mut index = vec![0; array.shape().len()];
    for position in 0..array.chunk_grid_shape()[axis] {
        index[axis] = position;
        let chunk =
            array.chunk_shape(&index).map_err(|error| Error::corrupt(format!("its chunks cannot be used: {error}")))?;
        let end = (boundaries[boundaries.len() - 1] + chunk[axis].get()).min(len);
        if end > boundaries[boundaries.len() - 1] {
            boundaries.push(end);
        }
    }
    Ok(AxisChunks::from_boundaries(boundaries))
}
