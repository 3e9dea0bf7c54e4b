//! Which typed state serves a reduction of a dtype.
use super::any_all::Truth;
use super::count::CountState;
use super::first_last::{Picked, PickedText};
use super::float_extremes::FloatExtremes;
use super::float_sums::{Ending, FloatSums};
use super::integer_sums::{IntegerSums, TimeSums};
use super::min_max::{Extremes, Largest, Pick, Smallest};
use super::moments::{Moments, Spread};
use super::op::{ReduceOp, ReduceOptions};
use super::own::OwnStates;
use super::prod::Products;
use super::state::State;
use crate::base::{DType, Result};
use crate::compute::number::{Missing, SkipNan, SkipNat, SkipNothing};
use crate::compute::reader::Target;

/// A state that can be made.
pub(super) struct Described {
    pub(super) bytes_per_cell: usize,
    pub(super) make: Box<dyn FnOnce(usize) -> Box<dyn State>>,
}

pub(super) fn described<S: State>(bytes_per_cell: usize, make: impl FnOnce(usize) -> S + 'static) -> Result<Described> {
    Ok(Described { bytes_per_cell, make: Box::new(move |n_cells| Box::new(make(n_cells))) })
}

/// The state for `op` on `input`. Integers are read as i64, u64 or f64, so that states exist for four types only.
///
/// # Errors
/// If the reduction is not defined for the dtype.
pub(super) fn describe(op: ReduceOp, options: ReduceOptions, input: DType) -> Result<Described> {
    let output = op.output_dtype(input)?;
    let skip = options.skip_missing;
    match op {
        ReduceOp::Count => described(CountState::BYTES, move |n| CountState::new(n, input, skip)),
        ReduceOp::Any => described(Truth::<false>::BYTES, Truth::<false>::new),
        ReduceOp::All => described(Truth::<true>::BYTES, Truth::<true>::new),
        ReduceOp::First | ReduceOp::Last => picked(input, skip, op == ReduceOp::Last),
        ReduceOp::Own(id) => {
            let reduction = id.get()?;
            described(8 * reduction.init.len().max(1), move |n| OwnStates::new(reduction, n, skip))
        }
        ReduceOp::Min => extremes::<Smallest>(input, skip),
        ReduceOp::Max => extremes::<Largest>(input, skip),
        ReduceOp::Sum if input.is_time_like() => {
            described(TimeSums::BYTES, move |n| TimeSums::new(n, skip, Ending::Sum))
        }
        ReduceOp::Mean if input.is_time_like() => {
            described(TimeSums::BYTES, move |n| TimeSums::new(n, skip, Ending::Mean))
        }
        ReduceOp::Sum => match output {
            DType::I64 => described(IntegerSums::<i64>::BYTES, IntegerSums::<i64>::new),
            DType::U64 => described(IntegerSums::<u64>::BYTES, IntegerSums::<u64>::new),
            _ => sums::<false>(input, options, Ending::Sum, output),
        },
        ReduceOp::Mean => sums::<true>(input, options, Ending::Mean, output),
        ReduceOp::Prod => match output {
            DType::I64 => products::<i64, SkipNothing>(output),
            DType::U64 => products::<u64, SkipNothing>(output),
            _ if skip => products::<f64, SkipNan>(output),
            _ => products::<f64, SkipNothing>(output),
        },
        ReduceOp::Var { ddof } => moments(input, options, Spread { ddof, root: false }, output),
        ReduceOp::Std { ddof } => moments(input, options, Spread { ddof, root: true }, output),
    }
}

/// The state for `op` on f32 values as if they had been cast to f64 before; `None` where there is none.
pub(super) fn widening(op: ReduceOp, options: ReduceOptions) -> Option<Result<Described>> {
    let (skip, output) = (options.skip_missing, DType::F64);
    let spread = |ddof, root| match skip {
        true => moments_of::<f32, SkipNan, true>(Spread { ddof, root }, output),
        false => moments_of::<f32, SkipNothing, true>(Spread { ddof, root }, output),
    };
    Some(match (op, skip) {
        (ReduceOp::Sum, true) => sums_of::<f32, SkipNan, true, false>(Ending::Sum, output),
        (ReduceOp::Sum, false) => sums_of::<f32, SkipNothing, true, false>(Ending::Sum, output),
        (ReduceOp::Mean, true) => sums_of::<f32, SkipNan, true, true>(Ending::Mean, output),
        (ReduceOp::Mean, false) => sums_of::<f32, SkipNothing, true, true>(Ending::Mean, output),
        (ReduceOp::Var { ddof }, _) => spread(ddof, false),
        (ReduceOp::Std { ddof }, _) => spread(ddof, true),
        _ => return None,
    })
}

fn sums<const COUNT: bool>(input: DType, options: ReduceOptions, ending: Ending, output: DType) -> Result<Described> {
    match (input, options.skip_missing) {
        (DType::F32, true) => sums_of::<f32, SkipNan, false, COUNT>(ending, output),
        (DType::F32, false) => sums_of::<f32, SkipNothing, false, COUNT>(ending, output),
        (DType::F64, true) => sums_of::<f64, SkipNan, true, COUNT>(ending, output),
        _ => sums_of::<f64, SkipNothing, true, COUNT>(ending, output),
    }
}

fn sums_of<T: Target, M: Missing, const COMPENSATED: bool, const COUNT: bool>(
    ending: Ending,
    output: DType,
) -> Result<Described> {
    described(FloatSums::<T, M, COMPENSATED, COUNT>::BYTES, move |n| {
        FloatSums::<T, M, COMPENSATED, COUNT>::new(n, ending, output)
    })
}

fn moments(input: DType, options: ReduceOptions, ending: Spread, output: DType) -> Result<Described> {
    match (input, options.skip_missing) {
        (DType::F32, true) => moments_of::<f32, SkipNan, false>(ending, output),
        (DType::F32, false) => moments_of::<f32, SkipNothing, false>(ending, output),
        (DType::F64, true) => moments_of::<f64, SkipNan, true>(ending, output),
        _ => moments_of::<f64, SkipNothing, true>(ending, output),
    }
}

fn moments_of<T: Target, M: Missing, const COMPENSATED: bool>(ending: Spread, output: DType) -> Result<Described> {
    described(Moments::<T, M, COMPENSATED>::BYTES, move |n| Moments::<T, M, COMPENSATED>::new(n, ending, output))
}

fn products<W: Target, M: Missing>(output: DType) -> Result<Described> {
    described(Products::<W, M>::BYTES, move |n| Products::<W, M>::new(n, output))
}

fn extremes<P: Pick>(input: DType, skip: bool) -> Result<Described> {
    match input {
        DType::F32 if skip => described(FloatExtremes::<f32, P>::BYTES, FloatExtremes::<f32, P>::new),
        DType::F64 if skip => described(FloatExtremes::<f64, P>::BYTES, FloatExtremes::<f64, P>::new),
        DType::F32 => extremes_of::<f32, SkipNan, P>(skip, Some(f32::NAN)),
        DType::F64 => extremes_of::<f64, SkipNan, P>(skip, Some(f64::NAN)),
        DType::U64 => extremes_of::<u64, SkipNothing, P>(skip, None),
        _ if input.is_time_like() => extremes_of::<i64, SkipNat, P>(skip, Some(i64::MIN)),
        _ => extremes_of::<i64, SkipNothing, P>(skip, None),
    }
}

fn extremes_of<T: Target, M: Missing, P: Pick>(skip: bool, missing: Option<T>) -> Result<Described> {
    described(Extremes::<T, M, P>::BYTES, move |n| Extremes::<T, M, P>::new(n, skip, missing))
}

fn picked(input: DType, skip: bool, last: bool) -> Result<Described> {
    match input {
        DType::Utf8 => described(PickedText::BYTES, move |n| PickedText::new(n, last)),
        DType::F32 if skip => picked_of::<f32, SkipNan>(last, Some(f32::NAN)),
        DType::F32 => picked_of::<f32, SkipNothing>(last, Some(f32::NAN)),
        DType::F64 if skip => picked_of::<f64, SkipNan>(last, Some(f64::NAN)),
        DType::F64 => picked_of::<f64, SkipNothing>(last, Some(f64::NAN)),
        DType::U64 => picked_of::<u64, SkipNothing>(last, None),
        _ if input.is_time_like() && skip => picked_of::<i64, SkipNat>(last, Some(i64::MIN)),
        _ if input.is_time_like() => picked_of::<i64, SkipNothing>(last, Some(i64::MIN)),
        _ => picked_of::<i64, SkipNothing>(last, None),
    }
}

fn picked_of<T: Target, M: Missing>(last: bool, missing: Option<T>) -> Result<Described> {
    described(Picked::<T, M>::BYTES, move |n| Picked::<T, M>::new(n, last, missing))
}
