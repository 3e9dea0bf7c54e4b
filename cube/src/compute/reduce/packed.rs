//! `sum`, `mean`, `var` and `std` of packed integers without unpacking them: sums of the raw values and of their squares are exact, scale
//! and offset are applied to the result. What is missing is told by the raw values.
//!
//! Σ(s·x+o) = s·Σx + n·o, and the variance of s·x+o is s²·(n·Σx² − (Σx)²) / (n·(n−ddof)), whose numerator is exact in 128 bits.
use std::any::Any;
use std::marker::PhantomData;

use multiversion::multiversion;

use super::counts::{COUNT_BYTES, Counts};
use super::factory::{Described, described};
use super::float_sums::two_sum;
use super::layout::{Part, Rows, most_per_cell};
use super::moments::two_product;
use super::op::{ReduceOp, ReduceOptions};
use super::state::{State, collected, same, stored};
use super::together::drive_all;
use super::wide_sums::{WideSums, to_f64};
use crate::base::{Block, DType, Error, Result};
use crate::compute::number::Number;
use crate::compute::pointwise::Unpack;
use crate::compute::reader::Target;
use crate::compute::scalar::Scalar;

/// The state that reduces raw values of `raw`; `None` where values have to be unpacked first.
pub(super) fn describe(op: ReduceOp, options: ReduceOptions, raw: DType, how: &Unpack) -> Option<Result<Described>> {
    // Sums of scaled values stay far from the largest double.
    let factor = |factor: Option<f64>| factor.is_none_or(|factor| factor.abs() < 1e200);
    let usual = how.out == DType::F64 && !how.unsigned && factor(how.scale) && factor(how.offset);
    if !usual || options != ReduceOptions::default() {
        return None;
    }
    match (raw, op) {
        (DType::I8, _) => describe_for::<i8>(op, how),
        (DType::U8, _) => describe_for::<u8>(op, how),
        (DType::I16, _) => describe_for::<i16>(op, how),
        (DType::U16, _) => describe_for::<u16>(op, how),
        // Squares of larger ones would not fit.
        (DType::I32, ReduceOp::Sum | ReduceOp::Mean) => describe_for::<i32>(op, how),
        (DType::U32, ReduceOp::Sum | ReduceOp::Mean) => describe_for::<u32>(op, how),
        _ => None,
    }
}

fn describe_for<T: Packed>(op: ReduceOp, how: &Unpack) -> Option<Result<Described>> {
    let gaps = Gaps::<T>::of(how)?;
    let (scale, offset) = (how.scale.unwrap_or(1.0), how.offset.unwrap_or(0.0));
    let ending = match op {
        ReduceOp::Sum => Ending::Sum,
        ReduceOp::Mean => Ending::Mean,
        ReduceOp::Var { ddof } => Ending::Spread { ddof, root: false },
        ReduceOp::Std { ddof } => Ending::Spread { ddof, root: true },
        _ => return None,
    };
    let gapless = how.missing.is_empty() && how.valid_range.is_none();
    Some(match (ending, gapless) {
        (Ending::Spread { .. }, true) => made::<T, true, false>(gaps, ending, scale, offset),
        (Ending::Spread { .. }, false) => made::<T, true, true>(gaps, ending, scale, offset),
        (_, true) => made::<T, false, false>(gaps, ending, scale, offset),
        (_, false) => made::<T, false, true>(gaps, ending, scale, offset),
    })
}

fn made<T: Packed, const SQUARES: bool, const GAPS: bool>(
    gaps: Gaps<T>,
    ending: Ending,
    scale: f64,
    offset: f64,
) -> Result<Described> {
    described(PackedSums::<T, SQUARES, GAPS>::BYTES, move |n| PackedSums::<T, SQUARES, GAPS> {
        counts: Counts::new(n),
        sums: WideSums::zeros(n),
        squares: WideSums::zeros(if SQUARES { n } else { 0 }),
        gaps,
        ending,
        scale,
        offset,
        kind: PhantomData,
    })
}

/// What is made of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Sum,
    Mean,
    Spread { ddof: u32, root: bool },
}

/// Raw values whose sums, and sums of squares, are kept in 64 bits.
trait Packed: Number + Target {
    fn wide(self) -> i64;
    /// The square, if it fits 32 bits.
    fn square(self) -> i64;
}
macro_rules! packed {
    ($($t:ty as $square:ty),*) => {$(
        impl Packed for $t {
            #[inline(always)]
            fn wide(self) -> i64 { i64::from(self) }
            #[inline(always)]
            fn square(self) -> i64 {
                let value = self as $square;
                i64::from(value.wrapping_mul(value))
            }
        }
    )*};
}
packed!(i8 as i32, u8 as i32, i16 as i32, u16 as u32, i32 as i32, u32 as u32);

/// Which raw values are missing.
#[derive(Debug, Clone, Copy)]
struct Gaps<T> {
    missing: [T; 2],
    lowest: T,
    highest: T,
}

impl<T: Packed> Gaps<T> {
    /// `None` if there are too many of them. Without any the first is of no meaning.
    fn of(how: &Unpack) -> Option<Self> {
        let exact = |value: f64| {
            let inside = value.fract() == 0.0 && value >= T::LOWEST.to_f64() && value <= T::HIGHEST.to_f64();
            inside.then(|| T::from_f64(value))
        };
        // What is no value of T is found nowhere.
        let mut missing: Vec<T> = how.missing.iter().filter_map(Scalar::as_f64).filter_map(exact).collect();
        missing.dedup();
        let (mut lowest, mut highest) = (T::LOWEST, T::HIGHEST);
        if let Some((from, to)) = &how.valid_range {
            let (from, to) = (from.as_f64()?, to.as_f64()?);
            if from.is_nan() || to.is_nan() || from.ceil() > to.floor() {
                return None;
            }
            lowest = T::from_f64(from.ceil().max(T::LOWEST.to_f64()).min(T::HIGHEST.to_f64()));
            highest = T::from_f64(to.floor().min(T::HIGHEST.to_f64()).max(T::LOWEST.to_f64()));
            if from > T::HIGHEST.to_f64() || to < T::LOWEST.to_f64() {
                return None;
            }
        }
        let missing = match missing[..] {
            // None is left although there was one: it must match nothing, which only the general way can say.
            [] if !how.missing.is_empty() || how.valid_range.is_some() => return None,
            [] => [T::ZERO; 2],
            [one] => [one; 2],
            [one, two] => [one, two],
            _ => return None,
        };
        Some(Self { missing, lowest, highest })
    }

    #[inline(always)]
    fn holds(self, value: T) -> bool
    where
        T: PartialOrd,
    {
        (value == self.missing[0]) | (value == self.missing[1]) | (value < self.lowest) | (value > self.highest)
    }
}

/// Count, sum and (if `SQUARES`) sum of squares of raw values per cell. `GAPS`: some are missing.
struct PackedSums<T, const SQUARES: bool, const GAPS: bool> {
    counts: Counts,
    sums: WideSums,
    squares: WideSums,
    gaps: Gaps<T>,
    ending: Ending,
    scale: f64,
    offset: f64,
    kind: PhantomData<fn() -> T>,
}

impl<T: Packed, const SQUARES: bool, const GAPS: bool> PackedSums<T, SQUARES, GAPS> {
    const BYTES: usize = COUNT_BYTES + 8 + if SQUARES { 8 } else { 0 };

    fn value(&self, cell: usize) -> f64 {
        let n = self.counts.get(cell);
        match self.ending {
            Ending::Sum => unpacked_sum(self.sums.to_f64(cell), n as f64, self.scale, self.offset).0,
            Ending::Mean => unpacked_mean(self.sums.to_f64(cell), n as f64, self.scale, self.offset),
            Ending::Spread { ddof, root } => {
                let n = i128::from(n);
                let free = n - i128::from(ddof);
                if n == 0 || free <= 0 {
                    return f64::NAN;
                }
                let sum = self.sums.get(cell);
                let exact = n * self.squares.get(cell) - sum * sum;
                let variance = to_f64(exact) / (n as f64 * free as f64);
                if root { self.scale.abs() * variance.sqrt() } else { self.scale * self.scale * variance }
            }
        }
    }
}

impl<T: Packed, const SQUARES: bool, const GAPS: bool> Rows<T> for PackedSums<T, SQUARES, GAPS> {
    fn one(&mut self, cell: usize, value: T) {
        self.kept(cell, &[value]);
    }

    fn kept(&mut self, cell: usize, x: &[T]) {
        self.kept_rows(cell, &[x]);
    }

    fn kept_rows(&mut self, cell: usize, rows: &[&[T]]) {
        let cells = cell..cell + rows[0].len();
        let squares = if SQUARES { &mut self.squares.low()[cells.clone()] } else { &mut [][..] };
        let (sums, counts) = (&mut self.sums.low()[cells.clone()], &mut self.counts.low()[cells]);
        match *rows {
            [a, b, c, d] => rows_of::<T, SQUARES, GAPS, 4>(counts, sums, squares, self.gaps, [a, b, c, d]),
            [a, b, c] => rows_of::<T, SQUARES, GAPS, 3>(counts, sums, squares, self.gaps, [a, b, c]),
            [a, b] => rows_of::<T, SQUARES, GAPS, 2>(counts, sums, squares, self.gaps, [a, b]),
            _ => rows.iter().for_each(|row| rows_of::<T, SQUARES, GAPS, 1>(counts, sums, squares, self.gaps, [row])),
        }
    }

    fn reduced(&mut self, cell: usize, x: &[T]) {
        let (count, sum, square) = reduced_row::<T, SQUARES, GAPS>(self.gaps, x);
        self.counts.low()[cell] += count;
        self.sums.low()[cell] += sum;
        if SQUARES {
            self.squares.low()[cell] += square;
        }
    }
}

impl<T: Packed, const SQUARES: bool, const GAPS: bool> State for PackedSums<T, SQUARES, GAPS> {
    fn update(&mut self, parts: &[Part]) -> Result<()> {
        let most = most_per_cell(parts);
        self.counts.reserve(most);
        self.sums.reserve(most);
        self.squares.reserve(most);
        drive_all::<T>(parts, self, Self::BYTES)
    }

    fn merge(&mut self, other: Box<dyn Any>) -> Result<()> {
        let other = same::<Self>(other)?;
        self.counts.merge(&other.counts);
        self.sums.merge(&other.sums);
        self.squares.merge(&other.squares);
        Ok(())
    }

    fn finish(self: Box<Self>, shape: &[usize]) -> Result<Block> {
        if let (Ending::Mean, Some(sums), Some(counts)) = (self.ending, self.sums.plain(), self.counts.plain()) {
            let mut out = crate::base::large::with_capacity(sums.len());
            means(sums, counts, self.scale, self.offset, &mut out);
            return Block::new::<f64>(shape, out);
        }
        Block::new::<f64>(shape, collected((0..self.counts.len()).map(|cell| self.value(cell))))
    }

    fn blocks(&self) -> Result<Vec<Block>> {
        let mut blocks = vec![self.counts.block()?];
        blocks.extend(self.sums.blocks()?);
        if SQUARES {
            blocks.extend(self.squares.blocks()?);
        }
        Ok(blocks)
    }

    fn restore(&mut self, blocks: &[Block]) -> Result<()> {
        let n_cells = self.counts.len();
        if blocks.len() < if SQUARES { 5 } else { 3 } {
            return Err(Error::internal("a partial reduction lacks a block"));
        }
        self.counts.restore(blocks, 0)?;
        let wide = |at: usize| -> Result<WideSums> {
            Ok(WideSums::restored(&stored::<i64>(blocks, at, n_cells)?, &stored::<u64>(blocks, at + 1, n_cells)?))
        };
        self.sums = wide(1)?;
        if SQUARES {
            self.squares = wide(3)?;
        }
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn rows_of<T: Packed, const SQUARES: bool, const GAPS: bool, const N: usize>(
    counts: &mut [u32],
    sums: &mut [i64],
    squares: &mut [i64],
    gaps: Gaps<T>,
    rows: [&[T]; N],
) {
    let n = counts.len();
    let (sums, rows) = (&mut sums[..n], rows.map(|row| &row[..n]));
    let kept = |value: T| if GAPS && gaps.holds(value) { T::ZERO } else { value };
    for i in 0..n {
        let mut sum = sums[i];
        for row in rows {
            sum += kept(row[i]).wide();
        }
        sums[i] = sum;
    }
    if SQUARES {
        let squares = &mut squares[..n];
        for i in 0..n {
            let mut square = squares[i];
            for row in rows {
                square += kept(row[i]).square();
            }
            squares[i] = square;
        }
    }
    for i in 0..n {
        let mut present = 0;
        for row in rows {
            present += u32::from(!(GAPS && gaps.holds(row[i])));
        }
        counts[i] += present;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn reduced_row<T: Packed, const SQUARES: bool, const GAPS: bool>(gaps: Gaps<T>, x: &[T]) -> (u32, i64, i64) {
    let (mut count, mut sum, mut square) = (0u32, 0i64, 0i64);
    for &value in x {
        let missing = GAPS && gaps.holds(value);
        let value = if missing { T::ZERO } else { value };
        count += u32::from(!missing);
        sum += value.wide();
        if SQUARES {
            square += value.square();
        }
    }
    (count, sum, square)
}

/// s·Σx + n·o, and its rounding error: where both nearly cancel, the error is all that is left of a difference of rounded terms.
#[inline(always)]
fn unpacked_sum(sum: f64, n: f64, scale: f64, offset: f64) -> (f64, f64) {
    let ((scaled, scaled_error), (shift, shift_error)) = (two_product(sum, scale), two_product(n, offset));
    let (all, rounding) = two_sum(scaled, shift);
    let error = rounding + (scaled_error + shift_error);
    two_sum(all, error)
}

/// (s·Σx + n·o) / n, rounded once, as good as always.
#[inline(always)]
fn unpacked_mean(sum: f64, n: f64, scale: f64, offset: f64) -> f64 {
    let (all, error) = unpacked_sum(sum, n, scale, offset);
    let mean = all / n;
    let rest = mean.mul_add(-n, all) + error;
    mean + rest / n
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2+fma"), dispatcher = "direct")]
fn means(sums: &[i64], counts: &[u32], scale: f64, offset: f64, out: &mut Vec<f64>) {
    out.extend(sums.iter().zip(counts).map(|(&sum, &n)| unpacked_mean(sum as f64, f64::from(n), scale, offset)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::base::{Block, DType};
    use crate::compute::pointwise::{Unpack, cast};
    use crate::compute::reduce::{Accumulator, AxisRole, Contribution, ReduceOp, ReduceOptions};
    use crate::compute::scalar::Scalar;
    use crate::compute::{UnaryOp, unary};

    const OPS: [ReduceOp; 4] = [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Var { ddof: 1 }, ReduceOp::Std { ddof: 0 }];
    const RAW: [DType; 6] = [DType::I8, DType::U8, DType::I16, DType::U16, DType::I32, DType::U32];

    #[test]
    fn a_mean_that_cancels_is_exact_to_the_last_bit() {
        // 0.1·x + 273.15 of x around -2731.5: what the two doubles give in exact arithmetic, rounded (reckoned with fractions).
        let block = Block::new(&[4], vec![-2731i16, -2732, -2731, -2732]).unwrap();
        let how = Unpack {
            missing: vec![],
            valid_range: None,
            scale: Some(0.1),
            offset: Some(273.15),
            out: DType::F64,
            unsigned: false,
        };
        let mut mean = Accumulator::packed(ReduceOp::Mean, DType::I16, &how, &[]).unwrap().unwrap();
        mean.update(&block, &[AxisRole::Reduced], &[]).unwrap();
        assert_eq!(mean.finish().unwrap().to_f64().unwrap(), [-3.790023850314128e-14]);
        let mut sum = Accumulator::packed(ReduceOp::Sum, DType::I16, &how, &[]).unwrap().unwrap();
        sum.update(&block, &[AxisRole::Reduced], &[]).unwrap();
        assert_eq!(sum.finish().unwrap().to_f64().unwrap(), [4.0 * -3.790023850314128e-14]);
    }

    proptest! {
        #[test]
        fn packed_values_reduce_like_unpacked_ones(
            values in prop::collection::vec(0i64..120, 60),
            raw in 0usize..6,
            op in 0usize..4,
            missing in prop::collection::vec(0i64..120, 0..3),
            range in prop::option::of((0i64..60, 60i64..130)),
            codes in prop::collection::vec(0u32..4, 5),
            kept in any::<bool>(),
            cut in 0usize..6,
        ) {
            let (raw, op) = (RAW[raw], OPS[op]);
            let how = Unpack {
                missing: missing.iter().map(|&value| Scalar::Int(value)).collect(),
                valid_range: range.map(|(from, to)| (Scalar::Int(from), Scalar::Int(to))),
                scale: Some(0.25),
                offset: Some(-100.0),
                out: DType::F64,
                unsigned: false,
            };
            let options = ReduceOptions::default();
            if Accumulator::packs(op, options, raw, &how).is_none() {
                return Ok(());
            }
            let block = cast(&Block::new(&[5, 12], values).unwrap(), raw).unwrap();
            let unpacked = unary(&UnaryOp::Unpack(how.clone()), &block).unwrap();
            let codes: Vec<u32> = codes.into_iter().map(|code| if code == 3 { u32::MAX } else { code }).collect();
            let cells = if kept { vec![3, 12] } else { vec![3] };
            let (new, mut expected) = (
                || Accumulator::packed(op, raw, &how, &cells).unwrap().unwrap(),
                Accumulator::new(op, options, DType::F64, &cells).unwrap(),
            );
            let last = if kept { AxisRole::Kept } else { AxisRole::Reduced };
            let at = vec![0; cells.len()];
            expected.update(&unpacked, &[AxisRole::Grouped(&codes), last], &at).unwrap();
            let cut = cut.min(5);
            let parts = [(0, cut), (cut, 5 - cut)].map(|(from, n)| block.slice(&[(from, n, 1), (0, 12, 1)]).unwrap());
            let roles = [&codes[..cut], &codes[cut..]].map(|codes| [AxisRole::Grouped(codes), last]);
            let part = |n: usize| Contribution { block: &parts[n], roles: &roles[n], at: &at, place: n as u64, codes: None };
            let mut together = new();
            together.update_all(&[part(0), part(1)]).unwrap();
            let (mut one, mut two) = (new(), new());
            one.update_all(&[part(0)]).unwrap();
            two.update_all(&[part(1)]).unwrap();
            one.merge(new().restored(&two.to_blocks().unwrap()).unwrap()).unwrap();
            let expected = expected.finish().unwrap().to_f64().unwrap();
            for got in [together, one].map(|all| all.finish().unwrap().to_f64().unwrap()) {
                for (got, expected) in got.iter().zip(&expected) {
                    let same = (got.is_nan() && expected.is_nan()) || (got - expected).abs() <= 1e-12 * expected.abs().max(1.0);
                    prop_assert!(same, "{op:?} of {raw}: {got} instead of {expected}");
                }
            }
        }
    }
}
