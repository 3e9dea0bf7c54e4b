//! Row kernels over blocks of one shape.
use multiversion::multiversion;

use crate::base::{Block, DType, Element, Error, Result, StridedLoop, recycled_buffer, recycled_vec};
use crate::compute::number::CastTo;
pub(super) use crate::compute::reader::Target;
use crate::compute::reader::{PIECE, Reader};

/// Appends one result for each pair of values of two rows.
type Kernel2<'k, A, B, U> = &'k mut dyn FnMut(&[A], &[B], &mut Vec<U>);
/// Appends one result for each truth value and pair of values of three rows.
type Kernel3<'k, A, B, U> = &'k mut dyn FnMut(&[u8], &[A], &[B], &mut Vec<U>);

/// [`map2`] for integers: `kernel` works in 64 bits (`W`), the results are narrowed to `N` as integers wrap.
pub(super) fn map2_narrow<W: Target + CastTo<N>, N: Element>(
    a: &Block,
    b: &Block,
    dtype: DType,
    kernel: Kernel2<W, W, W>,
) -> Result<Block> {
    let mut wide = Vec::with_capacity(PIECE);
    map2::<W, W, N>(a, b, dtype, &mut |x, y, out| {
        wide.clear();
        kernel(x, y, &mut wide);
        out.extend(wide.iter().map(|&v| CastTo::<N>::cast_to(v)));
    })
}

/// A block of `dtype` from one row kernel over one block.
pub(super) fn map1<A: Target, U: Element>(
    a: &Block,
    dtype: DType,
    kernel: &mut dyn FnMut(&[A], &mut Vec<U>),
) -> Result<Block> {
    let mut reader = Reader::<A>::new(a)?;
    let mut out = recycled_vec::<U>(a.len());
    let walk = StridedLoop::new(a.shape(), [reader.strides()]);
    let (run, [step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[at]| {
        for_pieces(run, |from, len| kernel(reader.piece(at + from as isize * step, step, len), &mut out));
    });
    finished(dtype, a.shape(), out)
}

/// A block of `dtype` from one row kernel over two blocks of one shape.
pub(super) fn map2<A: Target, B: Target, U: Element>(
    a: &Block,
    b: &Block,
    dtype: DType,
    kernel: Kernel2<A, B, U>,
) -> Result<Block> {
    same_shape(a, b)?;
    let (mut first, mut second) = (Reader::<A>::new(a)?, Reader::<B>::new(b)?);
    let mut out = recycled_vec::<U>(a.len());
    let walk = StridedLoop::new(a.shape(), [first.strides(), second.strides()]);
    let (run, [a_step, b_step]) = (walk.run_len(), walk.run_strides());
    walk.for_each_run(|[a_at, b_at]| {
        for_pieces(run, |from, len| {
            let x = first.piece(a_at + from as isize * a_step, a_step, len);
            let y = second.piece(b_at + from as isize * b_step, b_step, len);
            kernel(x, y, &mut out);
        });
    });
    finished(dtype, a.shape(), out)
}

/// A block of `dtype` from one row kernel over three blocks of one shape.
pub(super) fn map3<A: Target, B: Target, U: Element>(
    condition: &Block,
    a: &Block,
    b: &Block,
    dtype: DType,
    kernel: Kernel3<A, B, U>,
) -> Result<Block> {
    same_shape(condition, a)?;
    same_shape(a, b)?;
    let mut conditions = Reader::<u8>::new(condition)?;
    let (mut first, mut second) = (Reader::<A>::new(a)?, Reader::<B>::new(b)?);
    let mut out = recycled_vec::<U>(a.len());
    let walk = StridedLoop::new(a.shape(), [conditions.strides(), first.strides(), second.strides()]);
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
    finished(dtype, a.shape(), out)
}

fn finished<U: Element>(dtype: DType, shape: &[usize], values: Vec<U>) -> Result<Block> {
    if dtype.storage() != U::DTYPE {
        return Err(Error::internal(format!("{dtype} is not stored as {}", U::DTYPE)));
    }
    Block::from_buffer(dtype, shape, recycled_buffer(values))
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
    Block::with_dtype(dtype, a.shape(), (0..a.len()).map(|i| f(text.value(i))).collect())
}
