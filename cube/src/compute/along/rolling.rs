//! Statistics of a window that moves along an axis. Windows are never made: blocks of the window's length get running results from
//! both ends, and any window is the end of one block and the start of the next (van Herk, Gil and Werman; sums and extremes in `sweep`).
//! No cancellation: nothing is ever subtracted.
use super::sweep::{Greatest, Least, Mean, Sum, sweep};
use crate::base::{Block, DType, Element, Error, Result, recycled_vec_of_len};
use crate::compute::pointwise::cast;

/// What is computed of each window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RollingOp {
    /// Sum; 0 of nothing.
    Sum,
    /// Mean.
    Mean,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
    /// Variance.
    Var {
        /// Degrees of freedom.
        ddof: u32,
    },
    /// Standard deviation.
    Std {
        /// Degrees of freedom.
        ddof: u32,
    },
    /// How many values are not missing.
    Count,
    /// Median.
    Median,
}

/// A moving window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rolling {
    /// What is computed.
    pub op: RollingOp,
    /// Its length.
    pub window: u64,
    /// Whether each result stands in the middle of its window instead of at its end.
    pub centered: bool,
    /// Results of fewer values than this are missing.
    pub min_periods: u64,
}

impl Rolling {
    pub(super) fn output_dtype(&self, x: DType) -> DType {
        if x == DType::F32 && self.op != RollingOp::Count { x } else { DType::F64 }
    }

    /// How many positions before and after each a window reaches.
    pub(super) fn reach(&self) -> (u64, u64) {
        let after = if self.centered { (self.window - 1) / 2 } else { 0 };
        (self.window - 1 - after, after)
    }

    /// `n_out` results from position `from` of the block on.
    pub(super) fn of(&self, x: &Block, axis: usize, from: usize, n_out: usize, output: DType) -> Result<Block> {
        if self.window == 0 {
            return Err(Error::internal("a window of nothing"));
        }
        let shape = x.shape();
        let frame = Frame {
            outer: shape[..axis].iter().product(),
            n: shape[axis],
            inner: shape[axis + 1..].iter().product(),
            from,
            n_out,
            window: self.window as usize,
            after: self.reach().1 as usize,
        };
        let mut to = shape.to_vec();
        to[axis] = n_out;
        // Extremes are exact in any dtype; sums of f32 are taken in f64, spreads and medians of it are brought there first.
        let joins = matches!(self.op, RollingOp::Min | RollingOp::Max | RollingOp::Sum | RollingOp::Mean);
        if joins && x.dtype() == DType::F32 {
            return Block::new(&to, self.columns(&frame, x.contiguous()?.values::<f32>()?));
        }
        let wide = cast(x, DType::F64)?.contiguous()?;
        cast(&Block::new(&to, self.columns(&frame, wide.values::<f64>()?))?, output)
    }

    fn columns<T: Real>(&self, frame: &Frame, x: &[T]) -> Vec<T> {
        let mut out = recycled_vec_of_len::<T>(frame.outer * frame.n_out * frame.inner);
        let (size_in, size_out) = (frame.n * frame.inner, frame.n_out * frame.inner);
        for o in 0..frame.outer {
            let x = &x[o * size_in..(o + 1) * size_in];
            let out = &mut out[o * size_out..(o + 1) * size_out];
            match self.op {
                RollingOp::Min => sweep(frame, Least, x, self.min_periods, out),
                RollingOp::Max => sweep(frame, Greatest, x, self.min_periods, out),
                RollingOp::Sum => sweep(frame, Sum, x, self.min_periods, out),
                RollingOp::Mean => sweep(frame, Mean, x, self.min_periods, out),
                RollingOp::Count => self.counted(frame, x, out, |count| T::ZERO.with_count(count)),
                RollingOp::Median => {
                    frame.medians(x, out);
                    self.without_few(frame, x, out);
                }
                RollingOp::Var { ddof } => {
                    frame.spreads(x, ddof, false, out);
                    self.without_few(frame, x, out);
                }
                RollingOp::Std { ddof } => {
                    frame.spreads(x, ddof, true, out);
                    self.without_few(frame, x, out);
                }
            }
        }
        out
    }

    fn counted<T: Real>(&self, frame: &Frame, x: &[T], out: &mut [T], result: impl Fn(u32) -> T) {
        frame.for_counts(x, |i, counts| {
            let row = &mut out[i * frame.inner..(i + 1) * frame.inner];
            for (value, &count) in row.iter_mut().zip(counts) {
                *value = if u64::from(count) < self.min_periods { T::MISSING } else { result(count) };
            }
        });
    }

    /// Results of too few values become missing.
    fn without_few<T: Real>(&self, frame: &Frame, x: &[T], out: &mut [T]) {
        frame.for_counts(x, |i, counts| {
            let row = &mut out[i * frame.inner..(i + 1) * frame.inner];
            for (value, _) in row.iter_mut().zip(counts).filter(|(_, count)| u64::from(**count) < self.min_periods) {
                *value = T::MISSING;
            }
        });
    }
}

/// Floats of the two sizes.
pub(super) trait Real: Element {
    const MISSING: Self;
    const ZERO: Self;
    const LARGEST: Self;
    const SMALLEST: Self;
    fn least(self, other: Self) -> Self;
    fn most(self, other: Self) -> Self;
    fn wide(self) -> f64;
    fn narrow(value: f64) -> Self;
    fn with_count(self, count: u32) -> Self;
}

macro_rules! reals {
    ($($t:ty),*) => {$(
        impl Real for $t {
            const MISSING: Self = <$t>::NAN;
            const ZERO: Self = 0.0;
            const LARGEST: Self = <$t>::INFINITY;
            const SMALLEST: Self = <$t>::NEG_INFINITY;
            #[inline(always)]
            fn least(self, other: Self) -> Self { if other < self { other } else { self } }
            #[inline(always)]
            fn most(self, other: Self) -> Self { if other > self { other } else { self } }
            #[inline(always)]
            fn wide(self) -> f64 { self as f64 }
            #[inline(always)]
            fn narrow(value: f64) -> Self { value as $t }
            #[inline(always)]
            fn with_count(self, count: u32) -> Self { count as $t }
        }
    )*};
}
reals!(f32, f64);

/// Rows of `inner` values, `n` of them; results for the windows of rows `from` on.
pub(super) struct Frame {
    outer: usize,
    pub(super) n: usize,
    pub(super) inner: usize,
    from: usize,
    pub(super) n_out: usize,
    pub(super) window: usize,
    after: usize,
}

impl Frame {
    /// The rows of the window of result `i`: not empty for rows that exist.
    pub(super) fn rows(&self, i: usize) -> (usize, usize) {
        let end = self.from + i + self.after + 1;
        (end.saturating_sub(self.window), end.min(self.n))
    }

    /// Calls `each` with every result's number and how many values its windows hold.
    fn for_counts<T: Real>(&self, x: &[T], mut each: impl FnMut(usize, &[u32])) {
        let inner = self.inner;
        let mut counts = vec![0u32; inner];
        let (mut entered, mut left) = (0, 0);
        for i in 0..self.n_out {
            let (low, high) = self.rows(i);
            while entered < high {
                let row = &x[entered * inner..(entered + 1) * inner];
                counts.iter_mut().zip(row).for_each(|(count, value)| *count += u32::from(!value.is_missing()));
                entered += 1;
            }
            while left < low.min(self.n) {
                let row = &x[left * inner..(left + 1) * inner];
                counts.iter_mut().zip(row).for_each(|(count, value)| *count -= u32::from(!value.is_missing()));
                left += 1;
            }
            each(i, &counts);
        }
    }

    fn spreads<T: Real>(&self, x: &[T], ddof: u32, root: bool, out: &mut [T]) {
        let (w, inner) = (self.window, self.inner);
        for k in 0..inner {
            let value = |row: usize| x[row * inner + k].to_f64();
            let mut forward: Vec<Spread> = Vec::with_capacity(self.n);
            for row in 0..self.n {
                let held = if row % w == 0 { Spread::default() } else { forward[row - 1] };
                forward.push(held.with(value(row)));
            }
            let mut backward = vec![Spread::default(); self.n];
            for row in (0..self.n).rev() {
                let held = if (row + 1) % w == 0 || row + 1 == self.n { Spread::default() } else { backward[row + 1] };
                backward[row] = held.with(value(row));
            }
            for i in 0..self.n_out {
                let (low, high) = self.rows(i);
                let spread = if low >= high {
                    Spread::default()
                } else if low / w != (high - 1) / w {
                    backward[low].joined(forward[high - 1])
                } else if low % w == 0 {
                    forward[high - 1]
                } else {
                    backward[low]
                };
                let free = spread.n - f64::from(ddof);
                let variance = if free > 0.0 { spread.squares / free } else { f64::NAN };
                out[i * inner + k] = T::from_f64(if root { variance.sqrt() } else { variance });
            }
        }
    }

    fn medians<T: Real>(&self, x: &[T], out: &mut [T]) {
        let inner = self.inner;
        for k in 0..inner {
            let mut sorted: Vec<f64> = Vec::with_capacity(self.window);
            let (mut entered, mut left) = (0, 0);
            for i in 0..self.n_out {
                let (low, high) = self.rows(i);
                while entered < high {
                    let value = x[entered * inner + k].to_f64();
                    if !value.is_nan() {
                        let place = sorted.partition_point(|held| held.total_cmp(&value).is_lt());
                        sorted.insert(place, value);
                    }
                    entered += 1;
                }
                while left < low.min(self.n) {
                    let value = x[left * inner + k].to_f64();
                    if !value.is_nan() {
                        let place = sorted.partition_point(|held| held.total_cmp(&value).is_lt());
                        sorted.remove(place);
                    }
                    left += 1;
                }
                let n = sorted.len();
                let median = match n {
                    0 => f64::NAN,
                    n if n % 2 == 1 => sorted[n / 2],
                    n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
                };
                out[i * inner + k] = T::from_f64(median);
            }
        }
    }
}

/// Count, mean and sum of squares around it.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn with(self, value: f64) -> Self {
        if value.is_nan() {
            return self;
        }
        let n = self.n + 1.0;
        let step = value - self.mean;
        let mean = self.mean + step / n;
        Self { n, mean, squares: self.squares + step * (value - mean) }
    }

    fn joined(self, other: Self) -> Self {
        if self.n == 0.0 {
            return other;
        }
        if other.n == 0.0 {
            return self;
        }
        let n = self.n + other.n;
        let step = other.mean - self.mean;
        Self {
            n,
            mean: self.mean + step * other.n / n,
            squares: self.squares + other.squares + step * step * self.n * other.n / n,
        }
    }
}
