//! Feeding strided blocks of any numeric dtype to kernels that want plain slices of one type: rows are converted in pieces
//! that stay in the first-level cache.
use multiversion::multiversion;

use crate::base::{Block, BlockData, DType, Element, Error, Result, StridedLoop, contiguous_strides, dispatch_numeric};
use crate::compute::number::{CastTo, Number};

/// The longest piece of a row, in values.
const PIECE: usize = 2048;

/// A block read as values of `T`.
pub(super) struct Reader<'a, T> {
    source: Source<'a, T>,
    start: isize,
    strides: &'a [isize],
    scratch: Vec<T>,
    /// The position whose value fills `scratch`.
    filled_with: Option<isize>,
}

pub(super) enum Source<'a, T> {
    Same(&'a [T]),
    Converted(Box<dyn Fn(isize, isize, &mut [T]) + 'a>),
}

/// Types that blocks can be read as: every stored type converts to every other.
pub(super) trait Target: Number + CastTo<Self> {
    fn source(block: &Block) -> Result<Source<'_, Self>>;
}

macro_rules! targets {
    ($($t:ty),*) => {$(
        impl Target for $t {
            fn source(block: &Block) -> Result<Source<'_, Self>> {
                if block.dtype().storage() == <$t>::DTYPE {
                    return Ok(Source::Same(block.strided::<$t>()?.0));
                }
                dispatch_numeric!(block.dtype(), S => {
                    let all = block.strided::<S>()?.0;
                    Ok(Source::Converted(Box::new(move |at, step, out: &mut [$t]| convert_row(all, at, step, out))))
                }, text => Err(Error::internal("strings read as numbers")))
            }
        }
    )*};
}
targets!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl<'a, T: Target> Reader<'a, T> {
    pub(super) fn new(block: &'a Block) -> Result<Self> {
        let BlockData::Fixed { offset, strides, .. } = block.data() else {
            return Err(Error::internal("strings read as numbers"));
        };
        Ok(Self { source: T::source(block)?, start: *offset, strides, scratch: Vec::new(), filled_with: None })
    }

    /// `len` values from `at` (counted from the block's first value) in steps of `step`.
    fn piece(&mut self, at: isize, step: isize, len: usize) -> &[T] {
        let at = self.start + at;
        if let (Source::Same(all), 1) = (&self.source, step) {
            return &all[at as usize..at as usize + len];
        }
        if step == 0 && self.filled_with == Some(at) && self.scratch.len() >= len {
            return &self.scratch[..len];
        }
        self.scratch.resize(len.max(self.scratch.len()), T::ZERO);
        let out = &mut self.scratch[..len];
        match &self.source {
            Source::Same(all) => convert_row(all, at, step, out),
            Source::Converted(convert) => convert(at, step, out),
        }
        self.filled_with = None;
        if step == 0 {
            let value = self.scratch[0];
            self.scratch[len..].fill(value);
            self.filled_with = Some(at);
        }
        &self.scratch[..len]
    }
}

fn convert_row<S: Number + CastTo<T>, T: Number>(all: &[S], at: isize, step: isize, out: &mut [T]) {
    match step {
        0 => out.fill(all[at as usize].cast_to()),
        1 => convert_plain(&all[at as usize..at as usize + out.len()], out),
        _ => out.iter_mut().enumerate().for_each(|(i, out)| *out = all[(at + i as isize * step) as usize].cast_to()),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn convert_plain<S: Number + CastTo<T>, T: Number>(x: &[S], out: &mut [T]) {
    for (out, &value) in out.iter_mut().zip(x) {
        *out = value.cast_to();
    }
}

/// A block of `dtype` from one row kernel over one block.
pub(super) fn map1<A: Target, U: Element>(
    a: &Block,
    dtype: DType,
    kernel: &mut dyn FnMut(&[A], &mut Vec<U>),
) -> Result<Block> {
    let mut reader = Reader::<A>::new(a)?;
    let mut out = Vec::with_capacity(a.len());
    let walk = StridedLoop::new(a.shape(), [reader.strides]);
    let (run, [step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[at]| {
        for_pieces(run, |from, len| kernel(reader.piece(at + from as isize * step, step, len), &mut out));
    });
    Block::with_dtype(dtype, a.shape(), out)
}

/// A block of `dtype` from one row kernel over two blocks of one shape.
pub(super) fn map2<A: Target, B: Target, U: Element>(
    a: &Block,
    b: &Block,
    dtype: DType,
    kernel: &mut dyn FnMut(&[A], &[B], &mut Vec<U>),
) -> Result<Block> {
    same_shape(a, b)?;
    let (mut first, mut second) = (Reader::<A>::new(a)?, Reader::<B>::new(b)?);
    let mut out = Vec::with_capacity(a.len());
    let walk = StridedLoop::new(a.shape(), [first.strides, second.strides]);
    let (run, [a_step, b_step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[a_at, b_at]| {
        for_pieces(run, |from, len| {
            let x = first.piece(a_at + from as isize * a_step, a_step, len);
            let y = second.piece(b_at + from as isize * b_step, b_step, len);
            kernel(x, y, &mut out);
        });
    });
    Block::with_dtype(dtype, a.shape(), out)
}

/// A block of `dtype` from one row kernel over three blocks of one shape.
pub(super) fn map3<A: Target, B: Target, U: Element>(
    condition: &Block,
    a: &Block,
    b: &Block,
    dtype: DType,
    kernel: &mut dyn FnMut(&[u8], &[A], &[B], &mut Vec<U>),
) -> Result<Block> {
    same_shape(condition, a)?;
    same_shape(a, b)?;
    let mut conditions = Reader::<u8>::new(condition)?;
    let (mut first, mut second) = (Reader::<A>::new(a)?, Reader::<B>::new(b)?);
    let mut out = Vec::with_capacity(a.len());
    let walk = StridedLoop::new(a.shape(), [conditions.strides, first.strides, second.strides]);
    let (run, [c_step, a_step, b_step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[c_at, a_at, b_at]| {
        for_pieces(run, |from, len| {
            let from = from as isize;
            let c = conditions.piece(c_at + from * c_step, c_step, len);
            let x = first.piece(a_at + from * a_step, a_step, len);
            let y = second.piece(b_at + from * b_step, b_step, len);
            kernel(c, x, y, &mut out);
        });
    });
    Block::with_dtype(dtype, a.shape(), out)
}

fn for_pieces(run: usize, mut each: impl FnMut(usize, usize)) {
    for from in (0..run).step_by(PIECE) {
        each(from, PIECE.min(run - from));
    }
}

/// Fails if two blocks have different shapes.
pub(super) fn same_shape(a: &Block, b: &Block) -> Result<()> {
    if a.shape() == b.shape() {
        return Ok(());
    }
    Err(Error::internal(format!("blocks of shapes {:?} and {:?} meet value by value", a.shape(), b.shape())))
}

/// Appends `f(x)` for each value of a row.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
pub(super) fn extend1<A: Copy, U, F: Fn(A) -> U>(out: &mut Vec<U>, x: &[A], f: F) {
    out.extend(x.iter().map(|&x| f(x)));
}

/// Appends `f(x, y)` for each pair of values of two rows.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
pub(super) fn extend2<A: Copy, B: Copy, U, F: Fn(A, B) -> U>(out: &mut Vec<U>, x: &[A], y: &[B], f: F) {
    out.extend(x.iter().zip(y).map(|(&x, &y)| f(x, y)));
}

/// A kernel that gives every string a number, in C order.
pub(super) fn map_text<U: Element>(a: &Block, dtype: DType, f: impl Fn(&str) -> U) -> Result<Block> {
    let text = a.text().ok_or_else(|| Error::internal("numbers read as strings"))?;
    debug_assert_eq!(contiguous_strides(a.shape()).len(), a.rank());
    Block::with_dtype(dtype, a.shape(), (0..a.len()).map(|i| f(text.value(i))).collect())
}
