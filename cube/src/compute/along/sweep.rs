//! Sums and extremes of moving windows, row after row: the end of one block of the window's length and the start of the next make any
//! window (van Herk, Gil and Werman), so that nothing is ever subtracted. Only one row of starts and one block of ends are held.
use multiversion::multiversion;

use super::rolling::{Frame, Real};

/// How values of `T` are joined, in `H`.
pub(super) trait Joining<T, H>: Copy {
    /// The result of nothing.
    const NOTHING: H;
    /// A value; missing ones count as nothing.
    fn of(value: T) -> H;
    /// Two results as one.
    fn join(a: H, b: H) -> H;
    /// The result of all that was joined, out of `count` values.
    fn finished(all: H, count: f64) -> T;
}

/// Sums in f64.
#[derive(Clone, Copy)]
pub(super) struct Sum;
/// Means in f64.
#[derive(Clone, Copy)]
pub(super) struct Mean;
/// Least values.
#[derive(Clone, Copy)]
pub(super) struct Least;
/// Greatest values.
#[derive(Clone, Copy)]
pub(super) struct Greatest;

impl<T: Real> Joining<T, f64> for Sum {
    const NOTHING: f64 = 0.0;
    #[inline(always)]
    fn of(value: T) -> f64 {
        if value.is_missing() { 0.0 } else { value.wide() }
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn finished(all: f64, _: f64) -> T {
        T::narrow(all)
    }
}

impl<T: Real> Joining<T, f64> for Mean {
    const NOTHING: f64 = 0.0;
    #[inline(always)]
    fn of(value: T) -> f64 {
        if value.is_missing() { 0.0 } else { value.wide() }
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn finished(all: f64, count: f64) -> T {
        T::narrow(all / count)
    }
}

impl<T: Real> Joining<T, T> for Least {
    const NOTHING: T = T::LARGEST;
    #[inline(always)]
    fn of(value: T) -> T {
        if value.is_missing() { T::LARGEST } else { value }
    }
    #[inline(always)]
    fn join(a: T, b: T) -> T {
        a.least(b)
    }
    #[inline(always)]
    fn finished(all: T, _: f64) -> T {
        all
    }
}

impl<T: Real> Joining<T, T> for Greatest {
    const NOTHING: T = T::SMALLEST;
    #[inline(always)]
    fn of(value: T) -> T {
        if value.is_missing() { T::SMALLEST } else { value }
    }
    #[inline(always)]
    fn join(a: T, b: T) -> T {
        a.most(b)
    }
    #[inline(always)]
    fn finished(all: T, _: f64) -> T {
        all
    }
}

/// The windows of `frame` over rows `x`; results of fewer than `least` values are missing.
pub(super) fn sweep<T: Real, H: Copy, J: Joining<T, H>>(frame: &Frame, _: J, x: &[T], least: u64, out: &mut [T]) {
    let (w, inner) = (frame.window, frame.inner);
    let row = |number: usize| &x[number * inner..(number + 1) * inner];
    let complete = !any_missing(x);
    let mut starts: Vec<H> = vec![J::NOTHING; inner];
    // Results from each row of a block to its end, and the number of that block.
    let mut ends: Vec<H> = Vec::new();
    let mut ends_of = usize::MAX;
    let mut counts = vec![0f64; if complete { 0 } else { inner }];
    let (mut entered, mut left) = (0, 0);
    for i in 0..frame.n_out {
        let (low, high) = frame.rows(i);
        let to = &mut out[i * inner..(i + 1) * inner];
        while entered < high {
            if entered % w == 0 {
                begin::<T, H, J>(row(entered), &mut starts)
            } else {
                add::<T, H, J>(row(entered), &mut starts)
            }
            if !complete {
                count(row(entered), 1.0, &mut counts);
            }
            entered += 1;
        }
        if low >= high {
            to.fill(T::MISSING);
            continue;
        }
        if !complete {
            (left..low).for_each(|gone| count(row(gone), -1.0, &mut counts));
        }
        left = low;
        let (first_block, last_block) = (low / w, (high - 1) / w);
        let whole = first_block == last_block && low % w == 0;
        if !whole && ends_of != first_block {
            ends_of = first_block;
            let block = first_block * w..((first_block + 1) * w).min(frame.n);
            ends.clear();
            ends.resize(block.len() * inner, J::NOTHING);
            for number in block.clone().rev() {
                let at = (number - block.start) * inner;
                let (before, after) = ends.split_at_mut(at + inner);
                let to = &mut before[at..];
                begin::<T, H, J>(row(number), to);
                if !after.is_empty() {
                    join::<T, H, J>(&after[..inner], to);
                }
            }
        }
        // A window that stops before its block does ends with the data: then ends hold all of it.
        let (one, two) = match whole {
            true => (&starts[..], None),
            false => (&ends[(low % w) * inner..][..inner], (first_block != last_block).then_some(&starts[..])),
        };
        match complete {
            true if ((high - low) as u64) < least => to.fill(T::MISSING),
            true => finish::<T, H, J>(one, two, (high - low) as f64, to),
            false => finish_counted::<T, H, J>(one, two, &counts, least as f64, to),
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn any_missing<T: Real>(x: &[T]) -> bool {
    // Pieces, so that the loop inside has no way out.
    x.chunks(4096).any(|piece| piece.iter().fold(false, |found, value| found | value.is_missing()))
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn begin<T: Real, H: Copy, J: Joining<T, H>>(x: &[T], to: &mut [H]) {
    for (to, &value) in to.iter_mut().zip(x) {
        *to = J::of(value);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn add<T: Real, H: Copy, J: Joining<T, H>>(x: &[T], to: &mut [H]) {
    for (to, &value) in to.iter_mut().zip(x) {
        *to = J::join(*to, J::of(value));
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn join<T: Real, H: Copy, J: Joining<T, H>>(later: &[H], to: &mut [H]) {
    for (to, &later) in to.iter_mut().zip(later) {
        *to = J::join(*to, later);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn count<T: Real>(x: &[T], step: f64, counts: &mut [f64]) {
    for (count, value) in counts.iter_mut().zip(x) {
        *count += if value.is_missing() { 0.0 } else { step };
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn finish<T: Real, H: Copy, J: Joining<T, H>>(one: &[H], two: Option<&[H]>, count: f64, to: &mut [T]) {
    match two {
        None => to.iter_mut().zip(one).for_each(|(to, &one)| *to = J::finished(one, count)),
        Some(two) => {
            for ((to, &one), &two) in to.iter_mut().zip(one).zip(two) {
                *to = J::finished(J::join(one, two), count);
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn finish_counted<T: Real, H: Copy, J: Joining<T, H>>(
    one: &[H],
    two: Option<&[H]>,
    counts: &[f64],
    least: f64,
    to: &mut [T],
) {
    match two {
        None => {
            for ((to, &one), &count) in to.iter_mut().zip(one).zip(counts) {
                *to = if count >= least { J::finished(one, count) } else { T::MISSING };
            }
        }
        Some(two) => {
            for (((to, &one), &two), &count) in to.iter_mut().zip(one).zip(two).zip(counts) {
                *to = if count >= least { J::finished(J::join(one, two), count) } else { T::MISSING };
            }
        }
    }
}
