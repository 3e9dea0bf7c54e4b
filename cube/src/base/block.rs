//! A block of values in memory: what kernels read and write.
use std::fmt;

use arrow_array::{Array as _, LargeStringArray};
use arrow_buffer::Buffer;

use super::strided::{StridedLoop, contiguous_strides};
use super::{DType, Element, Error, Region, Result, dispatch_numeric};

/// Values of one dtype in a shape, over an Arrow buffer. Cheap to clone, slice, transpose and broadcast: those make views.
#[derive(Clone)]
pub struct Block {
    dtype: DType,
    shape: Vec<usize>,
    data: BlockData,
}

/// How the values of a [`Block`] are held.
#[derive(Clone)]
pub enum BlockData {
    /// Values of fixed size: value `i` stands at `offset + Σ i·strides`, counted in elements (0 repeats a value).
    Fixed {
        /// The bytes; aligned for the dtype's storage type.
        buffer: Buffer,
        /// Where the first value stands, in elements.
        offset: isize,
        /// One stride per axis, in elements.
        strides: Vec<isize>,
    },
    /// Strings in C order.
    Text(LargeStringArray),
}

impl Block {
    /// A block from values in C order, with the plain dtype of `T`.
    ///
    /// ```
    /// use terracube_cube::{Block, DType};
    /// let block = Block::new(&[2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
    /// assert_eq!((block.shape(), block.dtype(), block.n_bytes()), (&[2, 2][..], DType::F32, 16));
    /// assert!(Block::new(&[3], vec![1, 2]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the number of values is not the product of `shape`.
    pub fn new<T: Element>(shape: &[usize], values: Vec<T>) -> Result<Self> {
        Self::with_dtype(T::DTYPE, shape, values)
    }

    /// A block of one value.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// assert_eq!((Block::scalar(2.5).rank(), Block::scalar(2.5).to_f64()?), (0, vec![2.5]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn scalar<T: Element>(value: T) -> Self {
        let buffer = Buffer::from_vec(vec![value]);
        Self { dtype: T::DTYPE, shape: vec![], data: BlockData::Fixed { buffer, offset: 0, strides: vec![] } }
    }

    /// A block of `dtype` from stored values in C order: `u8` for `Bool`, `i64` for times and durations.
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// assert_eq!(Block::with_dtype(dtype, &[1], vec![86_400_i64])?.dtype(), dtype);
    /// assert!(Block::with_dtype(DType::Bool, &[1], vec![1.0]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the number of values is not the product of `shape`, or `dtype` is not stored as `T`.
    pub fn with_dtype<T: Element>(dtype: DType, shape: &[usize], values: Vec<T>) -> Result<Self> {
        if dtype.storage() != T::DTYPE {
            return Err(Error::internal(format!("{dtype} is not stored as {}", T::DTYPE)));
        }
        Self::from_buffer(dtype, shape, Buffer::from_vec(values))
    }

    /// A block over bytes in C order and native byte order. A buffer that is not aligned for the dtype is copied.
    ///
    /// # Errors
    /// If the number of bytes is not that of `shape`, or `dtype` is `Utf8`.
    pub fn from_buffer(dtype: DType, shape: &[usize], buffer: Buffer) -> Result<Self> {
        let expected = shape.iter().product::<usize>() * dtype.item_size();
        if dtype == DType::Utf8 || buffer.len() != expected {
            return Err(Error::corrupt(format!(
                "{} bytes do not make an array of {dtype} with shape {shape:?} ({expected} bytes)",
                buffer.len()
            )));
        }
        let aligned = buffer.as_ptr().align_offset(dtype.item_size()) == 0;
        let buffer = if aligned { buffer } else { Buffer::from_slice_ref(buffer.as_slice()) };
        let strides = contiguous_strides(shape);
        Ok(Self { dtype, shape: shape.to_vec(), data: BlockData::Fixed { buffer, offset: 0, strides } })
    }

    /// A block of strings in C order.
    ///
    /// ```
    /// use terracube_cube::{Block, DType};
    /// let block = Block::from_strings(&[2], ["Bonn", "Oslo"])?;
    /// assert_eq!((block.dtype(), block.text().unwrap().value(1)), (DType::Utf8, "Oslo"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the number of strings is not the product of `shape`.
    pub fn from_strings<S: AsRef<str>>(shape: &[usize], strings: impl IntoIterator<Item = S>) -> Result<Self> {
        let array = LargeStringArray::from_iter_values(strings);
        if array.len() != shape.iter().product::<usize>() {
            return Err(Error::corrupt(format!("{} strings do not make an array of shape {shape:?}", array.len())));
        }
        Ok(Self { dtype: DType::Utf8, shape: shape.to_vec(), data: BlockData::Text(array) })
    }

    /// A block in which one value stands everywhere; costs the memory of one value.
    pub fn filled(value: &Self, shape: &[usize]) -> Result<Self> {
        match &value.data {
            BlockData::Fixed { buffer, offset, .. } if value.len() == 1 => Ok(Self {
                dtype: value.dtype,
                shape: shape.to_vec(),
                data: BlockData::Fixed { buffer: buffer.clone(), offset: *offset, strides: vec![0; shape.len()] },
            }),
            BlockData::Text(array) if array.len() == 1 => {
                Self::from_strings(shape, std::iter::repeat_n(array.value(0), shape.iter().product()))
            }
            _ => Err(Error::internal("a fill value must be a single value")),
        }
    }

    /// A single missing value: NaN, NaT, "", or 0 where the dtype has none.
    ///
    /// # Errors
    /// Never for the dtypes there are.
    pub fn missing(dtype: DType) -> Result<Self> {
        match dtype.storage() {
            DType::Utf8 => Self::from_strings(&[], [""]),
            DType::F32 => Ok(Self::scalar(f32::NAN)),
            DType::F64 => Ok(Self::scalar(f64::NAN)),
            DType::I64 if dtype.is_time_like() => Self::scalar(i64::MIN).reinterpret(dtype),
            _ => {
                dispatch_numeric!(dtype, T => Self::scalar(T::from_f64(0.0)).reinterpret(dtype), text => Self::from_strings(&[], [""]))
            }
        }
    }

    /// Whether shape, dtype and all values are equal; missing values are equal to missing values.
    pub fn same_values(&self, other: &Self) -> bool {
        if self.dtype != other.dtype || self.shape != other.shape {
            return false;
        }
        if let (Some(a), Some(b)) = (self.text(), other.text()) {
            return a == b;
        }
        let (Ok(a), Ok(b)) = (self.contiguous(), other.contiguous()) else { return false };
        dispatch_numeric!(self.dtype, T => match (a.values::<T>(), b.values::<T>()) {
            (Ok(a), Ok(b)) => a.iter().zip(b).all(|(x, y)| x == y || (x.is_missing() && y.is_missing())),
            _ => false,
        }, text => false)
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The same stored values under another dtype of the same storage (i64 as time, u8 as bool).
    ///
    /// # Errors
    /// If the storage differs.
    pub fn reinterpret(mut self, dtype: DType) -> Result<Self> {
        if self.dtype.storage() != dtype.storage() {
            return Err(Error::internal(format!("{} is not stored as {dtype}", self.dtype)));
        }
        self.dtype = dtype;
        Ok(self)
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the values in C order (not of the buffer behind a view).
    pub fn n_bytes(&self) -> usize {
        match &self.data {
            BlockData::Fixed { .. } => self.len() * self.dtype.item_size(),
            BlockData::Text(array) => array.value_data().len() + 8 * (self.len() + 1),
        }
    }

    /// How the values are held.
    pub fn data(&self) -> &BlockData {
        &self.data
    }

    /// Whether the values stand in C order without gaps.
    pub fn is_contiguous(&self) -> bool {
        match &self.data {
            BlockData::Text(_) => true,
            BlockData::Fixed { strides, .. } => {
                let mut step = 1;
                self.shape.iter().zip(strides).rev().all(|(&len, &stride)| {
                    let fits = len == 1 || stride == step;
                    step *= len as isize;
                    fits
                }) || self.is_empty()
            }
        }
    }

    /// The same values in C order without gaps; free if they are so already.
    pub fn contiguous(&self) -> Result<Self> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        dispatch_numeric!(self.dtype, T => {
            let (all, offset, strides) = self.strided::<T>()?;
            let mut out: Vec<T> = Vec::with_capacity(self.len());
            let walk = StridedLoop::new(&self.shape, [strides]);
            let (run, [step]) = (walk.run_len(), walk.run_strides());
            walk.for_each_run(|[at]| {
                let start = offset + at;
                if step == 1 {
                    out.extend_from_slice(&all[start as usize..start as usize + run]);
                } else {
                    out.extend((0..run as isize).map(|i| all[(start + i * step) as usize]));
                }
            });
            Self::with_dtype(self.dtype, &self.shape, out)
        }, text => Ok(self.clone()))
    }

    /// The values in C order if they stand so without gaps.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// let block = Block::new(&[2], vec![1i16, 2])?;
    /// assert_eq!(block.values::<i16>()?, [1, 2]);
    /// assert!(block.values::<f64>().is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the dtype is not stored as `T`, or the block is a view with gaps (call [`Block::contiguous`] first).
    pub fn values<T: Element>(&self) -> Result<&[T]> {
        let (all, offset, _) = self.strided::<T>()?;
        if !self.is_contiguous() {
            return Err(Error::internal("values of a strided block"));
        }
        Ok(if self.is_empty() { &[] } else { &all[offset as usize..offset as usize + self.len()] })
    }

    /// The whole buffer, the position of the first value and the strides, all in elements.
    ///
    /// # Errors
    /// If the dtype is not stored as `T`.
    pub fn strided<T: Element>(&self) -> Result<(&[T], isize, &[isize])> {
        match &self.data {
            BlockData::Fixed { buffer, offset, strides } if self.dtype.storage() == T::DTYPE => {
                Ok((buffer.typed_data::<T>(), *offset, strides))
            }
            _ => Err(Error::internal(format!("{} read as {}", self.dtype, T::DTYPE))),
        }
    }

    /// The strings in C order; `None` for other dtypes.
    pub fn text(&self) -> Option<&LargeStringArray> {
        match &self.data {
            BlockData::Text(array) => Some(array),
            BlockData::Fixed { .. } => None,
        }
    }

    /// Every value as f64 in C order (times as counts, missing times as NaN).
    ///
    /// ```
    /// use terracube_cube::{Block, Calendar, DType, TimeUnit};
    /// let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::Standard };
    /// let counts = Block::with_dtype(dtype, &[2], vec![60, i64::MIN])?.to_f64()?;
    /// assert!(counts[0] == 60.0 && counts[1].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// For strings.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        let block = self.contiguous()?;
        if self.dtype.is_time_like() {
            return Ok(block
                .values::<i64>()?
                .iter()
                .map(|&v| if v == i64::MIN { f64::NAN } else { v as f64 })
                .collect());
        }
        dispatch_numeric!(self.dtype, T => Ok(block.values::<T>()?.iter().map(|v| v.to_f64()).collect()),
            text => Err(Error::dtype("strings are not numbers")))
    }

    /// A view of every `step`-th position of a box: per axis (start, number of positions, step). Steps may be negative.
    ///
    /// # Errors
    /// If a position lies outside.
    pub fn slice(&self, axes: &[(usize, usize, isize)]) -> Result<Self> {
        let inside = axes.len() == self.rank()
            && axes.iter().zip(&self.shape).all(|(&(start, count, step), &len)| {
                let last = start as isize + (count as isize - 1) * step;
                count == 0 || (start < len && (0..len as isize).contains(&last))
            });
        if !inside {
            return Err(Error::internal(format!("slice {axes:?} of shape {:?}", self.shape)));
        }
        let shape: Vec<usize> = axes.iter().map(|axis| axis.1).collect();
        match &self.data {
            BlockData::Fixed { buffer, offset, strides } => {
                let moved = axes.iter().zip(strides).map(|(axis, stride)| axis.0 as isize * stride).sum::<isize>();
                let strides = axes.iter().zip(strides).map(|(axis, stride)| axis.2 * stride).collect();
                let data = BlockData::Fixed { buffer: buffer.clone(), offset: offset + moved, strides };
                Ok(Self { dtype: self.dtype, shape, data })
            }
            BlockData::Text(array) => {
                let steps = contiguous_strides(&self.shape);
                let first = axes.iter().zip(&steps).map(|(axis, stride)| axis.0 as isize * stride).sum::<isize>();
                let strides: Vec<isize> = axes.iter().zip(&steps).map(|(axis, stride)| axis.2 * stride).collect();
                gather_text(array, &shape, first, &strides)
            }
        }
    }

    /// A view of a box, whose positions are counted from the block's start.
    ///
    /// # Errors
    /// If it is not inside.
    pub fn region(&self, region: &Region) -> Result<Self> {
        let axes: Vec<_> =
            region.ranges().iter().map(|r| (r.start as usize, r.end.saturating_sub(r.start) as usize, 1)).collect();
        self.slice(&axes)
    }

    /// A view with the axes in another order: axis `i` of the result is axis `order[i]` of this one.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// let turned = Block::new(&[2, 2], vec![1, 2, 3, 4])?.transpose(&[1, 0])?;
    /// assert_eq!((turned.is_contiguous(), turned.to_f64()?), (false, vec![1.0, 3.0, 2.0, 4.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `order` is no permutation.
    pub fn transpose(&self, order: &[usize]) -> Result<Self> {
        let mut seen = order.to_vec();
        seen.sort_unstable();
        if seen.iter().copied().ne(0..self.rank()) {
            return Err(Error::internal(format!("{order:?} is no order of {} axes", self.rank())));
        }
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        match &self.data {
            BlockData::Fixed { buffer, offset, strides } => {
                let strides = order.iter().map(|&axis| strides[axis]).collect();
                let data = BlockData::Fixed { buffer: buffer.clone(), offset: *offset, strides };
                Ok(Self { dtype: self.dtype, shape, data })
            }
            BlockData::Text(array) => {
                let steps = contiguous_strides(&self.shape);
                let strides: Vec<isize> = order.iter().map(|&axis| steps[axis]).collect();
                gather_text(array, &shape, 0, &strides)
            }
        }
    }

    /// A view broadcast to `shape`: axis `i` of the result is axis `source[i]` of this one, or repeats where that is `None`.
    ///
    /// # Errors
    /// If a mapped axis has another length than `shape` asks for (length 1 repeats).
    pub fn broadcast(&self, shape: &[usize], source: &[Option<usize>]) -> Result<Self> {
        let own = match &self.data {
            BlockData::Fixed { strides, .. } => strides.clone(),
            BlockData::Text(_) => contiguous_strides(&self.shape),
        };
        let mut strides = Vec::with_capacity(shape.len());
        for (&len, axis) in shape.iter().zip(source) {
            strides.push(match *axis {
                Some(axis) if self.shape[axis] == len => own[axis],
                Some(axis) if self.shape[axis] != 1 => {
                    return Err(Error::internal(format!("broadcast of {:?} to {shape:?}", self.shape)));
                }
                _ => 0,
            });
        }
        match &self.data {
            BlockData::Fixed { buffer, offset, .. } => {
                let data = BlockData::Fixed { buffer: buffer.clone(), offset: *offset, strides };
                Ok(Self { dtype: self.dtype, shape: shape.to_vec(), data })
            }
            BlockData::Text(array) => gather_text(array, shape, 0, &strides),
        }
    }

    /// The same values in C order under another shape of the same size.
    ///
    /// # Errors
    /// If the sizes differ.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        if shape.iter().product::<usize>() != self.len() {
            return Err(Error::internal(format!("reshape of {:?} to {shape:?}", self.shape)));
        }
        let mut block = self.contiguous()?;
        if let BlockData::Fixed { strides, .. } = &mut block.data {
            *strides = contiguous_strides(shape);
        }
        block.shape = shape.to_vec();
        Ok(block)
    }

    /// The positions `indices` along one axis, copied; an index below zero gives a missing value (NaN, NaT, "", or 0 for integers).
    /// Evenly spaced indices give a view.
    ///
    /// # Errors
    /// If an index lies past the end.
    pub fn take(&self, axis: usize, indices: &[i64]) -> Result<Self> {
        if let Some(bad) = indices.iter().find(|&&i| i >= self.shape[axis] as i64) {
            return Err(Error::internal(format!("index {bad} on an axis of {}", self.shape[axis])));
        }
        if let Some(&first) = indices.first()
            && first >= 0
        {
            let step = if indices.len() > 1 { indices[1] - first } else { 1 };
            if indices.windows(2).all(|pair| pair[1] - pair[0] == step && pair[1] >= 0) {
                let mut axes: Vec<_> = self.shape.iter().map(|&len| (0, len, 1)).collect();
                axes[axis] = (first as usize, indices.len(), step as isize);
                return self.slice(&axes);
            }
        }
        let mut shape = self.shape.clone();
        shape[axis] = indices.len();
        let outer: usize = self.shape[..axis].iter().product();
        let inner: usize = self.shape[axis + 1..].iter().product();
        let block = self.contiguous()?;
        if let BlockData::Text(array) = &block.data {
            let picked = (0..outer).flat_map(|o| indices.iter().map(move |&i| (o, i))).flat_map(|(o, i)| {
                (0..inner).map(move |k| match usize::try_from(i) {
                    Ok(i) => array.value((o * self.shape[axis] + i) * inner + k),
                    Err(_) => "",
                })
            });
            return Self::from_strings(&shape, picked);
        }
        dispatch_numeric!(self.dtype, T => {
            let values = block.values::<T>()?;
            let missing = if self.dtype.is_time_like() { T::from_f64(f64::NEG_INFINITY) } else { T::from_f64(f64::NAN) };
            let mut out: Vec<T> = Vec::with_capacity(outer * indices.len() * inner);
            for o in 0..outer {
                for &i in indices {
                    match usize::try_from(i) {
                        Ok(i) => {
                            let start = (o * self.shape[axis] + i) * inner;
                            out.extend_from_slice(&values[start..start + inner]);
                        }
                        Err(_) => out.extend(std::iter::repeat_n(missing, inner)),
                    }
                }
            }
            Self::with_dtype(self.dtype, &shape, out)
        }, text => Err(Error::internal("take of strings")))
    }

    /// Blocks one behind the other along an axis; all other axes and the dtype must be the same.
    ///
    /// # Errors
    /// If the list is empty or shapes or dtypes differ.
    pub fn concat(axis: usize, blocks: &[Self]) -> Result<Self> {
        let Some(first) = blocks.first() else { return Err(Error::internal("concat of nothing")) };
        let fits = |block: &&Self| {
            block.dtype == first.dtype
                && block.rank() == first.rank()
                && (0..first.rank()).all(|a| a == axis || block.shape[a] == first.shape[a])
        };
        if blocks.iter().filter(fits).count() != blocks.len() || axis >= first.rank() {
            return Err(Error::internal("concat of blocks that do not fit together"));
        }
        if blocks.len() == 1 {
            return Ok(first.clone());
        }
        let mut shape = first.shape.clone();
        shape[axis] = blocks.iter().map(|block| block.shape[axis]).sum();
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let parts = blocks.iter().map(Self::contiguous).collect::<Result<Vec<_>>>()?;
        if first.dtype == DType::Utf8 {
            let strings = (0..outer).flat_map(|o| parts.iter().map(move |part| (o, part))).flat_map(|(o, part)| {
                let n = part.shape[axis] * inner;
                (0..n).filter_map(move |k| part.text().map(|array| array.value(o * n + k)))
            });
            return Self::from_strings(&shape, strings);
        }
        dispatch_numeric!(first.dtype, T => {
            let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
            for o in 0..outer {
                for part in &parts {
                    let n = part.shape[axis] * inner;
                    out.extend_from_slice(&part.values::<T>()?[o * n..(o + 1) * n]);
                }
            }
            Self::with_dtype(first.dtype, &shape, out)
        }, text => Err(Error::internal("concat of strings")))
    }

    /// One array of `shape` from blocks and the boxes that they fill; what no block fills is zero.
    ///
    /// # Errors
    /// If a block does not fit its box.
    pub fn assemble(dtype: DType, shape: &[usize], parts: &[(Region, Self)]) -> Result<Self> {
        let mut assembly = super::Assembly::new(dtype, shape);
        for (region, block) in parts {
            assembly.put(region, block)?;
        }
        assembly.finish()
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block<{}>{:?}", self.dtype, self.shape)
    }
}

fn gather_text(array: &LargeStringArray, shape: &[usize], first: isize, strides: &[isize]) -> Result<Block> {
    let mut picked = Vec::with_capacity(shape.iter().product());
    let walk = StridedLoop::new(shape, [strides]);
    let (run, [step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[at]| {
        picked.extend((0..run as isize).map(|i| array.value((first + at + i * step) as usize)));
    });
    Block::from_strings(shape, picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[usize]) -> Block {
        Block::new(shape, (0..shape.iter().product::<usize>() as i32).collect()).unwrap()
    }

    fn listed(block: &Block) -> Vec<i32> {
        block.contiguous().unwrap().values::<i32>().unwrap().to_vec()
    }

    #[test]
    fn views_hold_the_right_values() {
        let block = counted(&[2, 3]);
        assert_eq!(listed(&block.transpose(&[1, 0]).unwrap()), [0, 3, 1, 4, 2, 5]);
        assert_eq!(listed(&block.slice(&[(1, 2, -1), (0, 2, 2)]).unwrap()), [3, 5, 0, 2]);
        assert_eq!(listed(&block.broadcast(&[2, 2, 3], &[None, Some(0), Some(1)]).unwrap())[6..], [0, 1, 2, 3, 4, 5]);
        assert_eq!(listed(&block.take(1, &[2, 0, 0]).unwrap()), [2, 0, 0, 5, 3, 3]);
        assert_eq!(listed(&block.take(0, &[1, -1, 0]).unwrap()), [3, 4, 5, 0, 0, 0, 0, 1, 2]);
        assert_eq!(
            listed(&Block::concat(1, &[block.clone(), block.clone()]).unwrap()),
            [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]
        );
        assert!(block.slice(&[(0, 3, 1), (0, 1, 1)]).is_err());
        assert!(Block::new(&[2, 2], vec![1u8]).is_err());
    }

    #[test]
    fn strings_take_part() {
        let block = Block::from_strings(&[2, 2], ["a", "b", "c", "d"]).unwrap();
        let text = |b: &Block| b.text().unwrap().iter().flatten().collect::<String>();
        assert_eq!(text(&block.transpose(&[1, 0]).unwrap()), "acbd");
        assert_eq!(text(&block.take(0, &[1, 0, -1]).unwrap()), "cdab");
        assert_eq!(text(&Block::concat(0, &[block.clone(), block.clone()]).unwrap()), "abcdabcd");
    }
}
