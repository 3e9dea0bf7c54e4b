//! Which typed state serves a reduction of a dtype.
use super::any_all::Truth;
use super::count::CountState;
use super::first_last::{Picked, PickedText};
use super::float_sums::{Ending, FloatSums};
use super::integer_sums::{IntegerSums, TimeSums};
use super::min_max::{Extremes, Largest, Pick, Smallest};
use super::moments::{Moments, Spread};
use super::op::{ReduceOp, ReduceOptions};
use super::prod::Products;
use super::state::State;
use crate::base::{DType, Element, Error, Kind, Result, dispatch_numeric};
use crate::compute::number::{CastTo, Missing, Number, SkipNan, SkipNat, SkipNothing};

/// A state that can be made.
pub(super) struct Described {
    pub(super) bytes_per_cell: usize,
    pub(super) make: Box<dyn FnOnce(usize) -> Box<dyn State>>,
}

fn described<S: State>(bytes_per_cell: usize, make: impl FnOnce(usize) -> S + 'static) -> Result<Described> {
    Ok(Described { bytes_per_cell, make: Box::new(move |n_cells| Box::new(make(n_cells))) })
}

/// The state for `op` on `input`.
///
/// # Errors
/// If the reduction is not defined for the dtype.
pub(super) fn describe(op: ReduceOp, options: ReduceOptions, input: DType) -> Result<Described> {
    let output = op.output_dtype(input)?;
    let skip = options.skip_missing;
    match (op, input.kind()) {
        (ReduceOp::Count, _) => described(CountState::BYTES, move |n| CountState::new(n, input, skip)),
        (ReduceOp::First | ReduceOp::Last, Kind::Text) => {
            described(PickedText::BYTES, move |n| PickedText::new(n, op == ReduceOp::Last))
        }
        (ReduceOp::First | ReduceOp::Last, Kind::Time | Kind::Duration) => {
            picked_or::<i64, SkipNat>(op, skip, Some(i64::MIN))
        }
        (ReduceOp::Min, Kind::Time | Kind::Duration) => extremes::<i64, SkipNat, Smallest>(skip, Some(i64::MIN)),
        (ReduceOp::Max, Kind::Time | Kind::Duration) => extremes::<i64, SkipNat, Largest>(skip, Some(i64::MIN)),
        (ReduceOp::Sum, Kind::Duration) => described(TimeSums::BYTES, move |n| TimeSums::new(n, skip, Ending::Sum)),
        (ReduceOp::Mean, Kind::Time | Kind::Duration) => {
            described(TimeSums::BYTES, move |n| TimeSums::new(n, skip, Ending::Mean))
        }
        _ => dispatch_numeric!(input, T => numeric::<T>(op, options, output),
            text => Err(Error::internal(format!("`{}` of {input}", op.name())))),
    }
}

fn numeric<T>(op: ReduceOp, options: ReduceOptions, output: DType) -> Result<Described>
where
    T: Number + FloatMissing + CastTo<i64> + CastTo<u64> + CastTo<f64>,
{
    let skip = options.skip_missing;
    match op {
        ReduceOp::Sum if output == DType::I64 => described(IntegerSums::<T, i64>::BYTES, IntegerSums::<T, i64>::new),
        ReduceOp::Sum if output == DType::U64 => described(IntegerSums::<T, u64>::BYTES, IntegerSums::<T, u64>::new),
        ReduceOp::Sum => sums::<T, false>(skip, Ending::Sum, output),
        ReduceOp::Mean => sums::<T, true>(skip, Ending::Mean, output),
        ReduceOp::Prod if output == DType::I64 => products::<T, i64, SkipNothing>(output),
        ReduceOp::Prod if output == DType::U64 => products::<T, u64, SkipNothing>(output),
        ReduceOp::Prod if skip => products::<T, f64, SkipNan>(output),
        ReduceOp::Prod => products::<T, f64, SkipNothing>(output),
        ReduceOp::Var { ddof } => moments::<T>(skip, Spread { ddof, root: false }, output),
        ReduceOp::Std { ddof } => moments::<T>(skip, Spread { ddof, root: true }, output),
        ReduceOp::Min => extremes::<T, SkipNan, Smallest>(skip, T::missing_value()),
        ReduceOp::Max => extremes::<T, SkipNan, Largest>(skip, T::missing_value()),
        ReduceOp::First | ReduceOp::Last => picked_or::<T, SkipNan>(op, skip, T::missing_value()),
        ReduceOp::Any => described(Truth::<T, false>::BYTES, Truth::<T, false>::new),
        ReduceOp::All => described(Truth::<T, true>::BYTES, Truth::<T, true>::new),
        ReduceOp::Count => Err(Error::internal("count has a state of its own")),
    }
}

/// What stands for a missing value of a type.
trait FloatMissing: Number {
    /// Whether f64 holds sums of many such values without visible rounding (24 bits or less).
    const NARROW: bool;
    fn missing_value() -> Option<Self>;
}

macro_rules! float_missing {
    ($($t:ty => $narrow:expr, $missing:expr;)*) => {$(
        impl FloatMissing for $t {
            const NARROW: bool = $narrow;
            fn missing_value() -> Option<Self> { $missing }
        }
    )*};
}
float_missing! {
    i8 => true, None; i16 => true, None; i32 => false, None; i64 => false, None;
    u8 => true, None; u16 => true, None; u32 => false, None; u64 => false, None;
    f32 => true, Some(Self::NAN); f64 => false, Some(Self::NAN);
}

fn sums<T: FloatMissing, const COUNT: bool>(skip: bool, ending: Ending, output: DType) -> Result<Described> {
    match (T::NARROW, skip && T::missing_value().is_some()) {
        (true, true) => sums_of::<T, SkipNan, false, COUNT>(ending, output),
        (true, false) => sums_of::<T, SkipNothing, false, COUNT>(ending, output),
        (false, true) => sums_of::<T, SkipNan, true, COUNT>(ending, output),
        (false, false) => sums_of::<T, SkipNothing, true, COUNT>(ending, output),
    }
}

fn sums_of<T: Number, M: Missing, const COMPENSATED: bool, const COUNT: bool>(
    ending: Ending,
    output: DType,
) -> Result<Described> {
    described(FloatSums::<T, M, COMPENSATED, COUNT>::BYTES, move |n| {
        FloatSums::<T, M, COMPENSATED, COUNT>::new(n, ending, output)
    })
}

fn moments<T: FloatMissing>(skip: bool, ending: Spread, output: DType) -> Result<Described> {
    match (T::NARROW, skip && T::missing_value().is_some()) {
        (true, true) => moments_of::<T, SkipNan, false>(ending, output),
        (true, false) => moments_of::<T, SkipNothing, false>(ending, output),
        (false, true) => moments_of::<T, SkipNan, true>(ending, output),
        (false, false) => moments_of::<T, SkipNothing, true>(ending, output),
    }
}

fn moments_of<T: Number, M: Missing, const COMPENSATED: bool>(ending: Spread, output: DType) -> Result<Described> {
    described(Moments::<T, M, COMPENSATED>::BYTES, move |n| Moments::<T, M, COMPENSATED>::new(n, ending, output))
}

fn products<T: Number + CastTo<W>, W: Number, M: Missing>(output: DType) -> Result<Described> {
    described(Products::<T, W, M>::BYTES, move |n| Products::<T, W, M>::new(n, output))
}

fn extremes<T: Number, M: Missing, P: Pick>(skip: bool, missing: Option<T>) -> Result<Described> {
    described(Extremes::<T, M, P>::BYTES, move |n| Extremes::<T, M, P>::new(n, skip, missing))
}

fn picked_or<T: Number + Element, M: Missing>(op: ReduceOp, skip: bool, missing: Option<T>) -> Result<Described> {
    let last = op == ReduceOp::Last;
    if skip {
        described(Picked::<T, M>::BYTES, move |n| Picked::<T, M>::new(n, last, missing))
    } else {
        described(Picked::<T, SkipNothing>::BYTES, move |n| Picked::<T, SkipNothing>::new(n, last, missing))
    }
}
