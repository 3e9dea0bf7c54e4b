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
        let extents = region.extents();
        let inside = region.ranges().iter().zip(&self.shape).all(|(range, &len)| range.end as usize <= len);
        if block.dtype() != self.dtype || block.shape() != extents || !inside || region.rank() != self.shape.len() {
            return Err(Error::internal(format!("{block:?} put at {region:?} of <{}>{:?}", self.dtype, self.shape)));
        }
        let strides = contiguous_strides(&self.shape);
        let start: isize = region.ranges().iter().zip(&strides).map(|(range, s)| range.start as isize * s).sum();
        match (&mut self.values, block.data()) {
            (Values::Bytes(bytes), BlockData::Fixed { buffer, offset, strides: from }) => {
                let item = self.dtype.item_size();
                let (target, source) = (bytes.as_slice_mut(), buffer.as_slice());
                let walk = StridedLoop::new(&extents, [&strides, from]);
                let (run, [to_step, from_step]) = (walk.run_len(), walk.run_strides());
                walk.for_each_run(|[to, at]| {
                    let (to, at) = ((start + to) as usize * item, (offset + at) as usize * item);
                    if to_step == 1 && from_step == 1 {
                        target[to..to + run * item].copy_from_slice(&source[at..at + run * item]);
                        return;
                    }
                    for i in 0..run as isize {
                        let (to, at) =
                            (to as isize + i * to_step * item as isize, at as isize + i * from_step * item as isize);
                        let (to, at) = (to as usize, at as usize);
                        target[to..to + item].copy_from_slice(&source[at..at + item]);
                    }
                });
            }
            (Values::Text(texts), BlockData::Text(array)) => {
                let walk = StridedLoop::new(&extents, [&strides, &contiguous_strides(&extents)]);
                let (run, [to_step, from_step]) = (walk.run_len(), walk.run_strides());
                walk.for_each_run(|[to, at]| {
                    for i in 0..run as isize {
                        texts[(start + to + i * to_step) as usize] =
                            array.value((at + i * from_step) as usize).to_owned();
                    }
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
