//! The floor: every chunk of an array read and decoded by bare zarrs under a rayon loop, nothing computed.
use std::hint::black_box;
use std::sync::Arc;

use rayon::prelude::*;
use zarrs::array::{Array, ArrayBytes, CodecOptions};
use zarrs::filesystem::FilesystemStore;

use crate::Failure;

/// Decodes every chunk of `variable` in the Zarr store at `path`, `passes` times; gives the decoded bytes of one pass.
pub fn decode_all(path: &str, variable: &str, passes: u32) -> Result<u64, Failure> {
    let array = Array::open(Arc::new(FilesystemStore::new(path)?), &format!("/{variable}"))?;
    let shape = array.chunk_grid_shape().to_vec();
    let n_chunks: u64 = shape.iter().product();
    let options = CodecOptions::default().with_concurrent_target(1);
    let mut total = 0;
    for _ in 0..passes {
        total = (0..n_chunks)
            .into_par_iter()
            .map(|number| {
                let chunk: ArrayBytes = array.retrieve_chunk_opt(&position(number, &shape), &options)?;
                let bytes = chunk.into_fixed()?;
                Ok::<u64, Failure>(black_box(&bytes).len() as u64)
            })
            .try_reduce(|| 0, |a, b| Ok(a + b))?;
    }
    Ok(total)
}

fn position(mut number: u64, shape: &[u64]) -> Vec<u64> {
    let mut position = vec![0; shape.len()];
    for (axis, n) in shape.iter().enumerate().rev() {
        position[axis] = number % n;
        number /= n;
    }
    position
}
