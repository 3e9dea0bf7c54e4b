//! An array that several threads fill at a time.
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use arrow_buffer::{Buffer, MutableBuffer};

use super::assembly::{check_fits, for_each_copy, start_of};
use super::recycled::{recycled_buffer, recycled_or_zeros};
use super::strided::contiguous_strides;
use super::{Assembly, Block, BlockData, DType, Error, Region, Result, large};

/// An array of known shape that is filled from blocks by several threads. Boxes that do not touch are filled at the same time, others one
/// after the other.
pub(crate) struct SharedAssembly {
    dtype: DType,
    shape: Vec<usize>,
    values: Values,
    /// The boxes that are being filled.
    writing: Mutex<Vec<Region>>,
    written: Condvar,
}

enum Values {
    Bytes(Target),
    Text(Mutex<Assembly>),
}

/// The memory of an array, and where it starts.
struct Target {
    memory: Vec<u64>,
    start: *mut u8,
    n_bytes: usize,
    /// Whether it goes back to be used again.
    comes_back: bool,
}

// SAFETY: the bytes are written through `start` only, by threads that hold disjoint boxes (`SharedAssembly::claim`), and read by whoever
// owns the whole.
unsafe impl Send for Target {}
// SAFETY: see above.
unsafe impl Sync for Target {}

impl SharedAssembly {
    /// An array of zeros, or of empty strings. Its memory is not touched before it is filled.
    pub fn new(dtype: DType, shape: &[usize]) -> Self {
        Self::with(dtype, shape, false)
    }

    /// An array of whatever stood in its memory before, all of which must be filled; the memory comes back to be used again.
    pub fn reusing(dtype: DType, shape: &[usize]) -> Self {
        Self::with(dtype, shape, true)
    }

    fn with(dtype: DType, shape: &[usize], comes_back: bool) -> Self {
        let values = if dtype == DType::Utf8 {
            Values::Text(Mutex::new(Assembly::new(dtype, shape)))
        } else {
            let n_bytes = shape.iter().product::<usize>() * dtype.item_size();
            let n_words = n_bytes.div_ceil(size_of::<u64>());
            let mut memory = if comes_back { recycled_or_zeros(n_words) } else { large::zeros::<u64>(n_words) };
            let start = memory.as_mut_ptr().cast();
            Values::Bytes(Target { memory, start, n_bytes, comes_back })
        };
        Self { dtype, shape: shape.to_vec(), values, writing: Mutex::default(), written: Condvar::new() }
    }

    /// Writes a block at the positions of `region`, counted from the array's start.
    pub fn put(&self, region: &Region, block: &Block) -> Result<()> {
        check_fits(self.dtype, &self.shape, region, block)?;
        match (&self.values, block.data()) {
            (Values::Text(all), BlockData::Text(_)) => {
                all.lock().unwrap_or_else(PoisonError::into_inner).put(region, block)
            }
            (Values::Bytes(target), BlockData::Fixed { buffer, offset, strides }) => {
                let _claim = self.claim(region);
                let of_whole = contiguous_strides(&self.shape);
                let starts = [start_of(region, &of_whole), *offset];
                let source = buffer.as_slice();
                for_each_copy(&region.extents(), [&of_whole, strides], self.dtype.item_size(), starts, |to, at, n| {
                    let from = &source[at..at + n];
                    // SAFETY: the run lies in the claimed box, which lies in the array (checked above): nobody else touches it.
                    unsafe { target.start.add(to).copy_from_nonoverlapping(from.as_ptr(), n) }
                });
                Ok(())
            }
            _ => Err(Error::internal("strings put among numbers")),
        }
    }

    /// The box for one writer alone, until what is returned is dropped.
    fn claim(&self, region: &Region) -> Claim<'_> {
        let touches = |other: &Region| other.intersect(region).is_some_and(|both| !both.is_empty());
        let mut writing = self.writing();
        while writing.iter().any(touches) {
            writing = self.written.wait(writing).unwrap_or_else(PoisonError::into_inner);
        }
        writing.push(region.clone());
        Claim { of: self, region: region.clone() }
    }

    fn writing(&self) -> MutexGuard<'_, Vec<Region>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The array.
    pub fn finish(self) -> Result<Block> {
        match self.values {
            Values::Text(all) => all.into_inner().unwrap_or_else(PoisonError::into_inner).finish(),
            Values::Bytes(Target { memory, n_bytes, comes_back: true, .. }) => {
                Block::from_buffer(self.dtype, &self.shape, recycled_buffer(memory).slice_with_length(0, n_bytes))
            }
            Values::Bytes(Target { memory, n_bytes, .. }) => {
                let mut bytes = MutableBuffer::from(memory);
                bytes.truncate(n_bytes);
                Block::from_buffer(self.dtype, &self.shape, Buffer::from(bytes))
            }
        }
    }
}

struct Claim<'a> {
    of: &'a SharedAssembly,
    region: Region,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut writing = self.of.writing();
        if let Some(at) = writing.iter().position(|other| *other == self.region) {
            writing.swap_remove(at);
        }
        drop(writing);
        self.of.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn threads_fill_it_at_the_same_time() {
        let whole = Block::new(&[40, 300], (0..12_000i32).collect()).unwrap();
        let pieces: Vec<Region> = (0..40)
            .flat_map(|y| (0..3).map(move |x| Region::new(vec![y..y + 1, 100 * x..100 * x + 100])))
            // Twice the same, and one that overlaps with all: what is written stays the same.
            .flat_map(|piece| [piece.clone(), piece])
            .chain([Region::whole(&[40, 300])])
            .collect();
        let assembly = SharedAssembly::new(DType::I32, &[40, 300]);
        pieces.par_iter().for_each(|piece| assembly.put(piece, &whole.region(piece).unwrap()).unwrap());
        assert!(assembly.writing().is_empty());
        assert_eq!(assembly.finish().unwrap().values::<i32>().unwrap(), whole.values::<i32>().unwrap());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let assembly = SharedAssembly::new(DType::I32, &[4]);
        let block = Block::new(&[2], vec![1i32, 2]).unwrap();
        assert!(assembly.put(&Region::whole(&[4]).with(0, 3..5), &block).is_err());
        assert!(assembly.put(&Region::whole(&[1]), &block).is_err());
        assert!(assembly.put(&Region::whole(&[2]), &Block::from_strings(&[2], ["a", "b"]).unwrap()).is_err());
    }

    #[test]
    fn memory_that_comes_back_has_the_right_length() {
        for len in [0usize, 3, 40_001, 40_000] {
            let values = Block::new(&[len], (0..len as u32).map(|n| n as f32).collect()).unwrap();
            let assembly = SharedAssembly::reusing(DType::F32, &[len]);
            assembly.put(&Region::whole(&[len as u64]), &values).unwrap();
            assert_eq!(assembly.finish().unwrap().values::<f32>().unwrap(), values.values::<f32>().unwrap());
        }
    }
}
