//! Strided blocks of any numeric dtype read as plain slices of one type: rows are converted in pieces that stay in the
//! first-level cache, so that kernels exist for few types only.
use multiversion::multiversion;

use crate::base::{Block, BlockData, Element, Error, Result, dispatch_numeric};
use crate::compute::number::{CastTo, Number};

/// The longest piece of a row, in values.
pub(crate) const PIECE: usize = 2048;

/// A block read as values of `T`.
pub(crate) struct Reader<'a, T> {
    source: Source<'a, T>,
    start: isize,
    strides: &'a [isize],
    scratch: Vec<T>,
    /// The position whose value fills `scratch`.
    filled_with: Option<isize>,
}

/// Fills a row with values from a position on, in steps.
type Convert<'a, T> = Box<dyn Fn(isize, isize, &mut [T]) + 'a>;

pub(crate) enum Source<'a, T> {
    Same(&'a [T]),
    Converted(Convert<'a, T>),
}

/// Types that blocks can be read as: every stored type converts to every other.
pub(crate) trait Target: Number + CastTo<Self> {
    fn source(block: &Block) -> Result<Source<'_, Self>>;
}

macro_rules! targets {
    ($convert:ident => $($t:ty),*) => {$(
        impl Target for $t {
            fn source(block: &Block) -> Result<Source<'_, Self>> {
                if block.dtype().storage() == <$t>::DTYPE {
                    return Ok(Source::Same(block.strided::<$t>()?.0));
                }
                dispatch_numeric!(block.dtype(), S => {
                    let all = block.strided::<S>()?.0;
                    Ok(Source::Converted(Box::new(move |at, step, out: &mut [$t]| match step {
                        1 => $convert(&all[at as usize..at as usize + out.len()], out),
                        _ => convert_strided(all, at, step, out),
                    })))
                }, text => Err(Error::internal("strings read as numbers")))
            }
        }
    )*};
}
targets!(convert_fast => f32, f64);
targets!(convert_plain => i8, i16, i32, i64, u8, u16, u32, u64);

impl<'a, T: Target> Reader<'a, T> {
    pub(crate) fn new(block: &'a Block) -> Result<Self> {
        let BlockData::Fixed { offset, strides, .. } = block.data() else {
            return Err(Error::internal("strings read as numbers"));
        };
        Ok(Self { source: T::source(block)?, start: *offset, strides, scratch: Vec::new(), filled_with: None })
    }

    /// The strides of the block.
    pub(crate) fn strides(&self) -> &'a [isize] {
        self.strides
    }

    /// The longest piece to ask for in steps of `step`: any, where values need no copy.
    pub(crate) fn longest(&self, step: isize) -> usize {
        if step == 1 && matches!(self.source, Source::Same(_)) { usize::MAX } else { PIECE }
    }

    /// The value at `at` (counted from the block's first value).
    #[inline]
    pub(crate) fn value(&self, at: isize) -> T {
        let at = self.start + at;
        match &self.source {
            Source::Same(all) => all[at as usize],
            Source::Converted(convert) => {
                let mut one = [T::ZERO];
                convert(at, 1, &mut one);
                one[0]
            }
        }
    }

    /// `n_rows` rows of `len` values in steps of `step`, `apart` from each other, the first at `at` (counted from the block's first
    /// value); and how far apart they stand in what is returned.
    pub(crate) fn rows(&mut self, at: isize, apart: isize, n_rows: usize, step: isize, len: usize) -> (&[T], usize) {
        let at = self.start + at;
        if let (Source::Same(all), 1, Ok(stride)) = (&self.source, step, usize::try_from(apart)) {
            return (&all[at as usize..at as usize + (n_rows - 1) * stride + len], stride);
        }
        self.scratch.resize((n_rows * len).max(self.scratch.len()), T::ZERO);
        self.filled_with = None;
        for (row, out) in self.scratch[..n_rows * len].chunks_exact_mut(len).enumerate() {
            let at = at + row as isize * apart;
            match &self.source {
                Source::Same(all) => convert_strided(all, at, step, out),
                Source::Converted(convert) => convert(at, step, out),
            }
        }
        (&self.scratch[..n_rows * len], len)
    }

    /// `len` values from `at` (counted from the block's first value) side by side, where [`Reader::longest`] has no bound.
    pub(crate) fn plain(&self, at: isize, len: usize) -> &[T] {
        match &self.source {
            Source::Same(all) => &all[(self.start + at) as usize..][..len],
            Source::Converted(_) => &[],
        }
    }

    /// Writes the values from `at` (counted from the block's first value) in steps of `step` to `out`.
    pub(crate) fn fill(&self, at: isize, step: isize, out: &mut [T]) {
        match &self.source {
            Source::Same(all) => convert_strided(all, self.start + at, step, out),
            Source::Converted(convert) => convert(self.start + at, step, out),
        }
    }

    /// `len` values from `at` (counted from the block's first value) in steps of `step`.
    pub(crate) fn piece(&mut self, at: isize, step: isize, len: usize) -> &[T] {
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
            Source::Same(all) => convert_strided(all, at, step, out),
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

fn convert_strided<S: Number + CastTo<T>, T: Number>(all: &[S], at: isize, step: isize, out: &mut [T]) {
    out.iter_mut().enumerate().for_each(|(i, out)| *out = all[(at + i as isize * step) as usize].cast_to());
}

fn convert_plain<S: Number + CastTo<T>, T: Number>(x: &[S], out: &mut [T]) {
    for (out, &value) in out.iter_mut().zip(x) {
        *out = value.cast_to();
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn convert_fast<S: Number + CastTo<T>, T: Number>(x: &[S], out: &mut [T]) {
    for (out, &value) in out.iter_mut().zip(x) {
        *out = value.cast_to();
    }
}
