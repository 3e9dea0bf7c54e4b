//! An array that is filled piece by piece.

use arrow_buffer::{Buffer, MutableBuffer};

use super::large;
use super::strided::{StridedLoop, contiguous_strides};
use super::{Block, BlockData, DType, Error, Region, Result};

/// An array of known shape that is filled from blocks, in any order.
pub(crate) struct Assembly {
    dtype: DType,
    shape: Vec<usize>,
    values: Values,
}

enum Values {
    Bytes(MutableBuffer),
    Text(Vec<String>),
}

impl Assembly {
    /// An array of zeros, or of empty strings.
    pub fn new(dtype: DType, shape: &[usize]) -> Self {
        let len: usize = shape.iter().product();
        let values = match dtype {
            DType::Utf8 => Values::Text(vec![String::new(); len]),
            _ => {
                // Zeros from the system are not touched before they are needed: a zeroed MutableBuffer writes them all.
                let n_bytes = len * dtype.item_size();
                let mut bytes = MutableBuffer::from(large::zeros::<u64>(n_bytes.div_ceil(size_of::<u64>())));
                bytes.truncate(n_bytes);
                Values::Bytes(bytes)
            }
        };
        Self { dtype, shape: shape.to_vec(), values }
    }

    /// Writes a block at the positions of `region`, counted from the array's start.
    pub fn put(&mut self, region: &Region, block: &Block) -> Result<()> {
        check_fits(self.dtype, &self.shape, region, block)?;
        let extents = region.extents();
        let strides = contiguous_strides(&self.shape);
        let start = start_of(region, &strides);
        match (&mut self.values, block.data()) {
            (Values::Bytes(bytes), BlockData::Fixed { buffer, offset, strides: from }) => {
                let item = self.dtype.item_size();
                let (target, source) = (bytes.as_slice_mut(), buffer.as_slice());
                for_each_copy(&extents, [&strides, from], item, [start, *offset], |to, at, n| {
                    target[to..to + n].copy_from_slice(&source[at..at + n]);
                });
            }
            (Values::Text(texts), BlockData::Text(array)) => {
                for_each_copy(&extents, [&strides, &contiguous_strides(&extents)], 1, [start, 0], |to, at, n| {
                    (0..n).for_each(|i| array.value(at + i).clone_into(&mut texts[to + i]));
                });
            }
            _ => return Err(Error::internal("strings put among numbers")),
        }
        Ok(())
    }

    /// The array.
    pub fn finish(self) -> Result<Block> {
        match self.values {
            Values::Bytes(bytes) => Block::from_buffer(self.dtype, &self.shape, Buffer::from(bytes)),
            Values::Text(texts) => Block::from_strings(&self.shape, texts),
        }
    }
}

/// Refuses a block that is not what belongs at `region` of an array.
pub(super) fn check_fits(dtype: DType, shape: &[usize], region: &Region, block: &Block) -> Result<()> {
    let inside = region.rank() == shape.len()
        && region.ranges().iter().zip(shape).all(|(range, &len)| range.end as usize <= len);
    if block.dtype() == dtype && block.shape() == region.extents() && inside {
        return Ok(());
    }
    Err(Error::internal(format!("{block:?} put at {region:?} of <{dtype}>{shape:?}")))
}

/// The position of a box in an array of `strides`.
pub(super) fn start_of(region: &Region, strides: &[isize]) -> isize {
    region.ranges().iter().zip(strides).map(|(range, stride)| range.start as isize * stride).sum()
}

/// Calls `copy` with (byte in the target, byte in the source, bytes) for every run of values that lie side by side on both sides; `starts`
/// are the positions of the first value.
pub(super) fn for_each_copy(
    extents: &[usize],
    strides: [&[isize]; 2],
    item: usize,
    starts: [isize; 2],
    mut copy: impl FnMut(usize, usize, usize),
) {
    let walk = StridedLoop::new(extents, strides);
    let (run, [to_step, from_step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[to, at]| {
        let (to, at) = (starts[0] + to, starts[1] + at);
        if to_step == 1 && from_step == 1 {
            return copy(to as usize * item, at as usize * item, run * item);
        }
        for i in 0..run as isize {
            copy((to + i * to_step) as usize * item, (at + i * from_step) as usize * item, item);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_together_whatever_their_strides() {
        let whole = Block::new(&[4, 6], (0..24i16).collect()).unwrap();
        let turned = whole.transpose(&[1, 0]).unwrap();
        let mut assembly = Assembly::new(DType::I16, &[6, 4]);
        for rows in [0..2u64, 2..6] {
            for columns in [0..3u64, 3..4] {
                let region = Region::new(vec![rows.clone(), columns]);
                assembly.put(&region, &turned.region(&region).unwrap()).unwrap();
            }
        }
        let got = assembly.finish().unwrap();
        assert_eq!(got.values::<i16>().unwrap(), turned.contiguous().unwrap().values::<i16>().unwrap());
    }

    #[test]
    fn a_piece_that_does_not_fit_is_refused() {
        let mut assembly = Assembly::new(DType::I16, &[2]);
        let block = Block::new(&[2], vec![1i16, 2]).unwrap();
        assert!(assembly.put(&Region::whole(&[3]).with(0, 1..3), &block).is_err());
    }
}
